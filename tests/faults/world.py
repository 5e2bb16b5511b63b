"""People use the local stack while everything that can go wrong goes wrong, until it is quiet.

Every step may meet duplicates, reordered and late deliveries, throttling and errors of AWS, and
handlers that die before any of their calls. Whoever asks and gets no good answer asks again, as a
client does. Nothing is checked on the way: at the end, once everything was delivered and the house
was kept, what was promised has to hold.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from local.chaos import CALM
from local.gateway import Response
from local.stack import LocalStack
from operations.dead_letters import dead_letter_queues, redrive
from operations.failed_changes import redrive_stream
from operations.installation import FunctionFailedError
from tests.api import clients
from tests.api.images import jpeg, png

GROUPS = ("aafc", "bicoe")
SAMPLES = (
    png(16, 12, "firebrick"),
    png(12, 16, "seagreen"),
    jpeg(20, 20, "steelblue"),
    b"Only text, and not much of it.\n",
    b"\x7fELF\x02\x01\x01" + bytes(120),
)
"""The last is refused: a program."""
REFUSED = SAMPLES[-1]
PATIENCE = 12
LONG = timedelta(minutes=61)
"""Longer than housekeeping leaves anything to its handler."""
MOST_ROUNDS = 8


class InProcess:
    """The stack, as the operators' commands see an installation."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self.api_url = "http://nowhere"
        self.names: Mapping[str, str] = stack.resources.names
        self.client = stack.client

    def environment(self, function: str) -> Mapping[str, str]:
        return self._stack.resources.function(function).environment

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        outcome = self._stack.invoke(function, event)
        if outcome.failed:
            raise FunctionFailedError(outcome.in_one_line())
        return outcome.payload


@dataclass
class World:
    """What people did, and were told."""

    stack: LocalStack
    accepted: dict[str, bytes] = field(default_factory=dict)
    """Files that Coffer said it had (or S3 did, for its form), by their identifiers."""
    deleted: set[str] = field(default_factory=set)
    """Files that somebody asked to delete, and was told that they are gone."""
    buckets: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    """Descriptions that were made, each with its file."""
    steps: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def begin(self, seed: int) -> None:
        """An empty world whose faults follow from the seed."""
        self.stack.disturbance.run = f"world {seed}"
        self.stack.reset()

    # What people do ------------------------------------------------------------------------

    def _insist(self, ask: Callable[[], Response]) -> Response:
        """Ask until there is an answer that is no failure of the service."""
        answer = ask()
        for _ in range(PATIENCE):
            if answer.status < 500:
                break
            self.stack.clock.advance(timedelta(seconds=2))
            answer = ask()
        return answer

    def upload(self, bucket: str, body: bytes) -> None:
        """A small file through the API; without an answer, once more."""
        self.steps["upload"] += 1
        answer = self._insist(lambda: clients.upload(self.stack, body, bucket=bucket))
        if body == REFUSED:
            assert answer.status in (415, 500, 503), answer.text
        elif answer.status == 200:
            self._accept(answer.json()["fileIdentifier"], bucket, body)

    def upload_derivative(self, bucket: str, body: bytes) -> str | None:
        """A file that was made from another."""
        headers, form = clients.multipart(body)
        answer = self._insist(
            lambda: self.stack.request(
                "POST", f"/api/v1/file/{bucket}/derivative", headers=headers, body=form
            )
        )
        if answer.status != 200:
            return None
        identifier = str(answer.json()["fileIdentifier"])
        self._accept(identifier, bucket, body)
        return identifier

    def send(self, bucket: str, body: bytes, times: int) -> None:
        """A file straight to S3, with the same form more than once if the network stutters."""
        self.steps["send"] += 1
        offered = self._insist(
            lambda: self.stack.request(
                "POST",
                f"/api/v1/upload/{bucket}",
                json_body={"files": [{"originalFilename": "sent.bin"}]},
            )
        )
        if offered.status != 200:
            return
        [file] = offered.json()["files"]
        for _ in range(times):
            for _ in range(PATIENCE):
                if clients.post(file, body) == 201:
                    self._accept(file["fileIdentifier"], bucket, body)
                    break

    def _accept(self, identifier: str, bucket: str, body: bytes) -> None:
        self.accepted[identifier] = body
        self.buckets[identifier] = bucket

    def describe(self, file: str) -> None:
        """Metadata for a file; a conflict may be one's own request, whose answer was lost."""
        self.steps["describe"] += 1
        bucket = self.buckets[file]
        answer = self._insist(lambda: clients.describe(self.stack, file, bucket=bucket))
        if answer.status == 201:
            self.metadata[answer.json()["data"]["id"]] = file

    def change(self, metadata: str, name: str) -> None:
        """Another name in a description."""
        self.steps["change"] += 1
        self._insist(lambda: clients.change(self.stack, "metadata", metadata, filename=name))

    def derive(self, metadata: str) -> None:
        """A derivative of what a description is about."""
        self.steps["derive"] += 1
        file = self.upload_derivative(self.buckets[self.metadata[metadata]], SAMPLES[2])
        if file is not None:
            self._insist(
                lambda: clients.derive(self.stack, file, metadata, derivativeType="LARGE_IMAGE")
            )

    def withdraw(self, metadata: str) -> None:
        """A description is deleted; its file waits for another, or becomes an orphan."""
        self.steps["withdraw"] += 1
        self._insist(lambda: clients.delete(self.stack, "metadata", metadata))

    def delete(self, file: str) -> None:
        """A file is deleted, if nothing describes it."""
        self.steps["delete"] += 1
        answer = self._insist(lambda: clients.delete(self.stack, "object-upload", file))
        assert answer.status in (204, 404, 409, 410, 500, 503), answer.text
        if answer.status in (204, 410):
            self.deleted.add(file)

    def sweep(self) -> None:
        """Orphans of more than an hour are removed."""
        self.steps["sweep"] += 1
        self.stack.invoke("RemoveOrphansFunction", {"age": "1h"})

    def keep_house(self) -> None:
        """The quarter of an hour is over."""
        self.steps["keep house"] += 1
        self.stack.run_schedule("KeepHouseFunction")

    def deliver(self, minutes: int) -> None:
        """Time passes, and whatever is due is delivered."""
        self.steps["deliver"] += 1
        self.stack.clock.advance(timedelta(minutes=minutes))
        self.stack.settle()

    # The end -------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """Faults end; everything is delivered, redriven and tidied up."""
        self.faults.update(kind_of(told) for told in self.stack.disturbance.journal)
        chaos, self.stack.disturbance.chaos = self.stack.disturbance.chaos, CALM
        try:
            for _ in range(MOST_ROUNDS):
                self.stack.settle(retries=True)
                installation = InProcess(self.stack)
                for queue in dead_letter_queues(installation):
                    redrive(installation, queue, lambda _: None)
                redrive_stream(installation, lambda _: None)
                self.stack.settle(retries=True)
                self.stack.clock.advance(LONG)
                done = self.stack.run_schedule("KeepHouseFunction")
                assert not done.failed, done.in_one_line()
                if not done.payload:
                    return
            raise AssertionError(f"there is always something to tidy up: {done.payload}")
        finally:
            self.stack.disturbance.chaos = chaos


