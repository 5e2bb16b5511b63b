"""Where a file of a package is kept: the store's path pattern, and what no key may contain."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

MAX_KEY_BYTES = 1024  # S3's own limit

VARIABLES = frozenset(
    {
        "owner",
        "dataset",
        "path",
        "basename",
        "dirname",
        "extension",
        "md5",
        "md5_hex",
        "name",
        "length",
        "type",
    }
)
"""What a pattern may name. The reference's, without those that a client could make up itself: any
attribute of its file objects, through which it let clients choose keys of others."""

_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")


@dataclass(frozen=True)
class KeyPattern:
    """STORAGE_PATH_PATTERN, taken apart: pairs of literal text and the variable that follows it."""

    parts: tuple[tuple[str, str | None], ...]

    @classmethod
    def parse(cls, text: str) -> KeyPattern:
        """Read a pattern such as `{owner}/{dataset}/{path}`; ValueError if no file could follow it.

        Only plain names in braces: attributes, indexes, conversions and format specifications of
        Python's `str.format` are refused.
        """
        try:
            fields = list(Formatter().parse(text))
        except ValueError as error:
            raise ValueError(f"STORAGE_PATH_PATTERN cannot be read: {error}.") from error
        parts = tuple(
            (literal, _plain_name(name, specification, conversion))
            for literal, name, specification, conversion in fields
        )
        if not any(name for _, name in parts):
            raise ValueError("STORAGE_PATH_PATTERN names no variable: all files would be one.")
        return cls(parts)

    @property
    def begins_with_owner(self) -> bool:
        """Whether the first segment of every key is its owner's id."""
        (first, owner), *rest = self.parts
        following = rest[0][0] if rest else ""
        return first == "" and owner == "owner" and following.startswith("/")

    def owner_problem(self, owner: str) -> str | None:
        """Why this owner's keys could be another's; None if they can't.

        A key is cut at its slashes, and a dataset and a path may have some, too: the owner `a/b`
        and dataset `c` name the keys of the owner `a` and dataset `b`. A pattern that doesn't name
        the owner lets owners share keys, and means to.
        """
        if "/" in owner and any(name == "owner" for _, name in self.parts):
            return "must not have a '/': this store keeps files by their owner"
        return None

    def missing(self, available: Mapping[str, str]) -> list[str]:
        """The variables of the pattern that have no value here."""
        return [name for _, name in self.parts if name is not None and name not in available]

    def key(self, values: Mapping[str, str]) -> str:
        """The key for these values; every variable of the pattern must be among them."""
        return "".join(
            [literal if name is None else literal + values[name] for literal, name in self.parts]
        )


def variables_of_path(path: str) -> dict[str, str]:
    """The variables that follow from a file's path; the extension has its dot, and is the last."""
    dirname, basename = posixpath.split(path)
    return {
        "path": path,
        "dirname": dirname,
        "basename": basename,
        "extension": posixpath.splitext(basename)[1],
    }


def problem_of(key: str) -> str | None:
    """Why neither a path nor a key may read like this; None if it may.

    S3 would take most of these. But URLs of such keys cannot be written so that every client asks
    for the same object, and `${filename}` in a form's key is replaced by S3.
    """
    if _CHARACTERS.search(key):
        return "control characters, backslashes and unpaired surrogates are not allowed"
    if "${" in key:
        return "'${' is not allowed"
    if key.startswith("/"):
        return "a leading '/' is not allowed"
    segments = key.split("/")
    if "" in segments:
        return "empty segments are not allowed"
    if ".." in segments or "." in segments:
        return "the segments '.' and '..' are not allowed"
    if len(key) * 4 > MAX_KEY_BYTES and len(key.encode()) > MAX_KEY_BYTES:
        return f"at most {MAX_KEY_BYTES} bytes are allowed"
    return None


def _plain_name(name: str | None, specification: str | None, conversion: str | None) -> str | None:
    if name is None:
        return None
    if name not in VARIABLES or specification or conversion:
        raise ValueError(
            f"STORAGE_PATH_PATTERN has {name!r} in braces; it may have the plain names "
            f"{', '.join(sorted(VARIABLES))}."
        )
    return name
