"""Measure exports: bytes through compute, time of small files, memory, and CPU of the zip layer.

    make bench-export                     # everything
    make bench-export ARGS="copies cpu"   # some of: copies, small, memory, cpu, deflate

The results are ratios from one interleaved run, because absolute times mean nothing on a busy
machine. `copies` and `memory` use a fake store (`tests/fakes`), because the data would not fit on
the disk. `small` uses the real adapter and a loopback server that delays each response by 20 ms.
"""

from __future__ import annotations

import gc
import http.server
import io
import os
import resource
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "layers/coffer/python")]

from tests.environment import REQUIRED  # noqa: E402 - adapters read their settings when they are imported

os.environ.update(REQUIRED | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})

from coffer.adapters.compression import FastCompression  # noqa: E402 - as above
from coffer.adapters.s3.archives import MAX_PARALLEL_READS, S3Archives  # noqa: E402 - as above
from coffer.adapters.s3.read_ahead import ReadAhead  # noqa: E402 - as above
from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer  # noqa: E402 - as above
from coffer.adapters.system_clock import SystemClock  # noqa: E402 - as above
from coffer.domain.export.layout import ArchiveMember, plan_layout  # noqa: E402 - as above
from coffer.domain.export.multipart_writer import PartBuffer, StreamPosition  # noqa: E402 - as above
from coffer.domain.export.ports import ObjectRange  # noqa: E402 - as above
from coffer.domain.export.stream_members import PartFiller  # noqa: E402 - as above
from coffer.domain.export.zip_format import WrittenMember, central_header, end_of_directory  # noqa: E402 - as above
from tests.export.scenario import ExportScenario, File  # noqa: E402 - as above
from tests.fakes.bodies import GeneratedBody  # noqa: E402 - as above

MB = 1_000_000
KB50 = 50_000


def copies() -> None:
    """Measure bytes through compute, and requests, for members that the store copies."""
    print("copied members               bytes fetched   bytes sent   of all bytes   requests")
    for number, size in (
        (20, 200 * MB),
        (400, 8 * MB),
        (200, 20 * MB),
        (4000, 20 * MB),
        (2, 6000 * MB),
    ):
        scenario = ExportScenario([File.generated(f"{n}.dat", size, n % 50) for n in range(number)])
        before = scenario.archives.calls
        assert scenario.build().value == "finished"
        archives = scenario.archives
        share = max(archives.fetched, archives.sent) / (number * size)
        print(
            f"{number:5} x {size // MB:5} MB {archives.fetched / MB:20.2f} MB "
            f"{archives.sent / MB:9.2f} MB {share:13.2%} {archives.calls - before:10}"
        )


def small() -> None:
    """Compare reading 5,000 files of 50 KB with 16 concurrent calls of 20 ms and one at a time."""
    with _slow_store() as url:
        ahead, total = _read(url, 5000, MAX_PARALLEL_READS)
        one, sample = _read(url, 250, 1)
    each = one / sample
    rate = total / ahead
    print(
        f"5,000 x 50 KB at 20 ms: {MAX_PARALLEL_READS} readers {ahead:.1f} s ({rate:.0f} a second)"
    )
    print(f"one after the other, from {sample}: {each * total:.1f} s")
    print(f"ratio {each * total / ahead:.1f} x (goal: 10 x)")


def _read(url: str, number: int, threads: int) -> tuple[float, int]:
    signer = Signer(Credentials("test", "test"), "ca-central-1")
    archives = S3Archives(signer, Endpoint(url), "bucket", SystemClock())
    ranges = [ObjectRange(f"objects/{n}", 0, KB50, KB50, None) for n in range(number)]
    fetch = archives._fetch_exactly
    started = time.perf_counter()
    with ReadAhead(ranges, fetch, capacity=8 * 1024**2, threads=threads) as reader:
        for wanted in ranges:
            assert len(reader.take(wanted)) == KB50
            reader.release()
    return time.perf_counter() - started, number


