"""Begin the upload of one file, as a presigned POST, or as a session with a multipart upload.

Uppy shows no refusal that comes after the upload. So files of forbidden types and sizes are refused
here, by their names and declared types. Promotion inspects the content of all other files.
"""

from __future__ import annotations

from dataclasses import dataclass

from coffer.domain.callers import Role
from coffer.domain.clock import Clock
from coffer.domain.errors import InvalidError, UnsupportedTypeError
from coffer.domain.file_names import parse_sent_name
from coffer.domain.identifiers import new_identifier
from coffer.domain.sessions.ports import MultipartStore, Sessions
from coffer.domain.sessions.record import (
    MAX_PART_BYTES,
    MAX_PARTS,
    MIN_PART_BYTES,
    RESPONSE_LIFETIME,
    SESSION_LIFETIME,
    Uploader,
    UploadSession,
    default_part_bytes,
)
from coffer.domain.sessions.requests import AnnouncedUpload
from coffer.domain.uploads.forbidden_types import ForbiddenTypes
from coffer.domain.uploads.presigned_uploads import (
    PresignedPosts,
    PresignedUpload,
    RequestedUpload,
    create_presigned_uploads,
    upload_policy,
)


@dataclass(frozen=True, kw_only=True)
class UploadStart:
    """Begins uploads. The methods raise RequestError if the file is refused."""

    posts: PresignedPosts
    sessions: Sessions
    store: MultipartStore
    clock: Clock
    forbidden: ForbiddenTypes
    max_post_bytes: int
    """The largest file that one POST uploads."""

    def create_form(self, uploader: Uploader, announced: AnnouncedUpload) -> PresignedUpload:
        """Return a presigned POST for one file."""
        self._refuse_forbidden(announced.file)
        [upload] = create_presigned_uploads(
            self.posts,
            self.clock,
            uploader.caller,
            [announced.file],
            bucket=uploader.bucket,
            max_bytes=min(uploader.max_bytes, self.max_post_bytes),
        )
        return upload

    def create_session(self, uploader: Uploader, announced: AnnouncedUpload) -> UploadSession:
        """Start a multipart upload for one file and return its session."""
        caller, bucket, now = uploader.caller, uploader.bucket, self.clock.now()
        caller.require_role(Role.GUEST, bucket)
        file, size = announced.file, announced.file.size_in_bytes
        self._refuse_forbidden(file)
        identifier = new_identifier(self.clock)
        policy = upload_policy(file, identifier, caller, bucket, uploader.max_bytes, "")
        part_bytes = None if size is None else _part_bytes(size, announced.part_bytes)
        upload = self.store.create(policy.key, grant=policy.grant, media_type=policy.media_type)
        return self.sessions.add(
            UploadSession(
                identifier=identifier,
                bucket=bucket,
                created_by=caller.username,
                created_on=now,
                grant=policy.grant,
                store_upload=upload,
                max_bytes=uploader.max_bytes,
                owner_subject=caller.subject,
                size_in_bytes=size,
                part_bytes=part_bytes,
                crc32=file.checksums.crc32,
                due_on=now + SESSION_LIFETIME,
                expires_at=now + SESSION_LIFETIME + RESPONSE_LIFETIME,
            )
        )

    def _refuse_forbidden(self, file: RequestedUpload) -> None:
        sent = parse_sent_name(
            file.original_filename,
            file.relative_path,
            pointer="/originalFilename",
            path_pointer="/relativePath",
        )
        found = self.forbidden.find_announced(sent.name, file.received_media_type)
        if found is not None:
            raise UnsupportedTypeError(
                "media_type_forbidden",
                f"The file {sent.name[:100]!r} has the media type {found}, which is "
                "not accepted here.",
            )


def _part_bytes(size: int, part_bytes: int | None) -> int:
    """Return the size of the parts of a file of this size."""
    if part_bytes is None:
        return default_part_bytes(size)
    if not MIN_PART_BYTES <= part_bytes <= MAX_PART_BYTES or -(-size // part_bytes) > MAX_PARTS:
        raise InvalidError(
            "part_size_out_of_range",
            f"A part has {MIN_PART_BYTES} to {MAX_PART_BYTES} bytes, and a file at most "
            f"{MAX_PARTS} parts, which {part_bytes} bytes do not allow for a file of {size} bytes.",
            pointer="/metadata/partSizeInBytes",
        )
    return part_bytes
