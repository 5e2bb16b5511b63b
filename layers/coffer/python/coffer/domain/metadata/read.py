"""Read metadata records and check that the caller may read them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from coffer.domain.callers import Caller
from coffer.domain.errors import NotFoundError
from coffer.domain.metadata.ports import Catalogue, CatalogueReader
from coffer.domain.metadata.record import Metadata
from coffer.domain.transactions.read import check_readable, load_all
from coffer.domain.uploads.record import ObjectUpload


def read_metadata(catalogue: CatalogueReader, caller: Caller, identifier: str) -> Metadata:
    """Return the record if the caller may read it."""
    metadata = find_metadata(catalogue, identifier)
    check_readable(caller, metadata)
    return metadata


def find_metadata(catalogue: CatalogueReader, identifier: str) -> Metadata:
    """Return the record, or its tombstone; raise `NotFoundError` if neither exists."""
    metadata = catalogue.metadata(identifier)
    if metadata is None:
        raise metadata_not_found(identifier)
    return metadata


def metadata_not_found(identifier: str) -> NotFoundError:
    """Return the error for metadata that does not exist."""
    return NotFoundError("metadata_not_found", f"There is no metadata with the id {identifier}.")


def describing_metadata(catalogue: Catalogue, upload: ObjectUpload) -> Metadata | None:
    """Return the metadata record that claims the upload, if there is one."""
    identifier = upload.metadata_identifier
    return catalogue.metadata(identifier) if identifier else None


def load_metadata(
    catalogue: Catalogue, caller: Caller, identifiers: Sequence[str]
) -> list[Metadata]:
    """Return the records in the order of their ids; raise the errors of all of them together."""
    return load_all(
        identifiers,
        catalogue.metadata_of(set(identifiers)),
        partial(check_readable, caller),
        metadata_not_found,
    )
