"""The tables of media types that the text files beside this module hold.

A row has two columns with a tab between them: a media type, and what belongs to it. The head of
each file says what its second column means and what the source is.
"""

from __future__ import annotations

from pathlib import Path


def _read_table(name: str) -> dict[str, str]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    rows = (line.partition("\t") for line in lines if not line.startswith("#"))
    return {media_type: value for media_type, _, value in rows}


EXTENSIONS = _read_table("extensions.txt")
"""File extensions by media type: separated by spaces, without the dot, the primary one first."""

ALIASES = _read_table("aliases.txt")
"""The name that the detector uses, by other names of the same media type."""

SPECIAL_CASES = _read_table("special_cases.txt")
"""Media types directly under a general one, separated by spaces, by the general type."""
