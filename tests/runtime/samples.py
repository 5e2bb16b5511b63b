"""The set-up that each sample event needs, and the check of its result.

The samples name one file, one metadata record and no valid token. Before each invocation these are
created on the stack, and the sample is rewritten with their identifiers.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from local.resources import DEFAULT_REGION
from local.stack import LocalStack
from tests.api.clients import describe, post, presigned_post, record, upload
from tests.fakes.files import epub
from tests.template.template_file import logical_id, sample_event
from tests.template.test_sample_events import STATUSES

FILE = "01932f6a-4c1e-7b52-9d3a-6f0c2b8e4d17"
METADATA = "01932f6a-8f3b-7c19-b2d4-5e8a0c6f1b93"
TOKEN = "put-the-output-of-make--s-token-here"
TOKEN_USER = "5f1c9d2e7ab80356"
CREATED = 201
"""S3's status for a valid form."""
EXPORT = "01932f6b-1a2b-7c3d-8e4f-5a6b7c8d9e0f"
LONG_AGO = "2026-01-01T00:00:00.000000Z"

Event = dict[str, Any]
Prepare = Callable[[LocalStack, str], Event]
Judge = Callable[[LocalStack, Event, Any], str]
"""A function that returns what is wrong with the response or its effects, or an empty string."""


@dataclass(frozen=True)
class Sample:
    """The set-up and the check of a function: `prepare(stack, folder)` returns the event."""

    prepare: Prepare
    judge: Judge


def rewritten(folder: str, replacements: Mapping[str, str]) -> Event:
    """Return the sample event with these identifiers replaced."""
    text = json.dumps(sample_event(folder))
    for old, new in replacements.items():
        if old not in text:
            raise LookupError(f"events/{folder}.json doesn't name {old}")
        text = text.replace(old, new)
    event: Event = json.loads(text)
    return event


# Set-up ----------------------------------------------------------------------------------------


def as_it_is(_stack: LocalStack, folder: str) -> Event:
    """Return the sample unchanged: it needs no set-up."""
    return sample_event(folder)


def with_file(stack: LocalStack, folder: str) -> Event:
    """Upload a file through the API; its thumbnail is pending."""
    return rewritten(folder, {FILE: _upload(stack)})


def with_archive(stack: LocalStack, folder: str) -> Event:
    """Upload an e-book, which is a zip archive."""
    uploaded = upload(stack, epub(), name="book.epub", media_type="application/epub+zip")
    return rewritten(folder, {FILE: uploaded.json()["fileIdentifier"]})


def with_metadata(stack: LocalStack, folder: str) -> Event:
    """Upload a file and create its metadata."""
    described = describe(stack, _upload(stack), dcType="Image", fileExtension=".png")
    return rewritten(folder, {METADATA: described.json()["data"]["id"]})


def with_link(stack: LocalStack, folder: str) -> Event:
    """Sign a link to a file, as the functions that want it decoded do."""
    # Not at the top: Coffer may only be imported after the stack has started.
    from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer

    identifier = _upload(stack)
    [key] = [key for key in stack.keys("ObjectBucket", "objects/") if identifier in key]
    bucket = stack.name("ObjectBucket")
    head = stack.client("s3").head_object(Bucket=bucket, Key=key)
    headers = {"if-match": head["ETag"]}
    url = Signer(Credentials(*stack.storage.keys), DEFAULT_REGION).presign_url(
        "GET",
        Endpoint(stack.storage.url).object_url(bucket, key),
        now=stack.clock.now(),
        expires_in=timedelta(minutes=2),
        headers=headers,
    )
    event = sample_event(folder)
    event["source"] = {"url": url, "headers": headers, "sizeBytes": head["ContentLength"]}
    return event


def with_export(stack: LocalStack, folder: str) -> Event:
    """Request an export, which is not built yet."""
    attributes = {"fileIdentifiers": [_upload(stack)]}
    document = {"data": {"type": "object-export", "attributes": attributes}}
    response = stack.request("POST", "/api/v1/object-export", json_body=document)
    return rewritten(folder, {EXPORT: response.json()["data"]["id"]})


