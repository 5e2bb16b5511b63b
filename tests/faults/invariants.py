"""Invariants that are checked at the end of every simulation."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from coffer.domain.changes.messages import message_id
from local.control.server import readable_entry
from operations.dead_letters import dead_letter_queues
from tests.faults.people import GROUPS
from tests.faults.simulation import REFUSED, InProcess, Simulation

MESSAGES = (
    "ObjectUploadNotification",
    "ThumbnailNotification",
    "OrphanRemovalNotification",
    "DocumentOperationNotification",
    "ObjectExportNotification",
    "ExportFailedNotification",
)
INVARIANTS = (
    "every accepted file is stored once and has its record",
    "no record lacks its bytes",
    "no claimed file was removed",
    "every change has one audit entry and messages with ids of its own",
    "every archive contained its complete files, and its end was published",
    "no response revealed records of another group",
    "nothing is left incomplete",
)
"""The invariants, for the report."""


def sha1_of(body: bytes) -> str:
    """Return the SHA-1 as in records."""
    return hashlib.sha1(body, usedforsecurity=False).hexdigest()


def broken_invariants(simulation: Simulation) -> Iterator[str]:
    """Yield a description of each broken invariant."""
    yield from _of_files(simulation)
    yield from _of_storage(simulation)
    yield from _of_claims(simulation)
    yield from _of_the_audit(simulation)
    yield from _of_exports(simulation)
    yield from _of_groups(simulation)
    yield from _of_leftovers(simulation)


def _items(simulation: Simulation, table: str) -> list[dict[str, Any]]:
    return simulation.stack.items(table)


def _of_files(simulation: Simulation) -> Iterator[str]:
    """Check that every accepted file is stored and has its record, unless it was deleted."""
    records = {one["fileIdentifier"]: one for one in _items(simulation, "UploadsTable")}
    for identifier, body in simulation.accepted.items():
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
            if not swept and identifier not in simulation.asked_to_delete:
                yield f"{identifier} is deleted, and nobody asked for it"
        elif identifier in simulation.deleted:
            yield f"{identifier} is there, and somebody was told that it is deleted"


def _of_storage(simulation: Simulation) -> Iterator[str]:
    """Check that every record has its object, and every object its record."""
    stack = simulation.stack
    stored = {
        key: stack.client("s3").get_object(Bucket=stack.name("ObjectBucket"), Key=key)
        for key in stack.keys("ObjectBucket")
    }
    wanted = set()
    for record in _items(simulation, "UploadsTable"):
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
        yield f"{key} belongs to nothing"  # archives have expired too


def _of_claims(simulation: Simulation) -> Iterator[str]:
    """Check that every claimed file exists and is claimed once."""
    records = {one["fileIdentifier"]: one for one in _items(simulation, "UploadsTable")}
    claims: Counter[str] = Counter()
    for table, kind in (("MetadataTable", "metadata"), ("DerivativesTable", "derivative")):
        for item in _items(simulation, table):
            file = item.get("fileIdentifier")
            if "deletedOn" in item or file is None or file == item["id"]:
                # A generated thumbnail has no upload.
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
    "ExportsTable": ("object-export", "id"),
}
_SUBJECTS = ("", "metadata", "derivative")
_UNTOLD_STATES = ("NEW", "RUNNING", "EXPIRED")
"""States of an export that publish no event."""


def _of_the_audit(simulation: Simulation) -> Iterator[str]:
    """Check that every change has one audit entry and that its events have ids of their own."""
    entries: dict[str, dict[int, dict[str, Any]]] = {}
    for entry in map(readable_entry, _items(simulation, "AuditTable")):
        entries.setdefault(entry["instanceId"], {})[int(entry["version"])] = entry
    told = {event["detail"]["id"]: event for event in simulation.stack.bus_events}
    accounted = set()
    for table, (kind, key) in _KINDS.items():
        for item in _items(simulation, table):
            instance, version = f"{kind}/{item[key]}", int(item["version"])
            audited = entries.get(instance, {})
            if sorted(audited) != list(range(1, version + 1)):
                yield f"{instance} is at {version}, its audit has {sorted(audited)}"
            for number, entry in audited.items():
                ids = {
                    message_id(instance, number, message, subject)
                    for message in MESSAGES
                    for subject in _SUBJECTS
                }
                accounted |= ids
                untold = json.loads(entry["state"]).get("status") in _UNTOLD_STATES
                if not untold and not ids & set(told):
                    yield f"nobody was told of {instance} {number}: {entry['changedProperties']}"
    for identifier in set(told) - accounted:
        yield f"the bus told of what the audit doesn't have: {told[identifier]['detail']}"


def _of_exports(simulation: Simulation) -> Iterator[str]:
    """Check that every export ended and its end was published."""
    kinds = {"ERROR": "ExportFailedNotification", "EXPIRED": "ObjectExportNotification"}
    told = {(one["detail-type"], one["detail"].get("uuid")) for one in simulation.stack.bus_events}
    records = {record["id"]: record for record in _items(simulation, "ExportsTable")}
    for identifier in simulation.exports:
        status = str(records[identifier]["status"]) if identifier in records else "unknown"
        if (kinds.get(status), identifier) not in told:
            yield f"the export {identifier} is {status}, and nobody was told"
        if status == "ERROR" and not simulation.gone() & set(simulation.exports[identifier]):
            yield f"the export {identifier} failed: {records[identifier]['failure']}"


def _of_groups(simulation: Simulation) -> Iterator[str]:
    """Check that no caller saw, or sees, records of another group."""
    for identifier in simulation.buckets:
        simulation.look(identifier)
    for group in GROUPS:
        simulation.browse(group)
    yield from simulation.leaks


def _of_leftovers(simulation: Simulation) -> Iterator[str]:
    """Check that no upload, object, export or message is left incomplete."""
    for key in simulation.stack.keys("ObjectBucket", "incoming/"):
        yield f"{key} was never looked into"
    for record in _items(simulation, "UploadsTable"):
        if record["uploadStatus"] in ("PENDING", "PROCESSING"):
            yield f"{record['fileIdentifier']} is still {record['uploadStatus']}"
        if str(record.get("awaiting", "")).startswith(("bytes", "removal")):
            yield f"{record['fileIdentifier']} still waits: {record['awaiting']}"
    for record in _items(simulation, "ExportsTable"):
        if "due" in record:
            yield f"the export {record['id']} still waits: {record['due']}"
    s3 = simulation.stack.client("s3")
    name = simulation.stack.name("ObjectBucket")
    for upload in s3.list_multipart_uploads(Bucket=name).get("Uploads", ()):
        yield f"a multipart upload of {upload['Key']} was left open"
    for queue in dead_letter_queues(InProcess(simulation.stack)):
        if queue.messages:
            yield f"{queue.logical_id} has {queue.messages} letters"
