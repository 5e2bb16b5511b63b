"""What each route of the object store asks of AWS for one good answer, call by call: never a Scan.

Requests that are signed by hand are not counted: fetching bytes, and whether they are there. What
lists and included records cost is counted in `tests/api/test_listing_calls.py`, at two sizes in
`benchmarks/lists.py`; here, the caller may read everything, which is what asks most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from coffer.http.openapi.document import OPERATIONS
from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.aws_calls import AwsCalls, aws_calls
from tests.openapi.test_responses import REQUESTS, Client

__all__ = ["aws_calls"]

_OF_UPPY: Mapping[str, Mapping[str, int]] = {
    "GET {}/params": {},
    "POST {}/multipart": {"PutItem": 1},
    "GET {}/multipart/{uploadId}": {"GetItem": 1},
    "DELETE {}/multipart/{uploadId}": {"GetItem": 1, "PutItem": 1},
    "GET {}/multipart/{uploadId}/{partNumber}": {"GetItem": 1},
    "GET {}/multipart/{uploadId}/batch": {"GetItem": 1},
    "POST {}/multipart/{uploadId}/complete": {"GetItem": 1, "PutItem": 2},
}
UPPY_CALLS = {
    key.replace("{}", f"/api/v1/uppy/{path}/s3"): dict(Counter(calls) + Counter(read))
    for path, read in (("{bucket}", {}), ("grant/{grant}", {"GetItem": 1}))
    for key, calls in _OF_UPPY.items()
}
CALLS: Mapping[str, Mapping[str, int]] = {
    "POST /api/v1/file/{bucket}": {"Query": 2, "PutItem": 2, "PutObject": 1},
    "POST /api/v1/file/{bucket}/derivative": {"Query": 2, "PutItem": 2, "PutObject": 1},
    "GET /api/v1/file/{bucket}/{fileId}": {"GetItem": 1},
    "HEAD /api/v1/file/{bucket}/{fileId}": {"GetItem": 1},
    "GET /api/v1/file/{bucket}/derivative/{fileId}": {"GetItem": 1},
    "HEAD /api/v1/file/{bucket}/derivative/{fileId}": {"GetItem": 1},
    "GET /api/v1/file/{bucket}/{fileId}/thumbnail": {"GetItem": 1},
    "HEAD /api/v1/file/{bucket}/{fileId}/thumbnail": {"GetItem": 1},
    "POST /api/v1/upload/{bucket}": {},
    **UPPY_CALLS,
    "POST /api/v1/upload-grant/{bucket}": {"PutItem": 1},
    "DELETE /api/v1/upload-grant/{bucket}/{id}": {"GetItem": 1, "DeleteItem": 1},
    "POST /api/v1/metadata": {"TransactWriteItems": 1},
    "GET /api/v1/object-upload": {"Query": 16},
    "GET /api/v1/object-upload/{id}": {"GetItem": 1},
    "GET /api/v1/object-upload/{id}/contents": {"GetItem": 1},
    "GET /api/v1/metadata": {"Query": 33},
    "GET /api/v1/metadata/{id}": {"GetItem": 1},
    "GET /api/v1/metadata/{id}/{relation}": {"GetItem": 1, "Query": 1},
    "GET /api/v1/metadata/{id}/relationships/{relation}": {"GetItem": 1, "Query": 1},
    "GET /api/v1/derivative/{id}/{relation}": {"GetItem": 1, "BatchGetItem": 1},
    "GET /api/v1/derivative/{id}/relationships/{relation}": {"GetItem": 1, "BatchGetItem": 1},
    "PATCH /api/v1/metadata/{id}/relationships/{relation}": {"GetItem": 2},
    "PATCH /api/v1/derivative/{id}/relationships/{relation}": {"GetItem": 2},
    "GET /api/v1/derivative": {"Query": 32, "BatchGetItem": 1},
    "GET /api/v1/derivative/{id}": {"GetItem": 1},
    "PATCH /api/v1/object-upload/{id}": {"GetItem": 1, "PutItem": 1},
    "DELETE /api/v1/object-upload/{id}": {"GetItem": 1, "PutItem": 2, "DeleteObject": 2},
    "PATCH /api/v1/metadata/{id}": {"GetItem": 2, "TransactWriteItems": 1},
    "DELETE /api/v1/metadata/{id}": {
        "GetItem": 3,
        "Query": 2,
        "BatchGetItem": 2,
        "TransactWriteItems": 1,
    },
    "POST /api/v1/derivative": {"GetItem": 3, "TransactWriteItems": 1},
    "POST /api/v1/derivative/{proxy+}": {"GetItem": 3, "TransactWriteItems": 1},
    "PATCH /api/v1/derivative/{id}": {"GetItem": 2, "TransactWriteItems": 1},
    "DELETE /api/v1/derivative/{id}": {"GetItem": 2, "TransactWriteItems": 1},
    "POST /api/v1/metadata/bulk": {"BatchGetItem": 2, "TransactWriteItems": 1},
    "PATCH /api/v1/metadata/bulk": {"BatchGetItem": 3, "TransactWriteItems": 1},
    "POST /api/v1/derivative/bulk": {"BatchGetItem": 4, "TransactWriteItems": 1},
    "PATCH /api/v1/derivative/bulk": {"BatchGetItem": 3, "TransactWriteItems": 1},
    "POST /api/v1/metadata/bulk-load": {"BatchGetItem": 1},
    "POST /api/v1/derivative/bulk-load": {"BatchGetItem": 1},
    "POST /api/v1/object-upload/bulk-load": {"BatchGetItem": 1},
    "GET /api/v1/audit-snapshot": {"Query": 1},
    "GET /api/v1/media-type": {},
    "GET /api/v1/media-type/{id+}": {},
    "GET /api/v1/managed-attribute": {"Query": 1},
    "GET /api/v1/managed-attribute/{id}": {"GetItem": 1},
    "POST /api/v1/managed-attribute": {"TransactWriteItems": 1},
    "PATCH /api/v1/managed-attribute/{id}": {"GetItem": 1, "TransactWriteItems": 1},
    "DELETE /api/v1/managed-attribute/{id}": {
        "GetItem": 1,
        "BatchGetItem": 1,
        "TransactWriteItems": 1,
    },
    "GET /api/v1/object-subtype": {"Query": 1},
    "GET /api/v1/object-subtype/{id}": {"GetItem": 1},
    "POST /api/v1/object-subtype": {"TransactWriteItems": 1},
    "PATCH /api/v1/object-subtype/{id}": {"GetItem": 1, "BatchGetItem": 1, "TransactWriteItems": 1},
    "DELETE /api/v1/object-subtype/{id}": {
        "GetItem": 1,
        "BatchGetItem": 1,
        "TransactWriteItems": 1,
    },
    "GET /api/v1/file-info/{bucket}/{filename}": {"GetItem": 1},
    "GET /api/v1/file-info/{bucket}/derivative/{filename}": {"GetItem": 1},
    "GET /api/v1/resource-name-identifier": {"Query": 1},
    "GET /resource-name-identifier": {"Query": 1},
    "GET /api/v1/license": {},
    "GET /api/v1/license/{id}": {},
    "GET /api/v1/config": {},
    "GET /api/v1/config/{id}": {},
    "POST /api/v1/permission-check": {},
    "GET /api/v1/api-info": {},
    "POST /api/v1/derivative-generation": {"GetItem": 4, "Query": 1},
    "POST /derivative-generation": {"GetItem": 4, "Query": 1},
    "POST /api/v1/index-refresh": {"GetItem": 1, "SendMessage": 1},
    "POST /index-refresh": {"GetItem": 1, "SendMessage": 1},
    "POST /api/v1/object-export": {"BatchGetItem": 1, "GetItem": 1, "PutItem": 2},
    "POST /object-export": {"BatchGetItem": 1, "GetItem": 1, "PutItem": 2},
    "GET /api/v1/object-export": {"Query": 2},
    "GET /api/v1/object-export/{id}": {"GetItem": 1},
    "POST /api/v1/object-export/{id}/key": {"GetItem": 1, "PutItem": 2},
    "GET /api/v1/toa/{key}": {"GetItem": 2, "DeleteItem": 1, "PutItem": 1},
    "HEAD /api/v1/toa/{key}": {"GetItem": 2},
    "GET /toa/{key}": {"GetItem": 2, "DeleteItem": 1, "PutItem": 1},
    "HEAD /toa/{key}": {"GetItem": 2},
    "GET /api/v1/health": {},
    "GET /api/v1/openapi.json": {},
    "GET /api/v1/docs": {},
}
"""Number of calls by route, for the first successful response in the OpenAPI document."""


def test_every_route_is_listed() -> None:
    assert set(CALLS) == {key for key in OPERATIONS if "/{service}/" not in key}
    assert "Scan" not in {call for made in CALLS.values() for call in made}


@pytest.mark.parametrize("key", CALLS)
def test_a_route_makes_the_expected_calls(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, aws_calls: AwsCalls, key: str
) -> None:
    request, made = stack.request, Counter[str]()

    def send_and_count(method: str, target: str, **sent: Any) -> Response:
        aws_calls.count()
        response = request(method, target, **sent)
        made.clear()
        made.update(aws_calls.made)
        aws_calls.stop()
        return response

    monkeypatch.setattr(stack, "request", send_and_count)
    status = min(OPERATIONS[key].successes)
    assert REQUESTS[key][status](Client(stack, monkeypatch)).status == status
    assert made == CALLS[key]
