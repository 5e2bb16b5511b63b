"""The PermissionTokens port: the auth server's RS256 tokens, checked with its public key.

`cryptography` is called directly. PyJWT would come to the same verdicts (a test holds this verifier
to them), but importing it, with all of X.509, SSH keys and a JWKS client, takes a third as much
again as the rest of a cold start of the functions that use this.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from coffer.adapters.tokens.compact import CompactToken, untrusted
from coffer.domain.clock import Clock
from coffer.domain.errors import UnavailableError
from coffer.observability import logger
from coffer.settings import SettingsError, rawstore_settings

LEAST_KEY_BITS = 2048
KEY_LIFE = timedelta(hours=1)
LEAST_BETWEEN_FETCHES = timedelta(seconds=30)


class PublicKeys(Protocol):
    """Where the auth server's public key comes from."""

    def current(self) -> RSAPublicKey:
        """The key to check with; UnavailableError where none can be had now."""
        ...

    def newer(self) -> RSAPublicKey | None:
        """The key that has replaced the one of `current`; None where none has, as far as known."""
        ...


class RsaPermissionTokens:
    """Checks tokens against one RSA key, or against the one that has replaced it."""

    def __init__(self, keys: PublicKeys, clock: Clock, *, require_expiry: bool) -> None:
        self._keys = keys
        self._clock = clock
        self._require_expiry = require_expiry

    def verify(self, token: str) -> Mapping[str, Any]:
        parsed = CompactToken.parse(token)
        # This comparison keeps out `none`, and HS256 with the public key as its secret.
        if parsed.algorithm != "RS256":
            raise untrusted()
        if not _is_signed(parsed, self._keys.current()):
            newer = self._keys.newer()
            if newer is None or not _is_signed(parsed, newer):
                raise untrusted()
        parsed.require_current(self._clock.now(), require_expiry=self._require_expiry)
        return parsed.claims


class GivenKey:
    """The key that the deployment was given."""

    def __init__(self, key: RSAPublicKey) -> None:
        self._key = key

    def current(self) -> RSAPublicKey:
        return self._key

    def newer(self) -> None:
        return None


class PublishedKey:
    """The key that the auth server publishes, fetched when it is first needed.

    It is fetched again every KEY_LIFE, and when a signature does not fit it; a server that cannot
    be reached then leaves the known key in use. Never more often than LEAST_BETWEEN_FETCHES.
    """

    def __init__(self, url: str, fetch: Callable[[str], bytes], clock: Clock) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._key: RSAPublicKey | None = None
        self._tried: datetime | None = None

    def current(self) -> RSAPublicKey:
        if self._key is None or self._since_tried() >= KEY_LIFE:
            self._refresh()
        if self._key is None:
            raise UnavailableError(
                "auth_server_unavailable", "The auth server's public key cannot be had right now."
            )
        return self._key

    def newer(self) -> RSAPublicKey | None:
        before = self._key
        self._refresh()
        if self._key is None or self._key == before:
            return None
        return self._key

    def _refresh(self) -> None:
        if self._since_tried() < LEAST_BETWEEN_FETCHES:
            return
        self._tried = self._clock.now()
        try:
            self._key = read_public_key(self._fetch(self._url).decode())
        except (OSError, ValueError) as error:
            logger.warning("public key not fetched", reason=str(error))

    def _since_tried(self) -> timedelta:
        since = timedelta.max if self._tried is None else self._clock.now() - self._tried
        # A clock that was set back says nothing of how long ago it was, and must lock nobody out.
        return since if since >= timedelta(0) else timedelta.max


def read_public_key(text: str) -> RSAPublicKey:
    """An RSA public key from PEM, PEM with `\\n` for its line ends, or the base64 of PEM.

    ValueError for anything else, and for keys too short to be trusted.
    """
    pem = text.strip().replace("\\n", "\n")
    if not pem.startswith("-----BEGIN "):
        try:
            pem = binascii.a2b_base64(pem, strict_mode=True).decode("ascii").strip()
        except ValueError as error:
            raise ValueError("neither PEM nor the base64 of PEM") from error
    try:
        key = load_pem_public_key(pem.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("not the PEM of a public key") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_KEY_BITS:
        raise ValueError(f"not an RSA key of {LEAST_KEY_BITS} bits or more")
    return key


def configured_permission_tokens(clock: Clock) -> RsaPermissionTokens:
    """The verifier that the settings ask for; SettingsError naming what they lack."""
    return RsaPermissionTokens(
        _configured_keys(clock), clock, require_expiry=rawstore_settings.require_token_expiry
    )


def _configured_keys(clock: Clock) -> PublicKeys:
    if rawstore_settings.datahub_public_key:
        try:
            return GivenKey(read_public_key(rawstore_settings.datahub_public_key))
        except ValueError as error:
            raise SettingsError(
                "DATAHUB_PUBLIC_KEY must be an RSA public key: PEM with line ends or with \\n for "
                f"them, or the base64 of PEM on one line. It is {error}."
            ) from error
    if rawstore_settings.datahub_public_key_url:
        # Only here: with a given key nothing is fetched, and the import is not paid for.
        from coffer.adapters.fetch import fetch

        return PublishedKey(rawstore_settings.datahub_public_key_url, fetch, clock)
    raise SettingsError("DATAHUB_PUBLIC_KEY or DATAHUB_PUBLIC_KEY_URL must be set; both are empty.")


def _is_signed(token: CompactToken, key: RSAPublicKey) -> bool:
    try:
        key.verify(token.signature, token.signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
