"""Identify callers of the object store API as the settings say.

It imports the edge and an adapter, as an `app.py` does, so that handlers do not repeat it.
"""

from __future__ import annotations

from coffer.http.callers import Identify, identify_as, identify_by_token, or_anonymous
from coffer.settings import SettingsError, caller_settings


def configured_identify(*, public_downloads: bool = False) -> Identify:
    """Return how this function identifies callers. Raise `SettingsError` if nothing is configured.

    A local stack has a development identity. Otherwise callers show a bearer token of the OIDC
    issuer, or none if `public_downloads` is true.
    """
    if caller_settings.development_identity:
        return identify_as(caller_settings.development_identity)
    if not caller_settings.oidc_issuer:
        raise SettingsError(
            "OIDC_ISSUER is empty: set the stack's parameter OidcIssuer to your issuer's URL."
        )
    # Imported here, so that a function without bearer tokens does not load the verifier.
    from coffer.adapters.tokens.oidc import configured_tokens

    identify = identify_by_token(configured_tokens())
    return or_anonymous(identify) if public_downloads else identify
