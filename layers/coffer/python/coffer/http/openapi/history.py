"""The audit: its route, and what a snapshot is."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.http.openapi.errors import ALWAYS, BEARER, NEGOTIATED, RECORDS, together
from coffer.http.openapi.operation import Access, Operation, Success, Tag
from coffer.http.openapi.schemas import (
    Members,
    many,
    moment,
    one_of,
    reference,
    text,
    thing,
    whole_number,
)
from coffer.http.responses import JSON_API

HISTORY: Mapping[str, Operation] = {
    "GET /api/v1/audit-snapshot": Operation(
        identifier="listAuditSnapshots",
        tag=Tag.RECORDS,
        access=Access.BEARER,
        summary="List what happened to a record, or what a user did",
        description=(
            "The newest first. One of the two filters is needed. Shows what the caller may read; "
            "the audit is written along with the change stream, a moment behind."
        ),
        parameters=("filterInstanceId", "filterAuthor", "offset", "limit"),
        successes={
            200: Success(description="A page of snapshots.", content={JSON_API: "AuditPage"})
        },
        refusals=together(
            ALWAYS, BEARER, NEGOTIATED, RECORDS, {400: ("malformed_parameter", "more_problems")}
        ),
    ),
}

SCHEMAS: Members = {
    "AuditPage": thing(
        {
            "data": many(reference("AuditSnapshot"), "The snapshots of this page."),
            "links": reference("PageLinks", "Where to go on."),
            "meta": reference("PageMeta", "About the list."),
        },
        "A page of snapshots.",
    ),
    "AuditSnapshot": thing(
        {
            "id": text("The instanceId, and when it was."),
            "type": text("The type of the resource.", const="audit-snapshot"),
            "attributes": thing(
                {
                    "instanceId": text("Of which record it is: its type, a slash, its id."),
                    "version": whole_number("Counts the changes of the record.", minimum=1),
                    "snapshotType": one_of(
                        ("INITIAL", "UPDATE", "TERMINAL"),
                        "Whether the record was created, changed or deleted.",
                    ),
                    "author": text("Who did it; 'System Generated' where Coffer itself did."),
                    "commitDateTime": moment("When it was."),
                    "changedProperties": many(text("An attribute."), "What was changed."),
                    "state": {
                        "type": "object",
                        "description": "All attributes of the record, as they were then.",
                        "additionalProperties": True,
                    },
                },
                "What happened.",
            ),
        },
        "A record as it was after one change.",
    ),
}
