"""Environment variables, typed and grouped by concern. No other module reads `os.environ`.

Each attribute is the variable of the same name in upper case. A variable is read when it is used,
so a function needs only the variables that its own modules use: its block in `template.yaml` lists
them, and `tests/template/test_environment.py` compares both. Functions use their settings while
they initialise. A missing or unusable variable stops a function there, and the error names it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from coffer.domain.uploads.forbidden_types import ForbiddenTypes

_MIB, _GIB = 1024**2, 1024**3
_MAX_POST_BYTES = 5 * _GIB
"""S3 accepts at most 5 GiB in one request (S3 User Guide, "Uploading objects")."""
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "host.docker.internal"})

T = TypeVar("T")


class SettingsError(Exception):
    """A variable is missing or unusable; the message names it and says what it should hold."""


class Settings:
    """Base of the settings classes: some variables of one environment."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.environment = environment


class Variable(Generic[T]):
    """A variable of a settings class. A variable without a default is required.

    An empty value counts as missing.
    """

    def __init__(self, parse: Callable[[str], T], default: str | None) -> None:
        self._parse = parse
        self._default = default

    def __set_name__(self, _owner: type[Settings], attribute: str) -> None:
        self.name = attribute.upper()

    def __get__(self, settings: Settings, _owner: type[Settings]) -> T:
        value = settings.environment.get(self.name) or self._default
        if value is None:
            raise SettingsError(f"The environment variable {self.name} is missing or empty.")
        try:
            return self._parse(value)
        except ValueError as error:
            raise SettingsError(f"{self.name} {error}.") from error


def text(default: str | None = None) -> Variable[str]:
    """Declare a text variable."""
    return Variable(str, default)


def number(default: int) -> Variable[int]:
    """Declare a variable that holds a whole number above 0."""

    def parse(value: str) -> int:
        if not value.isascii() or not value.isdigit() or int(value) == 0:
            raise ValueError(f"must be a whole number above 0, not {value!r}")
        return int(value)

    return Variable(parse, str(default))


def choice(*choices: str) -> Variable[str]:
    """Declare a variable that holds one of the choices; the first is the default."""
    return Variable(lambda value: _parse_choice(value, choices), choices[0])


def flag(*, default: bool) -> Variable[bool]:
    """Declare a variable that holds `true` or `false`."""
    return Variable(
        lambda value: _parse_choice(value, ("true", "false")) == "true", str(default).lower()
    )


def duration(default: str) -> Variable[timedelta]:
    """Declare a variable that holds a duration such as `20d`."""

    def parse(value: str) -> timedelta:
        # Imported here, so that only remove_orphans loads the parser.
        from coffer.domain.configuration.durations import parse_duration

        try:
            return parse_duration(value)
        except ValueError as error:
            raise ValueError(f"is {error}") from error

    return Variable(parse, default)


def optional_cron() -> Variable[str]:
    """Declare a variable that holds the six fields of an EventBridge cron, or nothing."""

    def parse(value: str) -> str:
        # Imported here, so that only remove_orphans loads the parser.
        from coffer.domain.configuration.cron import parse_cron

        try:
            if value:
                parse_cron(value)
        except ValueError as error:
            raise ValueError(f"is {error}") from error
        return value

    return Variable(parse, "")


def forbidden_types() -> Variable[ForbiddenTypes]:
    """Declare a variable that holds the media types of refused files."""

    def parse(value: str) -> ForbiddenTypes:
        # Imported here, so that only functions that inspect files load the tables of media types.
        from coffer.domain.uploads.forbidden_types import DEFAULT_LIST, parse_forbidden_types

        return parse_forbidden_types(value or DEFAULT_LIST)

    return Variable(parse, "")


def _parse_choice(value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}, not {value!r}")
    return value


class AwsSettings(Settings):
    """Region, credentials and endpoints, as Lambda or the local stack sets them."""

    aws_access_key_id = text("")
    aws_secret_access_key = text("")
    aws_session_token = text("")
    aws_endpoint_url = text("")
    """Address of DynamoDB, SQS and EventBridge on a local stack; empty on AWS."""
    aws_endpoint_url_s3 = text("")
    """Address of S3 if it is not AWS's; presigned URLs name it."""

    @property
    def aws_region(self) -> str:
        """The region, from AWS_REGION or from AWS_DEFAULT_REGION, which the SDK accepts too."""
        region = self.environment.get("AWS_REGION") or self.environment.get("AWS_DEFAULT_REGION")
        if not region:
            raise SettingsError("The environment variable AWS_REGION is missing or empty.")
        return region


