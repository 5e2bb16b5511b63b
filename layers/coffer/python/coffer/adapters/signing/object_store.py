"""Credentials, signer and endpoint of the object store, from the settings."""

from __future__ import annotations

from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer
from coffer.settings import aws_settings


def role_credentials() -> Credentials:
    """Return the credentials of the function's role, which Lambda puts into the environment."""
    return Credentials(
        access_key_id=aws_settings.aws_access_key_id,
        secret_access_key=aws_settings.aws_secret_access_key,
        session_token=aws_settings.aws_session_token or None,
    )


def store_signer() -> Signer:
    """Return a signer with the credentials of the function's role."""
    return Signer(role_credentials(), aws_settings.aws_region)


def store_endpoint() -> Endpoint:
    """Return the endpoint of the store, for presigned URLs and forms."""
    return Endpoint.for_region(aws_settings.aws_region, aws_settings.aws_endpoint_url_s3 or None)
