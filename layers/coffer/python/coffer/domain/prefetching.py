"""What the plans of many entries read, read at once: a BatchGetItem a hundred records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache

from coffer.domain.derivative import Derivative
from coffer.domain.metadata import Metadata
from coffer.domain.object_upload import ObjectUpload
from coffer.domain.ports import Catalogue, Uploads
from coffer.domain.vocabulary.usage import Terms, UsesTerms, terms_named_by


class KnownUploads:
    """The UploadReader port on uploads that were read in advance."""

    def __init__(self, uploads: Uploads, identifiers: Iterable[str | None]) -> None:
        self._known = uploads.get_all({one for one in identifiers if one is not None})

    def __iter__(self) -> Iterator[ObjectUpload]:
        return iter(self._known.values())

    def get(self, file_identifier: str) -> ObjectUpload | None:
        return self._known.get(file_identifier)


class KnownCatalogue:
    """The CatalogueReader port on records and terms that were read in advance.

    What was made from a file is looked up once for each.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        metadata: Iterable[str | None] = (),
        derivatives: Iterable[str | None] = (),
        naming: Iterable[UsesTerms] = (),
    ) -> None:
        self._metadata = catalogue.metadata_of({one for one in metadata if one is not None})
        self._derivatives = catalogue.derivatives_of(
            {one for one in derivatives if one is not None}
        )
        self._terms = terms_named_by(catalogue, naming)
        self._made_from = cache(lambda source: tuple(catalogue.derived_from(source)))

    def metadata(self, identifier: str) -> Metadata | None:
        return self._metadata.get(identifier)

    def derivative(self, identifier: str) -> Derivative | None:
        return self._derivatives.get(identifier)

    def derived_from(self, metadata_identifier: str) -> Iterator[Derivative]:
        return iter(self._made_from(metadata_identifier))

    def terms(self, keys: Collection[str], subtypes: Collection[str]) -> Terms:
        known = self._terms
        return Terms(
            attributes={key: known.attributes[key] for key in keys if key in known.attributes},
            subtypes={name: known.subtypes[name] for name in subtypes if name in known.subtypes},
        )
