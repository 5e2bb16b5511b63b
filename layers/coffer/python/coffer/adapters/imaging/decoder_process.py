"""Start the process whose children decode, and have it decode pictures (docs/adr/0009, 0016).

Used by `decode_picture`. The source, the result and the reply are files without a name. The child
gets their descriptors, so a result is never read by a path, and nothing is left after a crash.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any
from weakref import finalize

from coffer.adapters.imaging.messages import MAX_REPLY_BYTES, MalformedReplyError, parse_reply
from coffer.domain.errors import UnavailableError
from coffer.domain.export.layout import MAX_TRANSFORMED_BYTES
from coffer.domain.thumbnails.ports import MAX_THUMBNAIL_BYTES, ThumbnailError, ThumbnailResult
from coffer.observability import logger

_START_SECONDS = 30
_SPARE_SECONDS = 5
"""The process itself ends a child that takes too long, unless it hangs, too."""
_MAX_LINE_BYTES = 4096
_WORKER = "coffer.adapters.imaging.worker"
_MIB = 1024**2


@dataclass(frozen=True, kw_only=True)
class DecodingLimits:
    """The limits of one picture: wall-clock and processor time, address space, and result."""

    seconds: int
    memory_bytes: int
    file_bytes: int


THUMBNAIL = DecodingLimits(seconds=20, memory_bytes=1536 * _MIB, file_bytes=MAX_THUMBNAIL_BYTES)
"""Five pictures of a batch must fit the timeout of make_thumbnail."""
CONVERSION = DecodingLimits(seconds=40, memory_bytes=1792 * _MIB, file_bytes=MAX_TRANSFORMED_BYTES)
"""With the transfers of source and result it must fit the minute that an export worker reserves."""


class DecoderProcess:
    """Decodes pictures in children of a process that is started for the first one."""

    def __init__(self) -> None:
        self._worker: _Worker | None = None
        self.peak_bytes = 0
        """The peak memory of the last child that ended by itself."""

    def decode(
        self, task: Mapping[str, Any], limits: DecodingLimits, source: IO[bytes], result: IO[bytes]
    ) -> ThumbnailResult:
        """Write the picture to `result`; return the rest of what was found in `source`.

        Raises ThumbnailError, and UnavailableError if no process can be started.
        """
        worker = self._running_worker()
        with tempfile.TemporaryFile() as reply:
            try:
                ended = worker.run(task, limits, (source, result, reply))
                outcome, self.peak_bytes = ended["outcome"], ended["peakKib"] * 1024
            except TimeoutError:
                self.close()
                outcome = "timed_out"
            except (EOFError, OSError, ValueError, KeyError, TypeError):
                self.close()
                outcome = "crashed"
            if outcome == "timed_out":
                detail = f"decoding took more than {limits.seconds} seconds"
                raise ThumbnailError("decoder_timed_out", detail)
            reply.seek(0)
            document = reply.read(MAX_REPLY_BYTES + 1)
        crashed = ThumbnailError("decoder_crashed", "the decoder crashed")
        if outcome != "done" or len(document) > MAX_REPLY_BYTES:
            raise crashed
        try:
            found = parse_reply(document)
        except MalformedReplyError as error:
            raise crashed from error
        if os.fstat(result.fileno()).st_size == 0:
            raise crashed
        return found

    def close(self) -> None:
        """End the process; the next picture starts another one."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _running_worker(self) -> _Worker:
        if self._worker is None or not self._worker.is_alive():
            self.close()
            self._worker = _Worker()
        return self._worker


class _Worker:
    """The process, and the socket to it."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = _start(theirs)
        except OSError as error:
            self._channel.close()
            raise _unavailable() from error
        self.end = finalize(self, _end, self._process, self._channel)
        # A process that does not start is a fault of the deployment, not of the picture.
        try:
            refused = self._read(_START_SECONDS)["refused"]
        except (EOFError, OSError, ValueError) as error:
            self.end()
            raise _unavailable() from error
        if refused:
            logger.warning("decoder without these protections of the kernel", refused=refused)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def run(
        self, task: Mapping[str, Any], limits: DecodingLimits, files: Sequence[IO[bytes]]
    ) -> dict[str, Any]:
        """Return the outcome and the peak memory; raise TimeoutError, EOFError or OSError."""
        document = {
            **task,
            "limits": {
                "seconds": limits.seconds,
                "memoryBytes": limits.memory_bytes,
                "fileBytes": limits.file_bytes,
            },
        }
        descriptors = [file.fileno() for file in files]
        socket.send_fds(self._channel, [json.dumps(document).encode()], descriptors)
        ended: dict[str, Any] = self._read(limits.seconds + _SPARE_SECONDS)
        return ended

    def _read(self, seconds: int) -> Any:
        deadline, line = time.monotonic() + seconds, b""
        while not line.endswith(b"\n"):
            left = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([self._channel], [], [], left)
            if not ready:
                raise TimeoutError
            received = self._channel.recv(_MAX_LINE_BYTES)
            if not received or len(line) > _MAX_LINE_BYTES:
                raise EOFError
            line += received
        return json.loads(line)


def _start(channel: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this interpreter, and the number of a descriptor
        [sys.executable, "-m", _WORKER, str(channel.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={  # without the role's credentials
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib",  # Lambda's interpreter needs it
        },
        pass_fds=(channel.fileno(),),
        start_new_session=True,
    )


def _unavailable() -> UnavailableError:
    return UnavailableError("decoder_unavailable", "The image decoder does not start.")


def _end(process: subprocess.Popen[bytes], channel: socket.socket) -> None:
    process.kill()
    process.wait()
    with suppress(OSError):
        channel.close()
