"""Uppy's unmodified versions upload small and large files, with a token and with a grant."""

from __future__ import annotations

import hashlib

import pytest

from tests.e2e.stacks import ROOT
from tests.uppy.bundles import VERSIONS, Pages, installed_version
from tests.uppy.conftest import WAYS, OpenUppy, SampleFile
from tests.uppy.owner import BUCKET, Owner

ONE_WAY = ["4-token", "5-token", "6-grant"]
"""Each version once."""
NAMES = {
    "Käfer 日本 🪲.txt": "Käfer 日本 🪲.txt",
    "cafe\u0301.txt": "café.txt",
    'quo"te\'s; filename="x.txt': "quo_te's; filename=_x.txt",
    "cr\r\nX-Injected: yes.txt": "cr__X-Injected_ yes.txt",
    "left\u202eright.txt": "left_right.txt",
    "${filename}.txt": "${filename}.txt",
    "a%2Fb+c &=?#.txt": "a%2Fb+c &=_#.txt",
    "../../up.txt": "up.txt",
    "<b>markup.txt": "_b_markup.txt",
}
"""Names that a browser can send, and the names of their records."""


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def assert_stored(owner: Owner, identifier: str, **expected: object) -> None:
    """Assert that the record has these attributes, and the file these bytes."""
    digest = expected.pop("sha256")
    record = owner.record(identifier)
    shown = {name: record[name] for name in expected}
    assert shown == expected
    assert (record["uploadStatus"], record["bucket"], record["createdBy"]) == (
        "AVAILABLE",
        BUCKET,
        owner.name,
    )
    assert owner.sha256(identifier) == digest


def test_the_versions_are_the_documented_ones(pages: Pages) -> None:
    documented = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    for package in ("core", "aws-s3"):
        versions = [installed_version(package, version) for version in VERSIONS]
        assert [one.partition(".")[0] for one in versions] == list(VERSIONS)
        assert f"`@uppy/{package}` {', '.join(versions)}" in documented


@pytest.mark.parametrize("way", WAYS)
def test_a_small_file_is_posted_as_a_form(way: str, open_uppy: OpenUppy, owner: Owner) -> None:
    uppy = open_uppy(way).start()
    uppy.add_text("notes.txt", "in the field", path="trip/day 1/notes.txt")

    uploaded = uppy.upload()

    assert uppy.calls("POST", "/multipart") == []
    assert len(uppy.calls("GET", "/s3/params")) == 1
    assert_stored(
        owner,
        uploaded["notes.txt"],
        originalFilename="notes.txt",
        receivedMediaType="text/plain",
        relativePath="trip/day 1/notes.txt",
        sizeInBytes=12,
        sha256=sha256_of("in the field"),
    )


@pytest.mark.parametrize("way", ONE_WAY)
def test_a_file_of_120_mb_is_uploaded_in_parts(
    way: str, open_uppy: OpenUppy, owner: Owner, large_file: SampleFile
) -> None:
    uppy = open_uppy(way).start()
    uppy.choose(large_file.path)

    uploaded = uppy.upload()

    parts = -(-large_file.size // (5 * 1024**2))
    assert sorted(uppy.parts()) == list(range(1, parts + 1))
    assert_stored(
        owner,
        uploaded[large_file.name],
        originalFilename=large_file.name,
        receivedMediaType="audio/wav",
        sizeInBytes=large_file.size,
        sha256=large_file.sha256,
    )
    assert owner.stored_parts(uploaded[large_file.name]) is None


@pytest.mark.parametrize("announced", [True, False], ids=["size announced", "size unknown"])
@pytest.mark.parametrize("way", WAYS)
def test_the_size_need_not_be_announced(
    way: str, announced: bool, open_uppy: OpenUppy, owner: Owner, medium_file: SampleFile
) -> None:
    uppy = open_uppy(way).start(multipart=True, announce_sizes=announced)
    uppy.choose(medium_file.path)

    uploaded = uppy.upload()

    assert sorted(uppy.parts()) == [1, 2]
    assert_stored(
        owner,
        uploaded[medium_file.name],
        sizeInBytes=medium_file.size,
        sha256=medium_file.sha256,
    )


@pytest.mark.parametrize("way", ONE_WAY)
def test_hostile_names_arrive_as_names(way: str, open_uppy: OpenUppy, owner: Owner) -> None:
    uppy = open_uppy(way).start()
    for name in NAMES:
        uppy.add_text(name, name)

    uploaded = uppy.upload(len(NAMES))

    assert sorted(uploaded) == sorted(NAMES)
    for name, identifier in uploaded.items():
        assert_stored(owner, identifier, originalFilename=NAMES[name], sha256=sha256_of(name))


@pytest.mark.parametrize("way", ONE_WAY)
def test_a_hostile_name_arrives_in_parts(way: str, open_uppy: OpenUppy, owner: Owner) -> None:
    text, name = "x" * 5_300_000, "".join(NAMES).replace("/", "")[:120] + ".txt"
    uppy = open_uppy(way).start(multipart=True)
    uppy.add_text(name, text)

    uploaded = uppy.upload()

    record = owner.record(uploaded[name])
    assert "\r" not in record["originalFilename"]
    assert "Käfer 日本 🪲" in record["originalFilename"]
    assert "${filename}" in record["originalFilename"]
    assert owner.sha256(uploaded[name]) == sha256_of(text)


@pytest.mark.parametrize("way", ONE_WAY)
def test_100_files_are_uploaded_at_once(way: str, open_uppy: OpenUppy, owner: Owner) -> None:
    uppy = open_uppy(way).start()
    texts = {f"{way} field note {number}.txt": f"{way} {number}" for number in range(100)}
    for name, text in texts.items():
        uppy.add_text(name, text)

    uploaded = uppy.upload(len(texts))

    assert set(uploaded) == set(texts)
    # Version 6 repeats no request, so the number of requests must stay below the API's limit.
    assert len(uppy.calls("GET", "/s3/params")) == len(texts)
    records = owner.records(f"{way} field note %", len(texts))
    found = {name: (one["fileIdentifier"], one["sha1Hex"]) for name, one in records.items()}
    assert found == {
        name: (uploaded[name], hashlib.sha1(text.encode()).hexdigest())
        for name, text in texts.items()
    }
    for name in list(texts)[::40]:
        assert_stored(
            owner, uploaded[name], sizeInBytes=len(texts[name]), sha256=sha256_of(texts[name])
        )


@pytest.mark.parametrize("way", ONE_WAY)
def test_the_store_compares_the_announced_sha_1_of_a_form(
    way: str, open_uppy: OpenUppy, owner: Owner
) -> None:
    uppy = open_uppy(way).start()
    right, wrong = (hashlib.sha1(text).hexdigest() for text in (b"right", b"another"))
    uppy.add_text("right.txt", "right", meta={"sha1Hex": right})
    uppy.add_text("wrong.txt", "wrong", meta={"sha1Hex": wrong})

    uppy.do("upload()")
    uppy.wait_for("complete")

    assert [event["file"] for event in uppy.events("upload-error")] == ["wrong.txt"]
    uploaded = uppy.identifiers()
    assert list(uploaded) == ["right.txt"]
    assert owner.record(uploaded["right.txt"])["sha1Hex"] == right