@contextmanager
def _slow_store() -> Iterator[str]:
    body = bytes(KB50)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            time.sleep(0.02)
            self.send_response(206)
            self.send_header("Content-Length", str(KB50))
            self.send_header("Content-Range", f"bytes 0-{KB50 - 1}/{KB50}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def memory() -> None:
    """Measure the growth of peak memory for archives whose members are all streamed."""
    kinds = ((100 * MB, "image/jpeg"), (10_000 * MB, "image/jpeg"), (1000 * MB, "text/csv"))
    for total, media_type in kinds:
        arguments = [sys.executable, __file__, "--streamed", str(total), media_type]
        out = subprocess.run(arguments, check=True, capture_output=True, text=True)
        part, grown = (int(number) for number in out.stdout.split())
        print(
            f"{total // MB:6} MB of {media_type} streamed: part {part / 2**20:.0f} MiB, "
            f"memory grew by {grown / 2**20:.1f} MiB, ratio {grown / part:.2f} (goal: 2.1)"
        )


def _streamed(total: int, media_type: str) -> None:
    """Stream an archive of 4 MB members in this process, and print the memory it needed."""
    size = 4 * MB
    members = [_member(n, size, media_type) for n in range(total // size)]
    layout = plan_layout(members)
    filler = PartFiller(layout, members, {}, _no_transform, FastCompression())
    body = memoryview(GeneratedBody(1, size).read(0, size))

    def fetch(wanted: ObjectRange, view: memoryview) -> None:
        view[:] = body[wanted.start : wanted.start + wanted.length]

    with ReadAhead([], fetch, capacity=1, threads=MAX_PARALLEL_READS):
        gc.collect()
        before = _peak()
    buffer, position, parts = PartBuffer(layout.part_bytes), StreamPosition(), 0
    with ReadAhead(
        filler.ranges_from(position), fetch, capacity=layout.part_bytes, threads=MAX_PARALLEL_READS
    ) as reader:
        while not (filled := filler.fill(buffer, position, reader)).is_last:
            position, parts = filled.position, parts + 1
    print(layout.part_bytes, _peak() - before)


def _no_transform(member: ArchiveMember) -> bytes:
    raise AssertionError(member.path)


def _member(number: int, size: int, media_type: str = "image/jpeg") -> ArchiveMember:
    modified = SystemClock().now()
    return ArchiveMember(
        f"{number}.jpg", size, media_type, key=str(number), modified=modified, etag="etag"
    )


def _peak() -> int:
    """Return the peak memory of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def cpu() -> None:
    """Compare the CPU of the zip layer with zipfile for 2,000 files of 50 KB in memory."""
    body = GeneratedBody(1, KB50).read(0, KB50)
    _against_zipfile("stored", body, 2000, "image/jpeg", zipfile.ZIP_STORED)


def deflate() -> None:
    """Compare them for 100 CSV files of 1 MB, which are compressed; zipfile uses level 1."""
    rows = (
        b"%d,%d,leaf %d,2026-11-%02d\n" % (n * 7919 % 10_007, n, n % 997, n % 28) for n in count()
    )
    body = b"".join(islice(rows, MB // 22))[:MB]
    _against_zipfile("deflated", body, 100, "text/csv", zipfile.ZIP_DEFLATED)


def _against_zipfile(how: str, body: bytes, number: int, media_type: str, method: int) -> None:
    members = [_member(n, len(body), media_type) for n in range(number)]
    sizes = {}

    def ours() -> None:
        layout = plan_layout(members)
        filler = PartFiller(layout, members, {}, _no_transform, FastCompression())
        buffer, position = PartBuffer(layout.part_bytes), StreamPosition()
        written: list[WrittenMember] = []
        while True:
            filled = filler.fill(buffer, position, _InMemory(body))
            written += filled.written
            position = filled.position
            if filled.is_last:
                break
        directory = b"".join(central_header(members[w.entry].info, w) for w in written)
        end_of_directory(len(written), position.offset, len(directory))
        sizes[ours] = position.offset

    def zipfiles() -> None:
        with zipfile.ZipFile(_Discarded(), "w", method, compresslevel=1) as archive:
            for member in members:
                archive.writestr(member.path, body)
        sizes[zipfiles] = sum(info.compress_size for info in archive.infolist())

    times: dict[Callable[[], None], list[float]] = {ours: [], zipfiles: []}
    for _ in range(7):
        for work, spent in times.items():
            started = time.process_time()
            work()
            spent.append(time.process_time() - started)
    here, there = (median(spent) * 1000 for spent in times.values())
    print(
        f"{number:,} x {len(body) // 1000} KB {how}: {here:.0f} ms, zipfile {there:.0f} ms, "
        f"ratio {here / there:.2f}; {sizes[ours] / MB:.1f} MB and {sizes[zipfiles] / MB:.1f} MB"
    )


class _InMemory:
    """Ranges in memory."""

    def __init__(self, body: bytes) -> None:
        self._view = memoryview(body)

    def take(self, wanted: ObjectRange) -> memoryview:
        return self._view[wanted.start : wanted.start + wanted.length]

    def release(self) -> None:
        return


class _Discarded(io.RawIOBase):
    """A file that discards what is written."""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        return len(memoryview(data))  # type: ignore[arg-type]  # whatever zipfile writes


MEASURED = {"copies": copies, "small": small, "memory": memory, "cpu": cpu, "deflate": deflate}


def main() -> None:
    if sys.argv[1:2] == ["--streamed"]:
        _streamed(int(sys.argv[2]), sys.argv[3])
        return
    for name in sys.argv[1:] or MEASURED:
        if name not in MEASURED:
            sys.exit(f"there is no {name}; there are {', '.join(MEASURED)}")
        MEASURED[name]()


if __name__ == "__main__":
    main()
