"""Look up a stored file by its name in the store, for `get_file_info`.

The name is the identifier with the extension. As in the reference, only super users of the group
may do so.
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
    """The length in bytes and the media type of a stored file."""

    length: int
    content_type: str


def find_file_info(
    uploads: Uploads,
    catalogue: Catalogue,
    store: ObjectDownloads,
    caller: Caller,
    bucket: str,
    filename: str,
    *,
    is_derivative: bool,
) -> FileInfo:
    """Return the length and type of the file with this name; raise NotFoundError if none has it."""
    caller.require_role(Role.SUPER_USER, bucket)
    not_found = NotFoundError("file_not_found", f"{filename[:100]} or bucket: {bucket} not found")
    identifier, dot, extension = filename.partition(".")
    if not is_identifier(identifier):
        raise not_found
    upload = uploads.get(identifier.lower())
    if upload is None and is_derivative:
        found = _thumbnail(catalogue, bucket, filename.lower())
    elif (
        upload is not None
        and upload.is_readable
        and upload.is_derivative is is_derivative
        and bucket_key(upload.bucket) == bucket_key(bucket)
        and upload.content.evaluated_file_extension == dot + extension
    ):
        found = str(upload.object_key), upload.content.evaluated_media_type
    else:
        found = None
    if found is None:
        raise not_found
    key, content_type = found
    try:
        return FileInfo(length=store.describe(key).size_bytes, content_type=content_type)
    except ObjectMissingError as error:
        raise not_found from error


def _thumbnail(catalogue: Catalogue, bucket: str, filename: str) -> tuple[str, str] | None:
    """Return the key and media type of the generated thumbnail with this name, or None."""
    derivative = catalogue.derivative(filename.partition(".")[0])
    if (
        derivative is None
        or derivative.deleted_on is not None
        or bucket_key(derivative.bucket) != bucket_key(bucket)
        or filename != f"{derivative.file_identifier}{derivative.file_extension}"
    ):
        return None
    return derivative.object_key, derivative.dc_format
