"""Who may do what: the reference's matrix (3.3) for the endpoints that there are, closed where this
API closes it ('Who may'). Read it down a column: what a caller gets of each operation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from local.gateway import Response
from local.issuer import Issuer
from local.stack import LocalStack
from tests.api.clients import JSON_API, multipart
from tests.api.images import png


class Somebody(NamedTuple):
    """A caller, by what the token says: groups with roles, and roles in the whole realm."""

    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


CALLERS: Mapping[str, Somebody | None] = {
    "nobody": None,
    "stranger": Somebody(("bicoe/super-user",)),
    "member": Somebody(("aafc",)),
    "unknown role": Somebody(("aafc/emperor", "aafc/user/deeper")),
    "read-only": Somebody(("aafc/read-only",)),
    "read-only-admin": Somebody(("aafc/read-only-admin",)),
    "guest": Somebody(("aafc/guest",)),
    "user": Somebody(("AAFC/User", "bicoe")),
    "super-user": Somebody(("aafc/SUPER_USER",)),
    "group's admin": Somebody(("aafc/dina-admin",)),
    "realm's reader": Somebody((), ("read-only-admin",)),
    "realm's admin": Somebody((), ("dina-admin", "offline_access")),
}
"""All but the stranger and the realm's are of the group aafc, spelled as may come."""

MATRIX = """
                          | anyone | signed in | read-only | guest
POST file                 |        |           |           | x
POST file/derivative      |        |           |           | x
POST upload               |        |           |           | x
POST metadata             |        |           |           | x
GET file                  |        |           | x         |
HEAD file                 |        |           | x         |
GET thumbnail             |        |           | x         |
GET derivative            |        |           | x         |
GET object-upload         |        |           | x         |
GET metadata              |        |           | x         |
GET undescribed file      |        |           | x         |
GET undescribed thumbnail |        |           | x         |
GET undescribed upload    |        |           | x         |
GET public file           |        | x         |           |
HEAD public file          |        | x         |           |
GET public thumbnail      |        | x         |           |
GET public derivative     |        | x         |           |
GET public object-upload  |        | x         |           |
GET public metadata       |        | x         |           |
GET health                | x      |           |           |
GET openapi.json          | x      |           |           |
"""
"""The least that each operation wants of its caller. Everything is in the bucket aafc; what is
public is so by its metadata, and what isn't described yet is its group's alone."""

LEAST: Mapping[str, frozenset[str]] = {
    "anyone": frozenset(CALLERS),
    "signed in": frozenset(CALLERS) - {"nobody"},
    "read-only": frozenset(
        {"read-only", "read-only-admin", "guest", "user", "super-user", "group's admin",
         "realm's admin"}
    ),
    "guest": frozenset({"guest", "user", "super-user", "group's admin", "realm's admin"}),
}  # fmt: skip
"""Who has that much. A realm's reader reads no group's files: the reference honours that role
nowhere but where it is asked for by name."""


def matrix() -> dict[str, str]:
    """What each operation wants, out of the table above."""
    head, *rows = [line.split("|") for line in MATRIX.strip("\n").splitlines()]
    columns = [column.strip() for column in head[1:]]
    wanted = {}
    for name, *marks in rows:
        [least] = [column for column, mark in zip(columns, marks, strict=True) if mark.strip()]
        wanted[name.strip()] = least
    return wanted


Ask = Callable[[str, str, Mapping[str, Any]], Response]


@dataclass
class World:
    """Files of the group aafc: described, described for everybody, and not described."""

    stack: LocalStack
    issuer: Issuer

    def __post_init__(self) -> None:
        self.undescribed, _ = self._upload()
        self.private = self._described(is_public=False)
        self.public = self._described(is_public=True)
        self.stack.settle(retries=True)

    def ask(self, caller: str, operation: str) -> Response:
        """What that caller gets."""
        method, target, sent = self.operations()[operation]
        headers = [*sent.get("headers", {}).items(), *self._authorization(CALLERS[caller])]
        return self.stack.request(method, target, **{**sent, "headers": headers})

    def _authorization(self, somebody: Somebody | None) -> list[tuple[str, str]]:
        if somebody is None:
            return []
        token = self.issuer.token("alice", somebody.groups, somebody.roles)
        return [("Authorization", f"Bearer {token}")]

    def operations(self) -> dict[str, tuple[str, str, dict[str, Any]]]:
        """Method, target and what else to send, by name."""
        api = "/api/v1"
        headers, form = multipart(png())
        file: dict[str, Any] = {"headers": headers, "body": form}
        offers = {"json_body": {"files": [{"originalFilename": "a.png"}]}}
        operations: dict[str, tuple[str, str, dict[str, Any]]] = {
            "POST file": ("POST", f"{api}/file/aafc", file),
            "POST file/derivative": ("POST", f"{api}/file/aafc/derivative", file),
            "POST upload": ("POST", f"{api}/upload/aafc", offers),
            "POST metadata": ("POST", f"{api}/metadata", _described(_ELSEWHERE)),
            "GET health": ("GET", f"{api}/health", {}),
            "GET openapi.json": ("GET", f"{api}/openapi.json", {}),
            "GET undescribed file": ("GET", f"{api}/file/aafc/{self.undescribed}", {}),
            "GET undescribed thumbnail": (
                "GET", f"{api}/file/aafc/{self.undescribed}/thumbnail", {},
            ),
            "GET undescribed upload": ("GET", f"{api}/object-upload/{self.undescribed}", {}),
        }  # fmt: skip
        for kind, (upload, thumbnail, metadata) in (("", self.private), ("public ", self.public)):
            file_path = f"{api}/file/aafc/{upload}"
            operations |= {
                f"GET {kind}file": ("GET", file_path, {}),
                f"HEAD {kind}file": ("HEAD", file_path, {}),
                f"GET {kind}thumbnail": ("GET", f"{file_path}/thumbnail", {}),
                f"GET {kind}derivative": ("GET", f"{api}/file/aafc/derivative/{thumbnail}", {}),
                f"GET {kind}object-upload": ("GET", f"{api}/object-upload/{upload}", {}),
                f"GET {kind}metadata": ("GET", f"{api}/metadata/{metadata}", {}),
            }
        return operations

    def _described(self, *, is_public: bool) -> tuple[str, str, str]:
        upload, thumbnail = self._upload()
        document = _described({"fileIdentifier": upload, "publiclyReleasable": is_public})
        answer = self._as_admin("POST", "/api/v1/metadata", document)
        assert answer.status == 201, answer.text
        return upload, thumbnail, str(answer.json()["data"]["id"])

    def _upload(self) -> tuple[str, str]:
        headers, form = multipart(png())
        answer = self._as_admin("POST", "/api/v1/file/aafc", {"headers": headers, "body": form})
        assert answer.status == 200, answer.text
        return str(answer.json()["fileIdentifier"]), str(answer.json()["thumbnailIdentifier"])

    def _as_admin(self, method: str, target: str, sent: Mapping[str, Any]) -> Response:
        pairs = [*sent["headers"].items(), *self._authorization(CALLERS["realm's admin"])]
        return self.stack.request(method, target, **{**sent, "headers": pairs})


_ELSEWHERE = {"resourceExternalURL": "https://example.org/a", "dcFormat": "image/png"}


def _described(attributes: Mapping[str, Any]) -> dict[str, Any]:
    document = {"data": {"type": "metadata", "attributes": {"bucket": "aafc", **attributes}}}
    return {"headers": {"Content-Type": JSON_API}, "json_body": document}
