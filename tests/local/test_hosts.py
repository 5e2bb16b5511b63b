"""Hosts and origins that may address the local stack."""

from __future__ import annotations

import pytest

from local.gateway.hosts import LOOPBACK_HOSTS, is_allowed_host, is_console_origin, parse_hosts


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
