"""S3's additional checksums: which there are, how a client declares one, how it is verified.

Source: Amazon S3 User Guide, "Checking object integrity for data uploads in Amazon S3".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from local.s3.errors import S3Error

PREFIX = "x-amz-checksum-"
# Headers that begin like a checksum and are none.
NOT_DIGESTS = {"x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-checksum-type"}

# algorithm: length of the digest in bytes
DIGEST_BYTES: Mapping[str, int] = {
    "CRC32": 4,
    "CRC32C": 4,
    "CRC64NVME": 8,
    "SHA1": 20,
    "SHA256": 32,
    "SHA512": 64,
    "MD5": 16,
}
# Reflected polynomials of the two CRCs that zlib lacks (RFC 3720; NVM Express 1.0, 64b CRC).
POLYNOMIALS: Mapping[str, tuple[int, int]] = {
    "CRC32C": (0x82F63B78, 32),
    "CRC64NVME": (0x9A6C9329AC4BC9B5, 64),
}


class Hasher(Protocol):
    """Takes bytes in pieces; `digest` can be asked at any time."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class Crc32:
    """The CRC of zip and Ethernet, by zlib."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class TableCrc:
    """Any reflected CRC, byte by byte: right, and slow (some 10 MB a second)."""

    def __init__(self, polynomial: int, bits: int) -> None:
        self._table = crc_table(polynomial)
        self._bits = bits
        self._ones = (1 << bits) - 1
        self._value = self._ones

    def update(self, data: bytes, /) -> None:
        value, table = self._value, self._table
        for byte in data:
            value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
        self._value = value

    def digest(self) -> bytes:
        return (self._value ^ self._ones).to_bytes(self._bits // 8, "big")


@cache
def crc_table(polynomial: int) -> tuple[int, ...]:
    def entry(byte: int) -> int:
        for _ in range(8):
            byte = (byte >> 1) ^ (polynomial if byte & 1 else 0)
        return byte

    return tuple(entry(byte) for byte in range(256))


def hasher(algorithm: str) -> Hasher:
    if algorithm == "CRC32":
        return Crc32()
    if algorithm in POLYNOMIALS:
        return TableCrc(*POLYNOMIALS[algorithm])
    return hashlib.new(algorithm.lower(), usedforsecurity=False)


def digest_of(chunks: Iterable[bytes], algorithm: str) -> str:
    """The checksum of some bytes, in base64."""
    state = hasher(algorithm)
    for chunk in chunks:
        state.update(chunk)
    return encode(state.digest())


def encode(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")


def known(algorithm: str, where: str = "x-amz-checksum-algorithm") -> str:
    """The algorithm in upper case; InvalidRequest for a name that S3 doesn't know."""
    name = algorithm.upper()
    if name not in DIGEST_BYTES:
        raise S3Error(
            "InvalidRequest",
            f"Value for {where} header is invalid. Checksum algorithm provided is unsupported. "
            f"Please try again with any of the valid types: [{', '.join(DIGEST_BYTES)}]",
        )
    return name


def valid_value(algorithm: str, value: str) -> bool:
    """Whether base64 of the algorithm's length stands there."""
    try:
        return len(base64.b64decode(value, validate=True)) == DIGEST_BYTES[algorithm]
    except (binascii.Error, ValueError):
        return False


@dataclass(frozen=True)
class Declared:
    """What a client said about its bytes: an algorithm, and the value, or that it comes last."""

    algorithm: str
    value: str | None
    in_trailer: bool = False


def declared(headers: Mapping[str, str]) -> Declared | None:
    """The checksum that headers or form fields (names in lower case) declare, if any."""
    values = {
        name: value
        for name, value in headers.items()
        if name.startswith(PREFIX) and name not in NOT_DIGESTS
    }
    if len(values) > 1:
        raise S3Error(
            "InvalidRequest",
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        )
    trailer = headers.get("x-amz-trailer", "").strip().lower()
    announced = headers.get("x-amz-sdk-checksum-algorithm") or headers.get(
        "x-amz-checksum-algorithm"
    )
    if values:
        [(name, value)] = values.items()
        return _with_value(name, value, announced)
    if trailer.startswith(PREFIX):
        return Declared(_agreeing(trailer, announced), None, in_trailer=True)
    if announced and "x-amz-sdk-checksum-algorithm" in headers:
        known(announced, "x-amz-sdk-checksum-algorithm")
        raise S3Error(
            "InvalidRequest",
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
            "x-amz-trailer headers were found.",
        )
    return Declared(known(announced), None) if announced else None


def _with_value(name: str, value: str, announced: str | None) -> Declared:
    algorithm = _agreeing(name, announced)
    if not valid_value(algorithm, value):
        raise S3Error("InvalidRequest", f"Value for {name} header is invalid.")
    return Declared(algorithm, value)


def _agreeing(name: str, announced: str | None) -> str:
    algorithm = known(name.removeprefix(PREFIX), name)
    if announced is not None and known(announced) != algorithm:
        raise S3Error("InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.")
    return algorithm


def verify(algorithm: str, claimed: str, computed: str) -> None:
    if claimed != computed:
        raise S3Error(
            "BadDigest", f"The {algorithm} you specified did not match the calculated checksum."
        )


def header_name(algorithm: str) -> str:
    return PREFIX + algorithm.lower()
