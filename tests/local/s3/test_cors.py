"""The CORS rules of a bucket."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.s3.wire import Gate, presign_post, send, sign

APP = "http://app.example"
RULES: list[Any] = [
    {
        "AllowedOrigins": [APP],
        "AllowedMethods": ["POST", "PUT", "GET", "HEAD"],
        "AllowedHeaders": ["content-*", "x-amz-meta-owner"],
        "ExposeHeaders": ["ETag", "Location"],
        "MaxAgeSeconds": 300,
    },
    {"AllowedOrigins": ["https://*.example"], "AllowedMethods": ["GET"], "AllowedHeaders": ["*"]},
    {"AllowedOrigins": ["*"], "AllowedMethods": ["DELETE"]},
]


@pytest.fixture
def ruled(gate: Gate, bucket: str) -> str:
    gate.s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": RULES})
    return bucket


def preflight(gate: Gate, bucket: str, origin: str, method: str, headers: str = "") -> Any:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = headers
    return send(f"{gate.url}/{bucket}", "OPTIONS", asked)


def cors_of(headers: Any) -> dict[str, str]:
    prefix = "access-control-"
    return {
        name.removeprefix(prefix): value
        for name, value in headers.items()
        if name.startswith(prefix)
    }


def test_without_rules_nothing_is_allowed(gate: Gate, bucket: str) -> None:
    reply = preflight(gate, bucket, APP, "POST")
    assert reply.verdict == (403, "AccessForbidden")
    assert b"CORS is not enabled for this bucket" in reply.body
    sent = presign_post(gate.s3, bucket, "a").send(headers={"Origin": APP})
    assert sent.status == 204
    assert cors_of(reply.headers) == cors_of(sent.headers) == {}


@pytest.mark.parametrize(
    ("origin", "method", "headers", "allowed"),
    [
        (APP, "POST", "", True),
        (APP, "POST", "content-type", True),
        (APP, "PUT", "Content-Type, X-Amz-Meta-Owner", True),
        (APP, "POST", "x-amz-meta-other", False),
        (APP, "PATCH", "", False),
        ("http://app.example.evil", "POST", "", False),
        ("http://APP.example", "POST", "", False),
        ("http://evil.example", "POST", "", False),
        ("null", "POST", "", False),
        ("https://a.example", "GET", "anything", True),
        ("https://a.example", "POST", "", False),
        ("https://example", "GET", "", False),
        ("http://anybody.at.all", "DELETE", "", True),
        ("http://anybody.at.all", "DELETE", "content-type", False),
    ],
)
def test_a_preflight_follows_the_rules(
    gate: Gate, ruled: str, origin: str, method: str, headers: str, allowed: bool
) -> None:
    reply = preflight(gate, ruled, origin, method, headers)
    assert reply.status == (200 if allowed else 403)
    assert ("access-control-allow-origin" in reply.headers) == allowed


def test_a_preflight_returns_everything_that_is_allowed(gate: Gate, ruled: str) -> None:
    reply = preflight(gate, ruled, APP, "POST", "Content-Type")
    assert reply.body == b""
    assert cors_of(reply.headers) == {
        "allow-origin": APP,
        "allow-methods": "POST, PUT, GET, HEAD",
        "allow-headers": "content-type",
        "expose-headers": "ETag, Location",
        "max-age": "300",
        "allow-credentials": "true",
    }
    assert reply.headers["vary"].startswith("Origin")


def test_a_rule_for_all_origins_allows_no_credentials(gate: Gate, ruled: str) -> None:
    found = cors_of(preflight(gate, ruled, "http://anybody.at.all", "DELETE").headers)
    assert found == {"allow-origin": "*", "allow-methods": "DELETE"}


@pytest.mark.parametrize("missing", ["Origin", "Access-Control-Request-Method"])
def test_a_preflight_without_its_headers_is_refused(gate: Gate, ruled: str, missing: str) -> None:
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    del asked[missing]
    assert send(f"{gate.url}/{ruled}", "OPTIONS", asked).verdict == (400, "BadRequest")


def test_a_preflight_of_no_bucket_is_refused(gate: Gate) -> None:
    assert preflight(gate, "no-such-bucket", APP, "POST").verdict == (403, "AccessForbidden")


@pytest.mark.parametrize(("origin", "allowed"), [(APP, True), ("http://evil.example", False)])
def test_successes_and_errors_have_the_headers(
    gate: Gate, ruled: str, origin: str, allowed: bool
) -> None:
    made = presign_post(gate.s3, ruled, "a", conditions=[["content-length-range", 1, 10]])
    url = gate.s3.generate_presigned_url("get_object", Params={"Bucket": ruled, "Key": "a"})
    listing = f"{gate.url}/{ruled}?list-type=2"
    headers = {"Origin": origin}
    replies = [
        (204, made.send(headers=headers)),
        (400, made.send(b"x" * 11, headers=headers)),
        (403, made.with_(key="b").send(headers=headers)),
        (200, send(url, "GET", headers)),
        (206, send(url, "GET", {**headers, "Range": "bytes=0-0"})),
        (304, send(url, "GET", {**headers, "If-None-Match": "*"})),
        (403, send(url[:-4] + "0000", "GET", headers)),
        (403, send(f"{gate.url}/{ruled}/a", "GET", headers)),
        (200, send(listing, "GET", sign(listing, "GET", headers))),
    ]
    assert [reply.status for _, reply in replies] == [status for status, _ in replies]
    for _, reply in replies:
        found = cors_of(reply.headers)
        assert found.get("allow-origin") == (APP if allowed else None)
        assert found.get("expose-headers") == ("ETag, Location" if allowed else None)


def test_a_request_without_origin_gets_no_headers(gate: Gate, ruled: str) -> None:
    assert cors_of(presign_post(gate.s3, ruled, "a").send().headers) == {}


def test_rules_can_be_deleted(gate: Gate, ruled: str) -> None:
    gate.s3.delete_bucket_cors(Bucket=ruled)
    assert preflight(gate, ruled, APP, "POST").status == 403
