"""Bearer tokens of an OpenID Connect issuer: its published keys, its tokens, their claims."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from coffer.adapters.fetch import FetchError
from coffer.adapters.tokens import oidc as oidc_tokens
from coffer.adapters.tokens.oidc import (
    ClaimNames,
    IssuerKeys,
    OidcTokens,
    caller_of,
    configured_tokens,
    groups_of,
)
from coffer.domain.callers import Caller, Role
from coffer.domain.errors import ForbiddenError, UnauthenticatedError, UnavailableError
from tests.rawstore.tokens import (
    NOW,
    SettableClock,
    ec_key,
    pem_of,
    rsa_key,
    sign,
    sign_raw,
    signed_with_the_public_key,
    unsigned,
)

ISSUER = "https://id.example/realms/dina"
JWKS = "https://id.example/realms/dina/protocol/openid-connect/certs"


def at(**offset: float) -> int:
    return int((NOW + timedelta(**offset)).timestamp())


CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "coffer",
    "exp": at(minutes=5),
    "preferred_username": "alice",
    "groups": ["/aafc/user"],
    "realm_access": {"roles": ["dina-admin", "offline_access"]},
    "agent-identifier": "c628fc6f-c9ad-4bb6-a187-81eb7884bdd7",
}


def jwk(key: Any, kid: str | None, **more: Any) -> dict[str, Any]:
    """Return a public key in the form that an issuer publishes."""
    is_rsa = not isinstance(key, ec.EllipticCurvePrivateKey)
    kind = jwt.algorithms.RSAAlgorithm if is_rsa else jwt.algorithms.ECAlgorithm
    document: dict[str, Any] = json.loads(kind.to_jwk(key.public_key()))
    document.pop("key_ops", None)
    return {**document, "use": "sig", **({"kid": kid} if kid is not None else {}), **more}


class Issuer:
    """A fake for fetching the issuer's documents, which counts requests and can fail."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys: Any = list(keys)
        self.configuration: Any = {"issuer": ISSUER, "jwks_uri": JWKS}
        self.is_down = False
        self.asked: list[str] = []

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if self.is_down:
            raise FetchError("down")
        if url == f"{ISSUER}/.well-known/openid-configuration":
            return json.dumps(self.configuration).encode()
        assert url == JWKS
        return json.dumps({"keys": self.keys}).encode()

    @property
    def times_asked_for_keys(self) -> int:
        return self.asked.count(JWKS)


RSA, EC = rsa_key("issuer"), ec_key("issuer")


def make(
    issuer: Issuer | None = None, clock: SettableClock | None = None, *, audience: str = "coffer"
) -> OidcTokens:
    issuer = issuer or Issuer(jwk(RSA, "r1"), jwk(EC, "e1"))
    clock = clock or SettableClock()
    keys = IssuerKeys(ISSUER, issuer.fetch, clock)
    return OidcTokens(keys, clock, issuer=ISSUER, audience=audience, names=ClaimNames())


def code_of(token: str, tokens: OidcTokens | None = None) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        (tokens or make()).caller(token)
    return caught.value.problems[0].code


