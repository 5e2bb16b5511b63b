"""Bucket names: `[A-Za-z0-9][A-Za-z0-9._~-]{0,49}`."""

from __future__ import annotations

import pytest

from coffer.domain.buckets import bucket_key, parse_bucket
from coffer.domain.errors import MalformedRequestError


@pytest.mark.parametrize("name", ["a", "9", "mybucket", "a~b", "A.b_c-d~e", "x" * 50, "a..b"])
def test_a_bucket_keeps_its_spelling(name: str) -> None:
    assert parse_bucket(name) == name


@pytest.mark.parametrize(
    "name", ["", "x" * 51, "-a", ".a", "_a", "~a", "a b", "a/b", "é", "a\n", "²", "a%2Fb"]
)
def test_an_invalid_bucket_is_malformed(name: str) -> None:
    with pytest.raises(MalformedRequestError) as refusal:
        parse_bucket(name)
    [problem] = refusal.value.problems
    assert (problem.code, problem.parameter) == ("malformed_bucket", "bucket")


def test_an_invalid_bucket_in_a_document_has_a_pointer() -> None:
    with pytest.raises(MalformedRequestError) as refusal:
        parse_bucket("-" * 1000, pointer="/data/attributes/bucket")
    [problem] = refusal.value.problems
    assert (problem.pointer, problem.parameter) == ("/data/attributes/bucket", None)
    assert len(problem.detail) < 300


def test_buckets_compare_in_lower_case() -> None:
    assert bucket_key("AaFc") == "aafc"
