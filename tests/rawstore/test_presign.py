"""GET /{service}/presign: links to a user's own files only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from coffer.adapters import http_connections as connections
from coffer.adapters.http_connections import ConnectionPool, HttpResponse
from coffer.domain.rawstore.addresses import StoreAddress
from coffer.domain.rawstore.keys import KeyPattern
from local.gateway.api import Response
from local.stack import LocalStack
from tests.rawstore.requests import (
    MAY_UPLOAD,
    authorize,
    describe,
    error_of,
    files_of,
    package,
    post,
    token,
)
from tests.rawstore.tokens import rsa_key, sign, signed_with_the_public_key, unsigned

BODY = b"a,b\n1,2\n"
PATH = "data/file1.csv"


def push(stack: LocalStack, path: str = PATH, *, user: str = "u1", **metadata: Any) -> str:
    """Upload a file as a client does, and return its URL as the client builds it."""
    request = package({path: describe(BODY)}, **{"owner": user, **metadata})
    file = files_of(authorize(stack, request, user=user))[path]
    assert post(file, BODY) in (200, 201, 204)
    return f"{file['upload_url']}/{file['upload_query']['key']}"


def presign(
    stack: LocalStack, url: str, *, owner: str | None = "u1", encode: bool = True, **claims: Any
) -> Response:
    named = "" if owner is None else f"ownerid={quote(owner)}&"
    target = f"/rawstore/presign?{named}url={quote(url, safe='') if encode else url}"
    return stack.request("GET", target, headers={"Auth-Token": token(stack, **claims)})


def link_of(response: Response) -> str:
    assert response.status == 200, response.text
    assert response.header("content-type") == "application/json"
    assert set(response.json()) == {"url"}
    return str(response.json()["url"])


def get(url: str) -> tuple[int, bytes]:
    """Return the response to an unsigned request for this URL."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", f"{parts.path}{'?' if parts.query else ''}{parts.query}")
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def is_signed(url: str) -> bool:
    return "X-Amz-Signature=" in url


class TestOwnFiles:
    def test_a_private_file_gets_a_link_that_is_valid_for_a_day(self, stack: LocalStack) -> None:
        address = push(stack, findability="private")
        assert get(address)[0] == 403

        link = link_of(presign(stack, address))

        assert link.startswith(f"{address}?")
        assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["86400"]
        assert get(link) == (200, BODY)
        stack.clock.advance(timedelta(hours=23, minutes=59))
        assert get(link) == (200, BODY)
        stack.clock.advance(timedelta(minutes=2))
        assert get(link)[0] == 403

    def test_the_address_of_a_public_file_is_returned_unchanged(self, stack: LocalStack) -> None:
        address = push(stack)

        assert link_of(presign(stack, address)) == address
        assert get(address) == (200, BODY)

    def test_the_address_of_a_public_file_is_returned_to_any_user(self, stack: LocalStack) -> None:
        """The URL is no secret; the reference returns it without a token."""
        address = push(stack)

        for owner, user in (("u1", "u2"), ("u2", "u2"), (None, "u2")):
            assert link_of(presign(stack, address, owner=owner, user=user)) == address

    def test_a_file_whose_acl_was_made_private_gets_a_link(self, stack: LocalStack) -> None:
        """The ACL in the store decides if it is public, not the metadata of its upload."""
        address = push(stack)
        stack.client("s3").put_object_acl(
            Bucket=stack.name("RawstoreBucket"), Key="u1/d/data/file1.csv", ACL="private"
        )

        assert is_signed(link_of(presign(stack, address)))

    def test_a_file_that_does_not_exist_yet_gets_a_link_by_its_key(self, stack: LocalStack) -> None:
        address = f"{stack.storage.url}/{stack.name('RawstoreBucket')}/u1/d/later.csv"

        link = link_of(presign(stack, address))

        assert get(link)[0] == 404
        push(stack, "later.csv", findability="private")
        assert get(link) == (200, BODY)

    def test_an_object_without_owner_metadata_is_owned_by_its_key(self, stack: LocalStack) -> None:
        bucket = stack.name("RawstoreBucket")
        stack.client("s3").put_object(Bucket=bucket, Key="u1/migrated.csv", Body=BODY)
        address = f"http://{bucket}/u1/migrated.csv"

        assert get(link_of(presign(stack, address))) == (200, BODY)
        assert error_of(presign(stack, address, owner="u2", user="u2")) == (403, "foreign_file")

    def test_the_parameter_jwt_is_accepted(self, stack: LocalStack) -> None:
        address = push(stack, findability="private")
        target = f"/rawstore/presign?jwt={token(stack)}&ownerid=u1&url={address}"

        for headers in ({}, {"Auth-Token": ""}):
            assert is_signed(link_of(stack.request("GET", target, headers=headers)))

    def test_a_token_for_the_service_source_is_accepted(self, stack: LocalStack) -> None:
        """The reference's client has only this token in its pushFlow."""
        address = push(stack, findability="private")

        assert is_signed(link_of(presign(stack, address, service="source", permissions={})))


