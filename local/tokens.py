"""Sign tokens for the local stack: bearer tokens of an OIDC issuer, and rawstore's tokens.

Both keys are created when the stack starts. The claims of a bearer token have the names that the
template's parameters give, which are Keycloak's by default.
"""

from __future__ import annotations

import json
import secrets
import threading
import uuid
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from local.clock import StackClock

HOST = "127.0.0.1"
AUDIENCE = "coffer"
DISCOVERY_PATH = "/.well-known/openid-configuration"
KEYS_PATH = "/jwks"
DEFAULT_SECONDS = 3600
TIMEOUT_SECONDS = 10
_NAMESPACE = uuid.UUID("0b6f3a52-7d7e-5c7b-9a0c-3c1b8f6a2e54")


class Issuer:
    """An OpenID Connect issuer that serves its documents on a free loopback port.

    It signs any claims, so that tests can sign invalid ones.
    """

    def __init__(self, clock: StackClock) -> None:
        self._clock = clock
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        """The signing key; tests use it to sign what a real issuer would not sign."""
        self.key_id = secrets.token_hex(8)
        self.claim_names: Mapping[str, str] = {}
        """The handlers' variables that name the claims: OIDC_GROUPS_CLAIM and others."""

    @property
    def url(self) -> str:
        """The base URL, which is also the claim `iss`; RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("the issuer has not started")
        return f"http://{HOST}:{self._server.server_address[1]}"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which handlers find the issuer."""
        return {"OIDC_ISSUER": self.url, "OIDC_AUDIENCE": AUDIENCE}

    def start(self) -> None:
        """Serve the documents."""
        self._server = _Server((HOST, 0), _Handler)
        self._server.documents = {
            path: json.dumps(document).encode()
            for path, document in (
                (DISCOVERY_PATH, self.configuration()),
                (KEYS_PATH, self.keys()),
            )
        }
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="local-issuer", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop serving the documents."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = self._thread = None

    def configuration(self) -> dict[str, Any]:
        """Return the document of OpenID Connect Discovery 1.0, with the required members only."""
        return {
            "issuer": self.url,
            "jwks_uri": self.url + KEYS_PATH,
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
        }

    def keys(self) -> dict[str, Any]:
        """Return the public key as a JSON Web Key set."""
        document = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**document, "kid": self.key_id, "use": "sig", "alg": "RS256"}]}

    def claims(
        self,
        user: str,
        *,
        groups: Sequence[str] = (),
        roles: Sequence[str] = (),
        expires_seconds: int | None = None,
    ) -> dict[str, Any]:
        """Return the claims of a token.

        `groups` are `group` or `group/role`, `roles` are roles of the realm. The token expires
        after an hour unless `expires_seconds` is given.
        """
        now = int(self._clock.seconds())
        seconds = DEFAULT_SECONDS if expires_seconds is None else expires_seconds
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": str(uuid.uuid5(_NAMESPACE, user)),
            "iat": now,
            "exp": now + seconds,
            "agent-identifier": str(uuid.uuid5(_NAMESPACE, f"agent of {user}")),
        }
        names = self.claim_names
        _put(claims, names.get("OIDC_USERNAME_CLAIM", "preferred_username"), user)
        _put(
            claims,
            names.get("OIDC_GROUPS_CLAIM", "groups"),
            [f"/{group.removeprefix('/')}" for group in groups],
        )
        _put(claims, names.get("OIDC_ROLES_CLAIM", "realm_access.roles"), list(roles))
        return claims

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        """Return the claims as a signed token; `header` replaces members of its header."""
        return jwt.encode(
            dict(claims), self.key, algorithm="RS256", headers={"kid": self.key_id, **header}
        )

    def token(
        self,
        user: str,
        groups: Sequence[str] = (),
        roles: Sequence[str] = (),
        expires_seconds: int | None = None,
    ) -> str:
        """Return a signed token with the claims of `claims`."""
        claims = self.claims(user, groups=groups, roles=roles, expires_seconds=expires_seconds)
        return self.sign(claims)


def _put(claims: dict[str, Any], name: str, value: Any) -> None:
    """Set a claim; a dot in the name stands for a nested object."""
    *outer, last = name.split(".")
    for part in outer:
        claims = claims.setdefault(part, {})
    claims[last] = value


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    documents: Mapping[str, bytes] = {}


class _Handler(BaseHTTPRequestHandler):
    """Request handler for the issuer's documents."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_SECONDS

    def do_GET(self) -> None:
        document = self.server.documents.get(self.path)
        self.send_response_only(404 if document is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(document or b"")))
        self.end_headers()
        self.wfile.write(document or b"")


class PermissionTokenSigner:
    """Signs rawstore's permission tokens, as the auth server does for a deployed stack."""

    def __init__(self, clock: StackClock) -> None:
        self._clock = clock
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def public_key(self) -> str:
        """The public key as PEM, which handlers read as DATAHUB_PUBLIC_KEY."""
        public = self._key.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(
        self,
        user: str,
        service: str,
        permissions: Mapping[str, Any],
        expires_seconds: int | None = None,
    ) -> str:
        """Return an RS256 token with the claims that the reference's auth server sets.

        It has the claim `exp` only if `expires_seconds` is given.
        """
        claims: dict[str, Any] = {
            "userid": user,
            "service": service,
            "permissions": dict(permissions),
        }
        if expires_seconds is not None:
            claims["exp"] = int(self._clock.seconds()) + expires_seconds
        return jwt.encode(claims, self._key, algorithm="RS256")
