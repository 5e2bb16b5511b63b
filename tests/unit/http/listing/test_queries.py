"""Query parameters of lists: how they are parsed, and which errors they cause."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.errors import MalformedRequestError, RequestError
from coffer.domain.fields import FieldType
from coffer.domain.listing.fields import FIELDS, filter_values
from coffer.domain.listing.filters import (
    EVERYTHING,
    OPERATORS,
    AllOf,
    AnyOf,
    Comparison,
    Filter,
    Operator,
    comparisons,
    matches,
)
from coffer.domain.listing.index_keys import Kind, ListedRecord, SortOrder
from coffer.domain.listing.pages import Cursor
from coffer.domain.listing.patterns import literal_parts
from coffer.domain.listing.query_plan import Query
from coffer.http.listing.comparisons import QueryError
from coffer.http.listing.cursors import decode_cursor, encode_cursor
from coffer.http.listing.queries import ListQuery, View, parse_list_query, parse_view
from coffer.http.requests import Request
from tests.fakes.records import FILE, METADATA, identifier, metadata, thumbnail, upload

MAKE: dict[Kind, Callable[..., ListedRecord]] = {
    Kind.METADATA: metadata,
    Kind.DERIVATIVE: thumbnail,
    Kind.OBJECT_UPLOAD: upload,
}


def request(query: str) -> Request:
    return Request.from_event(
        {
            "routeKey": "GET /api/v1/metadata",
            "rawPath": "/api/v1/metadata",
            "rawQueryString": query,
            "headers": {},
            "requestContext": {
                "http": {"method": "GET"},
                "domainName": "api.example",
                "requestId": "r",
            },
        }
    )


def parse(query: str, kind: Kind = Kind.METADATA) -> ListQuery:
    return parse_list_query(request(query), kind)


def problems(query: str, kind: Kind = Kind.METADATA) -> list[tuple[str, str | None]]:
    with pytest.raises(MalformedRequestError) as caught:
        parse(query, kind)
    return [(problem.code, problem.parameter) for problem in caught.value.problems]


def condition(query: str, kind: Kind = Kind.METADATA) -> Filter:
    return parse(query, kind).query.condition


def meets(query: str, kind: Kind = Kind.METADATA, **changes: Any) -> bool:
    return matches(condition(query, kind), filter_values(MAKE[kind](**changes)))


def test_an_empty_query_means_everything_from_the_beginning() -> None:
    parsed = parse("")
    assert parsed.query == Query(kind=Kind.METADATA, condition=EVERYTHING)
    assert (parsed.page.limit, parsed.page.cursor, parsed.view) == (20, Cursor(), View())


def test_commas_separate_alternatives_and_all_filters_must_be_met() -> None:
    assert condition("filter[filename]=a,b&filter[orientation][GT]=3") == AllOf(
        (
            AnyOf(
                (
                    Comparison("filename", Operator.EQ, "a"),
                    Comparison("filename", Operator.EQ, "b"),
                )
            ),
            AnyOf((Comparison("orientation", Operator.GT, 3),)),
        )
    )


def test_a_query_may_be_encoded_or_not() -> None:
    query = "filter[filename][EQ]=a b&page[limit]=5"
    assert parse(quote(query, safe="=&")) == parse(query)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('"a,b",c', ("a,b", "c")),
        ('"a"', ("a",)),
        ('a"b', ('a"b',)),
        ('"a', ('"a',)),
        ("", ("",)),
        ("a,", ("a", "")),
        (",", ("", "")),
        ('""', ("",)),
    ],
)
def test_a_value_in_quotes_may_contain_commas(text: str, values: tuple[str, ...]) -> None:
    expected = AnyOf(tuple(Comparison("filename", Operator.IN, value) for value in values))
    assert condition(f"filter[filename][IN]={quote(text)}") == AllOf((expected,))


FILTERS = [
    ("filter[filename]=leaf.png", True),
    ("filter[filename]=Leaf.png", False),
    ("filter[filename][NEQ]=leaf.png", False),
    ("filter[filename][NEQ]=leaf.png,other", True),
    ("filter[filename][LIKE]=leaf%25", True),
    ("filter[filename][LIKE]=%25EAF%25", False),
    ("filter[filename][ILIKE]=%25EAF%25", True),
    ("filter[filename][LIKE]=l__f.png", True),
    ("filter[filename][GT]=leaf", True),
    ("filter[filename][LT]=leaf.png", False),
    ("filter[filename][LE]=leaf.png", True),
    ("filter[filename][GE]=leaf.png", True),
    ("filter[bucket]=AAFC", True),
    ("filter[group][LIKE]=AA%25", True),
    ("filter[bucket][NEQ]=AAFC", False),
    ("filter[dcType]=IMAGE", True),
    ("filter[dcType]=Image", True),
    ("filter[dcType][NEQ]=SOUND", True),
    ("filter[dcType][LIKE]=%25MAG%25", True),
    ("filter[publiclyReleasable]=true", True),
    ("filter[publiclyReleasable]=False", False),
    ("filter[createdOn]=2026-11-22T12:00:00.25Z", True),
    ("filter[createdOn]=2026-11-22T13:00:00.25%2B01:00", True),
    ("filter[createdOn]=2026-11-22T13:00:00.25+01:00", True),
    ("filter[createdOn][GE]=2026-11-22", True),
    ("filter[createdOn][LT]=2026-11-22", False),
    (f"filter[fileIdentifier]={FILE.upper()}", True),
    (f"filter[fileIdentifier][LIKE]={FILE[:8].upper()}%25", True),
    ("filter[orientation]=6", True),
    ("filter[orientation]=6.0", True),
    ("filter[orientation][GE]=7", False),
    ("filter[acTags]=leaf", True),
    ("filter[acTags]=tree", False),
    ("filter[acTags][NEQ]=leaf", True),
    ("filter[managedAttributes.colour]=red", True),
    ("filter[managedAttributes.shape]=red", False),
    ("filter[managedAttributes.shape][NEQ]=red", False),
    (f"filter[dcCreator.id]={METADATA}", True),
    ("filter[acCaption][NEQ]=anything", False),
    ("fiql=filename==leaf.png", True),
    ("fiql=filename==*.png", True),
    ("fiql=filename!=*.png", False),
    ("fiql=filename!=*.jpg", True),
    ("fiql=bucket==AA*", True),
    ("fiql=(fileExtension==.jpg,fileExtension==.png);bucket==aafc", True),
    ("fiql=fileExtension==.jpg,fileExtension==.png;bucket==cnc", False),
    ("fiql=orientation=gt=5;orientation=le=6", True),
    ("fiql=orientation=lt=6,orientation=ge=7", False),
    ('fiql=filename=="leaf.png"', True),
    ("fiql=filename==leaf%252Epng", True),
    ("fiql=filename==*%252Epng", True),
    ("fiql=filename==lea%252A", False),
    ("fiql=createdOn=ge=2026-01-01", True),
]


@pytest.mark.parametrize(("query", "is_met"), FILTERS, ids=[query for query, _ in FILTERS])
def test_a_filter_is_met_or_not(query: str, is_met: bool) -> None:
    found = meets(
        query,
        orientation=6,
        ac_tags=("leaf", "green"),
        managed_attributes={"colour": "red"},
        dc_creator=METADATA,
    )
    assert found is is_met


def test_every_kind_has_its_own_attributes() -> None:
    assert meets(f"filter[acDerivedFrom.id]={METADATA}", Kind.DERIVATIVE)
    assert meets("filter[derivativeType]=THUMBNAIL_IMAGE", Kind.DERIVATIVE)
    assert meets("filter[uploadStatus]=AVAILABLE", Kind.OBJECT_UPLOAD)
    assert not meets("filter[rejectionReason.code]=empty_file", Kind.OBJECT_UPLOAD)
    assert problems("filter[derivativeType]=LARGE_IMAGE") == [
        ("unknown_attribute", "filter[derivativeType]")
    ]


@pytest.mark.parametrize("kind", Kind)
def test_every_attribute_can_be_filtered(kind: Kind) -> None:
    for name, field in FIELDS[kind].by_name.items():
        paths = [f"{name}.{member.name}" for member in field.members] or [name]
        if field.type is FieldType.TEXT_MAP:
            paths = [f"{name}.anything"]
        for path in paths:
            assert FIELDS[kind].find(path) is not None
            assert problems(f"filter[{path}][AS]=x", kind) == [
                ("malformed_parameter", f"filter[{path}][AS]")
            ]


WRONG = [
    ("filter[colour]=red", "unknown_attribute", "filter[colour]"),
    ("filter[rsql]=a==b", "unknown_attribute", "filter[rsql]"),
    ("filter[derivatives.id]=x", "unknown_attribute", "filter[derivatives.id]"),
    ("filter[dcCreator]=x", "unknown_attribute", "filter[dcCreator]"),
    ("filter[dcCreator.name]=x", "unknown_attribute", "filter[dcCreator.name]"),
    ("filter[managedAttributes]=x", "unknown_attribute", "filter[managedAttributes]"),
    ("filter[filename.x]=x", "unknown_attribute", "filter[filename.x]"),
    ("filter[filename][eq]=x", "malformed_parameter", "filter[filename][eq]"),
    ("filter[filename][UNLIKE]=x", "malformed_parameter", "filter[filename][UNLIKE]"),
    ("filter[filename][]=x", "malformed_parameter", "filter[filename][]"),
    ("filter[]=x", "malformed_parameter", "filter[]"),
    ("filter[a][b][c]=x", "malformed_parameter", "filter[a][b][c]"),
    ("filter[a=x", "malformed_parameter", "filter[a"),
    ("filter[orientation]=six", "malformed_parameter", "filter[orientation]"),
    ("filter[orientation]=6.5", "malformed_parameter", "filter[orientation]"),
    ("filter[orientation][LIKE]=6", "malformed_parameter", "filter[orientation][LIKE]"),
    ("filter[createdOn]=yesterday", "malformed_parameter", "filter[createdOn]"),
    ("filter[createdOn]=2026-11-22T12:00:00", "malformed_parameter", "filter[createdOn]"),
    ("filter[createdOn]=2026-13-40", "malformed_parameter", "filter[createdOn]"),
    ("filter[createdOn][ILIKE]=2026%25", "malformed_parameter", "filter[createdOn][ILIKE]"),
    ("filter[publiclyReleasable]=yes", "malformed_parameter", "filter[publiclyReleasable]"),
    (
        "filter[publiclyReleasable][GT]=false",
        "malformed_parameter",
        "filter[publiclyReleasable][GT]",
    ),
    ("filter[fileIdentifier]=1", "malformed_parameter", "filter[fileIdentifier]"),
    ("filter[dcType]=PAINTING", "malformed_parameter", "filter[dcType]"),
    ("filter[bucket]=", "malformed_parameter", "filter[bucket]"),
    ("filter[bucket]=a/b", "malformed_parameter", "filter[bucket]"),
    ("filter[managedAttributes]=red", "unknown_attribute", "filter[managedAttributes]"),
    ("fiql=", "malformed_parameter", "fiql"),
    ("fiql=colour==red", "unknown_attribute", "fiql"),
    ("fiql=filename", "malformed_parameter", "fiql"),
    ("fiql=(filename==a", "malformed_parameter", "fiql"),
    ("fiql=filename==a)", "malformed_parameter", "fiql"),
    ("fiql=filename==a;", "malformed_parameter", "fiql"),
    ("fiql=createdOn==2026*", "malformed_parameter", "fiql"),
    (f"fiql={'(' * 21}filename==a{')' * 21}", "malformed_parameter", "fiql"),
    ("fiql=filename==a&filter[filename]=a", "malformed_parameter", "fiql"),
    ("sort=size", "unknown_attribute", "sort"),
    ("sort=createdOn,originalFilename", "unknown_attribute", "sort"),
    ("page[limit]=0", "malformed_parameter", "page[limit]"),
    ("page[limit]=1001", "malformed_parameter", "page[limit]"),
    ("page[limit]=-1", "malformed_parameter", "page[limit]"),
    ("page[limit]=\u0661", "malformed_parameter", "page[limit]"),
    ("page[limit]=", "malformed_parameter", "page[limit]"),
    ("page[offset]=10001", "malformed_parameter", "page[offset]"),
    ("page[cursor]=nonsense", "malformed_cursor", "page[cursor]"),
    ("page[cursor]=", "malformed_cursor", "page[cursor]"),
    ("include=friends", "unknown_relationship", "include"),
    ("include=derivatives.acDerivedFrom", "unknown_relationship", "include"),
    ("fields[person]=name", "malformed_parameter", "fields[person]"),
    ("fields[]=filename", "malformed_parameter", "fields[]"),
    ("fields[metadata][a]=filename", "malformed_parameter", "fields[metadata][a]"),
    ("fields[metadata]=size", "unknown_attribute", "fields[metadata]"),
]


@pytest.mark.parametrize(
    ("query", "code", "parameter"), WRONG, ids=[query[:40] for query, _, _ in WRONG]
)
def test_an_error_names_its_parameter(query: str, code: str, parameter: str) -> None:
    assert problems(quote(query, safe="=&%")) == [(code, parameter)]


def test_an_error_reports_all_problems() -> None:
    found = problems("filter[a]=1&filter[b]=2&sort=c&page[limit]=x&include=d&fields[e]=f")
    assert [parameter for _, parameter in found] == [
        "filter[a]",
        "filter[b]",
        "sort",
        "page[limit]",
        "include",
        "fields[e]",
    ]


@pytest.mark.parametrize("kind", Kind)
def test_lists_are_sorted_by_attributes_with_an_index(kind: Kind) -> None:
    assert parse("sort=-createdOn", kind).query == Query(
        kind=kind, order=SortOrder.CREATED, descending=True
    )
    by_change = kind is Kind.METADATA
    if by_change:
        assert parse("sort=xmpMetadataDate", kind).query.order is SortOrder.CHANGED
    else:
        assert problems("sort=xmpMetadataDate", kind) == [("unknown_attribute", "sort")]


def test_a_page_begins_at_an_offset_or_a_cursor() -> None:
    assert parse("page[offset]=10000&page[limit]=1000").page.cursor == Cursor(skip=10_000)
    cursor = encode_cursor(CURSOR, Query(kind=Kind.METADATA))
    assert parse(f"page[cursor]={cursor}").page.cursor == CURSOR
    assert problems(f"page[cursor]={cursor}&page[offset]=1") == [
        ("malformed_parameter", "page[offset]")
    ]


def test_fields_are_named_by_type() -> None:
    view = parse(
        "include=derivatives,dcCreator&fields[metadata]=filename, bucket&fields[derivative]="
    )
    assert view.view == View(
        include=("derivatives", "dcCreator"),
        fields={"metadata": frozenset({"filename", "bucket"}), "derivative": frozenset()},
    )


def test_one_record_is_viewed_with_the_same_parameters() -> None:
    parsed = request("include=acDerivedFrom&fields[metadata]=bucket")
    assert parse_view(parsed, Kind.DERIVATIVE) == View(
        include=("acDerivedFrom",), fields={"metadata": frozenset({"bucket"})}
    )
    with pytest.raises(MalformedRequestError):
        parse_view(parsed, Kind.OBJECT_UPLOAD)


CURSOR = Cursor(after=f"2026-11-22T12:00:00.250000Z#{METADATA}", skip=3, seen=40)
QUERY = Query(kind=Kind.METADATA, condition=Comparison("filename", Operator.EQ, "a"))


def test_a_cursor_is_decoded_as_it_was_encoded() -> None:
    named = Cursor(after=f"käfer ⟨1⟩.png\t2026-11-22T12:00:00.250000Z#{METADATA}")
    for cursor in (CURSOR, named, Cursor(), Cursor(skip=10_000, seen=1)):
        assert decode_cursor(encode_cursor(cursor, QUERY), QUERY) == cursor


@pytest.mark.parametrize(
    "other",
    [
        Query(kind=Kind.METADATA),
        Query(kind=Kind.DERIVATIVE, condition=QUERY.condition),
        Query(kind=Kind.METADATA, condition=QUERY.condition, descending=True),
        Query(kind=Kind.METADATA, condition=QUERY.condition, order=SortOrder.NAMED),
        Query(kind=Kind.METADATA, condition=Comparison("filename", Operator.EQ, "b")),
    ],
)
def test_a_cursor_belongs_to_its_query(other: Query) -> None:
    with pytest.raises(QueryError):
        decode_cursor(encode_cursor(CURSOR, QUERY), other)


@given(st.data())
def test_a_cursor_that_was_changed_is_refused(data: st.DataObject) -> None:
    text = encode_cursor(CURSOR, QUERY)
    at = data.draw(st.integers(0, len(text) - 1))
    instead = data.draw(st.characters(codec="utf-8").filter(lambda char: char != text[at]))
    changed = data.draw(
        st.sampled_from(
            [text[:at], f"{text[:at]}{instead}{text[at + 1 :]}", f"{text}=", f"{text}\0"]
        )
    )
    with pytest.raises(QueryError):
        decode_cursor(changed, QUERY)


@pytest.mark.parametrize(
    "forged",
    [
        [None, -1, 0],
        [None, 10_001, 0],
        [None, 0, -1],
        ["nowhere", 0, 0],
        [f"{'x' * 1000}\t2026-11-22T12:00:00.250000Z#{METADATA}", 0, 0],
        ["\ud800\t2026-11-22T12:00:00.250000Z#" + METADATA, 0, 0],
        [1, 0, 0],
        [None, 0],
        {},
        None,
    ],
)
def test_a_forged_cursor_is_refused(forged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coffer.http.listing.cursors.json.dumps", lambda *_, **__: _spelled(forged))
    text = encode_cursor(CURSOR, QUERY)
    monkeypatch.undo()
    with pytest.raises(QueryError):
        decode_cursor(text, QUERY)


def _spelled(value: Any) -> str:
    return json.JSONEncoder().encode(value)


def test_an_object_is_filtered_by_a_member() -> None:
    with pytest.raises(MalformedRequestError) as refusal:
        parse("filter[managedAttributes]=red")
    [problem] = refusal.value.problems
    assert problem.detail == (
        "managedAttributes is an object: name one of its members, managedAttributes.<name>."
    )


FIFTY = ",".join(f"acTags==*{'a' * 60}{number}*" for number in range(50))


@pytest.mark.parametrize(
    ("query", "parameter", "number", "maximum"),
    [
        (f"fiql={FIFTY}", "fiql", "50 patterns", 20),
        (f"fiql=({FIFTY});({FIFTY})", "fiql", "100 patterns", 20),
        (f"filter[acTags][LIKE]={','.join(['%25a_'] * 21)}", "filter", "21 patterns", 20),
        ("&".join(["filter[acTags][ILIKE]=%25a"] * 21), "filter", "21 patterns", 20),
        (f"filter[acTags]={','.join('a' * 201)}", "filter", "201 comparisons", 200),
        ("&".join(["filter[acTags][GT]=a"] * 201), "filter", "201 comparisons", 200),
        (f"fiql={','.join(['acTags==a'] * 201)}", "fiql", "201 comparisons", 200),
    ],
)
def test_a_query_has_a_limited_number_of_comparisons(
    query: str, parameter: str, number: str, maximum: int
) -> None:
    with pytest.raises(MalformedRequestError) as refusal:
        parse(query)
    [problem] = refusal.value.problems
    assert (problem.code, problem.parameter) == ("too_many_comparisons", parameter)
    assert number in problem.detail
    assert f"at most {maximum} are allowed" in problem.detail
    assert "fewer alternatives" in problem.detail


def test_as_many_comparisons_as_are_allowed_are_parsed() -> None:
    parse(f"filter[acTags]={','.join('a' * 200)}")
    parse(f"filter[acTags][LIKE]={','.join(['%25a'] * 20)}&filter[bucket]={','.join('a' * 180)}")


def test_a_pattern_of_an_attribute_that_ignores_case_is_in_lower_case() -> None:
    [comparison] = comparisons(condition("fiql=bucket==*AB_C*"))
    assert comparison.value == literal_parts(["", "ab_c", ""])


NOISE = st.text(st.characters(codec="utf-8"), max_size=30)
NAMES = st.one_of(
    NOISE,
    st.sampled_from(["fiql", "sort", "include", "page[limit]", "page[cursor]", "page[offset]"]),
    st.builds(
        "filter[{}][{}]".format,
        st.one_of(NOISE, st.sampled_from(sorted(FIELDS[Kind.METADATA].by_name))),
        st.one_of(NOISE, st.sampled_from(OPERATORS)),
    ),
    st.builds("fields[{}]".format, st.one_of(NOISE, st.sampled_from(list(Kind)))),
)
VALUES = st.one_of(
    NOISE,
    st.text('()=;,*!lteg"\\ ', max_size=30),
    st.sampled_from(["filename==a", "(bucket==a)", "IMAGE", "2026-01-01", "true", "6"]),
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5), st.sampled_from(list(Kind)))
def test_any_query_is_parsed_or_refused(pairs: list[tuple[str, str]], kind: Kind) -> None:
    try:
        parsed = parse(urlencode(pairs), kind)
    except RequestError as error:
        nameless = [problem for problem in error.problems if not problem.parameter]
        assert nameless == []
        return
    matches(parsed.query.condition, filter_values(MAKE[kind]()))
    cursor = encode_cursor(Cursor(seen=1), parsed.query)
    assert decode_cursor(cursor, parsed.query) == Cursor(seen=1)


def test_a_file_is_filtered_by_its_identifier() -> None:
    assert not meets(f"filter[fileIdentifier]={identifier(99)}")
