"""The tables of uploads, metadata and derivatives in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from coffer.domain import buckets
from coffer.domain.callers import SYSTEM_GENERATED
from coffer.domain.clock import Clock
from coffer.domain.derivatives.record import Derivative
from coffer.domain.errors import (
    RecordChangedError,
    RecordError,
    RecordExistsError,
    TransactionCanceledError,
)
from coffer.domain.metadata.record import Metadata
from coffer.domain.transactions.actions import (
    MAX_ACTIONS,
    Action,
    Add,
    Claim,
    DeriveFrom,
    Record,
    Release,
    Replace,
)
from coffer.domain.transactions.tombstones import TOMBSTONE_LIFETIME
from coffer.domain.uploads.record import Awaiting, ObjectUpload, ThumbnailStatus
from coffer.domain.vocabulary.ports import Terms
from coffer.domain.vocabulary.usage import usage_changes
from tests.fakes.clocks import FrozenClock
from tests.fakes.vocabulary import InMemoryVocabulary

MAX_TRANSACTION_BYTES = 4 * 1024**2
"""DynamoDB Developer Guide, "Quotas": the aggregate size of the items in a transaction."""

_Record = TypeVar("_Record", ObjectUpload, Metadata, Derivative)


def _require_key(identifier: str) -> None:
    """Raise ValueError for an empty key, which DynamoDB refuses too."""
    if not identifier:
        raise ValueError("no key of a table is empty")


class InMemoryUploads:
    """The Uploads port."""

    def __init__(self, *uploads: ObjectUpload, clock: Clock | None = None) -> None:
        self.records = {upload.file_identifier: upload for upload in uploads}
        self.clock = clock or FrozenClock()

    def get(self, file_identifier: str) -> ObjectUpload | None:
        _require_key(file_identifier)
        return _unexpired(self.records.get(file_identifier), self.clock)

    def get_all(self, file_identifiers: Collection[str]) -> Mapping[str, ObjectUpload]:
        found = {identifier: self.get(identifier) for identifier in file_identifiers}
        return {identifier: record for identifier, record in found.items() if record}

    def add(self, upload: ObjectUpload) -> ObjectUpload:
        if upload.file_identifier in self.records:
            raise RecordExistsError(upload.file_identifier)
        return self._keep(replace(upload, revision=1))

    def replace(self, before: ObjectUpload, after: ObjectUpload) -> ObjectUpload:
        self._require_unchanged(before)
        return self._keep(replace(after, revision=before.revision + 1))

    def discard(self, upload: ObjectUpload) -> None:
        self._require_unchanged(upload)
        del self.records[upload.file_identifier]

    def buckets_with_content(self, sha1_hex: str, bucket_key: str | None = None) -> Iterator[str]:
        for upload in self.records.values():
            key = buckets.bucket_key(upload.bucket)
            if (
                upload.is_readable
                and upload.content.sha1_hex == sha1_hex
                and bucket_key in (None, key)
            ):
                yield key

    def with_failed_thumbnail(self, failure: str, after: str | None) -> Iterator[str]:
        for identifier, upload in sorted(self.records.items()):
            if upload.thumbnail_failure == failure and identifier > (after or ""):
                yield identifier

    def awaiting(self, reason: Awaiting, before: datetime) -> Iterator[str]:
        for upload in list(self.records.values()):
            since = upload.awaiting_since
            if upload.awaiting is reason and since is not None and since < before:
                yield upload.file_identifier

    def _require_unchanged(self, upload: ObjectUpload) -> None:
        current = self.records.get(upload.file_identifier)
        if current is None or current.revision != upload.revision:
            raise RecordChangedError(upload.file_identifier)

    def _keep(self, upload: ObjectUpload) -> ObjectUpload:
        self.records[upload.file_identifier] = upload
        return upload


class InMemoryCatalogue:
    """The Catalogue port, which claims among the given uploads."""

    def __init__(
        self, uploads: InMemoryUploads, vocabulary: InMemoryVocabulary | None = None
    ) -> None:
        self._uploads = uploads
        self._vocabulary = vocabulary or InMemoryVocabulary()
        self.metadata_records: dict[str, Metadata] = {}
        self.derivative_records: dict[str, Derivative] = {}
        self.commits: list[tuple[Action, ...]] = []

    def metadata(self, identifier: str) -> Metadata | None:
        _require_key(identifier)
        return _unexpired(self.metadata_records.get(identifier), self._uploads.clock)

    def derivative(self, identifier: str) -> Derivative | None:
        _require_key(identifier)
        return _unexpired(self.derivative_records.get(identifier), self._uploads.clock)

    def metadata_of(self, identifiers: Collection[str]) -> Mapping[str, Metadata]:
        found = {identifier: self.metadata(identifier) for identifier in identifiers}
        return {identifier: record for identifier, record in found.items() if record}

    def derivatives_of(self, identifiers: Collection[str]) -> Mapping[str, Derivative]:
        found = {identifier: self.derivative(identifier) for identifier in identifiers}
        return {identifier: record for identifier, record in found.items() if record}

    def derived_from(self, metadata_identifier: str) -> Iterator[Derivative]:
        for record in sorted(self.derivative_records.values(), key=lambda one: one.created_on):
            if record.ac_derived_from == metadata_identifier and record.deleted_on is None:
                yield record

    def cascading(self, before: datetime) -> Iterator[str]:
        for record in list(self.metadata_records.values()):
            if record.cascading_since is not None and record.cascading_since < before:
                yield record.identifier

    def terms(self, keys: Collection[str], subtypes: Collection[str]) -> Terms:
        return self._vocabulary.terms(keys, subtypes)

    def commit(self, actions: Sequence[Action]) -> None:
        if len(actions) > MAX_ACTIONS or len({action.subject for action in actions}) < len(actions):
            raise ValueError("DynamoDB would not take this transaction")
        size = sum(_bytes(getattr(one, "after", getattr(one, "record", None))) for one in actions)
        if size > MAX_TRANSACTION_BYTES:
            raise ValueError(f"DynamoDB would not take a transaction of {size} bytes")
        refused = {number: self._refusal(action) for number, action in enumerate(actions)}
        reasons = {number: reason for number, reason in refused.items() if reason}
        if reasons:
            raise TransactionCanceledError(reasons)
        for action in actions:
            self._do(action)
        self._vocabulary.count(usage_changes(_metadata_changes(actions)))
        if actions:
            self.commits.append(tuple(actions))

    def remove_thumbnail(self, identifier: str, now: datetime) -> None:
        record = self.derivative_records.get(identifier)
        if record is not None and record.deleted_on is None:
            self.derivative_records[identifier] = replace(
                record,
                deleted_on=now,
                deleted_by=SYSTEM_GENERATED,
                expires_at=(now + TOMBSTONE_LIFETIME).replace(microsecond=0),
                version=record.version + 1,
            )

    def _table(self, record: Record) -> dict[str, Any]:
        is_metadata = isinstance(record, Metadata)
        return self.metadata_records if is_metadata else self.derivative_records

    def _refusal(self, action: Action) -> RecordError | None:
        changed = RecordChangedError(action.subject)
        match action:
            case Add():
                taken = action.record.identifier in self._table(action.record)
                return RecordExistsError(action.subject) if taken else None
            case Replace():
                current = self._table(action.before).get(action.before.identifier)
                same = current is not None and _state(current) == _state(action.before)
                return None if same else changed
            case Claim():
                return self._claim_refusal(action)
            case Release():
                upload = self._uploads.records.get(action.file_identifier)
                held = upload is not None and upload.claimed_by == action.claimant
                return None if held else changed
            case DeriveFrom():
                source = self.metadata_records.get(action.metadata_identifier)
                there = (
                    source is not None
                    and buckets.bucket_key(source.bucket) == buckets.bucket_key(action.bucket)
                    and source.deleted_on is None
                )
                return None if there else changed

    def _claim_refusal(self, action: Claim) -> RecordError | None:
        upload = self._uploads.records.get(action.file_identifier)
        if upload is not None and upload.claimed_by is not None:
            return RecordExistsError(f"{action.subject} is claimed already")
        failed = upload is not None and upload.thumbnail_status is ThumbnailStatus.FAILED
        has_one = upload is not None and upload.thumbnail_identifier is not None
        refused = (
            upload is None
            or not upload.is_readable
            or (action.plans_thumbnail and failed)
            or (action.new_thumbnail_identifier is not None and has_one)
        )
        return RecordChangedError(action.subject) if refused else None

    def _do(self, action: Action) -> None:
        match action:
            case Add():
                self._table(action.record)[action.record.identifier] = action.record
            case Replace():
                self._table(action.after)[action.after.identifier] = action.after
            case Claim():
                before = self._uploads.records[action.file_identifier]
                claimed = replace(
                    before, claimed_by=action.claimant, awaiting=None, awaiting_since=None
                )
                if action.new_thumbnail_identifier is not None:
                    claimed = claimed.thumbnail_requested(action.new_thumbnail_identifier)
                self._uploads.replace(before, claimed)
            case Release():
                before = self._uploads.records[action.file_identifier]
                waiting = replace(
                    before, claimed_by=None, awaiting=Awaiting.CLAIM, awaiting_since=action.since
                )
                self._uploads.replace(before, waiting)
            case DeriveFrom():
                source = self.metadata_records[action.metadata_identifier]
                self.metadata_records[source.identifier] = replace(
                    source, latest_derivative=action.derivative
                )


def _bytes(record: Record | None) -> int:
    """Return the size of the texts in a record, without the names of its attributes."""
    values = vars(record).values() if record is not None else ()
    return sum(len(str(value).encode()) for value in values if value is not None)


def _state(record: Record) -> tuple[int, str | None]:
    """Return what a write of a record must have read."""
    return record.version, getattr(record, "latest_derivative", None)


def _unexpired(record: _Record | None, clock: Clock) -> _Record | None:
    if record is None or record.expires_at is None or record.expires_at > clock.now():
        return record
    return None


def _metadata_changes(
    actions: Sequence[Action],
) -> Iterator[tuple[Metadata | None, Metadata | None]]:
    for action in actions:
        match action:
            case Add(record=Metadata() as record):
                yield None, record
            case Replace(before=Metadata() as before, after=Metadata() as after):
                yield before, after
