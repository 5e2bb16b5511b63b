"""Nothing derived is more visible than its source."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from coffer.domain.callers import ANONYMOUS, Caller, Role
from coffer.domain.derivatives.read import load_derivatives, read_derivative
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.release import MAX_GENERATIONS, readable_ids
from coffer.domain.downloads.find import find_derivative, find_thumbnail
from coffer.domain.errors import ForbiddenError, GoneError, UnauthenticatedError
from coffer.domain.export.resolve_sources import SourceResolver
from coffer.domain.listing.filters import AllOf, Comparison, Operator
from coffer.domain.listing.index_keys import Kind
from coffer.domain.listing.pages import Cursor, PageRequest, read_page
from coffer.domain.listing.permissions import hide_unreadable_derivatives
from coffer.domain.listing.query_plan import Query
from coffer.domain.listing.related import find_related
from coffer.domain.uploads.record import ThumbnailStatus
from tests.fakes import FrozenClock, InMemoryCatalogue, InMemoryUploads
from tests.fakes.clocks import NOON
from tests.fakes.listing import InMemoryLists
from tests.fakes.records import (
    FILE,
    METADATA,
    STRANGER,
    THUMBNAIL,
    caller,
    identifier,
    metadata,
    thumbnail,
    upload,
)

READER = caller(Role.READ_ONLY)


def derived(number: int, parent: int | None = None, **changes: Any) -> Derivative:
    """Return a public derivative that was generated from the derivative `parent`."""
    own = {"identifier": identifier(number), "file_identifier": identifier(number)}
    source = None if parent is None else identifier(parent)
    return thumbnail(**own | {"generated_from_derivative": source} | changes)


def catalogue(*derivatives: Derivative, **described: Any) -> InMemoryCatalogue:
    """Return tables with a main file, its metadata and these derivatives."""
    main = upload(thumbnail_status=ThumbnailStatus.READY, claimed_by=f"metadata/{METADATA}")
    tables = InMemoryCatalogue(InMemoryUploads(main))
    tables.metadata_records[METADATA] = metadata(**described)
    tables.derivative_records = {one.identifier: one for one in derivatives}
    return tables


def readable(tables: InMemoryCatalogue, number: int, who: Caller = STRANGER) -> bool:
    record = tables.derivative_records[identifier(number)]
    return bool(readable_ids(tables, who, [record]))


def test_a_derivative_of_a_private_file_is_private() -> None:
    assert readable(catalogue(derived(10)), 10)
    private = catalogue(derived(10), publicly_releasable=False)
    assert not readable(private, 10)
    assert not readable(private, 10, ANONYMOUS)
    assert readable(private, 10, READER)


@pytest.mark.parametrize(
    "described", [{"deleted_on": NOON}, {"bucket": "cnc"}], ids=["deleted", "of another bucket"]
)
def test_a_derivative_of_an_unusable_source_is_private(described: dict[str, Any]) -> None:
    assert not readable(catalogue(derived(10), **described), 10)


def test_a_derivative_without_its_source_is_private() -> None:
    tables = catalogue(derived(10))
    tables.metadata_records.clear()
    assert not readable(tables, 10)
    assert not readable(catalogue(derived(10, parent=11)), 10)


def test_a_derivative_of_a_private_derivative_is_private() -> None:
    assert readable(catalogue(derived(12, 11), derived(11, 10), derived(10)), 12)
    for changes in ({"publicly_releasable": False}, {"deleted_on": NOON}):
        tables = catalogue(derived(12, 11), derived(11, 10), derived(10, **changes))
        assert [readable(tables, number) for number in (11, 12)] == [False, False]


def test_a_circle_of_public_derivatives_is_public() -> None:
    assert readable(catalogue(derived(10, 11), derived(11, 10)), 10)
    private = derived(11, 10, publicly_releasable=False)
    assert not readable(catalogue(derived(10, 11), private), 10)


def test_a_derivative_of_too_many_generations_is_private() -> None:
    chain = [derived(10), *(derived(10 + n, 9 + n) for n in range(1, MAX_GENERATIONS + 2))]
    tables = catalogue(*chain)
    assert readable(tables, 10 + MAX_GENERATIONS)
    assert not readable(tables, 11 + MAX_GENERATIONS)


def test_single_reads_check_the_source() -> None:
    private = catalogue(derived(10), publicly_releasable=False)
    assert read_derivative(private, READER, identifier(10))
    assert load_derivatives(private, READER, [identifier(10)])
    with pytest.raises(ForbiddenError):
        read_derivative(private, STRANGER, identifier(10))
    with pytest.raises(ForbiddenError):
        load_derivatives(private, STRANGER, [identifier(10)])


def test_a_derivative_that_was_deleted_with_its_source_is_gone_for_everybody() -> None:
    deleted = catalogue(derived(10, deleted_on=NOON), deleted_on=NOON)
    with pytest.raises(GoneError):
        read_derivative(deleted, STRANGER, identifier(10))


@pytest.mark.parametrize("who", [STRANGER, ANONYMOUS])
def test_the_thumbnail_of_a_private_file_is_not_served(who: Caller) -> None:
    uploads = InMemoryUploads(
        upload(thumbnail_status=ThumbnailStatus.READY, claimed_by=f"metadata/{METADATA}")
    )
    tables = catalogue(thumbnail())
    assert find_derivative(uploads, tables, who, "aafc", THUMBNAIL)
    private = catalogue(thumbnail(), publicly_releasable=False)
    assert find_derivative(uploads, private, READER, "aafc", THUMBNAIL)
    with pytest.raises((ForbiddenError, UnauthenticatedError)):
        find_derivative(uploads, private, who, "aafc", THUMBNAIL)
    with pytest.raises((ForbiddenError, UnauthenticatedError)):
        find_thumbnail(uploads, private, who, "aafc", FILE)


def test_an_uploaded_derivative_of_a_private_file_is_not_served() -> None:
    own = {"file_identifier": identifier(30), "object_key": "derivatives/aafc/30.png"}
    record = thumbnail(identifier=identifier(10), created_by="alice", **own)
    uploads = InMemoryUploads(
        upload(file_identifier=identifier(30), is_derivative=True, claimed_by=record.instance_id)
    )
    assert find_derivative(uploads, catalogue(record), STRANGER, "aafc", identifier(30))
    private = catalogue(record, publicly_releasable=False)
    with pytest.raises(ForbiddenError):
        find_derivative(uploads, private, STRANGER, "aafc", identifier(30))


def test_exports_and_includes_leave_derivatives_of_private_files_out() -> None:
    uploads = InMemoryUploads(
        upload(thumbnail_status=ThumbnailStatus.READY, claimed_by=f"metadata/{METADATA}")
    )
    for is_public in (True, False):
        child = derived(10, generated_from_derivative=THUMBNAIL)
        tables = catalogue(thumbnail(), child, publicly_releasable=is_public)
        resolver = SourceResolver(caller=STRANGER, uploads=uploads, catalogue=tables)
        assert resolver.resolve([THUMBNAIL])[THUMBNAIL].is_readable is is_public
        related = find_related(
            InMemoryLists(), tables, STRANGER, Kind.DERIVATIVE, [child], ["generatedFromDerivative"]
        )
        assert bool(related.linked) is is_public


def test_lists_and_filters_leave_derivatives_of_private_files_out() -> None:
    public_only = Comparison("publiclyReleasable", Operator.EQ, True)
    in_bucket = Comparison("bucket", Operator.EQ, "aafc", ignores_case=True)
    records = [derived(number) for number in (10, 11)] + [
        derived(12, ac_derived_from=identifier(90))
    ]
    tables = catalogue(*records)
    private = metadata(identifier=identifier(90), publicly_releasable=False)
    tables.metadata_records[private.identifier] = private
    for condition in (public_only, AllOf((public_only, in_bucket))):
        query = Query(kind=Kind.DERIVATIVE, condition=condition)
        for who, expected in ((STRANGER, 2), (READER, 3)):
            hide = partial(hide_unreadable_derivatives, tables, who)
            read = partial(read_page, InMemoryLists(records), FrozenClock(), who, query)
            page = read(PageRequest(), hide)
            assert (len(page.records), page.total) == (expected, expected)
            skipped = PageRequest(cursor=Cursor(skip=1))
            assert len(read(skipped, hide).records) == expected - 1


def test_no_total_counts_derivatives_of_private_files() -> None:
    records = [derived(number) for number in range(10, 16)]
    tables = catalogue(*records, publicly_releasable=False)
    hide = partial(hide_unreadable_derivatives, tables, STRANGER)
    query = Query(
        kind=Kind.DERIVATIVE, condition=Comparison("publiclyReleasable", Operator.EQ, True)
    )
    lists, limit = InMemoryLists(records), PageRequest(limit=1)
    page = read_page(lists, FrozenClock(), STRANGER, query, limit, hide)
    assert (page.records, page.total) == ((), 0)
