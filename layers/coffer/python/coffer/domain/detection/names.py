"""What a file's name says about its type."""

from __future__ import annotations

from functools import cache

from coffer.domain.detection.tables.extensions import EXTENSIONS
from coffer.domain.detection.tables.whole_names import ENDINGS, WHOLE_NAMES

# No pattern is longer; so a name of any length costs the same.
_MAX_ENDING = 16


def type_by_name(name: str | None) -> str | None:
    """The type that a name stands for, or None. Directories before the name are ignored.

    As written first and then in lower case (`.C` is C++, `.c` is C); of several endings the
    longest (`.warc.gz` before `.gz`).
    """
    if not name:
        return None
    last = name.rpartition("/")[2]
    return _match(last) or _match(last.lower())


def _match(name: str) -> str | None:
    if name in WHOLE_NAMES:
        return WHOLE_NAMES[name]
    endings = _types_by_ending()
    tail = name[-_MAX_ENDING:]
    for start in range(len(tail)):
        media_type = endings.get(tail[start:])
        if media_type:
            return media_type
    return None


@cache
def _types_by_ending() -> dict[str, str]:
    endings = dict(ENDINGS)
    for media_type, extensions in EXTENSIONS.items():
        for extension in extensions.split():
            endings.setdefault(f".{extension}", media_type)
    return endings
