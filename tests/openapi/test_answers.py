"""Every answer that the description promises can be had, and looks as it says.

Left out are the answers that only come when something behind the API fails, or when the gateway
throttles: 429, 500 and 503.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

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
from tests.openapi.described import check

ABSENT = "01a201b2-61d3-7847-b106-8d77d4d6c0e9"
ZIP = b"PK\x05\x06" + bytes(18)
FAILURES = {429, 500, 503}
PACKAGE = {
    "metadata": {"owner": "alice", "dataset": "birds"},
    "filedata": {"a.csv": {"length": 3, "md5": "0" * 32}},
}


class Outsiders:
    """Bearer tokens of one user who is in no group, and of one who lacks the realm's role."""

    def caller(self, token: str) -> Caller:
        if token == "roleless":
            raise ForbiddenError("realm_role_required", "The token lacks the realm's role.")
        if token != "outsider":
            raise UnauthenticatedError("invalid_token", "The token proves nothing.")
        return Caller(username="mallory")


class World:
    """A stack, and what a client does with it."""

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

    def demand_tokens(self, token: str = "") -> None:
        """From now on callers need tokens, and send this one."""
        for function in self.stack.resources.functions:
            module = sys.modules.get(f"local_function_{function.folder.name}_app")
            if module is not None and hasattr(module, "identify"):
                self._monkeypatch.setattr(module, "identify", identify_by_token(Outsiders()))
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def uploaded(self) -> dict[str, Any]:
        """The flat record of an uploaded PNG, whose thumbnail has been made."""
        flat: dict[str, Any] = upload(self.stack, png()).json()
        self.stack.settle()
        return flat

    def path_of(self, kind: str) -> str:
        """Where a file, a derivative or a thumbnail can be had that is there."""
        if kind == "derivative":
            headers, form = multipart(png())
            target = "/api/v1/file/mybucket/derivative"
            flat = self.stack.request("POST", target, headers=headers, body=form).json()
            return f"{target}/{flat['fileIdentifier']}"
        suffix = "/thumbnail" if kind == "thumbnail" else ""
        return f"/api/v1/file/mybucket/{self.uploaded()['fileIdentifier']}{suffix}"

    def absent_path_of(self, kind: str) -> str:
        """Where one could be had, were it there."""
        infix = "derivative/" if kind == "derivative" else ""
        suffix = "/thumbnail" if kind == "thumbnail" else ""
        return f"/api/v1/file/mybucket/{infix}{ABSENT}{suffix}"

    def described(self) -> str:
        """The id of a description of a file."""
        response = describe(self.stack, self.uploaded()["fileIdentifier"], publiclyReleasable=False)
        return str(response.json()["data"]["id"])

    def stored(self) -> str:
        """The identifier of a file that nothing describes."""
        return str(self.uploaded()["fileIdentifier"])

    def described_file(self) -> str:
        """The identifier of a file that is described."""
        identifier = self.stored()
        assert describe(self.stack, identifier).status == 201
        return identifier

    def derivation(self, **attributes: Any) -> dict[str, Any]:
        """A document that records a derivative, whose file is there."""
        given = {"dcType": "IMAGE", "fileIdentifier": upload_derivative(self.stack, png())}
        source = {"type": "metadata", "id": self.described()}
        return {
            "data": {
                "type": "derivative",
                "attributes": given | attributes,
                "relationships": {"acDerivedFrom": {"data": source}},
            }
        }

    def derived(self) -> str:
        """The id of a derivative's record."""
        response = self.post("/api/v1/derivative", self.derivation())
        return str(response.json()["data"]["id"])

    def still_running(self, ask: Callable[[], Response]) -> Response:
        """What a request is answered with whose first run has not come to its end."""
        ask()
        [run] = self.stack.items("IdempotencyTable")
        self.stack.client("dynamodb").update_item(
            TableName=self.stack.name("IdempotencyTable"),
            Key={"runKey": {"S": str(run["runKey"])}},
            UpdateExpression="REMOVE answer",
        )
        return ask()

    def bury(self, table: str, key: str, identifier: str) -> None:
        """Make a tombstone of a record: no route deletes yet."""
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
        """A request with a permission token of alice's for a service."""
        assert self.stack.permission_tokens is not None
        token = self.stack.permission_tokens.sign("alice", service, {"datapackage-upload": True})
        if body is None:
            return self.get(path, Auth_Token=token)
        return self.post(path, body, Auth_Token=token)


