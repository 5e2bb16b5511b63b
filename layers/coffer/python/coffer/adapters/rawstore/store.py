"""Rawstore's store, as the settings describe it: where it listens, and whose keys sign for it.

It is S3 in the stack's region with the function's own role, unless the settings name another
S3-compatible host, or keys of its own.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from coffer.adapters.signing.object_store import role_credentials
from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer
from coffer.domain.clock import Clock
from coffer.domain.rawstore.addresses import StoreAddress
from coffer.settings import SettingsError, settings


def package_bucket() -> str:
    """The bucket that packages are kept in; SettingsError where none is named."""
    if not settings.storage_bucket_name:
        raise SettingsError("The environment variable STORAGE_BUCKET_NAME is missing or empty.")
    return settings.storage_bucket_name


def usage_table() -> str:
    """The table that accounts for what is in the store; SettingsError where none is named."""
    if not settings.usage_table:
        raise SettingsError("The environment variable USAGE_TABLE is missing or empty.")
    return settings.usage_table


def package_endpoint() -> Endpoint:
    """Where the store listens; a host without a scheme is taken to speak TLS."""
    host = settings.storage_hostname
    if host and "://" not in host:
        host = f"https://{host}"
    return Endpoint.for_region(settings.aws_region, host or settings.aws_endpoint_url_s3 or None)


def package_address() -> StoreAddress:
    """What the addresses of objects begin with; AWS's names count unless another store is named."""
    return StoreAddress(
        url=package_endpoint().url,
        bucket=package_bucket(),
        is_aws=not settings.storage_hostname,
    )


def package_host() -> str:
    """The store's host without its port, as prefixes name it."""
    return urlsplit(package_endpoint().url).hostname or ""


def package_signer(clock: Clock) -> Signer:
    """A signer for the store; SettingsError where only half a key pair is given."""
    key, secret = settings.storage_access_key_id, settings.storage_secret_access_key
    if bool(key) != bool(secret):
        raise SettingsError(
            "STORAGE_ACCESS_KEY_ID and STORAGE_SECRET_ACCESS_KEY belong together; one is missing."
        )
    if key:
        return Signer(Credentials(key, secret), settings.aws_region)
    if settings.storage_credentials_secret_arn:
        # Only here: a role needs no secret, and the import is not paid for.
        from coffer.adapters.signing.storage_secret import StorageSecret

        return Signer(
            StorageSecret(settings.storage_credentials_secret_arn, clock), settings.aws_region
        )
    return Signer(role_credentials(), settings.aws_region)
