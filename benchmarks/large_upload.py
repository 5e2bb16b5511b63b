"""Upload a large file in parts on the local stack, and count requests, bytes through compute, cost.

    python benchmarks/large_upload.py [--gigabytes 6] [--hash-limit BYTES]

The client uploads as Uppy does. The file is then promoted by the real handlers, in parts of
512 MiB. With a `--hash-limit` (StreamHashLimit) below its size no function reads the file for its
SHA-1. The last table computes the requests and the cost of other sizes: the number of parts times
the requests of each kind that a part takes, and those that every upload takes. Prices are those of
`benchmarks/flows.py`. The local store needs four times the size of the file on disk.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
import zlib
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers" / "coffer" / "python"))

from benchmarks.flows import PER_GB_SECOND, PER_MILLION, Bill, billed
from benchmarks.uploads import Traffic, say
from coffer.domain.sessions.record import default_part_bytes
from coffer.domain.uploads.large_files import MAX_COPY_BYTES, PART_BYTES, part_ranges
from local.stack import LocalStack
from tests.api.clients import record
from tests.api.uppy import complete, send_part, started

GB = 10**9
SIZES_GB = (6, 50, 500)
LIMIT_BYTES = 5 * 1024**4
PIECE = bytes(range(256)) * 4096 * 6
"""More bytes than a part of a file below 62 GB has."""


def upload(stack: LocalStack, size: int) -> tuple[str, int, str]:
    """Upload a file and return its identifier, the number of its parts and its CRC-32."""
    session = started(stack, name="recording.wav", media_type="audio/wav", sizeInBytes=size)
    part_bytes, etags, crc32 = default_part_bytes(size), [], 0
    for number, start in enumerate(range(0, size, part_bytes), 1):
        body = (number.to_bytes(4) + PIECE)[: min(part_bytes, size - start)]
        crc32 = zlib.crc32(body, crc32)
        etags.append(send_part(stack, session, number, body))
    answer = complete(stack, session, etags, crc32=f"{crc32:08x}")
    while answer.status == 503:  # the local store needs longer than S3 to join the parts
        answer = complete(stack, session, etags, crc32=f"{crc32:08x}")
    if answer.status != 200:
        raise SystemExit(f"{answer.status} {answer.text}")
    return session.file, len(etags), f"{crc32:08x}"


def measure(size: int, hash_limit: int | None) -> None:
    """Upload and promote a file, and print what that took."""
    parameters = {"LogLevel": "ERROR", "MaxUploadBytes": str(LIMIT_BYTES)}
    if hash_limit is not None:
        parameters["StreamHashLimit"] = str(hash_limit)
    traffic = Traffic()
    traffic.watch()
    with LocalStack(parameters=parameters) as stack:
        traffic.store = str(stack.storage.url).partition("://")[2]
        with redirect_stdout(io.StringIO()), billed(stack) as bill:
            begun = time.monotonic()
            file, parts, crc32 = upload(stack, size)
            sent = time.monotonic()
            traffic.restart()
            stack.settle(retries=True)
            promoted = time.monotonic()
            attributes = record(stack, file)
        copies = len(part_ranges(size)) if size > MAX_COPY_BYTES else 1
        say(f"\n{size:,} bytes in {parts:,} parts: {attributes['uploadStatus']}")
        say(f"  sizeInBytes {attributes['sizeInBytes']:,}, crc32 {attributes['crc32']}", end(crc32))
        say(f"  sha1Hex {attributes['sha1Hex']}, hashStatus {attributes['hashStatus']}")
        say(f"  copied in {copies} parts of at most {PART_BYTES:,} bytes")
        say(f"  read by functions: {traffic.bytes_got:,} bytes in {traffic.gets} requests")
        say(
            f"  {sent - begun:.0f} s to upload, {promoted - sent:.0f} s to promote, on this machine"
        )
        show(bill)


def end(crc32: str) -> str:
    """Return the checksum that the client computed."""
    return f"(the client's: {crc32})"


def show(bill: Bill) -> None:
    """Print the requests that were counted, without those of the client to the API."""
    counted = ", ".join(f"{name} {count:g}" for name, count in sorted(bill.used.items()))
    say(f"  counted: {counted}")
    runs = ", ".join(f"{name} {count}" for name, count in sorted(bill.invocations.items()))
    say(f"  invocations: {runs}")


def requests_of(size: int) -> Mapping[str, float]:
    """Return the requests of one upload of this size, from its start to its promotion."""
    parts = -(-size // default_part_bytes(size))
    copies = len(part_ranges(size))
    pages = -(-parts // 1000)
    return {
        # Start, a URL for each part, complete; the record is read once.
        "HTTP API requests": parts + 3,
        "Lambda invocations": parts + 3 + 3,
        # The session with its parts is written twice at the end, about 18 bytes a part.
        "DynamoDB write units": 3 + 2 * -(-parts * 18 // 1024) + 15,
        "DynamoDB read units": parts + 4,
        # Start, parts, lists of parts, joining; the same for the copy.
        "S3 writes and lists": (1 + parts + pages + 1) + (1 + copies + 2 + 1),
        "S3 reads": 8,
        "SQS requests": 8,
        "events": 3,
    }


def dollars_of(requests: Mapping[str, float]) -> float:
    """Return the cost of the requests, and of 6 ms in 256 MB for each invocation."""
    listed = sum(PER_MILLION[name] * count for name, count in requests.items()) / 1_000_000
    return listed + requests["Lambda invocations"] * 0.006 * 0.25 * PER_GB_SECOND


def compute() -> None:
    """Print the requests and the cost of uploads of several sizes."""
    names = [name for name in PER_MILLION if name in requests_of(GB)]
    say("\n{:>8}".format("GB") + "".join(f"{name:>24}" for name in [*names, "dollars"]))
    for size in SIZES_GB:
        requests: Mapping[str, Any] = requests_of(size * GB)
        counts = "".join(f"{requests[name]:>24,}" for name in names)
        say(f"{size:>8}{counts}{dollars_of(requests):>24.4f}")


def main() -> None:
    """Measure one upload and print the computed ones."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--gigabytes", type=float, default=6)
    parser.add_argument("--hash-limit", type=int)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory():
        measure(int(arguments.gigabytes * GB), arguments.hash_limit)
    compute()


if __name__ == "__main__":
    main()
