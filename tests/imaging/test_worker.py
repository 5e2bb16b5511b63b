"""The messages between the function and its child process, from both ends."""

from __future__ import annotations

import io
import json
import os
import resource
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from coffer.adapters.imaging import worker
from coffer.adapters.imaging.messages import (
    MAX_THUMBNAIL_BYTES,
    READY,
    MalformedReplyError,
    parse_reply,
    reply_of,
    reply_of_failure,
    request_line,
)
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult
from coffer.domain.uploads.image_properties import NO_PROPERTIES
from tests.fakes.thumbnails import PROPERTIES
from tests.imaging.helpers import plain

SPOKEN = {
    "length": 3,
    "properties": json.loads(reply_of(ThumbnailResult(thumbnail=b"", properties=PROPERTIES)))[
        "properties"
    ],
}


def test_the_worker_serves_requests_in_order() -> None:
    asked: list[tuple[Path, str]] = []

    def make(path: Path, media_type: str) -> ThumbnailResult:
        asked.append((path, media_type))
        if media_type == "bad":
            raise ThumbnailError("image_damaged", "broken", properties=PROPERTIES)
        return ThumbnailResult(thumbnail=b"jpg", properties=PROPERTIES, warning="image_truncated")

    replies = io.BytesIO()
    worker.serve([request_line("/a b", "bad"), request_line("/c", "image/png")], replies, make)
    assert asked == [(Path("/a b"), "bad"), (Path("/c"), "image/png")]
    replies.seek(0)
    assert replies.readline() == READY
    with pytest.raises(ThumbnailError) as failed:
        parse_reply(replies.readline())
    assert (failed.value.code, failed.value.properties) == ("image_damaged", PROPERTIES)
    length, result = parse_reply(replies.readline())
    assert (length, result.properties, result.warning) == (3, PROPERTIES, "image_truncated")
    assert replies.read() == b"jpg"


def test_a_failure_without_properties_has_none() -> None:
    with pytest.raises(ThumbnailError, match="none") as failed:
        parse_reply(reply_of_failure(ThumbnailError("no_preview", "none")))
    assert (failed.value.code, failed.value.properties) == ("no_preview", NO_PROPERTIES)


@pytest.mark.parametrize(
    "reply",
    [
        {},
        [],
        {**SPOKEN},
        {**SPOKEN, "failure": None, "length": -1},
        {**SPOKEN, "failure": None, "length": MAX_THUMBNAIL_BYTES + 1},
        {**SPOKEN, "failure": None, "length": True},
        {**SPOKEN, "failure": {}},
        {**SPOKEN, "failure": {"code": "no code at all", "detail": ""}},
        {**SPOKEN, "failure": {"code": "x" * 41, "detail": ""}},
        {**SPOKEN, "failure": {"code": 5, "detail": ""}},
        {**SPOKEN, "failure": None, "properties": {}},
        {**SPOKEN, "failure": None, "properties": {**SPOKEN["properties"], "width": "400"}},
        {**SPOKEN, "failure": None, "properties": {**SPOKEN["properties"], "exif": {"a": 1}}},
    ],
)
def test_other_messages_are_malformed(reply: Any) -> None:
    with pytest.raises(MalformedReplyError):
        parse_reply(json.dumps(reply).encode())


@pytest.mark.parametrize("line", [b"", b"nonsense", b"\xff", b"[" * 100_000])
def test_a_line_that_is_not_json_is_malformed(line: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        parse_reply(line)


def test_each_image_gets_its_own_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[Any] = []
    monkeypatch.setattr(resource, "setrlimit", lambda what, limits: set_to.append((what, limits)))
    worker.limit_processor_time(20)
    worker.limit_memory(1000)
    ((what, (soft, _)), memory, core) = set_to
    used = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    assert what == resource.RLIMIT_CPU
    assert used + 19 <= soft
    assert memory == (resource.RLIMIT_AS, (1000, 1000))
    assert core == (resource.RLIMIT_CORE, (0, 0))


def test_the_worker_serves_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    image, out = tmp_path / "image.png", tmp_path / "out"
    image.write_bytes(plain("PNG"))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(os, "dup", lambda _: os.open(out, os.O_CREAT | os.O_WRONLY))
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    stdin = SimpleNamespace(buffer=[request_line(str(image), "image/png")])
    monkeypatch.setattr(sys, "stdin", stdin)
    worker.main(50, 1000, 20)
    with out.open("rb") as replies:
        assert replies.readline() == READY
        length, result = parse_reply(replies.readline())
        assert result.properties.width == 400
        assert len(replies.read()) == length
