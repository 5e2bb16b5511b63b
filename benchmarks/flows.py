"""Count the AWS calls, capacity and invocations of each flow, and compute its cost.

    python benchmarks/flows.py

Units are computed as in DynamoDB (`benchmarks.dynamodb_units`). Write units are also printed by
function, table and index. docs/cost.md has the assumed milliseconds and prices, and what is not
included.
"""

from __future__ import annotations

import io
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.client import BaseClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.dynamodb_units import index_entry, item_size, read_units, write_units
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
"""Operations of S3 requests that are sent without the SDK, by functions and by the client."""
WRITES = ("TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem")
"""Operations of DynamoDB that write; no flow uses another."""
S3_WRITES = ("Put", "Copy", "List", "Create", "Complete", "Upload")


@dataclass
class Bill:
    """The AWS calls of a flow."""

    stack: LocalStack
    used: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    gigabyte_seconds: float = 0.0
    invocations: Counter[str] = field(default_factory=Counter)
    writes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Write units by function, table and index; the name of the index is empty for the table."""
    function: str = ""
    """The function that runs."""
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
        elif service == "dynamodb" and operation not in WRITES:
            self.used["DynamoDB read units"] += read_units(sent, answer)

    @contextmanager
    def writing(self, operation: str, sent: Mapping[str, Any]) -> Iterator[None]:
        """Count the units of the writes that the block makes."""
        in_transaction = operation == "TransactWriteItems"
        requests = [sent]
        if in_transaction:
            requests = [request for one in sent["TransactItems"] for request in one.values()]
        items = [self._item(request) for request in requests]
        before = [self.stack.client("dynamodb").get_item(**item).get("Item", {}) for item in items]
        yield
        for item, image in zip(items, before, strict=True):
            client = self.stack.client("dynamodb")
            description = client.describe_table(TableName=item["TableName"])["Table"]
            after = client.get_item(**item).get("Item", {})
            table = item["TableName"].rpartition("-")[2]
            units = write_units(description, image, after, in_transaction=in_transaction)
            for index, count in units.items():
                self.used["DynamoDB write units"] += count
                self.writes[self.function, table, index] += count

    def _item(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the table and the key of a write."""
        table = request["TableName"]
        if "Key" in request:
            return {"TableName": table, "Key": request["Key"]}
        description = self.stack.client("dynamodb").describe_table(TableName=table)["Table"]
        names = [one["AttributeName"] for one in description["KeySchema"]]
        return {"TableName": table, "Key": {name: request["Item"][name] for name in names}}

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
        if client in own or bill.paused:
            return call(client, operation, arguments)
        service = client.meta.service_model.service_name
        is_write = service == "dynamodb" and operation in WRITES
        with bill.writing(operation, arguments) if is_write else nullcontext():
            answer = call(client, operation, arguments)
        bill.called(service, operation, arguments, answer)
        return answer

    def invoked(invoker: InProcessInvoker, function: Function, event: Any) -> Any:
        if not bill.paused:
            bill.invoked(function)
        invoked_by, bill.function = bill.function, function.logical_id
        try:
            return invoke(invoker, function, event)
        finally:
            bill.function = invoked_by

    def signed(connection: HTTPConnection, method: str, *args: Any, **sent: Any) -> Any:
        # The SDK's connections have another class, and are counted above.
        is_store = connection.port == urlsplit(stack.storage.url).port
        if type(connection) is HTTPConnection and is_store and not bill.paused:
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
        keys = {one["AttributeName"] for one in description["KeySchema"]}
        for item in client.scan(TableName=table.name)["Items"]:
            indexes = description.get("GlobalSecondaryIndexes", ())
            entries = [item, *(index_entry(one, keys, item) for one in indexes)]
            total += sum(item_size(entry) + 100 for entry in entries if entry)
    return total


def main() -> int:
    """Print what each flow uses, and the cost of a million runs."""
    with LocalStack(parameters={"LogLevel": "ERROR"}) as stack:
        for name, flow in FLOWS.items():
            # The first run creates the clients. Functions write their metrics to the output.
            with redirect_stdout(io.StringIO()), billed(stack) as warming:
                flow(stack, warming)
            before = kept(stack)
            with redirect_stdout(io.StringIO()), billed(stack) as bill:
                flow(stack, bill)
            more = kept(stack) - before
            sys.stdout.write(f"\n{name}\n")
            for what, count in sorted(bill.used.items()):
                dollars = f"{PER_MILLION[what] * count:8.2f} $ a million"
                sys.stdout.write(f"  {what:24}{count:>6g}{dollars:>24}\n")
            compute = bill.gigabyte_seconds * PER_GB_SECOND * 1_000_000
            seconds = f"{bill.gigabyte_seconds:.3f}"
            sys.stdout.write(f"  {'Lambda GB-seconds':24}{seconds:>6}{compute:12.2f} $ a million\n")
            invocations = ", ".join(f"{n} {count}" for n, count in sorted(bill.invocations.items()))
            sys.stdout.write(
                f"  {invocations}\n  {more:,} bytes of records written\n"
                f"  together {bill.dollars:.2f} $ a million\n"
            )
            for (function, table, index), count in sorted(bill.writes.items()):
                sys.stdout.write(
                    f"    {function:26}{f'{table} {index}':44}{count:>4} write units\n"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
