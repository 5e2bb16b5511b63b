"""Reading the record of an upload: who may see it, and from when on."""

from __future__ import annotations

from coffer.domain.callers import Caller, Role
from coffer.domain.errors import GoneError, NotFoundError
from coffer.domain.metadata import Metadata
from coffer.domain.object_upload import ObjectUpload
from coffer.domain.ports import Catalogue, Uploads


def read_upload(
    uploads: Uploads, catalogue: Catalogue, caller: Caller, identifier: str
) -> ObjectUpload:
    """The record, once its bytes have been processed, if the caller may read it.

    Its group may; everybody else who is signed in may once a publicly releasable metadata record
    describes it.
    """
    upload = uploads.get(identifier)
    if upload is None or not upload.is_visible:
        raise NotFoundError(
            "upload_not_found",
            f"There is no upload with the id {identifier}, or it has not been processed yet.",
        )
    if not caller.may_read(upload.bucket):
        metadata = describing_metadata(catalogue, upload)
        if metadata is None or not metadata.publicly_releasable:
            caller.require_role(Role.READ_ONLY, upload.bucket)
    if upload.deleted_on is not None:
        raise GoneError(
            "upload_deleted",
            f"The upload {identifier} was deleted; its audit tells by whom and when.",
            about=f"object-upload/{identifier}",
        )
    return upload


def describing_metadata(catalogue: Catalogue, upload: ObjectUpload) -> Metadata | None:
    """The metadata record that claimed the upload, if one has."""
    kind, _, identifier = (upload.claimed_by or "").partition("/")
    return catalogue.metadata(identifier) if kind == "metadata" else None
