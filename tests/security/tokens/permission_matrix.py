"""The matrix of permissions: the least role that each operation requires.

It is the reference's matrix (3.3), stricter where this API is stricter. Each operation is tried by
every caller, of the owning group and of another, on public and on private records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from local.gateway.api import Response
from local.stack import LocalStack
from local.tokens import Issuer
from tests.api.clients import JSON_API, multipart
from tests.api.images import png
from tests.api.uppy import put
from tests.fakes.files import epub
from tests.security.group_records import ABSENT, NOTES, PART_BODY, PART_ETAG, PLAIN


class Caller(NamedTuple):
    """A caller: groups with roles, and roles in the whole realm."""

    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


CALLERS: Mapping[str, Caller | None] = {
    "nobody": None,
    "stranger": Caller(("bicoe/super-user",)),
    "member": Caller(("aafc",)),
    "unknown role": Caller(("aafc/emperor", "aafc/user/deeper")),
    "read-only": Caller(("aafc/read-only",)),
    "read-only-admin": Caller(("aafc/read-only-admin",)),
    "guest": Caller(("aafc/guest",)),
    "user": Caller(("AAFC/User", "bicoe")),
    "super-user": Caller(("aafc/SUPER_USER",)),
    "group's admin": Caller(("aafc/dina-admin",)),
    "realm's reader": Caller((), ("read-only-admin",)),
    "realm's admin": Caller((), ("dina-admin", "offline_access")),
}
"""All callers except the stranger and the realm's belong to aafc, in several spellings."""

MATRIX = """
POST file                         | guest
POST file/derivative              | guest
POST upload                       | guest
POST upload-grant                 | guest
DELETE upload-grant               | signed in
GET uppy params                   | guest
POST uppy multipart               | guest
GET uppy parts                    | guest
GET uppy part                     | guest
GET uppy batch                    | guest
POST uppy complete                | guest
DELETE uppy multipart             | guest
GET uppy params by grant          | anyone
POST uppy multipart by grant      | anyone
GET uppy parts by grant           | anyone
GET uppy part by grant            | anyone
GET uppy batch by grant           | anyone
POST uppy complete by grant       | anyone
DELETE uppy multipart by grant    | anyone
GET file                          | read-only
HEAD file                         | read-only
GET thumbnail                     | read-only
GET derivative                    | read-only
GET undescribed file              | read-only
GET undescribed thumbnail         | read-only
GET undescribed upload            | read-only
GET undescribed contents          | read-only
GET public file                   | signed in
HEAD public file                  | signed in
GET public thumbnail              | signed in
GET public derivative             | signed in
GET file-info                     | super-user
GET file-info/derivative          | super-user
GET public file-info              | super-user
GET object-upload                 | read-only
GET public object-upload          | signed in
GET object-uploads                | signed in
POST object-upload/bulk-load      | read-only
PATCH object-upload               | realm's admin
PATCH public object-upload        | realm's admin
DELETE object-upload              | realm's admin
DELETE public object-upload       | realm's admin
POST metadata                     | guest
POST metadata/bulk                | guest
GET metadata                      | read-only
GET public metadata               | signed in
GET all metadata                  | signed in
POST metadata/bulk-load           | read-only
POST public metadata/bulk-load    | signed in
PATCH metadata                    | guest
PATCH public metadata             | guest
PATCH metadata/bulk               | guest
GET metadata related              | read-only
GET public metadata related       | signed in
GET metadata relationship         | read-only
GET public metadata relationship  | signed in
PATCH metadata relationship       | guest
PATCH public metadata relationship | guest
DELETE metadata                   | super-user
DELETE public metadata            | super-user
POST derivative                   | guest
POST derivative/                  | guest
POST derivative/bulk              | guest
GET derivative record             | read-only
GET public derivative record      | signed in
GET derivatives                   | signed in
GET audit-snapshot                | signed in
POST derivative/bulk-load         | read-only
PATCH derivative                  | guest
PATCH public derivative           | guest
PATCH derivative/bulk             | guest
GET derivative related            | read-only
GET public derivative related     | signed in
GET derivative relationship       | read-only
GET public derivative relationship | signed in
PATCH derivative relationship     | guest
PATCH public derivative relationship | guest
DELETE derivative                 | user
DELETE public derivative          | user
GET media-types                   | signed in
GET media-type                    | signed in
GET managed-attributes            | signed in
GET managed-attribute             | signed in
POST managed-attribute            | super-user anywhere
PATCH managed-attribute           | super-user anywhere
DELETE managed-attribute          | super-user anywhere
GET object-subtypes               | signed in
GET object-subtype                | signed in
POST object-subtype               | realm's admin
PATCH object-subtype              | realm's admin
DELETE object-subtype             | realm's admin
GET licenses                      | signed in
GET license                       | signed in
GET configs                       | signed in
GET config                        | signed in
GET api-info                      | signed in
POST permission-check             | signed in
GET names                         | read-only
GET names at root                 | read-only
POST generation                   | realm's admin
POST generation at root           | realm's admin
POST refresh                      | realm's admin
POST refresh at root              | realm's admin
POST export                       | read-only
POST export at root               | read-only
POST public export                | signed in
GET exports                       | signed in
GET export                        | signed in
POST export key                   | signed in
GET toa                           | anyone
GET toa at root                   | anyone
GET health                        | anyone
GET openapi.json                  | anyone
GET docs                          | anyone
"""
"""The least role that each operation requires. All records are in the bucket aafc. A file is public
if its metadata says so; a file without metadata is visible to its group only. A grant in the path
stands for the token of its creator. A grant is revoked by its creator or by a super-user; here it
does not exist, which is the response to all others too. Every caller is the same user, to whom the
sessions of Uppy belong."""

