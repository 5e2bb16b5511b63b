"""The request and the response of permission-check.

The request is that of dina-ui (0.227). Its `data.type` is the type of a resource, and its
attributes are those of a resource that need not exist. Without attributes, the response names the
attributes that count.
"""

from __future__ import annotations

from typing import NamedTuple

from coffer.domain.buckets import parse_bucket
from coffer.domain.callers import Caller
from coffer.domain.errors import ConflictError
from coffer.domain.fields import ATTRIBUTES, Field, FieldType, RecordFields
from coffer.domain.permissions.rights import (
    PROVIDER,
    RIGHTS,
    decisive_attributes,
    permissions_on,
)
from coffer.domain.transactions.commit import ValidationErrors
from coffer.http.documents import parse_resource, resource, resource_type_of
from coffer.http.fields import parse_new
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
    document = request.json()
    resource_type = resource_type_of(document)
    if resource_type not in RIGHTS:
        raise ConflictError(
            "type_conflict",
            f"There are no permissions on {resource_type[:60]!r}; "
            f"the type is one of {', '.join(RIGHTS)}.",
            pointer="/data/type",
        )
    given = parse_new(
        parse_resource(document, resource_type, needs_attributes=False), CHECKED_FIELDS
    )
    errors = ValidationErrors(given)
    for name in ("bucket", "group"):
        if text := given.get(name):
            with errors.collect():
                parse_bucket(text, pointer=f"{ATTRIBUTES}/{name}")
    errors.raise_if_any()
    group = given.get("bucket") or given.get("group") or ""
    return CheckedResource(resource_type, group, given.get("created_by") or "")


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
