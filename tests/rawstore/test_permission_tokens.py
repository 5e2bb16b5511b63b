"""Permission tokens: valid and invalid ones, and the source of the key."""

from __future__ import annotations

import base64
import json
import warnings
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import assume, given
from hypothesis import strategies as st

from coffer.adapters.fetch import FetchError
from coffer.adapters.tokens.compact import MAX_TOKEN_LENGTH
from coffer.adapters.tokens.permission import (
    ConfiguredKey,
    PublishedKey,
    RsaPermissionTokens,
    parse_public_key,
)
from coffer.domain.errors import ForbiddenError, UnauthenticatedError, UnavailableError
from coffer.domain.rawstore.permissions import Permissions
from tests.rawstore.tokens import (
    CLAIMS,
    NOW,
    SettableClock,
    ec_key,
    encode,
    pem_of,
    rsa_key,
    sign,
    sign_raw,
    signed_with_the_public_key,
    unsigned,
)

KEY = rsa_key("auth server")
PEM = pem_of(KEY)
HEADER = {"alg": "RS256", "typ": "JWT"}


def verifier(*, require_expiry: bool = False) -> RsaPermissionTokens:
    return RsaPermissionTokens(
        ConfiguredKey(parse_public_key(PEM)), SettableClock(), require_expiry=require_expiry
    )


def code_of(token: str, **options: bool) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        verifier(**options).verify(token)
    return caught.value.problems[0].code


def at(**offset: float) -> int:
    return int((NOW + timedelta(**offset)).timestamp())


