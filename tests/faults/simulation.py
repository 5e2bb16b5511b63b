"""People use the local stack while everything that can go wrong goes wrong, until it is quiet.

Every step may meet duplicates, reordered and late deliveries, throttling and errors of AWS, and
handlers that die before any of their calls. Whoever asks and gets no good answer asks again, as a
client does. Nothing is checked on the way: at the end, once everything was delivered and the house
was kept, what was promised has to hold.
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
PATIENCE = 12
LONG = timedelta(minutes=61)
"""Longer than housekeeping leaves anything to its handler."""
MAX_ROUNDS = 8


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
            raise FunctionFailedError(outcome.summary())
        return outcome.payload

    def now(self) -> datetime:
        return self._stack.clock.now()


@dataclass
class Simulation:
    """What people did, and were told."""

    stack: LocalStack
    accepted: dict[str, bytes] = field(default_factory=dict)
    """Files that Coffer said it had (or S3 did, for its form), by their identifiers."""
    asked_to_delete: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    """Files that somebody asked to delete, and was told that they are gone."""
    buckets: dict[str, str] = field(default_factory=dict)
    """The group of everything, by its identifier."""
    metadata: dict[str, str] = field(default_factory=dict)
    """Descriptions that were made, each with its file."""
    derivatives: dict[str, str] = field(default_factory=dict)
    """Derivatives that were recorded, each with its file."""
    exports: dict[str, list[str]] = field(default_factory=dict)
    """Exports that were asked for, each with its files."""
    overheard: list[str] = field(default_factory=list)
    """What somebody of one group was told about another."""
    steps: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def begin(self, seed: int) -> None:
        """An empty world whose faults follow from the seed."""
        self.stack.faults.run = f"world {seed}"
        self.stack.reset()

    # What people do ------------------------------------------------------------------------

    def somebody(self, group: str) -> Person:
        """Whoever acts for a group."""
        return Person(self.stack, group)

    def _insist(self, ask: Callable[[], Response]) -> Response:
        """Ask until there is an answer that is no failure of the service."""
        response = ask()
        for _ in range(PATIENCE):
            if response.status < 500:
                break
            self.stack.clock.advance(timedelta(seconds=2))
            response = ask()
        return response

    def upload(self, bucket: str, body: bytes) -> None:
        """A small file through the API; without an answer, once more."""
        self.steps["upload"] += 1
        person, name = self.somebody(bucket), f"{mark_of(bucket)}.png"
        response = self._insist(lambda: clients.upload(person, body, bucket=bucket, name=name))
        if body == REFUSED:
            assert response.status in (415, 500, 503), response.text
        elif response.status == 200:
            self._accept(response.json()["fileIdentifier"], bucket, body)

    def upload_derivative(self, bucket: str, body: bytes) -> str | None:
        """A file that was made from another."""
        headers, form = clients.multipart(body, name=f"{mark_of(bucket)}.jpg")
        response = self._insist(
            lambda: self.somebody(bucket).request(
                "POST", f"/api/v1/file/{bucket}/derivative", headers=headers, body=form
            )
        )
        if response.status != 200:
            return None
        identifier = str(response.json()["fileIdentifier"])
        self._accept(identifier, bucket, body)
        return identifier

    def send(self, bucket: str, body: bytes, times: int) -> None:
        """A file straight to S3, with the same form more than once if the network stutters."""
        self.steps["send"] += 1
        offered = self._insist(
            lambda: self.somebody(bucket).request(
                "POST",
                f"/api/v1/upload/{bucket}",
                json_body={"files": [{"originalFilename": f"{mark_of(bucket)}.bin"}]},
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
        texts = {"acCaption": mark_of(bucket), "publiclyReleasable": False}
        response = self._insist(
            lambda: clients.describe(self.somebody(bucket), file, bucket=bucket, **texts)
        )
        if response.status == 201:
            self._remember(self.metadata, response, file)

    def _remember(self, records: dict[str, str], response: Response, file: str) -> None:
        identifier = response.json()["data"]["id"]
        records[identifier] = file
        self.buckets[identifier] = self.buckets[file]

    def change(self, metadata: str, name: str) -> None:
        """Another name in a description."""
        self.steps["change"] += 1
        person = self.somebody(self.buckets[metadata])
        self._insist(lambda: clients.change(person, "metadata", metadata, filename=name))

    def derive(self, metadata: str) -> None:
        """A derivative of what a description is about."""
        self.steps["derive"] += 1
        bucket = self.buckets[metadata]
        file = self.upload_derivative(bucket, SAMPLES["blue"])
        if file is None:
            return
        kinds = {"derivativeType": "LARGE_IMAGE", "publiclyReleasable": False}
        response = self._insist(
            lambda: clients.derive(self.somebody(bucket), file, metadata, bucket=bucket, **kinds)
        )
        if response.status == 201:
            self._remember(self.derivatives, response, file)

    def withdraw(self, kind: str, identifier: str) -> None:
        """A description or a derivative's record is deleted; its file becomes an orphan."""
        self.steps[f"withdraw {kind}"] += 1
        person = self.somebody(self.buckets[identifier])
        self._insist(lambda: clients.delete(person, kind, identifier))

    def delete(self, file: str) -> None:
        """A file is deleted, if nothing describes it."""
        self.steps["delete"] += 1
        self.asked_to_delete.add(file)
        person = Person(self.stack, self.buckets[file], ("dina-admin",))
        response = self._insist(lambda: clients.delete(person, "object-upload", file))
        assert response.status in (204, 404, 409, 410, 500, 503), response.text
        if response.status == 204:
            self.deleted.add(file)

    def export(self, bucket: str, most: int) -> None:
        """An archive of some of a group's files; what is gone by then is refused by name."""
        self.steps["export"] += 1
        files = [one for one in self.accepted if self.buckets[one] == bucket][:most]
        if not files:
            return
        attributes = {"name": mark_of(bucket), "fileIdentifiers": files}
        document = {"data": {"type": "object-export", "attributes": attributes}}
        response = self._insist(
            lambda: self.somebody(bucket).request(
                "POST", "/api/v1/object-export", json_body=document
            )
        )
        if response.status == 201:
            identifier = response.json()["data"]["id"]
            self.exports[identifier] = files
            self.buckets[identifier] = bucket

    def take(self, which: int) -> None:
        """Whoever heard of an archive takes it, with the key that came with the news."""
        self.steps["take"] += 1
        keys = [one["detail"]["toa"] for one in self.stack.bus_events if "toa" in one["detail"]]
        if keys:
            self.stack.request("GET", f"/toa/{keys[which % len(keys)]}")

    def look(self, identifier: str) -> None:
        """Somebody of the other group asks for what isn't theirs."""
        self.steps["look"] += 1
        kind, group = self._kind_of(identifier), self.buckets[identifier]
        paths = [f"{kind}/{identifier}", f"audit-snapshot?filter[instanceId]={kind}/{identifier}"]
        if kind == "object-upload":
            other = Person(self.stack, group).stranger.group
            paths += [f"file/{where}/{identifier}" for where in (group, other)]
            paths.append(f"file/{group}/{identifier}/thumbnail")
        self._overhear(group, paths)

    def browse(self, group: str) -> None:
        """Somebody of the other group looks through the lists."""
        self.steps["browse"] += 1
        self._overhear(group, ("object-upload", "metadata", "derivative", "object-export"))

    def _kind_of(self, identifier: str) -> str:
        kinds: dict[str, Mapping[str, object]] = {
            "metadata": self.metadata,
            "derivative": self.derivatives,
            "object-export": self.exports,
        }
        return next((kind for kind, of in kinds.items() if identifier in of), "object-upload")

    def _overhear(self, group: str, paths: Iterable[str]) -> None:
        stranger = Person(self.stack, group).stranger
        for path in paths:
            response = stranger.request("GET", f"/api/v1/{path}")
            is_one = "/" in path and "?" not in path
            if is_one and response.status not in (403, 404, 500, 503):
                self.overheard.append(f"{path}: {response.status} for somebody of {stranger.group}")
            if mark_of(group) in response.body.decode("utf-8", "replace"):
                self.overheard.append(f"{path}: {response.text[:200]}")

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
            raise AssertionError(f"there is always something to tidy up: {done.payload}")
        finally:
            self.stack.faults.chaos = chaos

    def _open_archives(self) -> None:
        """Every archive that is there holds its files, whole, and nothing else."""
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
        """The files that were deleted by somebody or by the orphan removal."""
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
    """Which kind of fault a line of the disturbance's journal tells of."""
    for ending, kind in _KINDS_OF_FAULTS.items():
        if told.endswith(ending):
            return kind
    return "calls throttled"
