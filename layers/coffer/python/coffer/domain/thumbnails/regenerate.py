"""Regeneration: a thumbnail is made of a record's file, or of what was made from it, on demand.

For files that no thumbnail can be made of, such as camera raw, of which there is a large image;
and where a thumbnail got lost, or failed for a reason that is gone (reference, 1.9:
derivative-generation). Asked twice, the same thumbnail is made at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.derivatives.thumbnail_record import (
    generated_thumbnail,
    plan_thumbnail_record,
    thumbnail_of_derivative,
)
from coffer.domain.downloads.ports import ObjectDownloads
from coffer.domain.errors import InvalidError, ObjectMissingError, RecordChangedError
from coffer.domain.identifiers import new_identifier
from coffer.domain.media_types import is_imageable
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.read import find_metadata
from coffer.domain.metadata.record import Metadata
from coffer.domain.transactions.commit import (
    MAX_ATTEMPTS,
    PlannedChange,
    commit_change,
    records_busy,
)
from coffer.domain.transactions.read import require_undeleted
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus

_ATTRIBUTES = "/data/attributes"


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """What is to be made: `derivative_type` of the record's file, or of the first derivative of
    the type `derived_from_type`, where that is given."""

    metadata_uuid: str
    derivative_type: DerivativeType
    derived_from_type: DerivativeType | None = None


@dataclass(frozen=True)
class _Source:
    """The file that a thumbnail is made of, and the derivative that it is the file of, if it is."""

    upload: ObjectUpload
    derivative: Derivative | None = None


@dataclass(frozen=True, kw_only=True)
class Regeneration:
    """The parts of the world that take part in it."""

    uploads: Uploads
    catalogue: Catalogue
    store: ObjectDownloads
    clock: Clock

    def run(self, caller: Caller, wanted: GenerationRequest) -> Derivative:
        """The record of the thumbnail, whose file is there or is on its way.

        Raises InvalidError where nothing but a thumbnail is asked for, where there is no such
        source, and where no thumbnails are made of what it holds.
        """
        caller.require_admin()
        if wanted.derivative_type is not DerivativeType.THUMBNAIL_IMAGE:
            raise InvalidError(
                "only_thumbnails",
                "DerivativeType can only be THUMBNAIL_IMAGE",
                pointer=f"{_ATTRIBUTES}/derivativeType",
            )
        metadata = find_metadata(self.catalogue, wanted.metadata_uuid)
        require_undeleted(metadata)
        there = self._thumbnail_of(metadata)
        if there is not None and not there.is_generated:
            return there  # submitted: its file is its upload's, which lives as long as it does
        source = self._owner(metadata, there) if there else self._source(metadata, wanted)
        if there is not None and self._is_in_place(source.upload):
            return there
        return self._make(caller, metadata, source)

    def _thumbnail_of(self, metadata: Metadata) -> Derivative | None:
        """The thumbnail that is recorded: the one submitted last, else one that was generated.

        The main file's own is looked up by its identifier: it may be too new for the index.
        """
        thumbnails = [
            one
            for one in self.catalogue.derived_from(metadata.identifier)
            if one.derivative_type is DerivativeType.THUMBNAIL_IMAGE
        ]
        submitted = [one for one in thumbnails if not one.is_generated]
        if submitted:
            return submitted[-1]
        main = self.uploads.get(metadata.file_identifier) if metadata.file_identifier else None
        generated = main.thumbnail_identifier if main else None
        own = self.catalogue.derivative(generated) if generated else None
        if own is not None and own.deleted_on is None:
            return own
        return next(iter(thumbnails), None)

    def _owner(self, metadata: Metadata, thumbnail: Derivative) -> _Source:
        """The file that a generated thumbnail was made of: a derivative's, or the main one."""
        if thumbnail.generated_from_derivative is None:
            return self._main(metadata)
        derivative = self.catalogue.derivative(thumbnail.generated_from_derivative)
        return self._file_of(derivative) if derivative else self._main(metadata)

    def _source(self, metadata: Metadata, wanted: GenerationRequest) -> _Source:
        if wanted.derived_from_type is None:
            return self._main(metadata)
        for derivative in self.catalogue.derived_from(metadata.identifier):
            if derivative.derivative_type is wanted.derived_from_type:
                return self._file_of(derivative)
        raise InvalidError(
            "source_derivative_not_found",
            "DerivedFromType not found for metadata",
            pointer=f"{_ATTRIBUTES}/derivedFromType",
        )

    def _main(self, metadata: Metadata) -> _Source:
        upload = self.uploads.get(metadata.file_identifier) if metadata.file_identifier else None
        if upload is None or not upload.is_readable:
            raise _no_source("The metadata describes no stored file.", "metadataUuid")
        return _Source(upload)

    def _file_of(self, derivative: Derivative) -> _Source:
        upload = self.uploads.get(derivative.file_identifier)
        if upload is None or not upload.is_readable:
            raise _no_source("The derivative has no stored file.", "derivedFromType")
        return _Source(upload, derivative)

    def _is_in_place(self, upload: ObjectUpload) -> bool:
        if upload.thumbnail_status is not ThumbnailStatus.READY:
            return False
        try:
            return self.store.size(upload.thumbnail_key) > 0
        except ObjectMissingError:
            return False

    def _make(self, caller: Caller, metadata: Metadata, source: _Source) -> Derivative:
        """Record the thumbnail, then have it made: the change of the upload is told.

        In this order, so that a failure finds the record that it has to withdraw. Killed in
        between, the next request finds a record without a file.
        """
        for _ in range(MAX_ATTEMPTS):
            wanted = self._wanted(caller, source.upload)
            thumbnail = self._record(_thumbnail(metadata, source, wanted))
            try:
                self.uploads.replace(source.upload, wanted)
            except RecordChangedError:
                source = self._again(source, thumbnail)
                continue
            return thumbnail
        raise records_busy()

    def _wanted(self, caller: Caller, upload: ObjectUpload) -> ObjectUpload:
        """The upload once a thumbnail is wanted of it, whatever became of the last one."""
        if not is_imageable(upload.content.detected_media_type):
            raise InvalidError(
                "thumbnail_unsupported",
                f"No thumbnails are made of {upload.content.detected_media_type}.",
            )
        identifier = upload.thumbnail_identifier or new_identifier(self.clock)
        wanted = upload.thumbnail_requested(identifier)
        return replace(wanted, thumbnail_failure=None, changed_by=caller.username)

    def _record(self, thumbnail: Derivative) -> Derivative:
        """The thumbnail's record, as it is there or as it is written now."""

        def plan() -> PlannedChange[Derivative]:
            before = self.catalogue.derivative(thumbnail.identifier)
            if before is not None and before.deleted_on is None:
                return PlannedChange(before)
            return PlannedChange(thumbnail, (plan_thumbnail_record(self.catalogue, thumbnail),))

        return commit_change(self.catalogue, plan)

    def _again(self, source: _Source, thumbnail: Derivative) -> _Source:
        """The source as somebody else left it; a record that it has no part in is withdrawn."""
        current = self.uploads.get(source.upload.file_identifier)
        if current is None or current.thumbnail_identifier != thumbnail.identifier:
            self.catalogue.withdraw_thumbnail(thumbnail.identifier, self.clock.now())
        if current is None or not current.is_readable:
            raise _no_source("The file was deleted.", "metadataUuid")
        return replace(source, upload=current)


def _thumbnail(metadata: Metadata, source: _Source, upload: ObjectUpload) -> Derivative:
    if source.derivative is not None:
        return thumbnail_of_derivative(source.derivative, metadata, upload)
    return _generated(metadata, upload)


def _generated(metadata: Metadata, upload: ObjectUpload) -> Derivative:
    thumbnail = generated_thumbnail(metadata, upload)
    if thumbnail is None:
        raise ValueError("a wanted thumbnail has an identifier")
    return thumbnail


def _no_source(detail: str, attribute: str) -> InvalidError:
    return InvalidError("source_file_not_found", detail, pointer=f"{_ATTRIBUTES}/{attribute}")
