"""List the members of a stored archive for a caller who may read its record."""

from __future__ import annotations

from collections.abc import Callable

from coffer.domain.contents.reads import BoundedReads
from coffer.domain.contents.record import (
    DamagedArchiveError,
    MembersPage,
    Position,
    archive_damaged,
)
from coffer.domain.contents.tar_headers import list_tar
from coffer.domain.contents.zip_directory import list_zip
from coffer.domain.detection import is_a
from coffer.domain.downloads.ports import ObjectDownloads
from coffer.domain.errors import InvalidError, NotFoundError, ObjectMissingError
from coffer.domain.media_types import base_type
from coffer.domain.uploads.record import ObjectUpload

_ZIP, _TAR = "application/zip", "application/x-tar"
_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


class _Stored:
    """The stored object as a reader of ranges."""

    def __init__(self, store: ObjectDownloads, upload: ObjectUpload) -> None:
        self._store = store
        self._key = str(upload.object_key)
        self.size_bytes = upload.content.size_in_bytes

    def read(self, start: int, length: int) -> bytes:
        return self._store.read(self._key, start, length)


def list_members(
    store: ObjectDownloads, upload: ObjectUpload, position: Position, limit: int
) -> MembersPage:
    """Return a page of the members of an upload that is a zip or tar archive.

    Also documents that are zip archives have members. At most four ranges and 256 KiB are read.
    Raises NotFoundError for a file that is not stored, InvalidError for one that has no members or
    whose members cannot be listed, and MalformedRequestError for a position of another file.
    """
    identifier = upload.file_identifier
    if not upload.is_readable:
        reason = upload.rejection.detail if upload.rejection else "it was refused"
        raise NotFoundError("file_rejected", f"The file {identifier} is not kept: {reason}")
    reads = BoundedReads(_Stored(store, upload))
    try:
        list_format = _list_of_format(reads, upload)
        return list_format(reads, position, limit)
    except DamagedArchiveError as error:
        raise archive_damaged(str(error)) from error
    except ObjectMissingError as error:
        detail = f"The bytes of the file {identifier} are missing. Please report this file."
        raise NotFoundError("file_missing", detail) from error


def _list_of_format(
    reads: BoundedReads, upload: ObjectUpload
) -> Callable[[BoundedReads, Position, int], MembersPage]:
    """Return the function that lists archives of the upload's format; raise InvalidError."""
    detected = base_type(upload.content.detected_media_type)
    if is_a(detected, _TAR):
        return list_tar
    # A zip archive can declare a media type that no table has, in its member `mimetype`.
    if is_a(detected, _ZIP) or reads.read(0, 4) in _ZIP_MARKS:
        return list_zip
    raise InvalidError(
        "listing_not_supported",
        f"The file {upload.file_identifier} is {detected}. Members can be listed of zip archives, "
        "of documents that are zip archives, and of tar archives without compression.",
    )
