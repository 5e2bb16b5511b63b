"""A reader over metadata, derivatives and terms that were read in advance for a bulk request."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from coffer.domain.derivatives.prefetch import PrefetchedDerivatives
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.record import Metadata
from coffer.domain.vocabulary.ports import Terms
from coffer.domain.vocabulary.usage import TermUser, read_used_terms


class PrefetchedCatalogue(PrefetchedDerivatives[Metadata]):
    """The `CatalogueReader` port over records and terms that were read in advance."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        metadata: Iterable[str | None] = (),
        derivatives: Iterable[str | None] = (),
        terms_of: Iterable[TermUser] = (),
    ) -> None:
        super().__init__(catalogue, metadata=metadata, derivatives=derivatives)
        self._terms = read_used_terms(catalogue, terms_of)

    def terms(self, keys: Collection[str], subtypes: Collection[str]) -> Terms:
        """Return those of these terms that were read in advance and exist."""
        known = self._terms
        return Terms(
            attributes={key: known.attributes[key] for key in keys if key in known.attributes},
            subtypes={name: known.subtypes[name] for name in subtypes if name in known.subtypes},
        )
