"""The key of a file in the store: the path pattern, and the rules for keys."""

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
"""The variables of a pattern. The reference also allows any attribute of its file objects, which
lets clients choose the keys of other users."""

_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")


_SEGMENT_OF_THE_DATASET = re.compile(r"[^{}]*\{dataset\}[^{}]*")

Parts = tuple[tuple[str, str | None], ...]
"""Pairs of literal text and the variable after it."""


@dataclass(frozen=True)
class KeyPattern:
    """STORAGE_PATH_PATTERN, parsed. Clients that send no dataset, such as datahub-client 0.5.8, get
    keys without the segment of the dataset."""

    parts: Parts
    parts_without_dataset: Parts

    @classmethod
    def parse(cls, text: str) -> KeyPattern:
        """Parse a pattern such as `{owner}/{dataset}/{path}`; raises ValueError.

        Only plain variable names are allowed in braces: no attributes, indexes, conversions or
        format specifications of Python's `str.format`. The template has the same rules.

        A pattern begins with `{owner}/`, or names an MD5 and no owner. With any other pattern, an
        owner could choose the key of another owner's file: with `{owner}-{dataset}/{path}`, the
        owner `a` with the dataset `b-c` has the keys of the owner `a-b` with the dataset `c`.
        """
        segments = text.split("/")
        kept = [one for one in segments if not _SEGMENT_OF_THE_DATASET.fullmatch(one)]
        pattern = cls(_parse_parts(text), _parse_parts("/".join(kept)))
        by_content = any(name in ("md5", "md5_hex") for _, name in pattern.parts)
        if not (text.startswith("{owner}/") if pattern.begins_with_owner else by_content):
            raise ValueError(
                f"STORAGE_PATH_PATTERN is {text!r}: it must begin with '{{owner}}/', or contain "
                "{md5} or {md5_hex} and no {owner}. Otherwise owners could replace each other's "
                "files."
            )
        return pattern

    @property
    def begins_with_owner(self) -> bool:
        """True if the first segment of every key is the owner's id: the pattern names the owner."""
        return any(name == "owner" for _, name in self.parts)

    def owner_problem(self, owner: str) -> str | None:
        """Return the reason why an owner's id is not allowed, or None.

        A slash would let owners share keys: owner `a/b` with dataset `c` has the keys of owner `a`
        with dataset `b/c`. A pattern without the owner shares keys on purpose.
        """
        if "/" in owner and self.begins_with_owner:
            return "must not have a '/': this store keeps files by their owner"
        return None

    def missing(self, available: Mapping[str, str]) -> list[str]:
        """Return the variables of the pattern without a value."""
        parts = self._parts_for(available)
        return [name for _, name in parts if name is not None and name not in available]

    def key(self, values: Mapping[str, str]) -> str:
        """Return the key for these values, which must include every variable of the pattern."""
        parts = self._parts_for(values)
        return "".join(
            [literal if name is None else literal + values[name] for literal, name in parts]
        )

    def _parts_for(self, values: Mapping[str, str]) -> Parts:
        return self.parts if "dataset" in values else self.parts_without_dataset


def path_variables(path: str) -> dict[str, str]:
    """Return the variables of a file's path; the extension is the last one, with its dot."""
    dirname, basename = posixpath.split(path)
    return {
        "path": path,
        "dirname": dirname,
        "basename": basename,
        "extension": posixpath.splitext(basename)[1],
    }


def key_problem(key: str) -> str | None:
    """Return the reason why a path or a key is not allowed, or None.

    S3 accepts most of these keys, but not all clients build the same URL from them. S3 replaces
    `${filename}` in the key of a form.
    """
    if _FORBIDDEN_CHARACTERS.search(key):
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


def _parse_parts(text: str) -> Parts:
    try:
        fields = list(Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"STORAGE_PATH_PATTERN is not a valid pattern: {error}.") from error
    return tuple(
        (literal, _variable(name, specification, conversion))
        for literal, name, specification, conversion in fields
    )


def _variable(name: str | None, specification: str | None, conversion: str | None) -> str | None:
    if name is None:
        return None
    if name not in VARIABLES or specification or conversion:
        raise ValueError(
            f"STORAGE_PATH_PATTERN has {name!r} in braces; allowed are the plain names "
            f"{', '.join(sorted(VARIABLES))}."
        )
    return name
