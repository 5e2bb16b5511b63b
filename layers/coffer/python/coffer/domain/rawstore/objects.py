"""What the store of packages says of what it has: many keys at once, or one object in earnest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol


class StoredFile(NamedTuple):
    """What the store says of an object; owner and findability are those its upload was signed with.

    Either is None where the object came otherwise.
    """

    size_bytes: int
    etag: str
    owner: str | None
    findability: str | None


def is_file_of(owner: str, key: str, stored: StoredFile | None, *, owner_leads: bool) -> bool:
    """Whether what is under `key`, or will be, is a file of `owner`.

    An upload's form is signed with its owner, and the object keeps that. Only what came otherwise,
    or is not there yet, goes by its key, and only where `owner_leads`: keys begin with their owner,
    and no owner of a key has a slash.
    """
    if stored is not None and stored.owner is not None:
        return stored.owner == owner
    first, slash, _ = key.partition("/")
    return owner_leads and slash == "/" and first == owner


class StoredFiles(Protocol):
    """What is in the store of packages."""

    def find(self, keys: Sequence[str]) -> Mapping[str, StoredFile]:
        """What is under these keys; a key that is absent, or cannot be asked for, is left out.

        Takes a bounded time and never raises: whoever asks can do without the answer.
        """
        ...


class PackageObjects(Protocol):
    """The objects in the store of packages, one at a time."""

    def describe(self, key: str, *, etag: str | None = None) -> StoredFile:
        """What is under a key; with `etag`, only if that is the object meant.

        Raises ObjectMissingError, ObjectChangedError for another entity tag, and UnavailableError.
        """
        ...

    def is_public(self, key: str) -> bool:
        """Whether anybody gets the object without a signature; UnavailableError as above."""
        ...

    def address(self, key: str) -> str:
        """The object's own address, percent-encoded."""
        ...

    def link(self, key: str, *, life: timedelta) -> str:
        """An address with which whoever has it can GET the object for so long."""
        ...
