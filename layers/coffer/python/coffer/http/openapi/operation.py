"""What is said of a route: the words that the tables of operations are written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from coffer.http.openapi.errors import Refusals
from coffer.http.responses import JSON, JSON_API

FORM = "multipart/form-data"
ANY_TYPE = "*/*"
PLAIN_TEXT = "text/plain"
HTML = "text/html"


class Access(StrEnum):
    """Who may call a route at all; what they may do with it follows from their roles."""

    ANYONE = "anyone"
    BEARER = "bearer token"
    PERMISSION = "permission token"


class Tag(StrEnum):
    """The chapters of the API."""

    FILES = "files"
    RECORDS = "records"
    VOCABULARY = "vocabulary"
    EXPORTS = "exports"
    RAWSTORE = "rawstore"
    SERVICE = "service"


@dataclass(frozen=True, kw_only=True)
class Body:
    """What a route takes: a schema by name, and the types it may be sent as."""

    schema: str
    media_types: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Success:
    """A good answer: its body's schema by media type (empty: any content), and its headers."""

    description: str
    content: Mapping[str, str] | None = None
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One route. `refusals` are the codes of its errors, by status."""

    identifier: str
    tag: Tag
    access: Access
    summary: str
    description: str
    parameters: tuple[str, ...] = ()
    body: Body | None = None
    successes: Mapping[int, Success]
    refusals: Refusals


JSON_API_BODY = (JSON_API, JSON)
UNCHANGED = Success(description="The caller has it already.", headers=("ETag",))
