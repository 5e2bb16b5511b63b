"""Users work with the local stack while faults are injected.

Faults are duplicate, reordered and late deliveries, throttling and errors of AWS, and handlers that
are killed before any of their calls. Users repeat requests that fail, as clients do. The invariants
are checked at the end, after everything was delivered and housekeeping ran.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.faults.chaos import NO_FAULTS
from local.gateway.api import Response
from local.stack import LocalStack
from operations.dead_letters import dead_letter_queues, redrive
from operations.failed_changes import redrive_stream
from operations.installation import FunctionFailedError
from tests.api import clients
from tests.api.images import jpeg, png
from tests.faults.people import Person, mark_of

REFUSED = b"\x7fELF\x02\x01\x01" + bytes(120)
SAMPLES = {
    "red": png(16, 12, "firebrick"),
    "green": png(12, 16, "seagreen"),
    "blue": jpeg(20, 20, "steelblue"),
    "text": b"Only text, and not much of it.\n",
    "program": REFUSED,
}
IMAGES = ("red", "green", "blue")
MAX_ATTEMPTS = 12
LONG = timedelta(minutes=61)
"""After this time housekeeping completes what a handler has left."""
MAX_ROUNDS = 8


class InProcess:
    """The stack as an installation, for the operators' commands."""

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
            raise FunctionFailedError(outcome.summary())
        return outcome.payload

    def now(self) -> datetime:
        return self._stack.clock.now()