@pytest.fixture
def world(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(stack, monkeypatch)


Hook = Callable[[World], Response]


def _uploads(path: str) -> Mapping[int, Hook]:
    return {
        200: lambda world: world.form(path),
        201: lambda world: world.form(path, Accept=JSON_API),
        400: lambda world: world.post(path, b"", Content_Type="multipart/form-data; boundary=b"),
        401: lambda world: _after(world.form(path), world.demand_tokens, lambda: world.form(path)),
        403: lambda world: _after(
            world.form(path), lambda: world.demand_tokens("outsider"), lambda: world.form(path)
        ),
        406: lambda world: world.form(path, Accept="text/plain"),
        409: lambda world: world.still_running(
            lambda: world.form(path, Idempotency_Key="import-1")
        ),
        413: lambda world: world.form(path, b"x" * (4 * 1024**2 + 1)),
        415: lambda world: world.form(path, ZIP),
        422: lambda world: world.form(path, b""),
    }


def _after(_made: Any, then: Callable[[], None], ask: Callable[[], Response]) -> Response:
    """What is asked for once something has been made and something else done."""
    then()
    return ask()


def _looks(kind: str, method: str) -> Mapping[int, Hook]:
    def ask(world: World, path: str, **headers: str) -> Response:
        return world.get(path, method=method, **headers)

    def unchanged(world: World) -> Response:
        path = world.path_of(kind)
        return ask(world, path, If_None_Match=str(ask(world, path).header("etag")))

    def guarded(world: World, token: str) -> Response:
        path = world.path_of(kind)
        ask(world, path)
        world.demand_tokens(token)
        return ask(world, path)

    def buried(world: World) -> Response:
        path = world.path_of(kind)
        identifier = path.removesuffix("/thumbnail").rpartition("/")[2]
        world.bury("UploadsTable", "fileIdentifier", identifier)
        return ask(world, path)

    return {
        200: lambda world: ask(world, world.path_of(kind)),
        304: unchanged,
        400: lambda world: ask(world, f"{world.path_of(kind)}?disposition=both"),
        401: lambda world: guarded(world, ""),
        403: lambda world: guarded(world, "outsider"),
        404: lambda world: ask(world, world.absent_path_of(kind)),
        410: buried,
    }


def _downloads(kind: str) -> Mapping[int, Hook]:
    return {
        **_looks(kind, "GET"),
        206: lambda world: world.get(world.path_of(kind), Range="bytes=0-9"),
        307: lambda world: world.get(f"{world.path_of(kind)}?redirect=true"),
        416: lambda world: world.get(world.path_of(kind), Range="bytes=99999999-"),
    }


def _records(root: str, make: Callable[[World], str], table: str, key: str) -> Mapping[int, Hook]:
    def guarded(world: World, token: str) -> Response:
        path = f"{root}/{make(world)}"
        world.get(path)
        world.demand_tokens(token)
        return world.get(path)

    def buried(world: World) -> Response:
        identifier = make(world)
        world.bury(table, key, identifier)
        return world.get(f"{root}/{identifier}")

    return {
        200: lambda world: world.get(f"{root}/{make(world)}", include_dina_permission="yes"),
        304: lambda world: world.get(f"{root}/{make(world)}", If_None_Match="*"),
        400: lambda world: world.get(f"{root}/nonsense"),
        401: lambda world: guarded(world, ""),
        403: lambda world: guarded(world, "outsider"),
        404: lambda world: world.get(f"{root}/{ABSENT}"),
        406: lambda world: world.get(f"{root}/{ABSENT}", Accept="image/png"),
        410: buried,
    }


def _lists(root: str, **view: str) -> Mapping[int, Hook]:
    """What the list of a kind answers; `view` is a query that shows all that it can."""

    def page(world: World) -> Response:
        described = world.described()
        world.stack.settle()
        assert described
        return world.get(f"{root}?page[limit]=1&{'&'.join(f'{k}={v}' for k, v in view.items())}")

    return {
        200: page,
        400: lambda world: world.get(f"{root}?sort=colour&page[cursor]=x&include=friends"),
        401: _guarded(lambda world: world.get(root)),
        403: _guarded(lambda world: world.get(root), "roleless"),
        406: lambda world: world.get(root, Accept="image/png"),
    }


def _offers(world: World, **file: Any) -> Response:
    return world.post("/api/v1/upload/mybucket", {"files": [{"originalFilename": "a.png", **file}]})


def _description(world: World, **more: Any) -> Response:
    attributes = {
        "bucket": "mybucket",
        "resourceExternalURL": "https://example.org/a",
        "dcFormat": "text/html",
        **more.pop("attributes", {}),
    }
    document = {"data": {"type": "metadata", "attributes": attributes, **more}}
    return world.post("/api/v1/metadata", document)


def _guarded(ask: Hook, token: str = "") -> Hook:
    def happen(world: World) -> Response:
        ask(world)
        world.demand_tokens(token)
        return ask(world)

    return happen


def _packages(path: str) -> Mapping[int, Hook]:
    too_many = {**PACKAGE, "filedata": {str(number): {} for number in range(2001)}}
    other = path.replace("/rawstore/", "/other/")
    return {
        200: lambda world: world.rawstore(path, PACKAGE),
        400: lambda world: world.rawstore(path, {**PACKAGE, "filedata": {"..": {}}}),
        401: lambda world: world.post(path, PACKAGE),
        403: lambda world: world.rawstore(path, PACKAGE, service="other"),
        404: lambda world: world.rawstore(other, PACKAGE),
        413: lambda world: world.rawstore(path, too_many),
    }


def _presign(world: World) -> str:
    bucket = world.stack.name("RawstoreBucket")
    return f"/rawstore/presign?ownerid=alice&url=http://{bucket}/alice/birds/data.csv"


TERMS: Mapping[str, Mapping[str, Any]] = {
    "managed-attribute": {
        "name": "Sheet Condition",
        "vocabularyElementType": "STRING",
        "multilingualDescription": {"descriptions": [{"lang": "en", "desc": "What it is like."}]},
    },
    "object-subtype": {"dcType": "IMAGE", "acSubtype": "Drawing"},
}


def _terms(kind: str, wrong: Mapping[str, Any]) -> Mapping[str, Mapping[int, Hook]]:
    """The answers of a kind of term; `wrong` is an attribute against a rule."""
    root = f"/api/v1/{kind}"

    def add(world: World, type_: str = kind, **attributes: Any) -> Response:
        document = {"type": type_, "attributes": {**TERMS[kind], **attributes}}
        return world.post(root, {"data": document})

    def path(world: World) -> str:
        return f"{root}/{add(world).json()['data']['id']}"

    def send(world: World, method: str, target: str, body: Any = None, **headers: str) -> Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return world.stack.request(
            method, target, headers={**world.headers, **sent}, json_body=body
        )

    def change(world: World, type_: str = kind, **attributes: Any) -> Response:
        target = path(world)
        document = {"type": type_, "id": target.rpartition("/")[2], "attributes": attributes}
        return send(world, "PATCH", target, {"data": document})

    def guarded(method: str, token: str) -> Hook:
        def ask(world: World) -> Response:
            target = path(world)
            document = {"type": kind, "id": target.rpartition("/")[2], "attributes": {}}
            for other in ("GET", "PATCH", "DELETE"):
                send(world, other, f"{root}/{ABSENT}", {"data": document})  # loads the handlers
            world.demand_tokens(token)
            return send(world, method, target, {"data": document})

        return ask

    def absent(method: str) -> Hook:
        document = {"data": {"type": kind, "id": ABSENT, "attributes": {}}}
        return lambda world: send(world, method, f"{root}/{ABSENT}", document)

    def gone(method: str) -> Hook:
        def ask(world: World) -> Response:
            target = path(world)
            assert send(world, "DELETE", target).status == 204
            document = {"type": kind, "id": target.rpartition("/")[2], "attributes": {}}
            return send(world, method, target, {"data": document})

        return ask

    def in_use(world: World) -> Response:
        target = path(world)
        used: dict[str, Any] = {"managedAttributes": {"sheet_condition": "torn"}}
        if kind == "object-subtype":
            used = {"acSubtype": "DRAWING", "dcType": "IMAGE"}
        assert _description(world, attributes=used).status == 201
        return send(world, "DELETE", target)

    def repeated(world: World) -> Response:
        add(world)
        return add(world)

    negotiated: Hook = lambda world: send(  # noqa: E731 - one of a table of them
        world, "DELETE", f"{root}/{ABSENT}", Accept="image/png"
    )
    too_large = b" " * (10 * 1024**2 + 1)
    shown: dict[int, Hook] = {
        200: lambda world: world.get(path(world)),
        304: lambda world: world.get(path(world), If_None_Match="*"),
        401: guarded("GET", ""),
        403: guarded("GET", "roleless"),
        404: absent("GET"),
        406: lambda world: world.get(f"{root}/{ABSENT}", Accept="image/png"),
        410: gone("GET"),
    }
    if kind == "object-subtype":
        shown[400] = lambda world: world.get(f"{root}/nonsense")
    return {
        f"GET {root}": {
            200: lambda world: _after(add(world), lambda: None, lambda: world.get(root)),
            400: lambda world: world.get(f"{root}?sort=colour"),
            401: _guarded(lambda world: world.get(root)),
            403: _guarded(lambda world: world.get(root), "roleless"),
            406: lambda world: world.get(root, Accept="image/png"),
        },
        f"GET {root}/{{id}}": shown,
        f"POST {root}": {
            201: add,
            400: lambda world: add(world, colour="red"),
            401: _guarded(add),
            403: _guarded(add, "outsider"),
            406: lambda world: world.post(root, {}, Accept="image/png"),
            409: repeated,
            413: lambda world: world.post(root, too_large),
            415: lambda world: world.post(root, {}, Content_Type="text/csv"),
            422: lambda world: add(world, **wrong),
        },
        f"PATCH {root}/{{id}}": {
            200: change,
            400: lambda world: change(world, colour="red"),
            401: guarded("PATCH", ""),
            403: guarded("PATCH", "outsider"),
            404: absent("PATCH"),
            406: lambda world: send(world, "PATCH", f"{root}/{ABSENT}", {}, Accept="image/png"),
            409: lambda world: change(world, type_="person"),
            410: gone("PATCH"),
            412: lambda world: send(
                world,
                "PATCH",
                target := path(world),
                {"data": {"type": kind, "id": target.rpartition("/")[2], "attributes": {}}},
                If_Match='"7"',
            ),
            413: lambda world: world.stack.request("PATCH", f"{root}/{ABSENT}", body=too_large),
            415: lambda world: send(
                world, "PATCH", f"{root}/{ABSENT}", {}, Content_Type="text/csv"
            ),
            422: lambda world: change(world, **wrong),
        },
        f"DELETE {root}/{{id}}": {
            204: lambda world: send(world, "DELETE", path(world)),
            400: lambda world: send(world, "DELETE", f"{root}/nonsense"),
            401: guarded("DELETE", ""),
            403: guarded("DELETE", "outsider"),
            404: absent("DELETE"),
            406: negotiated,
            410: gone("DELETE"),
            412: lambda world: send(world, "DELETE", path(world), If_Match='"7", W/"1", x'),
            422: in_use,
        },
    }


def _lookup(path: str) -> Mapping[int, Hook]:
    """The answers of something that everybody who is signed in may look up."""
    return {
        200: lambda world: world.get(path),
        401: _guarded(lambda world: world.get(path)),
        403: _guarded(lambda world: world.get(path), "roleless"),
        406: lambda world: world.get(path, Accept="image/png"),
    }


def _stored(infix: str, kind: str) -> Mapping[int, Hook]:
    root = f"/api/v1/file-info/mybucket/{infix}"

    def ask(world: World) -> Response:
        identifier = world.path_of(kind).rpartition("/")[2]
        return world.get(f"{root}{identifier}.png")

    return {
        200: ask,
        400: lambda world: world.get(root.replace("mybucket", "my%20bucket") + "a"),
        401: _guarded(lambda world: world.get(f"{root}{ABSENT}.png")),
        403: _guarded(lambda world: world.get(f"{root}{ABSENT}.png"), "outsider"),
        404: lambda world: world.get(f"{root}{ABSENT}.png"),
        406: lambda world: world.get(f"{root}{ABSENT}.png", Accept="image/png"),
    }


def _names(root: str) -> Mapping[int, Hook]:
    query = "filter[type][EQ]=metadata&filter[name][EQ]=my-image.png&filter[group][EQ]=mybucket"

    def ask(world: World) -> Response:
        return world.get(f"{root}?{query}")

    return {
        200: lambda world: _after(world.described(), lambda: None, lambda: ask(world)),
        400: lambda world: world.get(f"{root}?filter[name][EQ]=a"),
        401: _guarded(ask),
        403: _guarded(ask, "outsider"),
        406: lambda world: world.get(f"{root}?{query}", Accept="image/png"),
    }


def patch(world: World, kind: str, identifier: str, data: Any, **headers: str) -> Response:
    """What a PATCH of this resource is answered with."""
    sent = {"Content-Type": JSON_API, **world.headers}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    body = data if isinstance(data, bytes) else json.dumps({"data": data}).encode()
    return world.stack.request("PATCH", f"/api/v1/{kind}/{identifier}", headers=sent, body=body)


def delete_of(world: World, kind: str, identifier: str, **headers: str) -> Response:
    """What the deletion of this resource is answered with."""
    return world.get(f"/api/v1/{kind}/{identifier}", method="DELETE", **headers)


def _changes_of(kind: str, make: Callable[[World], str], **attributes: Any) -> Mapping[int, Hook]:
    def ask(world: World, identifier: str = "", **headers: str) -> Response:
        identifier = identifier or make(world)
        data = {"type": kind, "id": identifier, "attributes": attributes}
        return patch(world, kind, identifier, data, **headers)

    def guarded(world: World, token: str) -> Response:
        identifier = make(world)
        ask(world, identifier)
        world.demand_tokens(token)
        return ask(world, identifier)

    def gone(world: World) -> Response:
        identifier = make(world)
        assert delete_of(world, kind, identifier).status == 204
        return ask(world, identifier)

    def wrong(world: World) -> Response:
        identifier = make(world)
        name = "originalFilename" if kind == "object-upload" else "filename"
        data = {"type": kind, "id": identifier, "attributes": {name: "x" * 256}}
        return patch(world, kind, identifier, data)

    return {
        200: ask,
        400: lambda world: patch(world, kind, ABSENT, {"type": kind, "id": "x"}),
        401: lambda world: guarded(world, ""),
        403: lambda world: guarded(world, "outsider"),
        404: lambda world: ask(world, ABSENT),
        406: lambda world: ask(world, ABSENT, Accept="image/png"),
        409: lambda world: patch(world, kind, ABSENT, {"type": "person", "id": ABSENT}),
        410: gone,
        412: lambda world: ask(world, If_Match='"99"'),
        413: lambda world: patch(world, kind, ABSENT, b" " * (10 * 1024**2 + 1)),
        415: lambda world: patch(world, kind, ABSENT, {}, Content_Type="text/csv"),
        422: wrong,
    }


def _deletions_of(kind: str, make: Callable[[World], str]) -> Mapping[int, Hook]:
    def guarded(world: World, token: str) -> Response:
        identifier = make(world)
        delete_of(world, kind, ABSENT)
        world.demand_tokens(token)
        return delete_of(world, kind, identifier)

    def gone(world: World) -> Response:
        identifier = make(world)
        assert delete_of(world, kind, identifier).status == 204
        return delete_of(world, kind, identifier)

    return {
        204: lambda world: delete_of(world, kind, make(world)),
        400: lambda world: delete_of(world, kind, "nonsense"),
        401: lambda world: guarded(world, ""),
        403: lambda world: guarded(world, "outsider"),
        404: lambda world: delete_of(world, kind, ABSENT),
        406: lambda world: delete_of(world, kind, ABSENT, Accept="image/png"),
        410: gone,
        412: lambda world: delete_of(world, kind, make(world), If_Match='"99"'),
    }


def _derivations(path: str) -> Mapping[int, Hook]:
    def ask(world: World, **attributes: Any) -> Response:
        return world.post(path, world.derivation(**attributes))

    return {
        201: ask,
        400: lambda world: ask(world, colour="red"),
        401: _guarded_by(path, World.derivation, ""),
        403: _guarded_by(path, World.derivation, "outsider"),
        406: lambda world: world.post(path, {}, Accept="image/png"),
        409: lambda world: world.post(path, {"data": {"type": "person"}}),
        413: lambda world: world.post(path, b" " * (10 * 1024**2 + 1)),
        415: lambda world: world.post(path, {}, Content_Type="text/csv"),
        422: lambda world: ask(world, fileIdentifier=ABSENT),
    }


def _guarded_by(path: str, make: Callable[[World], Any], token: str) -> Hook:
    def happen(world: World) -> Response:
        document = make(world)
        world.post(path, {})
        world.demand_tokens(token)
        return world.post(path, document)

    return happen


def _export(world: World, **more: Any) -> Response:
    attributes = {
        "fileIdentifiers": more.pop("files", None) or [world.uploaded()["fileIdentifier"]]
    }
    document = {"type": "object-export", "attributes": attributes | more.pop("attributes", {})}
    return world.post(f"{more.pop('root', '/api/v1')}/object-export", {"data": document | more})


def _exported(world: World, *, bodies: int = 0) -> str:
    """Where an export is that has been built: of a picture, or of so many times 3 MiB."""
    files = []
    for number in range(bodies):
        body = bytes([number]) * (3 * 1024**2)
        kind = "application/octet-stream"
        flat = upload(world.stack, body, name="a.bin", media_type=kind).json()
        files.append(flat["fileIdentifier"])
    identifier = _export(world, files=files).json()["data"]["id"]
    world.stack.settle()
    return f"/api/v1/object-export/{identifier}"


def _key(world: World, *, bodies: int = 0) -> str:
    response = world.post(f"{_exported(world, bodies=bodies)}/key", {})
    return str(response.json()["data"]["id"])


def _with_an_export(ask: Callable[[World, str], Response], token: str = "") -> Hook:
    def happen(world: World) -> Response:
        path = _exported(world)
        ask(world, path)
        world.demand_tokens(token)
        return ask(world, path)

    return happen


def _export_requests(root: str) -> Mapping[int, Hook]:
    def ask(world: World, **more: Any) -> Response:
        return _export(world, root=root, **more)

    path = f"{root}/object-export"
    return {
        201: lambda world: ask(world, attributes={"name": "n", "exportLayout": {"a/": []}}),
        400: lambda world: ask(world, attributes={"colour": "red"}),
        401: _guarded(lambda world: ask(world, files=[ABSENT])),
        403: _guarded(lambda world: ask(world, files=[ABSENT]), "roleless"),
        406: lambda world: world.post(path, {}, Accept="image/png"),
        409: lambda world: ask(world, type="person"),
        413: lambda world: ask(world, files=[ABSENT] * 10_001),
        415: lambda world: world.post(path, {}, Content_Type="text/csv"),
        422: lambda world: ask(world, files=[ABSENT]),
    }


def _bulks(
    path: str, method: str, kind: str, make: Callable[[World], Any], wrong: Mapping[str, Any]
) -> Mapping[int, Hook]:
    """`make` makes a resource that can be sent; `wrong` are attributes against a rule."""

    def ask(world: World, data: Any, **headers: str) -> Response:
        sent = {"Content-Type": f"{JSON_API}; ext=bulk", **world.headers}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = data if isinstance(data, bytes) else json.dumps({"data": data}).encode()
        return world.stack.request(method, path, headers=sent, body=body)

    def changed(world: World, **attributes: Any) -> Any:
        resource = make(world)
        return {**resource, "attributes": {**resource.get("attributes", {}), **attributes}}

    def guarded(world: World, token: str) -> Response:
        resource = make(world)
        ask(world, [])
        world.demand_tokens(token)
        return ask(world, [resource])

    happenings: dict[int, Hook] = {
        200: lambda world: ask(world, [make(world)]),
        400: lambda world: ask(world, [changed(world, colour="red")]),
        401: lambda world: guarded(world, ""),
        403: lambda world: guarded(world, "outsider"),
        406: lambda world: ask(world, [], Accept="image/png"),
        409: lambda world: ask(world, [{**make(world), "type": "person"}]),
        413: lambda world: ask(world, [{}] * 1001),
        415: lambda world: ask(world, [], Content_Type="text/csv"),
    }
    if wrong:
        happenings[422] = lambda world: ask(world, [changed(world, **wrong)])
    if method == "PATCH" or not wrong:

        def gone(world: World) -> Response:
            resource = make(world)
            assert delete_of(world, kind, resource["id"]).status == 204
            return ask(world, [resource])

        happenings[404] = lambda world: ask(world, [{**make(world), "id": ABSENT}])
        happenings[410] = gone
    if not wrong:
        happenings[400] = lambda world: ask(world, [{**make(world), "id": "x"}])
    return happenings


def _named(kind: str, make: Callable[[World], str]) -> Callable[[World], Any]:
    return lambda world: {"type": kind, "id": make(world)}


def _new_metadata(world: World) -> Any:
    attributes = {
        "bucket": "mybucket", "fileIdentifier": world.stored(), "publiclyReleasable": False
    }  # fmt: skip
    return {"type": "metadata", "attributes": attributes}


def _archives(root: str, method: str) -> Mapping[int, Hook]:
    def ask(world: World, key: str) -> Response:
        return world.get(f"{root}/toa/{key}", method=method)

    happenings: dict[int, Hook] = {
        200: lambda world: ask(world, _key(world)),
        404: lambda world: ask(world, "k" * 128),
    }
    if method == "GET":
        happenings[307] = lambda world: ask(world, _key(world, bodies=2))
    return happenings


def _expired_key(world: World) -> Response:
    path = _exported(world)
    world.stack.clock.advance(timedelta(hours=2))
    world.stack.run_schedule("KeepHouseFunction")
    return world.post(f"{path}/key", {})


def _generations(path: str) -> Mapping[int, Hook]:
    def ask(world: World, identifier: str = ABSENT, **attributes: Any) -> Response:
        given = {"metadataUuid": identifier, "derivativeType": "THUMBNAIL_IMAGE", **attributes}
        return world.post(path, {"data": {"type": "derivative-generation", "attributes": given}})

    def buried(world: World) -> Response:
        identifier = world.described()
        world.bury("MetadataTable", "id", identifier)
        return ask(world, identifier)

    return {
        201: lambda world: ask(world, world.described()),
        400: lambda world: ask(world, colour="red"),
        401: _guarded(ask),
        403: _guarded(ask, "outsider"),
        404: ask,
        406: lambda world: world.post(path, {}, Accept="image/png"),
        409: lambda world: world.post(path, {"data": {"type": "derivative", "attributes": {}}}),
        410: buried,
        413: lambda world: world.post(path, b" " * (10 * 1024**2 + 1)),
        415: lambda world: world.post(path, {}, Content_Type="text/csv"),
        422: lambda world: ask(world, derivativeType="LARGE_IMAGE"),
    }


def _refreshes(path: str) -> Mapping[int, Hook]:
    def ask(world: World, **more: Any) -> Response:
        document = {"type": "index-refresh", "attributes": {"docType": "metadata"}, **more}
        return world.post(path, {"data": document})

    def buried(world: World) -> Response:
        identifier = world.described()
        world.bury("MetadataTable", "id", identifier)
        return ask(world, id=identifier)

    return {
        202: lambda world: ask(world, id=world.described()),
        400: lambda world: ask(world, attributes={"docType": "derivative"}),
        401: _guarded(ask),
        403: _guarded(ask, "outsider"),
        404: lambda world: ask(world, id=ABSENT),
        406: lambda world: world.post(path, {}, Accept="image/png"),
        409: lambda world: ask(world, type="metadata"),
        410: buried,
        413: lambda world: world.post(path, b" " * (10 * 1024**2 + 1)),
        415: lambda world: world.post(path, {}, Content_Type="text/csv"),
    }


HAPPENINGS: Mapping[str, Mapping[int, Hook]] = {
    "POST /api/v1/index-refresh": _refreshes("/api/v1/index-refresh"),
    "POST /index-refresh": _refreshes("/index-refresh"),
    "GET /api/v1/docs": {
        200: lambda world: world.get("/api/v1/docs"),
        406: lambda world: world.get("/api/v1/docs", Accept="application/json"),
    },
    "POST /api/v1/derivative-generation": _generations("/api/v1/derivative-generation"),
    "POST /derivative-generation": _generations("/derivative-generation"),
    "POST /api/v1/object-export": _export_requests("/api/v1"),
    "POST /object-export": _export_requests(""),
    "GET /api/v1/object-export": {
        200: lambda world: _after(
            _exported(world), lambda: None, lambda: world.get("/api/v1/object-export")
        ),
        400: lambda world: world.get("/api/v1/object-export?page[limit]=0"),
        401: _guarded(lambda world: world.get("/api/v1/object-export")),
        403: _guarded(lambda world: world.get("/api/v1/object-export"), "roleless"),
        406: lambda world: world.get("/api/v1/object-export", Accept="image/png"),
    },
    "GET /api/v1/object-export/{id}": {
        200: lambda world: world.get(_exported(world)),
        304: lambda world: world.get(_exported(world), If_None_Match="*"),
        400: lambda world: world.get("/api/v1/object-export/nonsense"),
        401: _with_an_export(lambda world, path: world.get(path)),
        403: _with_an_export(lambda world, path: world.get(path), "roleless"),
        404: lambda world: world.get(f"/api/v1/object-export/{ABSENT}"),
        406: lambda world: world.get(f"/api/v1/object-export/{ABSENT}", Accept="image/png"),
    },
    "POST /api/v1/object-export/{id}/key": {
        201: lambda world: world.post(f"{_exported(world)}/key", {}),
        400: lambda world: world.post("/api/v1/object-export/nonsense/key", {}),
        401: _with_an_export(lambda world, path: world.post(f"{path}/key", {})),
        403: _with_an_export(lambda world, path: world.post(f"{path}/key", {}), "roleless"),
        404: lambda world: world.post(f"/api/v1/object-export/{ABSENT}/key", {}),
        406: lambda world: world.post(
            f"/api/v1/object-export/{ABSENT}/key", {}, Accept="image/png"
        ),
        409: lambda world: world.post(
            f"/api/v1/object-export/{_export(world).json()['data']['id']}/key", {}
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
        400: lambda world: world.get("/api/v1/license?sort=colour"),
    },
    "GET /api/v1/license/{id}": {
        **_lookup("/api/v1/license/attribution-international-4"),
        404: lambda world: world.get("/api/v1/license/none"),
    },
    "GET /api/v1/config": {
        **_lookup("/api/v1/config"),
        400: lambda world: world.get("/api/v1/config?page[limit]=0"),
    },
    "GET /api/v1/config/{id}": {
        **_lookup("/api/v1/config/file-upload"),
        404: lambda world: world.get("/api/v1/config/none"),
    },
    **_terms("managed-attribute", {"multilingualDescription": {"descriptions": []}}),
    **_terms("object-subtype", {"acSubtype": " "}),
    "POST /api/v1/file/{bucket}": _uploads("/api/v1/file/mybucket"),
    "POST /api/v1/file/{bucket}/derivative": _uploads("/api/v1/file/mybucket/derivative"),
    "GET /api/v1/file/{bucket}/{fileId}": _downloads("file"),
    "HEAD /api/v1/file/{bucket}/{fileId}": _looks("file", "HEAD"),
    "GET /api/v1/file/{bucket}/derivative/{fileId}": _downloads("derivative"),
    "HEAD /api/v1/file/{bucket}/derivative/{fileId}": _looks("derivative", "HEAD"),
    "GET /api/v1/file/{bucket}/{fileId}/thumbnail": _downloads("thumbnail"),
    "HEAD /api/v1/file/{bucket}/{fileId}/thumbnail": _looks("thumbnail", "HEAD"),
    "POST /api/v1/upload/{bucket}": {
        200: _offers,
        400: lambda world: _offers(world, colour="red"),
        401: _guarded(_offers),
        403: _guarded(_offers, "outsider"),
        406: lambda world: world.post("/api/v1/upload/mybucket", {}, Accept="image/png"),
        413: lambda world: _offers(world, sizeInBytes=5 * 1024**3 + 1),
        415: lambda world: world.post("/api/v1/upload/mybucket", {}, Content_Type="text/csv"),
        422: lambda world: _offers(world, sizeInBytes=0),
    },
    "GET /api/v1/object-upload/{id}": _records(
        "/api/v1/object-upload",
        lambda world: str(world.uploaded()["fileIdentifier"]),
        "UploadsTable",
        "fileIdentifier",
    ),
    "GET /api/v1/object-upload": _lists("/api/v1/object-upload"),
    "GET /api/v1/metadata": _lists("/api/v1/metadata", include="derivatives"),
    "GET /api/v1/derivative": _lists("/api/v1/derivative", include="acDerivedFrom"),
    "GET /api/v1/derivative/{id}": _records(
        "/api/v1/derivative", World.derived, "DerivativesTable", "id"
    ),
    "POST /api/v1/metadata": {
        201: _description,
        400: lambda world: _description(world, attributes={"colour": "red"}),
        401: _guarded(_description),
        403: _guarded(_description, "outsider"),
        406: lambda world: world.post("/api/v1/metadata", {}, Accept="image/png"),
        409: lambda world: _description(world, type="person"),
        413: lambda world: world.post("/api/v1/metadata", b" " * (10 * 1024**2 + 1)),
        415: lambda world: world.post("/api/v1/metadata", {}, Content_Type="text/csv"),
        422: lambda world: _description(world, attributes={"orientation": 9}),
    },
    "GET /api/v1/metadata/{id}": _records(
        "/api/v1/metadata", World.described, "MetadataTable", "id"
    ),
    "GET /api/v1/media-type": {
        200: lambda world: world.get("/api/v1/media-type"),
        400: lambda world: world.get("/api/v1/media-type?sort=colour"),
        401: _guarded(lambda world: world.get("/api/v1/media-type")),
        403: _guarded(lambda world: world.get("/api/v1/media-type"), "roleless"),
        406: lambda world: world.get("/api/v1/media-type", Accept="image/png"),
    },
    "GET /api/v1/media-type/{id+}": {
        200: lambda world: world.get("/api/v1/media-type/image/jpeg"),
        401: _guarded(lambda world: world.get("/api/v1/media-type/image/jpeg")),
        403: _guarded(lambda world: world.get("/api/v1/media-type/image/jpeg"), "roleless"),
        404: lambda world: world.get("/api/v1/media-type/application/zip"),
        406: lambda world: world.get("/api/v1/media-type/image/jpeg", Accept="image/png"),
    },
    "PATCH /api/v1/object-upload/{id}": _changes_of(
        "object-upload", World.stored, originalFilename="b.png"
    ),
    "DELETE /api/v1/object-upload/{id}": {
        **_deletions_of("object-upload", World.stored),
        409: lambda world: delete_of(world, "object-upload", world.described_file()),
    },
    "PATCH /api/v1/metadata/{id}": _changes_of("metadata", World.described, acCaption="A leaf"),
    "DELETE /api/v1/metadata/{id}": _deletions_of("metadata", World.described),
    "POST /api/v1/derivative": _derivations("/api/v1/derivative"),
    "POST /api/v1/derivative/{proxy+}": _derivations("/api/v1/derivative/"),
    "PATCH /api/v1/derivative/{id}": _changes_of(
        "derivative", World.derived, publiclyReleasable=True
    ),
    "DELETE /api/v1/derivative/{id}": _deletions_of("derivative", World.derived),
    "POST /api/v1/metadata/bulk": _bulks(
        "/api/v1/metadata/bulk", "POST", "metadata", _new_metadata, {"orientation": 9}
    ),
    "PATCH /api/v1/metadata/bulk": _bulks(
        "/api/v1/metadata/bulk",
        "PATCH",
        "metadata",
        _named("metadata", World.described),
        {"orientation": 9},
    ),
    "POST /api/v1/metadata/bulk-load": _bulks(
        "/api/v1/metadata/bulk-load", "POST", "metadata", _named("metadata", World.described), {}
    ),
    "POST /api/v1/derivative/bulk": _bulks(
        "/api/v1/derivative/bulk",
        "POST",
        "derivative",
        lambda world: world.derivation()["data"],
        {"filename": "x" * 256},
    ),
    "PATCH /api/v1/derivative/bulk": _bulks(
        "/api/v1/derivative/bulk",
        "PATCH",
        "derivative",
        _named("derivative", World.derived),
        {"filename": "x" * 256},
    ),
    "POST /api/v1/derivative/bulk-load": _bulks(
        "/api/v1/derivative/bulk-load",
        "POST",
        "derivative",
        _named("derivative", World.derived),
        {},
    ),
    "POST /api/v1/object-upload/bulk-load": _bulks(
        "/api/v1/object-upload/bulk-load",
        "POST",
        "object-upload",
        _named("object-upload", World.stored),
        {},
    ),
    "GET /api/v1/audit-snapshot": {
        200: lambda world: _after(
            world.described(),
            world.stack.settle,
            lambda: world.get("/api/v1/audit-snapshot?filter[author]=dev"),
        ),
        400: lambda world: world.get("/api/v1/audit-snapshot"),
        401: _guarded(lambda world: world.get("/api/v1/audit-snapshot?filter[author]=dev")),
        403: _guarded(
            lambda world: world.get("/api/v1/audit-snapshot?filter[author]=dev"), "roleless"
        ),
        406: lambda world: world.get(
            "/api/v1/audit-snapshot?filter[author]=dev", Accept="image/png"
        ),
    },
    "GET /api/v1/health": {
        200: lambda world: world.get("/api/v1/health"),
        406: lambda world: world.get("/api/v1/health", Accept="image/png"),
    },
    "GET /api/v1/openapi.json": {
        200: lambda world: world.get("/api/v1/openapi.json"),
        406: lambda world: world.get("/api/v1/openapi.json", Accept="image/png"),
    },
    "POST /{service}/authorize": _packages("/rawstore/authorize"),
    "POST /{service}/{proxy+}": _packages("/rawstore/"),
    "GET /{service}/info": {
        200: lambda world: world.rawstore("/rawstore/info"),
        401: lambda world: world.get("/rawstore/info"),
        403: lambda world: world.rawstore("/rawstore/info", service="other"),
        404: lambda world: world.rawstore("/other/info"),
    },
    "GET /{service}/presign": {
        200: lambda world: world.rawstore(_presign(world)),
        400: lambda world: world.rawstore("/rawstore/presign?ownerid=alice"),
        401: lambda world: world.rawstore(_presign(world).replace("ownerid", "owner")),
        403: lambda world: world.rawstore(_presign(world).replace("alice", "bob")),
        404: lambda world: world.rawstore("/other/presign"),
    },
}

ALL = [
    pytest.param(key, status, happen, id=f"{key} {status}")
    for key, happenings in HAPPENINGS.items()
    for status, happen in happenings.items()
]


@pytest.mark.parametrize(("key", "status", "happen"), ALL)
def test_an_answer_that_is_described_can_be_had(
    world: World, key: str, status: int, happen: Hook
) -> None:
    response = happen(world)
    assert response.status == status, response.text
    check(key, response)


def test_every_answer_that_is_described_is_among_these() -> None:
    described = {
        (key, status)
        for key, operation in OPERATIONS.items()
        for status in (*operation.successes, *operation.error_codes)
        if status not in FAILURES
    }
    assert {(key, status) for key, one in HAPPENINGS.items() for status in one} == described


def test_a_link_to_a_file_is_described(world: World) -> None:
    response = world.get(f"{world.path_of('file')}?redirect=false")
    assert set(response.json()) == {"url", "expires"}
    check("GET /api/v1/file/{bucket}/{fileId}", response)


def test_a_refused_file_is_described_everywhere(world: World) -> None:
    offered = presigned_post(world.stack, name="a.zip")
    assert post(offered, ZIP) == 201
    world.stack.settle()
    identifier = offered["fileIdentifier"]
    record = world.get(f"/api/v1/object-upload/{identifier}")
    assert record.json()["data"]["attributes"]["uploadStatus"] == "REJECTED"
    check("GET /api/v1/object-upload/{id}", record)
    download = world.get(f"/api/v1/file/mybucket/{identifier}")
    assert download.status == 404
    check("GET /api/v1/file/{bucket}/{fileId}", download)


def test_a_datasets_older_spelling_is_described(world: World) -> None:
    package = {**PACKAGE, "metadata": {"owner": "alice", "name": "birds"}}
    response = world.rawstore("/rawstore/authorize", package)
    assert set(response.json()) == {"filedata", "fileData"}
    check("POST /{service}/authorize", response)


def test_a_long_list_of_problems_is_described(world: World) -> None:
    names = {f"attribute{number}": "red" for number in range(1001)}
    files = [{"originalFilename": "a.png", "colour": "red", "size": 1}] * 1000
    offers = world.post("/api/v1/upload/mybucket", {"files": files})
    unknown = _description(world, attributes=names)
    unmanaged = _description(world, attributes={"managedAttributes": names})
    assert [offers.status, unknown.status, unmanaged.status] == [400, 400, 422]
    for key, response in (
        ("POST /api/v1/upload/{bucket}", offers),
        ("POST /api/v1/metadata", unknown),
        ("POST /api/v1/metadata", unmanaged),
    ):
        assert response.json()["errors"][-1]["code"] == "more_problems"
        check(key, response)
