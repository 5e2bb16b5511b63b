"""The verifier accepts the signatures that AWS publishes for S3, and no changed ones.

Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header" (single
chunk, multiple chunks, trailing headers), "Authenticating Requests: Using Query Parameters" and
"Examples: Browser-Based Upload using HTTP POST (Using AWS Signature Version 4)".
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import pytest

from local.s3 import checksums
from local.s3.errors import S3Error
from local.s3.messages import RequestBody
from local.s3.payload import ChunkedPayload, ChunkSignatures
from local.s3.post_object import authorised
from local.s3.sigv4 import EMPTY_SHA256, VerifiedCaller, Verifier
from tests.local.s3.wire import request_of

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
VERIFIER = Verifier({ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, "us-east-1")
NOW = datetime(2013, 5, 24, tzinfo=UTC)
SCOPE = "20130524/us-east-1/s3/aws4_request"
WELCOME_SHA256 = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"

HEADER_EXAMPLES = {
    "GET Object": (
        ("GET", "/test.txt", ""),
        {"Range": "bytes=0-9", "x-amz-content-sha256": EMPTY_SHA256},
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "PUT Object": (
        ("PUT", "/test$file.text", ""),
        {
            "Date": "Fri, 24 May 2013 00:00:00 GMT",
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
            "x-amz-content-sha256": WELCOME_SHA256,
        },
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    "GET Bucket Lifecycle": (
        ("GET", "/", "lifecycle"),
        {"x-amz-content-sha256": EMPTY_SHA256},
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "GET Bucket (List Objects)": (
        ("GET", "/", "max-keys=2&prefix=J"),
        {"x-amz-content-sha256": EMPTY_SHA256},
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}


def verify(
    line: tuple[str, str, str], headers: dict[str, str], host: str, signature: str
) -> VerifiedCaller | None:
    sent = {"Host": host, "x-amz-date": "20130524T000000Z", **headers}
    signed = ";".join(sorted(name.lower() for name in sent))
    sent["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{SCOPE},"
        f"SignedHeaders={signed},Signature={signature}"
    )
    return VERIFIER.caller(request_of(*line, sent), (NOW,))


@pytest.mark.parametrize("name", HEADER_EXAMPLES)
def test_the_published_header_signatures_are_accepted(name: str) -> None:
    line, headers, signature = HEADER_EXAMPLES[name]
    caller = verify(line, headers, "examplebucket.s3.amazonaws.com", signature)
    assert caller is not None
    assert caller.access_key == ACCESS_KEY


@pytest.mark.parametrize("name", HEADER_EXAMPLES)
def test_a_changed_header_signature_is_refused(name: str) -> None:
    line, headers, signature = HEADER_EXAMPLES[name]
    forged = ("0" if signature[0] != "0" else "1") + signature[1:]
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        verify(line, headers, "examplebucket.s3.amazonaws.com", forged)


PRESIGNED = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
)


def test_the_published_presigned_url_is_accepted() -> None:
    host = {"Host": "examplebucket.s3.amazonaws.com"}
    assert VERIFIER.caller(request_of("GET", "/test.txt", PRESIGNED, host), (NOW,)) is not None


CHUNKED_HEADERS = {
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    "Content-Encoding": "aws-chunked",
    "x-amz-decoded-content-length": "66560",
}
CHUNKED_LINE = ("PUT", "/examplebucket/chunkObject.txt", "")


def chunks(signatures: tuple[str, str, str], ending: bytes) -> RequestBody:
    """Return chunks with 65,536 and 1,024 bytes of `a`, and the empty chunk."""
    text = b""
    for size, signature in zip((65_536, 1_024, 0), signatures, strict=True):
        text += f"{size:x};chunk-signature={signature}\r\n".encode() + b"a" * size
        text += b"\r\n" if size else b""
    text += ending
    return RequestBody(BytesIO(text), len(text))


CHUNK_SIGNATURES = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)


def chunked_caller() -> VerifiedCaller:
    headers = {
        **CHUNKED_HEADERS,
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "Content-Length": "66824",
    }
    caller = verify(
        CHUNKED_LINE,
        headers,
        "s3.amazonaws.com",
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    )
    assert caller is not None
    return caller


def test_the_published_chunks_are_accepted() -> None:
    body = chunks(CHUNK_SIGNATURES, b"\r\n")
    assert body.length == 66_824
    payload = ChunkedPayload(body, 66_560, ChunkSignatures(chunked_caller()))
    assert b"".join(payload) == b"a" * 66_560


@pytest.mark.parametrize("forged", [0, 1, 2])
def test_a_forged_chunk_is_refused(forged: int) -> None:
    signatures = [*CHUNK_SIGNATURES]
    signatures[forged] = "0" * 64
    body = chunks((signatures[0], signatures[1], signatures[2]), b"\r\n")
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        list(ChunkedPayload(body, 66_560, ChunkSignatures(chunked_caller())))


TRAILER_CHUNK_SIGNATURES = (
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
TRAILER_SIGNATURE = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"


def trailer_caller() -> VerifiedCaller:
    headers = {
        **CHUNKED_HEADERS,
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "x-amz-trailer": "x-amz-checksum-crc32c",
    }
    caller = verify(
        CHUNKED_LINE,
        headers,
        "s3.amazonaws.com",
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    )
    assert caller is not None
    return caller


def trailing(checksum: str, signature: str) -> bytes:
    lines = f"x-amz-checksum-crc32c:{checksum}\r\nx-amz-trailer-signature:{signature}\r\n\r\n"
    return lines.encode()


def test_the_published_trailer_is_accepted() -> None:
    body = chunks(TRAILER_CHUNK_SIGNATURES, trailing("sOO8/Q==", TRAILER_SIGNATURE))
    payload = ChunkedPayload(body, 66_560, ChunkSignatures(trailer_caller()))
    data = b"".join(payload)
    assert payload.trailers == {"x-amz-checksum-crc32c": "sOO8/Q=="}
    assert checksums.digest_of([data], "CRC32C") == "sOO8/Q=="


@pytest.mark.parametrize(
    "ending",
    [
        trailing("AAAAAA==", TRAILER_SIGNATURE),
        trailing("sOO8/Q==", "0" * 64),
        b"x-amz-checksum-crc32c:sOO8/Q==\r\n\r\n",
    ],
    ids=["other checksum", "forged signature", "no signature"],
)
def test_a_forged_trailer_is_refused(ending: bytes) -> None:
    body = chunks(TRAILER_CHUNK_SIGNATURES, ending)
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        list(ChunkedPayload(body, 66_560, ChunkSignatures(trailer_caller())))


POLICY = (
    "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAg"
    "ICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAi"
    "dXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25f"
    "cmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxf"
    "dXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQog"
    "ICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRl"
    "LWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAi"
    "Il0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMt"
    "ZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEy"
    "NTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9"
)
FORM = {
    "key": "user/user1/${filename}",
    "acl": "public-read",
    "success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html",
    "content-type": "image/jpeg",
    "x-amz-meta-uuid": "14365123651274",
    "x-amz-server-side-encryption": "AES256",
    "x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request",
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-date": "20151229T000000Z",
    "x-amz-meta-tag": "",
    "policy": POLICY,
    "x-amz-signature": "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
}
POSTED = datetime(2015, 12, 29, 12, tzinfo=UTC)


def test_the_published_form_is_accepted() -> None:
    policy = authorised(FORM, VERIFIER, POSTED)
    fields = {**FORM, "key": "user/user1/a.jpg"}
    policy.check(fields, "sigv4examplebucket", POSTED)
    assert policy.max_bytes is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", "user/user2/a.jpg"),
        ("acl", "private"),
        ("success_action_redirect", "http://elsewhere.example/"),
        ("content-type", "text/html"),
        ("x-amz-meta-uuid", "14365123651275"),
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-meta-more", "1"),
    ],
)
def test_the_published_form_with_one_field_changed_is_refused(field: str, value: str) -> None:
    policy = authorised(FORM, VERIFIER, POSTED)
    with pytest.raises(S3Error, match="AccessDenied"):
        policy.check(
            {**FORM, "key": "user/user1/a.jpg", field: value}, "sigv4examplebucket", POSTED
        )


def test_the_published_form_is_bound_to_its_bucket_and_its_day() -> None:
    policy = authorised(FORM, VERIFIER, POSTED)
    fields = {**FORM, "key": "user/user1/a.jpg"}
    with pytest.raises(S3Error, match=r"Policy Condition failed: \[\"eq\", \"\$bucket\""):
        policy.check(fields, "another-bucket", POSTED)
    with pytest.raises(S3Error, match="Policy expired"):
        policy.check(fields, "sigv4examplebucket", datetime(2015, 12, 30, 12, tzinfo=UTC))


CHECK_VALUES = {
    # of the nine bytes 123456789; sources: the catalogue of parametrised CRCs, FIPS 180
    "CRC32": "cbf43926",
    "CRC32C": "e3069283",
    "CRC64NVME": "ae8b14860a799888",
    "SHA1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "SHA256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
}


@pytest.mark.parametrize("algorithm", CHECK_VALUES)
def test_a_checksum_has_its_published_check_value(algorithm: str) -> None:
    state = checksums.hasher(algorithm)
    state.update(b"1234")
    state.update(b"56789")
    assert state.digest().hex() == CHECK_VALUES[algorithm]