def kind_of(told: str) -> str:
    """Which kind of fault a line of the disturbance's journal tells of."""
    endings = {"twice": "twice", "late": "late", "order": "out of order", "killed": "killed"}
    for ending, kind in endings.items():
        if told.endswith(ending):
            return kind
    return "refused"


def sha1_of(body: bytes) -> str:
    """As records have it."""
    return hashlib.sha1(body, usedforsecurity=False).hexdigest()


def broken_promises(world: World) -> Iterator[str]:
    """What doesn't hold, in words."""
    yield from _of_files(world)
    yield from _of_storage(world)
    yield from _of_claims(world)
    yield from _of_the_audit(world)
    yield from _of_leftovers(world)


def _items(world: World, table: str) -> list[dict[str, Any]]:
    return world.stack.items(table)


def _of_files(world: World) -> Iterator[str]:
    """Every accepted byte is stored once and has its record, until somebody deletes it."""
    records = {one["fileIdentifier"]: one for one in _items(world, "UploadsTable")}
    for identifier, body in world.accepted.items():
        record = records.get(identifier)
        if record is None:
            yield f"{identifier} was accepted and has no record"
        elif body == REFUSED:
            if record["uploadStatus"] != "REJECTED":
                yield f"{identifier} is a program and {record['uploadStatus']}"
        elif record["uploadStatus"] != "AVAILABLE":
            yield f"{identifier} was accepted and is {record['uploadStatus']}"
        elif record["sha1Hex"] != sha1_of(body):
            yield f"{identifier} has other bytes than were sent"
        elif "deletedOn" in record:
            swept = "orphan" in str(record["deletedBy"])
            if not swept and identifier not in world.deleted:
                yield f"{identifier} is deleted, and nobody asked for it"