class TestTokens:
    @pytest.mark.parametrize(
        "token",
        [
            pytest.param(sign(RSA, CLAIMS, kid="r1"), id="RS256"),
            pytest.param(sign(EC, CLAIMS, algorithm="ES256", kid="e1"), id="ES256"),
            pytest.param(sign(RSA, CLAIMS), id="without kid, of the only RSA key"),
            pytest.param(sign(RSA, {**CLAIMS, "aud": ["account", "coffer"]}, kid="r1"), id="list"),
            pytest.param(sign(RSA, {**CLAIMS, "exp": at(seconds=-9)}, kid="r1"), id="just expired"),
            pytest.param(sign(RSA, {**CLAIMS, "nbf": at(seconds=10)}, kid="r1"), id="nearly valid"),
        ],
    )
    def test_a_valid_token_gives_the_caller(self, token: str) -> None:
        assert make().caller(token) == Caller(
            username="alice",
            groups={"aafc": frozenset({Role.USER})},
            realm_roles=frozenset({Role.DINA_ADMIN}),
            agent_identifier="c628fc6f-c9ad-4bb6-a187-81eb7884bdd7",
        )

    @pytest.mark.parametrize(
        ("token", "code"),
        [
            pytest.param(unsigned(CLAIMS), "malformed_token", id="none"),
            pytest.param(unsigned(CLAIMS) + "AA", "invalid_token", id="none, signed"),
            pytest.param(
                signed_with_the_public_key(pem_of(RSA), CLAIMS), "invalid_token", id="HS256"
            ),
            pytest.param(
                sign(RSA, CLAIMS, algorithm="RS512", kid="r1"), "invalid_token", id="RS512"
            ),
            pytest.param(
                sign(RSA, CLAIMS, algorithm="PS256", kid="r1"), "invalid_token", id="PS256"
            ),
            pytest.param(
                sign(ec_key("384", ec.SECP384R1), CLAIMS, algorithm="ES384", kid="e1"),
                "invalid_token",
                id="ES384",
            ),
            pytest.param(sign(RSA, CLAIMS, kid="r2"), "invalid_token", id="unknown kid"),
            pytest.param(sign(RSA, CLAIMS, kid="e1"), "invalid_token", id="kid of another kind"),
            pytest.param(
                sign_raw(RSA, {"alg": "RS256", "kid": ["r1"]}, b"{}"),
                "invalid_token",
                id="kid list",
            ),
            pytest.param(
                sign(rsa_key("another"), CLAIMS, kid="r1"), "invalid_token", id="another key"
            ),
            pytest.param(
                sign(ec_key("another"), CLAIMS, algorithm="ES256", kid="e1"),
                "invalid_token",
                id="another curve key",
            ),
            pytest.param(
                sign(RSA, {**CLAIMS, "iss": "https://evil.example"}, kid="r1"),
                "invalid_token",
                id="another issuer",
            ),
            pytest.param(
                sign(RSA, {**CLAIMS, "aud": "other"}, kid="r1"), "wrong_audience", id="audience"
            ),
            pytest.param(
                sign(RSA, {**CLAIMS, "aud": ["a", "b"]}, kid="r1"), "wrong_audience", id="audiences"
            ),
            pytest.param(
                sign(RSA, {k: v for k, v in CLAIMS.items() if k != "aud"}, kid="r1"),
                "wrong_audience",
                id="no audience",
            ),
            pytest.param(
                sign(RSA, {**CLAIMS, "exp": at(seconds=-10)}, kid="r1"), "token_expired", id="exp"
            ),
            pytest.param(
                sign(RSA, {**CLAIMS, "nbf": at(seconds=11)}, kid="r1"),
                "token_not_yet_valid",
                id="nbf",
            ),
            pytest.param(
                sign(RSA, {k: v for k, v in CLAIMS.items() if k != "exp"}, kid="r1"),
                "token_without_expiry",
                id="no exp",
            ),
            pytest.param(
                sign(RSA, {**CLAIMS, "x": "x" * 11_000}, kid="r1"), "malformed_token", id="huge"
            ),
            pytest.param(
                sign_raw(RSA, {"alg": "RS256", "kid": "r1"}, b'{"iss":"a","iss":"b"}'),
                "malformed_token",
                id="duplicate claims",
            ),
            pytest.param("a.b", "malformed_token", id="malformed"),
        ],
    )
    def test_any_other_token_is_refused(self, token: str, code: str) -> None:
        assert code_of(token) == code

    def test_an_access_token_of_cognito_has_its_audience_in_client_id(self) -> None:
        claims = {k: v for k, v in CLAIMS.items() if k != "aud"} | {"client_id": "coffer"}

        assert make().caller(sign(RSA, claims, kid="r1")).username == "alice"

    def test_without_a_configured_audience_any_is_accepted(self) -> None:
        token = sign(RSA, {**CLAIMS, "aud": "other"}, kid="r1")

        assert make(audience="").caller(token).username == "alice"


