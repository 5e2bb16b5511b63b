"""One successful call of every route on the deployed stack, each under the function's own role."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tests.deployed.client import ApiClient, called_routes, epub, png
from tests.deployed.deployment import Deployment
from tests.deployed.emulator import Emulator
from tests.deployed.test_main_job import create_metadata, ready, upload_file

SUCCESS = frozenset({200, 201, 202, 204, 302, 303, 307})


def document(
    kind: str,
    attributes: Mapping[str, object] | None = None,
    identifier: str | None = None,
    derived_from: str | None = None,
) -> dict[str, Any]:
    """Return a resource object."""
    resource: dict[str, Any] = {"type": kind}
    if identifier:
        resource["id"] = identifier
    if attributes is not None:
        resource["attributes"] = attributes
    if derived_from:
        source = {"data": {"type": "metadata", "id": derived_from}}
        resource["relationships"] = {"acDerivedFrom": source}
    return resource


class Checked:
    """Calls the API and fails unless the status says success."""

    def __init__(self, api: ApiClient) -> None:
        self.api = api

    def __call__(self, method: str, path: str, data: object = None, **options: Any) -> Any:
        if data is None:
            response = self.api.call(method, path, **options)
        else:
            response = self.api.send(method, path, {"data": data})
        assert response.status_code in SUCCESS, f"{method} {path}: {response.text}"
        is_json = "json" in response.headers.get("Content-Type", "")
        return response.json() if response.content and is_json else {}


def test_the_vocabulary_is_edited_and_read(api: ApiClient) -> None:
    call = Checked(api)
    name = f"Sheet condition {uuid.uuid4().hex[:6]}"
    described = {"descriptions": [{"lang": "en", "desc": "The state of the sheet."}]}
    attributes = {
        "name": name,
        "vocabularyElementType": "STRING",
        "acceptedValues": ["good", "torn"],
        "multilingualDescription": described,
    }
    created = call("POST", "/api/v1/managed-attribute", document("managed-attribute", attributes))
    attribute, key = created["data"]["id"], created["data"]["attributes"]["key"]
    path = f"/api/v1/managed-attribute/{attribute}"
    changed = {"acceptedValues": ["good", "torn", "new"]}
    call("PATCH", path, document("managed-attribute", changed, attribute))
    call("GET", "/api/v1/managed-attribute")
    call("GET", path)
    subtype_attributes = {"dcType": "IMAGE", "acSubtype": f"Drawing {uuid.uuid4().hex[:6]}"}
    created = call("POST", "/api/v1/object-subtype", document("object-subtype", subtype_attributes))
    subtype = created["data"]["id"]
    call("GET", "/api/v1/object-subtype")
    call("GET", f"/api/v1/object-subtype/{subtype}")
    renamed = {"acSubtype": f"DRAWING {uuid.uuid4().hex[:6]}"}
    call(
        "PATCH",
        f"/api/v1/object-subtype/{subtype}",
        document("object-subtype", renamed, subtype),
    )
    file = upload_file(api, png())["fileIdentifier"]
    metadata = create_metadata(api, file)
    used = {"managedAttributes": {key: "good"}, "acCaption": "A leaf"}
    call("PATCH", f"/api/v1/metadata/{metadata}", document("metadata", used, metadata))
    call("DELETE", f"/api/v1/metadata/{metadata}")
    call("DELETE", f"/api/v1/object-subtype/{subtype}")
    call("DELETE", path)


def test_look_ups_answer(api: ApiClient) -> None:
    call = Checked(api)
    for path in (
        "health",
        "docs",
        "openapi.json",
        "media-type",
        "media-type/image/png",
        "api-info",
    ):
        call("GET", f"/api/v1/{path}")
    licences = call("GET", "/api/v1/license")["data"]
    call("GET", f"/api/v1/license/{licences[0]['id']}")
    configurations = call("GET", "/api/v1/config")["data"]
    call("GET", f"/api/v1/config/{configurations[0]['id']}")
    call("POST", "/api/v1/permission-check", document("metadata", {}))


def test_files_and_their_records_are_read_changed_and_deleted(api: ApiClient) -> None:
    call = Checked(api)
    first, second = (upload_file(api, png())["fileIdentifier"] for _ in range(2))
    create_metadata(api, first)
    call("HEAD", f"/api/v1/file/mybucket/{first}")
    ready(api, f"/api/v1/file/mybucket/{first}/thumbnail")
    call("HEAD", f"/api/v1/file/mybucket/{first}/thumbnail")
    call("GET", f"/api/v1/file-info/mybucket/{first}.png")
    call("GET", "/api/v1/object-upload")
    call("GET", f"/api/v1/object-upload/{first}")
    book = upload_file(api, epub())["fileIdentifier"]
    call("GET", f"/api/v1/object-upload/{book}/contents")
    loaded = [document("object-upload", identifier=one) for one in (first, second)]
    call("POST", "/api/v1/object-upload/bulk-load", loaded)
    corrected = document("object-upload", {"originalFilename": "leaf.png"}, second)
    call("PATCH", f"/api/v1/object-upload/{second}", corrected)
    call("DELETE", f"/api/v1/object-upload/{second}")


def test_records_are_written_in_bulk_and_listed(api: ApiClient) -> None:
    call = Checked(api)
    files = [upload_file(api, png())["fileIdentifier"] for _ in range(3)]
    attributes = [{"bucket": "mybucket", "fileIdentifier": file} for file in files[:2]]
    created = call(
        "POST", "/api/v1/metadata/bulk", [document("metadata", one) for one in attributes]
    )
    identifiers = [one["id"] for one in created["data"]]
    changed = [document("metadata", {"acCaption": "A leaf"}, one) for one in identifiers]
    call("PATCH", "/api/v1/metadata/bulk", changed)
    call(
        "POST",
        "/api/v1/metadata/bulk-load",
        [document("metadata", identifier=one) for one in identifiers],
    )
    call("GET", "/api/v1/metadata?include=derivatives&filter[bucket]=mybucket")
    call("GET", f"/api/v1/metadata/{identifiers[0]}?include=derivatives")
    names = "filter[type][EQ]=metadata&filter[name][EQ]=my-image.png&filter[group][EQ]=mybucket"
    for root in ("/api/v1", ""):
        call("GET", f"{root}/resource-name-identifier?{names}")
    call("GET", "/api/v1/audit-snapshot?filter[author]=alice")
    create_metadata_once(api, files[2])


def create_metadata_once(api: ApiClient, file: str) -> None:
    """Send the same request twice under one idempotency key."""
    attributes = {"bucket": "mybucket", "fileIdentifier": file}
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    responses = [
        api.send("POST", "/api/v1/metadata", {"data": document("metadata", attributes)}, **headers)
        for _ in range(2)
    ]
    assert [one.status_code for one in responses] == [201, 201]
    assert responses[0].json()["data"]["id"] == responses[1].json()["data"]["id"]


def test_derivatives_are_created_changed_and_deleted(api: ApiClient) -> None:
    call = Checked(api)
    metadata = create_metadata(api, upload_file(api, png())["fileIdentifier"])
    files = [upload_file(api, png(), "/derivative")["fileIdentifier"] for _ in range(3)]
    new = [
        document("derivative", {"dcType": "IMAGE", "fileIdentifier": one}, derived_from=metadata)
        for one in files
    ]
    derivative = call("POST", "/api/v1/derivative", new[0])["data"]["id"]
    created = call("POST", "/api/v1/derivative/bulk", new[1:])
    in_bulk = [one["id"] for one in created["data"]]
    released = {"publiclyReleasable": True}
    call(
        "PATCH",
        "/api/v1/derivative/bulk",
        [document("derivative", released, one) for one in in_bulk],
    )
    call(
        "POST",
        "/api/v1/derivative/bulk-load",
        [document("derivative", identifier=one) for one in in_bulk],
    )
    call("GET", "/api/v1/derivative")
    path = f"/api/v1/derivative/{derivative}"
    call("GET", f"{path}?include=acDerivedFrom")
    call("PATCH", path, document("derivative", released, derivative))
    source, person = {"type": "metadata", "id": metadata}, {"type": "person", "id": derivative}
    call("GET", f"/api/v1/metadata/{metadata}/derivatives")
    call("GET", f"/api/v1/metadata/{metadata}/relationships/derivatives")
    call("PATCH", f"/api/v1/metadata/{metadata}/relationships/dcCreator", person)
    call("GET", f"{path}/acDerivedFrom")
    call("GET", f"{path}/relationships/acDerivedFrom")
    call("PATCH", f"{path}/relationships/acDerivedFrom", source)
    call("GET", f"/api/v1/file/mybucket/derivative/{files[0]}")
    call("HEAD", f"/api/v1/file/mybucket/derivative/{files[0]}")
    call("GET", f"/api/v1/file-info/mybucket/derivative/{files[0]}.png")
    call("DELETE", path)
    call("DELETE", f"/api/v1/metadata/{metadata}")
    assert api.call("GET", f"/api/v1/metadata/{metadata}").status_code == 410


def test_administrators_ask_for_thumbnails_and_index_refreshes(api: ApiClient) -> None:
    call = Checked(api)
    metadata = create_metadata(api, upload_file(api, png())["fileIdentifier"])
    for root in ("/api/v1", ""):
        call("POST", f"{root}/index-refresh", document("index-refresh", {"docType": "metadata"}))
        wanted = {"metadataUuid": metadata, "derivativeType": "THUMBNAIL_IMAGE"}
        generation = document("derivative-generation", wanted)
        response = api.send("POST", f"{root}/derivative-generation", {"data": generation})
        # 422 says that the thumbnail is there already, which the function read under its role.
        assert response.status_code in (*SUCCESS, 422), response.text


def test_exports_are_listed_and_opened(api: ApiClient) -> None:
    call = Checked(api)
    file = upload_file(api, png())["fileIdentifier"]
    exports = []
    for root in ("/api/v1", ""):
        export = document("object-export", {"name": "one file", "fileIdentifiers": [file]})
        exports.append(call("POST", f"{root}/object-export", export)["data"]["id"])
    call("GET", "/api/v1/object-export")
    for root, export in zip(("/api/v1", ""), exports, strict=True):
        path = f"/api/v1/object-export/{export}"
        end = time.monotonic() + 60
        while call("GET", path)["data"]["attributes"]["status"] != "COMPLETED":
            assert time.monotonic() < end, "the archive was not built within 60 s"
            time.sleep(0.3)
        key = call("POST", f"{path}/key")["data"]["id"]
        call("HEAD", f"{root}/toa/{key}")
        call("GET", f"{root}/toa/{key}")


def test_files_are_uploaded_in_parts_with_a_token_and_with_a_grant(api: ApiClient) -> None:
    by_grant = {"headers": {"Authorization": ""}}
    root = "/api/v1/upload-grant/mybucket"
    created = api.call("POST", root, json={"maxBytes": 10_000_000})
    assert created.status_code == 201, created.text
    grant = created.json()
    for base, options in (
        ("/api/v1/uppy/mybucket/s3", {}),
        (f"/api/v1/uppy/grant/{grant['grant']}/s3", by_grant),
    ):
        assert _upload_in_parts(api, base, options)
    assert api.call("DELETE", f"{root}/{grant['id']}").status_code == 204


def _upload_in_parts(api: ApiClient, base: str, options: Mapping[str, Any]) -> str:
    """Call every route of Uppy and return the location of the file."""
    call = Checked(api)
    call("GET", f"{base}/params?filename=a.txt&type=text/plain", **options)
    started = api.call("POST", f"{base}/multipart", json={"filename": "a.txt"}, **options)
    assert started.status_code == 200, started.text
    ids = started.json()
    session, query = f"{base}/multipart/{ids['uploadId']}", f"?key={quote(ids['key'], safe='')}"
    call("GET", f"{session}/batch{query}&partNumbers=1", **options)
    url = call("GET", f"{session}/1{query}", **options)["url"]
    assert api.put(url, b"some text").status_code == 200
    parts = call("GET", f"{session}{query}", **options)
    listed = [{name: part[name] for name in ("PartNumber", "ETag")} for part in parts]
    path = f"{session}/complete{query}"
    completed = api.call("POST", path, json={"parts": listed}, **options)
    assert completed.status_code == 200, completed.text
    call("DELETE", f"{session}{query}", **options)
    return str(completed.json()["location"])


def test_every_route_was_called_with_success(
    api: ApiClient, deployment: Deployment, figures: dict[str, str]
) -> None:
    """Runs last: a route that no test here calls is a route that was not tried on AWS's rules."""
    for path in ("/rawstore/more", "/api/v1/derivative/more"):
        # The greedy routes serve a trailing slash, which this emulator does not match with them.
        # They reach their function, which answers that there is nothing further below.
        assert api.call("POST", path, data="{}").status_code in (404, 405)
    hit = set(called_routes(deployment.route_keys, api.calls).values())
    figures["routes called"] = f"{len(hit)} of {len(deployment.route_keys)}"
    assert deployment.route_keys - hit == set()


def test_no_message_was_left_behind(emulator: Emulator, deployment: Deployment) -> None:
    sqs = emulator.client("sqs")
    counts = {
        name: sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]["ApproximateNumberOfMessages"]
        for name, url in deployment.resources.items()
        if name.endswith("DeadLetterQueue")
    }
    assert {name: count for name, count in counts.items() if int(count)} == {}
