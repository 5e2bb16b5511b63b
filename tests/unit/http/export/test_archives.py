"""Requests with an access key: which of them are the download, and which only ask for a part."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from coffer.domain.errors import NotFoundError, PreconditionError, UnavailableError
from coffer.domain.export.access_keys import MAX_PROBES, PresentedKey
from coffer.domain.export.record import Export, ExportStatus, new_access_key
from coffer.http.downloads.responses import MAX_BODY_BYTES
from coffer.http.errors import RangeNotSatisfiableError
from coffer.http.export.archives import MAX_PROBE_BYTES, archive_response
from coffer.http.responses import Response
from tests.fakes import FrozenClock, InMemoryDownloads, InMemoryObjects
from tests.fakes.exports import InMemoryAccessKeys, InMemoryExports
from tests.fakes.objects import etag_of
from tests.fakes.records import identifier
from tests.unit.http.events import make_request

SMALL, MEDIUM, LARGE = 1000, 300_000, MAX_BODY_BYTES + 1
SIZES = [SMALL, MEDIUM, LARGE]


@dataclass
class Archive:
    """A finished archive of some bytes, and a key that opens it."""

    size: int
    clock: FrozenClock = field(default_factory=FrozenClock)

    def __post_init__(self) -> None:
        self.body = bytes(number % 251 for number in range(self.size))
        self.exports, self.keys = InMemoryExports(), InMemoryAccessKeys()
        self.objects = InMemoryObjects(self.clock)
        now = self.clock.now()
        export = self.exports.add(
            Export(
                identifier=identifier(1),
                created_by="alice",
                created_on=now,
                status=ExportStatus.RUNNING,
                entries=1,
                bytes_total=1,
            ).finished(now, {}, 1, self.size)
        )
        self.key, access = new_access_key(export)
        self.keys.add(access)
        self.objects.replace(export.archive_key, self.body, content_type="application/zip")
        self.tag = f'"{etag_of(self.body)}"'

    def ask(self, method: str = "GET", **headers: str) -> Response:
        request = make_request(
            f"{method} /toa/{{key}}",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        key = PresentedKey(exports=self.exports, keys=self.keys, clock=self.clock, key=self.key)
        return archive_response(request, key, InMemoryDownloads(self.objects), self.clock)

    @property
    def is_spent(self) -> bool:
        return not self.keys.stored


def is_download(archive: Archive, response: Response) -> bool:
    if archive.size > MAX_BODY_BYTES:
        return response.status == 307 and "store:exports/" in response.headers["Location"]
    return response.status == 200 and response.body == archive.body


@pytest.mark.parametrize("size", SIZES)
def test_head_never_spends_the_key(size: int) -> None:
    archive = Archive(size)
    for headers in ({}, {"range": "bytes=0-"}, {"range": "bytes=0-1"}, {"range": f"bytes={size}-"}):
        for _ in range(20):
            response = archive.ask("HEAD", **headers)
            assert (response.status, response.body) == (200, "")
            assert response.headers["X-Content-Length"] == str(size)
            assert response.headers["ETag"] == archive.tag
    assert not archive.is_spent
    assert archive.keys.probes == {}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-1", 0, 1),
        ("bytes=10-19", 10, 19),
        ("bytes=-1", -1, None),
        ("bytes=-999", -999, None),
        ("bytes=1-999", 1, 999),
    ],
)
def test_a_small_range_is_returned_and_does_not_spend_the_key(
    size: int, header: str, first: int, last: int | None
) -> None:
    archive = Archive(size)
    response = archive.ask(range=header)
    assert response.status == 206
    assert response.body == archive.body[first:] if last is None else archive.body[first : last + 1]
    start = first % size
    end = size - 1 if last is None else last
    assert response.headers["Content-Range"] == f"bytes {start}-{end}/{size}"
    assert response.headers["ETag"] == archive.tag
    assert not archive.is_spent
    assert is_download(archive, archive.ask())
    assert archive.is_spent


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes=0-",
        "bytes=0-99999999",
        f"bytes=0-{'9' * 5000}",
        "bytes=-99999999",
        f"bytes=-{'9' * 5000}",
        "bytes=0-1,3-4",
        "bytes=0-0," * 500,
        "bytes=9-5",
        "bytes=a-b",
        "bytes=",
        "items=0-1",
        "bytes 0-1",
        "x" * 5000,
    ],
)
def test_everything_else_is_the_download(size: int, header: str) -> None:
    archive = Archive(size)
    assert is_download(archive, archive.ask(range=header))
    assert archive.is_spent
    with pytest.raises(NotFoundError):
        archive.ask(range="bytes=0-1")


def test_a_range_of_64_kib_is_small_and_a_larger_one_is_the_download() -> None:
    archive = Archive(MEDIUM)
    assert archive.ask(range=f"bytes=5-{MAX_PROBE_BYTES + 4}").status == 206
    assert archive.ask(range=f"bytes=-{MAX_PROBE_BYTES}").status == 206
    assert not archive.is_spent
    assert is_download(archive, archive.ask(range=f"bytes=5-{MAX_PROBE_BYTES + 5}"))
    assert archive.is_spent


@pytest.mark.parametrize("header", ["bytes=0-65535", "bytes=0-65536", "bytes=-65536", "bytes=0-"])
def test_the_whole_of_a_small_archive_is_the_download(header: str) -> None:
    archive = Archive(MAX_PROBE_BYTES)
    assert is_download(archive, archive.ask(range=header))
    assert archive.is_spent


def test_a_key_has_16_probes_and_the_next_one_is_the_download() -> None:
    archive = Archive(MEDIUM)
    for _ in range(MAX_PROBES):
        assert archive.ask(range="bytes=0-1").status == 206
    assert is_download(archive, archive.ask(range="bytes=0-1"))
    with pytest.raises(NotFoundError):
        archive.ask(range="bytes=0-1")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("header", ["bytes=-0", "bytes=99999999-", f"bytes={'9' * 5000}-"])
def test_a_range_behind_the_end_does_not_spend_the_key(size: int, header: str) -> None:
    archive = Archive(size)
    with pytest.raises(RangeNotSatisfiableError):
        archive.ask(range=header)
    assert not archive.is_spent
    assert archive.keys.probes == {}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions_are_settled_without_spending_the_key(size: int, method: str) -> None:
    """The store would settle them after the redirect, when the key is spent."""
    archive = Archive(size)
    later, earlier = "Fri, 06 Nov 2065 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"
    for headers in (
        {"if_none_match": archive.tag},
        {"if_none_match": "*"},
        {"if_modified_since": later},
        {"if_none_match": archive.tag, "range": "bytes=0-1"},
    ):
        assert archive.ask(method, **headers).status == 304
    for headers in ({"if_match": '"other"'}, {"if_unmodified_since": earlier}):
        with pytest.raises(PreconditionError):
            archive.ask(method, **headers)
    assert not archive.is_spent
    assert archive.keys.probes == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"if_none_match": '"other"'},
        {"if_match": "*"},
        {"if_modified_since": "Sun, 06 Nov 1994 08:49:37 GMT"},
        {"if_modified_since": "yesterday"},
        {"if_range": '"other"', "range": "bytes=0-1"},
        {"if_range": "yesterday", "range": "bytes=99999999-"},
    ],
)
def test_a_download_whose_conditions_hold_spends_the_key(headers: dict[str, str]) -> None:
    archive = Archive(MEDIUM)
    assert is_download(archive, archive.ask(**headers))
    assert archive.is_spent


def test_a_range_of_the_known_version_is_a_probe() -> None:
    archive = Archive(MEDIUM)
    assert archive.ask(range="bytes=0-1", if_range=archive.tag).status == 206
    assert not archive.is_spent


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=0-1"}, {"range": "bytes=999999-"}])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_expired_key_is_not_found(method: str, headers: dict[str, str]) -> None:
    archive = Archive(MEDIUM)
    archive.clock.advance(timedelta(minutes=61))
    with pytest.raises(NotFoundError):
        archive.ask(method, **headers)


def test_a_missing_archive_does_not_spend_the_key() -> None:
    archive = Archive(SMALL)
    [key] = archive.objects.keys
    archive.objects.remove(key)
    with pytest.raises(NotFoundError):
        archive.ask()
    assert not archive.is_spent


@pytest.mark.parametrize("size", SIZES)
def test_a_busy_store_does_not_spend_the_key(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> bytes:
        raise UnavailableError("store_unavailable", "The store is busy.")

    archive = Archive(size)
    with monkeypatch.context() as busy:
        busy.setattr(InMemoryDownloads, "read", refuse)
        busy.setattr(InMemoryDownloads, "presigned_url", refuse)
        with pytest.raises(UnavailableError):
            archive.ask()
    assert not archive.is_spent
    assert is_download(archive, archive.ask())
    assert archive.is_spent
