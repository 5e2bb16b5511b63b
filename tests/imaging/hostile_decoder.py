"""A decoder that an attacker has taken over, in the place of the real one.

    python -m tests.imaging.hostile_decoder FOLDER with|without MEDIA_TYPE

This process stands for the function: it has keys in its environment and in its memory, and a
runtime API. It starts the decoder process, whose child tries what an attacker would try. All three
run as a user without rights. `without` is a kernel that refuses every protection of its own. The
program prints what each attempt reached, or the name of the error, as JSON.
"""

from __future__ import annotations

import ctypes
import encodings.idna  # noqa: F401 - sockets import it when they need it
import errno
import json
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from coffer.adapters.imaging import decoder_process, isolation, worker
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult

SECRET = b"swordfish"
NOBODY = 65534
WORKER = "hostile_worker"
_SET_DUMPABLE = 4
_PTRACE_SEIZE = 0x4206  # attaching would stop this process
_SYSTEM_CALLS = {"pidfd_open": 434, "pidfd_getfd": 438, "io_uring_setup": 425}
_LIBC = ctypes.CDLL(None, use_errno=True)

Task = Mapping[str, Any]


def attack(task: Task, _source: BinaryIO, result: BinaryIO) -> ThumbnailResult:
    """Try everything, and write the outcomes as the picture."""
    if "function" not in task or task["function"].get("attack") is None:
        result.write(b"harmless")
        return ThumbnailResult(thumbnail=b"")
    goal = task["function"]["attack"]
    outcomes = {name: _outcome(attempt, goal) for name, attempt in ATTEMPTS.items()}
    result.write(json.dumps(outcomes).encode())
    result.flush()
    outcomes["write a large result"] = _outcome(lambda _: _write_far(result), goal)
    result.seek(0)
    result.truncate()
    result.write(json.dumps(outcomes).encode())
    return ThumbnailResult(thumbnail=b"")


def _outcome(attempt: Callable[[Task], object], goal: Task) -> str:
    try:
        return f"reached: {attempt(goal)!r}"[:200]
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    except Exception as error:
        return type(error).__name__


def _call(function: Any, *arguments: Any) -> int:
    value = int(function(*arguments))
    if value < 0:
        raise OSError(ctypes.get_errno(), "system call")
    return value


def _read(path: str) -> bytes:
    return Path(path).read_bytes()[:100]


class _Range(ctypes.Structure):
    _fields_ = (("address", ctypes.c_void_p), ("length", ctypes.c_size_t))