class TestSpellings:
    @pytest.mark.parametrize(
        "spelling",
        [
            "{store}/{bucket}/{key}",
            "http://{host}/{bucket}/{key}",
            "https://{host}:443/{bucket}/{key}",
            "http://{bucket}:80/{key}",
            "HTTPS://{bucket}/{key}",
            "https://s3.amazonaws.com/{bucket}/{key}",
            "https://s3.us-east-1.amazonaws.com/{bucket}/{key}",
            "https://s3-eu-west-1.amazonaws.com/{bucket}/{key}",
            "https://s3.dualstack.us-east-1.amazonaws.com/{bucket}/{key}",
            "https://{bucket}.s3.amazonaws.com/{key}",
            "https://{bucket}.s3.us-east-1.amazonaws.com/{key}",
            "https://{bucket}.{host}/{key}",
        ],
    )
    @pytest.mark.parametrize("encode", [True, False])
    def test_every_form_of_a_files_address_is_accepted(
        self, stack: LocalStack, spelling: str, encode: bool
    ) -> None:
        address = push(stack, findability="private")
        url = spelling.format(
            store=stack.storage.url,
            host=urlsplit(stack.storage.url).hostname,
            bucket=stack.name("RawstoreBucket"),
            key="u1/d/data/file1.csv",
        )

        link = link_of(presign(stack, url, encode=encode))

        assert link.startswith(f"{address}?")
        assert get(link) == (200, BODY)

    @pytest.mark.parametrize(
        "path",
        [
            "a b.csv",
            "a+b&ownerid.csv",
            "é/表.csv",
            "50%.csv",
            "My%20File.csv",
            "50%25 'off'.csv",
            "a=b;c,d'(e)~!{f}.csv",
        ],
    )
    @pytest.mark.parametrize("form", ["as the client", "twice", "once", "raw and once"])
    def test_every_file_name_is_accepted(self, stack: LocalStack, path: str, form: str) -> None:
        raw = push(stack, path, findability="private")
        proper = f"{raw.removesuffix(path)}{quote(path)}"
        url = {
            "as the client": quote(raw, safe=":/%+&=;,()~!*"),  # as Node encodes a raw URL
            "twice": quote(proper, safe=""),
            "once": proper,
            "raw and once": quote(raw, safe=""),
        }[form]

        assert get(link_of(presign(stack, url, encode=False))) == (200, BODY)

    def test_a_public_file_with_percent_signs_in_its_name_gets_a_valid_address(
        self, stack: LocalStack
    ) -> None:
        raw = push(stack, "My%20File.csv")

        answered = link_of(presign(stack, raw, encode=False))

        assert answered == raw.replace("%", "%25")
        assert get(answered) == (200, BODY)

    def test_parameters_can_have_any_order(self, stack: LocalStack) -> None:
        address = push(stack, "a&b.csv", findability="private")
        target = f"/rawstore/presign?url={address}&ownerid=u1&jwt={token(stack)}"

        assert get(link_of(stack.request("GET", target))) == (200, BODY)

    def test_addresses_of_aws_are_those_of_the_partition(self) -> None:
        """Buckets in China have the same names as others elsewhere."""
        here = StoreAddress("https://s3.eu-central-1.amazonaws.com", "store", is_aws=True)
        china = StoreAddress("https://s3.cn-north-1.amazonaws.com.cn", "store", is_aws=True)

        for domain, address, other in (
            ("amazonaws.com", here, china),
            ("amazonaws.com.cn", china, here),
        ):
            for host in (f"store.s3.{domain}", f"store.s3.some-region-1.{domain}"):
                assert address.keys_of(f"https://{host}/u1/a") == ["u1/a"]
                assert other.keys_of(f"https://{host}/u1/a") == []

    def test_addresses_of_aws_are_foreign_if_another_store_is_configured(self) -> None:
        theirs = StoreAddress("https://minio.example:9000", "store", is_aws=False)

        assert theirs.keys_of("https://minio.example:9000/store/u1/a") == ["u1/a"]
        assert theirs.keys_of("https://s3.amazonaws.com/store/u1/a") == []
        assert theirs.keys_of("https://store.s3.amazonaws.com/u1/a") == []

    @pytest.mark.parametrize(
        ("pattern", "begins"),
        [
            ("{owner}/{dataset}/{path}", True),
            ("{owner}/{path}", True),
            ("{md5_hex}{extension}", False),
        ],
    )
    def test_only_some_patterns_begin_with_the_owner(self, pattern: str, begins: bool) -> None:
        assert KeyPattern.parse(pattern).begins_with_owner is begins


