"""Count the AWS calls, capacity and invocations of each flow, and compute its cost.

    python benchmarks/flows.py

Capacity is computed as in DynamoDB (Developer Guide, "DynamoDB on-demand mode"): each started
kilobyte is a unit, in the table and in every index that contains the item; transactions count
twice. docs/cost.md has the assumed milliseconds and prices, and what is not included.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from botocore.client import BaseClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from local.functions.in_process import InProcessInvoker
from local.gateway.api import Response
from local.patching import Patches
from local.resources import Function
from local.stack import LocalStack
from tests.api.clients import describe, multipart, post, presigned_post
from tests.api.images import png

PER_MILLION: Mapping[str, float] = {
    "HTTP API requests": 1.00,
    "Lambda invocations": 0.20,
    "DynamoDB write units": 0.625,
    "DynamoDB read units": 0.125,
    "S3 writes and lists": 5.00,
    "S3 reads": 0.40,
    "S3 deletes": 0.0,
    "SQS requests": 0.40,
    "events": 1.00,
}
"""List prices in US dollars, us-east-1, November 2026, to the best of our knowledge."""
PER_GB_SECOND = 0.0000133334
"""Lambda on arm64."""
WARM_MS: Mapping[str, float] = {
    "UploadFileFunction": 175,
    "OfferUploadsFunction": 6,
    "ProcessUploadFunction": 70,
    "MakeThumbnailFunction": 58,
    "DecodePictureFunction": 44,
    "CreateMetadataFunction": 125,
    "PublishChangesFunction": 63,
    "BuildExportFunction": 1500,
}
"""Milliseconds of a warm invocation, from `make test-runtime` on two busy cores: an upper bound."""
BY_METHOD: Mapping[str, str] = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}
"""Operations of S3 requests that are signed without the SDK."""
S3_WRITES = ("Put", "Copy", "List", "Create", "Complete", "Upload")


@dataclass
class Bill:
    """The AWS calls of a flow."""

    stack: LocalStack
    used: Counter[str] = field(default_factory=Counter)
    gigabyte_seconds: float = 0.0
    invocations: Counter[str] = field(default_factory=Counter)
    paused: bool = False

    @contextmanager
    def unbilled(self) -> Iterator[None]:
        """Do not count what the block does: it prepares the flow."""
        self.paused = True
        yield
        self.paused = False

    def request(self, answer: Response) -> Response:
        """Check that a response of the API is a success, and return it."""
        if answer.status >= 300:
            raise SystemExit(f"{answer.status} {answer.text}")
        self.used["HTTP API requests"] += 1
        return answer

    def invoked(self, function: Function) -> None:
        """Count an invocation."""
        self.used["Lambda invocations"] += 1
        self.invocations[function.logical_id] += 1
        seconds = WARM_MS.get(function.logical_id, 100) / 1000
        self.gigabyte_seconds += seconds * function.memory_mb / 1024

    def called(self, service: str, operation: str, sent: Mapping[str, Any], answer: Any) -> None:
        """Count an AWS call of a handler."""
        if service == "s3":
            kind = "reads"
            if operation.startswith(S3_WRITES):
                kind = "writes and lists"
            elif operation.startswith("Delete"):
                kind = "deletes"
            self.used[f"S3 {kind}"] += 1
        elif service == "sqs":
            self.used["SQS requests"] += 1
        elif service == "events":
            self.used["events"] += len(sent["Entries"])
        elif service == "dynamodb":
            self._capacity(operation, sent, answer)

    def _capacity(self, operation: str, sent: Mapping[str, Any], answer: Any) -> None:
        if operation == "TransactWriteItems":
            for step in sent["TransactItems"]:
                [(_, request)] = step.items()
                self.used["DynamoDB write units"] += 2 * self._written(request)
        elif operation in ("PutItem", "UpdateItem", "DeleteItem"):
            self.used["DynamoDB write units"] += self._written(sent)
        else:
            size = len(json.dumps(answer.get("Item", answer.get("Items", {}))))
            self.used["DynamoDB read units"] += -(-size // 4096)

    def _written(self, request: Mapping[str, Any]) -> int:
        name = request["TableName"].rpartition("/")[2]
        item = request.get("Item") or self._item(name, request["Key"])
        units = -(-len(json.dumps(item)) // 1024)
        return units * (1 + sum(keys <= item.keys() for keys in self._indexes(name)))

    def _item(self, table: str, key: Mapping[str, Any]) -> dict[str, Any]:
        client = self.stack.client("dynamodb")
        return dict(client.get_item(TableName=table, Key=key).get("Item", key))

    def _indexes(self, table: str) -> Iterator[set[str]]:
        description = self.stack.client("dynamodb").describe_table(TableName=table)["Table"]
        for index in description.get("GlobalSecondaryIndexes", ()):
            yield {one["AttributeName"] for one in index["KeySchema"]}

    @property
    def dollars(self) -> float:
        """Return the cost of a million runs."""
        used = sum(PER_MILLION[name] * count for name, count in self.used.items())
        return used + self.gigabyte_seconds * PER_GB_SECOND * 1_000_000


@contextmanager
def billed(stack: LocalStack) -> Iterator[Bill]:
    """Count the AWS calls of the block."""
    bill = Bill(stack)
    own = stack.client("dynamodb"), stack.client("s3"), stack.client("sqs")
    call: Callable[..., Any] = vars(BaseClient)["_make_api_call"]
    request: Callable[..., Any] = vars(HTTPConnection)["request"]
    invoke: Callable[..., Any] = vars(InProcessInvoker)["invoke"]

    def called(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        answer = call(client, operation, arguments)
        if client not in own and not bill.paused:
            service = client.meta.service_model.service_name
            bill.called(service, operation, arguments, answer)
        return answer

    def invoked(invoker: InProcessInvoker, function: Function, event: Any) -> Any:
        if not bill.paused:
            bill.invoked(function)
        return invoke(invoker, function, event)

    def signed(connection: HTTPConnection, method: str, *args: Any, **sent: Any) -> Any:
        # The SDK's connections have another class, and are counted above.
        if type(connection) is HTTPConnection and not bill.paused:
            bill.used[f"S3 {BY_METHOD.get(method, 'writes and lists')}"] += 1
        return request(connection, method, *args, **sent)

    with Patches() as patches:
        patches.replace(HTTPConnection, "request", signed)
        patches.replace(BaseClient, "_make_api_call", called)
        patches.replace(InProcessInvoker, "invoke", invoked)
        yield bill


def picture() -> bytes:
    """Return a PNG that is large enough for a thumbnail."""
    return png(64, 64)


def upload_directly(stack: LocalStack, bill: Bill) -> None:
    """Upload a text file through the API."""
    headers, form = multipart(b"a text", name="a.txt", media_type="text/plain")
    path = "/api/v1/file/mybucket"
    bill.request(stack.request("POST", path, headers=headers, body=form))
    stack.settle()


def upload_to_the_store(stack: LocalStack, bill: Bill) -> None:
    """Upload an image directly to S3, and create its thumbnail and metadata."""
    offered = presigned_post(stack, name="a.png", receivedMediaType="image/png")
    bill.used["HTTP API requests"] += 1
    if post(offered, picture()) != 201:
        raise SystemExit("the store refused the form")
    bill.used["S3 writes and lists"] += 1
    # S3's event, and Lambda's calls of the queues: receive and delete, or fewer in batches.
    bill.used["events"] += 1
    stack.settle()
    bill.request(describe(stack, offered["fileIdentifier"]))
    stack.settle()
    bill.used["SQS requests"] += 6


def export(stack: LocalStack, bill: Bill, members: int, size: int) -> None:
    """Request, build and download an archive of stored files."""
    files = []
    with bill.unbilled():
        for number in range(members):
            offered = presigned_post(stack, name=f"{number}.bin")
            if post(offered, number.to_bytes(1, "big") * size) != 201:
                raise SystemExit("the store refused the form")
            files.append(offered["fileIdentifier"])
        stack.settle()
    wish = {"type": "object-export", "attributes": {"fileIdentifiers": files}}
    bill.request(stack.request("POST", "/api/v1/object-export", json_body={"data": wish}))
    stack.settle()
    keys = [one["detail"]["toa"] for one in stack.bus_events if "toa" in one["detail"]]
    stack.request("GET", f"/toa/{keys[-1]}")
    bill.used["HTTP API requests"] += 1


def export_large(stack: LocalStack, bill: Bill) -> None:
    """Export members that the store copies."""
    export(stack, bill, 8, 12 * 1024**2)


def export_small(stack: LocalStack, bill: Bill) -> None:
    """Export members that pass through compute."""
    export(stack, bill, 200, 50_000)


FLOWS: Mapping[str, Callable[[LocalStack, Bill], None]] = {
    "direct upload of a text": upload_directly,
    "picture to S3, thumbnail, metadata": upload_to_the_store,
    "archive of 8 files of 12 MiB": export_large,
    "archive of 200 files of 50 KB": export_small,
}


def kept(stack: LocalStack) -> int:
    """Bytes that the records in a stack take: each with its indexes, and 100 of overhead each time
    (Developer Guide, "Storing items")."""
    client, total = stack.client("dynamodb"), 0
    for table in stack.resources.tables:
        description = client.describe_table(TableName=table.name)["Table"]
        for item in client.scan(TableName=table.name)["Items"]:
            whole = len(json.dumps(item)) + 100
            total += whole
            for index in description.get("GlobalSecondaryIndexes", ()):
                if {one["AttributeName"] for one in index["KeySchema"]} <= item.keys():
                    everything = index["Projection"]["ProjectionType"] == "ALL"
                    total += whole if everything else 300
    return total


def main() -> int:
    """Print what each flow uses, and the cost of a million runs."""
    os.environ["POWERTOOLS_METRICS_DISABLED"] = "true"
    with LocalStack(parameters={"LogLevel": "ERROR"}) as stack:
        for name, flow in FLOWS.items():
            with billed(stack) as warming:
                flow(stack, warming)
            before = kept(stack)
            with billed(stack) as bill:
                flow(stack, bill)
            more = kept(stack) - before
            sys.stdout.write(f"\n{name}\n")
            for what, count in sorted(bill.used.items()):
                dollars = f"{PER_MILLION[what] * count:8.2f} $ a million"
                sys.stdout.write(f"  {what:24}{count:>6}{dollars:>24}\n")
            compute = bill.gigabyte_seconds * PER_GB_SECOND * 1_000_000
            seconds = f"{bill.gigabyte_seconds:.3f}"
            sys.stdout.write(f"  {'Lambda GB-seconds':24}{seconds:>6}{compute:12.2f} $ a million\n")
            invocations = ", ".join(f"{n} {count}" for n, count in sorted(bill.invocations.items()))
            sys.stdout.write(
                f"  {invocations}\n  {more:,} bytes of records written\n"
                f"  together {bill.dollars:.2f} $ a million\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
