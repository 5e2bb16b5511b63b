"""Signs rawstore's permission tokens for this stack, in place of the auth server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.clock import StackClock


class PermissionTokens:
    """An RSA key that lives as long as the stack, and the tokens signed with it."""

    def __init__(self, clock: StackClock) -> None:
        self._clock = clock
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def public_key(self) -> str:
        """The public half as PEM: what handlers read as DATAHUB_PUBLIC_KEY."""
        public = self._key.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(
        self,
        user: str,
        service: str,
        permissions: Mapping[str, Any],
        expires_seconds: int | None = None,
    ) -> str:
        """An RS256 token with the claims of the reference's auth server, and `exp` if asked."""
        claims: dict[str, Any] = {
            "userid": user,
            "service": service,
            "permissions": dict(permissions),
        }
        if expires_seconds is not None:
            claims["exp"] = int(self._clock.seconds()) + expires_seconds
        return jwt.encode(claims, self._key, algorithm="RS256")