class TestTokens:
    def test_a_valid_token_gives_its_claims(self) -> None:
        """Tokens of the reference's auth server have no exp, iat, iss, aud, jti or kid."""
        assert verifier().verify(sign(KEY, CLAIMS)) == CLAIMS

    @pytest.mark.parametrize(
        "token",
        [
            pytest.param(unsigned(CLAIMS), id="none"),
            pytest.param(unsigned(CLAIMS) + "AA", id="none with a signature"),
            pytest.param(signed_with_the_public_key(PEM, CLAIMS), id="HS256 with the public key"),
            pytest.param(sign(rsa_key("another"), CLAIMS), id="another key"),
            pytest.param(sign(KEY, CLAIMS, algorithm="RS384"), id="RS384"),
            pytest.param(sign(KEY, CLAIMS, algorithm="RS512"), id="RS512"),
            pytest.param(sign(KEY, CLAIMS, algorithm="PS256"), id="PS256"),
            pytest.param(sign(ec_key("any"), CLAIMS, algorithm="ES256"), id="ES256"),
            pytest.param(sign_raw(KEY, {"alg": ["RS256"]}, b"{}"), id="algorithm no text"),
            pytest.param(sign_raw(KEY, {"alg": "rs256"}, b"{}"), id="algorithm in lower case"),
            pytest.param(sign_raw(KEY, {"typ": "JWT"}, b"{}"), id="no algorithm"),
            pytest.param(sign_raw(KEY, {**HEADER, "crit": ["exp"]}, b"{}"), id="extension"),
            pytest.param(sign_raw(KEY, HEADER, b'{"userid":"u1","userid":"u2"}'), id="repeated"),
            pytest.param(
                sign_raw(KEY, b'{"alg":"RS256","alg":"none"}', b"{}"), id="two algorithms"
            ),
            pytest.param(sign_raw(KEY, HEADER, b"[]"), id="claims no object"),
            pytest.param(sign_raw(KEY, HEADER, b"\xff"), id="claims no UTF-8"),
            pytest.param(sign_raw(KEY, HEADER, b'{"exp":NaN}'), id="claims no JSON"),
            pytest.param(sign_raw(KEY, HEADER, b"[" * 5000), id="claims nested deeply"),
            pytest.param(sign_raw(KEY, HEADER, b'{"exp":"2030"}'), id="expiry no number"),
            pytest.param(sign_raw(KEY, HEADER, b'{"exp":true}'), id="expiry true"),
            pytest.param(sign_raw(KEY, HEADER, b'{"exp":null}'), id="expiry null"),
            pytest.param(sign(KEY, CLAIMS) + "=", id="padding"),
            pytest.param(sign(KEY, CLAIMS) + "\n", id="line end"),
            pytest.param(sign(KEY, CLAIMS) + ".AAAA", id="four parts"),
            pytest.param(sign(KEY, CLAIMS).rpartition(".")[0], id="two parts"),
            pytest.param("undefined", id="what JavaScript sends for nothing"),
            pytest.param("é.é.é", id="no ASCII"),
            pytest.param("", id="nothing"),
            pytest.param("..", id="dots"),
        ],
    )
    def test_any_other_token_is_refused(self, token: str) -> None:
        assert code_of(token) in ("malformed_token", "invalid_token")

    def test_a_huge_token_is_refused_before_it_is_parsed(self) -> None:
        good = sign(KEY, {**CLAIMS, "padding": "x" * MAX_TOKEN_LENGTH})

        with pytest.raises(UnauthenticatedError, match="characters long"):
            verifier().verify(good)

    @given(position=st.integers(0), letter=st.sampled_from("ABCDwxyz0189-_.=+/ \n"))
    def test_a_token_with_any_letter_changed_is_refused(self, position: int, letter: str) -> None:
        token = sign(KEY, CLAIMS)
        # The last letter of 256 bytes in base64 has four unused bits.
        index = position % (len(token) - 1)
        assume(token[index] != letter)

        changed = token[:index] + letter + token[index + 1 :]

        assert code_of(changed) in ("malformed_token", "invalid_token")

    @given(
        st.one_of(
            st.binary(max_size=60).map(lambda claims: sign_raw(KEY, HEADER, claims)),
            st.dictionaries(
                st.sampled_from(["exp", "nbf", "iat", "aud", "userid"]),
                st.one_of(st.none(), st.booleans(), st.text(max_size=5), st.integers(0, 2**40)),
            ).map(lambda claims: sign_raw(KEY, HEADER, json.dumps(claims).encode())),
            st.dictionaries(
                st.sampled_from(["alg", "typ", "kid", "cty"]),
                st.sampled_from(["RS256", "none", "HS256", "RS512", "JWT", "x"]),
            ).map(lambda header: sign_raw(KEY, header, b"{}")),
        )
    )
    def test_tokens_that_pyjwt_refuses_are_refused(self, token: str) -> None:
        """The reverse is not true: PyJWT accepts some tokens that are refused here."""
        try:
            ours = verifier().verify(token)
        except UnauthenticatedError:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = jwt.decode(
                token,
                PEM,
                algorithms=["RS256"],
                options={
                    "verify_aud": False,
                    "verify_iat": False,
                    "verify_exp": False,  # PyJWT uses the real time
                    "verify_nbf": False,
                },
            )
        assert theirs == ours

    @pytest.mark.parametrize(
        ("claims", "code"),
        [
            ({"exp": at(seconds=-1)}, "token_expired"),
            ({"exp": at()}, "token_expired"),
            ({"exp": 0}, "token_expired"),
            ({"nbf": at(seconds=1)}, "token_not_yet_valid"),
            ({"nbf": 10**300}, "token_not_yet_valid"),
        ],
    )
    def test_a_token_is_refused_before_and_after_its_validity(
        self, claims: dict[str, Any], code: str
    ) -> None:
        assert code_of(sign_raw(KEY, HEADER, json.dumps(claims).encode())) == code

    @pytest.mark.parametrize(
        "claims",
        [{"exp": at(seconds=1)}, {"exp": at() + 0.5}, {"nbf": at()}, {"exp": 10**300}, {}],
    )
    def test_a_token_is_accepted_during_its_validity(self, claims: dict[str, Any]) -> None:
        assert verifier().verify(sign(KEY, {**CLAIMS, **claims})) == {**CLAIMS, **claims}

    def test_an_expiry_can_be_required(self) -> None:
        assert code_of(sign(KEY, CLAIMS), require_expiry=True) == "token_without_expiry"
        assert verifier(require_expiry=True).verify(sign(KEY, {**CLAIMS, "exp": at(seconds=1)}))

    def test_an_error_does_not_quote_the_token(self) -> None:
        secret = "s3cr3t-user"
        for token in (sign(rsa_key("another"), {"userid": secret}), f"{secret}.{secret}.{secret}"):
            with pytest.raises(UnauthenticatedError) as caught:
                verifier().verify(token)
            assert secret not in str(caught.value)
            assert encode(secret.encode()) not in str(caught.value)


