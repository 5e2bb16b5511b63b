"""The table of media types and their file extensions, which `extensions.txt` holds."""

from __future__ import annotations

from pathlib import Path


def _read_table() -> dict[str, str]:
    lines = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    rows = (line.partition("\t") for line in lines if not line.startswith("#"))
    return {media_type: extensions for media_type, _, extensions in rows}


EXTENSIONS = _read_table()
"""Extensions by media type: separated by spaces, without the dot, the primary one first."""
