"""Files and records of one group, with marked texts, and a request about them for every route."""

from __future__ import annotations

import hashlib
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
from tests.api.uppy import put
from tests.fakes.files import epub

MARK = "quagga"
"""Part of every text that belongs to the group, and of nothing else."""
API = "/api/v1"
ABSENT = "01a201b2-61d3-7847-b106-8d77d4d6c0e9"
PLAIN = {"Content-Type": "application/json"}
NOTES = {"filename": f"{MARK}.txt", "type": "text/plain", "metadata": {}}
PART_BODY = f"notes about a {MARK}".encode()
PART_ETAG = f'"{hashlib.md5(PART_BODY, usedforsecurity=False).hexdigest()}"'
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
        self.ids["archive"] = self._file(f"{MARK}-members.epub", body=epub())
        grant = self._plain(f"upload-grant/{self.bucket}", {}, 201)
        self.ids |= {"grant": grant["id"], "grant text": grant["grant"]}
        self.ids["session"] = self._session()
        self.ids["sent session"] = self._session()
        self.stack.settle(retries=True)
        return self

    def ask(self, method: str, sent: Sent) -> Response:
        """Send a request of a caller who may do everything, and return the response."""
        headers = [*sent.headers, *self.authorization]
        return self.stack.request(method, sent.target, headers=headers, body=sent.body)

    def _file(self, name: str, *, derivative: bool = False, body: bytes | None = None) -> str:
        target = f"{API}/file/{self.bucket}{'/derivative' if derivative else ''}"
        response = self.ask("POST", form(target, name, body))
        assert response.status == 200, response.text
        return str(response.json()["fileIdentifier"])

    def _record(self, kind: str, document: Mapping[str, Any]) -> str:
        response = self.ask("POST", json_api(f"{API}/{kind}", document))
        assert response.status == 201, response.text
        return str(response.json()["data"]["id"])

    def _session(self) -> str:
        """Start an upload of Uppy whose first and only part is uploaded, and return its id."""
        started = self._plain(f"uppy/{self.bucket}/s3/multipart", NOTES)
        upload = str(started["uploadId"])
        target = f"{API}/uppy/{self.bucket}/s3/multipart/{upload}/1"
        signed = self.ask("GET", Sent(f"{target}?{self._session_query(upload)}"))
        assert signed.status == 200, signed.text
        uploaded = put(signed.json()["url"], PART_BODY)
        assert (uploaded.status, uploaded.etag) == (200, PART_ETAG)
        return upload

    def _plain(self, path: str, document: Any, status: int = 200) -> dict[str, Any]:
        response = self.ask("POST", json_api(f"{API}/{path}", document, PLAIN))
        assert response.status == status, response.text
        return dict(response.json())

    def _session_query(self, session: str) -> str:
        return f"key=incoming/{self.bucket}/{session}"

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
        of_metadata = "dcCreator" if route.method == "PATCH" else "derivatives"
        values["relation"] = of_metadata if kind == "metadata" else "acDerivedFrom"
        values["id"] = self.ids.get(NAMES.get(kind, ""), KNOWN.get(kind, ABSENT))
        if route.path.endswith("/contents"):
            values["id"] = self.ids["archive"]
        values |= {"grant": self.ids["grant text"], "partNumber": "1"}
        values["uploadId"] = self.ids[SESSIONS.get(route.path.rpartition("/")[2], "session")]
        names = re.findall(r"\{(\w+)\+?\}", route.path)
        return {name: values.get(name, ABSENT) for name in names}

    def request(self, route: Route, variables: Mapping[str, str] | None = None) -> Sent:
        """Return a request that the route serves; values of `variables` are percent-encoded."""
        own = {name: quote(value, safe="") for name, value in self.variables(route).items()}
        values = {**own, **(variables or {})}
        target = re.sub(r"\{(\w+)\+?\}", lambda name: values[name[1]], route.path)
        if "/uppy/" in route.path and (query := self._query_for_uppy(route)):
            target = f"{target}?{query}"
        return self._sent(route, target)

    def _query_for_uppy(self, route: Route) -> str:
        if route.path.endswith("/s3/params"):
            return f"filename={MARK}.txt&type=text/plain"
        if "{uploadId}" not in route.path:
            return ""
        query = self._session_query(self.variables(route)["uploadId"])
        return f"{query}&partNumbers=1" if route.path.endswith("/batch") else query

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
            ("POST", "/permission-check"): {"data": {"type": "metadata", "attributes": {}}},
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
        parts = {"parts": [{"PartNumber": 1, "ETag": PART_ETAG}]}
        for_uppy: dict[tuple[str, str], Any] = {
            ("POST", "/upload-grant/{bucket}"): {},
            **{
                ("POST", f"/uppy/{start}/s3/multipart{end}"): document
                for start in ("{bucket}", "grant/{grant}")
                for end, document in (("", NOTES), ("/{uploadId}/complete", parts))
            },
        }
        return {
            ("POST", "/file/{bucket}"): lambda target: form(target, f"{MARK}.png"),
            ("POST", "/file/{bucket}/derivative"): lambda target: form(target, f"{MARK}.png"),
            **{key: _sending(document, {}) for key, document in plain.items()},
            **{key: _sending(document, BULK) for key, document in bulk.items()},
            **{key: _sending(document, PLAIN) for key, document in for_uppy.items()},
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
    "upload-grant": "grant",
}
"""The key in `GroupRecords.ids` for each type of resource."""
SESSIONS: Mapping[str, str] = {"complete": "sent session"}
"""The key in `GroupRecords.ids` of the session that a route completes; all others use one that is
not completed."""
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
