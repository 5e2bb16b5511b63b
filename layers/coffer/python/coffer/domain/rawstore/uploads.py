"""Signing a package's uploads, and saying which of its files are in the store already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from coffer.domain.clock import Clock
from coffer.domain.rawstore.datasets import PRIVATE, Package, PackageFile, parse_files
from coffer.domain.rawstore.keys import KeyPattern
from coffer.domain.rawstore.objects import StoredFile, StoredFiles, is_file_of
from coffer.domain.rawstore.permissions import Permit
from coffer.domain.rawstore.quotas import UsageTotals

FORM_LIFE = timedelta(hours=1)


class SignedUpload(NamedTuple):
    """The fields of the form that puts one file into the store; the file follows as the last."""

    file: PackageFile
    fields: Mapping[str, str]
    exists: bool


class PackageForms(Protocol):
    """What signs forms for the store of packages."""

    def sign(
        self, package: Package, files: Sequence[PackageFile], *, now: datetime, life: timedelta
    ) -> list[dict[str, str]]:
        """For each file, in order, the fields of a form that puts exactly that file there."""
        ...


@dataclass(frozen=True)
class UploadRules:
    """What this store makes of a request."""

    service: str
    pattern: KeyPattern
    public_by_acl: bool
    """Whether objects carry an ACL that says if they are public; else none is."""


@dataclass(frozen=True)
class AuthorizedPackage:
    """A request's answer: the package and its signed uploads in the request's order."""

    package: Package
    uploads: Sequence[SignedUpload]


def authorize_uploads(
    forms: PackageForms,
    stored_files: StoredFiles,
    totals: UsageTotals,
    clock: Clock,
    permit: Permit,
    request: object,
    rules: UploadRules,
) -> AuthorizedPackage:
    """Sign every upload that `request` (a parsed JSON document) names.

    An upload is signed whether or not the file exists: `exists` only says that it can be left out.
    Raises UnauthenticatedError for another's package, ForbiddenError for a token of another
    service, without the permission or with too small a quota, MalformedRequestError and
    TooLargeError for the request itself, UnavailableError where nobody knows what is used.
    """
    package = Package.parse(request)
    permit.require_owner(package.owner)
    permit.require_service(rules.service)
    permit.require_upload()
    files = parse_files(request, package, rules.pattern)
    stored = stored_files.find([file.key for file in files])
    exists = [_exists(file, stored.get(file.key), package, rules) for file in files]
    _require_room(totals, permit, package, files, exists)
    fields = forms.sign(package, files, now=clock.now(), life=FORM_LIFE)
    return AuthorizedPackage(package, list(map(SignedUpload, files, fields, exists)))


def _require_room(
    totals: UsageTotals,
    permit: Permit,
    package: Package,
    files: Sequence[PackageFile],
    exists: Sequence[bool],
) -> None:
    """Raise ForbiddenError where the files that are not there yet pass the token's quota."""
    if permit.quota is None:
        return
    requested = sum(
        file.length_bytes for file, there in zip(files, exists, strict=True) if not there
    )
    used = totals.of(package.owner)
    permit.quota.require_room(used, requested, private=package.is_private)


def _exists(
    file: PackageFile, stored: StoredFile | None, package: Package, rules: UploadRules
) -> bool:
    """Whether `file` need not be uploaded: its bytes are there, as open to readers as they should
    be, and the owner gets at them.

    What anybody may read is there for every owner. What is private is there only for the owner that
    it was signed for: under a pattern such as `{md5_hex}` an object of another can have the same
    key, and who knows an MD5 has not shown that he has the bytes. Whoever uploads them has; the
    object is then his, and counts for him.

    The reference asked whether any key begins with this one: edited files were never uploaded
    again, and a private push of bytes that had been public stayed public. An object that says
    nothing of itself counts as public.
    """
    if stored is None or stored.size_bytes != file.length_bytes or stored.etag != file.md5.hex:
        return False
    if rules.public_by_acl and (stored.findability == PRIVATE) != package.is_private:
        return False
    anybody_may_read = rules.public_by_acl and not package.is_private
    owner_leads = rules.pattern.begins_with_owner
    return anybody_may_read or is_file_of(package.owner, file.key, stored, owner_leads=owner_leads)