def with_token(stack: LocalStack, folder: str) -> Event:
    """Add a permission token to the request."""
    if stack.permission_tokens is None:
        raise LookupError("the stack signs no tokens")
    token = stack.permission_tokens.sign(TOKEN_USER, "rawstore", {"datapackage-upload": True})
    return rewritten(folder, {TOKEN: token})


def with_arrival(stack: LocalStack, folder: str) -> Event:
    """Send a file to `incoming/` with a form. The stack's own event for it is not delivered."""
    offered = presigned_post(stack, name="leaf-beetle.png")
    status = post(offered, sample_file())
    if status != CREATED:
        raise LookupError(f"S3 answered {status} to the form")
    return rewritten(folder, {FILE: offered["fileIdentifier"]})


def with_unfinished_upload(stack: LocalStack, folder: str) -> Event:
    """Leave an upload as if its function was killed after it stored the bytes, long ago."""
    stack.client("dynamodb").update_item(
        TableName=stack.name("UploadsTable"),
        Key={"fileIdentifier": {"S": _upload(stack)}},
        UpdateExpression="SET uploadStatus = :pending, awaiting = :bytes, awaitingSince = :then",
        ExpressionAttributeValues={
            ":pending": {"S": "PENDING"},
            ":bytes": {"S": "bytes#0"},
            ":then": {"S": LONG_AGO},
        },
    )
    return sample_event(folder)


def _upload(stack: LocalStack) -> str:
    """Upload the sample's file through the API and return its identifier."""
    outcome = stack.invoke(logical_id("upload_file"), sample_event("upload_file"))
    if outcome.failed or outcome.payload["statusCode"] != 200:
        raise LookupError(f"the upload failed: {outcome}")
    identifier: str = json.loads(outcome.payload["body"])["fileIdentifier"]
    return identifier


def sample_file() -> bytes:
    """Return the bytes of the file that the samples use."""
    form = base64.b64decode(sample_event("upload_file")["body"])
    _, _, rest = form.partition(b"\r\n\r\n")
    return rest.rpartition(b"\r\n--")[0]


# Checks of the result -------------------------------------------------------------------------


def has_status(*statuses: int) -> Judge:
    """Return a check that the response has one of these statuses."""

    def judge(_stack: LocalStack, _event: Event, payload: Any) -> str:
        found = payload.get("statusCode")
        return "" if found in statuses else f"answered {found}: {str(payload.get('body'))[:500]}"

    return judge


def empties_the_page(_stack: LocalStack, _event: Event, payload: Any) -> str:
    """Check that there is nothing to publish and that nothing fails."""
    return "" if payload == {"batchItemFailures": []} else f"answered {payload}"


def leads_to_the_file(_stack: LocalStack, _event: Event, payload: Any) -> str:
    """Check that the response contains the bytes, or a link that the store accepts."""
    if payload["statusCode"] == 200:
        body = base64.b64decode(payload["body"])
        return "" if body == sample_file() else "other bytes came back"
    location = (payload.get("headers") or {}).get("Location", "")
    if payload["statusCode"] not in (302, 303, 307) or not location:
        return f"answered {payload['statusCode']} with Location {location!r}"
    return "" if _fetch(location) == sample_file() else "the link leads to other bytes"


def offers_forms(_stack: LocalStack, _event: Event, payload: Any) -> str:
    """Check that the store accepts the file with the presigned POST."""
    if payload["statusCode"] != 200:
        return f"answered {payload['statusCode']}"
    first, _ = json.loads(payload["body"])["files"]
    status = post(first, sample_file())
    return "" if status == CREATED else f"S3 answered {status} to the form"


def finishes_every_item(_stack: LocalStack, _event: Event, payload: Any) -> str:
    """Check that no item of the batch failed."""
    return "" if payload == {"batchItemFailures": []} else f"answered {payload}"


