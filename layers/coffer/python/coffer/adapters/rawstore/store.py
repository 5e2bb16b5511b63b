"""The address of rawstore's store, from the settings.

The store is S3 in the stack's region, unless the settings name another S3-compatible host.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from coffer.adapters.signing.sigv4 import Endpoint
from coffer.domain.rawstore.addresses import StoreAddress
from coffer.settings import aws_settings, rawstore_settings


def dataset_endpoint() -> Endpoint:
    """Return the endpoint of the store; a host without a scheme uses TLS."""
    host = rawstore_settings.storage_hostname
    if host and "://" not in host:
        host = f"https://{host}"
    return Endpoint.for_region(
        aws_settings.aws_region, host or aws_settings.aws_endpoint_url_s3 or None
    )


def dataset_address() -> StoreAddress:
    """Return the addresses of the bucket; AWS's names are valid unless another host is set."""
    return StoreAddress(
        url=dataset_endpoint().url,
        bucket=rawstore_settings.storage_bucket_name,
        is_aws=not rawstore_settings.storage_hostname,
    )


def dataset_host() -> str:
    """Return the store's host without its port, as in prefixes."""
    return urlsplit(dataset_endpoint().url).hostname or ""
