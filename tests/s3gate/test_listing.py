"""ListObjectsV2: order, pages, folders."""

from __future__ import annotations

from typing import Any

import pytest

from tests.s3gate.wire import Gate, send, sign

KEYS = ["a", "a/", "a/1", "a/2/x", "a/2/y", "a0", "b/1", "b/1/z", "c d+é", "é", "\U0001f600"]


@pytest.fixture
def filled(gate: Gate, bucket: str) -> str:
    for key in reversed(KEYS):
        gate.s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def walk(gate: Gate, bucket: str, size: int, **given: Any) -> list[list[str]]:
    """The names that each page shows: keys, then prefixes."""
    call: Any = gate.s3.list_objects_v2
    pages = []
    more: dict[str, str] = {}
    for _ in range(100):
        page = call(Bucket=bucket, MaxKeys=size, **given, **more)
        names = [one["Key"] for one in page.get("Contents", [])]
        names += [one["Prefix"] for one in page.get("CommonPrefixes", [])]
        assert page["KeyCount"] == len(names)
        pages.append(names)
        if not page["IsTruncated"]:
            return pages
        more = {"ContinuationToken": page["NextContinuationToken"]}
    raise AssertionError("the listing has no end")


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, KEYS),
        ({"Prefix": "a"}, KEYS[:6]),
        ({"Prefix": "a/2/"}, KEYS[3:5]),
        ({"Prefix": "none"}, []),
        ({"Delimiter": "/"}, ["a", "a/", "a0", "b/", *KEYS[8:]]),
        ({"Delimiter": "/", "Prefix": "a/"}, ["a/", "a/1", "a/2/"]),
        ({"Delimiter": "/", "Prefix": "b/1"}, ["b/1", "b/1/"]),
        ({"Delimiter": "2/"}, ["a", "a/", "a/1", "a/2/", *KEYS[5:]]),
        ({"StartAfter": "a/2/x"}, KEYS[4:]),
        ({"StartAfter": "b", "Delimiter": "/"}, ["b/", *KEYS[8:]]),
    ],
)
def test_pages_of_any_size_show_everything_once(
    gate: Gate, filled: str, size: int, given: dict[str, str], expected: list[str]
) -> None:
    pages = walk(gate, filled, size, **given)
    shown = [name for page in pages for name in page]
    assert sorted(shown) == sorted(expected)
    assert [max(page) for page in pages if page] == sorted(max(page) for page in pages if page)
    assert all(len(page) <= size for page in pages)


def test_a_listing_says_what_an_object_is(gate: Gate, filled: str) -> None:
    [first] = gate.s3.list_objects_v2(Bucket=filled, MaxKeys=1, FetchOwner=True)["Contents"]
    head = gate.s3.head_object(Bucket=filled, Key="a")
    assert first["ETag"] == head["ETag"]
    assert first["LastModified"] == head["LastModified"]
    assert (first["Size"], first["StorageClass"]) == (1, "STANDARD")
    assert first["ChecksumAlgorithm"] == ["CRC32"]
    assert first["Owner"]["ID"]


def test_no_keys_are_asked_for_and_none_shown(gate: Gate, filled: str) -> None:
    found = gate.s3.list_objects_v2(Bucket=filled, MaxKeys=0)
    assert (found["KeyCount"], found["IsTruncated"]) == (0, False)


def test_what_is_under_a_marker_is_not_listed(gate: Gate, filled: str) -> None:
    gate.s3.put_bucket_versioning(Bucket=filled, VersioningConfiguration={"Status": "Enabled"})
    gate.s3.delete_object(Bucket=filled, Key="a")
    assert walk(gate, filled, 1000) == [KEYS[1:]]


def test_the_older_listing_works_too(gate: Gate, filled: str) -> None:
    found = gate.s3.list_objects(Bucket=filled, Prefix="a/")
    assert [one["Key"] for one in found["Contents"]] == KEYS[1:5]


@pytest.mark.parametrize(
    "query", ["max-keys=many", "max-keys=-1", "continuation-token=%C3%A9", "encoding-type=zip"]
)
def test_a_parameter_that_is_none_is_refused(gate: Gate, bucket: str, query: str) -> None:
    url = f"{gate.url}/{bucket}?list-type=2&{query}"
    assert send(url, "GET", sign(url, "GET")).verdict == (400, "InvalidArgument")
