"""The main job on the deployed stack: every function runs under its own role."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile

import pytest
import requests
from PIL import Image

from tests.deployed.client import ApiClient, png, wait_for
from tests.deployed.deployment import ORIGIN, ROOT, Deployment
from tests.deployed.emulator import Emulator
from tests.deployed.issuer import Issuer

OWNER = "5f1c9d2e"
CSV = b"species,count\nowl,2\n"


def upload_file(api: ApiClient, body: bytes, path: str = "") -> dict[str, str]:
    """Upload a small file through the API and return the response document."""
    files = {"file": ("my-image.png", body, "image/png")}
    response = api.call("POST", f"/api/v1/file/mybucket{path}", files=files)
    assert response.status_code == 200, response.text
    document: dict[str, str] = response.json()
    return document


def create_metadata(api: ApiClient, file_identifier: str) -> str:
    """Describe a file and return the id of the metadata record."""
    attributes = {"bucket": "mybucket", "fileIdentifier": file_identifier}
    document = {"data": {"type": "metadata", "attributes": attributes}}
    response = api.send("POST", "/api/v1/metadata", document)
    assert response.status_code == 201, response.text
    return str(response.json()["data"]["id"])


def ready(api: ApiClient, path: str) -> requests.Response:
    """Wait until a route answers 200 or redirects."""

    def probe() -> requests.Response | None:
        response = api.call("GET", path)
        return response if response.status_code in (200, 302, 303, 307) else None

    return wait_for(probe)


def test_the_emulator_listens_on_loopback_only(emulator: Emulator, deployment: Deployment) -> None:
    assert emulator.listening_addresses() == {"127.0.0.1"}


def test_a_request_without_a_token_is_refused(api: ApiClient) -> None:
    response = api.call("GET", "/api/v1/media-type", headers={"Authorization": ""})
    assert response.status_code == 401


def test_an_unknown_path_gets_our_error_document(api: ApiClient) -> None:
    response = api.call("GET", "/api/v1/nothing")
    assert response.status_code == 404
    assert response.json()["errors"][0]["status"] == "404"


def test_a_preflight_is_allowed_for_the_configured_origin(api: ApiClient) -> None:
    response = api.call(
        "OPTIONS",
        "/api/v1/metadata",
        headers={
            "Authorization": "",
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    assert response.status_code in (200, 204)
    assert response.headers["access-control-allow-origin"] == ORIGIN


def test_the_default_route_responds_to_a_preflight(
    emulator: Emulator, deployment: Deployment
) -> None:
    """On AWS a preflight reaches `$default`, whose status must be a success.

    This emulator responds to preflights itself, so the function is invoked directly.
    """
    event = json.loads((ROOT / "events/answer_unrouted.json").read_text(encoding="utf-8"))
    event["requestContext"]["http"]["method"] = "OPTIONS"
    response = invoke(emulator, deployment, "AnswerUnroutedFunction", event)
    assert isinstance(response, dict)
    assert response["statusCode"] == 204


def test_a_file_through_the_api_is_kept_described_and_gets_a_thumbnail(api: ApiClient) -> None:
    body = png()
    uploaded = upload_file(api, body)
    file_identifier = uploaded["fileIdentifier"]
    metadata = create_metadata(api, file_identifier)

    assert api.download(f"/api/v1/file/mybucket/{file_identifier}") == body
    thumbnail_path = f"/api/v1/file/mybucket/derivative/{uploaded['thumbnailIdentifier']}"
    ready(api, thumbnail_path)
    thumbnail = Image.open(io.BytesIO(api.download(thumbnail_path)))
    assert (thumbnail.format, max(thumbnail.size)) == ("JPEG", 200)
    wait_for(lambda: api.call("GET", "/api/v1/metadata?filter[bucket]=mybucket").json()["data"])
    audit = f"/api/v1/audit-snapshot?filter[instanceId]=metadata/{metadata}"
    wait_for(lambda: api.call("GET", audit).json().get("data"))


def test_a_presigned_post_puts_a_file_into_the_store(api: ApiClient) -> None:
    response = api.call(
        "POST", "/api/v1/upload/mybucket", json={"files": [{"originalFilename": "direct.png"}]}
    )
    assert response.status_code in (200, 201), response.text
    file = response.json()["files"][0]
    elsewhere = file["upload"]["fields"] | {"key": "objects/elsewhere"}
    assert api.post_form(file["upload"] | {"fields": elsewhere}, png()).status_code == 403
    body = png(900, 300)
    assert api.post_form(file["upload"], body).status_code in (200, 201, 204)

    identifier = file["fileIdentifier"]
    record = ready(api, f"/api/v1/object-upload/{identifier}").json()["data"]["attributes"]
    assert record["sha1Hex"] == hashlib.sha1(body, usedforsecurity=False).hexdigest()
    ready(api, f"/api/v1/file/mybucket/{identifier}/thumbnail")


def test_an_export_becomes_an_archive(api: ApiClient) -> None:
    bodies = [png(), png()]
    identifiers = [upload_file(api, body)["fileIdentifier"] for body in bodies]
    attributes = {"name": "my export", "fileIdentifiers": identifiers}
    document = {"data": {"type": "object-export", "attributes": attributes}}
    response = api.send("POST", "/api/v1/object-export", document)
    assert response.status_code in (200, 201, 202), response.text
    export = response.json()["data"]["id"]

    def finished() -> str | None:
        shown = api.call("GET", f"/api/v1/object-export/{export}").json()["data"]["attributes"]
        return shown["status"] if shown["status"] in ("COMPLETED", "ERROR") else None

    assert wait_for(finished) == "COMPLETED"
    key = api.call("POST", f"/api/v1/object-export/{export}/key").json()["data"]["id"]
    archive = zipfile.ZipFile(io.BytesIO(api.download(f"/api/v1/toa/{key}")))
    assert sorted(map(archive.read, archive.namelist())) == sorted(bodies)


@pytest.mark.parametrize(("findability", "anonymous"), [("private", 403), ("published", 200)])
def test_a_dataset_is_pushed_to_the_rawstore(
    api: ApiClient, issuer: Issuer, findability: str, anonymous: int
) -> None:
    permissions = {"max_private_storage_mb": 100, "max_public_storage_mb": 100}
    headers = {"Authorization": "", "Auth-Token": issuer.rawstore_token(OWNER, permissions)}
    name = f"data/{findability}.csv"
    md5 = base64.b64encode(hashlib.md5(CSV, usedforsecurity=False).digest()).decode()
    request = {
        "metadata": {"owner": OWNER, "dataset": "birds", "findability": findability},
        "filedata": {name: {"length": len(CSV), "md5": md5}},
    }
    response = api.call("POST", "/rawstore/authorize", headers=headers, data=json.dumps(request))
    assert response.status_code == 200, response.text
    upload = response.json()["filedata"][name]
    form = {"url": upload["upload_url"], "fields": upload["upload_query"]}
    assert api.post_form(form, CSV).status_code in (200, 201, 204)

    url = f"{upload['upload_url']}/{upload['upload_query']['key']}"
    assert api.fetch(url).status_code == anonymous
    query = {"ownerid": OWNER, "url": url}
    presigned = api.call("GET", "/rawstore/presign", headers=headers, params=query)
    assert presigned.status_code == 200, presigned.text
    assert api.fetch(presigned.json()["url"]).content == CSV
    assert api.call("GET", "/rawstore/info", headers=headers).status_code == 200


def test_rawstore_usage_is_counted(emulator: Emulator, deployment: Deployment) -> None:
    """Depends on the pushes above: S3's events reach `record_usage` through a queue."""
    dynamodb = emulator.client("dynamodb")
    table = deployment.outputs["UsageTableName"]
    wait_for(lambda: len(dynamodb.scan(TableName=table)["Items"]) >= 3)


