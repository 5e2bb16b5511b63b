"""Measure the bytes of an upload that pass through compute, for its hash and its type.

    python benchmarks/uploads.py [hashing] [large] [--ceph]

It uses the local stack with the real handlers. `hashing` uploads a file in every way, and shows
what computed the hash, and how many of its bytes functions received or fetched. `large` uploads a
zip of 500 MB and a workbook of 300 MB with presigned forms, and shows the cost of their detection.
Requests and bytes are counted on the handlers' connections to the store. The store without
checksums is Ceph with `--ceph` (installed as for `make test-s3`), or else the stack's own store
with copies that request none.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers" / "coffer" / "python"))

import boto3
from botocore.httpsession import URLLib3Session

from local.faults.throttling import STACK_USER_AGENT
from local.stack import LocalStack
from local.storage.external import ExternalStorage

MB = 1_000_000
DIRECT_BYTES, POSTED_BYTES = 4 * MB, 64 * MB
ZIP_BYTES, WORKBOOK_BYTES = 500 * MB, 300 * MB
CHUNK_BYTES = 1 << 20
GOAL_BYTES = 256 * 1024
"""The limit of bytes for a promoted upload of any size."""
POST_SECONDS = 300

CONTENT_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="bin" ContentType="application/octet-stream"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)


def say(*words: str) -> None:
    """Print to the terminal, not to the redirected standard output."""
    print(*words, file=sys.__stdout__, flush=True)


class Traffic:
    """Counts the traffic between handlers and the store since the last `restart`."""

    def __init__(self) -> None:
        self.store = ""
        self.copies_are_summed = True
        self.restart()

    def restart(self) -> None:
        """Set the counters to 0."""
        self.gets = self.bytes_got = 0

    def watch(self) -> None:
        """Start to count. Call it before the stack starts, which creates the handlers' clients."""
        boto3.setup_default_session()
        assert boto3.DEFAULT_SESSION is not None
        boto3.DEFAULT_SESSION.events.register("before-sign.s3.CopyObject", self._before_copy)
        send: Callable[[URLLib3Session, Any], Any] = URLLib3Session.send

        def counting(session: URLLib3Session, request: Any) -> Any:
            answer = send(session, request)
            theirs = STACK_USER_AGENT not in str(request.headers.get("User-Agent", ""))
            if theirs and request.method == "GET" and urlsplit(request.url).netloc == self.store:
                self.gets += 1
                self.bytes_got += int(answer.headers.get("Content-Length", 0))
            return answer

        setattr(URLLib3Session, "send", counting)  # noqa: B010 - this process only measures

    def _before_copy(self, request: Any, **_: object) -> None:
        if not self.copies_are_summed:
            del request.headers["x-amz-checksum-algorithm"]


@dataclass(frozen=True)
class Way:
    """A way to upload: what is declared with the file, and what the store computes on a copy."""

    title: str
    announce: Callable[[Path], Mapping[str, Any]] = lambda _file: {}
    copies_are_summed: bool = True


