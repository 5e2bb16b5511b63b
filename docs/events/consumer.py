"""A consumer that knows nothing of Coffer but its bus and its address: it hears that an archive is
there, takes the key, and downloads the zip.

    aws sqs receive-message … | python consumer.py https://<api> folder/

A rule on the bus (`detail-type: [ObjectExportNotification]`) puts the events into a queue of yours;
each line of the standard input is one of them, as JSON. Only the standard library is needed.
"""

import json
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
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


def consume(lines: Iterable[str], api: str, folder: Path) -> list[Path]:
    """Download whatever archives these events tell of."""
    events = (json.loads(line) for line in lines)
    exports = (one for one in events if one["detail-type"] == "ObjectExportNotification")
    return [place for one in exports if (place := download(one, api.rstrip("/"), folder))]


if __name__ == "__main__":
    for place in consume(sys.stdin, sys.argv[1], Path(sys.argv[2])):
        print(place)
