"""Decide which hosts and origins may address the local stack (DNS rebinding).

A web page can give its own name the address 127.0.0.1 and then call this machine as its own
origin. The name stays in the request's `Host`, so a host that the stack does not know is refused.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
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
