"""Objects of datasets in the store, and their owners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from coffer.domain.media_types import is_inert

ATTACHMENT = "attachment"


class StoredFile(NamedTuple):
    """An object in the store. Owner and findability are those with which its upload was signed, or
    None if it was not uploaded with a form of ours. `disposition` is its Content-Disposition."""

    size_bytes: int
    etag: str
    owner: str | None
    findability: str | None
    media_type: str
    disposition: str

    @property
    def can_run_scripts(self) -> bool:
        """True if a browser that opens the address of the object could run scripts in it."""
        is_attachment = self.disposition.lower().startswith(ATTACHMENT)
        return not is_attachment and not is_inert(self.media_type)


def is_owned_by(
    owner: str, key: str, stored: StoredFile | None, *, keys_begin_with_owner: bool
) -> bool:
    """Return True if the object under `key` belongs to `owner`.

    The owner of the signed upload decides. If the object has none, or does not exist yet, the first
    segment of its key decides, but only if all keys begin with their owner.
    """
    if stored is not None and stored.owner is not None:
        return stored.owner == owner
    first, slash, _ = key.partition("/")
    return keys_begin_with_owner and slash == "/" and first == owner


class StoredFiles(Protocol):
    """Looks up which files the store has."""

    def find(self, keys: Sequence[str]) -> Mapping[str, StoredFile]:
        """Return the objects under these keys, without those that do not exist.

        It takes a bounded time and never raises: keys that cannot be looked up are left out.
        """
        ...


class DatasetObjects(Protocol):
    """Single objects of the store."""

    def describe(self, key: str, *, etag: str | None = None) -> StoredFile:
        """Return the object under a key, if it has the ETag.

        Raises ObjectMissingError, ObjectChangedError for another ETag, and UnavailableError.
        """
        ...

    def is_public(self, key: str) -> bool:
        """Return True if the object can be read without a signature; raises UnavailableError."""
        ...

    def address(self, key: str) -> str:
        """Return the percent-encoded URL of an object."""
        ...

    def link(self, key: str, *, attachment: bool, life: timedelta) -> str:
        """Return a presigned URL to download the object, as an attachment if that is asked."""
        ...
