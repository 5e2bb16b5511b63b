"""Sign the download of one file, if its URL is of this store and its owner is the token's user."""

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
from coffer.domain.rawstore.datasets import is_private
from coffer.domain.rawstore.objects import DatasetObjects, StoredFile, is_owned_by
from coffer.domain.rawstore.permissions import Permissions

LINK_LIFETIME = timedelta(days=1)
SOURCE_SERVICE = "source"
"""The reference's client also sends the token of this service (its pushFlow)."""


@dataclass(frozen=True)
class DownloadRules:
    """The service and the URLs of this store. `keys_begin_with_owner` describes the path pattern;
    `public_by_acl` is True if objects have an ACL that can make them public."""

    service: str
    store: StoreAddress
    keys_begin_with_owner: bool
    public_by_acl: bool


def presign_download(
    objects: DatasetObjects,
    permissions: Permissions,
    url: str,
    owner: str | None,
    rules: DownloadRules,
) -> str:
    """Return the URL to download a file: `url` itself if the file is public, else a presigned URL.

    Only this store is asked about `url`. The reference fetches any URL and signs any key. Raises
    MalformedRequestError without a URL, UnauthenticatedError without an owner, and ForbiddenError
    for another service, store or owner.
    """
    permissions.require_service(rules.service, SOURCE_SERVICE)
    if not url:
        raise MalformedRequestError("no_url", "The parameter url is missing.", parameter="url")
    keys = rules.store.keys_of(url)
    if not keys:
        raise ForbiddenError(
            "foreign_url", "The parameter url is not the address of a file in this store."
        )
    key, stored = _first_existing(objects, keys)
    is_public = stored is not None and not is_private(stored.findability)
    may_be_public = rules.public_by_acl and is_public
    if may_be_public and objects.is_public(key):
        return url if key == keys[0] else objects.address(key)
    _require_owner(permissions, owner, key, stored, rules)
    attachment = stored is None or stored.can_run_scripts
    return objects.link(key, attachment=attachment, life=LINK_LIFETIME)


def _first_existing(objects: DatasetObjects, keys: list[str]) -> tuple[str, StoredFile | None]:
    """Return the first key that has an object, and the object; the first key if none has."""
    for key in keys:
        try:
            return key, objects.describe(key)
        except ObjectMissingError:
            continue
    return keys[0], None


def _require_owner(
    permissions: Permissions,
    owner: str | None,
    key: str,
    stored: StoredFile | None,
    rules: DownloadRules,
) -> None:
    """Raise unless the owner is the token's user and the file belongs to the owner."""
    if not owner:
        raise UnauthenticatedError("no_owner", "The parameter ownerid is missing.")
    if owner != permissions.user_id:
        raise ForbiddenError(
            "wrong_owner", "The token's userid is not the owner that the request names."
        )
    if not is_owned_by(owner, key, stored, keys_begin_with_owner=rules.keys_begin_with_owner):
        raise ForbiddenError("foreign_file", "The file does not belong to this owner.")
