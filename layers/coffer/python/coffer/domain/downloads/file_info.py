"""File info: whether a file is there in the store itself, by the name that it is kept under.

For super users of its group, as in the reference: that name is the identifier with the extension.
"""

from __future__ import annotations

from dataclasses import dataclass

from coffer.domain.buckets import bucket_key
from coffer.domain.callers import Caller, Role
from coffer.domain.downloads.ports import ObjectDownloads
from coffer.domain.errors import NotFoundError, ObjectMissingError
from coffer.domain.identifiers import is_identifier
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.uploads.ports import Uploads


@dataclass(frozen=True, kw_only=True)
class FileInfo:
    """A file in the store: its length in bytes, and its media type."""

    length: int
    content_type: str


@dataclass(frozen=True, kw_only=True)
class FileInspection:
    """The parts of the world that know of files."""

    uploads: Uploads
    catalogue: Catalogue
    store: ObjectDownloads

    def look(self, caller: Caller, bucket: str, filename: str, *, is_derivative: bool) -> FileInfo:
        """What is in the store under this name; NotFoundError where nothing is."""
        caller.require_role(Role.SUPER_USER, bucket)
        missing = NotFoundError("file_not_found", f"{filename[:100]} or bucket: {bucket} not found")
        kept = self._kept(bucket, filename, is_derivative=is_derivative)
        if kept is None:
            raise missing
        key, content_type = kept
        try:
            return FileInfo(length=self.store.size(key), content_type=content_type)
        except ObjectMissingError as error:
            raise missing from error

    def _kept(self, bucket: str, filename: str, *, is_derivative: bool) -> tuple[str, str] | None:
        """Key and media type of the file, or thumbnail, that is kept under this name."""
        identifier, dot, extension = filename.partition(".")
        if not is_identifier(identifier):
            return None
        upload = self.uploads.get(identifier.lower())
        if upload is None:
            return self._thumbnail(bucket, filename.lower()) if is_derivative else None
        if (
            not upload.is_readable
            or upload.is_derivative is not is_derivative
            or bucket_key(upload.bucket) != bucket_key(bucket)
            or upload.content.evaluated_file_extension != dot + extension
        ):
            return None
        return str(upload.object_key), upload.content.evaluated_media_type

    def _thumbnail(self, bucket: str, filename: str) -> tuple[str, str] | None:
        derivative = self.catalogue.derivative(filename.partition(".")[0])
        if (
            derivative is None
            or derivative.deleted_on is not None
            or bucket_key(derivative.bucket) != bucket_key(bucket)
            or filename != f"{derivative.file_identifier}{derivative.file_extension}"
        ):
            return None
        return derivative.object_key, derivative.dc_format
