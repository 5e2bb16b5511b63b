"""Listings of objects, versions and uploads: order, pages, common prefixes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from tests.local.s3.wire import Gate, send, sign

KEYS = ["a", "a/", "a/1", "a/2/x", "a/2/y", "a0", "b/1", "b/1/z", "c d+é", "é", "\U0001f600"]


@pytest.fixture
def filled(gate: Gate, bucket: str) -> str:
    for key in reversed(KEYS):
        gate.s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def walk(gate: Gate, bucket: str, size: int, **given: Any) -> list[list[str]]:
    """Return the names on each page: keys, then prefixes."""
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
def test_pages_of_any_size_list_everything_once(
    gate: Gate, filled: str, size: int, given: dict[str, str], expected: list[str]
) -> None:
    pages = walk(gate, filled, size, **given)
    shown = [name for page in pages for name in page]
    assert sorted(shown) == sorted(expected)
    assert [max(page) for page in pages if page] == sorted(max(page) for page in pages if page)
    assert all(len(page) <= size for page in pages)


def test_a_listing_describes_each_object(gate: Gate, filled: str) -> None:
    [first] = gate.s3.list_objects_v2(Bucket=filled, MaxKeys=1, FetchOwner=True)["Contents"]
    head = gate.s3.head_object(Bucket=filled, Key="a")
    assert first["ETag"] == head["ETag"]
    assert first["LastModified"] == head["LastModified"]
    assert (first["Size"], first["StorageClass"]) == (1, "STANDARD")
    assert first["ChecksumAlgorithm"] == ["CRC32"]
    assert first["Owner"]["ID"]


def test_a_page_can_have_no_keys(gate: Gate, filled: str) -> None:
    found = gate.s3.list_objects_v2(Bucket=filled, MaxKeys=0)
    assert (found["KeyCount"], found["IsTruncated"]) == (0, False)


def test_objects_hidden_by_a_marker_are_not_listed(gate: Gate, filled: str) -> None:
    gate.s3.put_bucket_versioning(Bucket=filled, VersioningConfiguration={"Status": "Enabled"})
    gate.s3.delete_object(Bucket=filled, Key="a")
    assert walk(gate, filled, 1000) == [KEYS[1:]]


def walk_older(gate: Gate, bucket: str, size: int, **given: Any) -> list[list[str]]:
    """Return the same by ListObjects, whose clients continue at NextMarker or the last key."""
    call: Any = gate.s3.list_objects
    pages = []
    marker: dict[str, str] = {}
    for _ in range(100):
        page = call(Bucket=bucket, MaxKeys=size, **given, **marker)
        keys = [one["Key"] for one in page.get("Contents", [])]
        pages.append(keys + [one["Prefix"] for one in page.get("CommonPrefixes", [])])
        assert ("NextMarker" in page) == (page["IsTruncated"] and "Delimiter" in given)
        if not page["IsTruncated"]:
            return pages
        last = page.get("NextMarker") or keys[-1]
        marker = {"Marker": unquote(last) if "EncodingType" in given else last}
    raise AssertionError("the listing has no end")


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, KEYS),
        ({"Prefix": "a/2/"}, KEYS[3:5]),
        ({"Delimiter": "/"}, ["a", "a/", "a0", "b/", *KEYS[8:]]),
        ({"Delimiter": "/", "Prefix": "a/"}, ["a/", "a/1", "a/2/"]),
        ({"Delimiter": "2/"}, ["a", "a/", "a/1", "a/2/", *KEYS[5:]]),
        ({"EncodingType": "url"}, KEYS),
    ],
)
def test_pages_of_the_older_listing_list_everything_once(
    gate: Gate, filled: str, size: int, given: dict[str, str], expected: list[str]
) -> None:
    pages = walk_older(gate, filled, size, **given)
    shown = [unquote(name) if "EncodingType" in given else name for page in pages for name in page]
    assert sorted(shown) == sorted(expected)
    assert all(len(page) <= size for page in pages)


def test_the_older_listing_names_the_owner_and_repeats_the_marker(gate: Gate, filled: str) -> None:
    found = gate.s3.list_objects(Bucket=filled, Marker="a/2/x", MaxKeys=1)
    assert (found["Marker"], found["IsTruncated"]) == ("a/2/x", True)
    assert found["Contents"][0]["Owner"]["ID"]


def begun(gate: Gate, bucket: str, *keys: str) -> list[tuple[str, str]]:
    """Create uploads, one second of the gate's clock apart; return their keys and ids."""
    uploads = []
    for key in keys:
        gate.clock.offset += timedelta(seconds=1)
        upload = gate.s3.create_multipart_upload(Bucket=bucket, Key=key)
        uploads.append((key, upload["UploadId"]))
    return uploads


