"""Signer for the store of rawstore uploads, with keys from the settings or with the role's."""

from __future__ import annotations

from coffer.adapters.signing.object_store import role_credentials
from coffer.adapters.signing.sigv4 import Credentials, Signer
from coffer.domain.clock import Clock
from coffer.settings import SettingsError, aws_settings, rawstore_settings


def dataset_signer(clock: Clock) -> Signer:
    """Return a signer for the store. Raise `SettingsError` if only half of a key pair is given."""
    region = aws_settings.aws_region
    key, secret = (
        rawstore_settings.storage_access_key_id,
        rawstore_settings.storage_secret_access_key,
    )
    if bool(key) != bool(secret):
        raise SettingsError(
            "STORAGE_ACCESS_KEY_ID and STORAGE_SECRET_ACCESS_KEY belong together; one is missing."
        )
    if key:
        return Signer(Credentials(key, secret), region)
    if rawstore_settings.storage_credentials_secret_arn:
        # Imported here, because a function that signs with its role does not need it.
        from coffer.adapters.signing.storage_secret import StorageSecret

        return Signer(
            StorageSecret(rawstore_settings.storage_credentials_secret_arn, clock), region
        )
    return Signer(role_credentials(), region)