class CallerSettings(Settings):
    """Identification of callers of the object store API."""

    oidc_issuer = text("")
    oidc_audience = text("")
    oidc_username_claim = text("preferred_username")
    oidc_groups_claim = text("groups")
    oidc_roles_claim = text("realm_access.roles")
    oidc_required_role = text("")
    public_downloads = flag(default=False)
    """True if publicly releasable files can be downloaded without a token."""

    @property
    def development_identity(self) -> str:
        """The user of every request on a local stack. Raise `SettingsError` anywhere else."""
        username = self.environment.get("DEVELOPMENT_IDENTITY", "")
        if username and not _is_local(self.environment):
            raise SettingsError(
                "DEVELOPMENT_IDENTITY is set, but AWS_ENDPOINT_URL is not a local one: a deployed "
                "Coffer has no development mode. Remove DEVELOPMENT_IDENTITY and set OIDC_ISSUER."
            )
        return username


class TableSettings(Settings):
    """Names of the DynamoDB tables."""

    uploads_table = text()
    metadata_table = text()
    derivatives_table = text()
    exports_table = text()
    access_keys_table = text()
    vocabulary_table = text()
    audit_table = text()
    counts_table = text()
    idempotency_table = text()
    usage_table = text()
    upload_sessions_table = text()


class StoreSettings(Settings):
    """The S3 bucket of the object store."""

    object_bucket = text()
    copy_conditions = flag(default=True)
    """True if the store obeys conditions on CopyObject. S3 does, Ceph 16 ignores them."""


class MessagingSettings(Settings):
    """The event bus, the queues and the function that functions send to."""

    event_bus = text()
    failed_changes_bucket = text()
    process_upload_queue_url = text()
    promote_large_upload_queue_url = text()
    make_thumbnail_queue_url = text()
    refresh_index_queue_url = text()
    build_export_queue_url = text()
    decode_picture_function = text()


class UploadSettings(Settings):
    """Limits of uploads: sizes and media types."""

    max_direct_upload_bytes = number(4 * _MIB)
    max_upload_bytes = number(5 * _GIB)
    forbidden_media_types = forbidden_types()
    stream_hash_limit_bytes = number(20 * _GIB)
    """Largest file that is read for its hashes if the store does not compute them."""

    @property
    def max_post_bytes(self) -> int:
        """The largest file that one presigned POST accepts."""
        return min(self.max_upload_bytes, _MAX_POST_BYTES)

    @property
    def brief_hash_limit_bytes(self) -> int:
        """The largest file that is read for its hashes by a function which also does other work."""
        return min(self.stream_hash_limit_bytes, _MAX_POST_BYTES)


class RightsSettings(Settings):
    """Rights of new metadata records that name none."""

    default_rights_web_statement = text("")
    default_rights = text("")
    default_rights_owner = text("")
    default_usage_terms = text("")

    @property
    def defaults(self) -> Mapping[str, str]:
        """The values that are set, by the attributes of the record."""
        values = {
            "xmp_rights_web_statement": self.default_rights_web_statement,
            "dc_rights": self.default_rights,
            "xmp_rights_owner": self.default_rights_owner,
            "xmp_rights_usage_terms": self.default_usage_terms,
        }
        return {name: value for name, value in values.items() if value}


class ThumbnailSettings(Settings):
    """Format of thumbnails."""

    thumbnail_size = number(200)
    """Edge of the square that a thumbnail fits into, in pixels."""


class ExportSettings(Settings):
    """Size limits of one export, and the exports of one user at the same time."""

    max_export_bytes = number(2 * _GIB)
    max_export_entries = number(10_000)
    max_running_exports = number(10)


class OrphanSettings(Settings):
    """Removal of orphans: files that no metadata and no derivative record describes."""

    orphan_removal_cron = optional_cron()
    """Schedule of the removal, as in the template; empty means never."""
    orphan_removal_object_max_age = duration("20d")
    """How long a file may stay an orphan."""


class RawstoreSettings(Settings):
    """The rawstore API: its tokens, and the store that its files go to."""

    service_name = text("rawstore")
    datahub_public_key = text("")
    datahub_public_key_url = text("")
    require_token_expiry = flag(default=False)
    rawstore_acl = choice("public-read", "bucket-owner-full-control")
    storage_bucket_name = text()
    storage_hostname = text("")
    storage_access_key_id = text("")
    storage_secret_access_key = text("")
    storage_credentials_secret_arn = text("")
    storage_path_pattern = text("{owner}/{dataset}/{path}")


def _is_local(environment: Mapping[str, str]) -> bool:
    """Return true if every service except S3 is on this machine, whatever variable the SDK uses.

    A development identity skips every check, so it must not reach records of a deployed stack. S3
    may be elsewhere: a local stack can use another store.
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


aws_settings = AwsSettings()
caller_settings = CallerSettings()
table_settings = TableSettings()
store_settings = StoreSettings()
messaging_settings = MessagingSettings()
upload_settings = UploadSettings()
rights_settings = RightsSettings()
thumbnail_settings = ThumbnailSettings()
export_settings = ExportSettings()
orphan_settings = OrphanSettings()
rawstore_settings = RawstoreSettings()