def test_an_upload_is_listed_with_its_start_time(gate: Gate, bucket: str) -> None:
    gate.clock.offset += timedelta(days=3)
    [(key, upload_id)] = begun(gate, bucket, "ü/é")
    gate.clock.offset += timedelta(hours=1)
    [found] = gate.s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert (found["Key"], found["UploadId"]) == (key, upload_id)
    age = gate.clock.now() - found["Initiated"]
    assert timedelta(minutes=59) < age < timedelta(minutes=61)


def walk_uploads(gate: Gate, bucket: str, size: int, **given: Any) -> list[tuple[str, str]]:
    call: Any = gate.s3.list_multipart_uploads
    shown: list[tuple[str, str]] = []
    more: dict[str, str] = {}
    for _ in range(100):
        page = call(Bucket=bucket, MaxUploads=size, **given, **more)
        one_page = [(one["Key"], one["UploadId"]) for one in page.get("Uploads", [])]
        one_page += [(one["Prefix"], "") for one in page.get("CommonPrefixes", [])]
        assert len(one_page) <= size
        shown += one_page
        if not page["IsTruncated"]:
            return shown
        more = {
            "KeyMarker": page["NextKeyMarker"],
            "UploadIdMarker": page.get("NextUploadIdMarker", ""),
        }
    raise AssertionError("the listing has no end")


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_pages_of_uploads_come_by_key_and_then_by_age(gate: Gate, bucket: str, size: int) -> None:
    uploads = begun(gate, bucket, "b/1", "a", "a", "b/2", "a", "c")
    expected = sorted(uploads, key=lambda one: one[0])
    assert walk_uploads(gate, bucket, size) == expected
    assert walk_uploads(gate, bucket, size, Prefix="b/") == expected[3:5]
    rolled = [*expected[:3], ("b/", ""), expected[5]]
    assert sorted(walk_uploads(gate, bucket, size, Delimiter="/")) == sorted(rolled)


def test_an_upload_that_ended_is_not_listed(gate: Gate, bucket: str) -> None:
    [(key, upload_id)] = begun(gate, bucket, "a")
    gate.s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
    assert walk_uploads(gate, bucket, 1000) == []


@pytest.mark.parametrize(
    "query", ["max-keys=many", "max-keys=-1", "continuation-token=%C3%A9", "encoding-type=zip"]
)
def test_an_invalid_parameter_is_refused(gate: Gate, bucket: str, query: str) -> None:
    url = f"{gate.url}/{bucket}?list-type=2&{query}"
    assert send(url, "GET", sign(url, "GET")).verdict == (400, "InvalidArgument")


@pytest.mark.parametrize("query", ["max-keys=many", "encoding-type=zip"])
def test_the_older_listing_refuses_them_too(gate: Gate, bucket: str, query: str) -> None:
    url = f"{gate.url}/{bucket}?{query}"
    assert send(url, "GET", sign(url, "GET")).verdict == (400, "InvalidArgument")