@dataclass
class Simulation:
    """What users did, and the responses."""

    stack: LocalStack
    accepted: dict[str, bytes] = field(default_factory=dict)
    """Contents of the files that Coffer or S3 accepted, by their identifiers."""
    asked_to_delete: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    """Files whose deletion was confirmed."""
    buckets: dict[str, str] = field(default_factory=dict)
    """Groups of all records, by identifier."""
    metadata: dict[str, str] = field(default_factory=dict)
    """Metadata records and their files."""
    derivatives: dict[str, str] = field(default_factory=dict)
    """Derivatives and their files."""
    exports: dict[str, list[str]] = field(default_factory=dict)
    """Requested exports and their files."""
    leaks: list[str] = field(default_factory=list)
    """Responses that revealed records of another group."""
    steps: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def begin(self, seed: int) -> None:
        """Empty the stack; the seed determines the faults."""
        self.stack.faults.run = f"world {seed}"
        self.stack.reset()

    # Actions of users ------------------------------------------------------------------------

    def user_of(self, group: str) -> Person:
        """Return the user of a group."""
        return Person(self.stack, group)

    def _repeat(self, ask: Callable[[], Response]) -> Response:
        """Repeat the request until its status is below 500, and return the response."""
        response = ask()
        for _ in range(MAX_ATTEMPTS):
            if response.status < 500:
                break
            self.stack.clock.advance(timedelta(seconds=2))
            response = ask()
        return response

    def upload(self, bucket: str, body: bytes) -> None:
        """Upload a small file through the API."""
        self.steps["upload"] += 1
        person, name = self.user_of(bucket), f"{mark_of(bucket)}.png"
        response = self._repeat(lambda: clients.upload(person, body, bucket=bucket, name=name))
        if body == REFUSED:
            assert response.status in (415, 500, 503), response.text
        elif response.status == 200:
            self._accept(response.json()["fileIdentifier"], bucket, body)

    def upload_derivative(self, bucket: str, body: bytes) -> str | None:
        """Upload the file of a derivative and return its identifier."""
        headers, form = clients.multipart(body, name=f"{mark_of(bucket)}.jpg")
        response = self._repeat(
            lambda: self.user_of(bucket).request(
                "POST", f"/api/v1/file/{bucket}/derivative", headers=headers, body=form
            )
        )
        if response.status != 200:
            return None
        identifier = str(response.json()["fileIdentifier"])
        self._accept(identifier, bucket, body)
        return identifier

    def send(self, bucket: str, body: bytes, times: int) -> None:
        """Upload a file straight to S3, `times` times with the same form."""
        self.steps["send"] += 1
        offered = self._repeat(
            lambda: self.user_of(bucket).request(
                "POST",
                f"/api/v1/upload/{bucket}",
                json_body={"files": [{"originalFilename": f"{mark_of(bucket)}.bin"}]},
            )
        )
        if offered.status != 200:
            return
        [file] = offered.json()["files"]
        for _ in range(times):
            for _ in range(MAX_ATTEMPTS):
                if clients.post(file, body) == 201:
                    self._accept(file["fileIdentifier"], bucket, body)
                    break

    def _accept(self, identifier: str, bucket: str, body: bytes) -> None:
        self.accepted[identifier] = body
        self.buckets[identifier] = bucket

    def describe(self, file: str) -> None:
        """Create metadata; a conflict may come from an earlier request whose response was lost."""
        self.steps["describe"] += 1
        bucket = self.buckets[file]
        texts = {"acCaption": mark_of(bucket), "publiclyReleasable": False}
        response = self._repeat(
            lambda: clients.describe(self.user_of(bucket), file, bucket=bucket, **texts)
        )
        if response.status == 201:
            self._remember(self.metadata, response, file)

    def _remember(self, records: dict[str, str], response: Response, file: str) -> None:
        identifier = response.json()["data"]["id"]
        records[identifier] = file
        self.buckets[identifier] = self.buckets[file]

    def change(self, metadata: str, name: str) -> None:
        """Change the file name in metadata."""
        self.steps["change"] += 1
        person = self.user_of(self.buckets[metadata])
        self._repeat(lambda: clients.change(person, "metadata", metadata, filename=name))

    def derive(self, metadata: str) -> None:
        """Create a derivative of a metadata record."""
        self.steps["derive"] += 1
        bucket = self.buckets[metadata]
        file = self.upload_derivative(bucket, SAMPLES["blue"])
        if file is None:
            return
        kinds = {"derivativeType": "LARGE_IMAGE", "publiclyReleasable": False}
        response = self._repeat(
            lambda: clients.derive(self.user_of(bucket), file, metadata, bucket=bucket, **kinds)
        )
        if response.status == 201:
            self._remember(self.derivatives, response, file)

    def delete_record(self, kind: str, identifier: str) -> None:
        """Delete metadata or a derivative; its file becomes an orphan."""
        self.steps[f"delete_record {kind}"] += 1
        person = self.user_of(self.buckets[identifier])
        self._repeat(lambda: clients.delete(person, kind, identifier))

    def delete(self, file: str) -> None:
        """Delete a file that has no metadata."""
        self.steps["delete"] += 1
        self.asked_to_delete.add(file)
        person = Person(self.stack, self.buckets[file], ("dina-admin",))
        response = self._repeat(lambda: clients.delete(person, "object-upload", file))
        assert response.status in (204, 404, 409, 410, 500, 503), response.text
        if response.status == 204:
            self.deleted.add(file)

    def export(self, bucket: str, most: int) -> None:
        """Request an export of some of a group's files; missing files are refused by name."""
        self.steps["export"] += 1
        files = [one for one in self.accepted if self.buckets[one] == bucket][:most]
        if not files:
            return
        attributes = {"name": mark_of(bucket), "fileIdentifiers": files}
        document = {"data": {"type": "object-export", "attributes": attributes}}
        response = self._repeat(
            lambda: self.user_of(bucket).request(
                "POST", "/api/v1/object-export", json_body=document
            )
        )
        if response.status == 201:
            identifier = response.json()["data"]["id"]
            self.exports[identifier] = files
            self.buckets[identifier] = bucket

    def take(self, which: int) -> None:
        """Download an archive with the key in its event."""
        self.steps["take"] += 1
        keys = [one["detail"]["toa"] for one in self.stack.bus_events if "toa" in one["detail"]]
        if keys:
            self.stack.request("GET", f"/toa/{keys[which % len(keys)]}")

    def look(self, identifier: str) -> None:
        """Request a record as a user of the other group."""
        self.steps["look"] += 1
        kind, group = self._kind_of(identifier), self.buckets[identifier]
        paths = [f"{kind}/{identifier}", f"audit-snapshot?filter[instanceId]={kind}/{identifier}"]
        if kind == "object-upload":
            other = Person(self.stack, group).stranger.group
            paths += [f"file/{where}/{identifier}" for where in (group, other)]
            paths.append(f"file/{group}/{identifier}/thumbnail")
        self._record_leaks(group, paths)

    def browse(self, group: str) -> None:
        """Read the lists as a user of the other group."""
        self.steps["browse"] += 1
        self._record_leaks(group, ("object-upload", "metadata", "derivative", "object-export"))

    def _kind_of(self, identifier: str) -> str:
        kinds: dict[str, Mapping[str, object]] = {
            "metadata": self.metadata,
            "derivative": self.derivatives,
            "object-export": self.exports,
        }
        return next((kind for kind, of in kinds.items() if identifier in of), "object-upload")

    def _record_leaks(self, group: str, paths: Iterable[str]) -> None:
        stranger = Person(self.stack, group).stranger
        for path in paths:
            response = stranger.request("GET", f"/api/v1/{path}")
            is_one = "/" in path and "?" not in path
            if is_one and response.status not in (403, 404, 500, 503):
                self.leaks.append(f"{path}: {response.status} for a user of {stranger.group}")
            if mark_of(group) in response.body.decode("utf-8", "replace"):
                self.leaks.append(f"{path}: {response.text[:200]}")

    def sweep(self) -> None:
        """Remove orphans older than an hour."""
        self.steps["sweep"] += 1
        self.stack.invoke("RemoveOrphansFunction", {"age": "1h"})

    def keep_house(self) -> None:
        """Run housekeeping."""
        self.steps["keep house"] += 1
        self.stack.run_schedule("KeepHouseFunction")

    def deliver(self, minutes: int) -> None:
        """Advance the clock and deliver what is due."""
        self.steps["deliver"] += 1
        self.stack.clock.advance(timedelta(minutes=minutes))
        self.stack.settle()

    # End -----------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """Stop the faults, deliver everything, and run housekeeping until it has nothing to do."""
        self.faults.update(kind_of(told) for told in self.stack.faults.injected)
        chaos, self.stack.faults.chaos = self.stack.faults.chaos, NO_FAULTS
        try:
            for _ in range(MAX_ROUNDS):
                self.stack.settle(retries=True)
                installation = InProcess(self.stack)
                for queue in dead_letter_queues(installation):
                    redrive(installation, queue, lambda _: None)
                redrive_stream(installation, lambda _: None)
                self.stack.settle(retries=True)
                self._open_archives()
                self.stack.clock.advance(LONG)
                done = self.stack.run_schedule("KeepHouseFunction")
                assert not done.failed, done.summary()
                if not done.payload:
                    return
            raise AssertionError(f"housekeeping always finds something to do: {done.payload}")
        finally:
            self.stack.faults.chaos = chaos

    def _open_archives(self) -> None:
        """Check that every archive contains its complete files and nothing else."""
        for record in self.stack.items("ExportsTable"):
            files = self.exports.get(record["id"])
            if files is None or record["status"] not in ("COMPLETED", "PARTIAL"):
                continue
            key = f"exports/{record['id']}/{record['id']}.zip"
            found = self.stack.client("s3").get_object(
                Bucket=self.stack.name("ObjectBucket"), Key=key
            )
            with zipfile.ZipFile(io.BytesIO(found["Body"].read())) as archive:
                bodies = sorted(archive.read(name) for name in archive.namelist())
            problems = json.loads(record.get("problems", "{}"))
            left_out = {file for some in problems.values() for file in some}
            wanted = sorted(self.accepted[file] for file in files if file not in left_out)
            assert bodies == wanted, f"the archive of {record['id']} has other bytes"
            assert left_out <= self.gone(), f"{record['id']} lacks {left_out - self.gone()}"

    def gone(self) -> set[str]:
        """Return the files that were deleted by a user or by the orphan removal."""
        items = self.stack.items("UploadsTable")
        return {one["fileIdentifier"] for one in items if "deletedOn" in one}


_KINDS_OF_FAULTS = {
    "twice": "delivered twice",
    "late": "delivered late",
    "order": "delivered out of order",
    "killed": "killed before a call",
    "not taken": "entries of PutEvents not taken",
    "TransactionCanceledException": "transactions cancelled",
    "InternalServerError": "5xx of AWS",
    "InternalException": "5xx of AWS",
    "InternalError": "5xx of AWS",
}


def kind_of(told: str) -> str:
    """Return the kind of fault in a line of the journal of faults."""
    for ending, kind in _KINDS_OF_FAULTS.items():
        if told.endswith(ending):
            return kind
    return "calls throttled"
