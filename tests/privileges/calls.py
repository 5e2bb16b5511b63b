"""The IAM actions and resource ARNs that a request to AWS needs permission for.

Sources: Service Authorization Reference, "Actions, resources, and condition keys" for Amazon S3,
DynamoDB, SQS and EventBridge; Amazon S3 User Guide, "Required permissions for Amazon S3 API
operations".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from local.resources import arn_of

_INVOKED = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")


@dataclass(frozen=True)
class Need:
    """One action on one resource, and the prefix of a listing."""

    action: str
    arn: str
    prefix: str | None = None


def write_needs(path: Path, needed: Mapping[str, Iterable[Need]]) -> None:
    """Write the needs of functions, by their logical ids, to a file."""
    told = {function: sorted(map(astuple, needs), key=str) for function, needs in needed.items()}
    path.write_text(json.dumps(told, indent=1), encoding="utf-8")


def read_needs(paths: Iterable[Path]) -> dict[str, set[Need]]:
    """Read the files of several processes and return their union."""
    needed: dict[str, set[Need]] = {}
    for path in paths:
        for function, needs in json.loads(path.read_text(encoding="utf-8")).items():
            needed.setdefault(function, set()).update(Need(*need) for need in needs)
    return needed


def needs_of(
    method: str, url: str, headers: Mapping[str, str], body: bytes, buckets: frozenset[str]
) -> Iterator[Need]:
    """Return the needs of a request; empty if it does not go to AWS."""
    named = {name.lower(): value for name, value in headers.items()}
    target = named.get("x-amz-target", "")
    if target:
        service, operation = target.split(".")[0], target.rsplit(".", 1)[-1]
        yield from _needs_of_json(service, operation, json.loads(body))
        return
    if invoked := _INVOKED.fullmatch(urlsplit(url).path):
        yield Need("lambda:InvokeFunction", arn_of("lambda", f"function:{invoked[1]}"))
        return
    bucket, key, query = split_s3(url)
    # A presigned URL has the permissions of the function that signed it.
    if bucket in buckets and "X-Amz-Signature" not in query:
        yield from _needs_of_s3(method, bucket, key, query, named)


def split_s3(url: str) -> tuple[str, str, dict[str, list[str]]]:
    """Return bucket, key and query of a path-style URL."""
    parts = urlsplit(url)
    bucket, _, key = unquote(parts.path.lstrip("/")).partition("/")
    return bucket, key, parse_qs(parts.query, keep_blank_values=True)


def _needs_of_json(service: str, operation: str, document: dict[str, Any]) -> Iterator[Need]:
    if service.startswith("DynamoDB"):
        yield from _needs_of_dynamodb(operation, document)
    elif service.startswith("AmazonSQS"):
        yield Need(f"sqs:{operation}", arn_of("sqs", document["QueueUrl"].rsplit("/", 1)[-1]))
    elif service.startswith("AWSEvents"):
        for entry in document["Entries"]:
            yield Need("events:PutEvents", arn_of("events", f"event-bus/{entry['EventBusName']}"))
    elif service.startswith("secretsmanager"):
        yield Need(f"secretsmanager:{operation}", document["SecretId"])
    else:
        raise ValueError(f"what does {service}.{operation} need?")


_IN_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


def _needs_of_dynamodb(operation: str, document: dict[str, Any]) -> Iterator[Need]:
    if operation in ("TransactWriteItems", "TransactGetItems"):
        for step in document["TransactItems"]:
            for kind, request in step.items():
                yield Need(f"dynamodb:{_IN_TRANSACTIONS[kind]}", _table(request["TableName"]))
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for name in document["RequestItems"]:
            yield Need(f"dynamodb:{operation}", _table(name))
    else:
        index = document.get("IndexName")
        suffix = f"/index/{index}" if index else ""
        yield Need(f"dynamodb:{operation}", f"{_table(document['TableName'])}{suffix}")


def _table(name: str) -> str:
    return name if name.startswith("arn:") else arn_of("dynamodb", f"table/{name}")


def _needs_of_s3(
    method: str, bucket: str, key: str, query: dict[str, list[str]], headers: Mapping[str, str]
) -> Iterator[Need]:
    arn = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    if not key:
        if "uploads" in query:
            # IAM has no s3:prefix for this action.
            yield Need("s3:ListBucketMultipartUploads", arn)
        elif "delete" in query:
            yield Need("s3:DeleteObject", f"{arn}/*")
        elif method != "POST":  # a form is sent with the permissions of the function that signed it
            yield Need("s3:ListBucket", arn, query["prefix"][0] if "prefix" in query else None)
        return
    source = headers.get("x-amz-copy-source")
    if source is not None:
        yield Need("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/')}")
    if method in ("GET", "HEAD"):
        yield Need("s3:ListMultipartUploadParts" if "uploadId" in query else "s3:GetObject", arn)
    elif method == "DELETE":
        aborts = "uploadId" in query
        yield Need("s3:AbortMultipartUpload" if aborts else "s3:DeleteObject", arn)
    else:
        yield Need("s3:PutObject", arn)
        if "x-amz-acl" in headers:
            yield Need("s3:PutObjectAcl", arn)
