"""POST Object: the fields of a form, the policy, and the responses."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.s3.sigv4 import Scope, signing_key
from local.s3.sigv4 import sign as sign_text
from tests.local.s3.wire import (
    ACCESS_KEY,
    REGION,
    SECRET_KEY,
    Gate,
    PresignedPost,
    form_body,
    post,
    presign_post,
    send,
)

MALFORMED = (400, "MalformedPOSTRequest")
SHA256_OF_X = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
MD5_OF_X = base64.b64encode(hashlib.md5(b"x", usedforsecurity=False).digest()).decode()
FIELDS = {
    "Content-Type": "image/jpeg",
    "Content-Disposition": 'inline; filename="a.jpg"',
    "Cache-Control": "no-store",
    "x-amz-meta-owner": "u1",
    "success_action_status": "201",
    "x-amz-checksum-sha256": SHA256_OF_X,
    "x-amz-checksum-algorithm": "SHA256",
    "Content-MD5": MD5_OF_X,
}


@pytest.fixture
def full(gate: Gate, bucket: str) -> PresignedPost:
    """Return a form with a field of every kind."""
    return presign_post(gate.s3, bucket, "up/a.jpg", FIELDS, [["content-length-range", 1, 1000]])


def exists(gate: Gate, bucket: str, key: str) -> bool:
    return bool(gate.s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents"))


def test_a_valid_form_is_stored_with_its_fields(
    gate: Gate, bucket: str, full: PresignedPost
) -> None:
    assert full.send().status == 201
    found = gate.s3.head_object(Bucket=bucket, Key="up/a.jpg", ChecksumMode="ENABLED")
    assert found["ContentType"] == "image/jpeg"
    assert found["ContentDisposition"] == 'inline; filename="a.jpg"'
    assert found["CacheControl"] == "no-store"
    assert found["Metadata"] == {"owner": "u1"}
    assert found["ContentLength"] == 1
    assert found["ChecksumSHA256"] == SHA256_OF_X
    assert found["ChecksumType"] == "FULL_OBJECT"


SIGNING = ["policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"]


@pytest.mark.parametrize("name", ["key", *FIELDS, *SIGNING])
def test_a_form_with_a_field_changed_is_refused(
    gate: Gate, bucket: str, full: PresignedPost, name: str
) -> None:
    value = full.fields[name]
    changed = ("B" if value[0] != "B" else "C") + value[1:]
    reply = PresignedPost(full.url, {**full.fields, name: changed}).send()
    assert reply.status in (400, 403)
    assert reply.code in {
        "AccessDenied",
        "AuthorizationQueryParametersError",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
    }
    assert not exists(gate, bucket, "")


@pytest.mark.parametrize("name", ["key", *FIELDS, *SIGNING])
def test_a_form_with_a_field_dropped_is_refused(
    gate: Gate, bucket: str, full: PresignedPost, name: str
) -> None:
    reply = full.without(name).send()
    expected = (400, "InvalidArgument") if name in ["key", *SIGNING] else (403, "AccessDenied")
    assert reply.verdict == expected
    assert not exists(gate, bucket, "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("acl", "public-read"),
        ("tagging", "<Tagging><TagSet/></Tagging>"),
        ("x-amz-meta-evil", "1"),
        ("x-amz-storage-class", "STANDARD"),
        ("x-amz-security-token", "a token"),
        ("success_action_redirect", "http://evil.example/"),
        ("Expires", "0"),
        ("anything", "at all"),
        ("bucket", "another-bucket"),
    ],
)
def test_a_form_with_a_field_added_is_refused(
    gate: Gate, bucket: str, full: PresignedPost, name: str, value: str
) -> None:
    reply = PresignedPost(full.url, {**full.fields, name: value}).send()
    assert reply.verdict == (403, "AccessDenied")
    assert not exists(gate, bucket, "")


def test_the_error_for_an_added_field_names_it(full: PresignedPost) -> None:
    reply = full.with_(x_amz_meta_evil="1").send()
    assert b"Extra input fields: x-amz-meta-evil" in reply.body


def test_a_field_whose_name_begins_with_x_ignore_may_be_added(full: PresignedPost) -> None:
    assert full.with_(x_ignore_this="1").send().status == 201


def test_field_names_ignore_case(full: PresignedPost) -> None:
    shouted = {name.upper(): value for name, value in full.fields.items()}
    assert PresignedPost(full.url, shouted).send().status == 201


def test_a_field_twice_is_refused(full: PresignedPost) -> None:
    fields = [*full.fields.items(), ("key", "up/a.jpg")]
    assert post(full.url, form_body(fields)).verdict == (400, "InvalidArgument")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (9, (400, "EntityTooSmall")),
        (10, (204, "")),
        (1000, (204, "")),
        (1001, (400, "EntityTooLarge")),
        (3_000_000, (400, "EntityTooLarge")),
    ],
)
def test_content_length_range_holds_at_both_ends(
    gate: Gate, bucket: str, size: int, expected: tuple[int, str]
) -> None:
    made = presign_post(gate.s3, bucket, "a", conditions=[["content-length-range", 10, 1000]])
    assert made.send(b"x" * size).verdict == expected
    assert exists(gate, bucket, "a") == (expected[0] == 204)


def test_the_narrowest_of_several_ranges_counts(gate: Gate, bucket: str) -> None:
    ranges = [["content-length-range", 0, 100], ["content-length-range", 5, 1000]]
    made = presign_post(gate.s3, bucket, "a", conditions=ranges)
    assert made.send(b"x" * 4).code == "EntityTooSmall"
    assert made.send(b"x" * 101).code == "EntityTooLarge"
    assert made.send(b"x" * 100).status == 204


def test_a_policy_expires_at_its_instant(gate: Gate, bucket: str) -> None:
    made = presign_post(gate.s3, bucket, "a", expires=60)
    gate.clock.offset = timedelta(seconds=50)
    assert made.send().status == 204
    gate.clock.offset = timedelta(seconds=61)
    reply = made.send()
    assert reply.verdict == (403, "AccessDenied")
    assert b"Policy expired" in reply.body


def test_a_signature_older_than_a_week_is_refused(gate: Gate, bucket: str) -> None:
    made = presign_post(gate.s3, bucket, "a", expires=30 * 86_400)
    gate.clock.offset = timedelta(days=6, hours=23)
    assert made.send().status == 204
    gate.clock.offset = timedelta(days=7, minutes=1)
    assert made.send().verdict == (403, "AccessDenied")


def test_a_signature_from_the_future_is_refused(gate: Gate, bucket: str) -> None:
    made = presign_post(gate.s3, bucket, "a")
    gate.clock.offset = timedelta(minutes=-16)
    assert made.send().verdict == (403, "AccessDenied")


def signed_form(bucket: str, document: object, **changes: str) -> dict[str, str]:
    """Return a form with the given policy, signed with the given scope."""
    now = datetime.now(UTC)
    date = changes.get("date", now.strftime("%Y%m%dT%H%M%SZ"))
    scope = Scope(
        changes.get("access_key", ACCESS_KEY),
        changes.get("day", date[:8]),
        changes.get("region", REGION),
        changes.get("service", "s3"),
        changes.get("terminator", "aws4_request"),
    )
    text = document if isinstance(document, str) else json.dumps(document)
    policy = changes.get("policy", base64.b64encode(text.encode()).decode())
    return {
        "key": "a",
        "x-amz-algorithm": changes.get("algorithm", "AWS4-HMAC-SHA256"),
        "x-amz-credential": f"{scope.access_key}/{scope.text}",
        "x-amz-date": date,
        "policy": policy,
        "x-amz-signature": sign_text(signing_key(SECRET_KEY, scope), policy),
    }


def lax_policy(bucket: str, *conditions: Any) -> dict[str, Any]:
    """Return a policy that allows any form, plus `conditions`."""
    any_of = ["$key", "$x-amz-algorithm", "$x-amz-credential", "$x-amz-date"]
    return {
        "expiration": (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "conditions": [
            {"bucket": bucket},
            *(["starts-with", name, ""] for name in any_of),
            *conditions,
        ],
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"region": "us-east-1"}, "AuthorizationQueryParametersError"),
        ({"service": "sqs"}, "AuthorizationQueryParametersError"),
        ({"terminator": "aws5_request"}, "AuthorizationQueryParametersError"),
        ({"day": "20200101"}, "AuthorizationQueryParametersError"),
        ({"algorithm": "AWS4-HMAC-SHA1"}, "AuthorizationQueryParametersError"),
        ({"access_key": "nobody"}, "InvalidAccessKeyId"),
        ({"date": "yesterday"}, "AuthorizationQueryParametersError"),
    ],
)
def test_a_credential_must_have_this_region_and_that_day(
    gate: Gate, bucket: str, changes: dict[str, str], code: str
) -> None:
    fields = signed_form(bucket, lax_policy(bucket), **changes)
    assert PresignedPost(f"{gate.url}/{bucket}", fields).send().code == code


BAD_POLICIES: dict[str, Any] = {
    "no JSON": "{",
    "a list": [],
    "no expiration": {"conditions": []},
    "no conditions": {"expiration": "2099-01-01T00:00:00Z"},
    "conditions no list": {"expiration": "2099-01-01T00:00:00Z", "conditions": {}},
    "something else": {"expiration": "2099-01-01T00:00:00Z", "conditions": [], "more": 1},
    "expiration without zone": {"expiration": "2099-01-01T00:00:00", "conditions": []},
    "expiration a number": {"expiration": 4_000_000_000, "conditions": []},
    "expiration a word": {"expiration": "TomorrowZ", "conditions": []},
    "expiration a week": {"expiration": "2099-W01-1T00:00:00Z", "conditions": []},
    "expiration with two zones": {"expiration": "2099-01-01T00:00:00+05:00Z", "conditions": []},
    "expiration of no day": {"expiration": "2099-02-30T00:00:00Z", "conditions": []},
}
BAD_CONDITIONS: dict[str, Any] = {
    "two properties": {"key": "a", "acl": "private"},
    "a number": {"key": 1},
    "a word": "key",
    "an empty list": [],
    "an unknown operator": ["ends-with", "$key", "a"],
    "too few": ["eq", "$key"],
    "no dollar": ["eq", "key", "a"],
    "a dollar alone": ["eq", "$", "a"],
    "a list as value": ["starts-with", "$key", ["a"]],
    "half a range": ["content-length-range", 1],
    "a range backwards": ["content-length-range", 2, 1],
    "a range of words": ["content-length-range", "a", "b"],
    "a negative range": ["content-length-range", -1, 2],
    "a range of truths": ["content-length-range", False, True],
}


@pytest.mark.parametrize("name", BAD_POLICIES)
def test_an_invalid_policy_is_refused(gate: Gate, bucket: str, name: str) -> None:
    fields = signed_form(bucket, BAD_POLICIES[name])
    reply = PresignedPost(f"{gate.url}/{bucket}", fields).send()
    assert reply.verdict == (400, "InvalidPolicyDocument")


@pytest.mark.parametrize("name", BAD_CONDITIONS)
def test_an_invalid_condition_is_refused(gate: Gate, bucket: str, name: str) -> None:
    fields = signed_form(bucket, lax_policy(bucket, BAD_CONDITIONS[name]))
    reply = PresignedPost(f"{gate.url}/{bucket}", fields).send()
    assert reply.verdict == (400, "InvalidPolicyDocument")


def test_a_policy_that_is_not_base64_is_refused(gate: Gate, bucket: str) -> None:
    fields = signed_form(bucket, {}, policy="%%%")
    reply = PresignedPost(f"{gate.url}/{bucket}", fields).send()
    assert reply.verdict == (400, "InvalidPolicyDocument")


@pytest.mark.parametrize(
    ("condition", "fields", "allowed"),
    [
        (["eq", "$acl", "bucket-owner-full-control"], {"acl": "bucket-owner-full-control"}, True),
        (["eq", "$x-amz-meta-a", "b"], {"x-amz-meta-a": "B"}, False),
        (["EQ", "$X-Amz-Meta-A", "b"], {"x-amz-meta-a": "b"}, True),
        ({"x-amz-meta-a": ""}, {"x-amz-meta-a": ""}, True),
        (["starts-with", "$x-amz-meta-a", "be"], {"x-amz-meta-a": "bell"}, True),
        (["starts-with", "$x-amz-meta-a", "be"], {"x-amz-meta-a": "b"}, False),
        (["starts-with", "$x-amz-meta-a", ""], {"x-amz-meta-a": ""}, True),
        (["starts-with", "$x-amz-meta-a", ""], {}, False),
        (["starts-with", "$Content-Type", ""], {"Content-Type": "image/png"}, True),
        (["starts-with", "$Content-Type", ""], {}, False),
        (["starts-with", "$Content-Type", "image/"], {"Content-Type": "image/png"}, True),
        (["starts-with", "$Content-Type", "image/"], {"Content-Type": "image/png,image/a"}, True),
        (["starts-with", "$Content-Type", "image/"], {"Content-Type": "image/png,text/a"}, False),
        (["eq", "$key", "a"], {}, True),
        (["eq", "$key", "b"], {}, False),
        ({"bucket": "somewhere-else"}, {}, False),
        (["content-length-range", "0", "10"], {}, True),
    ],
)
def test_conditions_compare_as_published(
    gate: Gate, bucket: str, condition: Any, fields: dict[str, str], allowed: bool
) -> None:
    form = {**signed_form(bucket, lax_policy(bucket, condition)), **fields}
    assert PresignedPost(f"{gate.url}/{bucket}", form).send().status == (204 if allowed else 403)


@pytest.mark.parametrize(
    ("filename", "stored"),
    [
        ("cat.jpg", "up/cat.jpg"),
        ("C:\\pictures\\cat.jpg", "up/cat.jpg"),
        ("../../etc/passwd", "up/passwd"),
        ("chat été.jpg", "up/chat été.jpg"),
        ("a%22b.jpg", 'up/a"b.jpg'),
        ("", "up/"),
    ],
)
def test_the_name_of_the_file_is_inserted_into_the_key(
    gate: Gate, bucket: str, filename: str, stored: str
) -> None:
    made = presign_post(
        gate.s3, bucket, "up/${filename}", conditions=[["starts-with", "$key", "up/"]]
    )
    assert made.send(filename=filename).status == 204
    listed = gate.s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [one["Key"] for one in listed] == [stored]


def test_conditions_see_the_key_with_the_name_in_it(gate: Gate, bucket: str) -> None:
    policy = lax_policy(bucket, ["eq", "$key", "up/cat.jpg"])
    fields = {**signed_form(bucket, policy), "key": "up/${filename}"}
    made = PresignedPost(f"{gate.url}/{bucket}", fields)
    assert made.send(filename="cat.jpg").status == 204
    assert made.send(filename="dog.jpg").status == 403


@pytest.mark.parametrize(
    ("status", "answered"), [("200", 200), ("201", 201), ("204", 204), ("404", 204), ("", 204)]
)
def test_success_action_status_chooses_the_response(
    gate: Gate, bucket: str, status: str, answered: int
) -> None:
    reply = presign_post(gate.s3, bucket, "up/a b.jpg", {"success_action_status": status}).send()
    location = f"{gate.url}/{bucket}/up%2Fa%20b.jpg"
    assert reply.status == answered
    assert reply.headers["etag"] == '"9dd4e461268c8034f5c8564e155c67a6"'
    assert reply.headers["location"] == location
    if answered == 201:
        expected = (
            f"<PostResponse><Location>{location}</Location><Bucket>{bucket}</Bucket>"
            '<Key>up/a b.jpg</Key><ETag>"9dd4e461268c8034f5c8564e155c67a6"</ETag></PostResponse>'
        )
        assert reply.body.decode().endswith(expected)
        assert reply.headers["content-type"] == "application/xml"
    else:
        assert reply.body == b""


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("http://a.example/done", "http://a.example/done?{}"),
        ("https://a.example/done?job=1", "https://a.example/done?job=1&{}"),
        ("http://a.example/done#top", "http://a.example/done?{}#top"),
        ("javascript:alert(1)", None),
        ("/relative", None),
        ("http://[broken", None),
    ],
)
def test_success_action_redirect_names_the_stored_object(
    gate: Gate, bucket: str, target: str, location: str | None
) -> None:
    reply = presign_post(gate.s3, bucket, "up/a.jpg", {"success_action_redirect": target}).send()
    if location is None:
        assert reply.status == 204
        return
    result = f"bucket={bucket}&key=up%2Fa.jpg&etag=%229dd4e461268c8034f5c8564e155c67a6%22"
    assert reply.status == 303
    assert reply.headers["location"] == location.format(result)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Content-MD5": MD5_OF_X[:-3] + "A=="}, "BadDigest"),
        ({"Content-MD5": "short"}, "InvalidDigest"),
        ({"x-amz-checksum-sha256": base64.b64encode(b"0" * 32).decode()}, "BadDigest"),
        ({"x-amz-checksum-sha256": "short"}, "InvalidRequest"),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest"),
        ({"x-amz-checksum-sha1": base64.b64encode(b"0" * 20).decode()}, "BadDigest"),
        ({"x-amz-checksum-crc32c": "AAAAAA=="}, "BadDigest"),
        ({"x-amz-checksum-rot13": "AAAAAA=="}, "InvalidRequest"),
        ({"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-sha1": "x"}, "InvalidRequest"),
        (
            {"x-amz-checksum-algorithm": "SHA1", "x-amz-checksum-sha256": SHA256_OF_X},
            "InvalidRequest",
        ),
    ],
)
def test_a_digest_that_does_not_match_the_file_is_refused(
    gate: Gate, bucket: str, fields: dict[str, str], code: str
) -> None:
    assert presign_post(gate.s3, bucket, "a", fields).send().verdict == (400, code)
    assert not exists(gate, bucket, "a")


def test_a_checksum_is_computed_if_only_its_algorithm_is_given(gate: Gate, bucket: str) -> None:
    assert (
        presign_post(gate.s3, bucket, "a", {"x-amz-checksum-algorithm": "SHA256"}).send().status
        == 204
    )
    found = gate.s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert found["ChecksumSHA256"] == SHA256_OF_X


def test_tags_are_an_xml_document(gate: Gate, bucket: str) -> None:
    document = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
    assert presign_post(gate.s3, bucket, "a", {"tagging": document}).send().status == 204
    tags = gate.s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"]
    assert tags == [{"Key": "a", "Value": "b"}]


@pytest.mark.parametrize("document", ["<Tagging>", "<A/>", '<!DOCTYPE a [<!ENTITY b "c">]><a/>'])
def test_an_invalid_tag_document_is_refused(gate: Gate, bucket: str, document: str) -> None:
    assert presign_post(gate.s3, bucket, "a", {"tagging": document}).send().code == "MalformedXML"


def test_a_form_without_a_policy_is_refused(gate: Gate, bucket: str) -> None:
    assert PresignedPost(f"{gate.url}/{bucket}", {"key": "a"}).send().verdict == (
        403,
        "AccessDenied",
    )
    assert not exists(gate, bucket, "a")


def test_signature_version_2_is_refused(gate: Gate, bucket: str) -> None:
    fields = {"key": "a", "AWSAccessKeyId": "test", "policy": "e30=", "signature": "c2ln"}
    reply = PresignedPost(f"{gate.url}/{bucket}", fields).send()
    assert reply.verdict == (400, "InvalidRequest")


def test_fields_after_the_file_are_ignored(gate: Gate, bucket: str) -> None:
    made = presign_post(gate.s3, bucket, "a")
    late = form_body(made.fields.items(), b"x", after=[("x-amz-meta-late", "1"), ("submit", "Go")])
    assert post(made.url, late).status == 204
    assert gate.s3.head_object(Bucket=bucket, Key="a")["Metadata"] == {}


def test_a_policy_after_the_file_is_ignored(gate: Gate, bucket: str) -> None:
    made = presign_post(gate.s3, bucket, "a")
    body = form_body(
        made.without("policy").fields.items(), b"x", after=[("policy", made.fields["policy"])]
    )
    assert post(made.url, body).verdict == (400, "InvalidArgument")


def test_a_form_has_exactly_one_file(gate: Gate, bucket: str) -> None:
    made = presign_post(gate.s3, bucket, "a")
    without = post(made.url, form_body(made.fields.items(), None))
    assert without.verdict == (400, "IncorrectNumberOfFilesInPostRequest")
    twice = form_body(made.fields.items(), b"x", after=[("file", "second")])
    assert post(made.url, twice).verdict == (400, "IncorrectNumberOfFilesInPostRequest")
    assert not exists(gate, bucket, "a")


def test_the_size_of_the_fields_is_limited(gate: Gate, bucket: str) -> None:
    reply = presign_post(gate.s3, bucket, "a").with_(x_ignore_a="x" * 20_480).send()
    assert reply.verdict == (400, "MaxPostPreDataLengthExceededError")


@pytest.mark.parametrize(
    ("content_type", "body", "verdict"),
    [
        ("application/x-www-form-urlencoded", b"key=a", (412, "PreconditionFailed")),
        ("multipart/form-data", b"--a--\r\n", MALFORMED),
        ("multipart/form-data; boundary=a", b"", MALFORMED),
        ("multipart/form-data; boundary=a", b"nothing of the kind", MALFORMED),
        ("multipart/form-data; boundary=a", b"--a\r\n\r\nx\r\n--a--", MALFORMED),
        ("multipart/form-data; boundary=a", b"--aX\r\n\r\n--a--\r\n", MALFORMED),
        ("multipart/form-data; boundary=a", b"--a--\r\n", (403, "AccessDenied")),
    ],
)
def test_an_invalid_form_is_refused(
    gate: Gate, bucket: str, content_type: str, body: bytes, verdict: tuple[int, str]
) -> None:
    headers = {"Content-Type": content_type}
    assert send(f"{gate.url}/{bucket}", "POST", headers, body).verdict == verdict


def test_an_incomplete_form_stores_nothing(gate: Gate, bucket: str) -> None:
    made = presign_post(gate.s3, bucket, "a")
    body = form_body(made.fields.items(), b"x" * 1000)[:-80]
    assert post(made.url, body).verdict == (400, "MalformedPOSTRequest")
    assert not exists(gate, bucket, "a")


@pytest.mark.parametrize(
    "content",
    [b"", b"\r\n", b"\r\n--", b"--" + b"x" * 3_000_000, b"\r\n------a form's boundar" * 70_000],
    ids=["nothing", "a line break", "half a delimiter", "3 MB", "nearly the delimiter"],
)
def test_a_file_arrives_byte_for_byte(gate: Gate, bucket: str, content: bytes) -> None:
    assert presign_post(gate.s3, bucket, "a").send(content).status == 204
    assert gate.s3.get_object(Bucket=bucket, Key="a")["Body"].read() == content


def test_a_form_for_a_missing_bucket_is_refused(gate: Gate, bucket: str) -> None:
    made = presign_post(gate.s3, "no-such-bucket", "a")
    assert made.send().verdict == (404, "NoSuchBucket")


def test_a_key_may_have_1024_bytes(gate: Gate, bucket: str) -> None:
    assert presign_post(gate.s3, bucket, "é" * 512).send().status == 204
    assert presign_post(gate.s3, bucket, "é" * 512 + "a").send().verdict == (400, "KeyTooLongError")


def test_metadata_may_have_two_kilobytes(gate: Gate, bucket: str) -> None:
    assert presign_post(gate.s3, bucket, "a", {"x-amz-meta-a": "x" * 2047}).send().status == 204
    reply = presign_post(gate.s3, bucket, "a", {"x-amz-meta-a": "x" * 2048}).send()
    assert reply.verdict == (400, "MetadataTooLarge")


def test_a_form_of_more_than_five_gibibytes_is_refused_before_it_is_sent(
    gate: Gate, bucket: str
) -> None:
    made = presign_post(gate.s3, bucket, "a", conditions=[["content-length-range", 0, 50 * 2**30]])
    body = form_body(made.fields.items(), b"x" * 100)
    # Only the beginning is sent: the answer comes before the rest.
    reply = post(made.url, body, {"Content-Length": str(5 * 2**30 + 2 * 2**20)})
    assert reply.verdict == (400, "EntityTooLarge")


def test_a_session_token_is_accepted_if_the_policy_covers_it(gate: Gate, bucket: str) -> None:
    assert (
        presign_post(gate.s3, bucket, "a", {"x-amz-security-token": "IQoJ//=="}).send().status
        == 204
    )


def test_an_error_has_code_message_and_resource(
    gate: Gate, bucket: str, full: PresignedPost
) -> None:
    reply = full.with_(x_amz_signature="0" * 64).send()
    assert reply.status == 403
    assert f"<Resource>/{bucket}</Resource>".encode() in reply.body
    request_id = reply.headers["x-amz-request-id"]
    assert f"<RequestId>{request_id}</RequestId>".encode() in reply.body
    assert b"<Message>The request signature we calculated does not match" in reply.body


def test_a_later_form_replaces_the_object(gate: Gate, bucket: str) -> None:
    made = presign_post(gate.s3, bucket, "a")
    assert made.send(b"first").status == 204
    assert made.send(b"second").status == 204
    assert gate.s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"second"


def test_a_missing_object_is_missing(gate: Gate, bucket: str) -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        gate.s3.get_object(Bucket=bucket, Key="a")
