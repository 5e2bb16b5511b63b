"""The messages and problems of errors."""

from __future__ import annotations

import pytest

from coffer.domain.errors import GoneError, InvalidError, Problem, shorten


def test_an_error_of_several_problems_reads_as_one_sentence_each() -> None:
    problems = [Problem("one", "First."), Problem("two", "Second.", pointer="/a")]
    error = InvalidError.of(problems)
    assert type(error) is InvalidError
    assert error.problems == tuple(problems)
    assert str(error) == "First.; Second."


def test_an_error_of_one_problem_has_its_source() -> None:
    error = InvalidError("code", "Detail.", parameter="id")
    assert error.problems == (Problem("code", "Detail.", parameter="id"),)


def test_a_gone_error_refers_to_the_audit() -> None:
    assert GoneError("code", "Detail.", instance_id="metadata/x").instance_id == "metadata/x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", ""), ("abcdef", "abcdef"), ("abcdefg", "abc…fg"), ("a" * 500 + "end", "aaa…nd")],
)
def test_a_long_text_is_shown_by_its_beginning_and_its_end(text: str, shown: str) -> None:
    assert shorten(text, 6) == shown


def test_a_problem_never_repeats_a_long_value_of_the_request() -> None:
    long = f"There is no {'x' * 1_000_000} here."
    problem = Problem("code", long, pointer=f"/data/{long}", parameter=long, header=long)
    for text, maximum in (
        (problem.detail, 1000),
        (problem.pointer, 300),
        (problem.parameter, 300),
        (problem.header, 300),
    ):
        assert text is not None
        assert len(text) == maximum
        assert text.endswith("x here.")
    assert len(str(InvalidError("code", long))) == 1000
    assert len(str(InvalidError.of([problem] * 5))) == 1000
