"""Read upload records and check that the caller may read them."""

from __future__ import annotations

from collections.abc import Sequence

from coffer.domain.callers import Caller
from coffer.domain.errors import NotFoundError
from coffer.domain.permissions.rights import OBJECT_UPLOAD, Permission, require_right
from coffer.domain.transactions.commit import Precondition
from coffer.domain.transactions.read import load_all, require_undeleted
from coffer.domain.uploads.ports import DescribingMetadata, DescribingRecord, UploadReader, Uploads
from coffer.domain.uploads.record import ObjectUpload


def read_upload(
    uploads: Uploads, metadata: DescribingMetadata, caller: Caller, identifier: str
) -> ObjectUpload:
    """Return the record of a processed upload if the caller may read it.

    Members of its group may read it. Everybody else who is signed in may read it once a publicly
    releasable metadata record describes the file.
    """
    upload = uploads.get(identifier)
    if upload is None:
        raise upload_not_found(identifier)
    described_by = upload.metadata_identifier if not caller.may_read(upload.bucket) else None
    _check_readable(caller, upload, metadata.metadata(described_by) if described_by else None)
    return upload


def load_uploads(
    uploads: Uploads, metadata: DescribingMetadata, caller: Caller, identifiers: Sequence[str]
) -> list[ObjectUpload]:
    """Return the records in the order of their ids; raise the errors of all of them together."""
    known = uploads.get_all(set(identifiers))
    describing = metadata.metadata_of(
        {
            one.metadata_identifier
            for one in known.values()
            if one.metadata_identifier and not caller.may_read(one.bucket)
        }
    )

    def check(upload: ObjectUpload) -> None:
        _check_readable(caller, upload, describing.get(upload.metadata_identifier or ""))

    return load_all(identifiers, known, check, upload_not_found)


def _check_readable(
    caller: Caller, upload: ObjectUpload, describing: DescribingRecord | None
) -> None:
    if not upload.is_visible:
        raise upload_not_found(upload.file_identifier)
    if describing is None or not describing.publicly_releasable:
        caller.require_reader(upload.bucket)
    require_undeleted(upload)


def read_upload_to_change(
    uploads: UploadReader,
    caller: Caller,
    permission: Permission,
    identifier: str,
    precondition: Precondition,
) -> ObjectUpload:
    """Return a processed upload that the caller may change or delete.

    Raises ForbiddenError, NotFoundError, GoneError, or PreconditionError for another version.
    """
    require_right(caller, OBJECT_UPLOAD, permission)
    upload = uploads.get(identifier)
    if upload is None or not upload.is_visible:
        raise upload_not_found(identifier)
    require_undeleted(upload)
    precondition.check(upload.version)
    return upload


def upload_not_found(identifier: str) -> NotFoundError:
    """Return the error for an upload that does not exist or has not been processed yet."""
    return NotFoundError(
        "upload_not_found",
        f"There is no upload with the id {identifier}, or it has not been processed yet.",
    )
