"""JSON:API 1.1 documents: parse request bodies, and build responses with one resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from coffer import __version__
from coffer.domain.errors import ConflictError, MalformedRequestError, Problem
from coffer.domain.fields import Relationship
from coffer.http.conditions import names_tag
from coffer.http.requests import Request
from coffer.http.responses import Response

API_ROOT = "/api/v1"
_MAX_NAME_LENGTH = 100
_REVALIDATED = {"Cache-Control": "private, max-age=0, must-revalidate"}
_MEMBERS = frozenset({"type", "id", "lid", "attributes", "relationships", "links", "meta"})


@dataclass(frozen=True, kw_only=True)
class ResourceDocument:
    """The resource of a request body, with values as JSON has them."""

    identifier: Any
    attributes: Mapping[str, Any]
    relationships: Mapping[str, Any]


def parse_resource(
    document: Any, resource_type: str, *, needs_attributes: bool = True
) -> ResourceDocument:
    """Return the resource of a document; raise a `RequestError` if it is malformed.

    Without `needs_attributes`, the resource may lack the member `attributes`.
    """
    data = _object(document, "data", "")
    given = data.get("type")
    if given != resource_type:
        raise ConflictError(
            "type_conflict",
            f"This takes resources of type {str(resource_type)!r}, not {str(given)[:60]!r}.",
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
    has_attributes = needs_attributes or "attributes" in data
    has_relationships = data.get("relationships") is not None
    return ResourceDocument(
        identifier=data.get("id"),
        attributes=_object(data, "attributes", "/data") if has_attributes else {},
        relationships=_object(data, "relationships", "/data") if has_relationships else {},
    )


def resource_type_of(document: Any) -> str:
    """Return the type of a document's resource, "" if it is no text."""
    given = _object(document, "data", "").get("type")
    return given if isinstance(given, str) else ""


def read_resource(request: Request, resource_type: str) -> ResourceDocument:
    """Return the resource of the request body; raise a `RequestError` if it is malformed."""
    return parse_resource(request.json(), resource_type)


def read_changes(request: Request, resource_type: str, identifier: str) -> ResourceDocument:
    """Return the resource of the request body, which changes the record `identifier`."""
    document = parse_resource(request.json(), resource_type, needs_attributes=False)
    check_identifier(document, identifier)
    return document


def check_identifier(document: ResourceDocument, identifier: str) -> None:
    """Raise `MalformedRequestError` if the id of the resource is not `identifier`."""
    if str(document.identifier).lower() != identifier:
        raise MalformedRequestError(
            "wrong_identifier",
            "The id of the document must be the id of the path.",
            pointer="/data/id",
        )


def _object(container: Any, name: str, pointer: str) -> Mapping[str, Any]:
    value = container.get(name) if isinstance(container, dict) else None
    if not isinstance(value, dict):
        raise MalformedRequestError(
            "malformed_document",
            f"A JSON:API document with an object {name!r} is needed here.",
            pointer=f"{pointer}/{name}",
        )
    return value


def pointer_to(pointer: str, name: str) -> str:
    """Return the pointer to a member of the object at `pointer` (RFC 6901, sections 3 and 4).

    Returns the pointer to the object itself if the name is very long.
    """
    if len(name) > _MAX_NAME_LENGTH:
        return pointer
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def resource(
    resource_type: str,
    identifier: str,
    attributes: Mapping[str, Any],
    *,
    relationships: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a resource object."""
    data = {"id": identifier, "type": resource_type, "attributes": dict(attributes)}
    return data | ({"relationships": dict(relationships)} if relationships else {})


def resource_url(base_url: str, resource_type: str, identifier: str) -> str:
    """Return the address of a resource."""
    return f"{base_url}{API_ROOT}/{resource_type}/{identifier}"


def relationship_links(url: str, relationship: Relationship) -> dict[str, str]:
    """Return the links of a relationship of the resource at `url` (JSON:API 1.1, 7.2.2.2).

    There is no `related` if another service has the related resource.
    """
    links = {"self": f"{url}/relationships/{relationship.name}"}
    return links if relationship.is_external else links | {"related": f"{url}/{relationship.name}"}


def resource_response(
    request: Request,
    data: Mapping[str, Any],
    *,
    version: int | str,
    created: bool = False,
    included: Sequence[Mapping[str, Any]] | None = None,
) -> Response:
    """Return a response with one resource: 200, or 201 with its Location if it was created.

    The ETag is the version of the record (RFC 9110, 8.8.3). If `If-None-Match` has it, the response
    is 304, unless it includes other records, which may have changed. A cache has to ask each time:
    axios-cache-interceptor, which dina-ui uses, would else show a deleted record from its cache.
    """
    url = resource_url(request.base_url, data["type"], data["id"])
    tag = f'"{version}"'
    if not created and included is None and names_tag(request.header("if-none-match"), tag):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag, **_REVALIDATED})
    headers = {"ETag": tag, **_REVALIDATED} | ({"Location": url} if created else {})
    others = {} if included is None else {"included": list(included)}
    meta = {"moduleVersion": __version__}
    return Response.of_json(
        {"data": data, **others, "links": {"self": url}, "meta": meta},
        status=HTTPStatus.CREATED if created else HTTPStatus.OK,
        headers=headers,
    )


def deleted_response() -> Response:
    """Return the response to a deletion: 204 without a body."""
    return Response(status=HTTPStatus.NO_CONTENT)
