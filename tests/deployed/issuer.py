"""An OpenID Connect issuer over HTTPS, and an auth server's key for the rawstore's tokens."""

from __future__ import annotations

import json
import ssl
import threading
import time
import uuid
from collections.abc import Collection, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from jwt.algorithms import RSAAlgorithm

from tests.deployed.certificates import Certificates, new_rsa_key, private_pem
from tests.deployed.network import free_port

AUDIENCE = "coffer"
_KEY_ID = "test-key"
_TOKEN_SECONDS = 3600


class Issuer:
    """Serves the issuer's two documents on loopback and signs tokens."""

    def __init__(self, certificates: Certificates) -> None:
        self.url = f"https://localhost:{(port := free_port())}"
        self._key, self._rawstore_key = new_rsa_key(), new_rsa_key()
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        jwk = {**public, "kid": _KEY_ID, "use": "sig", "alg": "RS256"}
        self._documents = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/jwks",
            },
            "/jwks": {"keys": [jwk]},
        }
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.server, certificates.server_key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Close the server."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def rawstore_public_key(self) -> bytes:
        """The PEM of the key that checks the rawstore's permission tokens."""
        return self._rawstore_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def token(self, user: str, groups: Collection[str] = (), roles: Collection[str] = ()) -> str:
        """Return a bearer token. `groups` are `<group>/<role>`, `roles` those of the realm."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": str(uuid.uuid5(uuid.NAMESPACE_URL, user)),
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
            "preferred_username": user,
            "groups": [f"/{group}" for group in groups],
            "realm_access": {"roles": list(roles)},
        }
        return jwt.encode(claims, private_pem(self._key), "RS256", headers={"kid": _KEY_ID})

    def rawstore_token(self, user: str, permissions: Mapping[str, Any]) -> str:
        """Return a permission token of the rawstore."""
        claims = {
            "userid": user,
            "service": "rawstore",
            "permissions": permissions,
            "exp": int(time.time()) + _TOKEN_SECONDS,
        }
        return jwt.encode(claims, private_pem(self._rawstore_key), "RS256")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        documents = self._documents

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                document = documents.get(self.path)
                body = json.dumps(document or {}).encode()
                self.send_response(200 if document else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Print nothing."""

        return Handler
