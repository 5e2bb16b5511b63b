"""Fixtures: one local S3 per test module, and one bucket per test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.s3 import S3Gate
from tests.local.s3.wire import ACCESS_KEY, REGION, SECRET_KEY, Gate, MovableClock

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    clock = MovableClock()
    events: list[dict[str, Any]] = []
    gate = S3Gate(
        port=0,
        credentials={ACCESS_KEY: SECRET_KEY},
        region=REGION,
        now=clock.now,
        deliver=events.append,
        folder=tmp_path_factory.mktemp("s3"),
    )
    gate.start()
    s3 = boto3.client(
        "s3",
        endpoint_url=gate.url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=REGION,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            max_pool_connections=32,
        ),
    )
    yield Gate(gate, clock, events, s3)
    s3.close()
    gate.stop()


@pytest.fixture
def gate(running: Gate) -> Iterator[Gate]:
    running.events.clear()
    yield running
    running.clock.offset -= running.clock.offset


@pytest.fixture
def bucket(gate: Gate) -> str:
    name = f"bucket-{next(numbers)}"
    gate.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


@pytest.fixture
def open_bucket(gate: Gate, bucket: str) -> str:
    """Return a bucket that accepts ACLs and allows public objects."""
    gate.s3.put_bucket_ownership_controls(
        Bucket=bucket,
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
    )
    gate.s3.delete_public_access_block(Bucket=bucket)
    return bucket


@pytest.fixture
def announced_bucket(gate: Gate, bucket: str) -> str:
    """Return a bucket that publishes its events to EventBridge."""
    gate.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    return bucket
