"""The routes of a function: dispatch, errors, internal errors and logging."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from coffer.domain.errors import InvalidError, MalformedRequestError, UnauthenticatedError
from coffer.http.api import LIST_QUERY, Api, correlation_id, require_variable
from coffer.http.requests import Request
from coffer.http.responses import JSON_API, Response
from tests.unit.conftest import LogLines
from tests.unit.http.events import make_event, make_request

CONTEXT = SimpleNamespace(aws_request_id="lambda-request-1")
ROUTE = "GET /api/v1/metadata/{id}"
SECRETS = {
    "headers": {"authorization": "Bearer s3cret-token", "cookie": "s3cret-cookie"},
    "body": '{"s3cret": "body"}',
    "query": "X-Amz-Signature=s3cret",
    "path": "/api/v1/metadata/s3cret",
}


def serve(app: Api, **parts: Any) -> dict[str, Any]:
    return app.handler()(make_event(ROUTE, **parts), CONTEXT)


def app_that(outcome: Response | Exception, **options: Any) -> Api:
    app = Api(**options)

    @app.route(ROUTE)
    def handle(_request: Request) -> Response:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return app


def errors_of(response: dict[str, Any]) -> list[dict[str, Any]]:
    assert response["headers"]["Content-Type"] == JSON_API
    return list(json.loads(response["body"])["errors"])


def test_a_route_is_found_by_its_route_key() -> None:
    app = Api()

    @app.route("GET /a", "HEAD /a")
    def show(request: Request) -> Response:
        return Response(body=request.route_key)

    assert set(app.routes) == {"GET /a", "HEAD /a"}
    assert app.handler()(make_event("HEAD /a"), CONTEXT)["body"] == "HEAD /a"


def test_an_expected_error_becomes_its_document() -> None:
    response = serve(app_that(InvalidError("some_code", "Some detail.", pointer="/data")))
    assert response["statusCode"] == 422
    [error] = errors_of(response)
    assert (error["code"], error["source"]) == ("some_code", {"pointer": "/data"})


def test_an_unexpected_error_is_not_shown(log_lines: LogLines) -> None:
    response = serve(app_that(RuntimeError("the s3cret of the table")))
    assert response["statusCode"] == 500
    [error] = errors_of(response)
    assert error["code"] == "internal_error"
    assert "s3cret" not in json.dumps(response)
    [failed] = [line for line in log_lines() if line["level"] == "ERROR"]
    assert failed["exception_name"] == "RuntimeError"


def test_an_unserved_route_is_an_internal_error() -> None:
    assert Api().handler()(make_event(ROUTE), CONTEXT)["statusCode"] == 500


def test_the_id_of_an_internal_error_is_in_the_log(log_lines: LogLines) -> None:
    response = serve(app_that(RuntimeError()), headers={"x-correlation-id": "callers-own"})
    [error] = errors_of(response)
    told = error["detail"].rstrip(".").rpartition(" ")[2]
    assert all(told in line.values() for line in log_lines())


def test_a_request_that_accepts_no_json_is_refused_first() -> None:
    app = app_that(AssertionError("must not be served"))
    response = serve(app, headers={"accept": "text/html"})
    assert response["statusCode"] == 406
    [error] = errors_of(response)
    assert (error["code"], error["source"]) == ("not_acceptable", {"header": "Accept"})


UNKNOWN = ["q=", "limit=3", "bucket=mybucket", "page=2", "page[number]=2", "sort[a]=b", "filter=x"]


@pytest.mark.parametrize("query", UNKNOWN)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_query_parameter_is_refused(query: str, method: str) -> None:
    app = Api()

    @app.route(f"{method} /a", query=LIST_QUERY)
    def handle(_request: Request) -> Response:
        if method == "GET":
            return Response()
        raise AssertionError("the route must not write")

    response = app.handler()(make_event(f"{method} /a", query=query), CONTEXT)

    assert response["statusCode"] == 400
    [error] = errors_of(response)
    name = query.partition("=")[0]
    assert (error["code"], error["source"]) == ("unknown_parameter", {"parameter": name})
    assert "page[offset]" in error["detail"]


def test_parameters_without_effect_and_repeated_filters_are_accepted() -> None:
    app = Api()
    app.route("GET /a", query="filter[")(lambda _request: Response())
    query = "lang=fr&optfields[metadata]=x&filter[a]=b&filter[a]=c"

    assert app.handler()(make_event("GET /a", query=query), CONTEXT)["statusCode"] == 200


def test_a_repeated_parameter_is_refused() -> None:
    app = Api()
    app.route("GET /a", query="sort")(lambda _request: Response())

    [error] = errors_of(app.handler()(make_event("GET /a", query="sort=a&sort=b"), CONTEXT))

    assert (error["code"], error["source"]) == ("malformed_parameter", {"parameter": "sort"})


def test_unknown_parameters_are_reported_with_the_problems_of_the_route() -> None:
    app = app_that(InvalidError("some_code", "Some detail."))

    response = serve(app, query="a=1&b=2")

    assert response["statusCode"] == 400
    assert [one["code"] for one in errors_of(response)] == [
        *["unknown_parameter"] * 2,
        "some_code",
    ]


def test_a_caller_without_a_token_is_refused_before_the_query() -> None:
    app = app_that(UnauthenticatedError("token_required", "A token is needed."))

    assert serve(app, query="a=1")["statusCode"] == 401


def test_a_route_with_its_own_types_does_not_negotiate() -> None:
    app = app_that(Response(body=b"png"), negotiates=False)
    assert serve(app, headers={"accept": "image/png"})["statusCode"] == 200


def test_an_api_may_render_errors_itself() -> None:
    def render(_error: Exception, _request: Request) -> Response:
        return Response(status=418)

    app = app_that(InvalidError("c", "d"), errors=render)
    assert serve(app)["statusCode"] == 418

    def crash(_request: Request) -> Response:
        return Response(status=599)

    assert serve(app_that(RuntimeError(), crash=crash))["statusCode"] == 599


def test_each_request_is_logged_once_with_its_result(
    log_lines: LogLines, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(app_that(Response(status=201)))
    [line] = log_lines()
    assert line["message"] == "served"
    assert line["route"] == ROUTE
    assert line["status"] == 201
    assert line["correlation_id"] == "gateway-request-1"
    assert line["function_request_id"] == "lambda-request-1"
    assert line["milliseconds"] >= 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Coffer"
    assert "Duration" in metrics


def test_a_refusal_is_logged_with_its_codes(log_lines: LogLines) -> None:
    serve(app_that(InvalidError("some_code", "The s3cret detail.")))
    refused, served = log_lines()
    assert (refused["message"], refused["codes"]) == ("refused", ["some_code"])
    assert served["status"] == 422
    assert "s3cret" not in json.dumps(log_lines())


def test_a_crash_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    serve(app_that(RuntimeError()))
    assert json.loads(capsys.readouterr().out)["Failures"] == [1.0]


@pytest.mark.parametrize("outcome", [Response(), InvalidError("c", "d"), RuntimeError("x")])
def test_nothing_that_a_caller_sent_is_logged(
    log_lines: LogLines, capsys: pytest.CaptureFixture[str], outcome: Response | Exception
) -> None:
    serve(app_that(outcome), **SECRETS)
    assert log_lines()
    assert "s3cret" not in json.dumps(log_lines())
    assert "s3cret" not in capsys.readouterr().out


def test_log_keys_are_not_kept_for_the_next_request(log_lines: LogLines) -> None:
    app = app_that(Response())
    serve(app, headers={"x-correlation-id": "first"})
    serve(app)
    assert [line["correlation_id"] for line in log_lines()] == ["first", "gateway-request-1"]


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("abc-123_x.y:z", "abc-123_x.y:z"),
        (" padded ", "padded"),
        ("", "gateway-request-1"),
        ("x" * 128, "x" * 128),
        ("x" * 129, "gateway-request-1"),
        ('{"a": 1}', "gateway-request-1"),
        ("a\nb", "gateway-request-1"),
        ("é", "gateway-request-1"),
        ("²", "gateway-request-1"),
    ],
)
def test_a_plain_correlation_id_of_the_caller_is_used(given: str, used: str) -> None:
    assert correlation_id(make_request(headers={"x-correlation-id": given})) == used


def test_a_missing_path_variable_is_malformed() -> None:
    assert require_variable(make_request(variables={"id": "x"}), "id") == "x"
    for variables in ({}, {"id": ""}):
        with pytest.raises(MalformedRequestError, match="lacks its id"):
            require_variable(make_request(variables=variables), "id")
