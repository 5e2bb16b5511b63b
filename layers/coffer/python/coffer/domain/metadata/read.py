"""Read a metadata record and check that the caller may read it."""

from __future__ import annotations

from collections.abc import Sequence

from coffer.domain.callers import Caller, Role
from coffer.domain.errors import GoneError, NotFoundError
from coffer.domain.metadata.ports import Catalogue, CatalogueReader
from coffer.domain.metadata.record import (
    Metadata,
)
from coffer.domain.transactions.load import load_all
from coffer.domain.uploads.record import ObjectUpload


def read_metadata(catalogue: CatalogueReader, caller: Caller, identifier: str) -> Metadata:
    """The record, if the caller may read it."""
    metadata = find_metadata(catalogue, identifier)
    if not metadata.publicly_releasable:
        caller.require_role(Role.READ_ONLY, metadata.bucket)
    require_undeleted(metadata)
    return metadata


def find_metadata(catalogue: CatalogueReader, identifier: str) -> Metadata:
    """The record, tombstones included; raises NotFoundError where there is none."""
    metadata = catalogue.metadata(identifier)
    if metadata is None:
        raise metadata_not_found(identifier)
    return metadata


def metadata_not_found(identifier: str) -> NotFoundError:
    """There is no such record."""
    return NotFoundError("metadata_not_found", f"There is no metadata with the id {identifier}.")


def require_undeleted(metadata: Metadata) -> None:
    """Raise GoneError where the record is a tombstone."""
    if metadata.deleted_on is not None:
        raise GoneError(
            "metadata_deleted",
            f"The metadata {metadata.identifier} was deleted; its audit tells by whom and when.",
            instance_id=metadata.instance_id,
        )


def describing_metadata(catalogue: Catalogue, upload: ObjectUpload) -> Metadata | None:
    """The metadata record that claimed the upload, if one has."""
    identifier = upload.metadata_identifier
    return catalogue.metadata(identifier) if identifier else None


def load_metadata(
    catalogue: Catalogue, caller: Caller, identifiers: Sequence[str]
) -> list[Metadata]:
    """The records in the order of their ids; raises what is wrong with any of them."""
    known = catalogue.metadata_of(set(identifiers))

    def check(record: Metadata) -> None:
        if not record.publicly_releasable:
            caller.require_role(Role.READ_ONLY, record.bucket)
        require_undeleted(record)

    return load_all(identifiers, known, check, metadata_not_found)
