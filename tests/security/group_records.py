"""Files and records of one group, with marked texts, and a request about them for every route."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

from local.gateway.api import Response
from local.resources import Route
from local.stack import LocalStack
from tests.api.clients import JSON_API, multipart
from tests.api.images import png

MARK = "quagga"
"""Part of every text that belongs to the group, and of nothing else."""
API = "/api/v1"
ABSENT = "01a201b2-61d3-7847-b106-8d77d4d6c0e9"
BULK = {"Content-Type": f"{JSON_API}; ext=bulk"}


class Sent(NamedTuple):
    """A request without its method."""

    target: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


@dataclass
class GroupRecords:
    """Files and records of a group: a file with metadata, derivative and export and one without."""

    stack: LocalStack
    authorization: Sequence[tuple[str, str]] = ()
    bucket: str = "aafc"
    ids: dict[str, str] = field(default_factory=dict)

    def create(self) -> GroupRecords:
        """Create everything through the API."""
        self.ids["upload"] = self._file(f"{MARK}-described.png")
        self.ids["orphan"] = self._file(f"{MARK}-undescribed.png")
        self.ids["metadata"] = self._record("metadata", self.description(self.ids["upload"]))
        derived = self._file(f"{MARK}-derived.png", derivative=True)
        self.ids["derived file"] = derived
        self.ids["derivative"] = self._record("derivative", self.derivation(derived))
        self.ids["export"] = self._record("object-export", self.export(self.ids["upload"]))
        self.ids["attribute"] = self._record("managed-attribute", ATTRIBUTE)
        self.ids["subtype"] = self._record("object-subtype", SUBTYPE)
        self.stack.settle(retries=True)
        return self

    def ask(self, method: str, sent: Sent) -> Response:
        """Send a request of a caller who may do everything, and return the response."""
        headers = [*sent.headers, *self.authorization]
        return self.stack.request(method, sent.target, headers=headers, body=sent.body)

    def _file(self, name: str, *, derivative: bool = False) -> str:
        target = f"{API}/file/{self.bucket}{'/derivative' if derivative else ''}"
        response = self.ask("POST", form(target, name))
        assert response.status == 200, response.text
        return str(response.json()["fileIdentifier"])

    def _record(self, kind: str, document: Mapping[str, Any]) -> str:
        response = self.ask("POST", json_api(f"{API}/{kind}", document))
        assert response.status == 201, response.text
        return str(response.json()["data"]["id"])

    def description(self, file: str) -> dict[str, Any]:
        """Return a document of metadata for a file."""
        texts = {"acCaption": f"{MARK} caption", "acTags": [f"{MARK} tag"]}
        attributes: dict[str, Any] = {"bucket": self.bucket, "fileIdentifier": file, **texts}
        attributes |= {"publiclyReleasable": False}
        return {"data": {"type": "metadata", "attributes": attributes}}

    def derivation(self, file: str) -> dict[str, Any]:
        """Return a document of a derivative."""
        source = {"data": {"type": "metadata", "id": self.ids["metadata"]}}
        attributes: dict[str, Any] = {"bucket": self.bucket, "dcType": "IMAGE"}
        attributes |= {"fileIdentifier": file, "publiclyReleasable": False}
        return {
            "data": {
                "type": "derivative",
                "attributes": attributes,
                "relationships": {"acDerivedFrom": source},
            }
        }

    def export(self, *files: str) -> dict[str, Any]:
        """Return a document of an export."""
        attributes = {"name": f"{MARK} export", "fileIdentifiers": list(files)}
        return {"data": {"type": "object-export", "attributes": attributes}}

    def change(self, kind: str, **attributes: Any) -> dict[str, Any]:
        """Return a document that changes an existing record."""
        return {"data": {"type": kind, "id": self.ids[NAMES[kind]], "attributes": attributes}}

    # Requests ------------------------------------------------------------------------------

    def variables(self, route: Route) -> dict[str, str]:
        """Return a value for each variable of a route's path, of existing records."""
        values = {"bucket": self.bucket, "service": "rawstore", "key": "A" * 128, "proxy": "x"}
        values |= {"fileId": self.ids["upload"], "filename": f"{self.ids['upload']}.png"}
        if "/derivative/" in route.path:
            values |= {"fileId": self.ids["derived file"]}
            values |= {"filename": f"{self.ids['derived file']}.png"}
        kind = route.path.removeprefix(f"{API}/").partition("/")[0]
        values["relation"] = "derivatives" if kind == "metadata" else "acDerivedFrom"
        values["id"] = self.ids.get(NAMES.get(kind, ""), KNOWN.get(kind, ABSENT))
        names = re.findall(r"\{(\w+)\+?\}", route.path)
        return {name: values.get(name, ABSENT) for name in names}

    def request(self, route: Route, variables: Mapping[str, str] | None = None) -> Sent:
        """Return a request that the route serves; values of `variables` are percent-encoded."""
        own = {name: quote(value, safe="") for name, value in self.variables(route).items()}
        values = {**own, **(variables or {})}
        target = re.sub(r"\{(\w+)\+?\}", lambda name: values[name[1]], route.path)
        return self._sent(route, target)

    def _sent(self, route: Route, target: str) -> Sent:
        if route.method not in ("POST", "PATCH", "PUT"):
            return Sent(target)
        create = self._documents().get((route.method, route.path.removeprefix(API)))
        if create is None:
            return json_api(target, {"data": {"type": "metadata", "attributes": {}}})
        return create(target)

    def _documents(self) -> dict[tuple[str, str], Callable[[str], Sent]]:
        """Return functions that make the body, by method and path."""
        offer = {"files": [{"originalFilename": f"{MARK}.png"}]}
        orphan, metadata = self.ids["orphan"], self.ids["metadata"]
        references = {
            kind: {"data": [{"type": kind, "id": self.ids[NAMES[kind]]}]}
            for kind in ("metadata", "derivative", "object-upload")
        }
        described = self.description(orphan)
        changed = self.change("metadata", acCaption="changed")
        derived = self.change("derivative", acTags=["changed"])
        package = {
            "metadata": {"owner": "alice", "dataset": "birds"},
            "filedata": {"a.csv": {"length": 3, "md5": "0" * 32}},
        }
        refresh = {"data": {"type": "index-refresh", "attributes": {"docType": "metadata"}}}
        generation = {"data": {"type": "derivative-generation", "attributes": {
            "metadataUuid": metadata, "derivativeType": "THUMBNAIL_IMAGE"}}}  # fmt: skip
        plain: dict[tuple[str, str], Any] = {
            ("POST", "/upload/{bucket}"): offer,
            ("POST", "/metadata"): described,
            ("PATCH", "/metadata/{id}"): changed,
            ("POST", "/derivative"): self.derivation(orphan),
            ("PATCH", "/derivative/{id}"): derived,
            ("PATCH", "/metadata/{id}/relationships/{relation}"): {"data": None},
            ("PATCH", "/derivative/{id}/relationships/{relation}"): {
                "data": {"type": "metadata", "id": metadata}
            },
            ("PATCH", "/object-upload/{id}"): self.change("object-upload", isDerivative=False),
            ("POST", "/object-export"): self.export(self.ids["upload"]),
            ("POST", "/index-refresh"): refresh,
            ("POST", "/derivative-generation"): generation,
            ("POST", "/managed-attribute"): ATTRIBUTE,
            ("PATCH", "/managed-attribute/{id}"): self.change("managed-attribute"),
            ("POST", "/object-subtype"): SUBTYPE,
            ("PATCH", "/object-subtype/{id}"): self.change("object-subtype"),
            ("POST", "/{service}/authorize"): package,
            ("POST", "/{service}/{proxy+}"): package,
        }
        bulk: dict[tuple[str, str], Any] = {
            ("POST", "/metadata/bulk"): {"data": [described["data"]]},
            ("PATCH", "/metadata/bulk"): {"data": [changed["data"]]},
            ("POST", "/derivative/bulk"): {"data": [self.derivation(orphan)["data"]]},
            ("PATCH", "/derivative/bulk"): {"data": [derived["data"]]},
            **{("POST", f"/{kind}/bulk-load"): named for kind, named in references.items()},
        }
        return {
            ("POST", "/file/{bucket}"): lambda target: form(target, f"{MARK}.png"),
            ("POST", "/file/{bucket}/derivative"): lambda target: form(target, f"{MARK}.png"),
            **{key: _sending(document, {}) for key, document in plain.items()},
            **{key: _sending(document, BULK) for key, document in bulk.items()},
        }


