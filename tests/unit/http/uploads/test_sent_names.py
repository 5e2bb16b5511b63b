"""File names of form parts are read as the clients in use write them."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.http.uploads.sent_names import sent_name


def name_of(parameters: str, filename: str | None = None) -> str | None:
    return sent_name(f'form-data; name="file"; {parameters}', filename)


@pytest.mark.parametrize(
    "parameters",
    [
        "filename*=UTF-8''H%C3%AAtre%20%C3%A0%20Qu%C3%A9bec.jpg",
        "filename*=utf-8'fr'H%c3%aatre%20%c3%a0%20Qu%c3%a9bec.jpg",
        "filename*=\"UTF-8''H%C3%AAtre%20%C3%A0%20Qu%C3%A9bec.jpg\"",
        "filename*=iso-8859-1''H%EAtre%20%E0%20Qu%E9bec.jpg",
        "FILENAME*=UTF-8''H%C3%AAtre%20%C3%A0%20Qu%C3%A9bec.jpg",
    ],
)
def test_the_extended_name_is_read_alone_and_beside_the_plain_one(parameters: str) -> None:
    assert name_of(parameters) == "Hêtre à Québec.jpg"
    assert name_of(f'filename="H_tre.jpg"; {parameters}', "H_tre.jpg") == "Hêtre à Québec.jpg"
    assert name_of(f'{parameters}; filename="H_tre.jpg"', "H_tre.jpg") == "Hêtre à Québec.jpg"


@pytest.mark.parametrize(
    "parameters",
    [
        "filename*=x.jpg",
        "filename*=UTF-8''%C3%28.jpg",
        "filename*=UTF-8''%zz.jpg",
        "filename*=UTF-8''x%2",
        "filename*=utf-7''x.jpg",
        "filename*=UTF-8''",
        "filename*=",
        "other=\"; filename*=UTF-8''y.jpg\"",
    ],
)
def test_a_malformed_extended_name_is_ignored(parameters: str) -> None:
    assert name_of(f'filename="plain.jpg"; {parameters}', "plain.jpg") == "plain.jpg"
    assert name_of(parameters) is None


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("=?utf-8?B?SMOqdHJlLmpwZw==?=", "Hêtre.jpg"),
        ("=?UTF-8?b?SMOqdHJlLmpwZw==?=", "Hêtre.jpg"),
        ("=?utf-8?Q?H=C3=AAtre_1.jpg?=", "Hêtre 1.jpg"),
        ("=?iso-8859-1?Q?H=EAtre.jpg?=", "Hêtre.jpg"),
        ("=?utf-8?B?SMOqdA==?= =?utf-8?B?cmUuanBn?=", "Hêtre.jpg"),
        ("b%C3%A4r.txt", "bär.txt"),
        ("%E6%A0%87%E6%9C%AC%201.tif", "标本 1.tif"),
    ],
)
def test_encoded_names_are_decoded(sent: str, name: str) -> None:
    assert name_of("x", sent) == name


@pytest.mark.parametrize(
    "name",
    [
        "100%25.txt",
        "100%.txt",
        "my%20file.txt",
        "%41.txt",
        "bär%C3%A4r.txt",
        "50%C3.txt",
        "100%_b%C3%A4r.txt",
        "=?utf-8?B?SMOqdHJl?=.jpg",
        "=?utf-8?B?***?=",
        "=?utf-8?X?abc?=",
        "=?unknown?B?YWJj?=",
        "=?utf-8?B?/////w==?=",
        "a=?b?c?d?=",
        "plain.txt",
        "Hêtre.jpg",
    ],
)
def test_a_name_that_may_mean_itself_stays(name: str) -> None:
    assert name_of("x", name) == name


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_extended_name_comes_back(name: str) -> None:
    assert name_of(f"filename*=UTF-8''{quote(name, safe='')}", "other") == name


@given(st.text(), st.text())
def test_no_header_raises(disposition: str, filename: str) -> None:
    sent_name(disposition, filename)
