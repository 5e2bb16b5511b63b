"""Invalid Authorization headers, by what is wrong with each."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from local.tokens import Issuer

Headers = list[tuple[str, str]]
DAY = 86_400
ANOTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ELLIPTIC_KEY = ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Case:
    """Headers, and the status and code of the response."""

    headers: Callable[[Issuer], Headers]
    status: int = 401
    code: str = "invalid_token"


def bearer(make: Callable[[Issuer], str]) -> Callable[[Issuer], Headers]:
    """Return the header of a bearer token."""
    return lambda issuer: [("Authorization", f"Bearer {make(issuer)}")]


def plain(value: str) -> Callable[[Issuer], Headers]:
    """Return a header with this value."""
    return lambda _: [("Authorization", value)]


def alice(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    """Return the claims of a valid token with `changes`; None removes a claim."""
    claims = issuer.claims("alice", groups=["aafc/user"]) | changes
    return {name: value for name, value in claims.items() if value is not None}


def claiming(**changes: Any) -> Callable[[Issuer], Headers]:
    """Return a correctly signed token with other claims."""
    return bearer(lambda issuer: issuer.sign(alice(issuer, **changes)))


def in_time(**moments: int) -> Callable[[Issuer], Headers]:
    """Return a valid token with these claims, in seconds from now."""

    def make(issuer: Issuer) -> str:
        now = int(alice(issuer)["iat"])
        changes = {name: now + seconds for name, seconds in moments.items()}
        return issuer.sign(alice(issuer, **changes))

    return bearer(make)


def signed_with(key: Any, algorithm: str, **header: Any) -> Callable[[Issuer], Headers]:
    """Return the claims of a valid token with another signature."""
    return bearer(
        lambda issuer: jwt.encode(
            alice(issuer), key, algorithm, headers={"kid": issuer.key_id, **header}
        )
    )


def unsigned(algorithm: str, signature: str) -> Callable[[Issuer], Headers]:
    """Return a token with the algorithm `none` or similar and this signature."""

    def make(issuer: Issuer) -> str:
        header = {"alg": algorithm, "typ": "JWT", "kid": issuer.key_id}
        return f"{_part(header)}.{_part(alice(issuer))}.{signature}"

    return bearer(make)


def signed_with_the_public_key(form: Callable[[Issuer], bytes]) -> Callable[[Issuer], Headers]:
    """Return a token signed with HS256 and the public key, which a naive verifier accepts."""

    def make(issuer: Issuer) -> str:
        header = {"alg": "HS256", "typ": "JWT", "kid": issuer.key_id}
        text = f"{_part(header)}.{_part(alice(issuer))}"
        # PyJWT itself refuses such a key.
        signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
            text.encode(), form(issuer)
        )
        return f"{text}.{_encoded(signature)}"

    return bearer(make)


def public_pem(issuer: Issuer) -> bytes:
    """Return the issuer's public key as PEM."""
    return issuer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_jwk(issuer: Issuer) -> bytes:
    """Return the issuer's public key as it is published."""
    return json.dumps(issuer.keys()["keys"][0]).encode()


def with_other_claims(issuer: Issuer) -> str:
    """Return a token whose claims were changed after it was signed."""
    header, _, signature = issuer.token("alice", ["aafc/guest"]).split(".")
    return f"{header}.{_part(alice(issuer, groups=['/aafc/super-user']))}.{signature}"


def with_repeated_claim(issuer: Issuer) -> str:
    """Return a signed token with two users: JSON parsers differ on which one counts."""
    claims = json.dumps(alice(issuer))[:-1] + ', "preferred_username": "bob"}'
    header = {"alg": "RS256", "typ": "JWT", "kid": issuer.key_id}
    text = f"{_part(header)}.{_encoded(claims.encode())}"
    signature = RSAAlgorithm(RSAAlgorithm.SHA256).sign(text.encode(), issuer.key)
    return f"{text}.{_encoded(signature)}"


def good(issuer: Issuer) -> str:
    """Return a valid token."""
    return issuer.token("alice", ["aafc/user"])


