"""An export is requested, built, announced by an event and downloaded once."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import upload
from tests.api.images import png


def ask(stack: LocalStack, files: list[str], **attributes: Any) -> Response:
    """Send POST /api/v1/object-export and return the response."""
    document = {
        "data": {
            "type": "object-export",
            "attributes": {"fileIdentifiers": files, **attributes},
        }
    }
    return stack.request("POST", "/api/v1/object-export", json_body=document)


def test_the_request_of_the_user_guide_is_served(stack: LocalStack) -> None:
    file = upload(stack, png(), name="leaf.png").json()["fileIdentifier"]
    response = stack.request(
        "POST",
        "/object-export",
        json_body={
            "data": {
                "type": "object-export",
                "attributes": {"name": "my export", "fileIdentifiers": [file]},
            }
        },
    )
    assert response.status == 201, response.text
    export = response.json()["data"]["id"]
    stack.settle()
    [event] = [e for e in stack.bus_events if e["detail-type"] == "ObjectExportNotification"]
    assert event["detail"]["uuid"] == export
    archive = stack.request("GET", f"/toa/{event['detail']['toa']}")
    assert archive.status == 200
    with zipfile.ZipFile(io.BytesIO(archive.body)) as opened:
        assert opened.namelist() == ["leaf.png"]
        assert opened.read("leaf.png") == png()
    assert stack.request("GET", f"/toa/{event['detail']['toa']}").status == 404
