"""JSON:API 1.1 documents: reading those that callers send, writing those they get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from coffer import __version__
from coffer.domain.errors import ConflictError, MalformedRequestError, Problem
from coffer.http.requests import Request
from coffer.http.responses import Response

API_ROOT = "/api/v1"
_MAX_NAME = 100


@dataclass(frozen=True, kw_only=True)
class ResourceDocument:
    """The primary resource of a request: its attributes, and the ids its relationships name."""

    attributes: Mapping[str, Any]
    relationships: Mapping[str, Any]


def read_resource(request: Request, kind: str) -> ResourceDocument:
    """The resource of type `kind` that the body holds; raises a RequestError otherwise."""
    return resource_of(request.json(), kind)


def resource_of(document: Any, kind: str) -> ResourceDocument:
    """The resource of type `kind` that a document holds; raises a RequestError otherwise."""
    data = _object(document, "data", "")
    given = data.get("type")
    if given != kind:
        raise ConflictError(
            "type_conflict",
            f"This takes resources of type {str(kind)!r}, not {str(given)[:60]!r}.",
            pointer="/data/type",
        )
    unknown = [name for name in data if name not in _MEMBERS]
    if unknown:
        raise MalformedRequestError.of(
            [
                Problem("unknown_member", f"{name[:60]!r} is no member of a resource.", "/data")
                for name in unknown
            ]
        )
    return ResourceDocument(
        attributes=_object(data, "attributes", "/data"),
        relationships=_object(data, "relationships", "/data", optional=True),
    )


def read_changes(request: Request, kind: str, identifier: str) -> ResourceDocument:
    """What the body changes of the resource `kind`/`identifier`, which it has to name itself."""
    document = request.json()
    data = document.get("data") if isinstance(document, dict) else None
    if isinstance(data, dict):
        data.setdefault("attributes", {})
    changes = resource_of(document, kind)
    check_identifier(document, identifier)
    return changes


def check_identifier(document: Any, identifier: str) -> None:
    """Raise `MalformedRequestError` if the id of a document's resource is not `identifier`."""
    if str(document["data"].get("id")).lower() != identifier:
        raise MalformedRequestError(
            "wrong_identifier",
            "The id of the document is not the one of the path.",
            pointer="/data/id",
        )


_MEMBERS = frozenset({"type", "id", "lid", "attributes", "relationships", "links", "meta"})


def _object(container: Any, name: str, where: str, *, optional: bool = False) -> Mapping[str, Any]:
    value = container.get(name) if isinstance(container, dict) else None
    if value is None and optional:
        return {}
    if not isinstance(value, dict):
        raise MalformedRequestError(
            "malformed_document",
            f"A JSON:API document with an object {name!r} is needed here.",
            pointer=f"{where}/{name}",
        )
    return value


def pointer_to(where: str, name: str) -> str:
    """The pointer to the member `name` of the object at `where` (RFC 6901, sections 3 and 4).

    An endless name is not repeated: the object itself is pointed at.
    """
    if len(name) > _MAX_NAME:
        return where
    return f"{where}/{name.replace('~', '~0').replace('/', '~1')}"


def resource(
    kind: str,
    identifier: str,
    attributes: Mapping[str, Any],
    *,
    relationships: Mapping[str, Any] | None = None,
    warnings: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A resource object."""
    document: dict[str, Any] = {"id": identifier, "type": kind, "attributes": dict(attributes)}
    if relationships:
        document["relationships"] = dict(relationships)
    if warnings:
        document["meta"] = {"warnings": dict(warnings)}
    return document


def resource_response(
    request: Request,
    data: Mapping[str, Any],
    *,
    version: int,
    created: bool = False,
    included: Sequence[Mapping[str, Any]] | None = None,
) -> Response:
    """A document with one resource: 200, or 201 with its Location when it has just been made.

    The ETag is the record's version (RFC 9110, 8.8.3); `If-None-Match` of the same answers 304,
    unless other records are included, of which the version says nothing.
    """
    url = f"{request.base_url}{API_ROOT}/{data['type']}/{data['id']}"
    tag = f'"{version}"'
    if not created and included is None and tag_matches(request.header("if-none-match"), tag):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    headers = {"ETag": tag} | ({"Location": url} if created else {})
    others = {} if included is None else {"included": list(included)}
    meta = {"moduleVersion": __version__}
    return Response.of_json(
        {"data": data, **others, "links": {"self": url}, "meta": meta},
        status=HTTPStatus.CREATED if created else HTTPStatus.OK,
        headers=headers,
    )


def deleted_response() -> Response:
    """The resource is gone: 204, without a word."""
    return Response(status=HTTPStatus.NO_CONTENT)


def tag_matches(header: str, tag: str) -> bool:
    """Whether an If-None-Match header names this entity tag, by weak comparison (RFC 9110)."""
    named = {piece.strip().removeprefix("W/") for piece in header.split(",")} if header else set()
    return tag in named or "*" in named
