"""The upload grant: its encoding, its maximum length, and invalid values."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.errors import InvalidError
from coffer.domain.file_names import standardise
from coffer.domain.uploads.grant import (
    GRANT_FIELD,
    MAX_GRANT_BYTES,
    METADATA_NAME,
    GrantError,
    UploadGrant,
)

GRANT = UploadGrant(
    bucket="AAFC",
    created_by="alice",
    original_filename="Käfer 1.jpg",
    received_media_type="image/jpeg",
    is_derivative=True,
)


def encoded(document: object) -> str:
    return urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "grant",
    [
        GRANT,
        replace(GRANT, folder="Hêtre à/sub"),
        UploadGrant(bucket="b", created_by="u", original_filename=""),
    ],
)
def test_a_grant_survives_encoding(grant: UploadGrant) -> None:
    assert UploadGrant.decode(grant.encode()) == grant


admitted_names = st.text(st.characters(codec="utf-8"), max_size=200).map(
    lambda text: standardise(text.replace(".", "_"))
)


@given(admitted_names, st.booleans())
def test_a_grant_of_any_name_is_a_header_value(name: str, is_derivative: bool) -> None:
    grant = UploadGrant(
        bucket="b", created_by="u", original_filename=name, is_derivative=is_derivative
    )
    value = grant.encode()
    assert value.isascii()
    assert value.replace("-", "").replace("_", "").isalnum()
    assert UploadGrant.decode(value) == grant


@pytest.mark.parametrize(
    "values",
    [
        {"bucket": "my bucket/../x"},
        {"bucket": ""},
        {"original_filename": "n" * 251},
        {"original_filename": "a.abcdefghijk"},
        {"original_filename": "../../x/y.txt"},
        {"folder": ""},
        {"folder": ".."},
        {"folder": "a/../b"},
        {"folder": "/a"},
        {"folder": "a/"},
        {"folder": "a//b"},
        {"folder": "a\\b"},
        {"folder": "C:"},
        {"folder": "He\u0302tre"},
        {"folder": "f" * 251},
        {"folder": "a", "original_filename": ""},
        {"received_media_type": "text/plainé\n"},
        {"received_media_type": " text/plain"},
    ],
)
def test_a_grant_with_values_that_are_never_signed_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(GrantError):
        UploadGrant.decode(replace(GRANT, **values).encode())


def test_a_grant_with_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(GrantError):
        UploadGrant.decode(encoded({"b": "b", "u": "\ud800", "n": "a.png"}))


def test_the_field_is_user_metadata_of_the_object() -> None:
    assert f"x-amz-meta-{METADATA_NAME}" == GRANT_FIELD


def test_name_and_value_may_have_2048_bytes_together() -> None:
    # The name has 23 bytes. Base64 makes 4 characters of 3 bytes, so 1,518 bytes of JSON become
    # 2,024, and one more makes 2,026: there is no grant of just 2,025.
    rest = len(json.dumps({"b": "b", "u": "u", "n": ""}, separators=(",", ":")))
    longest = UploadGrant(bucket="b", created_by="u", original_filename="n" * (1518 - rest))
    assert len(GRANT_FIELD) + len(longest.encode()) == MAX_GRANT_BYTES - 1
    with pytest.raises(InvalidError) as refusal:
        replace(longest, created_by="uu").encode(pointer="/files/0")
    [problem] = refusal.value.problems
    assert (problem.code, problem.pointer) == ("upload_grant_too_long", "/files/0")
    assert "2049 bytes of 2048" in problem.detail


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "no base64 at all!",
        "ä",
        "A",
        "AAAA",
        encoded([]),
        encoded("text"),
        encoded(7),
        encoded(None),
        encoded({}),
        encoded({"b": "x", "u": "y"}),
        encoded({"u": "y", "n": "z"}),
        encoded({"b": 1, "u": "y", "n": "z"}),
        encoded({"b": "x", "u": None, "n": "z"}),
        encoded({"b": "x", "u": "y", "n": ["z"]}),
        encoded({"b": "x", "u": "y", "n": "z", "t": 5}),
        encoded({"b": "x", "u": "y", "n": "z", "f": 5}),
        encoded({"b": "x", "u": "y", "n": "z", "f": ["a"]}),
        GRANT.encode()[:-5],
        "[" * 100,
        urlsafe_b64encode(b"[" * 100_000).decode(),
        urlsafe_b64encode(b"\xff\xfe{}").decode(),
    ],
)
def test_a_malformed_grant_is_refused(value: str | None) -> None:
    with pytest.raises(GrantError):
        UploadGrant.decode(value)


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_parser_of_grants(noise: bytes) -> None:
    with pytest.raises(GrantError):
        UploadGrant.decode(urlsafe_b64encode(noise).decode())
