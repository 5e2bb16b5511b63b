"""Patterns of LIKE, ILIKE and FIQL's `*`, matched in linear time.

`%` matches any number of characters and `_` matches one. The parts between two `%` are searched
from left to right, each at its first occurrence. Nothing that was found is searched again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

ANY_ONE: Final = None
"""Stands for any one character in a part of a pattern."""

_WORK_PER_CHARACTER, _CHARACTERS_PER_WORK = 50, 32
"""Work per character of a search with `_`, in characters of a search without, as measured.

Each 32 characters of the pattern add one.
"""


@dataclass(frozen=True)
class Part:
    """Neighbouring characters of a pattern. None stands for any one character."""

    characters: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.characters)

    @cached_property
    def is_literal(self) -> bool:
        """True if the part has no `_`."""
        return ANY_ONE not in self.characters

    @cached_property
    def _literal(self) -> str:
        return "".join(one for one in self.characters if one is not None)

    @cached_property
    def _masks(self) -> tuple[dict[str, int], int]:
        """For each character, the bits of the positions that allow it; and for all others."""
        others = sum(1 << at for at, one in enumerate(self.characters) if one is ANY_ONE)
        masks = dict.fromkeys(self._literal, others)
        for at, one in enumerate(self.characters):
            if one is not None:
                masks[one] |= 1 << at
        return masks, others

    def is_at(self, text: str, start: int) -> bool:
        """Return True if the part is in the text at this position."""
        if self.is_literal:
            return text.startswith(self._literal, start)
        there = text[start : start + len(self)]
        return len(there) == len(self) and all(
            one is ANY_ONE or one == actual
            for one, actual in zip(self.characters, there, strict=True)
        )

    def end_of_first(self, text: str, start: int, end: int) -> int | None:
        """Return the end of the first occurrence between these positions; None without one."""
        if self.is_literal:
            found = text.find(self._literal, start, end)
            return None if found < 0 else found + len(self)
        # Shift-And (Baeza-Yates and Gonnet, 1992): bit n is set if the part's first n + 1
        # characters end here.
        (masks, others), matched, last = self._masks, 0, 1 << len(self) - 1
        for position in range(start, end):
            matched = (matched << 1 | 1) & masks.get(text[position], others)
            if matched & last:
                return position + 1
        return None


@dataclass(frozen=True)
class Pattern:
    """A pattern as its parts. Any text can be between two of them."""

    parts: tuple[Part, ...]

    @cached_property
    def work_per_character(self) -> int:
        """Work to match one character of a text, in characters of a search without `_`."""
        wild = [len(part) for part in self.parts[1:-1] if not part.is_literal]
        return _WORK_PER_CHARACTER + max(wild) // _CHARACTERS_PER_WORK if wild else 1

    def lower(self) -> Pattern:
        """Return the pattern in lower case."""
        return Pattern(
            tuple(
                Part(tuple(lowered for one in part.characters for lowered in _lower(one)))
                for part in self.parts
            )
        )

    def matches(self, text: str) -> bool:
        """Return True if the whole text matches."""
        first, last = self.parts[0], self.parts[-1]
        if len(self.parts) == 1:
            return len(text) == len(first) and first.is_at(text, 0)
        start, end = len(first), len(text) - len(last)
        if start > end or not first.is_at(text, 0) or not last.is_at(text, end):
            return False
        for part in self.parts[1:-1]:
            found = part.end_of_first(text, start, end)
            if found is None:
                return False
            start = found
        return True


def like_pattern(text: str) -> Pattern:
    """Return the pattern of LIKE and ILIKE."""
    return Pattern(
        tuple(
            Part(tuple(ANY_ONE if one == "_" else one for one in part)) for part in text.split("%")
        )
    )


def literal_parts(texts: Sequence[str]) -> Pattern:
    """Return the pattern with these texts as its parts; no character is a wildcard in them."""
    return Pattern(tuple(Part(tuple(text)) for text in texts))


def _lower(character: str | None) -> Sequence[str | None]:
    return (ANY_ONE,) if character is ANY_ONE else character.lower()
