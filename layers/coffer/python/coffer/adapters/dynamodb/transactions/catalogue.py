"""The Catalogue port on DynamoDB: metadata and derivatives, and their claims on uploads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import uuid4

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.update import Action as UpdateAction
from pynamodb.transactions import TransactWrite

from coffer.adapters.dynamodb.connection import (
    CANCELLED_BY_CONDITION,
    CANCELLED_BY_CONFLICT,
    DYNAMODB,
    cancellations,
    conditional_write,
    overload_is_unavailable,
)
from coffer.adapters.dynamodb.derivatives import DerivativeItem
from coffer.adapters.dynamodb.metadata.items import CascadingIndex, MetadataItem
from coffer.adapters.dynamodb.reading import read_item, read_record, read_records
from coffer.adapters.dynamodb.uploads.items import UploadItem, awaiting_key
from coffer.adapters.dynamodb.vocabulary.terms import count_usage, read_terms
from coffer.adapters.system_clock import SystemClock
from coffer.domain.buckets import bucket_key
from coffer.domain.callers import SYSTEM_GENERATED
from coffer.domain.clock import Clock
from coffer.domain.derivatives.record import Derivative
from coffer.domain.errors import (
    RecordChangedError,
    RecordError,
    RecordExistsError,
    TransactionCanceledError,
)
from coffer.domain.identifiers import SHARDS, shard_of
from coffer.domain.metadata.record import Metadata
from coffer.domain.transactions.actions import (
    Action,
    Add,
    Claim,
    DeriveFrom,
    Record,
    Release,
    Replace,
)
from coffer.domain.transactions.commit import records_busy
from coffer.domain.transactions.tombstones import TOMBSTONE_LIFETIME
from coffer.domain.uploads.record import Awaiting, ThumbnailStatus, UploadStatus
from coffer.domain.vocabulary.ports import Terms
from coffer.domain.vocabulary.usage import usage_changes


class DynamoCatalogue:
    """The tables of metadata and derivatives."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    def metadata(self, identifier: str) -> Metadata | None:
        return read_record(MetadataItem, identifier, self._clock)

    def derivative(self, identifier: str) -> Derivative | None:
        return read_record(DerivativeItem, identifier, self._clock)

    def metadata_of(self, identifiers: Collection[str]) -> Mapping[str, Metadata]:
        return read_records(MetadataItem, identifiers, self._clock)

    def derivatives_of(self, identifiers: Collection[str]) -> Mapping[str, Derivative]:
        return read_records(DerivativeItem, identifiers, self._clock)

    def derived_from(self, metadata_identifier: str) -> Iterator[Derivative]:
        with overload_is_unavailable():
            for item in DerivativeItem.by_metadata.query(
                metadata_identifier, filter_condition=DerivativeItem.deleted_on.does_not_exist()
            ):
                yield item.record()

    def cascading(self, before: datetime) -> Iterator[str]:
        with overload_is_unavailable():
            for shard in SHARDS:
                for item in MetadataItem.by_cascading.query(
                    shard, CascadingIndex.cascading_since < before
                ):
                    yield item.identifier

    def terms(self, keys: Collection[str], subtypes: Collection[str]) -> Terms:
        return read_terms(keys, subtypes)

    def commit(self, actions: Sequence[Action]) -> None:
        if not actions:
            return
        # With the token, a retry succeeds if only the first response was lost.
        write = TransactWrite(connection=DYNAMODB, client_request_token=uuid4().hex)
        puts, updates = [], []
        for number, action in enumerate(actions):
            match action:
                case Add() | Replace():
                    _put(write, action)
                    puts.append(number)
                case Claim():
                    _claim(write, action)
                    updates.append(number)
                case Release():
                    _release(write, action)
                    updates.append(number)
                case DeriveFrom():
                    _derive(write, action)
                    updates.append(number)
        if changes := usage_changes(_metadata_changes(actions)):
            count_usage(write, changes)
            # It fails if a record uses a term that was deleted. Any record can stand for it.
            updates.append(puts[0])
        try:
            with overload_is_unavailable(), write:
                pass
        except TransactWriteError as error:
            if not error.cancellation_reasons:
                raise
            # PynamoDB sends puts before updates.
            order = [*puts, *updates]
            codes = {order[position]: code for position, code in cancellations(error).items()}
            raise self._error(codes, actions) from error

    def remove_thumbnail(self, identifier: str, now: datetime) -> None:
        exists = DerivativeItem.identifier.exists() & DerivativeItem.deleted_on.does_not_exist()
        with conditional_write(None):
            DerivativeItem(identifier).update(
                actions=[
                    DerivativeItem.deleted_on.set(now),
                    DerivativeItem.deleted_by.set(SYSTEM_GENERATED),
                    DerivativeItem.expires_at.set(now + TOMBSTONE_LIFETIME),
                    DerivativeItem.version.add(1),
                    *DerivativeItem.removal_from_lists(),
                ],
                condition=exists,
            )

    def _error(self, codes: Mapping[int, str], actions: Sequence[Action]) -> Exception:
        """Return the error of a cancelled transaction; `codes` are those of its actions."""
        if not codes or set(codes.values()) - {CANCELLED_BY_CONDITION, CANCELLED_BY_CONFLICT}:
            return records_busy()
        return TransactionCanceledError(
            {
                number: RecordChangedError(actions[number].subject)
                if codes[number] == CANCELLED_BY_CONFLICT
                else self._reason(actions[number])
                for number in sorted(codes)
            }
        )

    def _reason(self, action: Action) -> RecordError:
        match action:
            case Add():
                return RecordExistsError(action.subject)
            case Claim() if self._claimant(action.file_identifier):
                return RecordExistsError(f"{action.subject} is claimed already")
        return RecordChangedError(action.subject)

    def _claimant(self, file_identifier: str) -> str | None:
        item = read_item(UploadItem, file_identifier)
        return item.claimed_by if item is not None else None