class TestKeys:
    TOKEN = sign(RSA, CLAIMS, kid="r1")

    def test_keys_are_fetched_when_first_needed_and_cached(self) -> None:
        issuer = Issuer(jwk(RSA, "r1"))
        tokens = make(issuer)

        assert issuer.asked == []
        for _ in range(3):
            tokens.caller(self.TOKEN)
        assert issuer.times_asked_for_keys == 1

    def test_an_unknown_kid_fetches_the_keys_again(self) -> None:
        issuer, clock = Issuer(jwk(RSA, "r1")), SettableClock()
        tokens = make(issuer, clock)
        tokens.caller(self.TOKEN)
        issuer.keys.append(jwk(rsa_key("next"), "r2"))
        clock.forward(seconds=30)

        assert tokens.caller(sign(rsa_key("next"), CLAIMS, kid="r2")).username == "alice"

    def test_unknown_kids_fetch_at_most_every_half_minute(self) -> None:
        issuer, clock = Issuer(jwk(RSA, "r1")), SettableClock()
        tokens = make(issuer, clock)

        for number in range(60):
            assert code_of(sign(RSA, CLAIMS, kid=f"made-up-{number}"), tokens) == "invalid_token"
            clock.forward(seconds=1)
        assert issuer.times_asked_for_keys == 2

    def test_a_withdrawn_key_is_accepted_for_an_hour_at_most(self) -> None:
        issuer, clock = Issuer(jwk(RSA, "r1")), SettableClock()
        tokens = make(issuer, clock)
        tokens.caller(self.TOKEN)
        issuer.keys[:] = [jwk(rsa_key("next"), "r2")]
        clock.forward(hours=1)

        assert code_of(sign(RSA, {**CLAIMS, "exp": at(hours=2)}, kid="r1"), tokens)

    def test_known_keys_stay_in_use_if_the_issuer_fails(self) -> None:
        issuer, clock = Issuer(jwk(RSA, "r1")), SettableClock()
        tokens = make(issuer, clock)
        tokens.caller(self.TOKEN)
        issuer.is_down = True
        clock.forward(hours=2)

        assert tokens.caller(sign(RSA, {**CLAIMS, "exp": at(hours=3)}, kid="r1"))

    def test_without_any_keys_the_service_is_unavailable_and_recovers(self) -> None:
        issuer, clock = Issuer(jwk(RSA, "r1")), SettableClock()
        issuer.is_down = True
        tokens = make(issuer, clock)

        for _ in range(3):
            with pytest.raises(UnavailableError):
                tokens.caller(self.TOKEN)
        assert len(issuer.asked) == 1
        issuer.is_down = False
        clock.forward(seconds=30)
        assert tokens.caller(self.TOKEN).username == "alice"

    def test_a_clock_that_is_set_back_does_not_stop_key_refreshes(self) -> None:
        issuer, clock = Issuer(jwk(RSA, "r1")), SettableClock()
        token = sign(RSA, {**CLAIMS, "exp": at(hours=3)}, kid="r1")
        issuer.is_down = True
        tokens = make(issuer, clock)
        clock.forward(hours=2)
        with pytest.raises(UnavailableError):
            tokens.caller(token)
        issuer.is_down = False
        clock.forward(hours=-2)

        assert tokens.caller(token).username == "alice"

    @pytest.mark.parametrize(
        "configuration",
        [
            [],
            {},
            {"issuer": "https://evil.example", "jwks_uri": JWKS},
            {"issuer": ISSUER, "jwks_uri": 7},
            {"issuer": ISSUER, "jwks_uri": JWKS.replace("https", "http")},
        ],
    )
    def test_an_issuer_with_a_wrong_description_is_refused(self, configuration: Any) -> None:
        issuer = Issuer(jwk(RSA, "r1"))
        issuer.configuration = configuration

        with pytest.raises(UnavailableError):
            make(issuer).caller(self.TOKEN)

    @pytest.mark.parametrize(
        "published",
        [
            pytest.param(jwk(RSA, "r1", use="enc"), id="for encryption"),
            pytest.param(jwk(RSA, "r1", alg="RS512"), id="for another algorithm"),
            pytest.param(jwk(rsa_key("short", 1024), "r1"), id="short"),
            pytest.param({"kty": "RSA", "kid": "r1", "n": "AQAB"}, id="broken"),
            pytest.param({"kty": "oct", "kid": "r1", "k": "AQAB"}, id="symmetric"),
            pytest.param(jwk(ec_key("384", ec.SECP384R1), "r1"), id="another curve"),
            pytest.param({"kty": ["RSA"]}, id="kind no text"),
            pytest.param("r1", id="no object"),
        ],
    )
    def test_a_key_for_other_purposes_is_skipped(self, published: Any) -> None:
        issuer = Issuer(jwk(EC, "e1"))
        issuer.keys.append(published)
        tokens = make(issuer)

        assert code_of(sign(RSA, CLAIMS, kid="r1"), tokens) == "invalid_token"
        assert tokens.caller(sign(EC, CLAIMS, algorithm="ES256", kid="e1")).username == "alice"

    def test_two_keys_without_kid_are_ambiguous(self) -> None:
        issuer = Issuer(jwk(RSA, None), jwk(rsa_key("next"), None))

        assert code_of(sign(RSA, CLAIMS), make(issuer)) == "invalid_token"

    @pytest.mark.parametrize("document", [b"", b"[]", b"[" * 100_000, b"\xff"])
    def test_malformed_documents_are_refused(self, document: bytes) -> None:
        keys = IssuerKeys(ISSUER, lambda _url: document, SettableClock())

        with pytest.raises(UnavailableError):
            keys.find("r1", "RS256")

    def test_keys_that_are_not_a_list_are_refused(self) -> None:
        issuer = Issuer()
        issuer.keys = {"kid": "r1"}

        with pytest.raises(UnavailableError):
            make(issuer).caller(self.TOKEN)


