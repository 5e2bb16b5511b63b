"""Verify bearer tokens of one OpenID Connect issuer with its published keys.

PyJWT parses the keys and verifies the signatures. Issuer, audience and validity are checked here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from unicodedata import category

import jwt

from coffer.adapters.fetch import fetch
from coffer.adapters.system_clock import SystemClock
from coffer.adapters.tokens.compact import CompactToken, untrusted_token
from coffer.adapters.tokens.key_refresh import KeyRefresh
from coffer.domain.callers import (
    MAX_USERNAME_LENGTH,
    ORPHAN_REMOVAL,
    SYSTEM_GENERATED,
    Caller,
    Role,
    group_key,
)
from coffer.domain.clock import Clock
from coffer.domain.errors import ForbiddenError, UnauthenticatedError, UnavailableError
from coffer.observability import logger
from coffer.settings import caller_settings

LEEWAY = timedelta(seconds=10)

_DISCOVERY = "/.well-known/openid-configuration"  # OpenID Connect Discovery 1.0, section 4
_ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}  # by key type
_MIN_RSA_BITS = 2048
_HEADER_TYPES = frozenset({"jwt", "at+jwt"})
_CLAIM_TYPES = frozenset({"bearer", "at+jwt", "jwt", "access"})
_TOKEN_USES = frozenset({"access"})
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_RESERVED_USERNAMES = frozenset({SYSTEM_GENERATED.casefold(), ORPHAN_REMOVAL.casefold()})
"""A record that such a user made would count as Coffer's own."""
_ADMIN_ROLES = frozenset({Role.DINA_ADMIN, Role.READ_ONLY_ADMIN})


@dataclass(frozen=True, kw_only=True)
class ClaimNames:
    """The claims that identify a user. A dot in a name leads into an object."""

    username: str = "preferred_username"
    groups: str = "groups"
    roles: str = "realm_access.roles"
    required_role: str = ""
    """A realm role that each user needs; "" if none is required."""