class TestRefusals:
    def test_private_files_of_other_users_are_refused(self, stack: LocalStack) -> None:
        address = push(stack, user="u2", findability="private")

        assert error_of(presign(stack, address)) == (403, "foreign_file")
        assert error_of(presign(stack, address, owner="u2")) == (403, "wrong_owner")

    def test_the_owner_of_the_upload_counts_not_the_beginning_of_the_key(
        self, stack: LocalStack
    ) -> None:
        """It has a key of u1, because the store had another pattern then."""
        address = push(stack, user="u1", findability="private")
        key = stack.keys("RawstoreBucket")[0]
        signed = {"owner": "u2", "findability": "private"}
        stack.client("s3").put_object(
            Bucket=stack.name("RawstoreBucket"), Key=key, Body=b"x", Metadata=signed
        )

        assert error_of(presign(stack, address)) == (403, "foreign_file")
        assert is_signed(link_of(presign(stack, address, owner="u2", user="u2")))

    def test_a_user_id_with_a_slash_owns_no_keys_of_others(self, stack: LocalStack) -> None:
        """Without metadata the key decides, and its first segment is the whole owner."""
        address = push(stack, user="u1", findability="private")
        key = stack.keys("RawstoreBucket")[0]
        stack.client("s3").put_object(Bucket=stack.name("RawstoreBucket"), Key=key, Body=b"x")
        posing = "/".join(key.split("/")[:2])

        assert error_of(presign(stack, address, owner=posing, user=posing)) == (403, "foreign_file")
        assert is_signed(link_of(presign(stack, address)))

    @pytest.mark.parametrize(
        "url",
        [
            "https://elsewhere.example/u1/a.csv",
            "https://elsewhere.example/{bucket}/u1/a.csv",
            "https://s3.amazonaws.com/elsewhere/u1/a.csv",
            "https://elsewhere.s3.amazonaws.com/{bucket}/u1/a.csv",
            "https://s3.amazonaws.com.elsewhere.example/{bucket}/u1/a.csv",
            "https://{bucket}.elsewhere.example/u1/a.csv",
            "https://{bucket}@elsewhere.example/u1/a.csv",
            "https://elsewhere.example@{bucket}/u1/a.csv",
            "https://{bucket}:8443/u1/a.csv",
            "https://{bucket}:99999/u1/a.csv",
            "https://[{bucket}/u1/a.csv",
            "https://{bucket}\\.elsewhere.example/u1/a.csv",
            "{store}/{bucket}x/u1/a.csv",
            "{store}/{bucket}",
            "{store}/{bucket}/",
            "{store}/{bucket}//u1/a.csv",
            "{store}/{bucket}/u1/../u2/a.csv",
            "{store}/{bucket}/u1/%2e%2e/u2/a.csv",
            "{store}/{bucket}/u1/a.csv?versionId=1",
            "{store}/{bucket}/u1/a.csv#part",
            "{store}/{bucket}/u1/a\n.csv",
            "{store}/{bucket}/u1/%00.csv",
            "ftp://{bucket}/u1/a.csv",
            "file:///etc/passwd",
            "//{bucket}/u1/a.csv",
            "u1/a.csv",
            "http://169.254.169.254/latest/meta-data/?u1",
            "https://elsewhere.example/?u1",
        ],
    )
    def test_addresses_outside_this_store_are_refused(self, stack: LocalStack, url: str) -> None:
        url = url.format(store=stack.storage.url, bucket=stack.name("RawstoreBucket"))

        assert error_of(presign(stack, url)) == (403, "foreign_url")

    @pytest.mark.parametrize("key", ["u2/a.csv", "u10/a.csv", "u1", "a.csv"])
    def test_an_invalid_key_is_refused(self, stack: LocalStack, key: str) -> None:
        url = f"http://{stack.name('RawstoreBucket')}/{key}"

        assert error_of(presign(stack, url)) == (403, "foreign_file")

    @pytest.mark.parametrize("query", ["ownerid=u1", "ownerid=u1&url=", ""])
    def test_a_missing_address_is_a_bad_request(self, stack: LocalStack, query: str) -> None:
        response = stack.request(
            "GET", f"/rawstore/presign?{query}", headers={"Auth-Token": token(stack)}
        )

        assert error_of(response) == (400, "no_url")

    @pytest.mark.parametrize("owner", [None, ""])
    def test_a_missing_owner_is_refused(self, stack: LocalStack, owner: str | None) -> None:
        address = push(stack, findability="private")

        assert error_of(presign(stack, address, owner=owner)) == (401, "no_owner")

    def test_invalid_tokens_are_refused(self, stack: LocalStack) -> None:
        assert stack.permission_tokens is not None
        address = push(stack)
        claims = {"userid": "u1", "service": "rawstore", "permissions": MAY_UPLOAD}
        for wrong in (
            "",
            "undefined",
            "x" * 20_000,
            unsigned(claims),
            sign(rsa_key("another"), claims),
            signed_with_the_public_key(stack.permission_tokens.public_key, claims),
            token(stack, expires_seconds=-1),
        ):
            target = f"/rawstore/presign?ownerid=u1&jwt={wrong}&url={address}"
            assert error_of(stack.request("GET", target))[0] == 401, wrong[:60]
        for service in ("", "other", "rawstor"):
            response = presign(stack, address, service=service)
            assert error_of(response) == (403, "wrong_service")

    def test_another_service_is_not_found(self, stack: LocalStack) -> None:
        response = stack.request("GET", "/other/presign", headers={"Auth-Token": token(stack)})

        assert (response.status, response.json()["error"]["code"]) == (404, "no_such_route")

    def test_other_methods_get_json_errors(self, stack: LocalStack) -> None:
        response = stack.request("DELETE", "/rawstore/presign")

        assert (response.status, response.header("allow")) == (405, "GET")

    def test_an_unreachable_store_signs_nothing(
        self, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address = push(stack, findability="private")
        stack.client("s3").delete_object(
            Bucket=stack.name("RawstoreBucket"), Key="u1/d/data/file1.csv"
        )
        stack.client("s3").delete_bucket(Bucket=stack.name("RawstoreBucket"))
        # Without its bucket S3 also responds with 404; the key then decides the owner.
        assert is_signed(link_of(presign(stack, address)))

        def unreachable(*_: Any) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr(connections, "PAUSES_SECONDS", (0.0, 0.0))
        monkeypatch.setattr(HTTPConnection, "request", unreachable)
        assert error_of(presign(stack, address)) == (503, "store_unavailable")

    def test_a_request_to_a_busy_store_is_repeated(
        self, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address = push(stack, findability="private")
        original, busy = ConnectionPool.request, HttpResponse(503, {}, b"")  # type: ignore[arg-type]  # unused here
        responses = [busy, busy]

        def request(self: ConnectionPool, *arguments: Any) -> HttpResponse:
            return responses.pop() if responses else original(self, *arguments)

        monkeypatch.setattr(connections, "PAUSES_SECONDS", (0.0, 0.0))
        monkeypatch.setattr(ConnectionPool, "request", request)
        assert is_signed(link_of(presign(stack, address)))
        responses += [busy] * 3
        assert error_of(presign(stack, address)) == (503, "store_unavailable")


class Trap(HTTPServer):
    """A server that must get no request."""

    visits = 0


class Visit(BaseHTTPRequestHandler):
    server: Trap

    def do_HEAD(self) -> None:
        self.server.visits += 1
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()


@pytest.fixture
def trap() -> Iterator[Trap]:
    server = Trap(("127.0.0.1", 0), Visit)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_no_address_makes_the_server_send_requests_elsewhere(stack: LocalStack, trap: Trap) -> None:
    """The reference sends a HEAD to any URL before it verifies the token."""
    bucket, port = stack.name("RawstoreBucket"), trap.server_address[1]
    for url in (
        f"http://127.0.0.1:{port}/{bucket}/u1/a.csv",
        f"http://127.0.0.1:{port}/?u1",
        f"http://{bucket}@127.0.0.1:{port}/u1/a.csv",
    ):
        for encode in (True, False):
            assert error_of(presign(stack, url, encode=encode)) == (403, "foreign_url")
    assert trap.visits == 0


def test_the_log_has_no_address_and_no_link(
    stack: LocalStack, log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    address = push(stack, "secret-path.csv", findability="private")
    link = link_of(presign(stack, address))
    presign(stack, f"{address}?secret")

    logged = log.getvalue() + "".join(capsys.readouterr())

    assert logged.count('"served"') >= 3
    assert "secret" not in logged
    assert parse_qs(urlsplit(link).query)["X-Amz-Signature"][0] not in logged