def makes_available(stack: LocalStack, event: Event, payload: Any) -> str:
    """Check that the upload is AVAILABLE."""
    return finishes_every_item(stack, event, payload) or _differs(
        stack, event["Records"][0]["body"], "uploadStatus", "AVAILABLE"
    )


def makes_thumbnail(stack: LocalStack, event: Event, payload: Any) -> str:
    """Check that the thumbnail exists."""
    return finishes_every_item(stack, event, payload) or _differs(
        stack, event["Records"][0]["body"], "thumbnailStatus", "READY"
    )


def decodes_the_picture(_stack: LocalStack, _event: Event, payload: Any) -> str:
    """Check that the response has a JPEG and the size of the picture."""
    if payload.get("failure") is not None:
        return f"answered {payload['failure']}"
    thumbnail = base64.b64decode(payload["thumbnail"] or "")
    is_jpeg = thumbnail.startswith(b"\xff\xd8\xff")
    return "" if is_jpeg and payload["properties"]["width"] else "the response has no thumbnail"


def builds_the_archive(stack: LocalStack, event: Event, payload: Any) -> str:
    """Check that the export is complete and its archive exists."""
    [message] = event["Records"]
    identifier = json.loads(message["body"])["detail"]["exportId"]
    shown = stack.request("GET", f"/api/v1/object-export/{identifier}").json()
    status = shown["data"]["attributes"]["status"]
    wrong = "" if status == "COMPLETED" else f"the export is {status}"
    return finishes_every_item(stack, event, payload) or wrong


def tells_bus_and_audit(stack: LocalStack, event: Event, payload: Any) -> str:
    """Check that both changes are published each time and audited once."""
    wrong = finishes_every_item(stack, event, payload)
    if wrong:
        return wrong
    versions = [entry["version"] for entry in stack.items("AuditTable")]
    kinds = [told["detail-type"] for told in stack.bus_events[-2:]]
    if versions != [1, 2] or kinds != ["ObjectUploadNotification", "ThumbnailNotification"]:
        return f"the audit has versions {versions}, the bus {kinds}"
    return ""


def with_rawstore_object(stack: LocalStack, folder: str) -> Event:
    """Put an object into the rawstore, as an upload does."""
    [message] = sample_event(folder)["Records"]
    changed = json.loads(message["body"])["detail"]["object"]
    body = b"b" * changed["size"]
    response = stack.client("s3").put_object(
        Bucket=stack.name("RawstoreBucket"),
        Key=changed["key"],
        Body=body,
        Metadata={"owner": TOKEN_USER, "findability": "private"},
    )
    return rewritten(folder, {changed["etag"]: response["ETag"].strip('"')})


def accounts_for_it(stack: LocalStack, event: Event, payload: Any) -> str:
    """Check that the object's bytes are counted for its owner."""
    changed = json.loads(event["Records"][0]["body"])["detail"]["object"]
    [total] = [
        item for item in stack.items("UsageTable") if item["usageId"] == f"owner/{TOKEN_USER}"
    ]
    wrong = finishes_every_item(stack, event, payload)
    used = (total["publicBytes"], total["privateBytes"])
    return wrong or ("" if used == (0, changed["size"]) else f"{used} bytes are accounted for")


def finishes_the_upload(_stack: LocalStack, _event: Event, payload: Any) -> str:
    """Check that housekeeping completed the upload."""
    return "" if payload == {"finished": 1} else f"answered {payload}"


def finds_no_orphans(_stack: LocalStack, _event: Event, payload: Any) -> str:
    """Check that no file is old enough to be an orphan."""
    return "" if payload == {"orphans": []} else f"answered {payload}"


