"""The licences that clients can offer for metadata: those of the reference (SupportedLicense)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from coffer.domain.errors import NotFoundError


@dataclass(frozen=True, kw_only=True)
class License:
    """A licence: the address of its text, and its English and French titles."""

    identifier: str
    url: str
    titles: Mapping[str, str]


LICENSES = (
    License(
        identifier="open-government-licence-canada",
        url="https://open.canada.ca/en/open-government-licence-canada",
        titles={
            "en": "Open Government Licence - Canada",
            "fr": "Licence du gouvernement ouvert - Canada",
        },
    ),
    License(
        identifier="universal-public-domain-dedication-1",
        url="https://creativecommons.org/publicdomain/zero/1.0",
        titles={
            "en": "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication",
            "fr": "CC0 1.0 Universel (CC0 1.0) Transfert dans le domaine public",
        },
    ),
    License(
        identifier="attribution-international-4",
        url="https://creativecommons.org/licenses/by/4.0",
        titles={
            "en": "Attribution 4.0 International (CC BY 4.0)",
            "fr": "Attribution 4.0 International (CC BY 4.0)",
        },
    ),
    License(
        identifier="attribution-international-noncommercial-4",
        url="https://creativecommons.org/licenses/by-nc/4.0",
        titles={
            "en": "Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)",
            "fr": "Attribution - Pas d'Utilisation Commerciale 4.0 International (CC BY-NC 4.0)",
        },
    ),
)


def find_license(identifier: str) -> License:
    """Return the licence with this id; raise NotFoundError for an unknown id."""
    for one in LICENSES:
        if one.identifier == identifier:
            return one
    raise NotFoundError("license_not_found", f"There is no license {identifier[:80]!r}.")
