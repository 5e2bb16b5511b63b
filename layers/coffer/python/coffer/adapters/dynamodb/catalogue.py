"""The Catalogue port on DynamoDB: metadata and derivatives, and their claims on uploads."""

from __future__ import annotations

from datetime import datetime

from pynamodb.connection import Connection
from pynamodb.exceptions import DoesNotExist, TransactWriteError, UpdateError
from pynamodb.transactions import TransactWrite

from coffer.adapters.dynamodb.connection import (
    ATTEMPTS,
    CONDITION_FAILED,
    CONNECT_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    REGION,
    code_of,
    overload_is_unavailable,
)
from coffer.adapters.dynamodb.items import DerivativeItem, MetadataItem, UploadItem
from coffer.domain.derivative import SYSTEM_GENERATED, Derivative
from coffer.domain.errors import RecordChangedError, RecordExistsError, UnavailableError
from coffer.domain.metadata import Metadata
from coffer.domain.object_upload import TOMBSTONE_LIFE, ThumbnailStatus, UploadStatus

_CONDITION_FAILED = "ConditionalCheckFailed"


class DynamoCatalogue:
    """The records that describe files, in their tables."""

    def __init__(self) -> None:
        # Kept: its client is made with the first transaction, which takes longer than all the rest.
        self._connection = Connection(
            region=REGION,
            connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
            read_timeout_seconds=READ_TIMEOUT_SECONDS,
            max_retry_attempts=ATTEMPTS,
        )

    def metadata(self, identifier: str) -> Metadata | None:
        with overload_is_unavailable():
            try:
                return MetadataItem.get(identifier, consistent_read=True).record()
            except DoesNotExist:
                return None

    def derivative(self, identifier: str) -> Derivative | None:
        with overload_is_unavailable():
            try:
                return DerivativeItem.get(identifier, consistent_read=True).record()
            except DoesNotExist:
                return None

    def add_metadata(self, metadata: Metadata, thumbnail: Derivative | None) -> None:
        try:
            with (
                overload_is_unavailable(),
                TransactWrite(
                    connection=self._connection, client_request_token=_token(metadata, thumbnail)
                ) as write,
            ):
                write.save(
                    MetadataItem.of(metadata), condition=MetadataItem.identifier.does_not_exist()
                )
                if thumbnail is not None:
                    write.save(
                        DerivativeItem.of(thumbnail),
                        condition=DerivativeItem.identifier.does_not_exist(),
                    )
                if metadata.file_identifier is not None:
                    _claim(
                        write,
                        metadata.file_identifier,
                        f"metadata/{metadata.identifier}",
                        thumbnail_is_promised=thumbnail is not None,
                    )
        except TransactWriteError as error:
            if not error.cancellation_reasons:
                raise
            raise self._reason(error, metadata.file_identifier) from error

    def withdraw_thumbnail(self, identifier: str, now: datetime) -> None:
        there = DerivativeItem.identifier.exists() & DerivativeItem.deleted_on.does_not_exist()
        with overload_is_unavailable():
            try:
                DerivativeItem(identifier).update(
                    actions=[
                        DerivativeItem.deleted_on.set(now),
                        DerivativeItem.deleted_by.set(SYSTEM_GENERATED),
                        DerivativeItem.expires_at.set(int((now + TOMBSTONE_LIFE).timestamp())),
                        DerivativeItem.version.add(1),
                        *DerivativeItem.off_the_lists(),
                    ],
                    condition=there,
                )
            except UpdateError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise

    def _reason(self, error: TransactWriteError, file_identifier: str | None) -> Exception:
        """Why a transaction was rolled back: somebody holds the claim, or the upload is gone."""
        codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
        if codes - {_CONDITION_FAILED}:
            return UnavailableError(
                "records_busy", "The record is being written by somebody else. Try again."
            )
        if file_identifier is None:
            return RecordExistsError("the record exists already")
        with overload_is_unavailable():
            try:
                upload = UploadItem.get(file_identifier, consistent_read=True)
            except DoesNotExist:
                return RecordChangedError(file_identifier)
        if upload.claimed_by is not None:
            return RecordExistsError(f"{file_identifier} is claimed by {upload.claimed_by}")
        return RecordChangedError(file_identifier)


def _token(metadata: Metadata, thumbnail: Derivative | None) -> str:
    """Makes a repeated request, whose first answer was lost, succeed too; at most 36 characters.

    DynamoDB refuses a token that comes with another request than before.
    """
    return f"{metadata.identifier.replace('-', '')}{'+t' if thumbnail else ''}"


def _claim(
    write: TransactWrite, file_identifier: str, claimant: str, *, thumbnail_is_promised: bool
) -> None:
    """Take the upload off the sparse index and name its one claimant, if it has none yet."""
    condition = (
        (UploadItem.status == UploadStatus.AVAILABLE.value)
        & UploadItem.claimed_by.does_not_exist()
        & UploadItem.deleted_on.does_not_exist()
    )
    if thumbnail_is_promised:
        condition &= UploadItem.thumbnail_status != ThumbnailStatus.FAILED.value
    write.update(
        UploadItem(file_identifier),
        actions=[
            UploadItem.claimed_by.set(claimant),
            UploadItem.awaiting.remove(),
            UploadItem.awaiting_since.remove(),
            UploadItem.revision.add(1),
        ],
        condition=condition,
    )
