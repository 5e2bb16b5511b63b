"""Who signs for the object store, and where it listens: from the settings, with no AWS client."""

from __future__ import annotations

from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer
from coffer.settings import aws_settings


def role_credentials() -> Credentials:
    """The function's own credentials, as Lambda puts them into its environment."""
    return Credentials(
        access_key_id=aws_settings.aws_access_key_id,
        secret_access_key=aws_settings.aws_secret_access_key,
        session_token=aws_settings.aws_session_token or None,
    )


def store_signer() -> Signer:
    """A signer for the store with the function's own credentials."""
    return Signer(role_credentials(), aws_settings.aws_region)


def store_endpoint() -> Endpoint:
    """Where the store listens, as presigned URLs and forms name it."""
    return Endpoint.for_region(aws_settings.aws_region, aws_settings.aws_endpoint_url_s3 or None)