class TestConfiguration:
    def test_the_settings_name_issuer_and_audience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OIDC_ISSUER", ISSUER)
        monkeypatch.setenv("OIDC_AUDIENCE", "coffer")
        monkeypatch.setenv("OIDC_USERNAME_CLAIM", "sub")
        monkeypatch.setenv("OIDC_REQUIRED_ROLE", "dina-realm-user")
        issuer = Issuer(jwk(RSA, "r1"))
        monkeypatch.setattr(oidc_tokens, "fetch", issuer.fetch)
        far = int(datetime(2999, 1, 1, tzinfo=UTC).timestamp())
        roles = {"realm_access": {"roles": ["dina-realm-user"]}}
        token = sign(RSA, {**CLAIMS, **roles, "exp": far, "sub": "bob"}, kid="r1")

        assert configured_tokens().caller(token).username == "bob"


class TestClaims:
    @pytest.mark.parametrize(
        ("memberships", "groups"),
        [
            # The reference's paths: /group/role, /group; deeper ones are ignored.
            (["/aafc/user"], {"aafc": {Role.USER}}),
            (["/aafc/user", "/AAFC/super-user"], {"aafc": {Role.USER, Role.SUPER_USER}}),
            (["/aafc/READ_ONLY"], {"aafc": {Role.READ_ONLY}}),
            (["/aafc/dina-admin"], {"aafc": {Role.DINA_ADMIN}}),
            (["/aafc"], {"aafc": set()}),
            (["/aafc/unknown"], {"aafc": set()}),
            (["/aafc/", " /aafc "], {"aafc": set()}),
            (["/aafc/lab/user"], {}),
            (["/", "//", ""], {}),
            (["/my.group/user"], {"my.group": {Role.USER}}),
            # Cognito's: group.role.
            (["aafc.user", "bicoe.guest"], {"aafc": {Role.USER}, "bicoe": {Role.GUEST}}),
            (["my.group.super-user"], {"my.group": {Role.SUPER_USER}}),
            (["aafc"], {"aafc": set()}),
            (["aafc.unknown"], {"aafc.unknown": set()}),
            ([".user"], {}),
        ],
    )
    def test_memberships_are_groups_with_roles(
        self, memberships: list[str], groups: dict[str, set[Role]]
    ) -> None:
        assert groups_of(memberships) == groups

    def test_settings_name_the_claims(self) -> None:
        claims = {
            "cognito:username": "bob",
            "cognito:groups": ["aafc.user"],
            "https://example.org/roles": ["read-only-admin", "user"],
        }
        names = ClaimNames(
            username="cognito:username", groups="cognito:groups", roles="https://example.org/roles"
        )

        assert caller_of(claims, names) == Caller(
            username="bob",
            groups={"aafc": frozenset({Role.USER})},
            realm_roles=frozenset({Role.READ_ONLY_ADMIN}),
        )

    def test_other_realm_roles_give_no_rights(self) -> None:
        claims = {"preferred_username": "a", "realm_access": {"roles": ["user", "super-user"]}}

        assert caller_of(claims, ClaimNames()).realm_roles == frozenset()

    @pytest.mark.parametrize(
        "claims",
        [
            {"groups": "/aafc/user"},
            {"groups": {"/aafc/user": 1}},
            {"groups": [7, None, ["/aafc/user"]]},
            {"realm_access": ["dina-admin"]},
            {"realm_access": {"roles": "dina-admin"}},
            {"realm_access": None, "agent-identifier": 7},
        ],
    )
    def test_malformed_claims_give_no_rights(self, claims: dict[str, Any]) -> None:
        caller = caller_of({"preferred_username": "a", **claims}, ClaimNames())

        assert caller == Caller(username="a")

    @pytest.mark.parametrize("username", [None, "", "  ", 7, ["a"]])
    def test_a_token_must_name_its_user(self, username: Any) -> None:
        with pytest.raises(UnauthenticatedError):
            caller_of({"preferred_username": username}, ClaimNames())

    def test_a_required_realm_role_is_enforced(self) -> None:
        names = ClaimNames(required_role="dina-realm-user")
        roles = {"realm_access": {"roles": ["dina-realm-user"]}}

        assert caller_of({"preferred_username": "a", **roles}, names).username == "a"
        with pytest.raises(ForbiddenError, match="dina-realm-user"):
            caller_of({"preferred_username": "a"}, names)
