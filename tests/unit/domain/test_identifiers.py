"""Identifiers: created UUIDv7, and parsed UUIDs."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.errors import MalformedRequestError
from coffer.domain.identifiers import (
    is_identifier,
    new_identifier,
    paired_identifier,
    parse_identifier,
)
from tests.fakes import FrozenClock

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


@given(st.uuids(version=4))
def test_a_file_and_its_thumbnail_are_found_by_each_other(file: UUID) -> None:
    thumbnail = paired_identifier(str(file))
    assert is_identifier(thumbnail)
    assert thumbnail != str(file)
    assert (thumbnail[:19], thumbnail[14]) == (str(file)[:19], str(file)[14])
    assert paired_identifier(thumbnail) == str(file)