def _differs(stack: LocalStack, envelope: str, attribute: str, wanted: str) -> str:
    """Return the record's value if it is another, for the file of an EventBridge event."""
    detail = json.loads(envelope)["detail"]
    identifier = detail.get("fileIdentifier") or detail["object"]["key"].rpartition("/")[2]
    found = record(stack, identifier)[attribute]
    return "" if found == wanted else f"{attribute} is {found}"


def _fetch(url: str) -> bytes:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return connection.getresponse().read()
    finally:
        connection.close()


TAKEN = 409
"""Statuses of the second, warm invocation, which creates what exists already."""

ON_NOTHING = (
    *("create_derivative", "create_derivatives_in_bulk", "create_metadata_in_bulk"),
    *("delete_derivative", "delete_metadata", "delete_object_upload", "get_derivative"),
    *("list_audit_snapshots", "list_derivatives", "list_metadata", "list_object_uploads"),
    *("load_derivatives", "load_metadata", "load_object_uploads", "update_derivative"),
    *("update_derivatives_in_bulk", "update_metadata", "update_metadata_in_bulk"),
    "update_object_upload",
)
"""Functions whose samples refer to records that do not exist. That runs all their imports."""

SAMPLES: Mapping[str, Sample] = {
    **{folder: Sample(as_it_is, has_status(STATUSES[folder])) for folder in ON_NOTHING},
    "begin_uploads": Sample(as_it_is, has_status(200)),
    "complete_uploads": Sample(as_it_is, has_status(404)),
    "edit_upload_grants": Sample(as_it_is, has_status(201)),
    "sign_parts": Sample(as_it_is, has_status(404)),
    "answer_unrouted": Sample(as_it_is, has_status(405)),
    "authorize_uploads": Sample(with_token, has_status(200)),
    "build_export": Sample(with_export, builds_the_archive),
    "create_access_key": Sample(as_it_is, has_status(404)),
    "create_export": Sample(with_file, has_status(201)),
    "create_metadata": Sample(with_file, has_status(201)),
    "decode_picture": Sample(with_link, decodes_the_picture),
    "describe_api": Sample(as_it_is, has_status(200)),
    "download_file": Sample(with_file, leads_to_the_file),
    "edit_managed_attributes": Sample(as_it_is, has_status(201, TAKEN)),
    "edit_object_subtypes": Sample(as_it_is, has_status(201, TAKEN)),
    "find_identifiers": Sample(as_it_is, has_status(200)),
    "generate_derivative": Sample(with_metadata, has_status(201)),
    "get_file_info": Sample(with_file, has_status(200)),
    "get_metadata": Sample(with_metadata, has_status(200)),
    "get_object_upload": Sample(with_file, has_status(200)),
    "keep_house": Sample(with_unfinished_upload, finishes_the_upload),
    "list_contents": Sample(with_archive, has_status(200)),
    "list_licenses": Sample(as_it_is, has_status(200)),
    "list_media_types": Sample(as_it_is, has_status(200)),
    "list_prefixes": Sample(with_token, has_status(200)),
    "make_thumbnail": Sample(with_file, makes_thumbnail),
    "offer_uploads": Sample(as_it_is, offers_forms),
    "presign_download": Sample(with_token, has_status(200)),
    "process_upload": Sample(with_arrival, makes_available),
    "promote_large_upload": Sample(with_arrival, makes_available),
    "publish_changes": Sample(as_it_is, tells_bus_and_audit),
    "read_exports": Sample(with_export, has_status(200)),
    "read_managed_attributes": Sample(as_it_is, has_status(200)),
    "read_object_subtypes": Sample(as_it_is, has_status(200)),
    "record_usage": Sample(with_rawstore_object, accounts_for_it),
    "redeem_access_key": Sample(as_it_is, has_status(404)),
    "refresh_index": Sample(as_it_is, empties_the_page),
    "remove_orphans": Sample(as_it_is, finds_no_orphans),
    "request_index_refresh": Sample(as_it_is, has_status(202)),
    "show_config": Sample(as_it_is, has_status(200)),
    "upload_file": Sample(as_it_is, has_status(200)),
}
