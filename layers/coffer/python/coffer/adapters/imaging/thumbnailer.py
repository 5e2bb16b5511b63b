"""Implement the Thumbnailer port with a child process that decodes (docs/adr/0009).

The child is started with the first image and reused. It is killed if an image takes too long, and
replaced if it crashes; only that image fails. The file is passed on disk, so that neither process
holds all of it in memory. It has no name there, so nothing is left of it after a crash.
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
from dataclasses import replace
from pathlib import Path
from typing import IO
from weakref import finalize

from coffer.adapters.imaging.messages import (
    MAX_LINE_BYTES,
    READY,
    MalformedReplyError,
    parse_reply,
    request_line,
)
from coffer.domain.errors import UnavailableError
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult

SECONDS = 20
"""Time limit for one image. Five images of a batch must fit the function's timeout."""
MEMORY_BYTES = 1536 * 1024**2
"""Address space of the child. The rest of the function's memory is for the handler."""

_START_SECONDS = 30
_READ_BYTES = 64 * 1024
_WORKER = "coffer.adapters.imaging.worker"
# The folder of a process's own descriptors. Lambda's /dev/fd has only the first three; macOS has
# no /proc.
_DESCRIPTORS = "/proc/self/fd" if Path("/proc/self/fd").is_dir() else "/dev/fd"


class IsolatedThumbnailer:
    """Makes thumbnails that fit a square of `edge` pixels, in a child process."""

    def __init__(
        self, edge: int, *, seconds: float = SECONDS, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._edge = edge
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._child: _Child | None = None

    def create(self, source: Iterable[bytes], media_type: str) -> ThumbnailResult:
        child = self._running_child()
        child.store(source)
        try:
            return self._request(child, media_type)
        finally:
            child.clear()

    def close(self) -> None:
        """End the child; the next image starts a new one."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _request(self, child: _Child, media_type: str) -> ThumbnailResult:
        try:
            return child.request(media_type, time.monotonic() + self._seconds)
        except TimeoutError as error:
            self.close()
            raise ThumbnailError(
                "decoder_timed_out", f"decoding took more than {self._seconds} seconds"
            ) from error
        except (EOFError, OSError, MalformedReplyError) as error:
            self.close()
            raise ThumbnailError("decoder_crashed", "the decoder crashed") from error
        except ThumbnailError as error:
            if error.code == "memory_exhausted":
                self.close()  # libraries may be in an undefined state
            raise

    def _running_child(self) -> _Child:
        if self._child is None or not self._child.is_alive():
            self.close()
            self._child = _Child(self._edge, self._memory_bytes, int(self._seconds) + 1)
        return self._child


class _Child:
    """The process, the pipes to it, and the file that both have open."""

    def __init__(self, *limits: int) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as the process
        self._process = _start([str(limit) for limit in limits], self._file)
        self._requests = _require_pipe(self._process.stdin)
        self._replies = _require_pipe(self._process.stdout)
        self._buffer = b""
        self.end = finalize(self, _end, self._process, self._file)
        self._await_ready()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def store(self, source: Iterable[bytes]) -> None:
        """Write the bytes of the image to the shared file."""
        self.clear()
        self._file.writelines(source)
        self._file.flush()

    def clear(self) -> None:
        """Empty the shared file."""
        if not self._file.closed:
            self._file.seek(0)
            self._file.truncate()

    def request(self, media_type: str, deadline: float) -> ThumbnailResult:
        """Have the image decoded; raise TimeoutError, EOFError, OSError or MalformedReplyError.

        Raises the ThumbnailError of the child too.
        """
        # The file has no name, but the child has the same descriptor.
        path = f"{_DESCRIPTORS}/{self._file.fileno()}"
        self._requests.write(request_line(path, media_type))
        length, result = parse_reply(self._read_line(deadline))
        return replace(result, thumbnail=self._read_exactly(length, deadline))

    def _await_ready(self) -> None:
        # A child that does not start is a fault of the deployment, not of the image.
        try:
            is_ready = self._read_line(time.monotonic() + _START_SECONDS) == READY
        except (TimeoutError, EOFError, MalformedReplyError):
            is_ready = False
        if not is_ready:
            self.end()
            raise _unavailable()

    def _read_line(self, deadline: float) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_LINE_BYTES:
                raise MalformedReplyError("the line is too long")
            self._buffer += self._read_some(deadline)
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line + b"\n"

    def _read_exactly(self, length: int, deadline: float) -> bytes:
        while len(self._buffer) < length:
            self._buffer += self._read_some(deadline)
        result, self._buffer = self._buffer[:length], self._buffer[length:]
        return result

    def _read_some(self, deadline: float) -> bytes:
        left = deadline - time.monotonic()
        ready, _, _ = select.select([self._replies], [], [], max(0.0, left))
        if not ready:
            raise TimeoutError
        received = self._replies.read(_READ_BYTES)
        if not received:
            raise EOFError
        return received


def _start(arguments: list[str], file: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the process; raise UnavailableError if the system cannot."""
    try:
        return subprocess.Popen(  # noqa: S603 - this interpreter, with numbers
            [sys.executable, "-m", _WORKER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_variables(),
            bufsize=0,
            pass_fds=(file.fileno(),),
        )
    except OSError as error:
        file.close()
        raise _unavailable() from error


def _unavailable() -> UnavailableError:
    return UnavailableError("decoder_unavailable", "The image decoder does not start.")


def child_variables() -> dict[str, str]:
    """Return the variables of a child: only import paths, and not the role's credentials."""
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib",  # Lambda's interpreter needs it
    }


def _require_pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the child was started without its pipes")
    return pipe


def _end(process: subprocess.Popen[bytes], file: IO[bytes]) -> None:
    process.kill()
    process.wait()
    for opened in (process.stdin, process.stdout, file):
        if opened is not None:
            with suppress(OSError):
                opened.close()
