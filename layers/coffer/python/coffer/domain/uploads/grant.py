"""The signed field of a form that says who uploads which file into which bucket.

A presigned POST writes no record. The S3 object itself carries who uploads, the original name and
the rest in `x-amz-meta-coffer-grant`: compact UTF-8 JSON in base64url without padding. The POST
policy fixes its value, so S3 refuses any other. S3 allows 2 KB of user metadata (AWS, "Working
with object metadata"), so name and value together have at most 2,048 bytes.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from coffer.domain.buckets import parse_bucket
from coffer.domain.errors import InvalidError, RequestError
from coffer.domain.file_names import is_folder, parse_file_name
from coffer.domain.media_types import parse_media_type

METADATA_NAME = "coffer-grant"
GRANT_FIELD = f"x-amz-meta-{METADATA_NAME}"
MAX_GRANT_BYTES = 2048


class GrantError(ValueError):
    """The object does not carry a grant that Coffer signed."""


@dataclass(frozen=True, kw_only=True)
class UploadGrant:
    """The record attributes of a presigned upload. `bucket` has the uploader's spelling."""

    bucket: str
    created_by: str
    original_filename: str
    folder: str | None = None
    received_media_type: str | None = None
    is_derivative: bool = False

    def encode(self, *, pointer: str | None = None) -> str:
        """Return the field's value; raise InvalidError if it exceeds S3's user metadata."""
        members = {
            "b": self.bucket,
            "u": self.created_by,
            "n": self.original_filename,
            "f": self.folder,
            "t": self.received_media_type,
            "d": self.is_derivative or None,
        }
        document = {name: value for name, value in members.items() if value is not None}
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        value = urlsafe_b64encode(text.encode()).decode().rstrip("=")
        size = len(GRANT_FIELD) + len(value)
        if size > MAX_GRANT_BYTES:
            raise InvalidError(
                "upload_grant_too_long",
                "The file name, its relative path, the media type and the user name together are "
                f"too long to be signed into an upload: {size} bytes of {MAX_GRANT_BYTES}.",
                pointer=pointer,
            )
        return value

    @classmethod
    def decode(cls, value: str | None) -> UploadGrant:
        """Parse a value that `encode` returned; raise GrantError for anything else."""
        if not value:
            raise GrantError("the object carries no grant")
        try:
            members = json.loads(urlsafe_b64decode(value + "=" * (-len(value) % 4)))
            grant = cls(
                bucket=members["b"],
                created_by=members["u"],
                original_filename=members["n"],
                folder=members.get("f"),
                received_media_type=members.get("t"),
                is_derivative=bool(members.get("d", False)),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise GrantError("the grant is not base64url of a JSON object") from error
        texts = (grant.bucket, grant.created_by, grant.original_filename)
        others = (grant.folder, grant.received_media_type)
        if not all(isinstance(text, str) for text in texts) or not all(
            isinstance(text, str | None) for text in others
        ):
            raise GrantError("the grant has a member of the wrong type")
        grant._validate()
        return grant

    def _validate(self) -> None:
        """Raise GrantError for values that `create_presigned_uploads` would refuse.

        Anyone who can write below `incoming/` could otherwise store a file that has no valid
        address, or values that the tables cannot store.
        """
        try:
            parse_bucket(self.bucket)
            parsed = (
                parse_file_name(self.original_filename),
                parse_media_type(self.received_media_type),
            )
            self.created_by.encode()
        except (RequestError, UnicodeEncodeError) as error:
            raise GrantError("the grant has a value that is never signed") from error
        is_signed = self.folder is None or is_folder(self.folder, self.original_filename)
        if parsed != (self.original_filename, self.received_media_type) or not is_signed:
            raise GrantError("the grant has a value that is never signed")
