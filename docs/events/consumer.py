"""A consumer that knows nothing of Coffer but its bus and its address: it hears that an archive is
there, takes the key, and downloads the zip.

    make events | python docs/events/consumer.py http://localhost:8081 folder/

    aws sqs receive-message --queue-url <yours> --wait-time-seconds 20 \\
        --query 'Messages[].[Body]' --output text | python consumer.py https://<api> folder/

Each line of the standard input is an event of the bus, as JSON: the local stack prints them, and a
rule on a deployed bus (`detail-type: [ObjectExportNotification]`) puts them into a queue of yours.
The place of each archive is printed once it is there. Only the standard library is needed.
"""

import json
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path


def download(event: dict, api: str, folder: Path) -> Path | None:
    """The archive that an event tells of, in `folder`; None where another consumer was first."""
    detail = event["detail"]
    place = folder / f"{detail['uuid']}.zip"
    if place.exists():
        return place  # told twice: an event comes at least once
    partial = place.with_suffix(".part")
    try:
        # A large archive is a redirect to the store, which urllib follows.
        with (
            urllib.request.urlopen(f"{api}/toa/{detail['toa']}") as answer,  # noqa: S310 - our own
            partial.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None  # taken, or older than an hour: its owner can ask for another key
        raise
    return partial.rename(place)


def consume(lines: Iterable[str], api: str, folder: Path) -> Iterator[Path]:
    """Download whatever archives these events tell of, as they come."""
    for line in lines:
        event = json.loads(line)
        if event["detail-type"] != "ObjectExportNotification":
            continue
        if place := download(event, api.rstrip("/"), folder):
            yield place


if __name__ == "__main__":
    for place in consume(sys.stdin, sys.argv[1], Path(sys.argv[2])):
        print(place, flush=True)