def _of_storage(world: World) -> Iterator[str]:
    """No record lacks its bytes, and no bytes lack their record."""
    stack = world.stack
    stored = {
        key: stack.client("s3").get_object(Bucket=stack.name("ObjectBucket"), Key=key)
        for key in stack.keys("ObjectBucket")
    }
    wanted = set()
    for record in _items(world, "UploadsTable"):
        if record["uploadStatus"] != "AVAILABLE" or "deletedOn" in record:
            continue
        wanted.add(record["objectKey"])
        found = stored.get(record["objectKey"])
        if found is None:
            yield f"{record['fileIdentifier']} has lost its bytes"
        elif sha1_of(found["Body"].read()) != record["sha1Hex"]:
            yield f"{record['fileIdentifier']} has other bytes than its record says"
        if record.get("thumbnailStatus") == "READY":
            key = f"thumbnails/{record['bucketKey']}/{record['thumbnailIdentifier']}.jpg"
            wanted.add(key)
            if key not in stored:
                yield f"{record['fileIdentifier']} has lost its thumbnail"
        elif record.get("thumbnailStatus") == "PENDING":
            yield f"{record['fileIdentifier']} still waits for its thumbnail"
    for key in sorted(set(stored) - wanted):
        yield f"{key} belongs to nothing"


def _of_claims(world: World) -> Iterator[str]:
    """A file that something describes is there, and is described once."""
    records = {one["fileIdentifier"]: one for one in _items(world, "UploadsTable")}
    claims: Counter[str] = Counter()
    for table, kind in (("MetadataTable", "metadata"), ("DerivativesTable", "derivative")):
        for item in _items(world, table):
            file = item.get("fileIdentifier")
            if "deletedOn" in item or file is None or file == item["id"]:
                # A generated thumbnail has no upload of its own.
                continue
            claims[file] += 1
            upload = records.get(file)
            if upload is None or "deletedOn" in upload:
                yield f"{file} was removed although {kind}/{item['id']} describes it"
            elif upload.get("claimedBy") != f"{kind}/{item['id']}":
                yield f"{file} is claimed by {upload.get('claimedBy')}, not {kind}/{item['id']}"
    for file, times in claims.items():
        if times > 1:
            yield f"{file} is described {times} times"
    for file, upload in records.items():
        if "claimedBy" in upload and not claims[file]:
            yield f"{file} is claimed by {upload['claimedBy']}, which isn't there"


_KINDS = {
    "UploadsTable": ("object-upload", "fileIdentifier"),
    "MetadataTable": ("metadata", "id"),
    "DerivativesTable": ("derivative", "id"),
}


def _of_the_audit(world: World) -> Iterator[str]:
    """Every change has one entry in the audit, and is told under one id."""
    audited: dict[str, list[int]] = {}
    for entry in _items(world, "AuditTable"):
        audited.setdefault(entry["instanceId"], []).append(int(entry["version"]))
    told: dict[tuple[Any, ...], set[str]] = {}
    for event in world.stack.bus_events:
        detail = event["detail"]
        subject = detail.get("documentId") or detail.get("fileIdentifier")
        kind = detail.get("documentType") or "object-upload"
        what = (event["detail-type"], detail.get("operation"), detail.get("operationType"))
        told.setdefault((f"{kind}/{subject}", detail["version"], *what), set()).add(detail["id"])
    tellers = {instance for instance, *_ in told}
    for table, (kind, key) in _KINDS.items():
        for item in _items(world, table):
            instance, version = f"{kind}/{item[key]}", int(item["version"])
            if sorted(audited.get(instance, [])) != list(range(1, version + 1)):
                yield f"{instance} is at {version}, its audit has {audited.get(instance)}"
            if version and instance not in tellers:
                yield f"nobody was told of {instance}"
    for what, ids in told.items():
        # A metadata record is also told of for its derivatives' sake, under ids of their own.
        if len(ids) > 1 and not what[0].startswith("metadata/"):
            yield f"{what} was told under {len(ids)} ids"


def _of_leftovers(world: World) -> Iterator[str]:
    """Nothing is half-way."""
    for key in world.stack.keys("ObjectBucket", "incoming/"):
        yield f"{key} was never looked into"
    for record in _items(world, "UploadsTable"):
        if record["uploadStatus"] in ("PENDING", "PROCESSING"):
            yield f"{record['fileIdentifier']} is still {record['uploadStatus']}"
        if str(record.get("awaiting", "")).startswith(("bytes", "removal")):
            yield f"{record['fileIdentifier']} still waits: {record['awaiting']}"
    s3 = world.stack.client("s3")
    name = world.stack.name("ObjectBucket")
    for upload in s3.list_multipart_uploads(Bucket=name).get("Uploads", ()):
        yield f"a multipart upload of {upload['Key']} was left open"
    for queue in dead_letter_queues(InProcess(world.stack)):
        if queue.messages:
            yield f"{queue.logical_id} has {queue.messages} letters"