LEAST: Mapping[str, frozenset[str]] = {
    "anyone": frozenset(CALLERS),
    "signed in": frozenset(CALLERS) - {"nobody"},
    "read-only": frozenset(
        {"read-only", "read-only-admin", "guest", "user", "super-user", "group's admin",
         "realm's admin"}
    ),
    "guest": frozenset({"guest", "user", "super-user", "group's admin", "realm's admin"}),
    "user": frozenset({"user", "super-user", "group's admin", "realm's admin"}),
    "super-user": frozenset({"super-user", "group's admin", "realm's admin"}),
    # In any group. A realm role does not count as a role in a group.
    "super-user anywhere": frozenset({"stranger", "super-user", "group's admin"}),
    "realm's admin": frozenset({"realm's admin"}),
}  # fmt: skip
"""The callers that have at least this role. As in the reference, the realm role read-only-admin
reads no group's files."""


def matrix() -> dict[str, str]:
    """Return the least role of each operation."""
    rows = (line.split("|") for line in MATRIX.strip("\n").splitlines())
    return {name.strip(): least.strip() for name, least in rows}


CHECKED = """
metadata                 | GET metadata
                         | POST metadata          | PATCH metadata          | DELETE metadata
derivative               | GET derivative record
                         | POST derivative        | PATCH derivative        | DELETE derivative
object-upload            | GET object-upload
                         | POST file              | PATCH object-upload     | DELETE object-upload
managed-attribute        | GET managed-attribute
                         | POST managed-attribute | PATCH managed-attribute
                         | DELETE managed-attribute
object-subtype           | GET object-subtype
                         | POST object-subtype    | PATCH object-subtype    | DELETE object-subtype
object-export            | GET export
                         | POST public export     | -                       | -
resource-name-identifier | GET names              | - | - | -
media-type               | GET media-type         | - | - | -
license                  | GET license            | - | - | -
config                   | GET config             | - | - | -
derivative-generation    | - | POST generation    | - | -
index-refresh            | - | POST refresh       | - | -
"""
"""The operation that each permission of permission-check allows: read, create, update, delete."""


def checked() -> dict[str, dict[str, str]]:
    """Return the operation of each permission, by the type of the resource."""
    rows = [line.split("|") for line in CHECKED.strip("\n").replace("\n ", " ").splitlines()]
    names = ("read", "create", "update", "delete")
    return {
        type_.strip(): {
            name: operation.strip()
            for name, operation in zip(names, operations, strict=True)
            if operation.strip() != "-"
        }
        for type_, *operations in rows
    }