def _sha1(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()


def _right(file: Path) -> Mapping[str, Any]:
    return {"checksums": {"sha1Hex": _sha1(file)}}


def _wrong(_file: Path) -> Mapping[str, Any]:
    return {"checksums": {"sha1Hex": "0" * 40}}


def ways(*, ceph: bool) -> list[Way]:
    """Return the ways to upload with a presigned form."""
    if ceph:
        return [
            Way("presigned, on Ceph"),
            Way("presigned, right SHA-1, on Ceph", _right),
            Way("presigned, wrong SHA-1, on Ceph", _wrong),
        ]
    return [
        Way("presigned"),
        Way("presigned, right SHA-1", _right),
        Way("presigned, wrong SHA-1", _wrong),
        Way("presigned, store sums no copy", copies_are_summed=False),
        Way("the same, right SHA-1", _right, copies_are_summed=False),
    ]


@dataclass
class Bench:
    """A running stack, the counters, and a folder for files."""

    stack: LocalStack
    traffic: Traffic
    folder: Path

    def random_file(self, size: int) -> Path:
        """Return a file of random bytes, the same each time."""
        file = self.folder / f"random-{size}.bin"
        source = Random(size)
        with file.open("wb") as out:
            for start in range(0, size, CHUNK_BYTES):
                out.write(source.randbytes(min(CHUNK_BYTES, size - start)))
        return file

    def direct(self, file: Path) -> tuple[int, dict[str, Any]]:
        """Upload with POST /api/v1/file/{bucket}; return status and record."""
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
        body = head.encode() + b"\r\n" + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        sent = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        answer = self.stack.request("POST", "/api/v1/file/bench", headers=sent, body=body)
        return answer.status, answer.json()

    def presigned(self, file: Path, announced: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Upload with a presigned form; return status and record."""
        asked = {"files": [{"originalFilename": file.name, **announced}]}
        answer = self.stack.request("POST", "/api/v1/upload/bench", json_body=asked)
        [offered] = answer.json()["files"]
        status = post_file(offered["upload"], file)
        self.stack.settle(retries=True)
        record = self.stack.request("GET", f"/api/v1/object-upload/{offered['fileIdentifier']}")
        return status, record.json()["data"]["attributes"] if record.status == 200 else {}


def post_file(form: Mapping[str, Any], file: Path) -> int:
    """Post a form with a file from disk; return the status of the store's response."""
    boundary = uuid.uuid4().hex
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form["fields"].items()
    )
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    before, after = (fields + head).encode(), f"\r\n--{boundary}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield before
        with file.open("rb") as content:
            while chunk := content.read(CHUNK_BYTES):
                yield chunk
        yield after

    url = urlsplit(form["url"])
    connection = HTTPConnection(url.netloc, timeout=POST_SECONDS)
    try:
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(before) + file.stat().st_size + len(after)),
        }
        connection.request("POST", url.path, body(), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def bench_hashing(bench: Bench, *, ceph: bool) -> None:
    """Print which component computes the hash for each way, and its cost."""
    say("\nSHA-1 of an upload: who found it, and how many of its bytes functions handled")
    row = "{:<32}{:>12}{:>8}{:>14}{:>6}{:>13}{:>8}  {}"
    say(row.format("way", "size", "posted", "through API", "GETs", "fetched", "of it", "hashes"))
    file = bench.random_file(DIRECT_BYTES - 1024)  # the form's own bytes count, too
    bench.traffic.restart()
    status, found = bench.direct(file)
    _print_row(bench, row, "direct", file, status, file.stat().st_size, found)
    file = bench.random_file(POSTED_BYTES)
    for way in ways(ceph=ceph):
        bench.traffic.copies_are_summed = way.copies_are_summed
        bench.traffic.restart()
        status, found = bench.presigned(file, way.announce(file))
        _print_row(bench, row, way.title, file, status, 0, found)
    bench.traffic.copies_are_summed = True


def _print_row(
    bench: Bench,
    row: str,
    title: str,
    file: Path,
    status: int,
    through_api: int,
    found: Mapping[str, Any],
) -> None:
    size = file.stat().st_size
    right = found.get("sha1Hex") == _sha1(file)
    hashes = (
        f"sha1Hex {'right' if right else 'WRONG'}, crc32 {found['crc32'] or 'not asked for'}"
        if found
        else "no record"
    )
    share = (through_api + bench.traffic.bytes_got) / size
    say(
        row.format(
            title,
            size,
            status,
            through_api,
            bench.traffic.gets,
            bench.traffic.bytes_got,
            f"{share:.1%}",
            hashes,
        )
    )


def bench_large(bench: Bench) -> None:
    """Print the cost of detecting large archives."""
    say("\nlarge archives through a presigned form: what it took to look into them")
    row = "{:<32}{:>12}{:>6}{:>10}  {:<22}{}"
    say(row.format("file", "size", "GETs", "fetched", "goal", "outcome"))
    for title, make in (("zip of 40 members", _zip), ("workbook, parts list last", _workbook)):
        file = make(bench)
        bench.traffic.restart()
        status, found = bench.presigned(file, {"sizeInBytes": file.stat().st_size})
        assert status == 201, status
        reason = (found["rejectionReason"] or {}).get("code", found["detectedMediaType"])
        met = bench.traffic.gets <= 4 and bench.traffic.bytes_got <= GOAL_BYTES
        say(
            row.format(
                title,
                file.stat().st_size,
                bench.traffic.gets,
                bench.traffic.bytes_got,
                f"<= 4, <= {GOAL_BYTES}: {'met' if met else 'MISSED'}",
                f"{found['uploadStatus']}, {reason}",
            )
        )
        file.unlink()


def _zip(bench: Bench) -> Path:
    file = bench.folder / "field-season.zip"
    content = bench.random_file(ZIP_BYTES // 40)
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(40):
            archive.write(content, f"plots/plot-{number:02}.bin")
    return file


def _workbook(bench: Bench) -> Path:
    file = bench.folder / "measurements.xlsx"
    content = bench.random_file(WORKBOOK_BYTES // 10)
    with zipfile.ZipFile(file, "w") as package:
        for number in range(10):
            package.write(content, f"xl/embeddings/object{number}.bin")
        package.writestr("xl/workbook.xml", "<workbook/>", zipfile.ZIP_DEFLATED)
        package.writestr("[Content_Types].xml", CONTENT_TYPES, zipfile.ZIP_DEFLATED)
    return file


@contextmanager
def running(*, ceph: bool) -> Iterator[Bench]:
    """Run a stack with its own store or with Ceph, and count from the first request."""
    traffic = Traffic()
    traffic.watch()
    with (
        tempfile.TemporaryDirectory(prefix="coffer-bench-") as folder,
        _storage(ceph) as storage,
        LocalStack(external_storage=storage) as stack,
    ):
        traffic.store = urlsplit(stack.storage.url).netloc
        yield Bench(stack, traffic, Path(folder))


@contextmanager
def _storage(ceph: bool) -> Iterator[ExternalStorage | None]:
    if not ceph:
        yield None
        return
    from tests.ceph.cluster import Ceph

    with Ceph() as started:
        say(f"{started.version} at {started.url}")
        yield ExternalStorage(started.url, started.keys)


def main() -> None:
    """Print the tables that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="*", help="hashing, large; both without any")
    parser.add_argument("--ceph", action="store_true", help="hash on Ceph's S3")
    arguments = parser.parse_args()
    unknown = set(arguments.what) - {"hashing", "large"}
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    wanted = arguments.what or (["hashing"] if arguments.ceph else ["hashing", "large"])
    # Functions log to the standard output, which must only have the tables.
    with (
        Path(os.devnull).open("w") as logs,
        redirect_stdout(logs),
        running(ceph=arguments.ceph) as bench,
    ):
        if "hashing" in wanted:
            bench_hashing(bench, ceph=arguments.ceph)
        if "large" in wanted:
            bench_large(bench)
        if bench.stack.failures:
            problems = [outcome.summary() for _, outcome in bench.stack.failures]
            sys.exit(f"functions failed: {json.dumps(problems)}")


if __name__ == "__main__":
    main()
