"""An external S3 store: its variables, buckets and capabilities, and the events by polling.

A second gate is the external store. The suite in `tests/ceph` uses a real one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from mypy_boto3_s3 import S3Client

from local.resources import DEFAULT_REGION, Bucket, Rule
from local.s3 import S3Gate
from local.stack import LocalStack
from local.storage.external import (
    ExternalStorage,
    ExternalStorageError,
    StorageCapabilities,
    probe_capabilities,
)
from local.storage.polling import BucketPoller, prefixes_in_rules
from tests.local.project import TEMPLATE, remembered, write_project
from tests.local.s3.wire import MovableClock

KEYS = ("other key", "other secret")
CORS = ({"AllowedOrigins": ["https://a.example"], "AllowedMethods": ["POST"], "MaxAge": 60},)


def bucket(name: str = "things", **changes: Any) -> Bucket:
    given: dict[str, Any] = {
        "logical_id": "ObjectBucket",
        "name": name,
        "cors_rules": CORS,
        "sends_events": True,
        "object_ownership": "BucketOwnerEnforced",
        "public_access_block": {"BlockPublicAcls": True},
        "access_control": None,
        "lifecycle_rules": (),
        **changes,
    }
    return Bucket(**given)


@pytest.fixture
def external(tmp_path: Path) -> Iterator[ExternalStorage]:
    """Return the external store."""
    clock = MovableClock()
    gate = S3Gate(
        port=0,
        credentials=dict([KEYS]),
        region=DEFAULT_REGION,
        now=clock.now,
        deliver=lambda _event: None,
        folder=tmp_path / "bytes",
    )
    (tmp_path / "bytes").mkdir()
    gate.start()
    yield ExternalStorage(gate.url, KEYS)
    gate.stop()


@pytest.fixture
def on_external(external: ExternalStorage, tmp_path: Path) -> Iterator[LocalStack]:
    """Return the small application's stack on the external store."""
    with LocalStack(write_project(tmp_path), external_storage=external) as stack:
        yield stack


@pytest.fixture
def client(on_external: LocalStack) -> S3Client:
    """Return a client of the external store."""
    s3: S3Client = on_external.client("s3")
    return s3


# ---------------------------------------------------------------- whose it is


