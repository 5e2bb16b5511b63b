"""Parse JSON Web Tokens in compact form (RFC 7515, RFC 7519).

The signature is not verified here. The parser is strict: it refuses what two parsers could read
differently, such as repeated members, other alphabets and unknown extensions.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from coffer.domain.errors import UnauthenticatedError

MAX_TOKEN_LENGTH = 10_240
"""API Gateway's limit for all headers of a request; a query string may be longer."""

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TO_STANDARD_ALPHABET = str.maketrans("-_", "+/")
_NO_LEEWAY = timedelta(0)


@dataclass(frozen=True, slots=True)
class CompactToken:
    """A token's header, claims, signed text and signature; not verified yet."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    @classmethod
    def parse(cls, text: str) -> CompactToken:
        """Parse a token; raise UnauthenticatedError if it is malformed or too long."""
        if len(text) > MAX_TOKEN_LENGTH:
            raise _malformed(f"The token is over {MAX_TOKEN_LENGTH} characters long.")
        pieces = _COMPACT.fullmatch(text)
        if pieces is None:
            raise _malformed("The token must have three base64url parts separated by dots.")
        header, claims, signature = pieces.groups()
        try:
            token = cls(
                header=_parse_object(header),
                claims=_parse_object(claims),
                signed=text.rpartition(".")[0].encode("ascii"),
                signature=_decode(signature),
            )
        except (ValueError, RecursionError) as error:
            raise _malformed("The token's parts are not JSON objects in base64url.") from error
        if "crit" in token.header:
            raise _malformed("The token needs an extension that is not supported.")
        return token

    @property
    def algorithm(self) -> str:
        """Return the signature algorithm that the header names, or ""."""
        algorithm = self.header.get("alg")
        return algorithm if isinstance(algorithm, str) else ""

    def require_current(
        self, now: datetime, *, leeway: timedelta = _NO_LEEWAY, require_expiry: bool = False
    ) -> None:
        """Raise UnauthenticatedError if the token has expired or is not valid yet (`exp`, `nbf`).

        `leeway` is the allowed difference between the issuer's clock and ours. A token without
        `exp` never expires; if `require_expiry`, it is refused.
        """
        expires, begins = self._instant("exp"), self._instant("nbf")
        if expires is None and require_expiry:
            raise UnauthenticatedError("token_without_expiry", "The token has no expiry.")
        if expires is not None and (now - leeway).timestamp() >= expires:
            raise UnauthenticatedError("token_expired", "The token has expired.")
        if begins is not None and (now + leeway).timestamp() < begins:
            raise UnauthenticatedError("token_not_yet_valid", "The token is not valid yet.")

    def _instant(self, claim: str) -> float | None:
        """Return a time claim in seconds since 1970 (RFC 7519, NumericDate)."""
        value = self.claims.get(claim)
        if value is None and claim not in self.claims:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _malformed(f"The token's {claim} is not a number.")
        return value


def untrusted_token() -> UnauthenticatedError:
    """Return the error for a token whose signature is not trusted; it does not say why."""
    return UnauthenticatedError("invalid_token", "The token was not signed by the trusted issuer.")


def _malformed(detail: str) -> UnauthenticatedError:
    return UnauthenticatedError("malformed_token", detail)


def _parse_object(part: str) -> Mapping[str, Any]:
    document = json.loads(
        _decode(part), object_pairs_hook=_unique_members, parse_constant=_refuse_constant
    )
    if isinstance(document, dict):
        return document
    raise ValueError("not an object")


def _decode(part: str) -> bytes:
    standard = part.translate(_TO_STANDARD_ALPHABET) + "=" * (-len(part) % 4)
    return binascii.a2b_base64(standard, strict_mode=True)


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is repeated")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
