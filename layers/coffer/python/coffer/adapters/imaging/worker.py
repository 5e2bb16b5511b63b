"""The child process that decodes: `python -m coffer.adapters.imaging.worker EDGE MEMORY SECONDS`.

`thumbnailer` starts it and uses it for many images. It has no credentials, at most MEMORY bytes of
address space, and at most SECONDS of processor time for one image. If a native library crashes,
only this process ends. It also ends when its standard input is closed.
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
    """Reply to each request with a thumbnail or a failure."""
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


def limit_memory(memory_bytes: int) -> None:
    """Limit the address space of this process, and write no core dump if it crashes."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_processor_time(seconds: int) -> None:
    """End this process after this many more seconds of processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def main(edge: int, memory_bytes: int, seconds: int) -> None:
    """Serve requests from standard input, with replies to standard output."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not write into a reply
    limit_memory(memory_bytes)

    def make(path: Path, media_type: str) -> ThumbnailResult:
        limit_processor_time(seconds)
        return decode(path, media_type, edge)

    with replies:
        serve(sys.stdin.buffer, replies, make)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
