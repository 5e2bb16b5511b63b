"""How callers of the object store API are identified: the settings say, once for all functions.

It sees both the edge and an adapter, like a function's `app.py`, so that ten of those need not
choose alike.
"""

from __future__ import annotations

from coffer.http.callers import Identify, identify_as, identify_by_token, or_anonymous
from coffer.settings import SettingsError, settings


def configured_identify() -> Identify:
    """Development identity on a local stack, else bearer tokens of the configured OIDC issuer.

    Raises SettingsError, when the function initialises, where neither is configured.
    """
    if settings.development_identity:
        return identify_as(settings.development_identity)
    if not settings.oidc_issuer:
        raise SettingsError(
            "OIDC_ISSUER is empty: set the stack's parameter OidcIssuer to your issuer's URL."
        )
    # Only here, so that a function without bearer tokens does not pay for the import.
    from coffer.adapters.tokens.oidc import configured_tokens

    return identify_by_token(configured_tokens())


def configured_identify_for_downloads() -> Identify:
    """The same, but that nobody needs a token where public downloads are allowed to anyone."""
    identify = configured_identify()
    if settings.public_downloads and not settings.development_identity:
        return or_anonymous(identify)
    return identify
