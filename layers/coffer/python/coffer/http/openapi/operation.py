"""Rows of the tables of operations, and the error codes that many operations share.

Errors are written as text: names of groups, and each status followed by its codes, such as
`"RECORDS 404 metadata_not_found 410 metadata_deleted"`. Errors that follow from the access, the
parameters or the request body of an operation are added to those in its row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from functools import cached_property

from coffer.http.responses import JSON, JSON_API

FORM = "multipart/form-data"
ANY_TYPE = "*/*"
OCTET_STREAM = "application/octet-stream"
PLAIN_TEXT = "text/plain"
HTML = "text/html"


class Access(StrEnum):
    """Tokens that an operation requires."""

    ANYONE = "anyone"
    BEARER = "bearer token"
    PERMISSION = "permission token"


class Tag(StrEnum):
    """Groups of operations."""

    FILES = "files"
    RECORDS = "records"
    VOCABULARY = "vocabulary"
    EXPORTS = "exports"
    RAWSTORE = "rawstore"
    SERVICE = "service"


@dataclass(frozen=True)
class Body:
    """A request body: the name of its schema, and the media types that it can have."""

    schema: str
    media_types: tuple[str, ...] = (JSON_API, JSON)


@dataclass(frozen=True)
class Success:
    """A successful response. `content` has a schema for each media type; the first is the usual."""

    description: str
    content: Mapping[str, str] | None = None
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One operation. `parameters` are the names of parameters, separated by spaces."""

    identifier: str
    tag: Tag
    summary: str
    description: str
    _: KW_ONLY
    access: Access = Access.BEARER
    parameters: str = ""
    body: Body | None = None
    successes: Mapping[int, Success]
    errors: str = ""
    has_message: bool = False
    """True if error documents have the text that Uppy shows."""

    @cached_property
    def error_codes(self) -> Mapping[int, tuple[str, ...]]:
        """All error codes by status."""
        return _codes_by_status(" ".join([*self._implied(), self.errors]))

    def _implied(self) -> Iterator[str]:
        """Yield the errors that follow from the access, the parameters and the body."""
        yield f"429 500 internal_error 503 {_OF_ACCESS[self.access]}"
        if self.access is not Access.PERMISSION:
            if not self._ignores_accept():
                yield "406 not_acceptable"
                if self.access is Access.BEARER:
                    yield "400 unknown_parameter malformed_parameter"
            if self.body is not None:
                yield "413 415 unsupported_content_type"
                if JSON in self.body.media_types:
                    yield "400 malformed_json malformed_document"
        for name in self.parameters.split():
            yield _OF_PARAMETER.get(name, "")

    def _ignores_accept(self) -> bool:
        """True if the response is a file, or the headers of one."""
        success = self.successes.get(200)
        return success is not None and (success.content is None or OCTET_STREAM in success.content)


def json_api(status: int, description: str, schema: str, *headers: str) -> dict[int, Success]:
    """Return a successful response with a JSON:API document, by its status."""
    return {status: Success(description, {JSON_API: schema}, headers)}


def plain_json(description: str, schema: str) -> dict[int, Success]:
    """Return a successful response with other JSON, by its status."""
    return {200: Success(description, {JSON: schema})}


def file_content(*media_types: str) -> dict[str, str]:
    """Return the content of a response that is a file of these types.

    Generators of clients know a file by the type application/octet-stream, which is sent if Accept
    has it without the file's own type.
    """
    return dict.fromkeys((OCTET_STREAM, *media_types), "FileContent")


VALIDATORS = ("ETag", "Cache-Control")
"""Headers of a response with a record."""
NOT_MODIFIED = {304: Success("The caller has the current version.", headers=VALIDATORS)}
NO_CONTENT = {204: Success("Deleted.")}
REDIRECT = {
    307: Success(
        "The content is at Location.", {PLAIN_TEXT: "Sentence"}, ("Location", "Cache-Control")
    )
}

PLAIN_PATH = {308: Success("The path has a slash at the end.", headers=("Location",))}

_GROUPS: Mapping[str, str] = {
    "TOKEN": "401 token_required malformed_token invalid_token token_expired token_not_yet_valid "
    "token_without_expiry token_without_user",
    "GROUP_ROLE": "403 role_required",
    "RECORDS": "503 records_unavailable",
    "RECORDS_BUSY": "503 records_busy",
    "STORE": "503 store_unavailable",
    "BUCKET": "400 malformed_bucket",
    "IDENTIFIER": "400 malformed_identifier",
    "QUERY": "400 malformed_parameter unknown_attribute",
    "FILTERS": "400 malformed_parameter unknown_attribute too_many_comparisons",
    "DOCUMENT": "400 unknown_member unknown_attribute malformed_attribute more_problems "
    "409 type_conflict",
    "RELATIONSHIPS": "400 unknown_relationship malformed_relationship",
    "FILE_NAME": "422 empty_file file_name_too_long file_extension_too_long malformed_media_type "
    "relative_path_too_long unsafe_relative_path",
}
_OF_ACCESS = {
    Access.ANYONE: "",
    Access.BEARER: "TOKEN 401 wrong_audience wrong_token_use unusable_username "
    "reserved_username 403 realm_role_required "
    "503 identity_provider_unavailable",
    Access.PERMISSION: "TOKEN 403 wrong_service 404 no_such_route 503 auth_server_unavailable",
}
_ID_PARAMETERS = (
    "fileId uploadId metadataId derivativeId exportId objectSubtypeId changedObjectSubtypeId "
    "changedManagedAttributeId"
)
_OF_PARAMETER: Mapping[str, str] = {
    "bucket": "BUCKET",
    "ifMatch": "412 version_changed RECORDS_BUSY",
    "ifMatchFile": "412 precondition_failed",
    "idempotencyKey": "400 malformed_idempotency_key 409 idempotency_key_in_use "
    "422 idempotency_key_reused RECORDS_BUSY",
    **dict.fromkeys(_ID_PARAMETERS.split(), "IDENTIFIER"),
}
CONDITIONS = "ifMatchFile ifUnmodifiedSince ifNoneMatch ifModifiedSince"
"""The parameters of conditional downloads."""
UNROUTED_CODES = {
    403: ("relationship_method_not_allowed",),
    404: ("no_such_route",),
    405: ("method_not_allowed",),
}
"""Errors of requests that match no route, by status."""


def _codes_by_status(errors: str) -> Mapping[int, tuple[str, ...]]:
    """Return the codes by status, each code once, in the order of the statuses."""
    codes: dict[int, dict[str, None]] = {}
    status = 0
    for word in re.sub(r"\b[A-Z_]+\b", lambda found: _GROUPS[found[0]], errors).split():
        if word.isdigit():
            status = int(word)
            codes.setdefault(status, {})
        else:
            codes[status][word] = None
    return {status: tuple(words) for status, words in sorted(codes.items())}
