"""Error documents: the table of statuses is complete, and nothing internal is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from coffer.domain import errors as domain
from coffer.domain.errors import (
    CombinedError,
    ConflictError,
    GoneError,
    InvalidError,
    MalformedRequestError,
    NotReadyError,
    PartialWriteError,
    Problem,
    RequestError,
    UnauthenticatedError,
    UnavailableError,
    combine_errors,
)
from coffer.http import errors as http
from coffer.http.errors import (
    MethodNotAllowedError,
    RangeNotSatisfiableError,
    headers_of,
    render_error,
    render_internal_error,
    status_of,
)
from tests.unit.http.events import make_request, problems_of

REQUEST = make_request()


def tree(root: type[RequestError]) -> Iterator[type[RequestError]]:
    """Return every class of ours below `root`."""
    for kind in root.__subclasses__():
        if kind.__module__ in (domain.__name__, http.__name__):
            yield kind
            yield from tree(kind)


def make(kind: type[RequestError]) -> RequestError:
    if kind is GoneError:
        return GoneError("code", "Detail.", instance_id="metadata/x")
    if kind is MethodNotAllowedError:
        return MethodNotAllowedError("PUT", "/x", ("GET", "HEAD"))
    if kind is RangeNotSatisfiableError:
        return RangeNotSatisfiableError(7)
    if kind is PartialWriteError:
        failed = {1: ConflictError("code", "Detail.")}
        return PartialWriteError(failed=failed, written={0: "x"})
    if kind is CombinedError:
        return CombinedError([MalformedRequestError("code", "Detail.")])
    return kind("code", "Detail.")


@pytest.mark.parametrize("kind", list(tree(RequestError)))
def test_every_error_has_a_status_and_a_document(kind: type[RequestError]) -> None:
    error = make(kind)
    response = render_error(error, REQUEST)
    assert 400 <= response.status < 600
    assert response.status != HTTPStatus.INTERNAL_SERVER_ERROR
    [document] = problems_of(response)
    assert document["status"] == str(int(response.status))
    assert document["title"] == HTTPStatus(response.status).phrase
    assert document["code"] == error.problems[0].code
    assert document["detail"]


def test_every_row_of_the_table_is_a_class_of_the_tree() -> None:
    assert set(http.STATUS) <= set(tree(RequestError))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("MalformedRequestError", 400),
        ("UnauthenticatedError", 401),
        ("ForbiddenError", 403),
        ("NotFoundError", 404),
        ("NotReadyError", 404),
        ("MethodNotAllowedError", 405),
        ("NotAcceptableError", 406),
        ("ConflictError", 409),
        ("GoneError", 410),
        ("PreconditionError", 412),
        ("TooLargeError", 413),
        ("UnsupportedTypeError", 415),
        ("InvalidError", 422),
        ("UnavailableError", 503),
    ],
)
def test_each_error_has_its_status(kind: str, status: int) -> None:
    found = getattr(domain, kind, None) or getattr(http, kind)
    assert status_of(make(found)) == status


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (UnauthenticatedError("token_required", "d"), {"WWW-Authenticate": "Bearer"}),
        (
            UnauthenticatedError("token_expired", "d"),
            {"WWW-Authenticate": 'Bearer error="invalid_token"'},
        ),
        (MethodNotAllowedError("PUT", "/x", ("GET", "HEAD")), {"Allow": "GET, HEAD"}),
        (NotReadyError("c", "d"), {"Retry-After": "2"}),
        (UnavailableError("c", "d"), {"Retry-After": "1"}),
        (InvalidError("c", "d"), {}),
    ],
)
def test_errors_have_the_headers_of_their_status(
    error: RequestError, headers: dict[str, str]
) -> None:
    assert headers_of(error) == headers
    response = render_error(error, REQUEST)
    assert headers.items() <= dict(response.headers).items()


def test_all_problems_are_reported_with_their_source() -> None:
    error = InvalidError.of(
        [
            Problem("one", "First.", pointer="/data"),
            Problem("two", "Second.", parameter="page[limit]"),
            Problem("three", "Third.", header="Accept"),
            Problem("four", "Fourth."),
        ]
    )
    documents = problems_of(render_error(error, REQUEST))
    assert [document["code"] for document in documents] == ["one", "two", "three", "four"]
    assert [document.get("source") for document in documents] == [
        {"pointer": "/data"},
        {"parameter": "page[limit]"},
        {"header": "Accept"},
        None,
    ]


def test_a_gone_resource_links_to_its_audit() -> None:
    [document] = problems_of(render_error(GoneError("c", "d", instance_id="metadata/x"), REQUEST))
    assert document["links"] == {
        "about": "https://coffer.example/api/v1/audit-snapshot?filter[instanceId]=metadata/x"
    }


def test_an_internal_error_shows_only_the_request_id() -> None:
    response = render_internal_error(REQUEST)
    assert response.status == 500
    [document] = problems_of(response)
    assert document == {
        "status": "500",
        "code": "internal_error",
        "title": "Internal Server Error",
        "detail": "An unexpected error occurred. Please report the request gateway-request-1.",
    }


def test_a_response_with_a_million_problems_fits_the_gateway() -> None:
    problems = [Problem("code", "d" * 200, pointer=f"/files/{n}") for n in range(100_000)]
    response = render_error(InvalidError.of(problems), REQUEST)
    assert len(json.dumps(response.to_gateway())) < 1024**2
    documents = problems_of(response)
    assert documents[-1]["code"] == "more_problems"
    assert "99001 more" in documents[-1]["detail"]
    assert [document["code"] for document in documents[:-1]] == ["code"] * 999


def test_errors_of_several_classes_keep_their_statuses() -> None:
    error = combine_errors(
        [
            MalformedRequestError("first", "Malformed."),
            GoneError("second", "Gone.", instance_id="metadata/x"),
            InvalidError("third", "Invalid."),
        ]
    )
    response = render_error(error, REQUEST)
    assert response.status == HTTPStatus.BAD_REQUEST
    documents = problems_of(response)
    assert [(one["status"], one["code"]) for one in documents] == [
        ("400", "first"),
        ("410", "second"),
        ("422", "third"),
    ]
    assert documents[1]["links"]["about"].endswith("filter[instanceId]=metadata/x")


def test_errors_of_one_class_stay_of_that_class() -> None:
    error = combine_errors([InvalidError("first", "One."), InvalidError("second", "Two.")])
    assert isinstance(error, InvalidError)
    assert [problem.code for problem in error.problems] == ["first", "second"]


def test_an_error_about_an_entry_points_into_it() -> None:
    [problem] = InvalidError("code", "Detail.", pointer="/data/attributes/x").at_entry(3).problems
    assert problem.pointer == "/data/3/attributes/x"


def test_several_errors_about_an_entry_point_into_it() -> None:
    entry = combine_errors([MalformedRequestError("first", "One."), InvalidError("second", "Two.")])
    error = combine_errors([entry.at_entry(7), InvalidError("third", "Three.").at_entry(9)])
    documents = problems_of(render_error(error, REQUEST))
    told = [(one["status"], one["code"], one["source"]["pointer"]) for one in documents]
    assert told == [
        ("400", "first", "/data/7"),
        ("422", "second", "/data/7"),
        ("422", "third", "/data/9"),
    ]
