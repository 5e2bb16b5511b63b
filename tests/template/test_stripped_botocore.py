"""`.ci/strip_botocore.py` removes documentation from the layer, and nothing that functions use."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.loaders import Loader
from botocore.session import Session

from tests.template.template_file import ROOT

ORIGINAL = Path(botocore.__file__).parent / "data"
STRIP = ROOT / ".ci/strip_botocore.py"
CLIENTS = re.compile(r'boto3\.client\(\s*"(\w+)"')
REGIONS = ("eu-central-1", "us-east-1", "ap-southeast-7")


class NotSentError(Exception):
    """Raised in place of sending a request."""


@pytest.fixture(scope="module")
def stripped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Botocore's data as in a build."""
    target = tmp_path_factory.mktemp("botocore") / "data"
    subprocess.run([sys.executable, str(STRIP), str(ORIGINAL), str(target)], check=True)  # noqa: S603 - a script of this repository
    return target


def client(data: Path, service: str, region: str) -> Any:
    """Return a client of botocore that reads this data and nothing else."""
    session = Session()
    session.register_component(
        "data_loader", Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    )
    return session.create_client(service, region, aws_access_key_id="a", aws_secret_access_key="b")


def services(data: Path) -> set[str]:
    """Return the names of the services that have data."""
    return {one.name for one in data.iterdir() if one.is_dir()}


def without_texts(model: Any) -> Any:
    """Return a model with an empty text in place of each documentation."""
    if isinstance(model, dict):
        return {
            name: "" if name == "documentation" and isinstance(one, str) else without_texts(one)
            for name, one in model.items()
        }
    return [without_texts(one) for one in model] if isinstance(model, list) else model


def test_every_service_that_the_layer_has_a_client_of_is_kept(stripped: Path) -> None:
    sources = (ROOT / "layers/coffer/python").rglob("*.py")
    used = {name for one in sources for name in CLIENTS.findall(one.read_text(encoding="utf-8"))}
    assert len(used) > 1
    assert services(stripped) == used | {"dynamodb"}  # PynamoDB creates the client of DynamoDB


def test_the_stripped_data_is_small(stripped: Path) -> None:
    assert sum(one.stat().st_size for one in stripped.rglob("*") if one.is_file()) < 1024**2


@pytest.mark.parametrize("service", ["dynamodb", "events", "s3", "sqs"])
def test_clients_have_the_same_operations_shapes_and_endpoints(
    stripped: Path, service: str
) -> None:
    for region in REGIONS:
        clients = [client(data, service, region) for data in (stripped, ORIGINAL)]
        assert clients[0].meta.endpoint_url == clients[1].meta.endpoint_url
    model, expected = (one.meta.service_model for one in clients)
    assert model.operation_names == expected.operation_names
    assert model.shape_names == expected.shape_names
    for name in model.shape_names:
        ours, original = (one.shape_for(name)._shape_model for one in (model, expected))
        assert ours == without_texts(original)
    assert not any(model.operation_model(name).documentation for name in model.operation_names)


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("s3", "put_object", {"Bucket": "store", "Key": "a", "Body": b"", "IfNoneMatch": "*"}),
        ("sqs", "send_message", {"QueueUrl": "https://queue.example", "MessageBody": "a"}),
        ("events", "put_events", {"Entries": [{"Source": "coffer"}]}),
        ("dynamodb", "get_item", {"TableName": "a", "Key": {"id": {"S": "1"}}}),
    ],
)
def test_a_request_is_the_same(
    stripped: Path, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    sent: list[tuple[str, str, object]] = []
    for data in (stripped, ORIGINAL):
        ours = client(data, service, "eu-central-1")

        def keep(request: Any, **_: object) -> None:
            sent.append((request.method, request.url, request.body))
            raise NotSentError

        ours.meta.events.register("before-send", keep)
        with pytest.raises(NotSentError):
            getattr(ours, operation)(**arguments)
    assert sent[0][:2] == sent[1][:2]
    assert type(sent[0][2]) is type(sent[1][2])


def test_paginators_and_waiters_are_kept(stripped: Path) -> None:
    s3 = client(stripped, "s3", "us-east-1")
    assert s3.can_paginate("list_objects_v2")
    assert "object_exists" in s3.waiter_names


def test_a_folder_that_is_not_botocores_is_refused(tmp_path: Path) -> None:
    ran = subprocess.run(  # noqa: S603 - a script of this repository
        [sys.executable, str(STRIP), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert "usage" in ran.stderr