def _copy_memory(goal: Task) -> bytes:
    found = ctypes.create_string_buffer(len(SECRET))
    ours = _Range(ctypes.addressof(found), len(SECRET))
    theirs = _Range(goal["address"], len(SECRET))
    call = _LIBC.process_vm_readv
    _call(call, goal["function"], ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
    return found.raw


def _take_descriptor(goal: Task) -> int:
    process = _call(_LIBC.syscall, _SYSTEM_CALLS["pidfd_open"], goal["function"], 0)
    return _call(_LIBC.syscall, _SYSTEM_CALLS["pidfd_getfd"], process, 0, 0)


def _ask_runtime(goal: Task) -> bytes:
    with socket.create_connection(("127.0.0.1", goal["runtime"]), timeout=5) as connection:
        connection.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n")
        return connection.recv(100)


def _fork(_goal: Task) -> int:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child


def _execute(_goal: Task) -> None:
    try:
        os.execv("/no/such/program", ["program"])  # noqa: S606 - an attempt of the hostile decoder
    except FileNotFoundError:  # the system would have executed one
        return


def _descriptors(_goal: Task) -> list[int]:
    """Return the open descriptors that are no file of this picture and not the standard ones."""
    found = []
    for descriptor in range(3, 1024):
        try:
            status = os.fstat(descriptor)
        except OSError:
            continue
        if status.st_nlink:  # the files of the picture have no name
            found.append(descriptor)
    if not found:
        raise LookupError
    return found


def _raise_limit(_goal: Task) -> object:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    return resource.getrlimit(resource.RLIMIT_NOFILE)


def _write_far(result: BinaryIO) -> int:
    return os.pwrite(result.fileno(), b"x", decoder_process.CONVERSION.file_bytes + 1)


ATTEMPTS: dict[str, Callable[[Task], object]] = {
    "environ of the function": lambda goal: _read(f"/proc/{goal['function']}/environ"),
    "environ of the parent": lambda goal: _read(f"/proc/{goal['parent']}/environ"),
    "memory of the function, as a file": lambda goal: _read(f"/proc/{goal['function']}/mem"),
    "memory of the function, by a call": _copy_memory,
    "trace the function": lambda goal: _call(
        _LIBC.ptrace, _PTRACE_SEIZE, goal["function"], None, None
    ),
    "descriptors of the function": _take_descriptor,
    "descriptors that were left open": _descriptors,
    "runtime API": _ask_runtime,
    "network": lambda _: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "local sockets": lambda _: socket.socketpair(),
    "io_uring": lambda _: _call(
        _LIBC.syscall, _SYSTEM_CALLS["io_uring_setup"], 4, ctypes.create_string_buffer(120)
    ),
    "read a file": lambda _: _read("/etc/passwd"),
    "list a folder": lambda _: list(Path("/").iterdir()),
    "create a file": lambda goal: Path(goal["folder"], "file").write_bytes(b"x"),
    "create a symbolic link": lambda goal: Path(goal["folder"], "result").symlink_to("/etc"),
    "memory without a limit": lambda _: len(bytearray(4 * 1024**3)),
    "raise a limit": _raise_limit,
    "signal the parent": lambda goal: os.kill(goal["parent"], 0),
    "start a process": _fork,
    "execute a program": _execute,
}


def drop_rights() -> None:
    """Become nobody, but with a memory that the same user may read, as a started program has."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        _LIBC.prctl(_SET_DUMPABLE, 1, 0, 0, 0)


def refuse_protections() -> None:
    """Act like a kernel that refuses everything except resource limits."""

    def refuse(*_: object, **__: object) -> list[str]:
        return ["everything"]

    isolation.restrict_system_calls = isolation.hide_memory = refuse


def serve(*, is_refused: bool) -> None:
    """Be the worker, with the attack in the place of the decoder."""
    drop_rights()
    if is_refused:
        refuse_protections()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        worker.serve(channel, attack)


def main(folder: Path, kernel: str, media_type: str) -> None:
    is_refused = kernel == "without"
    text = f"from tests.imaging.hostile_decoder import serve\nserve(is_refused={is_refused})\n"
    (folder / f"{WORKER}.py").write_text(text)
    open_folder = folder / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    sys.path.insert(0, str(folder))
    decoder_process._WORKER = WORKER
    runtime = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_answer, args=(runtime,), daemon=True).start()
    secret = ctypes.create_string_buffer(SECRET)
    decoder = decoder_process.DecoderProcess()
    _decode(decoder, {"function": {}})  # starts the worker
    drop_rights()
    if is_refused:
        refuse_protections()
    isolation.hide_memory()
    goal = {
        "function": os.getpid(),
        "parent": decoder._worker._process.pid if decoder._worker else None,
        "address": ctypes.addressof(secret),
        "runtime": runtime.getsockname()[1],
        "folder": str(open_folder),
    }
    print(_decode(decoder, {"mediaType": media_type, "function": {"attack": goal}}))
    decoder.close()


def _answer(runtime: socket.socket) -> None:
    connection, _ = runtime.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nthe picture of another group")


def _decode(decoder: decoder_process.DecoderProcess, task: Task) -> str:
    with TemporaryFile() as source, TemporaryFile() as result:
        try:
            decoder.decode(task, decoder_process.CONVERSION, source, result)
        except ThumbnailError as error:
            return json.dumps({"failed": str(error)})
        result.seek(0)
        return result.read().decode()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
