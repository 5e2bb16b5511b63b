"""Every response that the OpenAPI document describes can be produced, and is as described.

Without 429, 500 and 503: they need a throttling gateway, or a service that fails.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from coffer.domain.callers import Caller
from coffer.domain.errors import ForbiddenError, UnauthenticatedError
from coffer.http.callers import identify_by_token
from coffer.http.openapi.document import OPERATIONS
from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import (
    JSON_API,
    describe,
    multipart,
    post,
    presigned_post,
    upload,
    upload_derivative,
)
from tests.api.images import png
from tests.fakes.files import epub
from tests.openapi.described import check
from tests.openapi.uppy_requests import UPPY_REQUESTS

MISSING_ID = "01a201b2-61d3-7847-b106-8d77d4d6c0e9"
ZIP = b"PK\x05\x06" + bytes(18)
FAILURES = {429, 500, 503}
DATASET = {
    "metadata": {"owner": "alice", "dataset": "birds"},
    "filedata": {"a.csv": {"length": 3, "md5": "0" * 32}},
}


class StubTokens:
    """Tokens of a user without a group, and of a user without the role of the realm."""

    def caller(self, token: str) -> Caller:
        if token == "roleless":
            raise ForbiddenError("realm_role_required", "The token lacks the realm's role.")
        if token != "outsider":
            raise UnauthenticatedError("invalid_token", "The token is not valid.")
        return Caller(username="mallory")


class Client:
    """A client of a stack, with methods that prepare records."""

    def __init__(self, stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stack = stack
        self._monkeypatch = monkeypatch
        self.headers: dict[str, str] = {}

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.stack.request(method, path, headers={**self.headers, **named})

    def post(self, path: str, document: Any, **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Content-Type": "application/json", **self.headers, **named}
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.stack.request("POST", path, headers=sent, body=body)

    def form(self, path: str, body: bytes = b"text", **headers: str) -> Response:
        sent, form = multipart(body, name="a.txt", media_type=None)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.stack.request(
            "POST", path, headers={**sent, **self.headers, **named}, body=form
        )

    def require_tokens(self, token: str = "") -> None:
        """Make the stack require tokens, and send this one."""
        for function in self.stack.resources.functions:
            module = sys.modules.get(f"local_function_{function.folder.name}_app")
            identify = identify_by_token(StubTokens())
            if module is not None and hasattr(module, "identify"):
                self._monkeypatch.setattr(module, "identify", identify)
            if module is not None and hasattr(module, "uploaders"):
                uploaders = replace(module.uploaders, identify=identify)
                self._monkeypatch.setattr(module, "uploaders", uploaders)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def upload_png(self) -> dict[str, Any]:
        """Upload a PNG, wait for its thumbnail and return the flat record."""
        flat: dict[str, Any] = upload(self.stack, png()).json()
        self.stack.settle()
        return flat

    def path_to(self, kind: str) -> str:
        """Return the path of a new file, derivative or thumbnail."""
        if kind == "derivative":
            headers, form = multipart(png())
            target = "/api/v1/file/mybucket/derivative"
            flat = self.stack.request("POST", target, headers=headers, body=form).json()
            return f"{target}/{flat['fileIdentifier']}"
        suffix = "/thumbnail" if kind == "thumbnail" else ""
        return f"/api/v1/file/mybucket/{self.upload_png()['fileIdentifier']}{suffix}"

    def missing_path_to(self, kind: str) -> str:
        """Return a path of the same kind without a file."""
        infix = "derivative/" if kind == "derivative" else ""
        suffix = "/thumbnail" if kind == "thumbnail" else ""
        return f"/api/v1/file/mybucket/{infix}{MISSING_ID}{suffix}"

    def create_metadata(self) -> str:
        """Create a metadata record and return its id."""
        response = describe(
            self.stack, self.upload_png()["fileIdentifier"], publiclyReleasable=False
        )
        return str(response.json()["data"]["id"])

    def upload_file(self) -> str:
        """Upload a file and return its identifier."""
        return str(self.upload_png()["fileIdentifier"])

    def upload_book(self) -> str:
        """Upload an e-book, which is a zip archive, and return its identifier."""
        book = upload(self.stack, epub(), name="a.epub", media_type="application/epub+zip")
        return str(book.json()["fileIdentifier"])

    def upload_file_with_metadata(self) -> str:
        """Upload a file, create its metadata and return the identifier of the file."""
        identifier = self.upload_file()
        assert describe(self.stack, identifier).status == 201
        return identifier

    def derivative_document(self, **attributes: Any) -> dict[str, Any]:
        """Return a document that creates a derivative. Its file exists."""
        given = {"dcType": "IMAGE", "fileIdentifier": upload_derivative(self.stack, png())}
        source = {"type": "metadata", "id": self.create_metadata()}
        return {
            "data": {
                "type": "derivative",
                "attributes": given | attributes,
                "relationships": {"acDerivedFrom": {"data": source}},
            }
        }

    def create_derivative(self) -> str:
        """Create a derivative and return its id."""
        response = self.post("/api/v1/derivative", self.derivative_document())
        return str(response.json()["data"]["id"])

    def create_large_derivatives(self) -> str:
        """Create metadata whose derivatives exceed a response of Lambda together; return its id."""
        document = self.derivative_document()
        assert self.post("/api/v1/derivative", document).status == 201
        self.stack.settle()
        dynamodb, table = self.stack.client("dynamodb"), self.stack.name("DerivativesTable")
        item = dynamodb.scan(TableName=table)["Items"][0]
        tags = {"S": json.dumps(["\U0001f33f" * 250] * 100, ensure_ascii=False)}
        for _ in range(60):
            copy = {**item, "id": {"S": str(uuid4())}, "acTags": tags}
            dynamodb.put_item(TableName=table, Item=copy)
        return str(document["data"]["relationships"]["acDerivedFrom"]["data"]["id"])

    def send_while_running(self, call: Callable[[], Response]) -> Response:
        """Return the response to a request whose first run has not ended."""
        call()
        [run] = self.stack.items("IdempotencyTable")
        self.stack.client("dynamodb").update_item(
            TableName=self.stack.name("IdempotencyTable"),
            Key={"runKey": {"S": str(run["runKey"])}},
            UpdateExpression="REMOVE answer",
        )
        return call()

    def add_tombstone(self, table: str, key: str, identifier: str) -> None:
        """Turn a record into a tombstone."""
        self.stack.client("dynamodb").update_item(
            TableName=self.stack.name(table),
            Key={key: {"S": identifier}},
            UpdateExpression="SET deletedOn = :on, deletedBy = :by",
            ExpressionAttributeValues={
                ":on": {"S": "2026-11-22T09:30:00.000000Z"},
                ":by": {"S": "alice"},
            },
        )

    def rawstore(self, path: str, body: Any = None, *, service: str = "rawstore") -> Response:
        """Send a request with alice's permission token for a service."""
        assert self.stack.permission_tokens is not None
        token = self.stack.permission_tokens.sign("alice", service, {"datapackage-upload": True})
        if body is None:
            return self.get(path, Auth_Token=token)
        return self.post(path, body, Auth_Token=token)


