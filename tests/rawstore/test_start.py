"""Rawstore's functions at their start: their imports, and the variables that they require.

Each test runs a fresh Python, because handlers read their settings when they are imported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.environment import REQUIRED
from tests.rawstore.tokens import CLAIMS, pem_of, rsa_key, sign

ROOT = Path(__file__).parents[2]
FUNCTIONS = ["authorize_uploads", "list_prefixes", "presign_download"]

ENVIRONMENT = {
    **REQUIRED,
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "session/token+=",
    "STORAGE_BUCKET_NAME": "store",
    "USAGE_TABLE": "usage",
    "DATAHUB_PUBLIC_KEY": pem_of(rsa_key("auth server")),
}
NO_LOOK_UPS = "from coffer.adapters.rawstore import objects; objects.BUDGET_SECONDS = -1.0\n"
SERVE = """
import json, sys
import app

class Context:
    aws_request_id = "request"

print(json.dumps(app.lambda_handler(json.load(sys.stdin), Context)))
"""


def run(
    function: str, code: str, given: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `code` in a new Python process with the function's folder and the layer in its path."""
    paths = [ROOT / "functions" / function, ROOT / "layers/coffer/python"]
    return subprocess.run(  # noqa: S603 - this interpreter, and code of this file
        [sys.executable, "-c", code],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            **{name: value for name, value in ENVIRONMENT.items() if name not in environment},
            **{name: value for name, value in environment.items() if value},
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
        },
    )


def serve(function: str, **environment: str) -> dict[str, object]:
    """Return the body of the function's response to its sample event with a valid token."""
    event = json.loads((ROOT / "events" / f"{function}.json").read_text(encoding="utf-8"))
    body = json.loads(event.get("body", "{}"))
    owner = body.get("metadata", {}).get("owner", "u1")
    claims: Mapping[str, object] = {**CLAIMS, "userid": owner}
    event["headers"]["auth-token"] = sign(rsa_key("auth server"), claims)
    ran = run(function, NO_LOOK_UPS + SERVE, json.dumps(event), **environment)
    assert ran.returncode == 0, ran.stderr
    response = json.loads(ran.stdout.splitlines()[-1])
    assert response["statusCode"] == 200, response
    document: dict[str, object] = json.loads(response["body"])
    return document


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_that_sign_or_verify_import_no_sdk(function: str) -> None:
    code = "import app, sys; print(*sys.modules)"

    modules = set(run(function, code).stdout.splitlines()[-1].split())

    # Powertools' logger imports only the small top-level package of botocore.
    forbidden = ("boto3", "botocore.session", "botocore.client", "pynamodb", "PIL", "jwt")
    assert "coffer.adapters.tokens.permission" in modules
    assert {name for name in modules if name.startswith(forbidden)} == set()


def test_the_sample_event_of_authorize_is_signed_for_the_role() -> None:
    document = serve("authorize_uploads")

    filedata = document["filedata"]
    assert isinstance(filedata, dict)
    [file] = filedata.values()
    assert file["upload_url"] == "https://s3.eu-west-1.amazonaws.com/store"
    assert file["upload_query"]["x-amz-security-token"] == "session/token+="
    assert "/eu-west-1/s3/" in file["upload_query"]["x-amz-credential"]
    assert file["exists"] is False


def test_the_sample_event_of_info_names_the_regional_address_first() -> None:
    prefixes = serve("list_prefixes")["prefixes"]

    assert isinstance(prefixes, list)
    assert prefixes[0] == "https://s3.eu-west-1.amazonaws.com/store/u1"
    assert len(prefixes) == len(set(prefixes)) == 8


def test_another_store_is_used_with_its_host_and_keys() -> None:
    document = serve(
        "authorize_uploads",
        STORAGE_HOSTNAME="minio.example:9000",
        STORAGE_ACCESS_KEY_ID="theirs",
        STORAGE_SECRET_ACCESS_KEY="their secret",
        STORAGE_PATH_PATTERN="{md5_hex}{extension}",
        RAWSTORE_ACL="bucket-owner-full-control",
    )

    filedata = document["filedata"]
    assert isinstance(filedata, dict)
    [file] = filedata.values()
    query = file["upload_query"]
    assert file["upload_url"] == "https://minio.example:9000/store"
    assert query["x-amz-credential"].startswith("theirs/")
    assert "x-amz-security-token" not in query
    assert query["acl"] == "bucket-owner-full-control"
    assert query["key"] == "12f2f7580dc966ac9992460e8f8c94aa.png"


def test_prefixes_of_another_store_have_its_host_without_the_port() -> None:
    prefixes = serve("list_prefixes", STORAGE_HOSTNAME="http://minio.example:9000")["prefixes"]

    assert isinstance(prefixes, list)
    assert prefixes[:2] == [
        "http://minio.example:9000/store/u1",
        "http://minio.example:80/store/u1",
    ]


@pytest.mark.parametrize(
    ("function", "environment", "variable"),
    [
        *((f, {"DATAHUB_PUBLIC_KEY": "no key"}, "DATAHUB_PUBLIC_KEY") for f in FUNCTIONS),
        *((f, {"DATAHUB_PUBLIC_KEY": ""}, "DATAHUB_PUBLIC_KEY_URL") for f in FUNCTIONS),
        *((f, {"STORAGE_BUCKET_NAME": ""}, "STORAGE_BUCKET_NAME") for f in FUNCTIONS),
        ("authorize_uploads", {"USAGE_TABLE": ""}, "USAGE_TABLE"),
        ("authorize_uploads", {"STORAGE_ACCESS_KEY_ID": "half"}, "STORAGE_SECRET_ACCESS_KEY"),
        ("authorize_uploads", {"STORAGE_PATH_PATTERN": "{other}"}, "STORAGE_PATH_PATTERN"),
        *(
            (f, {"STORAGE_PATH_PATTERN": "{owner}-{dataset}/{path}"}, "STORAGE_PATH_PATTERN")
            for f in ("authorize_uploads", "presign_download")
        ),
        ("authorize_uploads", {"RAWSTORE_ACL": "public-read-write"}, "RAWSTORE_ACL"),
    ],
)
def test_an_invalid_variable_is_named_at_the_start(
    function: str, environment: dict[str, str], variable: str
) -> None:
    ran = run(function, "import app", **environment)

    assert ran.returncode != 0
    assert variable in ran.stderr.splitlines()[-1]
    assert "no key" not in ran.stderr.splitlines()[-1]
