"""aws-chunked bodies, as SDKs send them with a checksum in a trailer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from io import BytesIO

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum

from local.s3.sigv4 import Scope, signing_key
from tests.local.s3.wire import REGION, SECRET_KEY, Gate, send, sign

DATA = bytes(range(256)) * 4096
CRC32 = base64.b64encode(zlib.crc32(DATA).to_bytes(4, "big")).decode()


def trailer_headers(url: str, length: int, **more: str) -> dict[str, str]:
    headers = {
        "Content-Encoding": "aws-chunked",
        "X-Amz-Decoded-Content-Length": str(length),
        "X-Amz-Trailer": "x-amz-checksum-crc32",
        **more,
    }
    return sign(url, "PUT", headers, payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER")


def test_an_unsigned_payload_with_a_trailer_is_stored_decoded(gate: Gate, bucket: str) -> None:
    url = f"{gate.url}/{bucket}/a"
    wrapper = AwsChunkedWrapper(
        BytesIO(DATA),
        checksum_cls=Crc32Checksum,
        checksum_name="x-amz-checksum-crc32",
        chunk_size=100_000,
    )
    headers = trailer_headers(url, len(DATA), **{"Content-Type": "text/plain"})
    headers["Content-Encoding"] = "aws-chunked"
    reply = send(url, "PUT", headers, wrapper.read())
    assert reply.status == 200
    assert reply.headers["x-amz-checksum-crc32"] == CRC32
    found = gate.s3.get_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert found["Body"].read() == DATA
    assert found["ChecksumCRC32"] == CRC32
    assert "ContentEncoding" not in found


def test_another_encoding_beside_it_is_kept(gate: Gate, bucket: str) -> None:
    url = f"{gate.url}/{bucket}/a"
    headers = trailer_headers(url, 0, **{"Content-Encoding": "aws-chunked,gzip"})
    reply = send(url, "PUT", headers, b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n")
    assert reply.status == 200
    assert gate.s3.head_object(Bucket=bucket, Key="a")["ContentEncoding"] == "gzip"


GOOD = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
BROKEN: dict[str, tuple[bytes, str]] = {
    "honest": (GOOD, ""),
    "wrong checksum": (GOOD.replace(b"NhCmhg==", b"AAAAAA=="), "BadDigest"),
    "checksum of another length": (GOOD.replace(b"NhCmhg==", b"AAAA"), "MalformedTrailerError"),
    "no trailer": (b"5\r\nhello\r\n0\r\n\r\n", "MalformedTrailerError"),
    "too many trailers": (GOOD[:-2] + b"a:b\r\n" * 20 + b"\r\n", "MalformedTrailerError"),
    "longer than declared": (GOOD.replace(b"5\r\nhello", b"6\r\nhello!"), "IncompleteBody"),
    "shorter than declared": (GOOD.replace(b"5\r\nhello", b"4\r\nhell"), "IncompleteBody"),
    "no size": (b"x\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
    "a negative size": (b"-5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
    "no line break behind a chunk": (GOOD.replace(b"hello\r\n", b"hello!\r\n"), "IncompleteBody"),
    "cut in a chunk": (b"5\r\nhel", "IncompleteBody"),
    "cut behind a chunk": (b"5\r\nhello\r\n", "IncompleteBody"),
    "a line without end": (b"5" * 20_000, "IncompleteBody"),
    "not chunked at all": (b"hello", "IncompleteBody"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_incomplete_chunks_and_wrong_trailers_are_refused(
    gate: Gate, bucket: str, name: str
) -> None:
    body, code = BROKEN[name]
    url = f"{gate.url}/{bucket}/a"
    reply = send(url, "PUT", trailer_headers(url, 5), body)
    assert reply.verdict == ((400, code) if code else (200, ""))
    assert ("Contents" in gate.s3.list_objects_v2(Bucket=bucket)) == (not code)


def test_the_decoded_length_is_required(gate: Gate, bucket: str) -> None:
    url = f"{gate.url}/{bucket}/a"
    headers = trailer_headers(url, 5, **{"X-Amz-Decoded-Content-Length": "many"})
    assert send(url, "PUT", headers, GOOD).verdict == (411, "MissingContentLength")


def signed_chunks(headers: dict[str, str], pieces: list[bytes]) -> bytes:
    """Return the chunks and the empty chunk; each signature also signs the one before."""
    amz_date = headers["X-Amz-Date"]
    scope = Scope("test", amz_date[:8], REGION, "s3", "aws4_request")
    key = signing_key(SECRET_KEY, scope)
    previous = headers["Authorization"].rpartition("Signature=")[2]
    body = b""
    for piece in [*pieces, b""]:
        text = "\n".join(
            (
                "AWS4-HMAC-SHA256-PAYLOAD",
                amz_date,
                scope.text,
                previous,
                hashlib.sha256(b"").hexdigest(),
                hashlib.sha256(piece).hexdigest(),
            )
        )
        previous = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        body += f"{len(piece):x};chunk-signature={previous}\r\n".encode() + piece + b"\r\n"
    return body


def signed_headers(url: str, length: int) -> dict[str, str]:
    headers = {
        "Content-Encoding": "aws-chunked",
        "X-Amz-Decoded-Content-Length": str(length),
    }
    return sign(url, "PUT", headers, payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD")


def test_signed_chunks_are_stored_decoded(gate: Gate, bucket: str) -> None:
    url = f"{gate.url}/{bucket}/a"
    headers = signed_headers(url, len(DATA))
    body = signed_chunks(headers, [DATA[:500_000], DATA[500_000:]])
    assert send(url, "PUT", headers, body).status == 200
    assert gate.s3.get_object(Bucket=bucket, Key="a")["Body"].read() == DATA


def test_a_byte_changed_in_a_signed_chunk_is_refused(gate: Gate, bucket: str) -> None:
    url = f"{gate.url}/{bucket}/a"
    headers = signed_headers(url, len(DATA))
    body = bytearray(signed_chunks(headers, [DATA[:500_000], DATA[500_000:]]))
    body[700_000] ^= 1
    assert send(url, "PUT", headers, bytes(body)).verdict == (403, "SignatureDoesNotMatch")
    assert "Contents" not in gate.s3.list_objects_v2(Bucket=bucket)


def test_only_the_last_signed_chunk_may_be_small(gate: Gate, bucket: str) -> None:
    url = f"{gate.url}/{bucket}/a"
    headers = signed_headers(url, 10_000)
    body = signed_chunks(headers, [b"x" * 1_000, b"x" * 9_000])
    assert send(url, "PUT", headers, body).verdict == (403, "InvalidChunkSizeError")
