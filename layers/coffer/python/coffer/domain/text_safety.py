"""Text safety: submitted text must not carry markup that a careless page would run.

The reference refuses "any string value that looks like HTML" and tolerates, in metadata, the stray
angle brackets that optical character recognition leaves (`HS Jackson&LT White`,
`Antrodia vaillantii <-`). A tag is what an HTML parser would take for one: `<` followed by a
letter, `/`, `!` or `?` (WHATWG HTML, 13.2.5.6, "Tag open state").
"""

from __future__ import annotations

_TAG_OPENERS = frozenset("/!?abcdefghijklmnopqrstuvwxyz")


def carries_markup(text: str) -> bool:
    """Whether an HTML parser would see a tag, a comment or a declaration in `text`."""
    return any(rest[:1].lower() in _TAG_OPENERS for rest in text.split("<")[1:] if rest)