REFUSED = 403
GRANTED = frozenset({200, 201, 202, 204, 404, 409, 412})
"""Statuses for permitted callers. Nothing changes: deletions carry an If-Match that no record has
(412), and creations name a claimed file (409). No temporary key exists (404)."""
NEVER = {"If-Match": '"999"'}
NOT_FORBIDDEN: Mapping[str, int] = {
    "POST export": 422,
    "POST export at root": 422,
    "GET uppy parts": 404,
    "GET uppy part": 404,
    "GET uppy batch": 404,
    "POST uppy complete": 404,
    "DELETE uppy multipart": 404,
}
"""Statuses for other callers where it is not 403: an export lists the files that are refused, and
a session is hidden. Permitted callers must not get this status."""

Sent = dict[str, Any]
Operation = tuple[str, str, Sent]


@dataclass(frozen=True)
class Described:
    """Ids of a file of the group aafc and of its records."""

    upload: str
    thumbnail: str
    metadata: str
    derivative_file: str
    derivative: str


@dataclass
class OperationRequests:
    """Files of the group aafc: with private metadata, with public metadata, and without."""

    stack: LocalStack
    issuer: Issuer

    def __post_init__(self) -> None:
        self.undescribed, _ = self._upload()
        self.archive, _ = self._upload(body=epub())
        self.private = self._described(is_public=False)
        self.public = self._described(is_public=True)
        self.attribute = self._made("managed-attribute", _ATTRIBUTE, "group's admin")
        self.subtype = self._made("object-subtype", _SUBTYPE, "realm's admin")
        export = {"fileIdentifiers": [self.public.upload]}
        self.export = self._made("object-export", export, "realm's admin")
        self.grant = self._plain("upload-grant/aafc", {}, 201)["grant"]
        self.session, self.sent_session = self._session(), self._session()
        sent = _to_uppy({"parts": [{"PartNumber": 1, "ETag": PART_ETAG}]})
        target = self._uppy(self.sent_session, "/complete")
        assert self._as("realm's admin", "POST", target, sent).status == 200
        self.stack.settle(retries=True)

    def ask(self, caller: str, operation: str) -> Response:
        """Send the operation as this caller and return the response."""
        method, target, sent = self.operations()[operation]
        headers = [*sent.get("headers", {}).items(), *self._authorization(CALLERS[caller])]
        return self.stack.request(method, target, **{**sent, "headers": headers})

    def permissions(self, caller: str, type_: str, **attributes: str) -> set[str]:
        """Return what permission-check says that this caller may do."""
        sent = _document(type_, attributes)
        response = self._as(caller, "POST", f"{API}/permission-check", sent)
        assert response.status == 200, response.text
        return set(response.json()["data"]["attributes"]["permissions"])

    def _authorization(self, somebody: Caller | None) -> list[tuple[str, str]]:
        if somebody is None:
            return []
        token = self.issuer.token("alice", somebody.groups, somebody.roles)
        return [("Authorization", f"Bearer {token}")]

    def operations(self) -> dict[str, Operation]:
        """Return method, target and content of each operation, by name."""
        return {
            **self._files(),
            **self._uploads_of_uppy("uppy/aafc", ""),
            **self._uploads_of_uppy(f"uppy/grant/{self.grant}", " by grant"),
            **self._of_described("", self.private),
            **self._of_described("public ", self.public),
            **self._bulks(),
            **self._vocabulary(),
            **self._lookups(),
            **self._administration(),
            **self._exports(),
        }

    def _files(self) -> dict[str, Operation]:
        headers, form = multipart(png())
        file: Sent = {"headers": headers, "body": form}
        offers = {"json_body": {"files": [{"originalFilename": "a.png"}]}}
        undescribed = f"{API}/file/aafc/{self.undescribed}"
        stored = f"{API}/file-info/aafc"
        return {
            "POST file": ("POST", f"{API}/file/aafc", file),
            "POST file/derivative": ("POST", f"{API}/file/aafc/derivative", file),
            "POST upload-grant": ("POST", f"{API}/upload-grant/aafc", _to_uppy({})),
            "DELETE upload-grant": ("DELETE", f"{API}/upload-grant/aafc/{ABSENT}", {}),
            "POST upload": ("POST", f"{API}/upload/aafc", offers),
            "GET undescribed file": ("GET", undescribed, {}),
            "GET undescribed thumbnail": ("GET", f"{undescribed}/thumbnail", {}),
            "GET undescribed upload": ("GET", f"{API}/object-upload/{self.undescribed}", {}),
            "GET undescribed contents": (
                "GET", f"{API}/object-upload/{self.archive}/contents", {},
            ),
            "GET file-info": ("GET", f"{stored}/{self.private.upload}.png", {}),
            "GET public file-info": ("GET", f"{stored}/{self.public.upload}.png", {}),
            "GET file-info/derivative": (
                "GET", f"{stored}/derivative/{self.private.derivative_file}.png", {},
            ),
        }  # fmt: skip

    def _uploads_of_uppy(self, path: str, kind: str) -> dict[str, Operation]:
        """Return the calls of Uppy. The session that is completed and aborted was completed."""
        parts = {"parts": [{"PartNumber": 1, "ETag": PART_ETAG}]}
        root, open_, sent = f"{API}/{path}/s3", self.session, self.sent_session
        completion = self._uppy(sent, "/complete", path)
        return {
            f"GET uppy params{kind}": ("GET", f"{root}/params?filename=a.txt", {}),
            f"POST uppy multipart{kind}": ("POST", f"{root}/multipart", _to_uppy(NOTES)),
            f"GET uppy parts{kind}": ("GET", self._uppy(open_, "", path), {}),
            f"GET uppy part{kind}": ("GET", self._uppy(open_, "/1", path), {}),
            f"GET uppy batch{kind}": (
                "GET", f"{self._uppy(open_, '/batch', path)}&partNumbers=1,2", {},
            ),
            f"POST uppy complete{kind}": ("POST", completion, _to_uppy(parts)),
            f"DELETE uppy multipart{kind}": ("DELETE", self._uppy(sent, "", path), {}),
        }  # fmt: skip

    def _uppy(self, session: str, more: str, path: str = "uppy/aafc") -> str:
        return f"{API}/{path}/s3/multipart/{session}{more}?key=incoming/aafc/{session}"

    def _session(self) -> str:
        """Start an upload of Uppy, upload its only part, and return its id."""
        session = str(self._plain("uppy/aafc/s3/multipart", NOTES)["uploadId"])
        signed = self._as("realm's admin", "GET", self._uppy(session, "/1"), {"headers": {}})
        assert signed.status == 200, signed.text
        assert put(signed.json()["url"], PART_BODY).etag == PART_ETAG
        return session

    def _plain(self, path: str, document: Any, status: int = 200) -> dict[str, Any]:
        response = self._as("realm's admin", "POST", f"{API}/{path}", _to_uppy(document))
        assert response.status == status, response.text
        return dict(response.json())

    def _of_described(self, kind: str, one: Described) -> dict[str, Operation]:
        """Return the operations on a file with metadata and on its records."""
        file = f"{API}/file/aafc/{one.upload}"
        operations: dict[str, Operation] = {
            f"GET {kind}file": ("GET", file, {}),
            f"HEAD {kind}file": ("HEAD", file, {}),
            f"GET {kind}thumbnail": ("GET", f"{file}/thumbnail", {}),
            f"GET {kind}derivative": ("GET", f"{API}/file/aafc/derivative/{one.thumbnail}", {}),
            f"GET {kind}derivative record": ("GET", f"{API}/derivative/{one.derivative}", {}),
        }
        for type_, identifier in (
            ("object-upload", one.upload),
            ("metadata", one.metadata),
            ("derivative", one.derivative),
        ):
            path = f"{API}/{type_}/{identifier}"
            if type_ != "derivative":
                operations[f"GET {kind}{type_}"] = ("GET", path, {})
            change = _document(type_, {}, identifier=identifier, **NEVER)
            operations[f"PATCH {kind}{type_}"] = ("PATCH", path, change)
            operations[f"DELETE {kind}{type_}"] = ("DELETE", path, {"headers": NEVER})
            if type_ != "object-upload":
                operations |= _relationships(f"{kind}{type_}", path)
        return operations

    def _bulks(self) -> dict[str, Operation]:
        """Return the operations that create records, and that read and change several."""
        private, public = self.private, self.public
        attributes = {"bucket": "aafc", **_ELSEWHERE}
        derived = self._derived(private)
        return {
            "POST metadata": ("POST", f"{API}/metadata", _document("metadata", attributes)),
            "POST metadata/bulk": (
                "POST", f"{API}/metadata/bulk",
                _documents([{"type": "metadata", "attributes": attributes}]),
            ),
            "PATCH metadata/bulk": (
                "PATCH", f"{API}/metadata/bulk",
                _documents([{"type": "metadata", "id": private.metadata, "attributes": {}}]),
            ),
            "POST derivative": ("POST", f"{API}/derivative", _documents(derived)),
            "POST derivative/": ("POST", f"{API}/derivative/", _documents(derived)),
            "POST derivative/bulk": ("POST", f"{API}/derivative/bulk", _documents([derived])),
            "PATCH derivative/bulk": (
                "PATCH", f"{API}/derivative/bulk",
                _documents([{"type": "derivative", "id": private.derivative, "attributes": {}}]),
            ),
            "GET object-uploads": ("GET", f"{API}/object-upload", {}),
            "GET all metadata": ("GET", f"{API}/metadata", {}),
            "GET derivatives": ("GET", f"{API}/derivative", {}),
            "GET audit-snapshot": ("GET", f"{API}/audit-snapshot?filter[author]=alice", {}),
            **{
                f"POST {kind}{type_}/bulk-load": (
                    "POST", f"{API}/{type_}/bulk-load",
                    _documents([{"type": type_, "id": identifier}]),
                )
                for kind, type_, identifier in (
                    ("", "object-upload", private.upload),
                    ("", "metadata", private.metadata),
                    ("public ", "metadata", public.metadata),
                    ("", "derivative", private.derivative),
                )
            },
        }  # fmt: skip

    def _vocabulary(self) -> dict[str, Operation]:
        operations: dict[str, Operation] = {}
        for kind, identifier, attributes in (
            ("managed-attribute", self.attribute, _ATTRIBUTE),
            ("object-subtype", self.subtype, _SUBTYPE),
        ):
            path = f"{API}/{kind}/{identifier}"
            operations |= {
                f"GET {kind}s": ("GET", f"{API}/{kind}", {}),
                f"GET {kind}": ("GET", path, {}),
                f"POST {kind}": ("POST", f"{API}/{kind}", _document(kind, attributes)),
                f"PATCH {kind}": (
                    "PATCH", path, _document(kind, {}, identifier=identifier, **NEVER),
                ),
                f"DELETE {kind}": ("DELETE", path, {"headers": NEVER}),
            }  # fmt: skip
        return operations

    def _lookups(self) -> dict[str, Operation]:
        names = "/resource-name-identifier?filter[type]=metadata&filter[group]=aafc"
        return {
            "GET media-types": ("GET", f"{API}/media-type?page[limit]=1", {}),
            "GET media-type": ("GET", f"{API}/media-type/image/png", {}),
            "GET licenses": ("GET", f"{API}/license", {}),
            "GET license": ("GET", f"{API}/license/attribution-international-4", {}),
            "GET configs": ("GET", f"{API}/config", {}),
            "GET config": ("GET", f"{API}/config/file-upload", {}),
            "GET api-info": ("GET", f"{API}/api-info", {}),
            "POST permission-check": ("POST", f"{API}/permission-check", _document("config", {})),
            "GET names": ("GET", f"{API}{names}", {}),
            "GET names at root": ("GET", names, {}),
            "GET health": ("GET", f"{API}/health", {}),
            "GET openapi.json": ("GET", f"{API}/openapi.json", {}),
            "GET docs": ("GET", f"{API}/docs", {}),
        }

    def _administration(self) -> dict[str, Operation]:
        wanted = {"metadataUuid": self.private.metadata, "derivativeType": "THUMBNAIL_IMAGE"}
        generation = _document("derivative-generation", wanted)
        refresh = _document(
            "index-refresh", {"docType": "metadata"}, identifier=self.private.metadata
        )
        operations: dict[str, Operation] = {}
        for suffix, root in (("", API), (" at root", "")):
            operations |= {
                f"POST generation{suffix}": ("POST", f"{root}/derivative-generation", generation),
                f"POST refresh{suffix}": ("POST", f"{root}/index-refresh", refresh),
            }
        return operations

    def _exports(self) -> dict[str, Operation]:
        def wanted(file: str) -> Sent:
            return _document("object-export", {"fileIdentifiers": [file]})

        private = wanted(self.private.upload)
        return {
            "POST export": ("POST", f"{API}/object-export", private),
            "POST export at root": ("POST", "/object-export", private),
            "POST public export": ("POST", f"{API}/object-export", wanted(self.public.upload)),
            "GET exports": ("GET", f"{API}/object-export", {}),
            "GET export": ("GET", f"{API}/object-export/{self.export}", {}),
            "POST export key": ("POST", f"{API}/object-export/{self.export}/key", {}),
            "GET toa": ("GET", f"{API}/toa/{'k' * 128}", {}),
            "GET toa at root": ("GET", f"/toa/{'k' * 128}", {}),
        }

    def _described(self, *, is_public: bool) -> Described:
        upload, thumbnail = self._upload()
        attributes = {"bucket": "aafc", "fileIdentifier": upload, "publiclyReleasable": is_public}
        metadata = self._made("metadata", attributes, "realm's admin")
        derivative_file, _ = self._upload("/derivative")
        one = Described(upload, thumbnail, metadata, derivative_file, "")
        document = self._derived(one)
        document["attributes"]["publiclyReleasable"] = is_public
        response = self._as("realm's admin", "POST", f"{API}/derivative", _documents(document))
        assert response.status == 201, response.text
        return replace(one, derivative=str(response.json()["data"]["id"]))

    def _derived(self, one: Described) -> dict[str, Any]:
        """Return the document of a derivative of a file with metadata."""
        return {
            "type": "derivative",
            "attributes": {"dcType": "IMAGE", "fileIdentifier": one.derivative_file},
            "relationships": {"acDerivedFrom": {"data": {"id": one.metadata, "type": "metadata"}}},
        }

    def _upload(self, suffix: str = "", body: bytes | None = None) -> tuple[str, str]:
        headers, form = multipart(body or png(), media_type=None)
        sent = {"headers": headers, "body": form}
        response = self._as("realm's admin", "POST", f"{API}/file/aafc{suffix}", sent)
        assert response.status == 200, response.text
        return str(response.json()["fileIdentifier"]), str(response.json()["thumbnailIdentifier"])

    def _made(self, kind: str, attributes: Mapping[str, Any], by: str) -> str:
        response = self._as(by, "POST", f"{API}/{kind}", _document(kind, attributes))
        assert response.status == 201, response.text
        return str(response.json()["data"]["id"])

    def _as(self, caller: str, method: str, target: str, sent: Sent) -> Response:
        pairs = [*sent["headers"].items(), *self._authorization(CALLERS[caller])]
        return self.stack.request(method, target, **{**sent, "headers": pairs})


