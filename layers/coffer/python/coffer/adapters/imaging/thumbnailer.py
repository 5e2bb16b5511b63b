"""The Thumbnailer port: a child process decodes, and is all that hostile bytes can hurt.

The child is started with the first image and kept for the next ones. It is killed when an image
takes too long and replaced when it crashed, and the image is the one that is said to have failed
(docs/adr/0009). The file goes through the disk, so that neither process holds all of it; it has no
name there, so that nothing is left of it whatever becomes of the two.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO
from weakref import finalize

from coffer.adapters.imaging.messages import (
    MAX_LINE,
    READY,
    GarbledReplyError,
    read_line,
    request_line,
)
from coffer.domain.errors import UnavailableError
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult

SECONDS = 20
"""How long one image may take. Five in a batch must fit the function's timeout."""
MEMORY_BYTES = 1536 * 1024**2
"""Address space of the child. What is left of the function's memory is the handler's."""

_START_SECONDS = 30
_READ_BYTES = 64 * 1024
_WORKER = "coffer.adapters.imaging.worker"
# Where a process finds its own. Lambda's /dev/fd has the first three only; macOS has no /proc.
_DESCRIPTORS = "/proc/self/fd" if Path("/proc/self/fd").is_dir() else "/dev/fd"


class IsolatedThumbnailer:
    """Makes thumbnails that fit a square of `edge` pixels, in a process of its own."""

    def __init__(
        self, edge: int, *, seconds: float = SECONDS, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._edge = edge
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._child: _Child | None = None

    def create(self, source: Iterable[bytes], media_type: str) -> ThumbnailResult:
        child = self._running()
        child.take(source)
        try:
            return self._ask(child, media_type)
        finally:
            child.let_go()

    def close(self) -> None:
        """End the child; the next image gets a new one."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _ask(self, child: _Child, media_type: str) -> ThumbnailResult:
        try:
            return child.ask(media_type, time.monotonic() + self._seconds)
        except TimeoutError as error:
            self.close()
            raise ThumbnailError(
                "decoder_timed_out", f"decoding took more than {self._seconds} seconds"
            ) from error
        except (EOFError, OSError, GarbledReplyError) as error:
            self.close()
            raise ThumbnailError("decoder_crashed", "the decoder crashed") from error
        except ThumbnailError as error:
            if error.code == "memory_exhausted":
                self.close()  # who knows what is still whole in there
            raise

    def _running(self) -> _Child:
        if self._child is None or not self._child.is_alive():
            self.close()
            self._child = _Child(self._edge, self._memory_bytes, int(self._seconds) + 1)
        return self._child


class _Child:
    """The process, the two pipes to it, and the file that both have open."""

    def __init__(self, *limits: int) -> None:
        self._scratch = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as the process
        self._process = _started([str(limit) for limit in limits], self._scratch)
        self._requests = _pipe(self._process.stdin)
        self._replies = _pipe(self._process.stdout)
        self._buffer = b""
        self.end = finalize(self, _end, self._process, self._scratch)
        self._await_ready()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def take(self, source: Iterable[bytes]) -> None:
        """Put the bytes of the image where the child finds them."""
        self.let_go()
        self._scratch.writelines(source)
        self._scratch.flush()

    def let_go(self) -> None:
        """Take them away, unless the child is gone with them."""
        if not self._scratch.closed:
            self._scratch.seek(0)
            self._scratch.truncate()

    def ask(self, media_type: str, deadline: float) -> ThumbnailResult:
        """The child's reply; raises TimeoutError, EOFError, OSError or GarbledReplyError."""
        # The file has no name, but the child has the same descriptor.
        path = f"{_DESCRIPTORS}/{self._scratch.fileno()}"
        self._requests.write(request_line(path, media_type))
        length, properties, failure = read_line(self._line(deadline))
        if failure is not None:
            raise failure
        return ThumbnailResult(thumbnail=self._exactly(length, deadline), properties=properties)

    def _await_ready(self) -> None:
        """A child that does not come up says nothing about an image: the deployment is broken."""
        try:
            came_up = self._line(time.monotonic() + _START_SECONDS) == READY
        except (TimeoutError, EOFError, GarbledReplyError):
            came_up = False
        if not came_up:
            self.end()
            raise _unavailable()

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_LINE:
                raise GarbledReplyError("a line without end")
            self._buffer += self._some(deadline)
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line + b"\n"

    def _exactly(self, length: int, deadline: float) -> bytes:
        while len(self._buffer) < length:
            self._buffer += self._some(deadline)
        taken, self._buffer = self._buffer[:length], self._buffer[length:]
        return taken

    def _some(self, deadline: float) -> bytes:
        left = deadline - time.monotonic()
        ready, _, _ = select.select([self._replies], [], [], max(0.0, left))
        if not ready:
            raise TimeoutError
        received = self._replies.read(_READ_BYTES)
        if not received:
            raise EOFError
        return received


def _started(arguments: list[str], scratch: IO[bytes]) -> subprocess.Popen[bytes]:
    """The process; raises UnavailableError where there is no room for one."""
    try:
        return subprocess.Popen(  # noqa: S603 - this interpreter, with numbers
            [sys.executable, "-m", _WORKER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_variables(),
            bufsize=0,
            pass_fds=(scratch.fileno(),),
        )
    except OSError as error:
        scratch.close()
        raise _unavailable() from error


def _unavailable() -> UnavailableError:
    return UnavailableError("decoder_unavailable", "The image decoder does not start.")


def child_variables() -> dict[str, str]:
    """Where Python and the packages are, and nothing else: the role's credentials are in ours."""
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib",  # Lambda's interpreter needs it
    }


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the child was started without its pipes")
    return pipe


def _end(process: subprocess.Popen[bytes], scratch: IO[bytes]) -> None:
    process.kill()
    process.wait()
    for file in (process.stdin, process.stdout, scratch):
        if file is not None:
            with suppress(OSError):
                file.close()
