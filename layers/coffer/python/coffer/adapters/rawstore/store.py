"""Rawstore's store, as the settings describe it: where it listens, and whose keys sign for it.

It is S3 in the stack's region with the function's own role, unless the settings name another
S3-compatible host, or keys of its own.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from coffer.adapters.signing.sigv4 import Endpoint
from coffer.domain.rawstore.addresses import StoreAddress
from coffer.settings import aws_settings, rawstore_settings


def package_endpoint() -> Endpoint:
    """Where the store listens; a host without a scheme is taken to speak TLS."""
    host = rawstore_settings.storage_hostname
    if host and "://" not in host:
        host = f"https://{host}"
    return Endpoint.for_region(
        aws_settings.aws_region, host or aws_settings.aws_endpoint_url_s3 or None
    )


def package_address() -> StoreAddress:
    """What the addresses of objects begin with; AWS's names count unless another store is named."""
    return StoreAddress(
        url=package_endpoint().url,
        bucket=rawstore_settings.storage_bucket_name,
        is_aws=not rawstore_settings.storage_hostname,
    )


def package_host() -> str:
    """The store's host without its port, as prefixes name it."""
    return urlsplit(package_endpoint().url).hostname or ""