def _part(document: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(document).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


OWN_KEY_IN_IT: dict[str, Any] = {
    "jwk": RSAAlgorithm.to_jwk(ANOTHER_KEY.public_key(), as_dict=True),
    "jku": "http://127.0.0.1:9/jwks",
}

CASES: Mapping[str, Case] = {
    "no header": Case(lambda _: [], code="token_required"),
    "empty header": Case(plain(""), code="token_required"),
    "scheme without token": Case(plain("Bearer "), code="token_required"),
    "token without scheme": Case(
        lambda issuer: [("Authorization", good(issuer))], code="token_required"
    ),
    "another scheme": Case(plain("Basic YWxpY2U6c2VjcmV0"), code="token_required"),
    "two headers, joined by the gateway": Case(
        lambda issuer: bearer(good)(issuer) * 2, code="malformed_token"
    ),
    "garbage": Case(plain("Bearer garbage"), code="malformed_token"),
    "three parts of garbage": Case(plain("Bearer not.a.token"), code="malformed_token"),
    "no JSON in it": Case(plain("Bearer YWJj.YWJj.YWJj"), code="malformed_token"),
    "20 KB long": Case(plain("Bearer " + "x" * 20_000), code="malformed_token"),
    "20 KB long, and signed": Case(claiming(padding="x" * 20_000), code="malformed_token"),
    "alg none, no signature": Case(unsigned("none", ""), code="malformed_token"),
    "alg none, some signature": Case(unsigned("none", "YWJj")),
    "alg NoNe": Case(unsigned("NoNe", "YWJj")),
    "no alg": Case(unsigned("", "YWJj")),
    "HS256 with the public key as PEM": Case(signed_with_the_public_key(public_pem)),
    "HS256 with the public key as JWK": Case(signed_with_the_public_key(public_jwk)),
    "RS512": Case(bearer(lambda issuer: jwt.encode(alice(issuer), issuer.key, "RS512"))),
    "PS256": Case(bearer(lambda issuer: jwt.encode(alice(issuer), issuer.key, "PS256"))),
    "ES256 under the key id of an RSA key": Case(signed_with(ELLIPTIC_KEY, "ES256")),
    "somebody else's key": Case(signed_with(ANOTHER_KEY, "RS256")),
    "a key of its own in its header": Case(signed_with(ANOTHER_KEY, "RS256", **OWN_KEY_IN_IT)),
    "unknown kid": Case(bearer(lambda issuer: issuer.sign(alice(issuer), kid="unknown"))),
    "kid that is a path": Case(bearer(lambda issuer: issuer.sign(alice(issuer), kid="../../x"))),
    "extension nobody knows": Case(
        bearer(lambda issuer: issuer.sign(alice(issuer), crit=["b"], b=1)), code="malformed_token"
    ),
    "claims changed": Case(bearer(with_other_claims)),
    "signature cut off": Case(
        bearer(lambda issuer: good(issuer).rpartition(".")[0] + "."), code="malformed_token"
    ),
    "expired": Case(in_time(exp=-60), code="token_expired"),
    "expired long ago": Case(in_time(exp=-365 * DAY), code="token_expired"),
    "no expiry": Case(claiming(exp=None), code="token_without_expiry"),
    "expiry that is no number": Case(claiming(exp="tomorrow"), code="malformed_token"),
    "not yet valid": Case(in_time(nbf=60), code="token_not_yet_valid"),
    "wrong issuer": Case(claiming(iss="https://issuer.example")),
    "issuer with a slash": Case(bearer(lambda it: it.sign(alice(it, iss=f"{it.url}/")))),
    "no issuer": Case(claiming(iss=None)),
    "wrong audience": Case(claiming(aud="another-service"), code="wrong_audience"),
    "wrong audiences": Case(claiming(aud=["one", "two"]), code="wrong_audience"),
    "no audience": Case(claiming(aud=None), code="wrong_audience"),
    "no user": Case(claiming(preferred_username=None), code="token_without_user"),
    "user that is no text": Case(
        claiming(preferred_username={"name": "alice"}), code="token_without_user"
    ),
    "two users": Case(bearer(with_repeated_claim), code="malformed_token"),
    "an ID token of Keycloak": Case(claiming(typ="ID"), code="wrong_token_use"),
    "a refresh token of Keycloak": Case(claiming(typ="Refresh"), code="wrong_token_use"),
    "an offline token of Keycloak": Case(claiming(typ="Offline"), code="wrong_token_use"),
    "an ID token of Cognito": Case(claiming(token_use="id"), code="wrong_token_use"),
    "a use that is no text": Case(claiming(token_use=["access"]), code="wrong_token_use"),
    "a logout token by its header": Case(
        bearer(lambda issuer: issuer.sign(alice(issuer), typ="logout+jwt")), code="wrong_token_use"
    ),
    "a logout token by its event": Case(
        claiming(events={"http://schemas.openid.net/event/backchannel-logout": {}}),
        code="wrong_token_use",
    ),
    "a user name of 256 characters": Case(
        claiming(preferred_username="x" * 256), code="unusable_username"
    ),
    "a user name over 2,048 bytes": Case(
        claiming(preferred_username="\U0001f98b" * 513), code="unusable_username"
    ),
    "a user name with a line end": Case(
        claiming(preferred_username="alice\nroot"), code="unusable_username"
    ),
    "a user name with half a surrogate pair": Case(
        claiming(preferred_username="alice\ud83e"), code="unusable_username"
    ),
    "Coffer's own user name": Case(
        claiming(preferred_username="System Generated"), code="reserved_username"
    ),
    "the orphan removal's user name": Case(
        claiming(preferred_username="system generated (ORPHAN removal) "), code="reserved_username"
    ),
    "a group that becomes aafc without its no-break space": Case(
        claiming(groups=["/aafc\xa0/user", "/\u3000aafc/user"]), 403, "role_required"
    ),
    "a role with a long s": Case(claiming(groups=["/aafc/u\u017fer"]), 403, "role_required"),
    "a good token, of another group": Case(
        bearer(lambda issuer: issuer.token("mallory", ["bicoe/super-user"])), 403, "role_required"
    ),
    "a good token, of a group without a role": Case(
        bearer(lambda issuer: issuer.token("mallory", ["aafc"])), 403, "role_required"
    ),
}
