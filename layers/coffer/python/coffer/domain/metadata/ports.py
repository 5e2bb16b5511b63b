"""Ports of the metadata use cases: metadata records, their derivatives and their terms."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from coffer.domain.derivatives.ports import DerivativeReader, Derivatives
from coffer.domain.metadata.record import Metadata
from coffer.domain.vocabulary.ports import TermReader


class CatalogueReader(DerivativeReader[Metadata], TermReader, Protocol):
    """Reads metadata and derivative records, and the terms that they may use."""

    def metadata(self, identifier: str) -> Metadata | None:
        """Return the metadata record, tombstones included until they expire."""
        ...


class Catalogue(CatalogueReader, Derivatives[Metadata], Protocol):
    """Reads and writes metadata and derivative records."""

    def metadata_of(self, identifiers: Collection[str]) -> Mapping[str, Metadata]:
        """Return those of these metadata records that exist, by identifier."""
        ...

    def cascading(self, before: datetime) -> Iterator[str]:
        """Return identifiers of metadata deleted before `before` that may have derivatives left.

        The cost grows with the number of results, not with the size of the table.
        """
        ...
