"""Rules for every response of the API."""

from __future__ import annotations

import re

from local.gateway.api import Response
from tests.api.clients import JSON_API

AT_THE_ROOT = ("/resource-name-identifier", "/index-refresh", "/object-export", "/toa",
               "/derivative-generation")  # fmt: skip
"""Routes of the object store API outside /api, as in the old user guide."""
FOR_UPPY = "/api/v1/uppy/"
"""Routes below this path have errors as plain JSON with `message`: Uppy reads nothing else."""
INTERNALS = re.compile(
    r"""Traceback|File\ "|\.py\b|line\ \d+,\ in|arn:aws|botocore|boto3|pynamodb|coffer\.\w+\.|
    \b(?:Key|Type|Value|Attribute|Runtime|Index|Assertion|Recursion|Unicode\w*)Error\b|
    NoneType|ClientError|ResourceNotFound|/var/task|/opt/python|site-packages|
    coffer-\w*(?:Table|Bucket|Queue)""",
    re.VERBOSE,
)
"""Patterns that show internals: stack traces, modules, vendors' errors, tables, buckets, queues."""
GATEWAY_STATUSES = {413, 414, 431}
UNDECODABLE_PATH = b'{"message":"Bad Request"}'
"""The gateway's own response, with status 400, to a path that it cannot decode."""


def is_api(target: str) -> bool:
    """True if errors of this path are JSON:API documents."""
    path = target.partition("?")[0]
    return path.startswith("/api/") or any(
        path == root or path.startswith(f"{root}/") for root in AT_THE_ROOT
    )


def check(target: str, response: Response, *, crashed: bool = False) -> None:
    """Raise AssertionError if the response breaks a rule; `crashed` allows a 500."""
    about = f"{target[:300]} -> {response.status} {response.body[:500]!r}"
    if response.status >= 500 and not (crashed and response.status == 500):
        assert response.status == 503, about
        assert response.header("retry-after"), about
    for name, value in response.headers:
        assert all(" " <= char <= "~" for char in value), f"{name}: {value!r} of {about}"
    if response.status < 400:
        return
    found = INTERNALS.search(response.body.decode("utf-8", "replace"))
    assert found is None, f"{found} in {about}"
    if response.status == 400 and response.body == UNDECODABLE_PATH:
        return
    if is_api(target) and response.body and response.status not in GATEWAY_STATUSES:
        is_for_uppy = target.startswith(FOR_UPPY)
        expected = "application/json" if is_for_uppy else JSON_API
        assert response.header("content-type") == expected, about
        document = response.json()
        assert set(document) == ({"message", "errors"} if is_for_uppy else {"errors"}), about
        assert not is_for_uppy or document["message"], about
        errors = document["errors"]
        assert errors, about
        assert all(error["status"] and error["code"] and error["title"] for error in errors), about
