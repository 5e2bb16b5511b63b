"""Download the archives of exports: a consumer that knows only the event bus and the API's URL.

    make -s events | python docs/events/consumer.py http://localhost:8081 folder/

    aws sqs receive-message --queue-url <yours> --wait-time-seconds 20 \\
        --query 'Messages[].[Body]' --output text | python consumer.py https://<api> folder/

Each line of the standard input is an event, as JSON. The local stack prints such lines. On a
deployed bus, a rule (`detail-type: [ObjectExportNotification]`) sends the events to a queue of
yours. The path of each archive is printed after its download. Only the standard library is needed.
"""

import json
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path


def download(event: dict, api: str, folder: Path) -> Path | None:
    """Return the downloaded archive of an event, or None if its access key was used already."""
    detail = event["detail"]
    archive = folder / f"{detail['uuid']}.zip"
    if archive.exists():
        return archive  # an event can arrive more than once
    partial = archive.with_suffix(".part")
    try:
        # A large archive is a redirect to the store, which urllib follows.
        with (
            urllib.request.urlopen(f"{api}/toa/{detail['toa']}") as response,  # noqa: S310 - our own
            partial.open("wb") as file,
        ):
            shutil.copyfileobj(response, file)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None  # used, or older than an hour: the owner can create another key
        raise
    return partial.rename(archive)


def consume(lines: Iterable[str], api: str, folder: Path) -> Iterator[Path]:
    """Yield the archive of each finished export among the events, after downloading it."""
    for line in lines:
        event = json.loads(line)
        if event["detail-type"] != "ObjectExportNotification":
            continue
        if archive := download(event, api.rstrip("/"), folder):
            yield archive


if __name__ == "__main__":
    for path in consume(sys.stdin, sys.argv[1], Path(sys.argv[2])):
        print(path, flush=True)
