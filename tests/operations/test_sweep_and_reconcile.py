"""The commands sweep and reconcile."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from operations.commands import main
from operations.installation import LocalInstallation
from operations.reconcile import keys_of, reconcile
from tests.api.clients import multipart
from tests.api.images import png
from tests.e2e.stacks import Stack

ROOT = Path(__file__).parents[2]


def upload(stack_process: Stack, name: str) -> str:
    headers, form = multipart(png(), name=name)
    connection = http.client.HTTPConnection("127.0.0.1", stack_process.port, timeout=20)
    try:
        connection.request("POST", "/api/v1/file/operations", form, headers)
        response = connection.getresponse()
        body = json.loads(response.read())
    finally:
        connection.close()
    assert response.status == 200, body
    return str(body["fileIdentifier"])


@pytest.fixture
def port(stack_process: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", str(stack_process.port))


def wait_for_thumbnail(stack_process: Stack, identifier: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        [item] = [
            one
            for one in stack_process.items("UploadsTable")
            if one["fileIdentifier"] == identifier
        ]
        if item["thumbnailStatus"] == "READY":
            return
        time.sleep(0.1)
    raise AssertionError("no thumbnail")


@pytest.mark.usefixtures("port")
def test_a_dry_run_lists_orphans_and_a_sweep_removes_them(
    stack_process: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    identifier = upload(stack_process, "orphan.png")
    wait_for_thumbnail(stack_process, identifier)
    assert main(["sweep"]) == 0
    assert "no orphans" in capsys.readouterr().out
    time.sleep(0.01)
    assert main(["sweep", "--age", "0", "--dry-run"]) == 0
    output = capsys.readouterr().out
    assert f"listed {identifier} operations 'orphan.png'" in output
    assert main(["sweep", "--age", "0"]) == 0
    assert re.search(rf"^removed {identifier} ", capsys.readouterr().out, re.MULTILINE)
    assert not [key for key in stack_process.objects("objects/operations/") if identifier in key]
    assert main(["sweep", "--age", "soon"]) == 1
    assert "write 20d, 12h" in capsys.readouterr().err


@pytest.mark.usefixtures("port")
def test_differences_are_reported_and_nothing_is_deleted(
    stack_process: Stack, installation: LocalInstallation, capsys: pytest.CaptureFixture[str]
) -> None:
    identifier = upload(stack_process, "kept.png")
    wait_for_thumbnail(stack_process, identifier)
    assert main(["reconcile"]) == 0
    assert "0 objects without a record, 0 records without their object" in capsys.readouterr().out

    s3, bucket = installation.client("s3"), installation.names["ObjectBucket"]
    [key] = [one for one in stack_process.objects("objects/operations/") if identifier in one]
    s3.put_object(Bucket=bucket, Key="objects/operations/stray.bin", Body=b"stray")
    s3.delete_object(Bucket=bucket, Key=key)
    lines: list[str] = []
    differences = reconcile(installation, lines.append)
    assert differences.without_record == ("objects/operations/stray.bin",)
    assert differences.without_storage == ((identifier, key),)
    assert main(["reconcile"]) == 1
    assert f"no object: {identifier} needs {key}" in capsys.readouterr().out
    s3.delete_object(Bucket=bucket, Key="objects/operations/stray.bin")
    s3.put_object(Bucket=bucket, Key=key, Body=png())
    assert main(["sweep", "--age", "0"]) == 0


@pytest.mark.usefixtures("port")
def test_a_seeded_stack_has_every_object_that_its_records_need(
    stack_process: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):  # seeding twice changes nothing
        subprocess.run(
            [sys.executable, "-m", "local", "seed", "12"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PORT": str(stack_process.port)},
            capture_output=True,
            timeout=60,
            check=True,
        )
    assert main(["reconcile"]) == 0
    assert "0 objects without a record, 0 records without their object" in capsys.readouterr().out

    seeded = {
        item["objectKey"]: item["sha1Hex"]
        for item in stack_process.items("UploadsTable")
        if item["createdBy"] == "seed"
    }
    stored = stack_process.objects("objects/seeded")
    assert {key: hashlib.sha1(body).hexdigest() for key, body in stored.items()} == seeded
    assert len(seeded) == 12


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({"uploadStatus": "AVAILABLE"}, [True, False]),
        ({"uploadStatus": "AVAILABLE", "thumbnailStatus": "READY"}, [True, True]),
        ({"uploadStatus": "PENDING"}, [False, False]),
        ({"uploadStatus": "AVAILABLE", "deletedOn": "2026"}, [False, False]),
    ],
)
def test_an_object_must_exist_while_its_record_is_readable(
    changes: dict[str, str], needed: list[bool]
) -> None:
    item = {"fileIdentifier": "f", "bucketKey": "b", "objectKey": "k", "thumbnailIdentifier": "t"}
    assert [one[2] for one in keys_of({**item, **changes})] == needed
