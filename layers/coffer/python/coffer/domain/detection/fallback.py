"""What the `filetype` package knows and the tables here do not.

It is asked last and imported only then (16 ms). Only kinds with a signature of four bytes or more
are believed: its shorter ones also match text and noise, and its containers are guessed.
"""

from __future__ import annotations

# What it calls the file -> the registered name (RFC 8081).
_BELIEVED: dict[str, str] = {
    "woff": "font/woff",
    "woff2": "font/woff2",
}


def guess(head: bytes) -> str | None:
    """The type `filetype` sees in a head, if it is one to believe."""
    import filetype

    kind = filetype.guess(head)
    return _BELIEVED.get(kind.extension) if kind else None
