"""Loading: many records by their ids, all of them or none (reference, 1.3 and 1.10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from coffer.domain.callers import Caller, Role
from coffer.domain.cataloguing import metadata_not_found
from coffer.domain.cataloguing import require_undeleted as require_metadata
from coffer.domain.derivative import Derivative
from coffer.domain.derivative_records import derivative_not_found
from coffer.domain.derivative_records import require_undeleted as require_derivative
from coffer.domain.errors import NotFoundError, RequestError, together
from coffer.domain.metadata import Metadata
from coffer.domain.object_upload import ObjectUpload
from coffer.domain.ports import Catalogue, Uploads
from coffer.domain.upload_changes import require_undeleted as require_upload
from coffer.domain.upload_changes import upload_not_found

Loaded = TypeVar("Loaded", Metadata, Derivative, ObjectUpload)


def load_metadata(
    catalogue: Catalogue, caller: Caller, identifiers: Sequence[str]
) -> list[Metadata]:
    """The records in the order of their ids; raises what is wrong with any of them."""
    known = catalogue.metadata_of(set(identifiers))

    def check(record: Metadata) -> None:
        if not record.publicly_releasable:
            caller.require_role(Role.READ_ONLY, record.bucket)
        require_metadata(record)

    return _all(identifiers, known, check, metadata_not_found)


def load_derivatives(
    catalogue: Catalogue, caller: Caller, identifiers: Sequence[str]
) -> list[Derivative]:
    """The records in the order of their ids; raises what is wrong with any of them."""
    known = catalogue.derivatives_of(set(identifiers))

    def check(record: Derivative) -> None:
        if not record.publicly_releasable:
            caller.require_role(Role.READ_ONLY, record.bucket)
        require_derivative(record)

    return _all(identifiers, known, check, derivative_not_found)


def load_uploads(
    uploads: Uploads, catalogue: Catalogue, caller: Caller, identifiers: Sequence[str]
) -> list[ObjectUpload]:
    """The records in the order of their ids; raises what is wrong with any of them."""
    known = uploads.get_all(set(identifiers))
    foreign = [one for one in known.values() if not caller.may_read(one.bucket)]
    described = {one.file_identifier: (one.claimed_by or "").partition("/") for one in foreign}
    metadata = catalogue.metadata_of(
        {id_ for kind, _, id_ in described.values() if kind == "metadata"}
    )

    def check(record: ObjectUpload) -> None:
        if not record.is_visible:
            raise upload_not_found(record.file_identifier)
        if record.file_identifier in described:
            describing = metadata.get(described[record.file_identifier][2])
            if describing is None or not describing.publicly_releasable:
                caller.require_role(Role.READ_ONLY, record.bucket)
        require_upload(record)

    return _all(identifiers, known, check, upload_not_found)


def _all(
    identifiers: Sequence[str],
    known: Mapping[str, Loaded],
    check: Callable[[Loaded], None],
    missing: Callable[[str], NotFoundError],
) -> list[Loaded]:
    errors: list[RequestError] = []
    for identifier in identifiers:
        try:
            if identifier not in known:
                raise missing(identifier)
            check(known[identifier])
        except RequestError as error:
            pointer = f"/data/id/{identifier}"
            error.problems = tuple(replace(one, pointer=pointer) for one in error.problems)
            errors.append(error)
    if errors:
        raise together(errors)
    return [known[identifier] for identifier in identifiers]