ATTRIBUTE: Mapping[str, Any] = {
    "data": {
        "type": "managed-attribute",
        "attributes": {
            "name": "Sheet Condition",
            "vocabularyElementType": "STRING",
            "multilingualDescription": {"descriptions": [{"lang": "en", "desc": "Of the sheet"}]},
        },
    }
}
SUBTYPE: Mapping[str, Any] = {
    "data": {
        "type": "object-subtype",
        "attributes": {"dcType": "IMAGE", "acSubtype": "Drawing"},
    }
}
NAMES: Mapping[str, str] = {
    "metadata": "metadata",
    "derivative": "derivative",
    "object-upload": "upload",
    "object-export": "export",
    "managed-attribute": "attribute",
    "object-subtype": "subtype",
}
"""The key in `GroupRecords.ids` for each type of resource."""
KNOWN: Mapping[str, str] = {
    "media-type": "image/png",
    "license": "attribution-international-4",
    "config": "file-upload",
}
"""Identifiers that exist in every stack."""


def _sending(document: Any, headers: Mapping[str, str]) -> Callable[[str], Sent]:
    return lambda target: json_api(target, document, headers)


def json_api(target: str, document: Any, headers: Mapping[str, str] | None = None) -> Sent:
    """Return a request with a JSON:API document."""
    pairs = {"Content-Type": JSON_API, **(headers or {})}.items()
    return Sent(target, list(pairs), json.dumps(document).encode())


def form(target: str, name: str, body: bytes | None = None) -> Sent:
    """Return a request with a form of one file, by default a PNG."""
    headers, sent = multipart(png() if body is None else body, name=name)
    return Sent(target, list(headers.items()), sent)


def routes(stack: LocalStack) -> list[Route]:
    """Return the template's routes, without `$default`."""
    return [route for route in stack.resources.routes if route.path != "$default"]
