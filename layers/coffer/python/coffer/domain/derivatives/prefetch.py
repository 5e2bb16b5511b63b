"""Readers over records that were read in advance, so that a bulk request needs few reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Generic, TypeVar

from coffer.domain.derivatives.ports import Derivatives, Source
from coffer.domain.derivatives.record import Derivative
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import ObjectUpload

SourceT = TypeVar("SourceT", bound=Source)


class PrefetchedUploads:
    """The `UploadReader` port over uploads that were read in one batch."""

    def __init__(self, uploads: Uploads, identifiers: Iterable[str | None]) -> None:
        self._uploads = uploads.get_all({one for one in identifiers if one is not None})

    def __iter__(self) -> Iterator[ObjectUpload]:
        return iter(self._uploads.values())

    def get(self, file_identifier: str) -> ObjectUpload | None:
        """Return the upload if it was read in advance and exists."""
        return self._uploads.get(file_identifier)


class PrefetchedDerivatives(Generic[SourceT]):
    """The `DerivativeReader` port over records that were read in two batches.

    The derivatives of a metadata record are read when they are first asked for, and kept.
    """

    def __init__(
        self,
        records: Derivatives[SourceT],
        *,
        metadata: Iterable[str | None] = (),
        derivatives: Iterable[str | None] = (),
    ) -> None:
        self._metadata = records.metadata_of({one for one in metadata if one is not None})
        self._derivatives = records.derivatives_of({one for one in derivatives if one is not None})
        self._derived_from = cache(lambda source: tuple(records.derived_from(source)))

    def metadata(self, identifier: str) -> SourceT | None:
        """Return the metadata record if it was read in advance and exists."""
        return self._metadata.get(identifier)

    def derivative(self, identifier: str) -> Derivative | None:
        """Return the derivative record if it was read in advance and exists."""
        return self._derivatives.get(identifier)

    def derived_from(self, metadata_identifier: str) -> Iterator[Derivative]:
        """Return the derivatives of a metadata record."""
        return iter(self._derived_from(metadata_identifier))
