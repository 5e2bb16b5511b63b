"""Compare the cost of removing 50 orphans with a small and a large number of other records.

    python benchmarks/sweep.py [1000 [100000]]

It counts calls of DynamoDB and S3, scanned items and response bytes, and measures no times. The
goal is at most 1.2 times as much with the large number.
"""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from botocore.client import BaseClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from local.patching import Patches
from local.stack import LocalStack

SMALL, LARGE = 1_000, 100_000
ORPHANS = 50
MAX_TIMES = 1.2
AGE = timedelta(days=21)
AT_ONCE = 500


@dataclass
class Cost:
    """The calls, scanned items and response bytes of a sweep."""

    calls: Counter[str] = field(default_factory=Counter)
    items: int = 0
    size: int = 0

    def add(self, service: str, operation: str, answer: Mapping[str, Any]) -> None:
        """Count a response of AWS."""
        self.calls[f"{service} {operation}"] += 1
        found = answer.get("Items", [])
        if service == "dynamodb":
            self.items += answer.get("ScannedCount", int("Item" in answer))
            self.size += sum(len(json.dumps(one)) for one in (*found, answer.get("Item", {})))


@contextmanager
def counted() -> Iterator[Cost]:
    """Measure the AWS calls of the block."""
    cost = Cost()
    original: Callable[..., Any] = vars(BaseClient)["_make_api_call"]

    def call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        answer = original(client, operation, arguments)
        cost.add(client.meta.service_model.service_name, operation, answer)
        return answer

    with Patches() as patches:
        patches.replace(BaseClient, "_make_api_call", call)
        yield cost


def fill(first: int, until: int) -> None:
    """Write claimed uploads with these numbers, which a sweep must not read."""
    # coffer may only be imported after the stack has started.
    from coffer.adapters.dynamodb.uploads.items import UploadItem
    from local.commands.seeding import described_file

    for start in range(first, until, AT_ONCE):
        with UploadItem.batch_write() as uploads:
            for number in range(start, min(start + AT_ONCE, until)):
                uploads.save(UploadItem.of(described_file(number)[0]))
        sys.stderr.write(f"\r{min(start + AT_ONCE, until):,} of {until:,} uploads")
    sys.stderr.write("\n")


def abandon(stack: LocalStack) -> None:
    """Upload files without metadata through the API, and move the clock until they are orphans."""
    boundary = "benchmark"
    for number in range(ORPHANS):
        disposition = f'form-data; name="file"; filename="orphan-{number}.txt"'
        form = (
            f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n"
            f"orphan {number}\r\n--{boundary}--\r\n"
        )
        answer = stack.request(
            "POST",
            "/api/v1/file/seeded",
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
            body=form,
        )
        if answer.status != 200:
            raise SystemExit(f"an upload was refused: {answer.status} {answer.text}")
    stack.clock.advance(AGE)


def sweep(stack: LocalStack) -> Cost:
    """Return the cost of a sweep that removes all orphans."""
    abandon(stack)
    with counted() as cost:
        outcome = stack.invoke("RemoveOrphansFunction", {})
    if outcome.failed or outcome.payload.get("removed") != ORPHANS:
        raise SystemExit(f"not {ORPHANS} orphans were removed: {outcome}")
    return cost


def main(small: int, large: int) -> int:
    """Fill a stack to both sizes and print the costs; return 1 if the goal is missed."""
    # Functions write their metrics to the output.
    with redirect_stdout(io.StringIO()), LocalStack(parameters={"LogLevel": "ERROR"}) as stack:
        fill(0, small)
        before = sweep(stack)
        fill(small, large)
        after = sweep(stack)
    rows = [(name, before.calls[name], after.calls[name]) for name in sorted(before.calls)]
    rows += [("items read", before.items, after.items), ("bytes read", before.size, after.size)]
    sys.stdout.write(f"{ORPHANS} orphans among {small:,} and among {large:,} uploads\n")
    for name, first, second in rows:
        sys.stdout.write(f"{name:32}{first:>10,}{second:>10,}  {second / first:.2f} times\n")
    return int(any(second > MAX_TIMES * first for _, first, second in rows))


if __name__ == "__main__":
    sizes = [int(text) for text in sys.argv[1:3]]
    sys.exit(main(*sizes, *(SMALL, LARGE)[len(sizes) :]))
