"""Ports and network isolation for the emulator."""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1
_CLONE_NEWNET = 0x40000000
_LISTENING = "0A"


def isolate() -> bool:
    """Move this process into a network namespace with only loopback, if the kernel allows it.

    The emulator also binds the ports 443 and 8883. In a namespace of its own it collides with no
    other process, and nothing outside of it can be reached. Return True if the process was moved.
    """
    if platform.system() != "Linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh", b"lo", _IFF_UP)
        fcntl.ioctl(sock.fileno(), _SIOCSIFFLAGS, request)
    return True


def free_port() -> int:
    """Return a port of loopback that is free at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def environment_without_aws() -> dict[str, str]:
    """Return this process's environment without variables that point at a real AWS account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def listening_addresses(session: int) -> set[str]:
    """Return the IP addresses on which processes of a session accept TCP connections.

    Source: proc_pid_stat(5), proc_pid_net(5).
    """
    inodes = {
        str(link)
        for process in Path("/proc").glob("[0-9]*")
        if _session_of(process) == session
        for link in _links(process / "fd")
    }
    found = set()
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        table = Path(f"/proc/self/net/{name}").read_text(encoding="ascii")
        for fields in map(str.split, table.splitlines()[1:]):
            if fields[3] == _LISTENING and f"socket:[{fields[9]}]" in inodes:
                words = bytes.fromhex(fields[1].partition(":")[0])
                count = len(words) // 4
                address = struct.pack(f"!{count}I", *struct.unpack(f"={count}I", words))
                found.add(socket.inet_ntop(family, address))
    return found


def _session_of(process: Path) -> int | None:
    try:
        status = (process / "stat").read_text(encoding="utf-8")
    except OSError:  # the process ended
        return None
    return int(status.rpartition(")")[2].split()[3])


def _links(folder: Path) -> Iterator[Path]:
    for file in list(folder.iterdir()):
        with suppress(OSError):  # it was closed
            yield file.readlink()
