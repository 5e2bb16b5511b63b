"""Verify the RS256 tokens of the rawstore's auth server with its public key.

`cryptography` is used directly. PyJWT accepts the same tokens (a test compares both), but importing
it, with X.509, SSH keys and a JWKS client, adds a third to the cold start of these functions.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from coffer.adapters.tokens.compact import CompactToken, untrusted_token
from coffer.adapters.tokens.key_refresh import KeyRefresh
from coffer.domain.clock import Clock
from coffer.domain.errors import UnavailableError
from coffer.observability import logger
from coffer.settings import SettingsError, rawstore_settings

MIN_KEY_BITS = 2048


class PublicKeys(Protocol):
    """The auth server's public key."""

    def current(self) -> RSAPublicKey:
        """Return the key; raise UnavailableError if it cannot be fetched now."""
        ...

    def newer(self) -> RSAPublicKey | None:
        """Return a key that replaced the current one, or None if none is known."""
        ...


class RsaPermissionTokens:
    """Verifies tokens with one RSA key, or with the key that replaced it.

    A token without `exp` is valid until the key is replaced, as in the reference, whose auth server
    issues such tokens. If `require_expiry`, it is refused.
    """

    def __init__(self, keys: PublicKeys, clock: Clock, *, require_expiry: bool) -> None:
        self._keys = keys
        self._clock = clock
        self._require_expiry = require_expiry

    def verify(self, token: str) -> Mapping[str, Any]:
        parsed = CompactToken.parse(token)
        # This comparison refuses `none`, and HS256 with the public key as its secret.
        if parsed.algorithm != "RS256":
            raise untrusted_token()
        if not _is_signed(parsed, self._keys.current()):
            newer = self._keys.newer()
            if newer is None or not _is_signed(parsed, newer):
                raise untrusted_token()
        parsed.require_current(self._clock.now(), require_expiry=self._require_expiry)
        return parsed.claims


class ConfiguredKey:
    """The public key from the settings."""

    def __init__(self, key: RSAPublicKey) -> None:
        self._key = key

    def current(self) -> RSAPublicKey:
        return self._key

    def newer(self) -> None:
        return None


class PublishedKey:
    """The public key that the auth server publishes.

    It is fetched when it is first needed, when it is older than KEY_LIFE, and when a signature does
    not fit. If the server cannot be reached then, the known key stays in use.
    """

    def __init__(self, url: str, fetch: Callable[[str], bytes], clock: Clock) -> None:
        self._url = url
        self._fetch = fetch
        self._refresh = KeyRefresh(clock)
        self._key: RSAPublicKey | None = None

    def current(self) -> RSAPublicKey:
        if self._key is None or self._refresh.is_due:
            self._fetch_key()
        if self._key is None:
            raise UnavailableError(
                "auth_server_unavailable",
                "The auth server's public key is not available now. Try again.",
            )
        return self._key

    def newer(self) -> RSAPublicKey | None:
        before = self._key
        self._fetch_key()
        return None if self._key == before else self._key

    def _fetch_key(self) -> None:
        if not self._refresh.start():
            return
        try:
            self._key = parse_public_key(self._fetch(self._url).decode())
        except (OSError, ValueError) as error:
            logger.warning("public key not fetched", reason=str(error))


def parse_public_key(text: str) -> RSAPublicKey:
    """Parse an RSA public key: PEM, PEM with `\\n` for its line ends, or the base64 of PEM.

    Raises ValueError for anything else and for keys under MIN_KEY_BITS.
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
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_KEY_BITS:
        raise ValueError(f"not an RSA key of {MIN_KEY_BITS} bits or more")
    return key


def configured_permission_tokens(clock: Clock) -> RsaPermissionTokens:
    """Return the verifier that the settings describe; raise SettingsError if there is no key."""
    return RsaPermissionTokens(
        _configured_keys(clock), clock, require_expiry=rawstore_settings.require_token_expiry
    )


def _configured_keys(clock: Clock) -> PublicKeys:
    if rawstore_settings.datahub_public_key:
        try:
            return ConfiguredKey(parse_public_key(rawstore_settings.datahub_public_key))
        except ValueError as error:
            raise SettingsError(
                "DATAHUB_PUBLIC_KEY must be an RSA public key: PEM with line ends or with \\n for "
                f"them, or the base64 of PEM on one line. It is {error}."
            ) from error
    if rawstore_settings.datahub_public_key_url:
        # Imported here, because a function with a configured key fetches nothing.
        from coffer.adapters.fetch import fetch

        return PublishedKey(rawstore_settings.datahub_public_key_url, fetch, clock)
    raise SettingsError("DATAHUB_PUBLIC_KEY or DATAHUB_PUBLIC_KEY_URL must be set; both are empty.")


def _is_signed(token: CompactToken, key: RSAPublicKey) -> bool:
    try:
        key.verify(token.signature, token.signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
