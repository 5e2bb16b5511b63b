"""Responses to generated requests are described, and never a failure.

Schemathesis generates requests that the OpenAPI document allows and requests that it forbids. Every
other example has identifiers of existing records.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis import Case, GenerationMode
from schemathesis.core.parameters import ParameterLocation

from coffer.http.openapi.document import OPERATIONS, documented_path
from coffer.http.openapi.operation import FORM
from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import describe, upload
from tests.api.images import png
from tests.fakes.files import epub
from tests.openapi.described import FORMATS, check, description, strict_description
from tests.openapi.test_responses import TERMS

EXAMPLES = int(os.environ.get("EXAMPLES", "8"))
"""Requests of each kind to each route; `make fuzz-api` sends more."""
OWNER = "5f1c9d2e"
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class FilledStack:
    """A stack with records, the path variables that name them, and a token for the rawstore."""

    stack: LocalStack
    variables: Mapping[str, Mapping[str, str]]
    token: str


@pytest.fixture(scope="module")
def filled_stack(running_stack: LocalStack) -> Iterator[FilledStack]:
    """One stack for all requests, which do not depend on each other."""
    running_stack.reset()
    yield _fill(running_stack)
    running_stack.reset()


def _fill(stack: LocalStack) -> FilledStack:
    flat = upload(stack, png()).json()
    book = upload(stack, epub(), name="book.epub", media_type="application/epub+zip").json()
    metadata = describe(stack, flat["fileIdentifier"]).json()["data"]["id"]
    attribute = _term(stack, "managed-attribute", TERMS["managed-attribute"])
    subtype = _term(stack, "object-subtype", TERMS["object-subtype"])
    stack.settle()
    assert stack.permission_tokens is not None
    file = {"bucket": "mybucket", "fileId": flat["fileIdentifier"]}
    derived = {"bucket": "mybucket", "fileId": flat["thumbnailIdentifier"]}
    return FilledStack(
        stack=stack,
        variables={
            "/api/v1/file/{bucket}/{fileId}": file,
            "/api/v1/file/{bucket}/{fileId}/thumbnail": file,
            "/api/v1/file/{bucket}/derivative/{fileId}": derived,
            "/api/v1/object-upload/{id}": {"id": flat["fileIdentifier"]},
            "/api/v1/object-upload/{id}/contents": {"id": book["fileIdentifier"]},
            "/api/v1/metadata/{id}": {"id": metadata},
            "/api/v1/metadata/{id}/{relation}": {"id": metadata},
            "/api/v1/metadata/{id}/relationships/{relation}": {"id": metadata},
            "/api/v1/derivative/{id}/{relation}": {"id": flat["thumbnailIdentifier"]},
            "/api/v1/derivative/{id}/relationships/{relation}": {"id": flat["thumbnailIdentifier"]},
            "/api/v1/file-info/{bucket}/{filename}": {
                "bucket": "mybucket",
                "filename": f"{flat['fileIdentifier']}.png",
            },
            "/api/v1/license/{id}": {"id": "attribution-international-4"},
            "/api/v1/config/{id}": {"id": "file-upload"},
            "/api/v1/managed-attribute/{id}": {"id": attribute},
            "/api/v1/object-subtype/{id}": {"id": subtype},
            "/api/v1/derivative/{id}": {"id": flat["thumbnailIdentifier"]},
            "/api/v1/media-type/{id+}": {"id": "image/jpeg"},
        },
        token=stack.permission_tokens.sign(OWNER, "rawstore", {"datapackage-upload": True}),
    )


def _term(stack: LocalStack, kind: str, attributes: Mapping[str, Any]) -> str:
    document = {"data": {"type": kind, "attributes": dict(attributes)}}
    return str(stack.request("POST", f"/api/v1/{kind}", json_body=document).json()["data"]["id"])


def _open_description() -> dict[str, Any]:
    """Return the document without tokens, which the local stack does not need."""
    document = copy.deepcopy(strict_description())
    for item in document["paths"].values():
        for operation in item.values():
            operation["security"] = []
    return document


SCHEMA = schemathesis.openapi.from_dict(_open_description())
REQUESTS = [
    pytest.param(key, mode, id=f"{key} {mode.value}")
    for key, operation in OPERATIONS.items()
    for mode in GenerationMode
    # A route without parameters and body has no forbidden requests.
    if mode is GenerationMode.POSITIVE or operation.parameters or operation.body
]


@pytest.mark.parametrize(("key", "mode"), REQUESTS)
def test_every_response_is_described(
    filled_stack: FilledStack, key: str, mode: GenerationMode
) -> None:
    method, _, path = key.partition(" ")
    operation = SCHEMA[documented_path(path)][method]

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode), find=st.booleans())
    def response_is_described(case: Case[Any], find: bool) -> None:
        wrong = _wrong_parts(case)
        if find and ParameterLocation.PATH not in wrong:
            case.path_parameters.update(filled_stack.variables.get(path, {}))
        if ParameterLocation.BODY not in wrong:
            _name_owner(case.body)
        response = _send(filled_stack, case)
        assert response.status < 500, response.text
        if response.body == b'{"message":"Bad Request"}':
            return  # API Gateway itself refuses a path that cannot be decoded twice
        check(key, response)
        if wrong & {ParameterLocation.PATH, ParameterLocation.BODY}:
            # A path with a slash at the end is redirected.
            refused = response.status >= 400 or response.status == 308
            assert refused, f"{key} accepted {case.body!r} at {case.formatted_path}"

    response_is_described()


def _wrong_parts(case: Case[Any]) -> set[ParameterLocation]:
    """Return the parts of the request that the document forbids.

    A form has only bytes, so a forbidden value can become an allowed one.
    """
    components = case.meta.components if case.meta is not None else {}
    wrong = {place for place, part in components.items() if part.mode is GenerationMode.NEGATIVE}
    return wrong if _is_forbidden(case) else wrong - {ParameterLocation.BODY}


def _is_forbidden(case: Case[Any]) -> bool:
    """True if the document forbids the body.

    Requests are generated from a document with closed objects. Many objects are open in the real
    document, so it allows some of the bodies that are meant to be wrong.
    """
    if case.media_type is None or case.media_type == FORM:
        return False
    document = description()
    operation = document["paths"][case.path][case.method.lower()]
    content = operation["requestBody"]["content"].get(case.media_type)
    if content is None:
        return True
    whole = {**content["schema"], "components": document["components"]}
    return not Draft202012Validator(whole, format_checker=FORMATS).is_valid(case.body)


def _send(filled_stack: FilledStack, case: Case[Any]) -> Response:
    arguments = case.as_transport_kwargs(base_url="http://localhost:8081")
    known = ("method", "url", "headers", "params", "data", "json", "files", "cookies")
    sent = requests.Request(**{name: arguments[name] for name in known if name in arguments})
    prepared = sent.prepare()
    headers = {name: str(value) for name, value in prepared.headers.items()}
    if case.operation.path.startswith("/{service}/"):
        headers["Auth-Token"] = filled_stack.token
    body = prepared.body or b""
    assert isinstance(body, bytes | str)
    return filled_stack.stack.request(
        str(prepared.method), prepared.path_url, headers=headers, body=body
    )


def _name_owner(body: Any) -> None:
    """Set the owner of a dataset to the user of the token, so that more of it is validated."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    if isinstance(metadata, dict) and isinstance(metadata.get("owner"), str):
        metadata["owner"] = OWNER
