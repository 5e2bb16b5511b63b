"""Signature Version 4 in the header and in presigned URLs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from mypy_boto3_s3 import S3Client

from tests.local.s3.wire import ACCESS_KEY, REGION, SECRET_KEY, Gate, send, sign


def client(gate: Gate, **changes: Any) -> S3Client:
    given = {
        "endpoint_url": gate.url,
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "region_name": REGION,
        **changes,
    }
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    return boto3.client("s3", config=config, **given)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aws_access_key_id": "nobody"}, "InvalidAccessKeyId"),
        ({"aws_secret_access_key": "wrong"}, "SignatureDoesNotMatch"),
    ],
)
def test_only_the_right_key_and_secret_are_accepted(
    gate: Gate, bucket: str, changes: dict[str, str], code: str
) -> None:
    other = client(gate, **changes)
    with pytest.raises(ClientError, match=code):
        other.put_object(Bucket=bucket, Key="a", Body=b"x")
    other.close()


def test_the_error_for_another_region_names_the_right_one(gate: Gate, bucket: str) -> None:
    url = f"{gate.url}/{bucket}/a"
    reply = send(url, "PUT", sign(url, "PUT", {}, b"x", region="us-east-1"), b"x")
    assert reply.verdict == (400, "AuthorizationHeaderMalformed")
    assert f"<Region>{REGION}</Region>".encode() in reply.body


def test_a_signed_session_token_is_accepted(gate: Gate, bucket: str) -> None:
    other = client(gate, aws_session_token="IQoJb3JpZ2luX2VjE==")
    other.put_object(Bucket=bucket, Key="a", Body=b"x")
    other.close()


KEYS = ["a", "a b", "a+b", "ü/é", "a%2Fb", "a//b", "./a/../b", "a?b&c=d", "a'(b)*~!", "日本", "&<>"]


@pytest.mark.parametrize("key", KEYS)
def test_keys_with_any_characters_are_stored_listed_and_read(
    gate: Gate, bucket: str, key: str
) -> None:
    gate.s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert [one["Key"] for one in gate.s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert gate.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    url = gate.s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    assert send(url).body == key.encode()
    gate.s3.delete_object(Bucket=bucket, Key=key)
    assert "Contents" not in gate.s3.list_objects_v2(Bucket=bucket)


def put_url(gate: Gate, bucket: str) -> tuple[str, dict[str, str], bytes]:
    url = f"{gate.url}/{bucket}/a?x-id=PutObject"
    headers = {"x-amz-meta-owner": "u1", "Content-Type": "text/plain"}
    return url, sign(url, "PUT", headers, b"x"), b"x"


def test_a_valid_header_is_accepted(gate: Gate, bucket: str) -> None:
    url, headers, body = put_url(gate, bucket)
    assert send(url, "PUT", headers, body).status == 200


def replace(name: str, value: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda headers: {**headers, name: value}


def in_authorization(old: str, new: str) -> Callable[[dict[str, str]], dict[str, str]]:
    def change(headers: dict[str, str]) -> dict[str, str]:
        assert old in headers["Authorization"]
        return {**headers, "Authorization": headers["Authorization"].replace(old, new)}

    return change


def drop(name: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda headers: {key: value for key, value in headers.items() if key != name}


HEADER_TAMPERING = {
    "metadata changed": (replace("x-amz-meta-owner", "u2"), "SignatureDoesNotMatch"),
    "metadata dropped": (drop("x-amz-meta-owner"), "SignatureDoesNotMatch"),
    "signed type changed": (replace("Content-Type", "text/html"), "SignatureDoesNotMatch"),
    "acl added": (replace("x-amz-acl", "public-read"), "AccessDenied"),
    "copy source added": (replace("x-amz-copy-source", "/b/a"), "AccessDenied"),
    "payload declared unsigned": (
        replace("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"),
        "SignatureDoesNotMatch",
    ),
    "payload hash of something else": (
        replace("X-Amz-Content-SHA256", "0" * 64),
        "SignatureDoesNotMatch",
    ),
    "payload hash no hash": (replace("X-Amz-Content-SHA256", "none"), "InvalidArgument"),
    "payload hash dropped": (drop("X-Amz-Content-SHA256"), "InvalidRequest"),
    "date changed": (replace("X-Amz-Date", "20200101T000000Z"), "AuthorizationHeaderMalformed"),
    "date no date": (replace("X-Amz-Date", "today"), "AccessDenied"),
    "date dropped": (drop("X-Amz-Date"), "AccessDenied"),
    "date beyond the end of time": (
        lambda headers: {
            **drop("X-Amz-Date")(headers),
            "Date": "Fri, 31 Dec 9999 23:59:59 -2359",
        },
        "AccessDenied",
    ),
    "other service": (in_authorization("/s3/", "/sqs/"), "AuthorizationHeaderMalformed"),
    "other terminator": (
        in_authorization("aws4_request", "aws5_request"),
        "AuthorizationHeaderMalformed",
    ),
    "no credential": (in_authorization("Credential=", "Cred="), "AuthorizationHeaderMalformed"),
    "short credential": (in_authorization("/aws4_request", ""), "AuthorizationHeaderMalformed"),
    "host not signed": (in_authorization("host;", ""), "AccessDenied"),
    "no signature": (in_authorization("Signature=", "Sig="), "AuthorizationHeaderMalformed"),
    "a signature that is none": (in_authorization("Signature=", "Signature=é"), "Signature"),
    "another algorithm": (in_authorization("AWS4-HMAC-SHA256", "AWS4-X"), "InvalidArgument"),
    "version 2": (replace("Authorization", "AWS test:c2lnbmF0dXJl"), "InvalidRequest"),
    "nothing": (replace("Authorization", ""), "InvalidArgument"),
}


@pytest.mark.parametrize("name", HEADER_TAMPERING)
def test_a_header_tampered_with_is_refused(gate: Gate, bucket: str, name: str) -> None:
    change, code = HEADER_TAMPERING[name]
    url, headers, body = put_url(gate, bucket)
    changed = {key: value.encode().decode("latin-1") for key, value in change(headers).items()}
    reply = send(url, "PUT", changed, body)
    assert reply.status in (400, 403)
    assert reply.code.startswith(code)
    assert "Contents" not in gate.s3.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    "change", ["/{bucket}/b?x-id=PutObject", "/{bucket}/a", "/{bucket}/a?x-id=PutObject&acl"]
)
def test_a_signature_is_for_one_path_and_query(gate: Gate, bucket: str, change: str) -> None:
    _, headers, body = put_url(gate, bucket)
    reply = send(gate.url + change.format(bucket=bucket), "PUT", headers, body)
    assert reply.verdict == (403, "SignatureDoesNotMatch")


def test_a_signature_is_for_one_method(gate: Gate, bucket: str) -> None:
    url, headers, _ = put_url(gate, bucket)
    assert send(url, "DELETE", headers).verdict == (403, "SignatureDoesNotMatch")


def test_a_body_other_than_the_signed_one_is_refused(gate: Gate, bucket: str) -> None:
    url, headers, _ = put_url(gate, bucket)
    assert send(url, "PUT", headers, b"y").verdict == (400, "XAmzContentSHA256Mismatch")
    assert "Contents" not in gate.s3.list_objects_v2(Bucket=bucket)


def test_an_unsigned_payload_may_be_anything(gate: Gate, bucket: str) -> None:
    url = f"{gate.url}/{bucket}/a"
    headers = sign(url, "PUT", payload="UNSIGNED-PAYLOAD")
    assert send(url, "PUT", headers, b"y").status == 200


@pytest.mark.parametrize(("minutes", "code"), [(14, ""), (-14, ""), (16, "Skew"), (-16, "Skew")])
def test_the_date_of_a_header_may_differ_by_fifteen_minutes(
    gate: Gate, bucket: str, minutes: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The machine's own clock counts too, so it is the signer's that is put wrong.
    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: moment)
    url = f"{gate.url}/{bucket}/a"
    reply = send(url, "PUT", sign(url, "PUT", {}, b"x"), b"x")
    assert reply.code == ("RequestTimeTooSkewed" if code else "")


def test_the_date_of_a_header_may_match_a_moved_clock(gate: Gate, bucket: str) -> None:
    gate.clock.offset = timedelta(days=21)
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    modified = gate.s3.head_object(Bucket=bucket, Key="a")["LastModified"]
    assert abs(gate.clock.now() - modified) < timedelta(minutes=1)


def test_header_and_query_together_are_refused(gate: Gate, bucket: str) -> None:
    url = gate.s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a"})
    reply = send(url, "PUT", sign(url, "PUT", {}, b"x"), b"x")
    assert reply.verdict == (400, "InvalidArgument")


PRESIGNED: dict[str, tuple[str, dict[str, Any], bytes | None, int]] = {
    "GET": ("get_object", {}, None, 200),
    "HEAD": ("head_object", {}, None, 200),
    "PUT": ("put_object", {"ContentType": "text/plain"}, b"x", 200),
    "DELETE": ("delete_object", {}, None, 204),
    "POST": ("create_multipart_upload", {}, b"", 200),
}


def presigned(gate: Gate, bucket: str, method: str, seconds: int = 60) -> str:
    operation, more, _, _ = PRESIGNED[method]
    return gate.s3.generate_presigned_url(
        operation, Params={"Bucket": bucket, "Key": "a", **more}, ExpiresIn=seconds
    )


def send_presigned(url: str, method: str) -> tuple[int, str]:
    _, more, body, _ = PRESIGNED[method]
    headers = {"Content-Type": more["ContentType"]} if "ContentType" in more else {}
    return send(url, method, headers, body).verdict


@pytest.mark.parametrize("method", PRESIGNED)
def test_a_presigned_url_works_until_it_expires(gate: Gate, bucket: str, method: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    url = presigned(gate, bucket, method)
    gate.clock.offset = timedelta(seconds=50)
    assert send_presigned(url, method) == (PRESIGNED[method][3], "")
    gate.clock.offset = timedelta(seconds=62)
    assert send_presigned(url, method) == (403, "" if method == "HEAD" else "AccessDenied")


def with_query(url: str, **changes: str | None) -> str:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name, value in changes.items():
        if value is None:
            query.pop(name.replace("_", "-"))
        else:
            query[name.replace("_", "-")] = value
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))


PARAMETERS = "AuthorizationQueryParametersError"
QUERY_TAMPERING: dict[str, tuple[dict[str, str | None], str]] = {
    "algorithm changed": ({"X_Amz_Algorithm": "AWS4-HMAC-SHA1"}, PARAMETERS),
    "algorithm dropped": ({"X_Amz_Algorithm": None}, PARAMETERS),
    "credential unknown": (
        {"X_Amz_Credential": "nobody/20260101/ca-central-1/s3/aws4_request"},
        PARAMETERS,
    ),
    "credential malformed": ({"X_Amz_Credential": "test"}, PARAMETERS),
    "date changed": ({"X_Amz_Date": "20200101T000000Z"}, "AccessDenied"),
    "date malformed": ({"X_Amz_Date": "now"}, PARAMETERS),
    "date in the future": ({"X_Amz_Date": "29990101T000000Z"}, "AccessDenied"),
    "date dropped": ({"X_Amz_Date": None}, PARAMETERS),
    "lifetime longer": ({"X_Amz_Expires": "61"}, "SignatureDoesNotMatch"),
    "lifetime over a week": ({"X_Amz_Expires": "604801"}, PARAMETERS),
    "lifetime negative": ({"X_Amz_Expires": "-1"}, PARAMETERS),
    "lifetime a word": ({"X_Amz_Expires": "long"}, PARAMETERS),
    "lifetime dropped": ({"X_Amz_Expires": None}, PARAMETERS),
    "signed headers changed": ({"X_Amz_SignedHeaders": "content-type;host"}, "SignatureDoesNot"),
    "host not signed": ({"X_Amz_SignedHeaders": "date"}, "AccessDenied"),
    "signature changed": ({"X_Amz_Signature": "0" * 64}, "SignatureDoesNotMatch"),
    "signature dropped": ({"X_Amz_Signature": None}, PARAMETERS),
    "a parameter added": ({"response-content-type": "text/html"}, "SignatureDoesNotMatch"),
    "a token added": ({"X_Amz_Security_Token": "a"}, "SignatureDoesNotMatch"),
}


@pytest.mark.parametrize("name", QUERY_TAMPERING)
def test_a_presigned_url_tampered_with_is_refused(gate: Gate, bucket: str, name: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    changes, code = QUERY_TAMPERING[name]
    reply = send(with_query(presigned(gate, bucket, "GET"), **changes))
    assert reply.status in (400, 403)
    assert reply.code.startswith(code)


def test_a_presigned_url_is_for_one_key_and_method(gate: Gate, bucket: str) -> None:
    for key in "ab":
        gate.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    url = presigned(gate, bucket, "GET")
    assert send(url.replace(f"/{bucket}/a?", f"/{bucket}/b?")).code == "SignatureDoesNotMatch"
    assert send(url, "DELETE").code == "SignatureDoesNotMatch"


def test_a_week_is_the_longest_life(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert send(presigned(gate, bucket, "GET", 604_800)).status == 200
    assert send(presigned(gate, bucket, "GET", 604_801)).code == PARAMETERS


def test_a_presigned_put_needs_the_signed_type(gate: Gate, bucket: str) -> None:
    url = presigned(gate, bucket, "PUT")
    for headers in ({"Content-Type": "text/html"}, {}):
        assert send(url, "PUT", headers, b"x").verdict == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("name", ["x-amz-acl", "x-amz-meta-a", "x-amz-checksum-mode"])
def test_a_presigned_url_allows_no_unsigned_amz_header(gate: Gate, bucket: str, name: str) -> None:
    reply = send(presigned(gate, bucket, "GET"), "GET", {name: "private"})
    assert reply.verdict == (403, "AccessDenied")
    assert f"<HeadersNotSigned>{name}</HeadersNotSigned>".encode() in reply.body


def test_a_presigned_part_can_be_uploaded(gate: Gate, bucket: str) -> None:
    upload = gate.s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    params = {"Bucket": bucket, "Key": "a", "UploadId": upload, "PartNumber": 1}
    url = gate.s3.generate_presigned_url("upload_part", Params=params, ExpiresIn=60)
    reply = send(url, "PUT", {}, b"part")
    assert reply.status == 200
    gate.s3.complete_multipart_upload(
        Bucket=bucket,
        Key="a",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": reply.headers["etag"]}]},
    )
    assert gate.s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"part"


def test_a_presigned_get_can_set_the_filename(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x", ContentType="image/png")
    params = {
        "Bucket": bucket,
        "Key": "a",
        "ResponseContentDisposition": "attachment; filename*=UTF-8''%C3%A9.png",
        "ResponseContentType": "application/octet-stream",
        "ResponseCacheControl": "no-store",
        "ResponseExpires": "Thu, 01 Dec 1994 16:00:00 GMT",
    }
    reply = send(gate.s3.generate_presigned_url("get_object", Params=params))
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%A9.png"
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["expires"] == "Thu, 01 Dec 1994 16:00:00 GMT"


def test_signature_version_2_in_the_query_is_refused(gate: Gate, bucket: str) -> None:
    url = f"{gate.url}/{bucket}/a?AWSAccessKeyId=test&Expires=9999999999&Signature=x"
    assert send(url).verdict == (400, "InvalidRequest")
