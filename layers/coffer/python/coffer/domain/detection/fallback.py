"""What the `filetype` package knows and the tables here do not.

It is asked last and imported only then (16 ms). Only kinds with a signature of four bytes or more
are believed: its shorter ones also match text and noise, and its containers are guessed.
"""

from __future__ import annotations

_BELIEVED: dict[str, str] = {
    "application/font-woff": "font/woff",
}


def guess(head: bytes) -> str | None:
    """The type `filetype` sees in a head, if it is one to believe."""
    import filetype

    kind = filetype.guess(head)
    return _BELIEVED.get(kind.mime) if kind else None
