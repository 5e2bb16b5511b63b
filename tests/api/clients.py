"""Requests that clients of the API make, for tests."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api import s3_forms
from tests.api.images import png

JSON_API = "application/vnd.api+json"


class Service(Protocol):
    """The stack, or a person who adds a token to each request."""

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes | str = b"",
        json_body: Any = None,
    ) -> Response: ...


def multipart(
    body: bytes,
    *,
    name: str | None = "my-image.png",
    media_type: str | None = "image/png",
    part: str = "file",
    relative_path: str | None = None,
) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a form with one file, as curl -F sends it."""
    boundary = uuid.uuid4().hex
    path = ""
    if relative_path is not None:
        path = f'--{boundary}\r\nContent-Disposition: form-data; name="relativePath"\r\n\r\n'
        path += f"{relative_path}\r\n"
    disposition = f'form-data; name="{part}"'
    if name is not None:
        disposition += f'; filename="{name}"'
    head = f"{path}--{boundary}\r\nContent-Disposition: {disposition}\r\n"
    if media_type is not None:
        head += f"Content-Type: {media_type}\r\n"
    form = head.encode() + b"\r\n" + body + f"\r\n--{boundary}--\r\n".encode()
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, form


def upload(
    stack: Service,
    body: bytes,
    *,
    bucket: str = "mybucket",
    name: str | None = "my-image.png",
    media_type: str | None = "image/png",
    accept: str = "*/*",
) -> Response:
    """Send POST /api/v1/file/{bucket} and return the response."""
    headers, form = multipart(body, name=name, media_type=media_type)
    return stack.request(
        "POST", f"/api/v1/file/{bucket}", headers={**headers, "Accept": accept}, body=form
    )


def presigned_post(
    stack: Service, *, bucket: str = "mybucket", name: str = "photo.jpg", **announced: Any
) -> dict[str, Any]:
    """Send POST /api/v1/upload/{bucket} for one file and return its presigned POST."""
    response = stack.request(
        "POST",
        f"/api/v1/upload/{bucket}",
        json_body={"files": [{"originalFilename": name, **announced}]},
    )
    assert response.status == 200, response.text
    [file] = response.json()["files"]
    return dict(file)


def post(offered: dict[str, Any], body: bytes) -> int:
    """Send the presigned POST to the store, as a browser does, and return S3's status."""
    form = offered["upload"]
    url = urlsplit(form["url"])
    return s3_forms.post(str(url.netloc), url.path, form["fields"], body)


def describe(stack: Service, file_identifier: str, **attributes: Any) -> Response:
    """Send POST /api/v1/metadata for a file in mybucket and return the response."""
    document = {
        "data": {
            "type": "metadata",
            "attributes": {
                "bucket": "mybucket",
                "fileIdentifier": file_identifier,
                **attributes,
            },
        }
    }
    return stack.request(
        "POST", "/api/v1/metadata", headers={"Content-Type": JSON_API}, json_body=document
    )


def upload_and_describe(stack: LocalStack, **attributes: Any) -> tuple[str, str]:
    """Upload and describe a file and return the ids of both."""
    file = upload(stack, png()).json()["fileIdentifier"]
    stack.settle(retries=True)
    return file, str(describe(stack, file, **attributes).json()["data"]["id"])


def upload_derivative(
    stack: Service, body: bytes, *, bucket: str = "mybucket", media_type: str = "image/png"
) -> str:
    """Send POST /api/v1/file/{bucket}/derivative and return the file's identifier."""
    headers, form = multipart(body, media_type=media_type)
    response = stack.request(
        "POST", f"/api/v1/file/{bucket}/derivative", headers=headers, body=form
    )
    assert response.status == 200, response.text
    return str(response.json()["fileIdentifier"])


def derive(stack: Service, file_identifier: str, metadata: str, **attributes: Any) -> Response:
    """Send POST /api/v1/derivative for a file derived from the record `metadata`."""
    data = derivative_of(file_identifier, metadata, **attributes)
    return send(stack, "POST", "/api/v1/derivative", data)


def derivative_of(file_identifier: str, metadata: str, **attributes: Any) -> dict[str, Any]:
    """Return the data that creates a record of a file derived from the record `metadata`."""
    return {
        "type": "derivative",
        "attributes": {"dcType": "IMAGE", "fileIdentifier": file_identifier, **attributes},
        "relationships": {"acDerivedFrom": {"data": {"type": "metadata", "id": metadata}}},
    }


def change(
    stack: Service,
    kind: str,
    identifier: str,
    *,
    headers: Mapping[str, str] | None = None,
    relationships: Mapping[str, Any] | None = None,
    **attributes: Any,
) -> Response:
    """Send PATCH /api/v1/{kind}/{id} and return the response."""
    data = {"type": kind, "id": identifier, "attributes": attributes}
    if relationships is not None:
        data["relationships"] = dict(relationships)
    return send(stack, "PATCH", f"/api/v1/{kind}/{identifier}", data, headers=headers)


def delete(
    stack: Service, kind: str, identifier: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Send DELETE /api/v1/{kind}/{id} and return the response."""
    return stack.request("DELETE", f"/api/v1/{kind}/{identifier}", headers=headers or {})


def send(
    stack: Service,
    method: str,
    path: str,
    data: Any,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Send a JSON:API document with this data and return the response."""
    sent = {"Content-Type": JSON_API, **(headers or {})}
    return stack.request(method, path, headers=sent, json_body={"data": data})


def record(stack: Service, file_identifier: str) -> dict[str, Any]:
    """Return the attributes of an upload's record."""
    response = stack.request("GET", f"/api/v1/object-upload/{file_identifier}")
    assert response.status == 200, response.text
    return dict(response.json()["data"]["attributes"])


def audit_entries(stack: LocalStack, query: str) -> list[dict[str, Any]]:
    """Return the attributes of the audit entries that a query finds."""
    response = stack.request("GET", f"/api/v1/audit-snapshot?{query}")
    assert response.status == 200, response.text
    return [one["attributes"] for one in response.json()["data"]]


def let_time_pass(stack: LocalStack) -> None:
    """Let incomplete states become old enough, and run housekeeping until it has nothing to do.

    With CHAOS an outage may make several runs fail.
    """
    for _ in range(10 if stack.faults.chaos else 2):
        stack.clock.advance(timedelta(hours=2))
        outcome = stack.run_schedule("KeepHouseFunction")
        stack.settle(retries=True)
        if not outcome.failed and not outcome.payload:
            return


def unique_events(stack: LocalStack) -> list[dict[str, Any]]:
    """Return the events of the bus in their order, each id once, as a consumer would keep them."""
    return list({event["detail"]["id"]: dict(event) for event in stack.bus_events}.values())


def header(response: Response, name: str) -> str:
    """Return the header's value; fail if it is missing."""
    value = response.header(name)
    assert value is not None, f"no {name} in {response.headers}"
    return value


def problems(response: Response) -> list[tuple[str, str]]:
    """Return status and code of each error in an error document."""
    is_for_uppy = "message" in response.json()
    assert response.header("content-type") == ("application/json" if is_for_uppy else JSON_API)
    return [(error["status"], error["code"]) for error in response.json()["errors"]]