API = "/api/v1"
_ELSEWHERE = {"resourceExternalURL": "https://example.org/a", "dcFormat": "image/png"}
_ATTRIBUTE = {
    "name": "Sheet Condition",
    "vocabularyElementType": "STRING",
    "multilingualDescription": {"descriptions": [{"lang": "en", "desc": "What it is like."}]},
}
_SUBTYPE = {"dcType": "IMAGE", "acSubtype": "Drawing"}


def _relationships(name: str, path: str) -> dict[str, Operation]:
    read, changed = (
        ("derivatives", "dcCreator")
        if name.endswith("metadata")
        else ("acDerivedFrom", "generatedFromDerivative")
    )
    change = _documents(None, **NEVER)
    return {
        f"GET {name} related": ("GET", f"{path}/{read}", {}),
        f"GET {name} relationship": ("GET", f"{path}/relationships/{read}", {}),
        f"PATCH {name} relationship": ("PATCH", f"{path}/relationships/{changed}", change),
    }


def _document(
    kind: str, attributes: Mapping[str, Any], *, identifier: str | None = None, **headers: str
) -> Sent:
    data = {"type": kind, "attributes": dict(attributes)}
    return _documents(data | ({"id": identifier} if identifier else {}), **headers)


def _to_uppy(document: Any) -> Sent:
    return {"headers": PLAIN, "json_body": document}


def _documents(data: Any, **headers: str) -> Sent:
    return {"headers": {"Content-Type": JSON_API, **headers}, "json_body": {"data": data}}
