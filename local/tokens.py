"""An OpenID Connect issuer for this stack: it signs whatever is asked for, and publishes its key.

Its key is made when the stack starts and goes with it. Claims are named as the template's
parameters have them, Keycloak's names by default.
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
    """Signs tokens; its documents are served on a free loopback port while it runs."""

    def __init__(self, clock: StackClock) -> None:
        self._clock = clock
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        """What it signs with: a test may sign things with it that no issuer would."""
        self.key_id = secrets.token_hex(8)
        self.claim_names: Mapping[str, str] = {}
        """The variables of the handlers, which say in which claims they look."""

    @property
    def url(self) -> str:
        """What `iss` says, and where its documents are; only once it has started."""
        if self._server is None:
            raise RuntimeError("the issuer hasn't started")
        return f"http://{HOST}:{self._server.server_address[1]}"

    @property
    def variables(self) -> dict[str, str]:
        """What handlers have to know of it."""
        return {"OIDC_ISSUER": self.url, "OIDC_AUDIENCE": AUDIENCE}

    def start(self) -> None:
        """Publishes its documents."""
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
        """Publishes nothing any more."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = self._thread = None

    def configuration(self) -> dict[str, Any]:
        """What OpenID Connect Discovery 1.0 requires of an issuer, as far as this one has it."""
        return {
            "issuer": self.url,
            "jwks_uri": self.url + KEYS_PATH,
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
        }

    def keys(self) -> dict[str, Any]:
        """The public key as a set of JSON Web Keys."""
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
        """What a token says of somebody. Groups are `group` or `group/role`, roles the realm's."""
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
        """The claims as a token; `header` replaces what its header says of the key."""
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
        """A token for somebody, valid for an hour or for as long as is said."""
        claims = self.claims(user, groups=groups, roles=roles, expires_seconds=expires_seconds)
        return self.sign(claims)


def _put(claims: dict[str, Any], name: str, value: Any) -> None:
    """Puts a claim where its name leads: a dot steps into an object."""
    *outer, last = name.split(".")
    for part in outer:
        claims = claims.setdefault(part, {})
    claims[last] = value


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    documents: Mapping[str, bytes] = {}


class _Handler(BaseHTTPRequestHandler):
    """Serves the issuer's documents."""

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
