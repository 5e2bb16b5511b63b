"""Create presigned POSTs, with which a browser uploads files directly to S3.

Nothing is written: all that the upload needs later is in its signed grant. An upload that never
happens leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import InvalidError, Problem, RequestError, TooLargeError
from coffer.domain.file_names import parse_sent_name
from coffer.domain.identifiers import new_identifier
from coffer.domain.media_types import parse_media_type
from coffer.domain.permissions.rights import OBJECT_UPLOAD, Permission, require_right
from coffer.domain.uploads.grant import UploadGrant
from coffer.domain.uploads.object_keys import incoming_key

MAX_FILES = 1000


@dataclass(frozen=True, kw_only=True)
class Checksums:
    """Checksums that S3 verifies: at most one of the first three, in lower-case hexadecimal.

    `md5` (16 bytes in base64) may be given too; it becomes Content-MD5.
    """

    sha1_hex: str | None = None
    sha256_hex: str | None = None
    crc32: str | None = None
    md5: str | None = None


@dataclass(frozen=True, kw_only=True)
class RequestedUpload:
    """One file that a caller wants to upload."""

    original_filename: str
    relative_path: str | None = None
    received_media_type: str | None = None
    size_in_bytes: int | None = None
    is_derivative: bool = False
    checksums: Checksums = Checksums()


@dataclass(frozen=True, kw_only=True)
class UploadPolicy:
    """The conditions of one presigned POST: S3 refuses every other upload."""

    key: str
    grant: str
    media_type: str | None
    min_bytes: int
    max_bytes: int
    checksums: Checksums


@dataclass(frozen=True, kw_only=True)
class PresignedPost:
    """A form to post to S3: first these fields in their order, then the file."""

    url: str
    fields: dict[str, str]
    expires: datetime


@dataclass(frozen=True, kw_only=True)
class PresignedUpload:
    """The identifier that a file will have, and the form that uploads it."""

    file_identifier: str
    post: PresignedPost


class PresignedPosts(Protocol):
    """Signs POST forms for the object store."""

    def sign(self, policies: Sequence[UploadPolicy], now: datetime) -> list[PresignedPost]:
        """Return a form for each policy, in order. Anyone with a form can post that upload."""
        ...


def create_presigned_uploads(
    posts: PresignedPosts,
    clock: Clock,
    caller: Caller,
    files: Sequence[RequestedUpload],
    *,
    bucket: str,
    max_bytes: int,
) -> list[PresignedUpload]:
    """Return a presigned upload for each file, in order; raise RequestError with all problems."""
    require_right(caller, OBJECT_UPLOAD, Permission.CREATE, group=bucket)
    if not files:
        raise InvalidError("no_files", "At least one file must be named.", pointer="/files")
    if len(files) > MAX_FILES:
        raise TooLargeError(
            "too_many_files",
            f"{len(files)} files were named; at most {MAX_FILES} fit one request.",
            pointer="/files",
        )
    identifiers = [new_identifier(clock) for _ in files]
    policies = _policies(files, identifiers, caller, bucket, max_bytes)
    signed = posts.sign(policies, clock.now())
    return [
        PresignedUpload(file_identifier=identifier, post=post)
        for identifier, post in zip(identifiers, signed, strict=True)
    ]


def _policies(
    files: Sequence[RequestedUpload],
    identifiers: Sequence[str],
    caller: Caller,
    bucket: str,
    max_bytes: int,
) -> list[UploadPolicy]:
    policies: list[UploadPolicy] = []
    problems: list[Problem] = []
    for index, (file, identifier) in enumerate(zip(files, identifiers, strict=True)):
        try:
            pointer = f"/files/{index}"
            policies.append(upload_policy(file, identifier, caller, bucket, max_bytes, pointer))
        except RequestError as error:
            problems.extend(error.problems)
    if problems:
        are_too_large = all(problem.code == "file_too_large" for problem in problems)
        raise (TooLargeError if are_too_large else InvalidError).of(problems)
    return policies


def upload_policy(
    file: RequestedUpload,
    identifier: str,
    caller: Caller,
    bucket: str,
    max_bytes: int,
    pointer: str,
) -> UploadPolicy:
    """Return the policy of one file; raise RequestError with pointers below `pointer`."""
    folder, name = parse_sent_name(
        file.original_filename,
        file.relative_path,
        pointer=f"{pointer}/originalFilename",
        path_pointer=f"{pointer}/relativePath",
    )
    media_type = parse_media_type(file.received_media_type, pointer=f"{pointer}/receivedMediaType")
    min_size, max_size = _size_range(file.size_in_bytes, max_bytes, f"{pointer}/sizeInBytes")
    grant = UploadGrant(
        bucket=bucket,
        created_by=caller.username,
        original_filename=name,
        folder=folder,
        received_media_type=media_type,
        is_derivative=file.is_derivative,
    )
    return UploadPolicy(
        key=incoming_key(bucket, identifier),
        grant=grant.encode(pointer=pointer),
        media_type=media_type,
        min_bytes=min_size,
        max_bytes=max_size,
        checksums=file.checksums,
    )


def _size_range(size: int | None, max_bytes: int, pointer: str) -> tuple[int, int]:
    """Return the minimum and maximum size in bytes: exactly `size` if it is known."""
    if size is None:
        return 1, max_bytes
    if size == 0:
        raise InvalidError("empty_file", "Can't store empty file.", pointer=pointer)
    if size > max_bytes:
        raise TooLargeError(
            "file_too_large",
            f"The file has {size} bytes; at most {max_bytes} are allowed.",
            pointer=pointer,
        )
    return size, size