class TestPermissions:
    @pytest.mark.parametrize("userid", [None, "", 7, ["u1"], "é", "a\r\nb", " u1", "u" * 257])
    def test_a_token_must_name_its_user(self, userid: Any) -> None:
        with pytest.raises(UnauthenticatedError):
            Permissions.parse({**CLAIMS, "userid": userid})

    @pytest.mark.parametrize(
        "permissions",
        [
            {"datapackage-upload": True},
            {"max_public_storage_mb": 0},
            {"max_private_storage_mb": 5, "datapackage-upload": False},
        ],
    )
    def test_these_permissions_allow_uploads(self, permissions: dict[str, Any]) -> None:
        Permissions.parse({**CLAIMS, "permissions": permissions}).require_upload()

    @pytest.mark.parametrize(
        "permissions",
        [
            None,
            [],
            "datapackage-upload",
            {},
            {"datapackage-upload": False},
            {"datapackage-upload": "true"},
            {"datapackage-upload": 1},
            {"max_dataset_num": 3},
        ],
    )
    def test_other_permissions_do_not_allow_uploads(self, permissions: Any) -> None:
        with pytest.raises(ForbiddenError):
            Permissions.parse({**CLAIMS, "permissions": permissions}).require_upload()

    @pytest.mark.parametrize("service", [None, 7, "", "source", "Rawstore"])
    def test_a_token_of_another_service_is_refused(self, service: Any) -> None:
        with pytest.raises(ForbiddenError):
            Permissions.parse({**CLAIMS, "service": service}).require_service("rawstore")


class TestPublicKeys:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(PEM, id="PEM"),
            pytest.param(f"\n  {PEM}\n", id="PEM with space around it"),
            pytest.param(PEM.replace("\n", "\r\n"), id="PEM with CRLF"),
            pytest.param(PEM.replace("\n", "\\n"), id="PEM with \\n"),
            pytest.param(base64.b64encode(PEM.encode()).decode(), id="base64 on one line"),
        ],
    )
    def test_each_format_gives_the_same_key(self, text: str) -> None:
        assert parse_public_key(text) == KEY.public_key()

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="nothing"),
            pytest.param("key", id="text"),
            pytest.param("é", id="no ASCII"),
            pytest.param(PEM[:200], id="cut off"),
            pytest.param(PEM.replace("PUBLIC", "PRIVATE"), id="named a private key"),
            pytest.param(
                KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
                id="a private key",
            ),
            pytest.param(pem_of(ec_key("any")), id="an elliptic curve"),
            pytest.param(pem_of(rsa_key("short", 1024)), id="a short key"),
            pytest.param(base64.b64encode(b"key").decode(), id="base64 of text"),
            pytest.param(base64.b64encode(b"\xff\xfe").decode(), id="base64 of bytes"),
        ],
    )
    def test_other_texts_are_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r".+"):
            parse_public_key(text)


class AuthServer:
    """A fake for fetching the public key, which counts requests and can fail."""

    def __init__(self, document: str | None) -> None:
        self.document = document
        self.asked = 0

    def fetch(self, url: str) -> bytes:
        assert url == "https://auth.example/auth/public-key"
        self.asked += 1
        if self.document is None:
            raise FetchError("down")
        return self.document.encode()


