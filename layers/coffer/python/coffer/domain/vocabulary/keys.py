"""Derive the keys of managed attributes from their names, as the reference does.

It splits a name with Apache Commons' `splitByCharacterTypeCamelCase`, changes the words to lower
case, removes characters other than ASCII letters and digits, and joins the words by underscores.
"""

from __future__ import annotations

import re
from itertools import groupby
from unicodedata import category

_DROPPED = re.compile("[^a-z0-9]")


def derive_key(name: str) -> str:
    """Return the key for a name; empty if the name has no ASCII letter or digit.

    The key of `Object Store Attribute 1` is `object_store_attribute_1`, and that of `dateTime` is
    `date_time`.
    """
    words = (_DROPPED.sub("", word.lower()) for word in _words(" ".join(name.split())))
    return "_".join(word for word in words if word)


def _words(text: str) -> list[str]:
    """Return the runs of characters of the same Unicode category.

    The last of several capitals belongs to the small letters after it.
    """
    words: list[tuple[str, str]] = []
    for character_type, group in groupby(text, key=category):
        run = "".join(group)
        if character_type == "Ll" and words and words[-1][0] == "Lu":
            capitals = words.pop()[1]
            if capitals[:-1]:
                words.append(("Lu", capitals[:-1]))
            run = capitals[-1] + run
        words.append((character_type, run))
    return [run for _, run in words]
