"""The upload grant: what the caller was allowed to upload, carried by the upload itself.

Presigning writes nothing. Who uploads, the original name and the rest travel with the object in
one signed field, `x-amz-meta-coffer-grant`: compact UTF-8 JSON in base64url without padding. The
POST policy pins it, so S3 refuses any other value. S3 allows 2 KB of user metadata
(AWS, "Working with object metadata"): name and value together stay within 2,048 bytes.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from coffer.domain.buckets import parse_bucket
from coffer.domain.errors import InvalidError, RequestError
from coffer.domain.file_names import admit_name
from coffer.domain.uploads.rules import admit_media_type

METADATA_NAME = "coffer-grant"
FIELD = f"x-amz-meta-{METADATA_NAME}"
MAX_BYTES = 2048


class GrantError(ValueError):
    """The object does not carry a grant that Coffer signed."""


@dataclass(frozen=True, kw_only=True)
class UploadGrant:
    """What one presigned upload may become. `bucket` is spelled as the uploader spelled it."""

    bucket: str
    created_by: str
    original_filename: str
    received_media_type: str | None = None
    is_derivative: bool = False

    def encode(self, *, pointer: str | None = None) -> str:
        """The field's value; InvalidError where it would not fit S3's user metadata."""
        short = {
            "b": self.bucket,
            "u": self.created_by,
            "n": self.original_filename,
            "t": self.received_media_type,
            "d": self.is_derivative or None,
        }
        given = {name: value for name, value in short.items() if value is not None}
        text = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
        value = urlsafe_b64encode(text.encode()).decode().rstrip("=")
        size = len(FIELD) + len(value)
        if size > MAX_BYTES:
            raise InvalidError(
                "upload_grant_too_long",
                "The file name, the media type and the user name together are too long to be "
                f"signed into an upload: {size} bytes of {MAX_BYTES}.",
                pointer=pointer,
            )
        return value

    @classmethod
    def decode(cls, value: str | None) -> UploadGrant:
        """The grant that `encode` wrote; GrantError for anything else."""
        if not value:
            raise GrantError("the object carries no grant")
        try:
            short = json.loads(urlsafe_b64decode(value + "=" * (-len(value) % 4)))
            grant = cls(
                bucket=short["b"],
                created_by=short["u"],
                original_filename=short["n"],
                received_media_type=short.get("t"),
                is_derivative=bool(short.get("d", False)),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise GrantError("the object carries a grant that cannot be read") from error
        texts = (grant.bucket, grant.created_by, grant.original_filename)
        if not all(isinstance(text, str) for text in texts) or not isinstance(
            grant.received_media_type, str | None
        ):
            raise GrantError("the object carries a grant of other values")
        grant._check()
        return grant

    def _check(self) -> None:
        """Hold the values to what an offer admits: whoever else writes below `incoming/` could
        otherwise have a file kept that nobody can address, or that the store cannot take."""
        try:
            parse_bucket(self.bucket)
            admitted = (
                admit_name(self.original_filename),
                admit_media_type(self.received_media_type),
            )
            self.created_by.encode()
        except (RequestError, UnicodeEncodeError) as error:
            raise GrantError("the object carries a grant that no offer makes") from error
        if admitted != (self.original_filename, self.received_media_type):
            raise GrantError("the object carries a grant that no offer makes")
