"""The licences that clients can offer for metadata: those of the reference (SupportedLicense)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from coffer.domain.errors import NotFoundError
from coffer.domain.text_tables import read_table


@dataclass(frozen=True, kw_only=True)
class License:
    """A licence: the address of its text, and its English and French titles."""

    identifier: str
    url: str
    titles: Mapping[str, str]


LICENSES = tuple(
    License(identifier=identifier, url=url, titles={"en": english, "fr": french})
    for identifier, url, english, french in read_table(__file__, "licenses.txt")
)


def find_license(identifier: str) -> License:
    """Return the licence with this id; raise NotFoundError for an unknown id."""
    for one in LICENSES:
        if one.identifier == identifier:
            return one
    raise NotFoundError("license_not_found", f"There is no license {identifier[:80]!r}.")
