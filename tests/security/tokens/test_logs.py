"""No log line contains content of requests, tokens, signatures or keys."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from local.gateway.api import Request
from local.reports import ConsolePrinter
from local.stack import TEMPLATE, LocalStack
from tests.api.clients import header, post
from tests.api.images import png
from tests.security.group_records import API, GroupRecords, Sent, json_api, routes
from tests.security.tokens.conftest import HandlerLog


def test_requests_to_every_route_leave_no_secret_in_the_log(
    secured_stack: LocalStack, log: HandlerLog
) -> None:
    assert secured_stack.issuer is not None
    token = secured_stack.issuer.token("xyzzyuser", ["aafc/super-user"], ["dina-admin"])
    group_records = GroupRecords(secured_stack, [("Authorization", f"Bearer {token}")]).create()
    secrets = {"the token": token, "its signature": token.rpartition(".")[2], "a body": "quagga"}
    secrets |= {"a claim": "xyzzyuser", "a query": "plughquery", "a cookie": "plovercookie"}
    secrets |= _store_directly(group_records)
    file = f"{API}/file/aafc/{group_records.ids['upload']}"
    location = header(group_records.ask("GET", Sent(f"{file}?redirect=true")), "location")
    secrets |= _signature("a link", location)
    link = group_records.ask("GET", Sent(f"{file}?redirect=false")).json()["url"]
    secrets |= _signature("a link in a document", link)
    for event in secured_stack.bus_events:
        if "toa" in event["detail"]:
            secrets["a key of an export"] = event["detail"]["toa"]
    assert "a key of an export" in secrets
    group_records.ask("GET", Sent(f"/toa/{secrets['a key of an export']}"))
    _ask_everything(group_records)
    _be_refused(group_records)
    secured_stack.settle(retries=True)
    assert len(log.lines) > 100
    found = {name: line for name, secret in secrets.items() for line in log.lines if secret in line}
    assert found == {}


def _store_directly(group_records: GroupRecords) -> dict[str, str]:
    offer = {"files": [{"originalFilename": "quagga.png", "receivedMediaType": "image/png"}]}
    response = group_records.ask("POST", json_api(f"{API}/upload/aafc", offer))
    [file] = response.json()["files"]
    assert post(file, png()) == 201
    group_records.stack.settle(retries=True)
    fields = {name.lower(): value for name, value in file["upload"]["fields"].items()}
    return {
        "a grant": fields["x-amz-meta-coffer-grant"],
        "a policy": fields["policy"],
        "a signature of a form": fields["x-amz-signature"],
    }


def _signature(name: str, url: str) -> dict[str, str]:
    return {name: parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]}


def _ask_everything(group_records: GroupRecords) -> None:
    for route in routes(group_records.stack):
        sent = group_records.request(route)
        headers = [*sent.headers, ("Cookie", "session=plovercookie"), ("User-Agent", "xyzzyuser")]
        target = f"{sent.target}?plughquery=plughquery&filter[acCaption]=plughquery"
        group_records.ask(route.method, Sent(target, headers, sent.body))


def _be_refused(group_records: GroupRecords) -> None:
    """Send requests that are refused: errors quote them to the caller, not to the log."""
    for route in routes(group_records.stack):
        for body in (b'{"data": {"type": "quagga", "attributes": {"quagga": 1}}}', b"quagga", b"["):
            target = group_records.request(route).target
            sent = Sent(target, [("Content-Type", "application/vnd.api+json")], body)
            group_records.ask(route.method, sent)
    for value in ("Bearer quagga", "Bearer a.quagga.c", "Basic quagga", "Bearer " + "quagga" * 500):
        group_records.stack.request("GET", f"{API}/metadata", headers={"Authorization": value})


def test_the_access_log_contains_routes_and_no_paths() -> None:
    text = TEMPLATE.read_text()
    [line] = [one for one in text.splitlines() if "$context.requestId" in one]
    for told in (
        "path",
        "query",
        "authorizer",
        "userAgent",
        "header",
        "domainName",
        "error.message",
    ):
        assert told not in line, told


def test_the_local_log_line_of_a_request_has_no_query() -> None:
    lines: list[str] = []
    request = Request("GET", "/api/v1/metadata?filter[acCaption]=quagga")
    ConsolePrinter(lines.append).request(request.method, request.raw_path, 200, 3)
    assert "quagga" not in "".join(lines)
