"""Read the record of an upload that is not finished yet. Only its owner can see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import MultipartUploadMissingError
from coffer.domain.sessions.ports import MultipartStore, SessionReader
from coffer.domain.sessions.record import SessionStatus, StoredPart, UploadSession
from coffer.domain.uploads.record import ObjectUpload, UploadStatus


@dataclass(frozen=True, kw_only=True)
class UnfinishedUpload:
    """The record of a session as an upload, and what was uploaded so far."""

    upload: ObjectUpload
    parts: Sequence[StoredPart]

    @property
    def progress(self) -> Mapping[str, int]:
        """Return the number of the uploaded parts and their bytes."""
        return {
            "uploadedParts": len(self.parts),
            "uploadedBytes": sum(part.size_bytes for part in self.parts),
        }


def find_unfinished(
    sessions: SessionReader, store: MultipartStore, clock: Clock, caller: Caller, identifier: str
) -> UnfinishedUpload | None:
    """Return the upload if the caller is uploading it, or if it awaits its processing."""
    session = sessions.get(identifier)
    if session is None or not session.belongs_to(caller) or session.has_ended(clock.now()):
        return None
    parts = session.parts
    if session.status is SessionStatus.UPLOADING:
        try:
            parts = store.parts(session.key, session.store_upload)
        except MultipartUploadMissingError:
            return None  # it was completed or aborted since the record was read
    return UnfinishedUpload(upload=_upload_of(session), parts=parts)


def _upload_of(session: UploadSession) -> ObjectUpload:
    grant = session.signed_grant
    is_complete = session.status is SessionStatus.COMPLETED
    return ObjectUpload(
        file_identifier=session.identifier,
        bucket=session.bucket,
        is_derivative=grant.is_derivative,
        original_filename=grant.original_filename,
        folder=grant.folder,
        received_media_type=grant.received_media_type,
        created_by=session.created_by,
        created_on=session.created_on,
        status=UploadStatus.PROCESSING if is_complete else UploadStatus.UPLOADING,
    )
