"""Detect HTML markup in submitted texts, which a careless web page would execute.

The reference refuses "any string value that looks like HTML". In metadata it tolerates the stray
angle brackets that optical character recognition leaves (`HS Jackson&LT White`,
`Antrodia vaillantii <-`). A tag is what an HTML parser takes for one: `<` followed by a letter,
`/`, `!` or `?` (WHATWG HTML, 13.2.5.6, "Tag open state").
"""

from __future__ import annotations

NO_MARKUP_PATTERN = "^([^<]|<(?![A-Za-z/!?]))*$"
"""JSON Schema pattern of text without markup."""
_TAG_OPENERS = frozenset("/!?abcdefghijklmnopqrstuvwxyz")


def has_markup(text: str) -> bool:
    """True if an HTML parser would find a tag, a comment or a declaration in `text`."""
    return any(rest[:1].lower() in _TAG_OPENERS for rest in text.split("<")[1:] if rest)
