"""Ports of the derivative use cases: derivative records and the metadata they derive from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from coffer.domain.derivatives.record import Derivative
from coffer.domain.transactions.ports import Transactions


class Source(Protocol):
    """The members of a metadata record that its derivatives need."""

    @property
    def identifier(self) -> str:
        """UUID of the record."""
        ...

    @property
    def bucket(self) -> str:
        """The group's bucket."""
        ...

    @property
    def file_identifier(self) -> str | None:
        """The main file; None for an external resource."""
        ...

    @property
    def publicly_releasable(self) -> bool:
        """True if every signed-in user may read the record."""
        ...

    @property
    def created_on(self) -> datetime:
        """Time when the record was created."""
        ...

    @property
    def deleted_on(self) -> datetime | None:
        """Time when the record was deleted; None if it was not."""
        ...


SourceT = TypeVar("SourceT", bound=Source, covariant=True)


class DerivativeReader(Protocol[SourceT]):
    """Reads derivative records and the metadata they derive from."""

    def metadata(self, identifier: str) -> SourceT | None:
        """Return the metadata record, tombstones included until they expire."""
        ...

    def derivative(self, identifier: str) -> Derivative | None:
        """Return the derivative record, tombstones included until they expire."""
        ...

    def derived_from(self, metadata_identifier: str) -> Iterator[Derivative]:
        """Return the derivatives of a metadata record without tombstones, the oldest first.

        A record that was written moments ago may be missing, because an index is read.
        """
        ...


class Derivatives(DerivativeReader[SourceT], Transactions, Protocol[SourceT]):
    """Reads and writes derivative records."""

    def metadata_of(self, identifiers: Collection[str]) -> Mapping[str, SourceT]:
        """Return those of these metadata records that exist, by identifier."""
        ...

    def derivatives_of(self, identifiers: Collection[str]) -> Mapping[str, Derivative]:
        """Return those of these derivative records that exist, by identifier."""
        ...

    def remove_thumbnail(self, identifier: str, now: datetime) -> None:
        """Replace the record of a generated thumbnail, if it exists, by a tombstone."""
        ...
