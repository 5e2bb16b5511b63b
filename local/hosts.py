"""Decide which hosts and origins may address the local stack (DNS rebinding).

A web page can give its own name the address 127.0.0.1 and then call this machine as its own
origin. The name stays in the request's `Host`, so a host that the stack does not know is refused.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
CONTAINERS_HOST = "host.docker.internal"
"""Name of this machine in a container. No web page can have it, because `.internal` is reserved."""
_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")


def parse_hosts(text: str) -> frozenset[str]:
    """Return the host names in a list that is separated by commas, and loopback's names.

    Raise ValueError for an entry that is not a host name, such as one with a port.
    """
    names = {name.strip().lower() for name in text.split(",") if name.strip()}
    for name in names:
        if not _HOST_NAME.fullmatch(name):
            raise ValueError(name)
    return LOOPBACK_HOSTS | names


def is_allowed_host(host: str | None, allowed: frozenset[str]) -> bool:
    """True if the `Host` header is missing, or names an allowed host with any port."""
    return host is None or _name_of(f"//{host}") in allowed


def name_below(host: str, allowed: frozenset[str]) -> str | None:
    """Return what precedes an allowed host in the `Host` header, such as the name of a bucket.

    It is empty for an allowed host itself, and None if the header names no allowed host.
    """
    name = _name_of(f"//{host}") or ""
    if name in allowed:
        return ""
    suffixes = [f".{one}" for one in allowed if name.endswith(f".{one}")]
    return name.removesuffix(max(suffixes, key=len)) if suffixes else None


def refusal(host: str | None) -> str:
    """Return the message for a request with a host that is not allowed."""
    return f"The host {host} is not allowed. Add it to ALLOWED_HOSTS."


def is_console_origin(origin: str | None, host: str | None) -> bool:
    """True if a request does not come from a page of another origin than the console's."""
    if origin is None:
        return True
    parts = urlsplit(origin)
    return host is not None and parts.scheme in ("http", "https") and parts.netloc == host


def _name_of(url: str) -> str | None:
    try:
        name = urlsplit(url).hostname
    except ValueError:
        return None
    return f"[{name}]" if name and ":" in name else name
