"""Keys of managed attributes, made from their names as the reference makes them.

Its two steps: Apache Commons' `splitByCharacterTypeCamelCase`, then lower case, what is neither a
letter of ASCII nor a digit dropped, joined by underscores.
"""

from __future__ import annotations

import re
from itertools import groupby
from unicodedata import category

_DROPPED = re.compile("[^a-z0-9]")


def key_of(name: str) -> str:
    """The key of an attribute with this name; empty where the name has no letter of ASCII or digit.

    `Object Store Attribute 1` gives `object_store_attribute_1`, `dateTime` gives `date_time`.
    """
    words = (_DROPPED.sub("", word.lower()) for word in _words(" ".join(name.split())))
    return "_".join(word for word in words if word)


def _words(text: str) -> list[str]:
    """Runs of characters of one kind; of capitals before small letters the last goes with these."""
    words: list[tuple[str, str]] = []
    for kind, group in groupby(text, key=category):
        run = "".join(group)
        if kind == "Ll" and words and words[-1][0] == "Lu":
            capitals = words.pop()[1]
            if capitals[:-1]:
                words.append(("Lu", capitals[:-1]))
            run = capitals[-1] + run
        words.append((kind, run))
    return [run for _, run in words]
