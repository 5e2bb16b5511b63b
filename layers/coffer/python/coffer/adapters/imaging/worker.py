"""The process whose children decode: `python -m coffer.adapters.imaging.worker CHANNEL`.

It imports the decoders once, and then reads no byte of any picture. It forks one child for each
picture, which gets nothing but descriptors of the picture, of the result and of the reply, and ends
afterwards. So no child sees the pictures of two groups. `decoder_process` starts it and sends the
tasks over the socket CHANNEL. It ends when that is closed.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, BinaryIO

from PIL import Image, ImageChops, JpegPresets, MpoImagePlugin

from coffer.adapters.imaging import isolation, pdfium
from coffer.adapters.imaging.convert import convert
from coffer.adapters.imaging.decode import decode, register_heif
from coffer.adapters.imaging.messages import reply_of, reply_of_failure
from coffer.domain.export.transform_member import ExportFunction
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult

MAX_TASK_BYTES = 4096
_THREADED_TYPES = ("image/heic", "image/heif")
"""The decoder of these types does not work without a thread."""
_IMPORTED_NOW = (import_module("_strptime"), ImageChops, JpegPresets, MpoImagePlugin, pdfium)
"""Modules that others import when they need them. A child cannot open their files any more."""

Task = Mapping[str, Any]
Perform = Callable[[Task, BinaryIO, BinaryIO], ThumbnailResult]


def perform(task: Task, source: BinaryIO, result: BinaryIO) -> ThumbnailResult:
    """Write the thumbnail or the converted picture to `result`; raise ThumbnailError."""
    if "function" in task:
        convert(source, result, ExportFunction(**task["function"]))
        return ThumbnailResult(thumbnail=b"")
    decoded = decode(source, task["mediaType"], task["edge"])
    result.write(decoded.thumbnail)
    return decoded


def serve(channel: socket.socket, perform: Perform) -> None:
    """Say which protections are refused, and then fork a child for each task."""
    refused = [*isolation.hide_memory(), *_refused_to_children()]
    channel.sendall(json.dumps({"refused": refused}).encode() + b"\n")
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, MAX_TASK_BYTES, 3)
        if len(descriptors) != 3:
            return
        task = json.loads(message)
        work = partial(_decode, channel, task, descriptors, perform)
        outcome = _outcome(task["limits"]["seconds"], work)
        for descriptor in descriptors:
            os.close(descriptor)
        channel.sendall(json.dumps(outcome).encode() + b"\n")


def _decode(
    channel: socket.socket, task: Task, descriptors: Sequence[int], perform: Perform
) -> None:
    """Perform the task with nothing but the descriptors. Runs in a child."""
    channel.close()  # the next pictures come over it
    source, result = os.fdopen(descriptors[0], "rb"), os.fdopen(descriptors[1], "w+b")
    reply = os.fdopen(descriptors[2], "wb")
    limits, media_type = task["limits"], task.get("mediaType", "")
    needs_threads = media_type.startswith(_THREADED_TYPES)
    isolation.limit_resources(
        limits["memoryBytes"],
        limits["fileBytes"],
        limits["seconds"],
        needs_threads=needs_threads,
    )
    isolation.restrict_system_calls(needs_threads=needs_threads)
    try:
        document = reply_of(perform(task, source, result))
        result.flush()
    except (ThumbnailError, OSError) as error:
        document = reply_of_failure(_failure(error, os.fstat(result.fileno()).st_size, limits))
    reply.write(json.dumps(document).encode())
    reply.flush()


def _failure(error: Exception, written: int, limits: Mapping[str, int]) -> ThumbnailError:
    if written >= limits["fileBytes"]:
        return ThumbnailError("image_too_large", "the result is too large")
    if isinstance(error, ThumbnailError):
        return error
    return ThumbnailError("image_damaged", "the result cannot be written")


def _outcome(seconds: int, work: Callable[[], None]) -> dict[str, Any]:
    """Run `work` in a child; return its outcome and its peak memory when it has ended."""
    child = os.fork()
    if child == 0:
        _run(work)
    timed_out = False

    def end(*_: object) -> None:
        nonlocal timed_out
        timed_out = True
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    _, status, used = os.wait4(child, 0)
    signal.alarm(0)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)  # what it has started, where that was possible
    ended = "done" if os.waitstatus_to_exitcode(status) == 0 else "crashed"
    return {"outcome": "timed_out" if timed_out else ended, "peakKib": used.ru_maxrss}


def _run(work: Callable[[], None]) -> None:
    """Run `work` in the child that was just forked, and end it."""
    status = 1
    try:
        os.setsid()
        work()
        status = 0
    finally:
        os._exit(status)


def _refused_to_children() -> list[str]:
    """Return what the kernel refuses to a child, by trying it in one."""
    reading, writing = os.pipe()
    _outcome(1, lambda: _report(writing))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        return pipe.read().split()


def _report(descriptor: int) -> None:
    os.write(descriptor, " ".join(isolation.restrict_system_calls()).encode())


def main(channel: int) -> None:
    """Serve the tasks that come over a socket."""
    Image.init()  # else it imports the other formats when a file has none of the known ones
    register_heif()
    with socket.socket(fileno=channel) as opened:
        serve(opened, perform)


if __name__ == "__main__":
    main(int(sys.argv[1]))
