"""Names of clients in headers: Content-Disposition and Location stay valid and on one line."""

from __future__ import annotations

import io
import zipfile
from urllib.parse import unquote
from urllib.request import urlopen

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import (
    derivative_of,
    header,
    post,
    presigned_post,
    problems,
    send,
    upload_derivative,
)
from tests.api.images import png
from tests.security.group_records import API, BULK, GroupRecords, Sent, form, json_api
from tests.security.response_rules import check

NAMES = (
    'a"; filename="evil.exe', "a\r\nSet-Cookie: a=b.png", "a\r\n\r\n<script>.png", "a;b=c.png",
    "a\u2028b.png", "\u202egnp.exe", "\u200e\u200f\u2066\u2069.png", "\x00\x01\x7f\x9b.png",
    "%0d%0aX: y.png", "\\\".png", "=?utf-8?b?YQ==?=.png", "标本.png", "عينة.png", "\U0001f600.png",
    "e\u0301.png", "a'b''c.png", "%", "\ud7ff\ue000.png", "<img src=x onerror=alert(1)>.png",
)  # fmt: skip
UNSEEN = {
    *map(chr, range(32)), *map(chr, range(127, 160)), *"\u200e\u200f\u2028\u2029\u061c",
    *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), *"/\\",
}  # fmt: skip
"""Characters that no name in a header contains: controls, bidirectional controls, slashes."""


def _names(response: Response) -> tuple[str, str]:
    """Return both names of a Content-Disposition that is valid by RFC 6266."""
    kind, extended, plain = header(response, "content-disposition").split("; ", 2)
    assert kind in ("attachment", "inline")
    assert plain.startswith('filename="')
    assert plain.endswith('"')
    assert '"' not in plain[10:-1]
    assert extended.startswith("filename*=UTF-8''")
    return plain[10:-1], unquote(extended.removeprefix("filename*=UTF-8''"), errors="strict")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["form", "store"])
def test_a_name_stays_in_its_quotes(stack: LocalStack, name: str, way: str) -> None:
    group_records = GroupRecords(stack)
    if way == "form":
        response = group_records.ask("POST", form(f"{API}/file/aafc", name))
        check(f"{API}/file/aafc", response)
        if response.status != 200:
            assert response.status in (400, 422)
            return
        file = response.json()["fileIdentifier"]
    else:
        offered = presigned_post(stack, bucket="aafc", name=name)
        assert post(offered, png()) == 201
        stack.settle(retries=True)
        file = offered["fileIdentifier"]
    for query in ("", "?disposition=inline", "?redirect=true"):
        response = stack.request("GET", f"{API}/file/aafc/{file}{query}")
        check(f"{API}/file/aafc/{file}{query}", response)
        if response.status == 200:
            assert not set("".join(_names(response))) & UNSEEN
    location = header(stack.request("GET", f"{API}/file/aafc/{file}?redirect=true"), "location")
    assert not set(unquote(location).partition("?")[2]) & (UNSEEN - {"/"})


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_an_export_stays_in_its_quotes(stack: LocalStack, name: str) -> None:
    group_records = GroupRecords(stack)
    file = group_records.ask("POST", form(f"{API}/file/aafc", "a.png")).json()["fileIdentifier"]
    wish = {"name": name, "fileIdentifiers": [file], "filenameAliases": {file: name}}
    document = {"data": {"type": "object-export", "attributes": wish}}
    response = group_records.ask("POST", json_api(f"{API}/object-export", document))
    check(f"{API}/object-export", response)
    if response.status != 201:
        assert response.status in (400, 422)
        return
    stack.settle(retries=True)
    told = [one["detail"] for one in stack.bus_events if "toa" in one["detail"]]
    response = stack.request("GET", f"/toa/{told[0]['toa']}")
    assert response.status == 200
    check("/toa/x", response)
    assert not set("".join(_names(response))) & UNSEEN
    with zipfile.ZipFile(io.BytesIO(response.body)) as archive:
        for member in archive.infolist():
            assert not set(member.orig_filename) & UNSEEN, member.orig_filename
            assert member.orig_filename not in ("", ".", "..")


