"""The replies of the process, and of the function, that decode."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from coffer.adapters.imaging.messages import (
    MalformedReplyError,
    parse_reply,
    reply_of,
    reply_of_failure,
)
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult
from coffer.domain.uploads.image_properties import MAX_CHARACTERS, MAX_TAGS, NO_PROPERTIES
from tests.fakes.thumbnails import PROPERTIES

RESULT = ThumbnailResult(thumbnail=b"", properties=PROPERTIES, warning="image_truncated")
REPLY = reply_of(RESULT)


def failure_in(document: Any) -> ThumbnailError:
    with pytest.raises(ThumbnailError) as failed:
        parse_reply(document)
    return failed.value


def test_a_reply_has_the_properties_and_the_warning() -> None:
    assert parse_reply(REPLY) == RESULT
    assert parse_reply(json.dumps(REPLY).encode()) == RESULT
    nothing = ThumbnailResult(thumbnail=b"")
    assert parse_reply(reply_of(nothing)) == nothing


def test_a_failure_has_a_code_and_the_properties() -> None:
    failure = failure_in(reply_of_failure(ThumbnailError("no_preview", "none")))
    assert (failure.code, str(failure), failure.properties) == ("no_preview", "none", NO_PROPERTIES)
    error = ThumbnailError("image_damaged", "broken" * 1000, properties=PROPERTIES)
    failure = failure_in(json.dumps(reply_of_failure(error)).encode())
    assert (failure.properties, len(str(failure))) == (PROPERTIES, 500)


def with_properties(**changes: Any) -> dict[str, Any]:
    return {**REPLY, "properties": {**REPLY["properties"], **changes}}


@pytest.mark.parametrize(
    "reply",
    [
        {},
        [],
        None,
        "text",
        {"failure": None},
        {**REPLY, "failure": {}},
        {**REPLY, "failure": []},
        {**REPLY, "failure": {"code": "no code at all", "detail": ""}},
        {**REPLY, "failure": {"code": "x" * 41, "detail": ""}},
        {**REPLY, "failure": {"code": 5, "detail": ""}},
        {**REPLY, "warning": "no code at all"},
        {**REPLY, "warning": 5},
        {**REPLY, "properties": {}},
        {**REPLY, "properties": None},
        with_properties(width="400"),
        with_properties(width=True),
        with_properties(height=-1),
        with_properties(height=2**31),
        with_properties(orientation=1.5),
        with_properties(date_time_digitized="x" * (MAX_CHARACTERS + 1)),
        with_properties(date_time_digitized=5),
        with_properties(exif=None),
        with_properties(exif={"a": 1}),
        with_properties(exif={"a": "x" * (MAX_CHARACTERS + 1)}),
        with_properties(exif={"x" * (MAX_CHARACTERS + 1): "a"}),
        with_properties(exif={str(n): "a" for n in range(MAX_TAGS + 1)}),
    ],
)
def test_other_replies_are_malformed(reply: Any) -> None:
    for document in (reply, json.dumps(reply).encode()):
        with pytest.raises(MalformedReplyError):
            parse_reply(document)


@pytest.mark.parametrize("document", [b"", b"nonsense", b"\xff", b"[" * 100_000])
def test_a_document_that_is_not_json_is_malformed(document: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        parse_reply(document)


def test_the_largest_properties_are_accepted() -> None:
    tags = {str(n).zfill(MAX_CHARACTERS): "x" * MAX_CHARACTERS for n in range(MAX_TAGS)}
    most = replace(RESULT, properties=replace(PROPERTIES, exif=tags))
    assert parse_reply(json.dumps(reply_of(most)).encode()) == most