class OidcTokens:
    """Verifies bearer tokens of one issuer. A token without `exp` is refused.

    With an empty `audience`, tokens for any service are accepted, as by the reference. That is only
    safe if the issuer serves no other service.
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
            raise untrusted_token()
        key = self._keys.find(parsed.header.get("kid"), parsed.algorithm)
        if key is None:
            raise untrusted_token()
        try:
            jwt.PyJWS().decode(token, key, algorithms=[parsed.algorithm])
        except jwt.PyJWTError as error:
            raise untrusted_token() from error
        parsed.require_current(self._clock.now(), leeway=LEEWAY, require_expiry=True)
        self._require_issuer_and_audience(parsed.claims)
        _require_access_token(parsed)
        return caller_of(parsed.claims, self._names)

    def _require_issuer_and_audience(self, claims: Mapping[str, Any]) -> None:
        """Raise UnauthenticatedError unless the token is from the issuer and for the audience.

        Amazon Cognito's access tokens have their audience in `client_id`; API Gateway's JWT
        authorizers read it there too.
        """
        if claims.get("iss") != self._issuer:
            raise untrusted_token()
        if not self._audience:
            return
        audience = claims.get("aud", claims.get("client_id"))
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise UnauthenticatedError(
                "wrong_audience", "The token was issued for another service."
            )


class _Key(NamedTuple):
    kid: str | None
    algorithm: str
    key: jwt.PyJWK


class IssuerKeys:
    """The signing keys that an issuer publishes.

    They are fetched when they are first needed, when they are older than KEY_LIFE, and when a token
    names an unknown key. If the issuer cannot be reached then, the known keys stay in use.
    """

    def __init__(self, issuer: str, fetch_document: Callable[[str], bytes], clock: Clock) -> None:
        self._issuer = issuer
        self._fetch = fetch_document
        self._refresh = KeyRefresh(clock)
        self._keys: Sequence[_Key] = ()

    def find(self, kid: object, algorithm: str) -> jwt.PyJWK | None:
        """Return the key with which a token was signed; without `kid`, the only key there is.

        Raises UnavailableError if no keys could be fetched.
        """
        if not self._keys or self._refresh.is_due:
            self._fetch_keys()
        found = self._known(kid, algorithm)
        if found is None:
            self._fetch_keys()
            found = self._known(kid, algorithm)
        if not self._keys:
            raise UnavailableError(
                "identity_provider_unavailable",
                "The identity provider's keys are not available now. Try again.",
            )
        return found

    def _known(self, kid: object, algorithm: str) -> jwt.PyJWK | None:
        fitting = [
            known.key
            for known in self._keys
            if known.algorithm == algorithm and kid in (None, known.kid)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _fetch_keys(self) -> None:
        if not self._refresh.start():
            return
        try:
            self._keys = self._published()
        except (OSError, ValueError) as error:
            logger.warning("issuer's keys not fetched", reason=str(error))

    def _published(self) -> Sequence[_Key]:
        configuration = _parse_object(self._fetch(self._issuer.rstrip("/") + _DISCOVERY))
        address = configuration.get("jwks_uri")
        if configuration.get("issuer") != self._issuer or not isinstance(address, str):
            raise ValueError("the discovery document names another issuer or no jwks_uri")
        if self._issuer.startswith("https:") and not address.startswith("https:"):
            raise ValueError("the issuer's jwks_uri is not https")
        documents = _parse_object(self._fetch(address)).get("keys")
        keys = [_parse_key(key) for key in documents] if isinstance(documents, list) else []
        return [key for key in keys if key is not None]


def caller_of(claims: Mapping[str, Any], names: ClaimNames) -> Caller:
    """Return the user whom verified claims identify.

    Raises UnauthenticatedError if they name no user, and ForbiddenError if they lack the required
    role.
    """
    username = _username(claims, names.username)
    realm_roles = _texts(_claim(claims, names.roles))
    if names.required_role and names.required_role not in realm_roles:
        raise ForbiddenError(
            "realm_role_required", f"Every caller needs the realm role {names.required_role!r}."
        )
    agent, subject = claims.get("agent-identifier"), claims.get("sub")
    return Caller(
        username=username,
        groups=groups_of(_texts(_claim(claims, names.groups))),
        realm_roles=_ADMIN_ROLES.intersection(map(Role.parse, realm_roles)),
        agent_identifier=agent if isinstance(agent, str) and agent else None,
        subject=subject if isinstance(subject, str) and _is_storable(subject) else None,
    )


def _username(claims: Mapping[str, Any], claim: str) -> str:
    """Return the user name; raise UnauthenticatedError if it is missing or cannot be stored."""
    username = _claim(claims, claim)
    if not isinstance(username, str) or not username.strip():
        raise UnauthenticatedError(
            "token_without_user", f"The token names no user in its claim {claim!r}."
        )
    if not _is_storable(username):
        raise UnauthenticatedError(
            "unusable_username",
            f"The user name in the token's claim {claim!r} has {len(username)} characters. At most "
            f"{MAX_USERNAME_LENGTH} are allowed, and no control characters.",
        )
    if username.strip().casefold() in _RESERVED_USERNAMES:
        raise UnauthenticatedError(
            "reserved_username", f"Coffer itself uses the user name {username!r}."
        )
    return username


def _is_storable(text: str) -> bool:
    """Return True if a text of a token can be an index key and is one line of Unicode."""
    is_unicode = not any(category(char) in ("Cc", "Cs") for char in text)
    return 0 < len(text) <= MAX_USERNAME_LENGTH and is_unicode


def _require_access_token(token: CompactToken) -> None:
    """Raise UnauthenticatedError if the token says that it is for another use.

    Issuers name the use in the header `typ` (RFC 9068, OpenID Connect Back-Channel Logout), in the
    claim `typ` (Keycloak) or in `token_use` (Amazon Cognito). A token that names none is accepted.
    """
    named = (
        (token.header.get("typ"), _HEADER_TYPES),
        (token.claims.get("typ"), _CLAIM_TYPES),
        (token.claims.get("token_use"), _TOKEN_USES),
    )
    is_other = any(
        use is not None and str(use).lower().removeprefix("application/") not in allowed
        for use, allowed in named
    )
    if is_other or _LOGOUT_EVENT in _events(token.claims):
        raise UnauthenticatedError(
            "wrong_token_use",
            "The token is not an access token. ID, refresh and logout tokens are not accepted.",
        )


def _events(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    events = claims.get("events")
    return events if isinstance(events, dict) else {}


def groups_of(memberships: Sequence[str]) -> dict[str, frozenset[Role]]:
    """Return the roles by group (in lower case) of memberships such as `/aafc/user`.

    As in the reference, `/group` and an unknown role are a membership without a role, and deeper
    paths are ignored. Without a slash they are Amazon Cognito's, whose group names cannot contain
    one: in `aafc.user` the last part is the role if it is a known one. A bucket has a name of
    ASCII, so memberships with other characters are ignored.
    """
    groups: dict[str, frozenset[Role]] = {}
    for membership in filter(str.isascii, memberships):
        name, role = _path_membership(membership) or _dotted_membership(membership)
        name = group_key(name)
        if name:
            groups[name] = groups.get(name, frozenset()) | ({role} if role is not None else set())
    return groups


def configured_tokens() -> OidcTokens:
    """Return the verifier that the settings describe; they must have OIDC_ISSUER."""
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
    """Return the claim of this name, or the one at its dotted path, or None."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _texts(claim: Any) -> list[str]:
    return [text for text in claim if isinstance(text, str)] if isinstance(claim, list) else []


def _parse_key(document: object) -> _Key | None:
    """Parse a published key; return None if it cannot sign tokens."""
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
    if algorithm == "RS256" and key.key.key_size < _MIN_RSA_BITS:
        return None
    kid = document.get("kid")
    return _Key(kid if isinstance(kid, str) else None, algorithm, key)


def _parse_object(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except RecursionError as error:
        raise ValueError("the document nests too deeply") from error
    if isinstance(document, dict):
        return document
    raise ValueError("the document is not a JSON object")
