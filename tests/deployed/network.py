"""Ports and network isolation for the emulator."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1
_CLONE_NEWNET = 0x40000000


def isolate() -> bool:
    """Move this process into a network namespace with only loopback, if the kernel allows it.

    The emulator also binds the ports 443 and 8883. In a namespace of its own it collides with no
    other process, and nothing outside of it can be reached. Return True if the process was moved.
    """
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
