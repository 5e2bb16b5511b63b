"""The events on the bus match the schemas of docs/events, attribute by attribute."""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker

from local.eventbridge.patterns import matches
from local.stack import LocalStack
from tests.api.clients import (
    change,
    delete,
    derive,
    describe,
    multipart,
    post,
    presigned_post,
    upload,
    upload_derivative,
)
from tests.api.images import png
from tests.api.test_export import ask
from tests.architecture.source_files import ROOT, modules, tree_of
from tests.template.template_file import resources

FOLDER = ROOT / "docs/events"
SCHEMAS = sorted(FOLDER.glob("*.json"))
EXAMPLES = sorted((FOLDER / "examples").glob("*.json"))
ZIP = b"PK\x05\x06" + bytes(18)
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _validate(event: Mapping[str, Any]) -> None:
    schema = _read(FOLDER / f"{event['detail-type']}.json")
    Draft4Validator(schema, format_checker=FormatChecker(("date-time", "uuid"))).validate(event)


def _what(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return type and deciding members of an event."""
    detail = event["detail"]
    if "operationType" in detail:
        return event["detail-type"], f"{detail['operationType']} {detail['documentType']}"
    members = ("operation", "thumbnailStatus", "failure", "status")
    told = next((detail[name] for name in members if name in detail), "removed")
    return event["detail-type"], str(told)


WHAT_HAPPENS = {
    ("ObjectUploadNotification", "created"),
    ("ObjectUploadNotification", "rejected"),
    ("OrphanRemovalNotification", "removed"),
    ("ThumbnailNotification", "READY"),
    ("ThumbnailNotification", "FAILED"),
    ("DocumentOperationNotification", "ADD metadata"),
    ("DocumentOperationNotification", "UPDATE metadata"),
    ("DocumentOperationNotification", "ADD derivative"),
    ("ObjectUploadNotification", "updated"),
    ("ObjectUploadNotification", "deleted"),
    ("DocumentOperationNotification", "DELETE metadata"),
    ("DocumentOperationNotification", "UPDATE derivative"),
    ("DocumentOperationNotification", "DELETE derivative"),
    ("ObjectExportNotification", "COMPLETED"),
    ("ObjectExportNotification", "PARTIAL"),
    ("ExportFailedNotification", "no_files_left"),
    ("ExportFailedNotification", "attempts_exhausted"),
}


def _do_everything(stack: LocalStack) -> None:
    """Upload, describe, change and delete files, through the API and straight to S3."""
    identifier = upload(stack, png()).json()["fileIdentifier"]
    upload(stack, png())  # a duplicate, which causes a warning
    upload(stack, png()[:200])  # has no thumbnail
    upload(stack, b"only text", name="notes.txt", media_type=None)
    headers, form = multipart(png())
    stack.request("POST", "/api/v1/file/mybucket/derivative", headers=headers, body=form)
    assert post(presigned_post(stack, name="a.zip"), ZIP) == 201
    assert (
        post(presigned_post(stack, name="a.csv", receivedMediaType="text/csv"), b"a,b\n1,2\n")
        == 201
    )
    metadata = describe(stack, identifier).json()["data"]["id"]
    stack.settle()
    made = derive(stack, upload_derivative(stack, png()), metadata).json()["data"]["id"]
    assert change(stack, "derivative", made, publiclyReleasable=True).status == 200
    assert change(stack, "object-upload", identifier, originalFilename="b.png").status == 200
    assert delete(stack, "metadata", metadata).status == 204
    assert delete(stack, "object-upload", identifier).status == 204
    stack.settle()
    _export_everything(stack)
    stack.clock.advance(timedelta(seconds=1))
    stack.invoke("RemoveOrphansFunction", {"age": "0"})
    stack.settle()
    assert stack.failures == []


def _export_everything(stack: LocalStack) -> None:
    """Request exports that are complete, partial, empty, and that cannot be built."""
    identifier = upload(stack, png()).json()["fileIdentifier"]
    other = upload(stack, png(), name="gone.png").json()["fileIdentifier"]
    exports = [ask(stack, files) for files in ([identifier], [identifier, other], [other])]
    exports.append(ask(stack, [identifier], name="hopeless"))
    assert {response.status for response in exports} == {201}
    stack.client("s3").delete_object(
        Bucket=stack.name("ObjectBucket"), Key=f"objects/mybucket/{other}.png"
    )
    stack.client("dynamodb").update_item(
        TableName=stack.name("ExportsTable"),
        Key={"id": {"S": exports[-1].json()["data"]["id"]}},
        UpdateExpression="SET attempts = :many",
        ExpressionAttributeValues={":many": {"N": "6"}},
    )
    stack.settle()


def test_every_event_matches_its_schema(stack: LocalStack) -> None:
    _do_everything(stack)
    for event in stack.bus_events:
        _validate(event)
    assert {_what(event) for event in stack.bus_events} == WHAT_HAPPENS


def test_every_type_of_message_has_a_schema() -> None:
    told = {
        node.value
        for path in modules("domain")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and str(node.value).endswith("Notification")
    }
    assert {path.stem for path in SCHEMAS} == told


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_schema_is_draft_04_and_named_after_its_message(path: Path) -> None:
    schema = _read(path)
    Draft4Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
    assert schema["title"] == schema["x-amazon-events-detail-type"] == path.stem
    assert schema["x-amazon-events-source"] == "coffer"


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_message_has_every_attribute_of_its_schema_and_no_other(path: Path) -> None:
    detail = _read(path)["properties"]["detail"]
    assert set(detail["required"]) == set(detail["properties"])
    assert detail["additionalProperties"] is False
    assert {"version", "id", "occurredOn"} <= set(detail["properties"])


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_every_attribute_of_a_schema_has_a_description(path: Path) -> None:
    assert [name for name, schema in _members(_read(path)) if not schema.get("description")] == []


def _members(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for part in schema.values():
            yield from _members(part)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_matches_its_schema(path: Path) -> None:
    event = _read(path)
    assert path.stem.partition(".")[0] == event["detail-type"]
    _validate(event)


def test_every_operation_has_an_example() -> None:
    assert {_what(_read(path)) for path in EXAMPLES} == WHAT_HAPPENS


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_attribute_that_is_missing_in_the_schema_is_reported(path: Path) -> None:
    event = _read(path)
    more = copy.deepcopy(event)
    more["detail"]["colour"] = "red"
    assert not Draft4Validator(_read(FOLDER / f"{event['detail-type']}.json")).is_valid(more)
    for name in event["detail"]:
        less = copy.deepcopy(event)
        del less["detail"][name]
        assert not Draft4Validator(_read(FOLDER / f"{event['detail-type']}.json")).is_valid(less)


def test_the_readme_of_the_events_lists_every_type() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in (*SCHEMAS, *EXAMPLES):
        assert path.name in text


def test_the_template_has_the_schemas() -> None:
    inlined = {
        one["Properties"]["SchemaName"]: json.loads(one["Properties"]["Content"])
        for one in resources("AWS::EventSchemas::Schema").values()
    }
    written = {f"coffer@{path.stem}": _read(path) for path in SCHEMAS}
    assert inlined == written, "run `make event-schemas`"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_archive_keeps_every_event_except_those_with_an_access_key(path: Path) -> None:
    [archive] = resources("AWS::Events::Archive").values()
    event = _read(path)
    has_key = "toa" in event["detail"]
    assert matches(archive["Properties"]["EventPattern"], event) is not has_key
    assert has_key == (event["detail-type"] == "ObjectExportNotification")