@pytest.mark.parametrize(
    ("more", "keys", "token"),
    [
        ({"S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "b"}, ("a", "b"), None),
        ({"AWS_ACCESS_KEY_ID": "c", "AWS_SECRET_ACCESS_KEY": "d"}, ("c", "d"), None),
        (
            {"AWS_ACCESS_KEY_ID": "c", "AWS_SECRET_ACCESS_KEY": "d", "AWS_SESSION_TOKEN": "t"},
            ("c", "d"),
            "t",
        ),
        (
            {
                "S3_ACCESS_KEY_ID": "a",
                "S3_SECRET_ACCESS_KEY": "b",
                "AWS_ACCESS_KEY_ID": "c",
                "AWS_SECRET_ACCESS_KEY": "d",
                "AWS_SESSION_TOKEN": "t",
            },
            ("a", "b"),
            None,
        ),
    ],
)
def test_the_environment_names_a_store_and_its_keys(
    more: Mapping[str, str], keys: tuple[str, str], token: str | None
) -> None:
    found = ExternalStorage.from_environment({"S3_ENDPOINT_URL": "https://s3.example:9/", **more})
    assert found is not None
    assert (found.url, found.keys, found.session_token) == ("https://s3.example:9", keys, token)
    assert found.variables == {
        "COPY_CONDITIONS": "true",
        **({"AWS_SESSION_TOKEN": token} if token else {}),
    }


@pytest.mark.parametrize(
    "environment",
    [
        {"S3_ENDPOINT_URL": "s3.example"},
        {"S3_ENDPOINT_URL": "ftp://s3.example"},
        {"S3_ENDPOINT_URL": "http://"},
        {"S3_ENDPOINT_URL": "http://s3.example/bucket"},
        {"S3_ENDPOINT_URL": "http://s3.example"},
        {"S3_ENDPOINT_URL": "http://s3.example", "S3_ACCESS_KEY_ID": "a"},
        {
            "S3_ENDPOINT_URL": "http://s3.example",
            "S3_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "d",
        },
    ],
)
def test_incomplete_variables_are_refused(environment: Mapping[str, str]) -> None:
    with pytest.raises(ExternalStorageError, match="S3_ENDPOINT_URL"):
        ExternalStorage.from_environment(environment)


def test_without_a_url_there_is_no_external_store() -> None:
    assert ExternalStorage.from_environment({"AWS_ACCESS_KEY_ID": "a"}) is None


def test_every_bucket_name_begins_with_the_given_one() -> None:
    assert ExternalStorage("http://a", KEYS).bucket_name("ObjectBucket") is None
    named = ExternalStorage("http://a", KEYS, bucket="acme")
    assert named.bucket_name("ObjectBucket") == "acme"
    assert named.bucket_name("RawstoreBucket") == "acme-rawstore"


# ---------------------------------------------------------------- its buckets


def test_a_bucket_is_created_and_later_used_as_it_is(
    external: ExternalStorage, client: S3Client
) -> None:
    external.create_buckets(client, [bucket()])
    assert external.notes == ["things: created, CORS rules were added"]
    [rule] = client.get_bucket_cors(Bucket="things")["CORSRules"]
    assert (rule["AllowedOrigins"], rule["MaxAgeSeconds"]) == (["https://a.example"], 60)
    external.create_buckets(client, [bucket(cors_rules=({**CORS[0], "MaxAge": 1},))])
    assert external.notes == ["things: existed, used as it is"]
    [rule] = client.get_bucket_cors(Bucket="things")["CORSRules"]
    assert rule["MaxAgeSeconds"] == 60


def test_cors_rules_are_added_to_a_bucket_without_them(
    external: ExternalStorage, client: S3Client
) -> None:
    client.create_bucket(Bucket="things")
    external.create_buckets(client, [bucket()])
    assert external.notes == ["things: existed, CORS rules were added"]
    assert client.get_bucket_cors(Bucket="things")["CORSRules"]


def test_public_access_is_only_opened_if_the_template_does(
    external: ExternalStorage, client: S3Client
) -> None:
    opened = bucket(
        "opened",
        object_ownership="BucketOwnerPreferred",
        public_access_block={"BlockPublicAcls": False, "BlockPublicPolicy": True},
    )
    external.create_buckets(client, [bucket("closed"), opened])
    blocks = {
        name: client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        for name in ("closed", "opened")
    }
    assert all(blocks["closed"].values())
    assert not blocks["opened"]["BlockPublicAcls"]
    rules = client.get_bucket_ownership_controls(Bucket="opened")["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerPreferred"}]


def test_a_store_that_supports_no_cors_is_used(
    external: ExternalStorage, client: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        error = {"Error": {"Code": "NotImplemented", "Message": "no"}}
        raise ClientError(error, "PutBucketCors")  # type: ignore[arg-type]  # as much as is read

    monkeypatch.setattr(client, "put_bucket_cors", refuse)
    external.create_buckets(client, [bucket()])
    [note] = external.notes
    assert "takes no CORS rules" in note


def test_wrong_keys_are_refused_with_the_reason_of_the_store(
    external: ExternalStorage, tmp_path: Path
) -> None:
    wrong = ExternalStorage(external.url, (KEYS[0], "wrong"))
    with pytest.raises(ExternalStorageError, match="SignatureDoesNotMatch"):
        LocalStack(write_project(tmp_path), external_storage=wrong).start()


def test_a_store_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    missing_store = ExternalStorage("http://127.0.0.1:1", KEYS)
    with pytest.raises(ExternalStorageError, match=r"No S3 responds at http://127\.0\.0\.1:1"):
        LocalStack(write_project(tmp_path), external_storage=missing_store).start()


# ---------------------------------------------------------------- what it can do


def test_a_store_that_supports_everything_is_recognised(
    on_external: LocalStack, client: S3Client
) -> None:
    name = on_external.name("KeepBucket")
    assert probe_capabilities(client, name) == StorageCapabilities(
        copy_conditions=True, checksums=True
    )
    assert on_external.endpoints()["COPY_CONDITIONS"] == "true"
    assert on_external.keys("KeepBucket") == []


@pytest.mark.parametrize(
    ("operation", "header", "capabilities"),
    [
        ("CopyObject", "x-amz-copy-source-if-match", StorageCapabilities(False, True)),
        ("CopyObject", "If-None-Match", StorageCapabilities(False, True)),
        ("PutObject", "x-amz-checksum-sha1", StorageCapabilities(True, False)),
    ],
)
def test_a_store_that_ignores_a_header_is_recognised(
    on_external: LocalStack,
    client: S3Client,
    operation: str,
    header: str,
    capabilities: StorageCapabilities,
) -> None:
    def overlook(request: AWSRequest, **_: object) -> None:
        del request.headers[header]

    event = f"before-sign.s3.{operation}"
    client.meta.events.register(event, overlook)
    try:
        assert probe_capabilities(client, on_external.name("KeepBucket")) == capabilities
    finally:
        client.meta.events.unregister(event, overlook)
    assert on_external.keys("KeepBucket") == []


def test_a_store_that_knows_no_conditions_is_refused(
    on_external: LocalStack, client: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    response: Any = {
        "Error": {"Code": "NotImplemented", "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": 501},
    }

    def refuse(**_: object) -> None:
        raise ClientError(response, "CopyObject")

    monkeypatch.setattr(client, "copy_object", refuse)
    with pytest.raises(ClientError, match="NotImplemented"):
        probe_capabilities(client, on_external.name("KeepBucket"))
    assert on_external.keys("KeepBucket") == []


# ---------------------------------------------------------------- its events


def put(client: S3Client, stack: LocalStack, key: str, body: bytes = b"x") -> str:
    name = stack.name("KeepBucket")
    return client.put_object(Bucket=name, Key=key, Body=body)["ETag"].strip('"')


def received_events(stack: LocalStack) -> list[tuple[str, str]]:
    """Return and clear the events of the function behind the rule's queue."""
    seen = remembered(stack, "WorkFunction", "SEEN")
    events = [json.loads(record["body"]) for event in seen for record in event["Records"]]
    seen.clear()
    return [(event["detail-type"], event["detail"]["object"]["key"]) for event in events]


def test_each_change_in_the_bucket_is_one_event(on_external: LocalStack, client: S3Client) -> None:
    put(client, on_external, "in/a b+ü")
    put(client, on_external, "elsewhere")
    on_external.settle()
    assert received_events(on_external) == [("Object Created", "in/a b+ü")]
    on_external.settle()
    assert received_events(on_external) == []
    put(client, on_external, "in/a b+ü", b"other")
    on_external.settle()
    assert received_events(on_external) == [("Object Created", "in/a b+ü")]
    client.delete_object(Bucket=on_external.name("KeepBucket"), Key="in/a b+ü")
    on_external.settle()
    assert received_events(on_external) == [("Object Deleted", "in/a b+ü")]


def test_after_a_reset_all_objects_are_reported_again(
    on_external: LocalStack, client: S3Client
) -> None:
    put(client, on_external, "in/a")
    on_external.settle()
    on_external.reset()
    received_events(on_external)
    on_external.settle()
    assert received_events(on_external) == [("Object Created", "in/a")]


def test_an_event_has_the_form_of_an_event_of_s3(on_external: LocalStack, client: S3Client) -> None:
    etag = put(client, on_external, "in/a", b"four")
    events: list[dict[str, Any]] = []
    poller = BucketPoller(
        client,
        on_external.name("KeepBucket"),
        ["in/"],
        "us-east-1",
        on_external.clock.now,
        events.append,
    )
    assert poller.run_once()
    assert poller.next_due_ms() is None
    [event] = events
    assert event["source"] == "aws.s3"
    assert event["resources"] == ["arn:aws:s3:::coffer-keepbucket"]
    detail = event["detail"]
    assert detail["bucket"] == {"name": "coffer-keepbucket"}
    assert detail["object"].pop("sequencer").isalnum()
    assert detail["object"] == {"key": "in/a", "size": 4, "etag": etag}
    assert detail["reason"] == "PutObject"


def test_events_are_in_the_order_of_the_changes(on_external: LocalStack, client: S3Client) -> None:
    class Pages:
        def paginate(self, **_: object) -> list[dict[str, Any]]:
            at = datetime(2026, 11, 22, tzinfo=UTC)
            return [
                {
                    "Contents": [
                        {"Key": key, "ETag": '"e"', "Size": 1, "LastModified": at + after}
                        for key, after in (
                            ("in/a", timedelta(seconds=2)),
                            ("in/b", timedelta(seconds=1)),
                        )
                    ]
                }
            ]

    class Listing:
        def get_paginator(self, _name: str) -> Pages:
            return Pages()

    seen: list[str] = []
    poller = BucketPoller(
        Listing(),  # type: ignore[arg-type]  # all that a watch asks a client for
        "b",
        ["in/"],
        "us-east-1",
        on_external.clock.now,
        lambda event: seen.append(event["detail"]["object"]["key"]),
    )
    poller.run_once()
    assert seen == ["in/b", "in/a"]


def test_there_is_a_pause_between_two_listings(on_external: LocalStack, client: S3Client) -> None:
    poller = BucketPoller(
        client,
        on_external.name("KeepBucket"),
        ["in/"],
        "us-east-1",
        on_external.clock.now,
        lambda _event: None,
        pause_seconds=60,
    )
    assert not poller.run_once()
    put(client, on_external, "in/a")
    assert not poller.run_once()
    poller.reset()
    assert poller.run_once()


def rule(*keys: Any, bus: str = "default", enabled: bool = True, **pattern: Any) -> Rule:
    detail: dict[str, Any] = {"bucket": {"name": ["things"]}}
    if keys:
        detail["object"] = {"key": list(keys)}
    return Rule(
        "Rule", "rule", bus, {"source": ["aws.s3"], "detail": detail, **pattern}, enabled, ()
    )


@pytest.mark.parametrize(
    ("rules", "prefixes"),
    [
        ([], ()),
        ([rule({"prefix": "in/"})], ("in/",)),
        ([rule({"prefix": "in/"}, {"prefix": "out/"})], ("in/", "out/")),
        ([rule({"prefix": "in/"}), rule({"prefix": "in/a/"})], ("in/",)),
        ([rule("in/a")], ("in/a",)),
        ([rule({"suffix": ".zip"})], ("",)),
        ([rule()], ("",)),
        ([rule({"prefix": "in/"}), rule()], ("",)),
        ([rule(bus="another")], ()),
        ([rule(enabled=False)], ()),
        ([rule(source=["coffer"])], ()),
        ([rule(detail={"bucket": {"name": ["others"]}})], ()),
        ([rule(detail={})], ("",)),
        ([rule(source=[{"prefix": "aws."}])], ("",)),
        ([rule(detail={"bucket": {"name": [{"prefix": "thi"}]}})], ("",)),
    ],
)
def test_the_prefixes_of_the_rules_are_listed(rules: list[Rule], prefixes: tuple[str, ...]) -> None:
    assert prefixes_in_rules(rules, "things") == prefixes


# ---------------------------------------------------------------- names


def test_buckets_are_named_after_the_one_that_was_given(
    external: ExternalStorage, tmp_path: Path
) -> None:
    external.bucket = "acme"
    with LocalStack(write_project(tmp_path), external_storage=external) as stack:
        assert stack.name("KeepBucket") == "acme-keep"
        assert stack.keys("KeepBucket") == []


@pytest.mark.parametrize(("elsewhere", "name"), [("", "mine"), ("s3.example", "coffer-raw")])
def test_the_rawstore_s_bucket_has_the_name_of_its_variable(
    tmp_path: Path, elsewhere: str, name: str
) -> None:
    template = TEMPLATE + "  RawstoreBucket: { Type: AWS::S3::Bucket }\n"
    variables = {"STORAGE_BUCKET_NAME": "mine", "STORAGE_HOSTNAME": elsewhere}
    given = {key: value for key, value in variables.items() if value}
    with LocalStack(write_project(tmp_path, template), environment=given) as stack:
        assert stack.name("RawstoreBucket").startswith(name)
        assert stack.client("s3").list_objects_v2(Bucket=stack.name("RawstoreBucket"))
