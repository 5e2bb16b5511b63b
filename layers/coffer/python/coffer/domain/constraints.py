"""Constraints that several kinds of records share: lengths of texts and tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from coffer.domain.errors import Problem

ATTRIBUTES = "/data/attributes"


MAX_TAGS = 100


MAX_TAG_LENGTH = 250


def wrong_tags(tags: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with the tags of a record."""
    if len(tags) > MAX_TAGS:
        yield violation("acTags", f"takes at most {MAX_TAGS} tags")
    if any(len(tag) > MAX_TAG_LENGTH for tag in tags):
        yield violation("acTags", f"takes tags of at most {MAX_TAG_LENGTH} characters")


def wrong_length(name: str, value: str | None, longest: int) -> Iterator[Problem]:
    """What is wrong with a text that may be left out."""
    if value and len(value) > longest:
        yield violation(name, f"size must be between 0 and {longest}")


def violation(name: str, rule: str) -> Problem:
    """An attribute against a rule."""
    return Problem("constraint_violation", f"{name} {rule}", pointer=f"{ATTRIBUTES}/{name}")