@pytest.fixture
def api(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Client:
    return Client(stack, monkeypatch)


Request = Callable[[Client], Response]


def _uploads(path: str) -> Mapping[int, Request]:
    return {
        200: lambda api: api.form(path),
        201: lambda api: api.form(path, Accept=JSON_API),
        400: lambda api: api.post(path, b"", Content_Type="multipart/form-data; boundary=b"),
        401: lambda api: _call_after(api.form(path), api.require_tokens, lambda: api.form(path)),
        403: lambda api: _call_after(
            api.form(path), lambda: api.require_tokens("outsider"), lambda: api.form(path)
        ),
        406: lambda api: api.form(path, Accept="text/plain"),
        409: lambda api: api.send_while_running(lambda: api.form(path, Idempotency_Key="import-1")),
        413: lambda api: api.form(path, b"x" * (4 * 1024**2 + 1)),
        415: lambda api: api.form(path, ZIP),
        422: lambda api: api.form(path, b""),
    }


def _call_after(_made: Any, then: Callable[[], None], call: Callable[[], Response]) -> Response:
    """Return the response to a call after a preparation."""
    then()
    return call()


def _reads(kind: str, method: str) -> Mapping[int, Request]:
    def call(api: Client, path: str, **headers: str) -> Response:
        return api.get(path, method=method, **headers)

    def unchanged(api: Client) -> Response:
        path = api.path_to(kind)
        return call(api, path, If_None_Match=str(call(api, path).header("etag")))

    def without_access(api: Client, token: str) -> Response:
        path = api.path_to(kind)
        call(api, path)
        api.require_tokens(token)
        return call(api, path)

    def deleted(api: Client) -> Response:
        path = api.path_to(kind)
        identifier = path.removesuffix("/thumbnail").rpartition("/")[2]
        api.add_tombstone("UploadsTable", "fileIdentifier", identifier)
        return call(api, path)

    return {
        200: lambda api: call(api, api.path_to(kind)),
        304: unchanged,
        400: lambda api: call(api, f"{api.path_to(kind)}?disposition=both"),
        401: lambda api: without_access(api, ""),
        403: lambda api: without_access(api, "outsider"),
        404: lambda api: call(api, api.missing_path_to(kind)),
        410: deleted,
        412: lambda api: call(api, api.path_to(kind), If_Match='"other"'),
    }


def _downloads(kind: str) -> Mapping[int, Request]:
    return {
        **_reads(kind, "GET"),
        206: lambda api: api.get(api.path_to(kind), Range="bytes=0-9"),
        307: lambda api: api.get(f"{api.path_to(kind)}?redirect=true"),
        416: lambda api: api.get(api.path_to(kind), Range="bytes=99999999-"),
    }


def _records(
    root: str, make: Callable[[Client], str], table: str, key: str, below: str = ""
) -> dict[int, Request]:
    """Return the requests for records, or for something below a record."""

    def without_access(api: Client, token: str) -> Response:
        path = f"{root}/{make(api)}{below}"
        api.get(path)
        api.require_tokens(token)
        return api.get(path)

    def deleted(api: Client) -> Response:
        identifier = make(api)
        api.add_tombstone(table, key, identifier)
        return api.get(f"{root}/{identifier}{below}")

    requests: dict[int, Request] = {
        200: lambda api: api.get(f"{root}/{make(api)}{below}", include_dina_permission="yes"),
        304: lambda api: api.get(f"{root}/{make(api)}", If_None_Match="*"),
        400: lambda api: api.get(f"{root}/nonsense{below}"),
        401: lambda api: without_access(api, ""),
        403: lambda api: without_access(api, "outsider"),
        404: lambda api: api.get(f"{root}/{MISSING_ID}{below}"),
        406: lambda api: api.get(f"{root}/{MISSING_ID}{below}", Accept="image/png"),
        410: deleted,
    }
    if below:
        del requests[304]
    return requests


def _large_related(api: Client) -> Response:
    metadata = api.create_large_derivatives()
    path = f"/api/v1/metadata/{metadata}/relationships/derivatives"
    derivative = api.get(path).json()["data"][0]["id"]
    return api.get(f"/api/v1/derivative/{derivative}/acDerivedFrom?include=derivatives")


def _relationship_changes(
    kind: str, make: Callable[[Client], str], name: str, target: str
) -> dict[int, Request]:
    """Return the requests that change a relationship to a resource of the type `target`."""

    def call(api: Client, identifier: str, data: Any = None, **headers: str) -> Response:
        return patch(api, kind, f"{identifier}/relationships/{name}", data, **headers)

    def without_access(api: Client, token: str) -> Response:
        identifier = make(api)
        call(api, identifier)
        api.require_tokens(token)
        return call(api, identifier)

    def deleted(api: Client) -> Response:
        identifier = make(api)
        assert delete(api, kind, identifier).status == 204
        return call(api, identifier)

    return {
        204: lambda api: call(api, make(api)),
        400: lambda api: call(api, MISSING_ID, {"type": target, "id": "x"}),
        401: lambda api: without_access(api, ""),
        403: lambda api: without_access(api, "outsider"),
        404: lambda api: call(api, MISSING_ID, {"type": target, "id": MISSING_ID}),
        406: lambda api: call(api, MISSING_ID, Accept="image/png"),
        410: deleted,
        412: lambda api: call(api, make(api), If_Match='"99"'),
        413: lambda api: call(api, MISSING_ID, b" " * (10 * 1024**2 + 1)),
        415: lambda api: call(api, MISSING_ID, Content_Type="text/csv"),
        422: lambda api: call(api, make(api), {"type": target, "id": MISSING_ID}),
    }


def _without(status: int, requests: Mapping[int, Request]) -> Mapping[int, Request]:
    return {known: request for known, request in requests.items() if known != status}


def _list_with_large_includes(api: Client) -> Response:
    api.create_large_derivatives()
    return api.get("/api/v1/metadata?include=derivatives")


def _lists(root: str, **view: str) -> Mapping[int, Request]:
    """Return the requests for a list. `view` is a query that shows everything."""

    def page(api: Client) -> Response:
        described = api.create_metadata()
        api.stack.settle()
        assert described
        return api.get(f"{root}?page[limit]=1&{'&'.join(f'{k}={v}' for k, v in view.items())}")

    return {
        200: page,
        400: lambda api: api.get(f"{root}?sort=colour&page[cursor]=x&include=friends"),
        401: _without_access(lambda api: api.get(root)),
        403: _without_access(lambda api: api.get(root), "roleless"),
        406: lambda api: api.get(root, Accept="image/png"),
    }


def _presigned_posts(api: Client, **file: Any) -> Response:
    return api.post("/api/v1/upload/mybucket", {"files": [{"originalFilename": "a.png", **file}]})


def _create_metadata(api: Client, **more: Any) -> Response:
    attributes = {
        "bucket": "mybucket",
        "resourceExternalURL": "https://example.org/a",
        "dcFormat": "text/html",
        **more.pop("attributes", {}),
    }
    document = {"data": {"type": "metadata", "attributes": attributes, **more}}
    return api.post("/api/v1/metadata", document)


def _without_access(call: Request, token: str = "") -> Request:
    def send(api: Client) -> Response:
        call(api)
        api.require_tokens(token)
        return call(api)

    return send


def _datasets(path: str) -> Mapping[int, Request]:
    too_many = {**DATASET, "filedata": {str(number): {} for number in range(2001)}}
    other = path.replace("/rawstore/", "/other/")
    return {
        200: lambda api: api.rawstore(path, DATASET),
        400: lambda api: api.rawstore(path, {**DATASET, "filedata": {"..": {}}}),
        401: lambda api: api.post(path, DATASET),
        403: lambda api: api.rawstore(path, DATASET, service="other"),
        404: lambda api: api.rawstore(other, DATASET),
        413: lambda api: api.rawstore(path, too_many),
    }


def _presign(api: Client) -> str:
    bucket = api.stack.name("RawstoreBucket")
    return f"/rawstore/presign?ownerid=alice&url=http://{bucket}/alice/birds/data.csv"


TERMS: Mapping[str, Mapping[str, Any]] = {
    "managed-attribute": {
        "name": "Sheet Condition",
        "vocabularyElementType": "STRING",
        "multilingualDescription": {"descriptions": [{"lang": "en", "desc": "What it is like."}]},
    },
    "object-subtype": {"dcType": "IMAGE", "acSubtype": "Drawing"},
}


OTHER_VALUES: Mapping[str, Mapping[str, Any]] = {
    "managed-attribute": {"acceptedValues": ["torn", "whole"]},
    "object-subtype": {"acSubtype": "PHOTOGRAPH"},
}
"""Values of terms that differ from those in `TERMS`."""


def _term_requests(kind: str, wrong: Mapping[str, Any]) -> Mapping[str, Mapping[int, Request]]:
    """Return the requests for one kind of term. `wrong` is an attribute that breaks a rule."""
    root = f"/api/v1/{kind}"

    def add(api: Client, type_: str = kind, **attributes: Any) -> Response:
        document = {"type": type_, "attributes": {**TERMS[kind], **attributes}}
        return api.post(root, {"data": document})

    def path(api: Client) -> str:
        return f"{root}/{add(api).json()['data']['id']}"

    def send(api: Client, method: str, target: str, body: Any = None, **headers: str) -> Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return api.stack.request(method, target, headers={**api.headers, **sent}, json_body=body)

    def change(api: Client, type_: str = kind, **attributes: Any) -> Response:
        target = path(api)
        document = {"type": type_, "id": target.rpartition("/")[2], "attributes": attributes}
        return send(api, "PATCH", target, {"data": document})

    def without_access(method: str, token: str) -> Request:
        def call(api: Client) -> Response:
            target = path(api)
            document = {"type": kind, "id": target.rpartition("/")[2], "attributes": {}}
            for other in ("GET", "PATCH", "DELETE"):
                send(api, other, f"{root}/{MISSING_ID}", {"data": document})  # loads the handlers
            api.require_tokens(token)
            return send(api, method, target, {"data": document})

        return call

    def absent(method: str) -> Request:
        document = {"data": {"type": kind, "id": MISSING_ID, "attributes": {}}}
        return lambda api: send(api, method, f"{root}/{MISSING_ID}", document)

    def deleted(method: str) -> Request:
        def call(api: Client) -> Response:
            target = path(api)
            assert send(api, "DELETE", target).status == 204
            document = {"type": kind, "id": target.rpartition("/")[2], "attributes": {}}
            return send(api, method, target, {"data": document})

        return call

    def in_use(api: Client) -> Response:
        target = path(api)
        used: dict[str, Any] = {"managedAttributes": {"sheet_condition": "torn"}}
        if kind == "object-subtype":
            used = {"acSubtype": "DRAWING", "dcType": "IMAGE"}
        assert _create_metadata(api, attributes=used).status == 201
        return send(api, "DELETE", target)

    def repeated(api: Client) -> Response:
        add(api)
        return add(api)

    negotiated: Request = lambda api: send(  # noqa: E731 - one of a table of them
        api, "DELETE", f"{root}/{MISSING_ID}", Accept="image/png"
    )
    too_large = b" " * (10 * 1024**2 + 1)
    shown: dict[int, Request] = {
        200: lambda api: api.get(path(api)),
        304: lambda api: api.get(path(api), If_None_Match="*"),
        400: lambda api: api.get(f"{path(api)}?q="),
        401: without_access("GET", ""),
        403: without_access("GET", "roleless"),
        404: absent("GET"),
        406: lambda api: api.get(f"{root}/{MISSING_ID}", Accept="image/png"),
        410: deleted("GET"),
    }
    return {
        f"GET {root}": {
            200: lambda api: _call_after(add(api), lambda: None, lambda: api.get(root)),
            400: lambda api: api.get(f"{root}?sort=colour"),
            401: _without_access(lambda api: api.get(root)),
            403: _without_access(lambda api: api.get(root), "roleless"),
            406: lambda api: api.get(root, Accept="image/png"),
        },
        f"GET {root}/{{id}}": shown,
        f"POST {root}": {
            201: add,
            400: lambda api: add(api, colour="red"),
            401: _without_access(add),
            403: _without_access(add, "outsider"),
            406: lambda api: api.post(root, {}, Accept="image/png"),
            409: repeated,
            413: lambda api: api.post(root, too_large),
            415: lambda api: api.post(root, {}, Content_Type="text/csv"),
            422: lambda api: add(api, **wrong),
        },
        f"PATCH {root}/{{id}}": {
            200: lambda api: change(api, **OTHER_VALUES[kind]),
            400: lambda api: change(api, colour="red"),
            401: without_access("PATCH", ""),
            403: without_access("PATCH", "outsider"),
            404: absent("PATCH"),
            406: lambda api: send(api, "PATCH", f"{root}/{MISSING_ID}", {}, Accept="image/png"),
            409: lambda api: change(api, type_="person"),
            410: deleted("PATCH"),
            412: lambda api: send(
                api,
                "PATCH",
                target := path(api),
                {"data": {"type": kind, "id": target.rpartition("/")[2], "attributes": {}}},
                If_Match='"7"',
            ),
            413: lambda api: api.stack.request("PATCH", f"{root}/{MISSING_ID}", body=too_large),
            415: lambda api: send(
                api, "PATCH", f"{root}/{MISSING_ID}", {}, Content_Type="text/csv"
            ),
            422: lambda api: change(api, **wrong),
        },
        f"DELETE {root}/{{id}}": {
            204: lambda api: send(api, "DELETE", path(api)),
            400: lambda api: send(api, "DELETE", f"{root}/nonsense"),
            401: without_access("DELETE", ""),
            403: without_access("DELETE", "outsider"),
            404: absent("DELETE"),
            406: negotiated,
            410: deleted("DELETE"),
            412: lambda api: send(api, "DELETE", path(api), If_Match='"7", W/"1", x'),
            422: in_use,
        },
    }


def _lookup(path: str) -> Mapping[int, Request]:
    """Return the requests for something that every signed-in user may read."""
    return {
        200: lambda api: api.get(path),
        400: lambda api: api.get(f"{path}?q="),
        401: _without_access(lambda api: api.get(path)),
        403: _without_access(lambda api: api.get(path), "roleless"),
        406: lambda api: api.get(path, Accept="image/png"),
    }


def _stored(infix: str, kind: str) -> Mapping[int, Request]:
    root = f"/api/v1/file-info/mybucket/{infix}"

    def call(api: Client) -> Response:
        identifier = api.path_to(kind).rpartition("/")[2]
        return api.get(f"{root}{identifier}.png")

    return {
        200: call,
        400: lambda api: api.get(root.replace("mybucket", "my%20bucket") + "a"),
        401: _without_access(lambda api: api.get(f"{root}{MISSING_ID}.png")),
        403: _without_access(lambda api: api.get(f"{root}{MISSING_ID}.png"), "outsider"),
        404: lambda api: api.get(f"{root}{MISSING_ID}.png"),
        406: lambda api: api.get(f"{root}{MISSING_ID}.png", Accept="image/png"),
    }


def _names(root: str) -> Mapping[int, Request]:
    query = "filter[type][EQ]=metadata&filter[name][EQ]=my-image.png&filter[group][EQ]=mybucket"

    def call(api: Client) -> Response:
        return api.get(f"{root}?{query}")

    return {
        200: lambda api: _call_after(api.create_metadata(), lambda: None, lambda: call(api)),
        400: lambda api: api.get(f"{root}?filter[name][EQ]=a"),
        401: _without_access(call),
        403: _without_access(call, "outsider"),
        406: lambda api: api.get(f"{root}?{query}", Accept="image/png"),
    }


def patch(api: Client, kind: str, identifier: str, data: Any, **headers: str) -> Response:
    """Return the response to a PATCH of a resource."""
    sent = {"Content-Type": JSON_API, **api.headers}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    body = data if isinstance(data, bytes) else json.dumps({"data": data}).encode()
    return api.stack.request("PATCH", f"/api/v1/{kind}/{identifier}", headers=sent, body=body)


def delete(api: Client, kind: str, identifier: str, **headers: str) -> Response:
    """Return the response to a deletion of a resource."""
    return api.get(f"/api/v1/{kind}/{identifier}", method="DELETE", **headers)


def _changes_to(
    kind: str, make: Callable[[Client], str], **attributes: Any
) -> Mapping[int, Request]:
    def call(api: Client, identifier: str = "", **headers: str) -> Response:
        identifier = identifier or make(api)
        data = {"type": kind, "id": identifier, "attributes": attributes}
        return patch(api, kind, identifier, data, **headers)

    def without_access(api: Client, token: str) -> Response:
        identifier = make(api)
        call(api, identifier)
        api.require_tokens(token)
        return call(api, identifier)

    def deleted(api: Client) -> Response:
        identifier = make(api)
        assert delete(api, kind, identifier).status == 204
        return call(api, identifier)

    def wrong(api: Client) -> Response:
        identifier = make(api)
        name = "originalFilename" if kind == "object-upload" else "filename"
        data = {"type": kind, "id": identifier, "attributes": {name: "x" * 256}}
        return patch(api, kind, identifier, data)

    return {
        200: call,
        400: lambda api: patch(api, kind, MISSING_ID, {"type": kind, "id": "x"}),
        401: lambda api: without_access(api, ""),
        403: lambda api: without_access(api, "outsider"),
        404: lambda api: call(api, MISSING_ID),
        406: lambda api: call(api, MISSING_ID, Accept="image/png"),
        409: lambda api: patch(api, kind, MISSING_ID, {"type": "person", "id": MISSING_ID}),
        410: deleted,
        412: lambda api: call(api, If_Match='"99"'),
        413: lambda api: patch(api, kind, MISSING_ID, b" " * (10 * 1024**2 + 1)),
        415: lambda api: patch(api, kind, MISSING_ID, {}, Content_Type="text/csv"),
        422: wrong,
    }


def _deletions_of(kind: str, make: Callable[[Client], str]) -> Mapping[int, Request]:
    def without_access(api: Client, token: str) -> Response:
        identifier = make(api)
        delete(api, kind, MISSING_ID)
        api.require_tokens(token)
        return delete(api, kind, identifier)

    def deleted(api: Client) -> Response:
        identifier = make(api)
        assert delete(api, kind, identifier).status == 204
        return delete(api, kind, identifier)

    return {
        204: lambda api: delete(api, kind, make(api)),
        400: lambda api: delete(api, kind, "nonsense"),
        401: lambda api: without_access(api, ""),
        403: lambda api: without_access(api, "outsider"),
        404: lambda api: delete(api, kind, MISSING_ID),
        406: lambda api: delete(api, kind, MISSING_ID, Accept="image/png"),
        410: deleted,
        412: lambda api: delete(api, kind, make(api), If_Match='"99"'),
    }


def _new_derivatives(path: str) -> Mapping[int, Request]:
    def call(api: Client, **attributes: Any) -> Response:
        return api.post(path, api.derivative_document(**attributes))

    return {
        201: call,
        400: lambda api: call(api, colour="red"),
        401: _creation_without_access(path, Client.derivative_document, ""),
        403: _creation_without_access(path, Client.derivative_document, "outsider"),
        406: lambda api: api.post(path, {}, Accept="image/png"),
        409: lambda api: api.post(path, {"data": {"type": "person"}}),
        413: lambda api: api.post(path, b" " * (10 * 1024**2 + 1)),
        415: lambda api: api.post(path, {}, Content_Type="text/csv"),
        422: lambda api: call(api, fileIdentifier=MISSING_ID),
    }


def _creation_without_access(path: str, make: Callable[[Client], Any], token: str) -> Request:
    def send(api: Client) -> Response:
        document = make(api)
        api.post(path, {})
        api.require_tokens(token)
        return api.post(path, document)

    return send


def _export(api: Client, **more: Any) -> Response:
    attributes = {
        "fileIdentifiers": more.pop("files", None) or [api.upload_png()["fileIdentifier"]]
    }
    document = {"type": "object-export", "attributes": attributes | more.pop("attributes", {})}
    return api.post(f"{more.pop('root', '/api/v1')}/object-export", {"data": document | more})


def _exported(api: Client, *, bodies: int = 0) -> str:
    """Return the path of a finished export, of a picture or of `bodies` files of 3 MiB."""
    files = []
    for number in range(bodies):
        body = bytes([number]) * (3 * 1024**2)
        kind = "application/octet-stream"
        flat = upload(api.stack, body, name="a.bin", media_type=kind).json()
        files.append(flat["fileIdentifier"])
    identifier = _export(api, files=files).json()["data"]["id"]
    api.stack.settle()
    return f"/api/v1/object-export/{identifier}"


def _key(api: Client, *, bodies: int = 0) -> str:
    response = api.post(f"{_exported(api, bodies=bodies)}/key", {})
    return str(response.json()["data"]["id"])


def _with_an_export(call: Callable[[Client, str], Response], token: str = "") -> Request:
    def send(api: Client) -> Response:
        path = _exported(api)
        call(api, path)
        api.require_tokens(token)
        return call(api, path)

    return send


def _export_requests(root: str) -> Mapping[int, Request]:
    def call(api: Client, **more: Any) -> Response:
        return _export(api, root=root, **more)

    path = f"{root}/object-export"
    return {
        201: lambda api: call(api, attributes={"name": "n", "exportLayout": {"a/": []}}),
        400: lambda api: call(api, attributes={"colour": "red"}),
        401: _without_access(lambda api: call(api, files=[MISSING_ID])),
        403: _without_access(lambda api: call(api, files=[MISSING_ID]), "roleless"),
        406: lambda api: api.post(path, {}, Accept="image/png"),
        409: lambda api: call(api, type="person"),
        413: lambda api: call(api, files=[MISSING_ID] * 10_001),
        415: lambda api: api.post(path, {}, Content_Type="text/csv"),
        422: lambda api: call(api, files=[MISSING_ID]),
    }


def _bulks(
    path: str, method: str, kind: str, make: Callable[[Client], Any], wrong: Mapping[str, Any]
) -> Mapping[int, Request]:
    """Return the requests of a bulk route. `wrong` are attributes that break a rule."""

    def call(api: Client, data: Any, **headers: str) -> Response:
        sent = {"Content-Type": f"{JSON_API}; ext=bulk", **api.headers}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = data if isinstance(data, bytes) else json.dumps({"data": data}).encode()
        return api.stack.request(method, path, headers=sent, body=body)

    def changed(api: Client, **attributes: Any) -> Any:
        resource = make(api)
        return {**resource, "attributes": {**resource.get("attributes", {}), **attributes}}

    def without_access(api: Client, token: str) -> Response:
        resource = make(api)
        call(api, [])
        api.require_tokens(token)
        return call(api, [resource])

    requests: dict[int, Request] = {
        200: lambda api: call(api, [make(api)]),
        400: lambda api: call(api, [changed(api, colour="red")]),
        401: lambda api: without_access(api, ""),
        403: lambda api: without_access(api, "outsider"),
        406: lambda api: call(api, [], Accept="image/png"),
        409: lambda api: call(api, [{**make(api), "type": "person"}]),
        413: lambda api: call(api, [{}] * 1001),
        415: lambda api: call(api, [], Content_Type="text/csv"),
    }
    if wrong:
        requests[422] = lambda api: call(api, [changed(api, **wrong)])
    if method == "PATCH" or not wrong:

        def deleted(api: Client) -> Response:
            resource = make(api)
            assert delete(api, kind, resource["id"]).status == 204
            return call(api, [resource])

        requests[404] = lambda api: call(api, [{**make(api), "id": MISSING_ID}])
        requests[410] = deleted
    if not wrong:
        requests[400] = lambda api: call(api, [{**make(api), "id": "x"}])
    return requests


def _named(kind: str, make: Callable[[Client], str], **attributes: Any) -> Callable[[Client], Any]:
    return lambda api: {"type": kind, "id": make(api), "attributes": attributes}


def _new_metadata(api: Client) -> Any:
    attributes = {
        "bucket": "mybucket", "fileIdentifier": api.upload_file(), "publiclyReleasable": False
    }  # fmt: skip
    return {"type": "metadata", "attributes": attributes}


def _archives(root: str, method: str) -> Mapping[int, Request]:
    def call(api: Client, key: str, **headers: str) -> Response:
        return api.get(f"{root}/toa/{key}", method=method, **headers)

    requests: dict[int, Request] = {
        200: lambda api: call(api, _key(api)),
        304: lambda api: call(api, _key(api), If_None_Match="*"),
        404: lambda api: call(api, "k" * 128),
        412: lambda api: call(api, _key(api), If_Match='"other"'),
    }
    if method == "GET":
        requests[206] = lambda api: call(api, _key(api), Range="bytes=0-9")
        requests[307] = lambda api: call(api, _key(api, bodies=2))
        requests[416] = lambda api: call(api, _key(api), Range="bytes=99999999-")
    return requests


def _expired_key(api: Client) -> Response:
    path = _exported(api)
    api.stack.clock.advance(timedelta(hours=2))
    api.stack.run_schedule("KeepHouseFunction")
    return api.post(f"{path}/key", {})


def _generations(path: str) -> Mapping[int, Request]:
    def call(api: Client, identifier: str = MISSING_ID, **attributes: Any) -> Response:
        given = {"metadataUuid": identifier, "derivativeType": "THUMBNAIL_IMAGE", **attributes}
        return api.post(path, {"data": {"type": "derivative-generation", "attributes": given}})

    def deleted(api: Client) -> Response:
        identifier = api.create_metadata()
        api.add_tombstone("MetadataTable", "id", identifier)
        return call(api, identifier)

    return {
        201: lambda api: call(api, api.create_metadata()),
        400: lambda api: call(api, colour="red"),
        401: _without_access(call),
        403: _without_access(call, "outsider"),
        404: call,
        406: lambda api: api.post(path, {}, Accept="image/png"),
        409: lambda api: api.post(path, {"data": {"type": "derivative", "attributes": {}}}),
        410: deleted,
        413: lambda api: api.post(path, b" " * (10 * 1024**2 + 1)),
        415: lambda api: api.post(path, {}, Content_Type="text/csv"),
        422: lambda api: call(api, derivativeType="LARGE_IMAGE"),
    }


def _refreshes(path: str) -> Mapping[int, Request]:
    def call(api: Client, **more: Any) -> Response:
        document = {"type": "index-refresh", "attributes": {"docType": "metadata"}, **more}
        return api.post(path, {"data": document})

    def deleted(api: Client) -> Response:
        identifier = api.create_metadata()
        api.add_tombstone("MetadataTable", "id", identifier)
        return call(api, id=identifier)

    return {
        202: lambda api: call(api, id=api.create_metadata()),
        400: lambda api: call(api, attributes={"docType": "derivative"}),
        401: _without_access(call),
        403: _without_access(call, "outsider"),
        404: lambda api: call(api, id=MISSING_ID),
        406: lambda api: api.post(path, {}, Accept="image/png"),
        409: lambda api: call(api, type="metadata"),
        410: deleted,
        413: lambda api: api.post(path, b" " * (10 * 1024**2 + 1)),
        415: lambda api: api.post(path, {}, Content_Type="text/csv"),
    }


def _permission_checks() -> Mapping[int, Request]:
    path = "/api/v1/permission-check"

    def call(api: Client, type_: str = "metadata", **attributes: Any) -> Response:
        return api.post(path, {"data": {"type": type_, "attributes": attributes}})

    return {
        200: lambda api: call(api, bucket="mybucket"),
        400: lambda api: call(api, bucket="my bucket"),
        401: _without_access(call),
        403: _without_access(call, "roleless"),
        406: lambda api: api.post(path, {}, Accept="image/png"),
        409: lambda api: call(api, "person"),
        413: lambda api: api.post(path, b" " * (10 * 1024**2 + 1)),
        415: lambda api: api.post(path, {}, Content_Type="text/csv"),
    }


REQUESTS: Mapping[str, Mapping[int, Request]] = {
    **UPPY_REQUESTS,
    "POST /api/v1/index-refresh": _refreshes("/api/v1/index-refresh"),
    "POST /index-refresh": _refreshes("/index-refresh"),
    "GET /api/v1/docs": {
        200: lambda api: api.get("/api/v1/docs"),
        406: lambda api: api.get("/api/v1/docs", Accept="application/json"),
    },
    "POST /api/v1/derivative-generation": _generations("/api/v1/derivative-generation"),
    "POST /derivative-generation": _generations("/derivative-generation"),
    "POST /api/v1/object-export": _export_requests("/api/v1"),
    "POST /object-export": _export_requests(""),
    "GET /api/v1/object-export": {
        200: lambda api: _call_after(
            _exported(api), lambda: None, lambda: api.get("/api/v1/object-export")
        ),
        400: lambda api: api.get("/api/v1/object-export?page[limit]=0"),
        401: _without_access(lambda api: api.get("/api/v1/object-export")),
        403: _without_access(lambda api: api.get("/api/v1/object-export"), "roleless"),
        406: lambda api: api.get("/api/v1/object-export", Accept="image/png"),
    },
    "GET /api/v1/object-export/{id}": {
        200: lambda api: api.get(_exported(api)),
        304: lambda api: api.get(_exported(api), If_None_Match="*"),
        400: lambda api: api.get("/api/v1/object-export/nonsense"),
        401: _with_an_export(lambda api, path: api.get(path)),
        403: _with_an_export(lambda api, path: api.get(path), "roleless"),
        404: lambda api: api.get(f"/api/v1/object-export/{MISSING_ID}"),
        406: lambda api: api.get(f"/api/v1/object-export/{MISSING_ID}", Accept="image/png"),
    },
    "POST /api/v1/object-export/{id}/key": {
        201: lambda api: api.post(f"{_exported(api)}/key", {}),
        400: lambda api: api.post("/api/v1/object-export/nonsense/key", {}),
        401: _with_an_export(lambda api, path: api.post(f"{path}/key", {})),
        403: _with_an_export(lambda api, path: api.post(f"{path}/key", {}), "roleless"),
        404: lambda api: api.post(f"/api/v1/object-export/{MISSING_ID}/key", {}),
        406: lambda api: api.post(
            f"/api/v1/object-export/{MISSING_ID}/key", {}, Accept="image/png"
        ),
        409: lambda api: api.post(
            f"/api/v1/object-export/{_export(api).json()['data']['id']}/key", {}
        ),
        410: _expired_key,
    },
    "GET /api/v1/toa/{key}": _archives("/api/v1", "GET"),
    "HEAD /api/v1/toa/{key}": _archives("/api/v1", "HEAD"),
    "GET /toa/{key}": _archives("", "GET"),
    "HEAD /toa/{key}": _archives("", "HEAD"),
    "GET /api/v1/file-info/{bucket}/{filename}": _stored("", "file"),
    "GET /api/v1/file-info/{bucket}/derivative/{filename}": _stored("derivative/", "derivative"),
    "GET /api/v1/resource-name-identifier": _names("/api/v1/resource-name-identifier"),
    "GET /resource-name-identifier": _names("/resource-name-identifier"),
    "GET /api/v1/license": {
        **_lookup("/api/v1/license"),
        400: lambda api: api.get("/api/v1/license?sort=colour"),
    },
    "GET /api/v1/license/{id}": {
        **_lookup("/api/v1/license/attribution-international-4"),
        404: lambda api: api.get("/api/v1/license/none"),
    },
    "GET /api/v1/config": {
        **_lookup("/api/v1/config"),
        400: lambda api: api.get("/api/v1/config?page[limit]=0"),
    },
    "GET /api/v1/config/{id}": {
        **_lookup("/api/v1/config/file-upload"),
        404: lambda api: api.get("/api/v1/config/none"),
    },
    "POST /api/v1/permission-check": _permission_checks(),
    "GET /api/v1/api-info": _lookup("/api/v1/api-info"),
    **_term_requests("managed-attribute", {"multilingualDescription": {"descriptions": []}}),
    **_term_requests("object-subtype", {"acSubtype": " "}),
    "POST /api/v1/file/{bucket}": _uploads("/api/v1/file/mybucket"),
    "POST /api/v1/file/{bucket}/derivative": _uploads("/api/v1/file/mybucket/derivative"),
    "GET /api/v1/file/{bucket}/{fileId}": _downloads("file"),
    "HEAD /api/v1/file/{bucket}/{fileId}": _reads("file", "HEAD"),
    "GET /api/v1/file/{bucket}/derivative/{fileId}": _downloads("derivative"),
    "HEAD /api/v1/file/{bucket}/derivative/{fileId}": _reads("derivative", "HEAD"),
    "GET /api/v1/file/{bucket}/{fileId}/thumbnail": _downloads("thumbnail"),
    "HEAD /api/v1/file/{bucket}/{fileId}/thumbnail": _reads("thumbnail", "HEAD"),
    "POST /api/v1/upload/{bucket}": {
        200: _presigned_posts,
        400: lambda api: _presigned_posts(api, colour="red"),
        401: _without_access(_presigned_posts),
        403: _without_access(_presigned_posts, "outsider"),
        406: lambda api: api.post("/api/v1/upload/mybucket", {}, Accept="image/png"),
        413: lambda api: _presigned_posts(api, sizeInBytes=5 * 1024**3 + 1),
        415: lambda api: api.post("/api/v1/upload/mybucket", {}, Content_Type="text/csv"),
        422: lambda api: _presigned_posts(api, sizeInBytes=0),
    },
    "GET /api/v1/object-upload/{id}": _records(
        "/api/v1/object-upload",
        lambda api: str(api.upload_png()["fileIdentifier"]),
        "UploadsTable",
        "fileIdentifier",
    ),
    "GET /api/v1/object-upload/{id}/contents": {
        **_records(
            "/api/v1/object-upload",
            Client.upload_book,
            "UploadsTable",
            "fileIdentifier",
            "/contents",
        ),
        422: lambda api: api.get(f"/api/v1/object-upload/{api.upload_file()}/contents"),
    },
    "GET /api/v1/object-upload": _lists("/api/v1/object-upload"),
    "GET /api/v1/metadata": {
        **_lists("/api/v1/metadata", include="derivatives"),
        413: _list_with_large_includes,
    },
    "GET /api/v1/derivative": _lists("/api/v1/derivative", include="acDerivedFrom"),
    "GET /api/v1/derivative/{id}": _records(
        "/api/v1/derivative", Client.create_derivative, "DerivativesTable", "id"
    ),
    "POST /api/v1/metadata": {
        201: _create_metadata,
        400: lambda api: _create_metadata(api, attributes={"colour": "red"}),
        401: _without_access(_create_metadata),
        403: _without_access(_create_metadata, "outsider"),
        406: lambda api: api.post("/api/v1/metadata", {}, Accept="image/png"),
        409: lambda api: _create_metadata(api, type="person"),
        413: lambda api: api.post("/api/v1/metadata", b" " * (10 * 1024**2 + 1)),
        415: lambda api: api.post("/api/v1/metadata", {}, Content_Type="text/csv"),
        422: lambda api: _create_metadata(api, attributes={"orientation": 9}),
    },
    "GET /api/v1/metadata/{id}": {
        **_records("/api/v1/metadata", Client.create_metadata, "MetadataTable", "id"),
        413: lambda api: api.get(
            f"/api/v1/metadata/{api.create_large_derivatives()}?include=derivatives"
        ),
    },
    "GET /api/v1/media-type": {
        200: lambda api: api.get("/api/v1/media-type"),
        400: lambda api: api.get("/api/v1/media-type?sort=colour"),
        401: _without_access(lambda api: api.get("/api/v1/media-type")),
        403: _without_access(lambda api: api.get("/api/v1/media-type"), "roleless"),
        406: lambda api: api.get("/api/v1/media-type", Accept="image/png"),
    },
    "GET /api/v1/media-type/{id+}": {
        200: lambda api: api.get("/api/v1/media-type/image/jpeg"),
        308: lambda api: api.get("/api/v1/media-type/image/jpeg/"),
        400: lambda api: api.get("/api/v1/media-type/image/jpeg?q="),
        401: _without_access(lambda api: api.get("/api/v1/media-type/image/jpeg")),
        403: _without_access(lambda api: api.get("/api/v1/media-type/image/jpeg"), "roleless"),
        404: lambda api: api.get("/api/v1/media-type/application/zip"),
        406: lambda api: api.get("/api/v1/media-type/image/jpeg", Accept="image/png"),
    },
    **{
        f"GET /api/v1/metadata/{{id}}/{path}{{relation}}": _records(
            "/api/v1/metadata", Client.create_metadata, "MetadataTable", "id", f"/{path}derivatives"
        )
        for path in ("", "relationships/")
    },
    **{
        f"GET /api/v1/derivative/{{id}}/{path}{{relation}}": _records(
            "/api/v1/derivative",
            Client.create_derivative,
            "DerivativesTable",
            "id",
            f"/{path}acDerivedFrom",
        )
        | more
        for path, more in (("", {413: _large_related}), ("relationships/", {}))
    },
    "PATCH /api/v1/metadata/{id}/relationships/{relation}": _without(
        422, _relationship_changes("metadata", Client.create_metadata, "dcCreator", "person")
    ),
    "PATCH /api/v1/derivative/{id}/relationships/{relation}": _relationship_changes(
        "derivative", Client.create_derivative, "generatedFromDerivative", "derivative"
    ),
    "PATCH /api/v1/object-upload/{id}": _changes_to(
        "object-upload", Client.upload_file, originalFilename="b.png"
    ),
    "DELETE /api/v1/object-upload/{id}": {
        **_deletions_of("object-upload", Client.upload_file),
        409: lambda api: delete(api, "object-upload", api.upload_file_with_metadata()),
    },
    "PATCH /api/v1/metadata/{id}": _changes_to(
        "metadata", Client.create_metadata, acCaption="A leaf"
    ),
    "DELETE /api/v1/metadata/{id}": _deletions_of("metadata", Client.create_metadata),
    "POST /api/v1/derivative": _new_derivatives("/api/v1/derivative"),
    "POST /api/v1/derivative/{proxy+}": _new_derivatives("/api/v1/derivative/"),
    "PATCH /api/v1/derivative/{id}": _changes_to(
        "derivative", Client.create_derivative, publiclyReleasable=True
    ),
    "DELETE /api/v1/derivative/{id}": _deletions_of("derivative", Client.create_derivative),
    "POST /api/v1/metadata/bulk": _bulks(
        "/api/v1/metadata/bulk", "POST", "metadata", _new_metadata, {"orientation": 9}
    ),
    "PATCH /api/v1/metadata/bulk": _bulks(
        "/api/v1/metadata/bulk",
        "PATCH",
        "metadata",
        _named("metadata", Client.create_metadata, acCaption="A leaf"),
        {"orientation": 9},
    ),
    "POST /api/v1/metadata/bulk-load": _bulks(
        "/api/v1/metadata/bulk-load",
        "POST",
        "metadata",
        _named("metadata", Client.create_metadata),
        {},
    ),
    "POST /api/v1/derivative/bulk": _bulks(
        "/api/v1/derivative/bulk",
        "POST",
        "derivative",
        lambda api: api.derivative_document()["data"],
        {"filename": "x" * 256},
    ),
    "PATCH /api/v1/derivative/bulk": _bulks(
        "/api/v1/derivative/bulk",
        "PATCH",
        "derivative",
        _named("derivative", Client.create_derivative, acTags=["leaf"]),
        {"filename": "x" * 256},
    ),
    "POST /api/v1/derivative/bulk-load": _bulks(
        "/api/v1/derivative/bulk-load",
        "POST",
        "derivative",
        _named("derivative", Client.create_derivative),
        {},
    ),
    "POST /api/v1/object-upload/bulk-load": _bulks(
        "/api/v1/object-upload/bulk-load",
        "POST",
        "object-upload",
        _named("object-upload", Client.upload_file),
        {},
    ),
    "GET /api/v1/audit-snapshot": {
        200: lambda api: _call_after(
            api.create_metadata(),
            api.stack.settle,
            lambda: api.get("/api/v1/audit-snapshot?filter[author]=dev"),
        ),
        400: lambda api: api.get("/api/v1/audit-snapshot"),
        401: _without_access(lambda api: api.get("/api/v1/audit-snapshot?filter[author]=dev")),
        403: _without_access(
            lambda api: api.get("/api/v1/audit-snapshot?filter[author]=dev"), "roleless"
        ),
        406: lambda api: api.get("/api/v1/audit-snapshot?filter[author]=dev", Accept="image/png"),
    },
    "GET /api/v1/health": {
        200: lambda api: api.get("/api/v1/health"),
        406: lambda api: api.get("/api/v1/health", Accept="image/png"),
    },
    "GET /api/v1/openapi.json": {
        200: lambda api: api.get("/api/v1/openapi.json"),
        406: lambda api: api.get("/api/v1/openapi.json", Accept="image/png"),
    },
    "POST /{service}/authorize": _datasets("/rawstore/authorize"),
    "POST /{service}/{proxy+}": _datasets("/rawstore/"),
    "GET /{service}/info": {
        200: lambda api: api.rawstore("/rawstore/info"),
        401: lambda api: api.get("/rawstore/info"),
        403: lambda api: api.rawstore("/rawstore/info", service="other"),
        404: lambda api: api.rawstore("/other/info"),
    },
    "GET /{service}/presign": {
        200: lambda api: api.rawstore(_presign(api)),
        400: lambda api: api.rawstore("/rawstore/presign?ownerid=alice"),
        401: lambda api: api.rawstore(_presign(api).replace("ownerid", "owner")),
        403: lambda api: api.rawstore(_presign(api).replace("alice", "bob")),
        404: lambda api: api.rawstore("/other/presign"),
    },
}

ALL = [
    pytest.param(key, status, send, id=f"{key} {status}")
    for key, requests in REQUESTS.items()
    for status, send in requests.items()
]


@pytest.mark.parametrize(("key", "status", "send"), ALL)
def test_a_described_response_can_be_produced(
    api: Client, key: str, status: int, send: Request
) -> None:
    response = send(api)
    assert response.status == status, response.text
    check(key, response)


def test_every_described_response_is_produced() -> None:
    described = {
        (key, status)
        for key, operation in OPERATIONS.items()
        for status in (*operation.successes, *operation.error_codes)
        if status not in FAILURES
    }
    assert {(key, status) for key, one in REQUESTS.items() for status in one} == described


def test_a_link_to_a_file_is_described(api: Client) -> None:
    response = api.get(f"{api.path_to('file')}?redirect=false")
    assert set(response.json()) == {"url", "expires"}
    check("GET /api/v1/file/{bucket}/{fileId}", response)


def test_a_refused_file_is_described_everywhere(api: Client) -> None:
    offered = presigned_post(api.stack, name="a.zip")
    assert post(offered, ZIP) == 201
    api.stack.settle()
    identifier = offered["fileIdentifier"]
    record = api.get(f"/api/v1/object-upload/{identifier}")
    assert record.json()["data"]["attributes"]["uploadStatus"] == "REJECTED"
    check("GET /api/v1/object-upload/{id}", record)
    download = api.get(f"/api/v1/file/mybucket/{identifier}")
    assert download.status == 404
    check("GET /api/v1/file/{bucket}/{fileId}", download)


def test_a_datasets_older_spelling_is_described(api: Client) -> None:
    package = {**DATASET, "metadata": {"owner": "alice", "name": "birds"}}
    response = api.rawstore("/rawstore/authorize", package)
    assert set(response.json()) == {"filedata", "fileData"}
    check("POST /{service}/authorize", response)


def test_a_long_list_of_problems_is_described(api: Client) -> None:
    names = {f"attribute{number}": "red" for number in range(1001)}
    files = [{"originalFilename": "a.png", "colour": "red", "size": 1}] * 1000
    offers = api.post("/api/v1/upload/mybucket", {"files": files})
    unknown = _create_metadata(api, attributes=names)
    unmanaged = _create_metadata(api, attributes={"managedAttributes": names})
    assert [offers.status, unknown.status, unmanaged.status] == [400, 400, 422]
    for key, response in (
        ("POST /api/v1/upload/{bucket}", offers),
        ("POST /api/v1/metadata", unknown),
        ("POST /api/v1/metadata", unmanaged),
    ):
        assert response.json()["errors"][-1]["code"] == "more_problems"
        check(key, response)
