"""Compare the cost of a list's page in DynamoDB for a small and a large number of records.

    python benchmarks/lists.py [1000 [20000]]

It counts calls, scanned items and response bytes, and measures no times. The goal is at most 1.2
times as much with the large number.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.client import BaseClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from local.patching import Patches
from local.stack import LocalStack

if TYPE_CHECKING:
    from local.gateway.api import Response

ROOT = "/api/v1/metadata"
SMALL, LARGE = 1_000, 20_000
FEWEST = 500
MAX_TIMES = 1.2
PAGE_500 = "page 500 by cursor"
NAME = "specimen-000421.wav"
QUERIES: Mapping[str, str] = {
    "first page, of everything": "",
    "first page, of a bucket": "filter[bucket]=seeded",
    "first page, by name backwards": "filter[bucket]=seeded&sort=-originalFilename",
    PAGE_500: "page[limit]=1",
    "a page of a bucket and a type": "filter[bucket]=seeded&filter[dcType]=SOUND",
    "everybody's public records": "filter[publiclyReleasable]=true",
    "by name, in everything": f"filter[originalFilename]={NAME}",
    "by name, in a bucket": f"filter[bucket]=seeded&filter[originalFilename]={NAME}",
    "with what was made of them": "filter[bucket]=seeded&include=derivatives",
}


@dataclass
class Cost:
    """The calls, scanned items and response bytes of requests to DynamoDB."""

    calls: int = 0
    items: int = 0
    size: int = 0

    def add(self, answer: Mapping[str, Any]) -> None:
        """Count a response of DynamoDB."""
        found = answer.get("Items", [])
        batches = [one for table in answer.get("Responses", {}).values() for one in table]
        self.calls += 1
        self.items += answer.get("ScannedCount", len(batches))
        self.size += sum(len(json.dumps(item)) for item in (*found, *batches))


@contextmanager
def counted() -> Iterator[Cost]:
    """Measure the requests of the block to DynamoDB."""
    cost = Cost()
    original: Callable[..., Any] = vars(BaseClient)["_make_api_call"]

    def call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        answer = original(client, operation, arguments)
        cost.add(answer)
        return answer

    with Patches() as patches:
        patches.replace(BaseClient, "_make_api_call", call)
        yield cost


def measure(stack: LocalStack, query: str, *, page: int = 1) -> Cost:
    """Return the cost of a page; a later one is found by an offset, and requested by its cursor."""
    if page > 1:
        limit = int(query.rpartition("=")[2])
        before = _ask(stack, f"{ROOT}?{query}&page[offset]={(page - 2) * limit}").json()
        following = urlsplit(before["links"]["next"])
        target = f"{following.path}?{following.query}"
    else:
        target = f"{ROOT}?{query}"
    with counted() as cost:
        answer = _ask(stack, target)
    assert answer.json()["data"], f"{target} found nothing"
    return cost


def _ask(stack: LocalStack, target: str) -> Response:
    answer = stack.request("GET", target)
    if answer.status != 200:
        raise SystemExit(f"{target}: {answer.status} {answer.text}")
    return answer


def measure_all(stack: LocalStack) -> dict[str, Cost]:
    """Return the cost of every query."""
    return {
        name: measure(stack, query, page=500 if name == PAGE_500 else 1)
        for name, query in QUERIES.items()
    }


def main(small: int, large: int) -> int:
    """Fill a stack to both sizes and print the costs; return 1 if the goal is missed."""
    # Functions write their metrics to the output.
    with redirect_stdout(io.StringIO()), LocalStack(parameters={"LogLevel": "ERROR"}) as stack:
        from local.commands.seeding import progress_line, seed

        seed(small, progress_line(sys.stderr.write), with_objects=False)
        before = measure_all(stack)
        seed(large - small, progress_line(sys.stderr.write), first=small, with_objects=False)
        after = measure_all(stack)
    sys.stdout.write(
        f"{'':32}{'calls':>14}{'items':>14}{'bytes':>18}  at {small:,} and {large:,}\n"
    )
    missed = 0
    for name, cost in before.items():
        then = after[name]
        pairs = ((cost.calls, then.calls), (cost.items, then.items), (cost.size, then.size))
        worst = max(large / small for small, large in pairs if small)
        missed += worst > MAX_TIMES
        numbers = "".join(
            f"{f'{a:,} {b:,}':>{width}}" for (a, b), width in zip(pairs, (14, 14, 18), strict=True)
        )
        sys.stdout.write(f"{name:32}{numbers}  {worst:.2f} times\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sizes = [int(text) for text in sys.argv[1:3]]
    if any(size < FEWEST for size in sizes):
        raise SystemExit(f"Page 500 is among what is counted: give sizes of {FEWEST} or more.")
    sys.exit(main(*sizes, *(SMALL, LARGE)[len(sizes) :]))