MEDIA_TYPES = (
    "image/png\r\nX: y", "image/\npng", "image/\x00png", "image/png\x7f", "image/p\u0085ng",
    "image/\u202epng", "bild/jpég", "image/\u2028png", "a\tb",
)  # fmt: skip
"""Texts that no HTTP header can hold."""


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_media_type_that_no_header_can_hold_is_refused(
    group_records: GroupRecords, media_type: str
) -> None:
    ids, stack = group_records.ids, group_records.stack
    file = upload_derivative(stack, b"text", bucket="aafc", media_type="text/plain")
    new = derivative_of(file, ids["metadata"], dcFormat=media_type)
    change_ = {
        "type": "derivative",
        "id": ids["derivative"],
        "attributes": {"dcFormat": media_type},
    }
    upload = {"type": "object-upload", "id": ids["upload"]}
    requests: list[tuple[str, str, object]] = [
        ("POST", "derivative", new),
        ("POST", "derivative/bulk", [new]),
        ("PATCH", f"derivative/{ids['derivative']}", change_),
        ("PATCH", "derivative/bulk", [change_]),
        *(
            (
                "PATCH",
                f"object-upload/{ids['upload']}",
                {**upload, "attributes": {name: media_type}},
            )
            for name in ("receivedMediaType", "detectedMediaType", "evaluatedMediaType")
        ),
    ]
    for method, path, data in requests:
        response = send(stack, method, f"{API}/{path}", data, headers=BULK)
        assert problems(response) == [("422", "constraint_violation")], path
        assert "printable ASCII" in response.text
    for path in (f"derivative/{ids['derived file']}", ids["upload"]):
        assert stack.request("GET", f"{API}/file/aafc/{path}").status == 200


@pytest.mark.parametrize("media_type", [*MEDIA_TYPES, "image/png\n", "\u2028", " \t"])
def test_a_record_that_has_such_a_media_type_can_be_downloaded(
    group_records: GroupRecords, media_type: str
) -> None:
    """It was written before they were refused."""
    stack, file = group_records.stack, group_records.ids["derived file"]
    stack.client("dynamodb").update_item(
        TableName=stack.name("DerivativesTable"),
        Key={"id": {"S": group_records.ids["derivative"]}},
        UpdateExpression="SET dcFormat = :type",
        ExpressionAttributeValues={":type": {"S": media_type}},
    )
    for query in ("", "?disposition=inline", "?redirect=true"):
        response = stack.request("GET", f"{API}/file/aafc/derivative/{file}{query}")
        check(f"{API}/file/aafc/derivative/{file}{query}", response)
        if query == "?redirect=true":
            with urlopen(header(response, "location")) as link:  # noqa: S310 - our own store
                sent = link.headers["Content-Type"]
        else:
            assert response.status == 200, response.text
            sent = header(response, "content-type")
        assert sent == "application/octet-stream"


@pytest.mark.parametrize("host", ["evil.example", "a\r\nX: y", 'a"b', "a b"])
def test_a_forged_host_does_not_change_a_redirect(stack: LocalStack, host: str) -> None:
    """Downloads redirect to the store only, for any Host header."""
    group_records = GroupRecords(stack)
    file = group_records.ask("POST", form(f"{API}/file/aafc", "a.png")).json()["fileIdentifier"]
    forged = [("X-Forwarded-Host", host), ("Forwarded", f"host={host}"), ("X-Original-URL", host)]
    target = f"{API}/file/aafc/{file}?redirect=true"
    response = group_records.ask("GET", Sent(target, forged))
    assert response.status == 307
    assert header(response, "location").startswith(stack.storage.url)


@pytest.mark.parametrize("name", ["X-Correlation-Id", "If-None-Match", "If-Range", "Range"])
@pytest.mark.parametrize("value", ["a\r\nX: y", "\x00", "a" * 9000, '"', "\u202e", "*" * 1000])
def test_no_response_header_repeats_a_request_header(
    stack: LocalStack, name: str, value: str
) -> None:
    group_records = GroupRecords(stack)
    file = group_records.ask("POST", form(f"{API}/file/aafc", "a.png")).json()["fileIdentifier"]
    response = group_records.ask("GET", Sent(f"{API}/file/aafc/{file}", [(name, value)]))
    check(f"{API}/file/aafc/{file}", response)
    assert response.status in (200, 206, 304, 400, 416)
    assert not [one for _, one in response.headers if len(value) > 3 and value in one]