class TestPublishedKeys:
    def tokens(self, server: AuthServer, clock: SettableClock) -> RsaPermissionTokens:
        keys = PublishedKey("https://auth.example/auth/public-key", server.fetch, clock)
        return RsaPermissionTokens(keys, clock, require_expiry=False)

    def test_the_key_is_fetched_when_first_needed_and_cached(self) -> None:
        server, clock = AuthServer(PEM), SettableClock()
        tokens = self.tokens(server, clock)

        assert server.asked == 0
        for _ in range(3):
            assert tokens.verify(sign(KEY, CLAIMS)) == CLAIMS
        assert server.asked == 1

    def test_a_malformed_token_fetches_nothing(self) -> None:
        server = AuthServer(PEM)
        tokens = self.tokens(server, SettableClock())

        for token in ("x", unsigned(CLAIMS), signed_with_the_public_key(PEM, CLAIMS)):
            with pytest.raises(UnauthenticatedError):
                tokens.verify(token)
        assert server.asked == 0

    def test_a_wrong_signature_fetches_the_key_again(self) -> None:
        server, clock = AuthServer(PEM), SettableClock()
        tokens = self.tokens(server, clock)
        tokens.verify(sign(KEY, CLAIMS))
        server.document = pem_of(rsa_key("next"))
        clock.forward(seconds=31)

        assert tokens.verify(sign(rsa_key("next"), CLAIMS)) == CLAIMS
        with pytest.raises(UnauthenticatedError):
            tokens.verify(sign(KEY, CLAIMS))
        assert server.asked == 2

    def test_wrong_signatures_fetch_at_most_every_half_minute(self) -> None:
        server, clock = AuthServer(PEM), SettableClock()
        tokens = self.tokens(server, clock)

        for _ in range(60):
            with pytest.raises(UnauthenticatedError):
                tokens.verify(sign(rsa_key("another"), CLAIMS))
            clock.forward(seconds=1)
        assert server.asked == 2

    def test_a_withdrawn_key_is_accepted_for_an_hour_at_most(self) -> None:
        server, clock = AuthServer(PEM), SettableClock()
        tokens = self.tokens(server, clock)
        tokens.verify(sign(KEY, CLAIMS))
        server.document = pem_of(rsa_key("next"))
        clock.forward(hours=1)

        with pytest.raises(UnauthenticatedError):
            tokens.verify(sign(KEY, CLAIMS))

    def test_a_clock_that_is_set_back_does_not_stop_key_refreshes(self) -> None:
        server, clock = AuthServer(None), SettableClock()
        tokens = self.tokens(server, clock)
        clock.forward(hours=2)
        with pytest.raises(UnavailableError):
            tokens.verify(sign(KEY, CLAIMS))
        server.document = PEM
        clock.forward(hours=-2)

        assert tokens.verify(sign(KEY, CLAIMS)) == CLAIMS

    @pytest.mark.parametrize("document", [None, "<html>", ""])
    def test_a_known_key_stays_in_use_if_the_auth_server_fails(self, document: str | None) -> None:
        server, clock = AuthServer(PEM), SettableClock()
        tokens = self.tokens(server, clock)
        tokens.verify(sign(KEY, CLAIMS))
        server.document = document
        clock.forward(hours=2)

        assert tokens.verify(sign(KEY, CLAIMS)) == CLAIMS

    def test_without_any_key_the_service_is_unavailable_and_recovers(self) -> None:
        server, clock = AuthServer(PEM), SettableClock()
        server.document = None
        tokens = self.tokens(server, clock)

        for _ in range(3):
            with pytest.raises(UnavailableError):
                tokens.verify(sign(KEY, CLAIMS))
        assert server.asked == 1
        server.document = PEM
        clock.forward(seconds=30)
        assert tokens.verify(sign(KEY, CLAIMS)) == CLAIMS
