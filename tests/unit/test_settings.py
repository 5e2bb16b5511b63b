"""Environment variables: required, optional and unusable ones, and the errors that name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from coffer.settings import Settings, SettingsError
from tests.environment import REQUIRED


def read(name: str, environment: Mapping[str, str]) -> Any:
    """Read one variable, by its own name or by the name of a property, from an environment."""
    attribute = name.lower()
    (settings_class,) = [one for one in Settings.__subclasses__() if attribute in vars(one)]
    return getattr(settings_class(environment), attribute)


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("MAX_DIRECT_UPLOAD_BYTES", 4 * 1024**2),
        ("MAX_UPLOAD_BYTES", 5 * 1024**3),
        ("STREAM_HASH_LIMIT_BYTES", 20 * 1024**3),
        ("THUMBNAIL_SIZE", 200),
        ("COPY_CONDITIONS", True),
        ("REQUIRE_TOKEN_EXPIRY", False),
        ("DEVELOPMENT_IDENTITY", ""),
        ("OIDC_ROLES_CLAIM", "realm_access.roles"),
        ("SERVICE_NAME", "rawstore"),
        ("ORPHAN_REMOVAL_CRON", ""),
    ],
)
def test_other_variables_have_a_default(name: str, default: object) -> None:
    assert read(name, REQUIRED) == default


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_variable_is_read_as_it_is(name: str) -> None:
    assert read(name, REQUIRED) == REQUIRED[name]


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_or_empty_variable_is_named(name: str, value: str | None) -> None:
    environment = {other: text for other, text in REQUIRED.items() if other != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(SettingsError, match=rf"\b{name}\b is missing or empty"):
        read(name, environment)


def test_the_region_may_have_the_sdks_other_name() -> None:
    assert read("AWS_REGION", {"AWS_DEFAULT_REGION": "eu-west-1"}) == "eu-west-1"


@pytest.mark.parametrize(
    "name",
    ["MAX_DIRECT_UPLOAD_BYTES", "MAX_UPLOAD_BYTES", "STREAM_HASH_LIMIT_BYTES", "THUMBNAIL_SIZE"],
)
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "1e6", "many", "²", "1_000", " 7"])
def test_a_number_is_a_whole_one_above_0(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} must be a whole number above 0"):
        read(name, {name: value})
    assert read(name, {name: "7"}) == 7


@pytest.mark.parametrize("name", ["COPY_CONDITIONS", "PUBLIC_DOWNLOADS", "REQUIRE_TOKEN_EXPIRY"])
@pytest.mark.parametrize("value", ["yes", "True", "1"])
def test_a_flag_is_true_or_false(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} must be one of true, false"):
        read(name, {name: value})
    assert read(name, {name: "true"}) is True
    assert read(name, {name: "false"}) is False


def test_an_acl_is_one_that_the_reference_knows() -> None:
    name = "RAWSTORE_ACL"
    with pytest.raises(SettingsError, match=r"^RAWSTORE_ACL must be one of public-read"):
        read(name, {name: "private"})
    assert read(name, {name: "bucket-owner-full-control"}) == "bucket-owner-full-control"


@pytest.mark.parametrize(
    "endpoint",
    ["http://localhost:5000", "http://127.0.0.1:5000", "http://[::1]:5000/", "http://LOCALHOST"],
)
def test_a_development_identity_works_on_a_local_stack(endpoint: str) -> None:
    environment = {"DEVELOPMENT_IDENTITY": "dev", "AWS_ENDPOINT_URL": endpoint}
    assert read("DEVELOPMENT_IDENTITY", environment) == "dev"


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
    environment = {"DEVELOPMENT_IDENTITY": "dev", "AWS_ENDPOINT_URL": endpoint}
    with pytest.raises(SettingsError, match="DEVELOPMENT_IDENTITY"):
        read("DEVELOPMENT_IDENTITY", environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb.ca-central-1.amazonaws.com"),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", "https://events.ca-central-1.amazonaws.com"),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE"),
    ],
)
def test_no_other_variable_gives_a_development_identity_access_to_aws(
    name: str, value: str
) -> None:
    local = {"DEVELOPMENT_IDENTITY": "dev", "AWS_ENDPOINT_URL": "http://localhost:5000"}
    with pytest.raises(SettingsError, match="DEVELOPMENT_IDENTITY"):
        read("DEVELOPMENT_IDENTITY", local | {name: value})


def test_a_local_stack_may_use_another_store() -> None:
    environment = {
        "DEVELOPMENT_IDENTITY": "dev",
        "AWS_ENDPOINT_URL": "http://localhost:5000",
        "AWS_ENDPOINT_URL_S3": "https://minio.example",
    }
    assert read("DEVELOPMENT_IDENTITY", environment) == "dev"


@pytest.mark.parametrize(
    ("configured", "expected"),
    [(1000, 1000), (5 * 1024**3, 5 * 1024**3), (50 * 1024**3, 5 * 1024**3)],
)
def test_one_post_accepts_5_gib_at_most(configured: int, expected: int) -> None:
    assert read("max_post_bytes", {"MAX_UPLOAD_BYTES": str(configured)}) == expected


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("ORPHAN_REMOVAL_CRON", "0 0 * * * *", r"write 0 \* \* \* \? \*"),
        ("ORPHAN_REMOVAL_CRON", "every night", "such as 0"),
        ("ORPHAN_REMOVAL_OBJECT_MAX_AGE", "20 days", "write 20d"),
        ("ORPHAN_REMOVAL_OBJECT_MAX_AGE", "99999d", "longer than 36500 days"),
    ],
)
def test_an_unusable_time_is_refused_with_the_name_of_its_variable(
    name: str, value: str, advice: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is .*{advice}"):
        read(name, {name: value})


def test_usable_times_are_read() -> None:
    cron, age = "ORPHAN_REMOVAL_CRON", "ORPHAN_REMOVAL_OBJECT_MAX_AGE"
    assert read(cron, {cron: "0 3 * * ? *"}) == "0 3 * * ? *"
    assert read(age, {age: "PT36H"}).days == 1
