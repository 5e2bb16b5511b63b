"""Rules for uploaded files: sizes and declared media types."""

from __future__ import annotations

import pytest

from coffer.domain.detection import BufferReader
from coffer.domain.errors import InvalidError
from coffer.domain.media_types import parse_media_type
from coffer.domain.uploads.record import RejectedError
from coffer.domain.uploads.rules import inspect


@pytest.mark.parametrize("size", [1, 99, 100])
def test_a_file_up_to_the_limit_is_accepted(size: int) -> None:
    content = inspect(
        BufferReader(b"x" * size), name="a.txt", received_media_type=None, max_bytes=100
    )
    assert content.size_in_bytes == size
    assert content.sha1_hex is None


@pytest.mark.parametrize(
    ("size", "code", "detail"),
    [
        (0, "empty_file", "Can't store empty file."),
        (101, "file_too_large", "The file has 101 bytes; at most 100 are allowed."),
    ],
)
def test_an_empty_or_too_large_file_is_refused(size: int, code: str, detail: str) -> None:
    with pytest.raises(RejectedError) as refusal:
        inspect(BufferReader(b"x" * size), name="a.txt", received_media_type=None, max_bytes=100)
    assert refusal.value.rejection.code == code
    assert refusal.value.rejection.detail == detail


@pytest.mark.parametrize(
    ("received", "admitted"),
    [
        (None, None),
        ("", None),
        ("   ", None),
        (" image/png ", "image/png"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("special/binary", "special/binary"),
        (f"a/{'b' * 148}", f"a/{'b' * 148}"),
    ],
)
def test_a_declared_type_is_kept_as_it_is(received: str | None, admitted: str | None) -> None:
    assert parse_media_type(received) == admitted


@pytest.mark.parametrize(
    "received",
    ["nonsense", "/png", "image/", "/", "imäge/png", "image/png\r\nX-Evil: 1", f"a/{'b' * 149}"],
)
def test_a_type_that_cannot_be_a_header_is_refused(received: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        parse_media_type(received, pointer="/files/0/receivedMediaType")
    [problem] = refusal.value.problems
    assert problem.code == "malformed_media_type"
    assert problem.pointer == "/files/0/receivedMediaType"
    assert len(problem.detail) < 200
