"""The BearerTokens port: tokens of one OpenID Connect issuer, checked with the keys it publishes.

PyJWT reads the keys and checks the signatures; who the token was meant for, and when, is checked
here, by the Clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import jwt

from coffer.adapters.fetch import fetch
from coffer.adapters.system_clock import SystemClock
from coffer.adapters.tokens.compact import CompactToken, untrusted
from coffer.domain.callers import Caller, Role
from coffer.domain.clock import Clock
from coffer.domain.errors import ForbiddenError, UnauthenticatedError, UnavailableError
from coffer.observability import logger
from coffer.settings import caller_settings

LEEWAY = timedelta(seconds=10)
KEYS_LIFE = timedelta(hours=1)
LEAST_BETWEEN_FETCHES = timedelta(seconds=30)

_DISCOVERY = "/.well-known/openid-configuration"  # OpenID Connect Discovery 1.0, section 4
_ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}  # by the type of key
_LEAST_RSA_BITS = 2048
_ADMIN_ROLES = frozenset({Role.DINA_ADMIN, Role.READ_ONLY_ADMIN})


@dataclass(frozen=True, kw_only=True)
class ClaimNames:
    """Which claims say who somebody is; a dot in a name leads into an object."""

    username: str = "preferred_username"
    groups: str = "groups"
    roles: str = "realm_access.roles"
    required_role: str = ""
    """A realm role without which nobody is let in; empty: anybody is."""


class OidcTokens:
    """Checks bearer tokens of one issuer.

    An empty `audience` takes tokens for anybody, as the reference does: only for an issuer that
    serves nobody else.
    """

    def __init__(
        self,
        keys: IssuerKeys,
        clock: Clock,
        *,
        issuer: str,
        audience: str,
        names: ClaimNames,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._names = names

    def caller(self, token: str) -> Caller:
        parsed = CompactToken.parse(token)
        if parsed.algorithm not in _ALGORITHMS.values():
            raise untrusted()
        key = self._keys.find(parsed.header.get("kid"), parsed.algorithm)
        if key is None:
            raise untrusted()
        try:
            jwt.PyJWS().decode(token, key, algorithms=[parsed.algorithm])
        except jwt.PyJWTError as error:
            raise untrusted() from error
        parsed.require_current(self._clock.now(), leeway=LEEWAY, require_expiry=True)
        self._require_addressee(parsed.claims)
        return caller_of(parsed.claims, self._names)

    def _require_addressee(self, claims: Mapping[str, Any]) -> None:
        """The token must come from the issuer and be for the audience.

        Amazon Cognito's access tokens have their audience in `client_id`; so the gateway's own
        JWT authorizers read them.
        """
        if claims.get("iss") != self._issuer:
            raise untrusted()
        if not self._audience:
            return
        audience = claims.get("aud", claims.get("client_id"))
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise UnauthenticatedError(
                "wrong_audience", "The token was issued for another service than this one."
            )


class _Key(NamedTuple):
    kid: str | None
    algorithm: str
    key: jwt.PyJWK


class IssuerKeys:
    """The signing keys that an issuer publishes, fetched when they are first needed.

    They are fetched again every KEYS_LIFE, and when a token names a key that is not among them; an
    issuer that cannot be reached then leaves the known keys in use. Never more often than
    LEAST_BETWEEN_FETCHES, so that made-up key names cannot make us flood the issuer.
    """

    def __init__(self, issuer: str, fetch_document: Callable[[str], bytes], clock: Clock) -> None:
        self._issuer = issuer
        self._fetch = fetch_document
        self._clock = clock
        self._keys: Sequence[_Key] = ()
        self._tried: datetime | None = None

    def find(self, kid: object, algorithm: str) -> jwt.PyJWK | None:
        """The key a token was signed with; without a `kid`, the only one there is.

        UnavailableError where no keys can be had at all.
        """
        if not self._keys or self._since_tried() >= KEYS_LIFE:
            self._refresh()
        found = self._known(kid, algorithm)
        if found is None:
            self._refresh()
            found = self._known(kid, algorithm)
        if not self._keys:
            raise UnavailableError(
                "identity_provider_unavailable",
                "The identity provider's keys cannot be had right now. Try again.",
            )
        return found

    def _known(self, kid: object, algorithm: str) -> jwt.PyJWK | None:
        fitting = [
            known.key
            for known in self._keys
            if known.algorithm == algorithm and kid in (None, known.kid)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _refresh(self) -> None:
        if self._since_tried() < LEAST_BETWEEN_FETCHES:
            return
        self._tried = self._clock.now()
        try:
            self._keys = self._published()
        except (OSError, ValueError) as error:
            logger.warning("issuer's keys not fetched", reason=str(error))

    def _published(self) -> Sequence[_Key]:
        configuration = _object_of(self._fetch(self._issuer.rstrip("/") + _DISCOVERY))
        address = configuration.get("jwks_uri")
        if configuration.get("issuer") != self._issuer or not isinstance(address, str):
            raise ValueError("the issuer describes itself otherwise, or names no keys")
        if self._issuer.startswith("https:") and not address.startswith("https:"):
            raise ValueError("the issuer's keys are not behind TLS")
        documents = _object_of(self._fetch(address)).get("keys")
        keys = [_read_key(key) for key in documents] if isinstance(documents, list) else []
        return [key for key in keys if key is not None]

    def _since_tried(self) -> timedelta:
        since = timedelta.max if self._tried is None else self._clock.now() - self._tried
        # A clock that was set back says nothing of how long ago it was, and must lock nobody out.
        return since if since >= timedelta(0) else timedelta.max


def caller_of(claims: Mapping[str, Any], names: ClaimNames) -> Caller:
    """Who verified claims say somebody is.

    UnauthenticatedError where they name nobody, ForbiddenError where the required role is missing.
    """
    username = _claim(claims, names.username)
    if not isinstance(username, str) or not username.strip():
        raise UnauthenticatedError(
            "token_without_user", f"The token names no user in its claim {names.username!r}."
        )
    realm_roles = _texts(_claim(claims, names.roles))
    if names.required_role and names.required_role not in realm_roles:
        raise ForbiddenError(
            "realm_role_required", f"Every caller needs the realm role {names.required_role!r}."
        )
    agent = claims.get("agent-identifier")
    return Caller(
        username=username,
        groups=groups_of(_texts(_claim(claims, names.groups))),
        realm_roles=_ADMIN_ROLES.intersection(map(Role.parse, realm_roles)),
        agent_identifier=agent if isinstance(agent, str) and agent else None,
    )


def groups_of(memberships: Sequence[str]) -> dict[str, frozenset[Role]]:
    """The roles by group, in lower case, that memberships such as `/aafc/user` stand for.

    As the reference: `/group` is a member without a role, so is one with an unknown role, and
    deeper paths count for nothing. Without a slash they are Amazon Cognito's, where a group's name
    cannot have one: `aafc.user`, of which the last part counts as a role only if it is one.
    """
    groups: dict[str, frozenset[Role]] = {}
    for membership in memberships:
        name, role = _path_membership(membership) or _dotted_membership(membership)
        name = name.strip().lower()
        if name:
            groups[name] = groups.get(name, frozenset()) | ({role} if role is not None else set())
    return groups


def configured_tokens() -> OidcTokens:
    """The verifier that the settings ask for; OIDC_ISSUER must be among them."""
    clock = SystemClock()
    return OidcTokens(
        IssuerKeys(caller_settings.oidc_issuer, fetch, clock),
        clock,
        issuer=caller_settings.oidc_issuer,
        audience=caller_settings.oidc_audience,
        names=ClaimNames(
            username=caller_settings.oidc_username_claim,
            groups=caller_settings.oidc_groups_claim,
            roles=caller_settings.oidc_roles_claim,
            required_role=caller_settings.oidc_required_role,
        ),
    )


def _path_membership(text: str) -> tuple[str, Role | None] | None:
    if "/" not in text:
        return None
    segments = text.removeprefix("/").split("/")
    if len(segments) > 2:
        return "", None
    return segments[0], Role.parse(segments[1]) if len(segments) == 2 else None


def _dotted_membership(text: str) -> tuple[str, Role | None]:
    name, dot, last = text.rpartition(".")
    role = Role.parse(last) if dot else None
    return (text, None) if role is None else (name, role)


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of that name, or the one its dots lead to; None where there is none."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _texts(claim: Any) -> list[str]:
    return [text for text in claim if isinstance(text, str)] if isinstance(claim, list) else []


def _read_key(document: object) -> _Key | None:
    """A key that may have signed a token; None for any other that an issuer publishes."""
    if not isinstance(document, dict) or document.get("use", "sig") != "sig":
        return None
    algorithm = _ALGORITHMS.get(str(document.get("kty")))
    if algorithm is None or document.get("alg", algorithm) != algorithm:
        return None
    if algorithm == "ES256" and document.get("crv") != "P-256":
        return None
    try:
        key = jwt.PyJWK(document, algorithm=algorithm)
    except (jwt.PyJWTError, ValueError) as error:
        logger.warning("issuer's key not read", reason=type(error).__name__)
        return None
    if algorithm == "RS256" and key.key.key_size < _LEAST_RSA_BITS:
        return None
    kid = document.get("kid")
    return _Key(kid if isinstance(kid, str) else None, algorithm, key)


def _object_of(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except RecursionError as error:
        raise ValueError("the document nests too deeply") from error
    if isinstance(document, dict):
        return document
    raise ValueError("the document is not a JSON object")
