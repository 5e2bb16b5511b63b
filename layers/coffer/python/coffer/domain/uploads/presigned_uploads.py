"""Upload offers: presigned forms with which a browser puts files straight into S3 (flow 2).

Offering writes nothing: everything the upload will need travels in its signed grant, so an upload
that never happens leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from coffer.domain.callers import Caller, Role
from coffer.domain.clock import Clock
from coffer.domain.errors import InvalidError, Problem, RequestError, TooLargeError
from coffer.domain.file_names import admit_name
from coffer.domain.identifiers import new_identifier
from coffer.domain.uploads.grant import UploadGrant
from coffer.domain.uploads.record import incoming_key
from coffer.domain.uploads.rules import admit_media_type

MAX_FILES = 1000


@dataclass(frozen=True, kw_only=True)
class Checksums:
    """What the client says its bytes add up to; S3 verifies it. At most one is given, in lower-case
    hexadecimal; `md5` (16 bytes in base64) is verified besides, as Content-MD5."""

    sha1_hex: str | None = None
    sha256_hex: str | None = None
    crc32: str | None = None
    md5: str | None = None


@dataclass(frozen=True, kw_only=True)
class FileAnnouncement:
    """One file that a caller wants to upload."""

    original_filename: str
    received_media_type: str | None = None
    size_in_bytes: int | None = None
    is_derivative: bool = False
    checksums: Checksums = Checksums()


@dataclass(frozen=True, kw_only=True)
class AllowedUpload:
    """One upload, as the store's policy is to allow it: exactly this, for a while."""

    key: str
    grant: str
    media_type: str | None
    least_bytes: int
    most_bytes: int
    checksums: Checksums


@dataclass(frozen=True, kw_only=True)
class SignedForm:
    """A form to post: the fields in order, the file follows as the last."""

    url: str
    fields: dict[str, str]
    expires: datetime


@dataclass(frozen=True, kw_only=True)
class UploadOffer:
    """The identifier that a file will have, and the form that uploads it."""

    file_identifier: str
    form: SignedForm


class UploadForms(Protocol):
    """What signs forms."""

    def sign(self, uploads: Sequence[AllowedUpload], now: datetime) -> list[SignedForm]:
        """A form for each upload, in order, that lets anyone who has it post exactly that."""
        ...


def offer_uploads(
    forms: UploadForms,
    clock: Clock,
    caller: Caller,
    announcements: Sequence[FileAnnouncement],
    *,
    bucket: str,
    max_bytes: int,
) -> list[UploadOffer]:
    """An offer for each announced file, in order, or a RequestError with all their problems."""
    caller.require_role(Role.GUEST, bucket)
    if not announcements:
        raise InvalidError("no_files", "At least one file must be named.", pointer="/files")
    if len(announcements) > MAX_FILES:
        raise TooLargeError(
            "too_many_files",
            f"{len(announcements)} files were named; at most {MAX_FILES} fit one request.",
            pointer="/files",
        )
    identifiers = [new_identifier(clock) for _ in announcements]
    allowed = _allow_all(announcements, identifiers, caller, bucket, max_bytes)
    signed = forms.sign(allowed, clock.now())
    return [
        UploadOffer(file_identifier=identifier, form=form)
        for identifier, form in zip(identifiers, signed, strict=True)
    ]


def _allow_all(
    announcements: Sequence[FileAnnouncement],
    identifiers: Sequence[str],
    caller: Caller,
    bucket: str,
    max_bytes: int,
) -> list[AllowedUpload]:
    allowed: list[AllowedUpload] = []
    problems: list[Problem] = []
    too_large = False
    for index, (file, identifier) in enumerate(zip(announcements, identifiers, strict=True)):
        try:
            allowed.append(_allow(file, identifier, caller, bucket, max_bytes, f"/files/{index}"))
        except RequestError as error:
            problems.extend(error.problems)
            too_large = too_large or isinstance(error, TooLargeError)
    if problems:
        only_too_large = too_large and all(p.code == "file_too_large" for p in problems)
        raise (TooLargeError if only_too_large else InvalidError).of(problems)
    return allowed


def _allow(
    file: FileAnnouncement,
    identifier: str,
    caller: Caller,
    bucket: str,
    max_bytes: int,
    pointer: str,
) -> AllowedUpload:
    name = admit_name(file.original_filename, pointer=f"{pointer}/originalFilename")
    media_type = admit_media_type(file.received_media_type, pointer=f"{pointer}/receivedMediaType")
    least, most = _size_range(file.size_in_bytes, max_bytes, f"{pointer}/sizeInBytes")
    grant = UploadGrant(
        bucket=bucket,
        created_by=caller.username,
        original_filename=name,
        received_media_type=media_type,
        is_derivative=file.is_derivative,
    )
    return AllowedUpload(
        key=incoming_key(bucket, identifier),
        grant=grant.encode(pointer=pointer),
        media_type=media_type,
        least_bytes=least,
        most_bytes=most,
        checksums=file.checksums,
    )


def _size_range(size: int | None, max_bytes: int, pointer: str) -> tuple[int, int]:
    """The smallest and largest size the policy lets through: exactly `size` when it is known."""
    if size is None:
        return 1, max_bytes
    if size == 0:
        raise InvalidError("empty_file", "Can't store empty file.", pointer=pointer)
    if size > max_bytes:
        raise TooLargeError(
            "file_too_large",
            f"The file has {size} bytes; one form takes at most {max_bytes}.",
            pointer=pointer,
        )
    return size, size
