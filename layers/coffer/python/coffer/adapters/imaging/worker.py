"""The child process that decodes: `python -m coffer.adapters.imaging.worker EDGE MEMORY SECONDS`.

Started by `isolated`, and kept for many images. It is given no credentials, may take
no more than MEMORY bytes of address space, and no more than SECONDS of processor time for one
image; whatever native code does to it, only this process ends. It ends with its standard input.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable, Iterable
from json import loads
from pathlib import Path
from typing import BinaryIO

from coffer.adapters.imaging.decode import decode
from coffer.adapters.imaging.messages import READY, reply_of, reply_of_failure
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult


def serve(
    requests: Iterable[bytes], replies: BinaryIO, make: Callable[[Path, str], ThumbnailResult]
) -> None:
    """Answer each request, until there are no more."""
    replies.write(READY)
    replies.flush()
    for line in requests:
        request = loads(line)
        try:
            reply = reply_of(make(Path(request["path"]), request["mediaType"]))
        except ThumbnailError as error:
            reply = reply_of_failure(error)
        replies.write(reply)
        replies.flush()


def limit_itself(memory_bytes: int) -> None:
    """No more address space than this, and no dump of it when it crashes."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_processor_time(seconds: int) -> None:
    """End this process after so many more seconds of computing, should nobody else do so."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def main(edge: int, memory_bytes: int, seconds: int) -> None:
    """Serve on the standard streams."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is not part of a reply
    limit_itself(memory_bytes)

    def make(path: Path, media_type: str) -> ThumbnailResult:
        limit_processor_time(seconds)
        return decode(path, media_type, edge)

    with replies:
        serve(sys.stdin.buffer, replies, make)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