def _metadata_changes(
    actions: Sequence[Action],
) -> Iterator[tuple[Metadata | None, Metadata | None]]:
    """Yield each metadata record before and after its action."""
    for action in actions:
        match action:
            case Add(record=Metadata() as record):
                yield None, record
            case Replace(before=Metadata() as before, after=Metadata() as after):
                yield before, after


def _item(record: Record) -> MetadataItem | DerivativeItem:
    match record:
        case Metadata():
            return MetadataItem.of(record)
        case Derivative():
            return DerivativeItem.of(record)
    raise TypeError(f"no table for {record.instance_id}")


def _put(write: TransactWrite, action: Add | Replace) -> None:
    if isinstance(action, Add):
        item = _item(action.record)
        write.save(item, condition=type(item).identifier.does_not_exist())
        return
    item = _item(action.after)
    condition = type(item).version == action.before.version
    if isinstance(action.before, Metadata):
        latest = MetadataItem.latest_derivative
        known = action.before.latest_derivative
        condition &= latest.does_not_exist() if known is None else latest == known
    write.save(item, condition=condition)


def _claim(write: TransactWrite, action: Claim) -> None:
    """Enter the claimant of the upload, and take the upload off the sparse index."""
    condition = (
        (UploadItem.status == UploadStatus.AVAILABLE)
        & UploadItem.claimed_by.does_not_exist()
        & UploadItem.deleted_on.does_not_exist()
    )
    updates: list[UpdateAction] = [
        UploadItem.claimed_by.set(action.claimant),
        UploadItem.awaiting.remove(),
        UploadItem.awaiting_since.remove(),
        UploadItem.revision.add(1),
    ]
    if action.plans_thumbnail:
        condition &= UploadItem.thumbnail_status != ThumbnailStatus.FAILED
    if action.new_thumbnail_identifier is not None:
        condition &= UploadItem.thumbnail_identifier.does_not_exist()
        updates += [
            UploadItem.thumbnail_identifier.set(action.new_thumbnail_identifier),
            UploadItem.thumbnail_status.set(ThumbnailStatus.PENDING),
            UploadItem.changed_by.remove(),
            UploadItem.version.add(1),
        ]
    write.update(UploadItem(action.file_identifier), actions=updates, condition=condition)


def _derive(write: TransactWrite, action: DeriveFrom) -> None:
    """Enter the derivative in its source. The version stays, so nothing is published."""
    write.update(
        MetadataItem(action.metadata_identifier),
        actions=[MetadataItem.latest_derivative.set(action.derivative)],
        condition=(MetadataItem.bucket_key == bucket_key(action.bucket))
        & MetadataItem.deleted_on.does_not_exist(),
    )


def _release(write: TransactWrite, action: Release) -> None:
    """Remove the claimant of the upload, and put the upload back on the sparse index."""
    write.update(
        UploadItem(action.file_identifier),
        actions=[
            UploadItem.claimed_by.remove(),
            UploadItem.awaiting.set(awaiting_key(Awaiting.CLAIM, shard_of(action.file_identifier))),
            UploadItem.awaiting_since.set(action.since),
            UploadItem.revision.add(1),
        ],
        condition=UploadItem.claimed_by == action.claimant,
    )