def invoke(emulator: Emulator, deployment: Deployment, function: str, event: object) -> object:
    """Invoke a function and return its result; fail with its error."""
    result = emulator.client("lambda").invoke(
        FunctionName=deployment.resources[function], Payload=json.dumps(event).encode()
    )
    body = result["Payload"].read()
    assert not result.get("FunctionError"), body
    return json.loads(body)


def test_the_sweep_removes_an_orphan(
    api: ApiClient, emulator: Emulator, deployment: Deployment
) -> None:
    orphan = upload_file(api, png(50, 50))["fileIdentifier"]

    def removed() -> bool:
        invoke(emulator, deployment, "RemoveOrphansFunction", {"age": "0s"})
        return api.call("GET", f"/api/v1/object-upload/{orphan}").status_code == 410

    wait_for(removed)


def test_housekeeping_runs(emulator: Emulator, deployment: Deployment) -> None:
    invoke(emulator, deployment, "KeepHouseFunction", {})


def test_a_role_without_its_policy_is_refused(
    api: ApiClient, emulator: Emulator, deployment: Deployment
) -> None:
    """The control of this whole suite: without it, green says nothing about policies."""
    iam = emulator.client("iam")
    role = deployment.resources["GetObjectUploadFunctionRole"]
    path = f"/api/v1/object-upload/{upload_file(api, png())['fileIdentifier']}"
    policies = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }
    for name in policies:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        assert api.call("GET", path).status_code >= 500
    finally:
        for name, document in policies.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
    assert api.call("GET", path).status_code == 200


def test_every_queue_stream_and_schedule_is_connected(emulator: Emulator) -> None:
    mappings = emulator.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert {mapping["State"] for mapping in mappings} == {"Enabled"}
    assert len(emulator.client("scheduler").list_schedules()["Schedules"]) == 2
