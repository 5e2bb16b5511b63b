"""Invalid tokens are refused, and callers may do what the permission matrix says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coffer.domain.permissions.rights import RIGHTS
from local.stack import LocalStack
from local.tokens import Issuer
from tests.api import token_auth
from tests.api.clients import header, multipart, problems
from tests.api.images import png
from tests.security.tokens.permission_matrix import (
    CALLERS,
    GRANTED,
    LEAST,
    NOT_FORBIDDEN,
    REFUSED,
    OperationRequests,
    checked,
    matrix,
)
from tests.security.tokens.token_cases import CASES, good


@pytest.fixture(scope="module")
def issuer(secured_stack: LocalStack) -> Issuer:
    assert secured_stack.issuer is not None
    return secured_stack.issuer


@pytest.fixture(scope="module")
def world(secured_stack: LocalStack, issuer: Issuer) -> OperationRequests:
    return OperationRequests(secured_stack, issuer)


@pytest.mark.parametrize("name", CASES)
def test_an_invalid_token_is_refused(secured_stack: LocalStack, issuer: Issuer, name: str) -> None:
    case = CASES[name]
    response = secured_stack.request(
        "POST",
        "/api/v1/upload/aafc",
        headers=case.headers(issuer),
        json_body={"files": [{"originalFilename": "a.png"}]},
    )
    assert problems(response) == [(str(case.status), case.code)]
    if case.status == 401:
        error = "" if case.code == "token_required" else ' error="invalid_token"'
        assert header(response, "www-authenticate") == f"Bearer{error}"
    assert secured_stack.failures == []


@pytest.mark.parametrize("name", ["no header", "alg none, some signature", "expired", "20 KB long"])
def test_every_route_of_the_api_requires_a_token(
    secured_stack: LocalStack, issuer: Issuer, name: str
) -> None:
    case = CASES[name]
    routes = token_auth.protected_routes(secured_stack)
    assert len(routes) >= 12
    for route in routes:
        response = secured_stack.request(
            route.method, token_auth.target(route), headers=case.headers(issuer)
        )
        assert (route.key, response.status) == (route.key, 401)
        assert problems(response) == [("401", case.code)]
        assert header(response, "www-authenticate").startswith("Bearer")
    assert secured_stack.failures == []


def test_a_refused_upload_stores_nothing(secured_stack: LocalStack, issuer: Issuer) -> None:
    headers, form = multipart(png())
    before = (secured_stack.keys("ObjectBucket"), len(secured_stack.items("UploadsTable")))
    for case in CASES.values():
        sent = [*headers.items(), *case.headers(issuer)]
        response = secured_stack.request("POST", "/api/v1/file/aafc", headers=sent, body=form)
        assert response.status == case.status
    after = (secured_stack.keys("ObjectBucket"), len(secured_stack.items("UploadsTable")))
    assert after == before


def test_no_response_repeats_the_token(secured_stack: LocalStack, issuer: Issuer) -> None:
    path = f"/api/v1/metadata/{token_auth.SOME_ID}"
    for case in CASES.values():
        headers = case.headers(issuer)
        response = secured_stack.request("GET", path, headers=headers)
        for _, value in headers:
            token = value.removeprefix("Bearer ").strip()
            assert not token or token not in response.text


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_valid_token_is_accepted_in_any_spelling_of_the_scheme(
    secured_stack: LocalStack, issuer: Issuer, scheme: str
) -> None:
    response = secured_stack.request(
        "POST",
        "/api/v1/upload/aafc",
        headers={"Authorization": f"{scheme}  {good(issuer)}"},
        json_body={"files": [{"originalFilename": "a.png"}]},
    )
    assert response.status == 200, response.text


@pytest.mark.parametrize("operation", matrix())
def test_an_operation_is_permitted_to_the_callers_in_the_matrix(
    world: OperationRequests, operation: str
) -> None:
    may = LEAST[matrix()[operation]]
    refused = NOT_FORBIDDEN.get(operation, REFUSED)
    for caller in CALLERS:
        response = world.ask(caller, operation)
        granted = GRANTED - {refused}
        expected = granted if caller in may else {401 if caller == "nobody" else refused}
        assert response.status in expected, f"{caller}: {response.status} {response.text[:200]}"
    assert world.stack.failures == []


def test_the_matrix_and_the_operations_are_the_same(world: OperationRequests) -> None:
    assert set(matrix()) == set(world.operations())


def test_the_matrix_has_every_route(world: OperationRequests) -> None:
    asked = {
        (method, target.partition("?")[0]) for method, target, _ in world.operations().values()
    }
    missing = [
        route.key
        for route in world.stack.resources.routes
        if route.path.startswith("/")
        and not route.path.startswith("/{service}/")
        and route.method != "HEAD"  # the same handler as for GET
        and not any(
            route.method == method and token_auth.pattern(route).fullmatch(path)
            for method, path in asked
        )
    ]
    assert missing == [], "not in the matrix of permissions"


def test_a_token_expires_by_the_stacks_clock(secured_stack: LocalStack, issuer: Issuer) -> None:
    token = issuer.token("alice", ["aafc/user"], expires_seconds=3600)
    ask = {"Authorization": f"Bearer {token}"}
    path = f"/api/v1/metadata/{token_auth.SOME_ID}"
    assert secured_stack.request("GET", path, headers=ask).status == 404
    secured_stack.clock.advance(timedelta(seconds=3600 + 5))  # within the leeway
    assert secured_stack.request("GET", path, headers=ask).status == 404
    secured_stack.clock.advance(timedelta(seconds=10))
    late = secured_stack.request("GET", path, headers=ask)
    assert problems(late) == [("401", "token_expired")]


@pytest.mark.parametrize("type_", checked())
def test_the_permission_check_says_what_the_operations_allow(
    world: OperationRequests, type_: str
) -> None:
    for caller in LEAST["signed in"]:
        allowed = {
            permission
            for permission, operation in checked()[type_].items()
            if world.ask(caller, operation).status != REFUSED
        }
        for group in ({"group": "aafc"}, {"bucket": "AAFC"}, {"group": "x", "bucket": "aafc"}):
            given = {**group, "createdBy": "alice"}
            assert world.permissions(caller, type_, **given) == allowed, (caller, given)


def test_the_permission_check_knows_every_type_that_has_rights() -> None:
    assert set(checked()) == set(RIGHTS)
    assert {type_: set(rights) for type_, rights in RIGHTS.items()} == {
        type_: set(operations) for type_, operations in checked().items()
    }


@pytest.mark.parametrize("caller", sorted(LEAST["signed in"] - {"realm's admin"}))
def test_without_a_group_or_an_owner_nobody_has_the_rights_that_depend_on_it(
    world: OperationRequests, caller: str
) -> None:
    for type_ in ("metadata", "derivative", "object-upload", "resource-name-identifier"):
        assert world.permissions(caller, type_) == set()
        assert world.permissions(caller, type_, bucket="elsewhere") == set()
    assert world.permissions(caller, "object-export") == {"create"}
    assert world.permissions(caller, "object-export", createdBy="bob") == {"create"}
