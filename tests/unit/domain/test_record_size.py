"""The size limit of records counts bytes, and its error names them."""

from __future__ import annotations

import pytest

from coffer.domain.fields import MAX_RECORD_BYTES, json_bytes, size_problems


@pytest.mark.parametrize(
    ("text", "size"), [("a", 3), ("é", 4), ("😀", 6), ("\x01", 8), ('"', 4), ("", 2)]
)
def test_the_size_is_that_of_json_in_utf_8(text: str, size: int) -> None:
    assert json_bytes(text) == size


def test_a_record_at_the_limit_is_accepted_and_one_byte_more_is_refused() -> None:
    around = json_bytes({"acTags": ""})
    assert list(size_problems({"acTags": "x" * (MAX_RECORD_BYTES - around)})) == []
    [problem] = size_problems({"acTags": "x" * (MAX_RECORD_BYTES - around + 1)})
    assert problem.code == "record_too_large"
    assert f"{MAX_RECORD_BYTES + 1} bytes" in problem.detail
    assert str(MAX_RECORD_BYTES) in problem.detail
    assert "acTags" in problem.detail
