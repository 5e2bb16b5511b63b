"""Signing the download of one file: what its address means, and whose file it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from coffer.domain.errors import (
    ForbiddenError,
    MalformedRequestError,
    ObjectMissingError,
    UnauthenticatedError,
)
from coffer.domain.rawstore.addresses import StoreAddress
from coffer.domain.rawstore.datasets import PRIVATE
from coffer.domain.rawstore.objects import PackageObjects, StoredFile, is_file_of
from coffer.domain.rawstore.permissions import Permit

LINK_LIFE = timedelta(days=1)
SOURCE_SERVICE = "source"
"""The reference's client also asks with the token that it has for this service (its pushFlow)."""


@dataclass(frozen=True)
class DownloadRules:
    """Which tokens and addresses this store takes. `owner_leads` says that keys begin with owners,
    `public_by_acl` that its objects can be public."""

    service: str
    store: StoreAddress
    owner_leads: bool
    public_by_acl: bool


def presign_download(
    objects: PackageObjects, permit: Permit, url: str, owner: str | None, rules: DownloadRules
) -> str:
    """The address to download the file at `url` from: `url` itself if the file is public.

    The file has to be one of `owner`, who has to be the token's user. Nothing but the store itself
    is asked: the reference fetched whatever address it was given, and signed for any key.
    Raises MalformedRequestError without a URL, UnauthenticatedError without an owner, and
    ForbiddenError for other people's tokens, files and stores.
    """
    permit.require_service(rules.service, SOURCE_SERVICE)
    if not url:
        raise MalformedRequestError("no_url", "The parameter url is missing.", parameter="url")
    keys = rules.store.keys_of(url)
    if not keys:
        raise ForbiddenError(
            "foreign_url", "The parameter url is not the address of a file in this store."
        )
    key, stored = _locate(objects, keys)
    may_be_public = rules.public_by_acl and stored is not None and stored.findability != PRIVATE
    if may_be_public and objects.is_public(key):
        return url if key == keys[0] else objects.address(key)
    _require_owner(permit, owner, key, stored, rules)
    return objects.link(key, life=LINK_LIFE)


def _locate(objects: PackageObjects, keys: list[str]) -> tuple[str, StoredFile | None]:
    """The first of these keys that has an object, with it; the first key if none has."""
    for key in keys:
        try:
            return key, objects.describe(key)
        except ObjectMissingError:
            continue
    return keys[0], None


def _require_owner(
    permit: Permit, owner: str | None, key: str, stored: StoredFile | None, rules: DownloadRules
) -> None:
    """Raise unless the key is one of the owner's, and the owner the token's user."""
    if not owner:
        raise UnauthenticatedError("no_owner", "The parameter ownerid is missing.")
    if owner != permit.user_id:
        raise ForbiddenError(
            "wrong_owner", "The token's userid is not the owner that the request names."
        )
    if not is_file_of(owner, key, stored, owner_leads=rules.owner_leads):
        raise ForbiddenError("foreign_file", "The file is not one of this owner's.")
