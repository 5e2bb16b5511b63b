"""S3's additional checksums: the algorithms, and the checksum that a client declares.

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
# Headers that have the prefix but are not checksums.
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
    """Computes a digest of bytes that arrive in pieces; `digest` can be called at any time."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class Crc32:
    """CRC32, computed by zlib."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class TableCrc:
    """Any reflected CRC, computed byte by byte: slow, about 10 MB per second."""

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
    """Return the checksum of some bytes in base64."""
    state = hasher(algorithm)
    for chunk in chunks:
        state.update(chunk)
    return encode(state.digest())


def encode(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")


def parse_algorithm(algorithm: str, where: str = "x-amz-checksum-algorithm") -> str:
    """Return the algorithm in upper case; raise InvalidRequest for a name that S3 does not have."""
    name = algorithm.upper()
    if name not in DIGEST_BYTES:
        raise S3Error(
            "InvalidRequest",
            f"Value for {where} header is invalid. Checksum algorithm provided is unsupported. "
            f"Please try again with any of the valid types: [{', '.join(DIGEST_BYTES)}]",
        )
    return name


def is_valid_digest(algorithm: str, value: str) -> bool:
    """True if the value is base64 of a digest with the algorithm's length."""
    try:
        return len(base64.b64decode(value, validate=True)) == DIGEST_BYTES[algorithm]
    except (binascii.Error, ValueError):
        return False


@dataclass(frozen=True)
class DeclaredChecksum:
    """A checksum that a client declares; `value` is None if only the algorithm is known."""

    algorithm: str
    value: str | None
    in_trailer: bool = False


def declared_checksum(headers: Mapping[str, str]) -> DeclaredChecksum | None:
    """Return the checksum in headers or form fields (names in lower case), or None."""
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
    algorithm = headers.get("x-amz-sdk-checksum-algorithm") or headers.get(
        "x-amz-checksum-algorithm"
    )
    if values:
        [(name, value)] = values.items()
        return _with_value(name, value, algorithm)
    if trailer.startswith(PREFIX):
        return DeclaredChecksum(_algorithm_of(trailer, algorithm), None, in_trailer=True)
    if algorithm and "x-amz-sdk-checksum-algorithm" in headers:
        parse_algorithm(algorithm, "x-amz-sdk-checksum-algorithm")
        raise S3Error(
            "InvalidRequest",
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
            "x-amz-trailer headers were found.",
        )
    return DeclaredChecksum(parse_algorithm(algorithm), None) if algorithm else None


def _with_value(name: str, value: str, expected: str | None) -> DeclaredChecksum:
    algorithm = _algorithm_of(name, expected)
    if not is_valid_digest(algorithm, value):
        raise S3Error("InvalidRequest", f"Value for {name} header is invalid.")
    return DeclaredChecksum(algorithm, value)


def _algorithm_of(name: str, expected: str | None) -> str:
    """Return the algorithm in a header's name; raise InvalidRequest if another one is expected."""
    algorithm = parse_algorithm(name.removeprefix(PREFIX), name)
    if expected is not None and parse_algorithm(expected) != algorithm:
        raise S3Error("InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.")
    return algorithm


def verify(algorithm: str, claimed: str, computed: str) -> None:
    if claimed != computed:
        raise S3Error(
            "BadDigest", f"The {algorithm} you specified did not match the calculated checksum."
        )


def header_name(algorithm: str) -> str:
    return PREFIX + algorithm.lower()