@pytest.mark.parametrize("query", ["max-uploads=many", "encoding-type=zip"])
def test_the_listing_of_uploads_refuses_them_too(gate: Gate, bucket: str, query: str) -> None:
    url = f"{gate.url}/{bucket}?uploads&{query}"
    assert send(url, "GET", sign(url, "GET")).verdict == (400, "InvalidArgument")


@pytest.mark.parametrize("query", ["metrics", "analytics", "requestPayment", "intelligent-tiering"])
def test_an_unsupported_subresource_is_refused_and_not_listed(
    gate: Gate, bucket: str, query: str
) -> None:
    url = f"{gate.url}/{bucket}?{query}"
    assert send(url, "GET", sign(url, "GET")).verdict == (501, "NotImplemented")


@pytest.fixture
def versions(gate: Gate, bucket: str) -> list[tuple[str, str]]:
    """Create two versions of each key, one of them a delete marker; return them as listed."""
    gate.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    kept = []
    for key in ("a\x01b", "a/1", "b"):
        older = gate.s3.put_object(Bucket=bucket, Key=key, Body=b"1")
        newer = gate.s3.put_object(Bucket=bucket, Key=key, Body=b"22")
        kept += [(key, newer["VersionId"]), (key, older["VersionId"])]
    marker = gate.s3.delete_object(Bucket=bucket, Key="b")
    return [*kept[:4], ("b", marker["VersionId"]), *kept[4:]]


def listed_versions(page: Any) -> list[tuple[str, str]]:
    return [
        (unquote(one["Key"]), one["VersionId"])
        for kind in ("Versions", "DeleteMarkers")
        for one in page.get(kind, [])
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("encoding", [{}, {"EncodingType": "url"}])
def test_versions_are_sorted_by_key_and_newest_first(
    gate: Gate, bucket: str, versions: list[tuple[str, str]], size: int, encoding: dict[str, Any]
) -> None:
    call: Any = gate.s3.list_object_versions
    found: list[tuple[str, str]] = []
    more: dict[str, str] = {}
    while True:
        page = call(Bucket=bucket, MaxKeys=size, **encoding, **more)
        shown = listed_versions(page)
        assert sorted(shown) == sorted(versions[len(found) : len(found) + len(shown)])
        found += shown
        if not page["IsTruncated"]:
            break
        more = {
            "KeyMarker": unquote(page["NextKeyMarker"]),
            "VersionIdMarker": page["NextVersionIdMarker"],
        }
    assert len(found) == len(versions)


def test_one_version_of_a_key_is_the_latest(
    gate: Gate, bucket: str, versions: list[tuple[str, str]]
) -> None:
    page = gate.s3.list_object_versions(Bucket=bucket)
    everything: list[Any] = [*page["Versions"], *page["DeleteMarkers"]]
    latest = {(one["Key"], one["VersionId"]) for one in everything if one["IsLatest"]}
    assert latest == {versions[0], versions[2], versions[4]}
    assert {one["Size"] for one in page["Versions"]} == {1, 2}


def test_versions_are_grouped_by_common_prefix(
    gate: Gate, bucket: str, versions: list[tuple[str, str]]
) -> None:
    page = gate.s3.list_object_versions(Bucket=bucket, Delimiter="/", MaxKeys=3)
    assert listed_versions(page) == versions[:2]
    assert [one["Prefix"] for one in page["CommonPrefixes"]] == ["a/"]
    rest = gate.s3.list_object_versions(Bucket=bucket, Delimiter="/", KeyMarker="a/")
    assert sorted(listed_versions(rest)) == sorted(versions[4:])
    assert "CommonPrefixes" not in rest


def test_without_versioning_there_is_one_version_which_is_null(gate: Gate, filled: str) -> None:
    page = gate.s3.list_object_versions(Bucket=filled, Prefix="a/")
    assert [(one["Key"], one["VersionId"]) for one in page["Versions"]] == [
        (key, "null") for key in KEYS[1:5]
    ]
