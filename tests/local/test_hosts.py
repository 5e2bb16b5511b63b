"""Hosts and origins that may address the local stack."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from local.hosts import (
    CONTAINERS_HOST,
    LOOPBACK_HOSTS,
    is_allowed_host,
    is_console_origin,
    name_below,
    parse_hosts,
)
from local.stack import LocalStack


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8081", "127.0.0.1:1", "[::1]:8081", None, "lab.example:9"]
)
def test_loopback_and_listed_hosts_are_allowed(host: str | None) -> None:
    assert is_allowed_host(host, parse_hosts(" lab.example ,"))


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example",
        "localhost.attacker.example",
        "127.0.0.1.attacker.example",
        "attacker.example:8081",
        "localhost@attacker.example",
        "[::2]",
        "",
        "[",
    ],
)
def test_any_other_host_is_refused(host: str) -> None:
    assert not is_allowed_host(host, LOOPBACK_HOSTS)


@pytest.mark.parametrize("text", ["http://lab.example", "lab.example:80", "a b", "*"])
def test_only_host_names_can_be_listed(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_hosts(text)


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "localhost:8081", True),
        ("http://localhost:8081", "localhost:8081", True),
        ("http://localhost:3000", "localhost:8081", False),
        ("http://attacker.example", "localhost:8081", False),
        ("null", "localhost:8081", False),
        ("http://localhost:8081", None, False),
    ],
)
def test_the_consoles_origin_is_the_address_of_the_request(
    origin: str | None, host: str | None, allowed: bool
) -> None:
    assert is_console_origin(origin, host) is allowed


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("localhost:9000", ""),
        ("photos.localhost:9000", "photos"),
        ("s3.lab.example", ""),
        ("photos.s3.lab.example", "photos"),
        ("photos.attacker.example", None),
        ("photos.localhost.attacker.example", None),
        ("notlocalhost", None),
        ("", None),
        ("[", None),
    ],
)
def test_a_bucket_may_precede_an_allowed_host(host: str, bucket: str | None) -> None:
    assert name_below(host, parse_hosts("lab.example,s3.lab.example")) == bucket


def call(url: str, method: str, headers: Mapping[str, str], body: str = "") -> tuple[int, str, str]:
    """Return the status, the names of the CORS headers and the body of a response."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request(method, "/", body, dict(headers))
        response = connection.getresponse()
        names = [name.lower() for name, _ in response.getheaders()]
        cors = " ".join(name for name in names if name.startswith("access-control-"))
        return response.status, cors, response.read().decode()
    finally:
        connection.close()


LIST_TABLES = {
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=x",
}


@pytest.mark.parametrize("host", ["localhost:1", f"{CONTAINERS_HOST}:1"])
def test_clients_on_this_machine_and_in_its_containers_reach_the_tables(
    small: LocalStack, host: str
) -> None:
    status, cors, body = call(small.server.url, "POST", {**LIST_TABLES, "Host": host}, "{}")
    assert (status, cors) == (200, "")
    assert small.name("ThingsTable") in json.loads(body)["TableNames"]


def test_another_host_does_not_reach_the_tables(small: LocalStack) -> None:
    headers = {**LIST_TABLES, "Host": "attacker.example"}
    status, cors, body = call(small.server.url, "POST", headers, "{}")
    assert (status, cors, "ALLOWED_HOSTS" in body) == (403, "", True)


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "GET"])
@pytest.mark.parametrize(
    "browser",
    [
        {"Origin": "http://attacker.example"},
        {"Origin": "http://localhost:8081"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_no_web_page_reaches_the_tables(
    small: LocalStack, method: str, browser: Mapping[str, str]
) -> None:
    status, cors, body = call(small.server.url, method, {**LIST_TABLES, **browser}, "{}")
    assert (status, cors) == (403, "")
    assert small.name("ThingsTable") not in body


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("below", ["", "{bucket}."])
def test_another_host_does_not_reach_s3(small: LocalStack, method: str, below: str) -> None:
    host = below.format(bucket=small.name("KeepBucket")) + "attacker.example"
    headers = {"Host": host, "Origin": "http://attacker.example"}
    status, cors, body = call(small.storage.url, method, headers)
    assert (status, cors, "ALLOWED_HOSTS" in body) == (403, "", True)


@pytest.mark.parametrize("host", ["localhost:1", f"{CONTAINERS_HOST}:1"])
def test_clients_on_this_machine_and_in_its_containers_reach_s3(
    small: LocalStack, host: str
) -> None:
    status, _, body = call(small.storage.url, "GET", {"Host": host})
    assert (status, "ALLOWED_HOSTS" in body) == (403, False)  # it has no signature
