"""Valid and invalid tokens; those that a library refuses to create are built by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
CLAIMS = {"userid": "u1", "service": "rawstore", "permissions": {"datapackage-upload": True}}


class SettableClock:
    """A clock that only moves when it is set."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def forward(self, **by: float) -> None:
        self.time += timedelta(**by)


@cache
def rsa_key(name: str, bits: int = 2048) -> RSAPrivateKey:
    """Return the key pair of this name; it is created once a run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve())


def pem_of(key: RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """Return the public key as the auth server publishes it."""
    return (
        key.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode("ascii")
    )


def encode(part: bytes | Mapping[str, Any]) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(key: Any, claims: Mapping[str, Any], *, algorithm: str = "RS256", **header: Any) -> str:
    return jwt.encode(dict(claims), key, algorithm=algorithm, headers=header or None)


def sign_raw(key: RSAPrivateKey, header: bytes | Mapping[str, Any], claims: bytes) -> str:
    """Return a token with these bytes as header and claims, and a valid RS256 signature."""
    signed = f"{encode(header)}.{encode(claims)}"
    signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(
        signed.encode(), key
    )
    return f"{signed}.{encode(signature)}"


def unsigned(claims: Mapping[str, Any]) -> str:
    """Return a token with algorithm `none` (RFC 7515): the last part is empty."""
    return f"{encode({'alg': 'none', 'typ': 'JWT'})}.{encode(claims)}."


def signed_with_the_public_key(pem: str, claims: Mapping[str, Any]) -> str:
    """Return a token signed with HS256 and the public key as secret (algorithm confusion)."""
    signed = f"{encode({'alg': 'HS256', 'typ': 'JWT'})}.{encode(claims)}"
    return f"{signed}.{encode(hmac.digest(pem.encode(), signed.encode(), hashlib.sha256))}"
