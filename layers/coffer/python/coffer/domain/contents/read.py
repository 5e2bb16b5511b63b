"""List the members of a stored archive for a caller who may read its record."""

from __future__ import annotations

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
# Zip archives that the table of media types does not have as such.
_MORE_ZIPS = frozenset(
    f"application/vnd.apple.{name}"
    for name in ("numbers.18", "pages.18", "keynote.18", "keynote.13", "unknown.13")
)


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

    The detected media type decides that: also documents that are zip archives have members. At
    most four ranges and 256 KiB are read. Raises NotFoundError for a file that is not stored,
    InvalidError for one that has no members or whose members cannot be listed, and
    MalformedRequestError for a position of another file.
    """
    identifier = upload.file_identifier
    if not upload.is_readable:
        reason = upload.rejection.detail if upload.rejection else "it was refused"
        raise NotFoundError("file_rejected", f"The file {identifier} is not kept: {reason}")
    detected = base_type(upload.content.detected_media_type)
    is_zip = is_a(detected, _ZIP) or detected in _MORE_ZIPS
    if not is_zip and not is_a(detected, _TAR):
        raise InvalidError(
            "listing_not_supported",
            f"The file {identifier} is {detected}. Members can be listed of zip archives, of "
            "documents that are zip archives, and of tar archives without compression.",
        )
    reads = BoundedReads(_Stored(store, upload))
    try:
        return (list_zip if is_zip else list_tar)(reads, position, limit)
    except DamagedArchiveError as error:
        raise archive_damaged(str(error)) from error
    except ObjectMissingError as error:
        detail = f"The bytes of the file {identifier} are missing. Please report this file."
        raise NotFoundError("file_missing", detail) from error
