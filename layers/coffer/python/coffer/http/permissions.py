"""The request and the response of permission-check.

The request is that of dina-ui (0.227). Its `data.type` is the type of a resource, and its
attributes are those of a resource that need not exist. Without attributes, the response names the
attributes that count.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from coffer.domain.buckets import BUCKET_PATTERN, is_bucket
from coffer.domain.callers import Caller
from coffer.domain.errors import ConflictError, MalformedRequestError
from coffer.domain.fields import Field, FieldType, RecordFields
from coffer.domain.permissions.rights import (
    PROVIDER,
    RIGHTS,
    decisive_attributes,
    permissions_on,
)
from coffer.http.documents import parse_resource, resource, resource_type_of
from coffer.http.fields import FieldValueError, parse_new
from coffer.http.requests import Request
from coffer.http.responses import Response

PERMISSION_CHECK = "permission-check"
CHECKED_FIELDS = RecordFields(
    PERMISSION_CHECK,
    (
        Field("group", "group", FieldType.BUCKET, writable=True,
              doc="Group of the resource. Without it, the bucket is the group."),
        Field("bucket", "bucket", FieldType.BUCKET, writable=True,
              doc="Bucket of the resource. It decides if both are given."),
        Field("createdBy", "created_by", FieldType.TEXT, writable=True,
              doc="User who created the resource."),
    ),
    ignores_relationships=True,
)  # fmt: skip


class CheckedResource(NamedTuple):
    """A type of resources, and the attributes on which the permissions on one may depend."""

    type: str
    group: str
    created_by: str


def parse_permission_check(request: Request) -> CheckedResource:
    """Return the resource of the request body; raise a `RequestError` with every problem."""
    resource_type = resource_type_of(request.json())
    if resource_type not in RIGHTS:
        raise ConflictError(
            "type_conflict",
            f"There are no permissions on {resource_type[:60]!r}; "
            f"the type is one of {', '.join(RIGHTS)}.",
            pointer="/data/type",
        )
    document = parse_resource(request.json(), resource_type, needs_attributes=False)
    given = parse_new(document, CHECKED_FIELDS, {"bucket": _parse_group, "group": _parse_group})
    if given.problems:
        raise MalformedRequestError.of(given.problems)
    group = given.get("bucket") or given.get("group") or ""
    return CheckedResource(resource_type, group, given.get("created_by") or "")


def _parse_group(value: Any) -> str:
    """Return the name of a group that can have a bucket."""
    if not isinstance(value, str) or not is_bucket(value):
        raise FieldValueError(f"must be the name of a bucket ({BUCKET_PATTERN})")
    return value


def permission_check_response(caller: Caller, checked: CheckedResource) -> Response:
    """Return the permissions of the caller, and the names of the attributes that decide."""
    attributes = {
        "targetType": checked.type,
        "permissions": permissions_on(
            caller, checked.type, group=checked.group, created_by=checked.created_by
        ),
        "permissionsProvider": PROVIDER,
        "evaluatedAttributes": decisive_attributes(checked.type),
    }
    return Response.of_json({"data": resource(PERMISSION_CHECK, checked.type, attributes)})
