"""Files that a browser could execute are downloaded as attachments under any name."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest

from local.stack import LocalStack
from tests.api.clients import header, post, presigned_post
from tests.security.group_records import API, GroupRecords, form

SCRIPT = b"<script>fetch('/api/v1/metadata')</script>"
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>"
    b"endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
GIF_AND_SCRIPT = b"GIF89a=1;/*" + bytes(20) + b"*/alert(1)//"
ACTIVE: Mapping[str, bytes] = {
    "html": b"<!DOCTYPE html><html><body>" + SCRIPT + b"</body></html>",
    "htm": b"<!-- --> <html>" + SCRIPT,
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>",
    "xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml">' + SCRIPT + b"</html>",
    "xml": b'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="a.xsl"?><a/>',
    "mht": b"MIME-Version: 1.0\nContent-Type: text/html\n\n" + SCRIPT,
    "js": b"alert(document.cookie);\n",
    "pdf": PDF,
    "swf": b"CWS\x0a" + bytes(40),
}
DISGUISES = (("png", "image/png"), ("txt", "text/plain"), ("jpg", "image/jpeg"), ("gif", None))
RUNNING = ("html", "svg", "xml", "script", "pdf", "flash", "x-shockwave", "message/", "multipart/")
QUERIES = (
    "",
    "?disposition=inline",
    "?disposition=attachment",
    "?disposition=inline&redirect=true",
)


@pytest.mark.parametrize("kind", ACTIVE)
def test_a_file_with_active_content_is_never_served_inline(stack: LocalStack, kind: str) -> None:
    group_records, body = GroupRecords(stack), ACTIVE[kind]
    names = [(kind, f"text/{kind}"), (kind, None), *DISGUISES]
    files = []
    for extension, declared in names:
        response = group_records.ask("POST", form(f"{API}/file/aafc", f"a.{extension}", body))
        if response.status == 415:
            continue
        assert response.status == 200, response.text
        files.append(response.json()["fileIdentifier"])
        announced = {} if declared is None else {"receivedMediaType": declared}
        offered = presigned_post(stack, bucket="aafc", name=f"a.{extension}", **announced)
        assert post(offered, body) == 201
        files.append(offered["fileIdentifier"])
    stack.settle(retries=True)
    for file in files:
        _stays_an_attachment(stack, file)


def test_a_file_of_two_types_is_served_as_the_inactive_one(stack: LocalStack) -> None:
    for name in ("a.gif", "a.js", "a.html"):
        response = GroupRecords(stack).ask("POST", form(f"{API}/file/aafc", name, GIF_AND_SCRIPT))
        _stays_an_attachment(stack, response.json()["fileIdentifier"])


def _stays_an_attachment(stack: LocalStack, file: str) -> None:
    for query in QUERIES:
        response = stack.request("GET", f"{API}/file/aafc/{file}{query}")
        if response.status in (404, 410):
            return  # refused after its detection
        if response.status == 307:
            asked = parse_qs(urlsplit(header(response, "location")).query)
            [disposition] = asked["response-content-disposition"]
            [media_type] = asked["response-content-type"]
        else:
            assert response.status == 200, response.text
            assert response.header("x-content-type-options") == "nosniff"
            disposition = header(response, "content-disposition")
            media_type = header(response, "content-type")
        if media_type == "application/pdf" and "inline" in query:
            # Browsers show it in a viewer of their own.
            policy = response.header("content-security-policy") or ""
            assert response.status == 307 or "default-src 'none'" in policy
        elif any(word in media_type for word in RUNNING) or "inline" not in query:
            assert disposition.startswith("attachment"), f"{query}: {media_type}, {disposition}"


def test_every_response_has_nosniff(group_records: GroupRecords) -> None:
    """Downloads, JSON documents and texts have it."""
    ids = group_records.ids
    for target in (
        f"{API}/file/aafc/{ids['upload']}",
        f"{API}/file/aafc/{ids['upload']}/thumbnail",
        f"{API}/file/aafc/derivative/{ids['derived file']}",
        f"{API}/metadata/{ids['metadata']}",
        f"{API}/health",
        f"{API}/nothing",
        "/nothing",
    ):
        response = group_records.stack.request("GET", target)
        assert response.header("x-content-type-options") == "nosniff", target
