"""Rawstore's store from the settings: its address, and the keys that sign."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from coffer.adapters.fetch import FetchError
from coffer.adapters.rawstore.signer import dataset_signer
from coffer.adapters.rawstore.store import dataset_address, dataset_endpoint, dataset_host
from coffer.adapters.signing import storage_secret
from coffer.adapters.signing.sigv4 import Credentials, Signer
from coffer.adapters.signing.storage_secret import StorageSecret
from coffer.adapters.tokens.permission import configured_permission_tokens
from coffer.domain.errors import UnavailableError
from coffer.settings import SettingsError, aws_settings
from local.stack import LocalStack
from tests.rawstore.tokens import CLAIMS, SettableClock, pem_of, rsa_key, sign

Configure = Callable[..., None]
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:store-AbCdEf"


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Set variables for one test. All other variables of the store are empty."""
    unset = {"storage_hostname": "", "storage_access_key_id": "", "storage_secret_access_key": ""}

    def configure(**values: str) -> None:
        for name, value in {**unset, **values}.items():
            monkeypatch.setenv(name.upper(), value)

    return configure


class TestAddresses:
    @pytest.mark.parametrize(
        ("hostname", "endpoint_url", "url", "host"),
        [
            ("", "", "https://s3.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com"),
            ("", "http://localhost:9000", "http://localhost:9000", "localhost"),
            ("minio.example", "http://localhost:9000", "https://minio.example", "minio.example"),
            ("minio.example:9000/", "", "https://minio.example:9000", "minio.example"),
            ("http://minio.example:9000", "", "http://minio.example:9000", "minio.example"),
        ],
    )
    def test_the_endpoint_follows_the_settings(
        self, configure: Configure, hostname: str, endpoint_url: str, url: str, host: str
    ) -> None:
        configure(
            aws_region="us-east-1", storage_hostname=hostname, aws_endpoint_url_s3=endpoint_url
        )

        assert (dataset_endpoint().url, dataset_host()) == (url, host)

    def test_a_store_must_have_a_bucket(self, configure: Configure) -> None:
        configure(storage_bucket_name="")

        with pytest.raises(SettingsError, match="STORAGE_BUCKET_NAME"):
            dataset_address()


class TestKeys:
    def signature(self, signer: Signer) -> str:
        return signer.sign_policy("cG9saWN5", now=SettableClock().now())

    def test_without_keys_the_role_signs(self, configure: Configure) -> None:
        configure(aws_access_key_id="role", aws_secret_access_key="s", aws_session_token="t")

        signer = dataset_signer(SettableClock())

        role = Signer(Credentials("role", "s", "t"), aws_settings.aws_region)
        assert self.signature(signer) == self.signature(role)

    def test_configured_keys_sign(self, configure: Configure) -> None:
        configure(storage_access_key_id="k", storage_secret_access_key="theirs")

        signer = dataset_signer(SettableClock())

        given = Signer(Credentials("k", "theirs"), aws_settings.aws_region)
        assert self.signature(signer) == self.signature(given)

    @pytest.mark.parametrize("half", ["storage_access_key_id", "storage_secret_access_key"])
    def test_half_a_key_pair_is_refused(self, configure: Configure, half: str) -> None:
        configure(**{half: "given"})

        with pytest.raises(SettingsError, match="STORAGE_SECRET_ACCESS_KEY"):
            dataset_signer(SettableClock())


class TestSecrets:
    @pytest.fixture
    def secrets(self, running_stack: LocalStack, configure: Configure) -> Iterator[Any]:
        """Return a client of moto's Secrets Manager."""
        configure(storage_credentials_secret_arn=ARN)
        client = boto3.client(
            "secretsmanager",
            endpoint_url=running_stack.server.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        yield client
        client.close()

    def keep(self, secrets: Any, key: str) -> str:
        text = json.dumps({"STORAGE_ACCESS_KEY_ID": key, "STORAGE_SECRET_ACCESS_KEY": "theirs"})
        listed = secrets.list_secrets()["SecretList"]
        if listed:
            return str(
                secrets.put_secret_value(SecretId=listed[0]["ARN"], SecretString=text)["ARN"]
            )
        return str(secrets.create_secret(Name="store", SecretString=text)["ARN"])

    def test_the_keys_of_the_secret_sign_and_are_refreshed(
        self, secrets: Any, configure: Configure
    ) -> None:
        arn = self.keep(secrets, "first")
        configure(storage_credentials_secret_arn=arn)
        clock = SettableClock()
        credentials = StorageSecret(arn, clock)

        assert credentials() == Credentials("first", "theirs")
        self.keep(secrets, "second")
        assert credentials().access_key_id == "first"
        clock.forward(minutes=5)
        assert credentials().access_key_id == "second"
        given = Signer(Credentials("second", "theirs"), aws_settings.aws_region)
        signer = dataset_signer(clock)
        assert signer.sign_policy("cA==", now=clock.now()) == given.sign_policy(
            "cA==", now=clock.now()
        )

    def test_known_keys_stay_in_use_if_the_secret_cannot_be_read(
        self, secrets: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = SettableClock()
        credentials = StorageSecret(self.keep(secrets, "first"), clock)
        credentials()

        def fail(*_: Any, **__: Any) -> bytes:
            raise FetchError("down")

        monkeypatch.setattr(storage_secret, "fetch", fail)
        clock.forward(hours=1)

        assert credentials().access_key_id == "first"

    @pytest.mark.parametrize(
        "response",
        [
            b"",
            b"[]",
            b"{}",
            b'{"SecretString":7}',
            b'{"SecretString":"text"}',
            b'{"SecretString":"{}"}',
        ],
    )
    def test_without_usable_keys_the_service_is_unavailable(
        self, configure: Configure, monkeypatch: pytest.MonkeyPatch, response: bytes
    ) -> None:
        configure()
        monkeypatch.setattr(storage_secret, "fetch", lambda *_, **__: response)
        credentials = StorageSecret(ARN, SettableClock())

        with pytest.raises(UnavailableError):
            credentials()


class TestConfiguredTokens:
    def test_a_configured_key_is_used(self, configure: Configure) -> None:
        configure(datahub_public_key=pem_of(rsa_key("auth server")).replace("\n", "\\n"))

        tokens = configured_permission_tokens(SettableClock())

        assert tokens.verify(sign(rsa_key("auth server"), CLAIMS)) == CLAIMS

    def test_a_published_key_is_fetched_only_when_needed(self, configure: Configure) -> None:
        configure(datahub_public_key="", datahub_public_key_url="http://127.0.0.1:9/key")

        tokens = configured_permission_tokens(SettableClock())

        with pytest.raises(UnavailableError):
            tokens.verify(sign(rsa_key("auth server"), CLAIMS))

    def test_an_invalid_key_is_refused_with_its_variable(self, configure: Configure) -> None:
        configure(datahub_public_key="c2VjcmV0")

        with pytest.raises(SettingsError, match="DATAHUB_PUBLIC_KEY must be") as caught:
            configured_permission_tokens(SettableClock())
        assert "c2VjcmV0" not in str(caught.value)

    def test_a_missing_key_is_refused_with_its_variables(self, configure: Configure) -> None:
        configure(datahub_public_key="", datahub_public_key_url="")

        with pytest.raises(SettingsError, match="DATAHUB_PUBLIC_KEY or DATAHUB_PUBLIC_KEY_URL"):
            configured_permission_tokens(SettableClock())
