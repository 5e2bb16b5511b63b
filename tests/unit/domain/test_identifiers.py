"""Identifiers: created UUIDv7, and parsed UUIDs."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from coffer.domain.errors import MalformedRequestError
from coffer.domain.identifiers import (
    creation_time,
    is_identifier,
    new_identifier,
    parse_identifier,
)
from tests.fakes import FrozenClock
from tests.fakes.clocks import NOON

CANONICAL = "0193a000-0000-7000-8000-00000000abcd"


def test_an_identifier_is_a_uuid_of_version_7_that_holds_the_time() -> None:
    clock = FrozenClock()
    made = UUID(new_identifier(clock))
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == int(clock.now().timestamp() * 1000)


def test_identifiers_differ_and_sort_by_time() -> None:
    clock = FrozenClock()
    early = {new_identifier(clock) for _ in range(1000)}
    clock.advance(timedelta(milliseconds=1))
    assert len(early) == 1000
    assert max(early) < new_identifier(clock)


def test_an_identifier_may_be_sent_in_capitals() -> None:
    assert parse_identifier(CANONICAL.upper(), parameter="id") == CANONICAL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        CANONICAL.replace("-", ""),
        f"{{{CANONICAL[:34]}}}",
        CANONICAL[:-1] + "g",
        CANONICAL + "0",
        "0193a00000-00-7000-8000-00000000abcd",
        "\u0660193a000-0000-7000-8000-00000000abcd",
    ],
)
def test_a_text_that_is_not_a_canonical_uuid_is_malformed(text: str) -> None:
    assert not is_identifier(text)
    with pytest.raises(MalformedRequestError) as refusal:
        parse_identifier(text, parameter="fileId")
    [problem] = refusal.value.problems
    assert (problem.code, problem.parameter) == ("malformed_identifier", "fileId")


@pytest.mark.parametrize("value", [None, 7, [CANONICAL]])
def test_only_text_can_be_an_identifier(value: object) -> None:
    assert not is_identifier(value)


def test_an_identifier_has_its_creation_time_whatever_its_digits() -> None:
    assert creation_time(new_identifier(FrozenClock())) == NOON.replace(microsecond=0)
    assert creation_time("ffffffff-ffff-4fff-bfff-ffffffffffff").year == 9999
    assert creation_time("00000000-0000-0000-0000-000000000000").year == 1970
