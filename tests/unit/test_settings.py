"""The environment: what is needed, what has a default, and what is said of each bad variable."""

from __future__ import annotations

import pytest

from coffer.settings import Settings, SettingsError
from tests.environment import NEEDED


def read(**changes: str) -> Settings:
    return Settings.from_environment(NEEDED | changes)


def test_what_is_needed_is_enough() -> None:
    settings = read()
    assert settings.aws_region == "ca-central-1"
    assert settings.object_bucket == "objects"
    assert settings.max_direct_upload_bytes == 4 * 1024**2
    assert settings.max_upload_bytes == 5 * 1024**3
    assert settings.stream_hash_limit_bytes == 20 * 1024**3
    assert settings.thumbnail_size == 200
    assert settings.copy_conditions
    assert not settings.require_token_expiry
    assert settings.development_identity == ""
    assert settings.oidc_roles_claim == "realm_access.roles"
    assert settings.service_name == "rawstore"


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_or_empty_variable_is_named(name: str, value: str | None) -> None:
    environment = {other: text for other, text in NEEDED.items() if other != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(SettingsError, match=rf"\b{name}\b is missing or empty"):
        Settings.from_environment(environment)


def test_the_sdks_other_name_for_the_region_will_do() -> None:
    environment = {name: value for name, value in NEEDED.items() if name != "AWS_REGION"}
    settings = Settings.from_environment(environment | {"AWS_DEFAULT_REGION": "eu-west-1"})
    assert settings.aws_region == "eu-west-1"


@pytest.mark.parametrize(
    "name",
    ["MAX_DIRECT_UPLOAD_BYTES", "MAX_UPLOAD_BYTES", "STREAM_HASH_LIMIT_BYTES", "THUMBNAIL_SIZE"],
)
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "1e6", "many", "²", "1_000", " 7"])
def test_a_number_is_a_whole_one_above_0(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} must be a whole number above 0"):
        read(**{name: value})
    assert getattr(read(**{name: "7"}), name.lower()) == 7


@pytest.mark.parametrize("name", ["COPY_CONDITIONS", "PUBLIC_DOWNLOADS", "REQUIRE_TOKEN_EXPIRY"])
@pytest.mark.parametrize("value", ["yes", "True", "1"])
def test_a_flag_is_true_or_false(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} must be one of true, false"):
        read(**{name: value})
    assert getattr(read(**{name: "true"}), name.lower()) is True
    assert getattr(read(**{name: "false"}), name.lower()) is False


def test_an_acl_is_one_that_the_reference_knows() -> None:
    with pytest.raises(SettingsError, match=r"^RAWSTORE_ACL must be one of public-read"):
        read(RAWSTORE_ACL="private")
    assert read(RAWSTORE_ACL="bucket-owner-full-control").rawstore_acl


@pytest.mark.parametrize(
    "endpoint",
    ["http://localhost:5000", "http://127.0.0.1:5000", "http://[::1]:5000/", "http://LOCALHOST"],
)
def test_a_development_identity_works_on_a_local_stack(endpoint: str) -> None:
    settings = read(DEVELOPMENT_IDENTITY="dev", AWS_ENDPOINT_URL=endpoint)
    assert settings.development_identity == "dev"


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "https://dynamodb.ca-central-1.amazonaws.com",
        "http://10.0.0.7:8000",
        "http://localhost@evil.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "localhost:5000",
        "nonsense",
    ],
)
def test_a_deployed_coffer_has_no_development_identity(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="DEVELOPMENT_IDENTITY"):
        read(DEVELOPMENT_IDENTITY="dev", AWS_ENDPOINT_URL=endpoint)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb.ca-central-1.amazonaws.com"),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", "https://events.ca-central-1.amazonaws.com"),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE"),
    ],
)
def test_no_other_variable_leads_a_development_identity_to_aws(name: str, value: str) -> None:
    local = {"DEVELOPMENT_IDENTITY": "dev", "AWS_ENDPOINT_URL": "http://localhost:5000"}
    with pytest.raises(SettingsError, match="DEVELOPMENT_IDENTITY"):
        read(**local, **{name: value})


def test_a_local_stack_may_use_somebodys_store() -> None:
    settings = read(
        DEVELOPMENT_IDENTITY="dev",
        AWS_ENDPOINT_URL="http://localhost:5000",
        AWS_ENDPOINT_URL_S3="https://minio.example",
    )
    assert settings.development_identity == "dev"


@pytest.mark.parametrize(
    ("most", "by_one_post"),
    [(1000, 1000), (5 * 1024**3, 5 * 1024**3), (50 * 1024**3, 5 * 1024**3)],
)
def test_one_post_brings_5_gib_at_most(most: int, by_one_post: int) -> None:
    assert read(MAX_UPLOAD_BYTES=str(most)).max_post_bytes == by_one_post


@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [
        ("ORPHAN_REMOVAL_CRON", "0 0 * * * *", r"write 0 \* \* \* \? \*"),
        ("ORPHAN_REMOVAL_CRON", "every night", "such as 0"),
        ("ORPHAN_REMOVAL_OBJECT_MAX_AGE", "20 days", "write 20d"),
        ("ORPHAN_REMOVAL_OBJECT_MAX_AGE", "99999d", "longer than 36500 days"),
    ],
)
def test_a_bad_time_is_refused_by_the_name_of_its_variable(
    name: str, value: str, instead: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is .*{instead}"):
        read(**{name: value})


def test_orphans_are_kept_unless_a_cron_says_otherwise() -> None:
    assert read().orphan_removal_cron == ""
    assert read(ORPHAN_REMOVAL_CRON="0 3 * * ? *").orphan_removal_cron == "0 3 * * ? *"
    assert read(ORPHAN_REMOVAL_OBJECT_MAX_AGE="PT36H").orphan_removal_object_max_age.days == 1
