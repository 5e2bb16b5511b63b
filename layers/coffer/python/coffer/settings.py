"""What the environment says: the only reader of `os.environ`.

Every field is an environment variable of the same name in upper case. A missing or unusable one
fails when the function initialises, naming the variable, so that a bad deployment is seen at
once and not on the first request that needs it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from coffer.domain.configuration.cron import check_cron
from coffer.domain.configuration.durations import parse_duration

_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "host.docker.internal"})


class SettingsError(Exception):
    """The environment is unusable; the message names the variable and what it should hold."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The environment, typed. Sizes are bytes; an empty string means 'not given'."""

    aws_region: str
    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str
    aws_endpoint_url: str
    """Set only where DynamoDB, SQS and EventBridge are not AWS's own (the local stack)."""
    aws_endpoint_url_s3: str
    """The S3 endpoint that presigned URLs name; empty means AWS's regional one."""

    object_bucket: str
    uploads_table: str
    metadata_table: str
    derivatives_table: str
    audit_table: str
    idempotency_table: str
    vocabulary_table: str
    counts_table: str
    event_bus: str
    process_upload_queue_url: str
    promote_large_upload_queue_url: str
    exports_table: str
    access_keys_table: str
    build_export_queue_url: str
    refresh_index_queue_url: str

    max_direct_upload_bytes: int
    max_upload_bytes: int
    stream_hash_limit_bytes: int
    """The largest file that is read to find its hashes, where the store does not tell them."""
    thumbnail_size: int
    max_export_bytes: int
    max_export_entries: int
    orphan_removal_cron: str
    """When orphans are removed, as the template's schedule has it; empty means never."""
    orphan_removal_object_max_age: timedelta
    """How long a file may stay without a record that describes it, where orphans are removed."""
    copy_conditions: bool
    """Whether the store honours conditions on CopyObject (S3 does; Ceph 16 ignores them)."""

    development_identity: str
    """The user every request is made by, on a local stack; refused anywhere else."""
    oidc_issuer: str
    oidc_audience: str
    oidc_username_claim: str
    oidc_groups_claim: str
    oidc_roles_claim: str
    oidc_required_role: str
    public_downloads: bool
    """Whether publicly releasable files are handed out to whoever asks, without a token."""

    service_name: str
    datahub_public_key: str
    datahub_public_key_url: str
    require_token_expiry: bool
    usage_table: str
    storage_bucket_name: str
    storage_hostname: str
    storage_access_key_id: str
    storage_secret_access_key: str
    storage_credentials_secret_arn: str
    storage_path_pattern: str
    rawstore_acl: str

    @property
    def max_post_bytes(self) -> int:
        """The largest file that one presigned POST may bring: S3 takes at most 5 GiB in one."""
        return min(self.max_upload_bytes, 5 * 1024**3)

    @property
    def brief_hash_limit_bytes(self) -> int:
        """The most that a function reads which has two minutes: what one POST may bring."""
        return min(self.stream_hash_limit_bytes, 5 * 1024**3)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read every setting; raises SettingsError naming the first variable that is unusable."""
        read = _Reader(environment)
        settings = cls(
            aws_region=read.text("AWS_REGION", environment.get("AWS_DEFAULT_REGION")),
            aws_access_key_id=read.text("AWS_ACCESS_KEY_ID", ""),
            aws_secret_access_key=read.text("AWS_SECRET_ACCESS_KEY", ""),
            aws_session_token=read.text("AWS_SESSION_TOKEN", ""),
            aws_endpoint_url=read.text("AWS_ENDPOINT_URL", ""),
            aws_endpoint_url_s3=read.text("AWS_ENDPOINT_URL_S3", ""),
            object_bucket=read.text("OBJECT_BUCKET"),
            uploads_table=read.text("UPLOADS_TABLE"),
            metadata_table=read.text("METADATA_TABLE"),
            derivatives_table=read.text("DERIVATIVES_TABLE"),
            audit_table=read.text("AUDIT_TABLE"),
            idempotency_table=read.text("IDEMPOTENCY_TABLE"),
            vocabulary_table=read.text("VOCABULARY_TABLE"),
            counts_table=read.text("COUNTS_TABLE"),
            event_bus=read.text("EVENT_BUS"),
            process_upload_queue_url=read.text("PROCESS_UPLOAD_QUEUE_URL"),
            promote_large_upload_queue_url=read.text("PROMOTE_LARGE_UPLOAD_QUEUE_URL"),
            refresh_index_queue_url=read.text("REFRESH_INDEX_QUEUE_URL"),
            exports_table=read.text("EXPORTS_TABLE"),
            access_keys_table=read.text("ACCESS_KEYS_TABLE"),
            build_export_queue_url=read.text("BUILD_EXPORT_QUEUE_URL"),
            max_direct_upload_bytes=read.number("MAX_DIRECT_UPLOAD_BYTES", 4 * 1024**2),
            max_upload_bytes=read.number("MAX_UPLOAD_BYTES", 5 * 1024**3),
            stream_hash_limit_bytes=read.number("STREAM_HASH_LIMIT_BYTES", 20 * 1024**3),
            orphan_removal_cron=read.cron("ORPHAN_REMOVAL_CRON"),
            orphan_removal_object_max_age=read.duration("ORPHAN_REMOVAL_OBJECT_MAX_AGE", "20d"),
            thumbnail_size=read.number("THUMBNAIL_SIZE", 200),
            max_export_bytes=read.number("MAX_EXPORT_BYTES", 2 * 1024**3),
            max_export_entries=read.number("MAX_EXPORT_ENTRIES", 10_000),
            copy_conditions=read.flag("COPY_CONDITIONS", default=True),
            development_identity=read.text("DEVELOPMENT_IDENTITY", ""),
            oidc_issuer=read.text("OIDC_ISSUER", ""),
            oidc_audience=read.text("OIDC_AUDIENCE", ""),
            oidc_username_claim=read.text("OIDC_USERNAME_CLAIM", "preferred_username"),
            oidc_groups_claim=read.text("OIDC_GROUPS_CLAIM", "groups"),
            oidc_roles_claim=read.text("OIDC_ROLES_CLAIM", "realm_access.roles"),
            oidc_required_role=read.text("OIDC_REQUIRED_ROLE", ""),
            public_downloads=read.flag("PUBLIC_DOWNLOADS", default=False),
            service_name=read.text("SERVICE_NAME", "rawstore"),
            datahub_public_key=read.text("DATAHUB_PUBLIC_KEY", ""),
            datahub_public_key_url=read.text("DATAHUB_PUBLIC_KEY_URL", ""),
            require_token_expiry=read.flag("REQUIRE_TOKEN_EXPIRY", default=False),
            usage_table=read.text("USAGE_TABLE", ""),
            storage_bucket_name=read.text("STORAGE_BUCKET_NAME", ""),
            storage_hostname=read.text("STORAGE_HOSTNAME", ""),
            storage_access_key_id=read.text("STORAGE_ACCESS_KEY_ID", ""),
            storage_secret_access_key=read.text("STORAGE_SECRET_ACCESS_KEY", ""),
            storage_credentials_secret_arn=read.text("STORAGE_CREDENTIALS_SECRET_ARN", ""),
            storage_path_pattern=read.text("STORAGE_PATH_PATTERN", "{owner}/{dataset}/{path}"),
            rawstore_acl=read.choice(
                "RAWSTORE_ACL", ("public-read", "bucket-owner-full-control"), "public-read"
            ),
        )
        if settings.development_identity and not _is_local(environment):
            raise SettingsError(
                "DEVELOPMENT_IDENTITY is set, but AWS_ENDPOINT_URL is not a local one: a deployed "
                "Coffer has no development mode. Remove DEVELOPMENT_IDENTITY and set OIDC_ISSUER."
            )
        return settings


def _is_local(environment: Mapping[str, str]) -> bool:
    """Whether every service but S3 is on this machine, whatever variable the SDK goes by.

    A development identity skips every check, so only records of nobody may be behind it. S3 may be
    elsewhere: a local stack can use somebody's store.
    """
    if environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return False
    urls = {
        name: url
        for name, url in environment.items()
        if name.startswith("AWS_ENDPOINT_URL") and name != "AWS_ENDPOINT_URL_S3"
    }
    return "AWS_ENDPOINT_URL" in urls and all(map(_is_loopback, urls.values()))


def _is_loopback(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _LOOPBACK_HOSTS
    except ValueError:
        return False


class _Reader:
    """Typed look-ups in an environment, each of which names the variable when it fails."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str, default: str | None = None) -> str:
        value = self._environment.get(name) or default
        if value is None:
            raise SettingsError(f"The environment variable {name} is missing or empty.")
        return value

    def number(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit() or int(value) == 0:
            raise SettingsError(f"{name} must be a whole number above 0, not {value!r}.")
        return int(value)

    def duration(self, name: str, default: str) -> timedelta:
        try:
            return parse_duration(self.text(name, default))
        except ValueError as error:
            raise SettingsError(f"{name} is {error}.") from error

    def cron(self, name: str) -> str:
        text = self.text(name, "")
        try:
            if text:
                check_cron(text)
        except ValueError as error:
            raise SettingsError(f"{name} is {error}.") from error
        return text

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.choice(name, ("true", "false"), str(default).lower())
        return value == "true"

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise SettingsError(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
        return value


settings = Settings.from_environment(os.environ)
