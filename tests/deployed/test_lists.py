"""A role may list the object store only below the prefixes that its function reads."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.deployed.deployment import Deployment
from tests.deployed.emulator import Emulator


@pytest.mark.parametrize(
    ("query", "is_allowed"),
    [
        ({"Prefix": "objects/mybucket/none"}, True),
        ({"Prefix": "incoming/"}, False),
        ({"Prefix": ""}, False),
        ({}, False),
    ],
)
def test_a_list_needs_one_of_the_prefixes(
    emulator: Emulator, deployment: Deployment, query: dict[str, str], is_allowed: bool
) -> None:
    bucket = deployment.resources["ObjectBucket"]
    s3 = emulator.client_of_role("s3", deployment.resources["DownloadFileFunctionRole"])
    if is_allowed:
        assert s3.list_objects_v2(Bucket=bucket, **query)["KeyCount"] == 0
        return
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket=bucket, **query)
