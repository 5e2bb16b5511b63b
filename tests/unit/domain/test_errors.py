"""The messages and problems of errors."""

from __future__ import annotations

from coffer.domain.errors import GoneError, InvalidError, Problem


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
