"""Sign the uploads of a dataset, and say which of its files the store has already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from coffer.domain.clock import Clock
from coffer.domain.rawstore.datasets import Dataset, DatasetFile, is_private, parse_files
from coffer.domain.rawstore.keys import KeyPattern
from coffer.domain.rawstore.objects import StoredFile, StoredFiles, is_owned_by
from coffer.domain.rawstore.permissions import Permissions
from coffer.domain.rawstore.quotas import UsageTotals

FORM_LIFETIME = timedelta(hours=1)


class SignedUpload(NamedTuple):
    """The form fields that upload one file. The file must be the last field."""

    file: DatasetFile
    fields: Mapping[str, str]
    exists: bool


class DatasetForms(Protocol):
    """Signs upload forms."""

    def sign(
        self, dataset: Dataset, files: Sequence[DatasetFile], *, now: datetime, life: timedelta
    ) -> list[dict[str, str]]:
        """Return for each file, in order, the fields of a form that uploads exactly this file."""
        ...


@dataclass(frozen=True)
class UploadRules:
    """The service and the keys of this store. `public_by_acl` is True if objects have an ACL that
    can make them public."""

    service: str
    pattern: KeyPattern
    public_by_acl: bool


@dataclass(frozen=True)
class AuthorizedUploads:
    """The signed uploads of a dataset, in the order of the request."""

    dataset: Dataset
    uploads: Sequence[SignedUpload]


def authorize_uploads(
    forms: DatasetForms,
    stored_files: StoredFiles,
    totals: UsageTotals,
    clock: Clock,
    permissions: Permissions,
    request: object,
    rules: UploadRules,
) -> AuthorizedUploads:
    """Sign every upload of `request`, a parsed JSON document.

    Existing files are signed, too: `exists` says that their upload can be skipped. Raises
    UnauthenticatedError for another user's dataset; ForbiddenError for a token of another service,
    without the permission or over its quota; MalformedRequestError and TooLargeError for the
    request; UnavailableError if the used storage cannot be looked up.
    """
    dataset = Dataset.parse(request)
    permissions.require_owner(dataset.owner)
    permissions.require_service(rules.service)
    permissions.require_upload()
    files = parse_files(request, dataset, rules.pattern)
    stored = stored_files.find([file.key for file in files])
    exists = [_exists(file, stored.get(file.key), dataset, rules) for file in files]
    if (quota := permissions.quota) is not None:
        requested_bytes = sum(
            file.length_bytes
            for file, is_stored in zip(files, exists, strict=True)
            if not is_stored
        )
        used = totals.of(dataset.owner)
        quota.require_room(used, requested_bytes, private=dataset.is_private)
    fields = forms.sign(dataset, files, now=clock.now(), life=FORM_LIFETIME)
    return AuthorizedUploads(dataset, list(map(SignedUpload, files, fields, exists)))


def _exists(
    file: DatasetFile, stored: StoredFile | None, dataset: Dataset, rules: UploadRules
) -> bool:
    """Return True if `file` need not be uploaded: the store has the same bytes with the same
    visibility, and the owner can read them.

    A public file counts for every owner. A private file counts only for the owner of its upload:
    with a pattern such as `{md5_hex}`, another owner's object can have the same key, and an MD5
    does not prove that the user has the bytes. If the user uploads them, the object becomes theirs.

    An object in which a browser could run scripts does not count: the new upload is an attachment.

    The reference only checks if any key begins with this one. It never uploads edited files again,
    and it leaves bytes public that are pushed again as private. An object without findability
    counts as public.
    """
    if stored is None or stored.size_bytes != file.length_bytes or stored.etag != file.md5.hex:
        return False
    if stored.can_run_scripts:
        return False
    if rules.public_by_acl and is_private(stored.findability) != dataset.is_private:
        return False
    if rules.public_by_acl and not dataset.is_private:
        return True
    return is_owned_by(
        dataset.owner,
        file.key,
        stored,
        keys_begin_with_owner=rules.pattern.begins_with_owner,
    )
