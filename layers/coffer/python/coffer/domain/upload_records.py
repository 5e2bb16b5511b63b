"""Reading the record of an upload: who may see it, and from when on."""

from __future__ import annotations

from coffer.domain.callers import Caller, Role
from coffer.domain.metadata import Metadata
from coffer.domain.object_upload import ObjectUpload
from coffer.domain.ports import Catalogue, Uploads
from coffer.domain.upload_changes import require_undeleted, upload_not_found


def read_upload(
    uploads: Uploads, catalogue: Catalogue, caller: Caller, identifier: str
) -> ObjectUpload:
    """The record, once its bytes have been processed, if the caller may read it.

    Its group may; everybody else who is signed in may once a publicly releasable metadata record
    describes it.
    """
    upload = uploads.get(identifier)
    if upload is None or not upload.is_visible:
        raise upload_not_found(identifier)
    if not caller.may_read(upload.bucket):
        metadata = describing_metadata(catalogue, upload)
        if metadata is None or not metadata.publicly_releasable:
            caller.require_role(Role.READ_ONLY, upload.bucket)
    require_undeleted(upload)
    return upload


def describing_metadata(catalogue: Catalogue, upload: ObjectUpload) -> Metadata | None:
    """The metadata record that claimed the upload, if one has."""
    kind, _, identifier = (upload.claimed_by or "").partition("/")
    return catalogue.metadata(identifier) if kind == "metadata" else None
