"""Exports through the API's routes: names, refusals, keys, and a consumer of the bus."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from coffer.adapters.dynamodb.export.exports import DynamoAccessKeys, DynamoExports
from coffer.adapters.system_clock import SystemClock
from coffer.domain.errors import NotFoundError
from coffer.domain.export.access_keys import PresentedKey
from coffer.domain.export.layout import MIB
from local.control.server import readable_entry
from local.gateway.api import Response
from local.gateway.http_server import ApiServer
from local.stack import LocalStack
from tests.api.clients import describe, post, presigned_post, problems, upload
from tests.api.images import jpeg, png
from tests.api.test_export import ask
from tests.architecture.source_files import ROOT
from tests.fakes.bodies import GeneratedBody
from tests.fakes.records import identifier

BINARY = "application/octet-stream"


def uploaded(stack: LocalStack, body: bytes, name: str, media_type: str | None = None) -> str:
    """Upload a file and return its fileIdentifier."""
    response = upload(stack, body, name=name, media_type=media_type)
    assert response.status == 200, response.text
    return str(response.json()["fileIdentifier"])


def uploaded_to_s3(stack: LocalStack, size_bytes: int, seed: int, name: str) -> str:
    """Upload a file straight to S3 and return its fileIdentifier."""
    offered = presigned_post(stack, name=name)
    assert post(offered, GeneratedBody(seed, size_bytes).read(0, size_bytes)) == 201
    return str(offered["fileIdentifier"])


def built(stack: LocalStack, response: Response) -> dict[str, Any]:
    """Return the attributes of an export after its build."""
    assert response.status == 201, response.text
    stack.settle()
    shown = stack.request("GET", f"/api/v1/object-export/{response.json()['data']['id']}")
    assert shown.status == 200, shown.text
    return dict(shown.json()["data"]["attributes"])


def key_of(stack: LocalStack, response: Response) -> str:
    """Return a new access key for an export's archive."""
    made = stack.request("POST", f"/api/v1/object-export/{response.json()['data']['id']}/key")
    assert made.status == 201, made.text
    return str(made.json()["data"]["id"])


def archive_of(stack: LocalStack, response: Response) -> bytes:
    """Return the archive of a requested export."""
    assert built(stack, response)["status"] in ("COMPLETED", "PARTIAL")
    opened = stack.request("GET", f"/toa/{key_of(stack, response)}")
    if opened.status == 307:
        with urlopen(str(opened.header("location"))) as link:  # noqa: S310 - our own store
            return bytes(link.read())
    assert opened.status == 200
    return opened.body


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Käfer 2026", "Käfer 2026.zip"), ("a.ZIP", "a.ZIP"), ("a/b", "a_b.zip"), ("..", None)],
)
def test_the_name_of_the_export_is_that_of_the_download(
    stack: LocalStack, name: str, shown: str | None
) -> None:
    file = uploaded(stack, png(), "a.png")
    stack.settle()
    response = ask(stack, [file], name=name)
    assert built(stack, response)["status"] == "COMPLETED"

    opened = stack.request("GET", f"/toa/{key_of(stack, response)}")

    expected = shown or f"{response.json()['data']['id']}.zip"
    assert f"filename*=UTF-8''{quote(expected, safe='')};" in str(
        opened.header("content-disposition")
    )


def names_in(archive: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return opened.namelist()


def test_layout_and_aliases_of_the_seed(stack: LocalStack) -> None:
    file = uploaded(stack, png(), "leaf.png")
    response = ask(
        stack,
        [file],
        name="my export",
        exportLayout={"subfolder/": [file]},
        filenameAliases={file: "myFileAlias"},
    )
    attributes = response.json()["data"]["attributes"]
    assert attributes["fileIdentifiers"] == [file]
    assert attributes["exportLayout"] == {"subfolder/": [file]}
    assert attributes["status"] == "NEW"
    assert names_in(archive_of(stack, response)) == ["subfolder/myFileAlias.png"]


def test_the_naming_cases_of_the_reference(stack: LocalStack) -> None:
    flat = upload(stack, png(), name="testfile.png").json()
    file = flat["fileIdentifier"]
    stack.settle()
    assert describe(stack, file, publiclyReleasable=True).status == 201
    thumbnail = flat["thumbnailIdentifier"]
    response = ask(
        stack,
        [file, thumbnail],
        filenameAliases={file: "testFileAlias"},
        exportLayout={"thumb/": [thumbnail]},
    )
    archive = archive_of(stack, response)
    assert names_in(archive) == ["testFileAlias.png", "thumb/testfile_thumbnail.jpg"]


def test_the_resized_image_of_the_reference(stack: LocalStack) -> None:
    file = uploaded(stack, jpeg(), "testfile.jpg", "image/jpeg")
    for factor in ("0.5", 0.5):
        function = {"functionDef": "IMG_RESIZE", "params": {"factor": factor}}
        archive = archive_of(stack, ask(stack, [file], exportFunction=function))
        assert names_in(archive) == ["testfile_resized.jpg"]


def test_relative_paths_are_the_folders_of_the_archive(stack: LocalStack) -> None:
    names = (
        "field/Que\u0301bec/plot.R", "field/plot.R", "Field/PLOT.r", "plot.R", "a.bin", "con/a.R",
        "a.bin/b.R", f"{'é' * 200}/b.R",
    )  # fmt: skip
    files = [uploaded(stack, bytes([number]), name, BINARY) for number, name in enumerate(names)]
    response = ask(stack, files, useRelativePaths=True)
    assert response.json()["data"]["attributes"]["useRelativePaths"] is True
    assert names_in(archive_of(stack, response)) == [
        "field/Québec/plot.R", "field/plot.R", "Field/PLOT(1).r", "plot.R", "a(1).bin", "con_/a.R",
        "a.bin/b.R", f"{'é' * 127}/b.R",
    ]  # fmt: skip
    aliases = {files[1]: "x/y"}
    response = ask(stack, files[:2], useRelativePaths=True, filenameAliases=aliases)
    archive = archive_of(stack, response)
    assert names_in(archive) == ["field/Québec/plot.R", "field/x_y.R"]
    for unused in (False, None):
        archive = archive_of(stack, ask(stack, files[:2], useRelativePaths=unused))
        assert names_in(archive) == ["plot.R", "plot(1).R"]


def test_a_thumbnail_and_a_transformed_image_are_in_the_folder_of_their_file(
    stack: LocalStack,
) -> None:
    flat = upload(stack, jpeg(), name="a/b/leaf.jpg", media_type="image/jpeg").json()
    stack.settle()
    assert describe(stack, flat["id"], publiclyReleasable=True).status == 201
    files = [flat["id"], flat["thumbnailIdentifier"]]
    function = {"functionDef": "IMG_RESIZE", "params": {"factor": 0.5}}
    response = ask(stack, files, useRelativePaths=True, exportFunction=function)
    assert names_in(archive_of(stack, response)) == [
        "a/b/leaf_resized.jpg", "a/b/leaf_thumbnail_resized.jpg",
    ]  # fmt: skip


def test_files_with_the_same_name_are_numbered(stack: LocalStack) -> None:
    files = [uploaded(stack, bytes([number]), "a.bin", BINARY) for number in range(3)]
    files.append(uploaded(stack, b"x", "A.bin", BINARY))
    names = names_in(archive_of(stack, ask(stack, files)))
    assert names == ["a.bin", "a(1).bin", "a(2).bin", "A(1).bin"] or names[3] == "A(3).bin"
    assert len({name.lower() for name in names}) == 4


TOOLS = {
    "unzip": ["unzip", "-t"],
    "7z": ["7z", "t"],
    "bsdtar": ["bsdtar", "-t", "-f"],
}


@pytest.mark.parametrize("tool", [*TOOLS, "zipfile"])
def test_every_tool_reads_the_archive(stack: LocalStack, tool: str, tmp_path: Path) -> None:
    if tool in TOOLS and shutil.which(TOOLS[tool][0]) is None:
        pytest.skip(f"{TOOLS[tool][0]} is not installed here (Debian has it)")
    files = [
        uploaded(stack, png(), "leaf é 標.png"),
        uploaded(stack, b"a,b\n" * 50_000, "table.csv", "text/csv"),
        uploaded_to_s3(stack, 11 * MIB, 1, "scan.dat"),
        uploaded_to_s3(stack, 6 * MIB, 2, "photo.dat"),
        uploaded_to_s3(stack, 12 * MIB, 3, "last.dat"),
    ]
    stack.settle()
    archive = archive_of(stack, ask(stack, files, exportLayout={"été/": files[:1]}))
    if tool == "zipfile":
        assert len(names_in(archive)) == 5
        return
    place = tmp_path / "export.zip"
    place.write_bytes(archive)
    done = subprocess.run(  # noqa: S603 - one of the tools above
        [*TOOLS[tool], str(place)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "table.csv" in done.stdout or tool == "7z"
    assert "rror" not in done.stderr


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"fileIdentifiers": []}, 422, "files_required"),
    ({}, 422, "files_required"),
    ({"fileIdentifiers": "x"}, 400, "malformed_attribute"),
    ({"fileIdentifiers": ["x"]}, 400, "malformed_attribute"),
    ({"fileIdentifiers": [identifier(7)]}, 422, "file_not_found"),
    ({"fileIdentifiers": [identifier(7)] * 10_001}, 413, "too_many_files"),
    ({"exportLayout": {"a": ["F"], "b": ["F"]}}, 422, "duplicate_in_layout"),
    ({"exportLayout": {"a": [identifier(7)]}}, 422, "unknown_in_layout"),
    ({"exportLayout": {"a": "F"}}, 400, "malformed_attribute"),
    ({"exportLayout": {"a" * 251: ["F"]}}, 422, "name_too_long"),
    ({"exportLayout": {"<b>": ["F"]}}, 422, "unsafe_text"),
    ({"filenameAliases": {"F": "a" * 251}}, 422, "name_too_long"),
    ({"filenameAliases": {"F": 1}}, 400, "malformed_attribute"),
    ({"filenameAliases": {"x": "a"}}, 400, "malformed_attribute"),
    ({"name": "a" * 251}, 422, "name_too_long"),
    ({"name": "<script>"}, 400, "malformed_attribute"),
    ({"colour": "red"}, 400, "unknown_attribute"),
    ({"exportFunction": {"functionDef": "BLUR"}}, 422, "invalid_export_function"),
    ({"exportFunction": {"functionDef": "IMG_RESIZE"}}, 422, "invalid_export_function"),
    (
        {"exportFunction": {"functionDef": "IMG_RESIZE", "params": {"factor": "1"}}},
        422,
        "invalid_export_function",
    ),
    (
        {"exportFunction": {"functionDef": "IMG_RESIZE", "params": {"factor": "nan"}}},
        422,
        "invalid_export_function",
    ),
    (
        {"exportFunction": {"functionDef": "IMG_RESIZE", "params": {"factor": "0.5"}}},
        422,
        "unsupported_source",
    ),
    (
        {"exportFunction": {"functionDef": "MAGICK", "params": {"targetMediaType": "text/html"}}},
        422,
        "invalid_export_function",
    ),
    (
        {
            "exportFunction": {
                "functionDef": "MAGICK",
                "params": {"targetMediaType": "image/png", "quality": "0", "rotation": "-1"},
            }
        },
        422,
        "invalid_export_function",
    ),
    (
        {"exportFunction": {"functionDef": "MAGICK", "params": {"targetMediaType": 7}}},
        422,
        "invalid_export_function",
    ),
    (
        {"exportFunction": {"functionDef": "IMG_RESIZE", "params": {"factor": 1.5, "sharp": 1}}},
        422,
        "invalid_export_function",
    ),
    ({"exportFunction": {"functionDef": 1}}, 400, "malformed_attribute"),
    ({"useRelativePaths": True, "exportLayout": {"a/": ["F"]}}, 422, "conflicting_layout"),
    ({"useRelativePaths": "true"}, 400, "malformed_attribute"),
    ({"useRelativePaths": 1}, 400, "malformed_attribute"),
    (
        {"exportFunction": {"functionDef": "IMG_RESIZE", "params": {"factor": [0.5]}}},
        400,
        "malformed_attribute",
    ),
    (
        {"exportFunction": {"functionDef": "IMG_RESIZE", "params": {"factor": True}}},
        400,
        "malformed_attribute",
    ),
]


@pytest.mark.parametrize(("attributes", "status", "code"), BAD, ids=str)
def test_invalid_input_is_refused_with_its_code(
    stack: LocalStack, attributes: dict[str, Any], status: int, code: str
) -> None:
    file = uploaded(stack, png(), "leaf.png")
    text = json.dumps({"fileIdentifiers": [file], **attributes} if attributes else {})
    document = json.loads(text.replace('"F"', f'"{file}"'))
    response = stack.request(
        "POST",
        "/api/v1/object-export",
        json_body={"data": {"type": "object-export", "attributes": document}},
    )
    assert response.status == status, response.text
    assert (str(status), code) in problems(response)
    assert stack.items("ExportsTable") == []
    assert stack.keys("ObjectBucket", "exports/") == []


def test_all_problems_of_a_request_are_reported_together(stack: LocalStack) -> None:
    file = uploaded(stack, png(), "leaf.png")
    response = ask(stack, [identifier(7), file, identifier(8), file])
    assert problems(response) == [
        ("422", "duplicate_file"), ("422", "file_not_found"), ("422", "file_not_found"),
    ]  # fmt: skip
    response = ask(
        stack,
        [identifier(7), file, identifier(8)],
        exportLayout={"a/": [file], "b/": [file, identifier(9)]},
        filenameAliases={file: "a" * 251},
        exportFunction={"functionDef": "IMG_RESIZE", "params": {"factor": "2"}},
    )
    pointers = [error["source"]["pointer"].split("/", 3)[3] for error in response.json()["errors"]]
    assert pointers == [
        "exportLayout", "exportLayout", f"filenameAliases/{file}",
        "exportFunction/params/factor", "fileIdentifiers/0", "fileIdentifiers/2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("folder", "alias", "path"),
    [
        ("../../etc/", "../../passwd", None),
        ("/abs", "C:\\boot", "abs/C__boot.png"),
        ("~root", "..", None),
        ("a\x00b\n", "nul\x00", "a_b_/nul_.png"),
        ("con", "CON", "con_/CON_.png"),
        ("...", "leaf", "leaf.png"),
        ("a//b/./c", " ", "a/b/_/c/leaf.png"),
        ("été/標本", "feuille é", "été/標本/feuille é.png"),
    ],
)
def test_hostile_names_cannot_leave_the_archive(
    stack: LocalStack, folder: str, alias: str, path: str | None, tmp_path: Path
) -> None:
    file = uploaded(stack, png(), "leaf.png")
    response = ask(stack, [file], exportLayout={folder: [file]}, filenameAliases={file: alias})
    archive = archive_of(stack, response)
    [name] = names_in(archive)
    assert path is None or name == path
    assert not name.startswith("/")
    assert not {"..", ".", ""} & set(name.split("/"))
    assert "\\" not in name
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert (tmp_path / name) == Path(opened.extract(opened.infolist()[0], tmp_path))


def test_an_export_over_the_limit_is_refused(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = uploaded(stack, png(), "leaf.png")
    assert ask(stack, [file]).status == 201
    with_less = "local_function_create_export_app"
    requesting = sys.modules[with_less].requesting
    limits = replace(requesting.limits, files=10, size_bytes=10)
    monkeypatch.setattr(
        sys.modules[with_less],
        "requesting",
        type(requesting)(**{**vars(requesting), "limits": limits}),
    )
    response = ask(stack, [file])
    assert problems(response) == [("413", "export_too_large")]
    assert "Maximum export size exceeded. Max: 10 bytes" in response.text


def test_a_file_that_vanished_is_reported(stack: LocalStack) -> None:
    kept, gone = uploaded(stack, png(), "a.png"), uploaded(stack, png(), "b.png")
    response = ask(stack, [kept, gone])
    stack.client("s3").delete_object(
        Bucket=stack.name("ObjectBucket"), Key=f"objects/mybucket/{gone}.png"
    )
    attributes = built(stack, response)
    assert attributes["status"] == "PARTIAL"
    assert [(p["fileIdentifier"], p["code"]) for p in attributes["problems"]] == [
        (gone, "file_missing")
    ]
    assert names_in(archive_of(stack, response)) == ["a.png"]
    [event] = [e for e in stack.bus_events if e["detail-type"] == "ObjectExportNotification"]
    assert (event["detail"]["status"], event["detail"]["problemCount"]) == ("PARTIAL", 1)


def test_one_of_200_simultaneous_redemptions_gets_the_archive(stack: LocalStack) -> None:
    response = ask(stack, [uploaded(stack, png(), "leaf.png")])
    built(stack, response)
    key = key_of(stack, response)
    together = threading.Barrier(20)

    def redeem(number: int) -> bool:
        if number < 20:
            together.wait()
        try:
            PresentedKey(
                exports=DynamoExports(), keys=DynamoAccessKeys(), clock=SystemClock(), key=key
            ).redeem()
        except NotFoundError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        won = list(pool.map(redeem, range(200)))
    assert (won.count(True), won.count(False)) == (1, 199)
    assert stack.request("GET", f"/toa/{key}").status == 404


def test_head_does_not_redeem_the_key(stack: LocalStack) -> None:
    response = ask(stack, [uploaded(stack, png(), "leaf.png")])
    size = built(stack, response)["archiveSizeInBytes"]
    key = key_of(stack, response)
    for _ in range(3):
        look = stack.request("HEAD", f"/toa/{key}")
        assert (look.status, look.header("x-content-length")) == (200, str(size))
    assert stack.request("GET", f"/toa/{key}").status == 200
    assert stack.request("HEAD", f"/toa/{key}").status == 404


def test_a_client_that_accepts_only_bytes_gets_the_archive_without_its_type(
    stack: LocalStack,
) -> None:
    response = ask(stack, [uploaded(stack, png(), "leaf.png")])
    built(stack, response)
    target, sent = f"/toa/{key_of(stack, response)}", "application/octet-stream"
    assert stack.request("HEAD", target).header("content-type") == "application/zip"
    for method in ("HEAD", "GET"):
        opened = stack.request(method, target, headers={"Accept": sent})
        assert (opened.status, opened.header("content-type")) == (200, sent)


def test_one_of_100_simultaneous_requests_is_the_download_and_16_are_probes(
    stack: LocalStack,
) -> None:
    response = ask(stack, [uploaded(stack, png(), "leaf.png")])
    built(stack, response)
    key = key_of(stack, response)
    together = threading.Barrier(20)

    def get(number: int) -> int:
        if number < 20:
            together.wait()
        opened = stack.request("GET", f"/toa/{key}", headers={"Range": "bytes=0-99"})
        return opened.status

    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(pool.map(get, range(100)))
    assert statuses == [200] + [206] * 16 + [404] * 83


def test_a_small_range_does_not_redeem_the_key(stack: LocalStack) -> None:
    response = ask(stack, [uploaded(stack, png(), "leaf.png")])
    size = built(stack, response)["archiveSizeInBytes"]
    key = key_of(stack, response)
    start = stack.request("GET", f"/toa/{key}", headers={"Range": "bytes=0-3"})
    assert (start.status, start.body) == (206, b"PK\x03\x04")
    assert start.header("content-range") == f"bytes 0-3/{size}"
    behind = stack.request("GET", f"/toa/{key}", headers={"Range": f"bytes={size}-"})
    assert problems(behind) == [("416", "range_not_satisfiable")]
    known = stack.request(
        "GET", f"/toa/{key}", headers={"If-None-Match": str(start.header("etag"))}
    )
    assert known.status == 304
    assert stack.request("GET", f"/toa/{key}", headers={"Range": "bytes=0-"}).status == 200
    gone = stack.request("GET", f"/toa/{key}", headers={"Range": "bytes=0-3"})
    assert problems(gone) == [("404", "access_key_not_found")]


@pytest.mark.parametrize("key", ["x", "x" * 128, "x" * 2000, "é" * 128, "..", "%00"])
def test_an_unknown_key_is_not_found(stack: LocalStack, key: str) -> None:
    assert stack.request("GET", f"/toa/{quote(key, safe='%')}").status == 404


def test_an_expired_key_is_not_found_even_if_it_is_stored(stack: LocalStack) -> None:
    response = ask(stack, [uploaded(stack, png(), "leaf.png")])
    built(stack, response)
    key = key_of(stack, response)
    stack.clock.advance(timedelta(minutes=60))
    digest = sha256(key.encode()).hexdigest()
    assert any(item["accessKey"] == digest for item in stack.items("AccessKeysTable"))
    assert stack.request("HEAD", f"/toa/{key}").status == 404
    assert stack.request("GET", f"/toa/{key}").status == 404


def test_the_archive_is_removed_an_hour_after_the_download(stack: LocalStack) -> None:
    response = ask(stack, [uploaded(stack, png(), "leaf.png")])
    built(stack, response)
    stack.clock.advance(timedelta(minutes=30))
    assert stack.request("GET", f"/toa/{key_of(stack, response)}").status == 200
    stack.clock.advance(timedelta(minutes=50))
    stack.run_schedule("KeepHouseFunction")
    assert stack.request("GET", f"/toa/{key_of(stack, response)}").status == 200
    stack.clock.advance(timedelta(minutes=61))
    stack.run_schedule("KeepHouseFunction")
    stack.settle()
    assert stack.keys("ObjectBucket", "exports/") == []
    attributes = built(stack, response)
    assert attributes["status"] == "EXPIRED"
    path = f"/api/v1/object-export/{response.json()['data']['id']}/key"
    assert stack.request("POST", path).status == 410


def test_other_users_cannot_see_an_export(stack: LocalStack) -> None:
    response = ask(stack, [uploaded(stack, png(), "leaf.png")])
    built(stack, response)
    export = response.json()["data"]["id"]
    stack.client("dynamodb").update_item(
        TableName=stack.name("ExportsTable"),
        Key={"id": {"S": export}},
        UpdateExpression="SET createdBy = :other",
        ExpressionAttributeValues={":other": {"S": "somebody"}},
    )
    assert stack.request("GET", f"/api/v1/object-export/{export}").status == 404
    assert stack.request("POST", f"/api/v1/object-export/{export}/key").status == 404
    assert stack.request("GET", "/api/v1/object-export").json()["data"] == []


def test_own_exports_are_listed_in_pages(stack: LocalStack) -> None:
    file = uploaded(stack, png(), "leaf.png")
    made = []
    for _ in range(3):
        made.append(ask(stack, [file]).json()["data"]["id"])
        stack.clock.advance(timedelta(seconds=1))
    page = stack.request("GET", "/api/v1/object-export?page[limit]=2").json()
    assert [one["id"] for one in page["data"]] == made[:0:-1]
    assert page["meta"]["totalResourceCount"] == 3
    _, _, following = page["links"]["next"].partition("/api")
    rest = stack.request("GET", f"/api{following}").json()
    assert [one["id"] for one in rest["data"]] == made[:1]
    assert "next" not in rest["links"]


def test_own_exports_are_filtered(stack: LocalStack) -> None:
    file = uploaded(stack, png(), "leaf.png")
    made = []
    for number in range(4):
        response = ask(stack, [file], name=f"leaves {number % 2}")
        made.append(response.json()["data"]["id"])
        stack.clock.advance(timedelta(seconds=1))

    def shown(query: str) -> dict[str, Any]:
        response = stack.request("GET", f"/api/v1/object-export?{query}")
        assert response.status == 200, response.text
        return dict(response.json())

    for name in ("id", "uuid"):
        for query in (f"filter[{name}]={made[2]}", f"fiql={name}=={made[2]}"):
            page = shown(query)
            assert [one["id"] for one in page["data"]] == [made[2]]
            assert page["meta"] == {"totalResourceCount": 1}
    assert shown("filter[status]=EXPIRED")["data"] == []
    first = shown("filter[name]=leaves%201&filter[status]=NEW&page[limit]=1")
    _, _, following = first["links"]["next"].partition("?")
    second = shown(following)
    assert [one["id"] for page in (first, second) for one in page["data"]] == [made[3], made[1]]
    assert "next" not in second["links"]
    wrong = stack.request(
        "GET", "/api/v1/object-export?filter[colour]=red&page[limit]=&page[cursor]=x"
    )
    assert [one["source"]["parameter"] for one in wrong.json()["errors"]] == [
        "filter[colour]", "page[limit]", "page[cursor]",
    ]  # fmt: skip


def test_a_user_with_ten_unfinished_exports_waits_for_one_of_them(stack: LocalStack) -> None:
    file = uploaded(stack, png(), "leaf.png")
    for _ in range(10):
        assert ask(stack, [file]).status == 201
    for _ in range(2):
        refused = ask(stack, [file])
        assert problems(refused) == [("429", "too_many_exports")]
        assert refused.header("retry-after") == "30"
    assert len(stack.items("ExportsTable")) == 10
    stack.settle(retries=True)
    assert ask(stack, [file]).status == 201


def test_the_audit_has_no_keys(stack: LocalStack) -> None:
    response = ask(stack, [uploaded(stack, png(), "leaf.png")])
    built(stack, response)
    [event] = [e for e in stack.bus_events if e["detail-type"] == "ObjectExportNotification"]
    audited = json.dumps([readable_entry(one) for one in stack.items("AuditTable")], default=str)
    assert f"object-export/{response.json()['data']['id']}" in audited
    assert event["detail"]["toa"] not in audited
    assert "toa" not in audited


def test_no_table_has_a_key(stack: LocalStack) -> None:
    response = ask(stack, [uploaded(stack, png(), "leaf.png")])
    built(stack, response)
    [event] = [e for e in stack.bus_events if e["detail-type"] == "ObjectExportNotification"]
    keys = [event["detail"]["toa"], key_of(stack, response)]
    for table in ("AccessKeysTable", "ExportsTable", "AuditTable"):
        stored = json.dumps([readable_entry(one) for one in stack.items(table)], default=str)
        assert not any(key in stored for key in keys)
    assert len(stack.items("AccessKeysTable")) == 2
    for key in keys:
        assert stack.request("GET", f"/toa/{key}").status == 200


def test_housekeeping_enqueues_an_export_whose_message_was_lost(stack: LocalStack) -> None:
    response = ask(stack, [uploaded(stack, png(), "leaf.png")])
    stack.client("sqs").purge_queue(QueueUrl=stack.name("BuildExportQueue"))
    assert built(stack, response)["status"] == "NEW"
    stack.clock.advance(timedelta(minutes=16))
    stack.run_schedule("KeepHouseFunction")
    assert built(stack, response)["status"] == "COMPLETED"


@pytest.fixture
def api_url(stack: LocalStack) -> Iterator[str]:
    """Return the URL of the stack's API."""
    server = ApiServer("127.0.0.1", 0)
    server.serve(lambda request: stack.handle(request).response, lambda _connection: False)
    yield f"http://127.0.0.1:{server.server_port}"
    server.close()


def test_a_consumer_of_the_bus_gets_the_archives(
    stack: LocalStack, api_url: str, tmp_path: Path
) -> None:
    small = ask(stack, [uploaded(stack, png(), "leaf.png"), uploaded(stack, b"x", "b.bin")])
    built(stack, small)
    scan = uploaded_to_s3(stack, 6 * MIB, 1, "scan.dat")
    stack.settle()
    built(stack, ask(stack, [scan]))  # larger than an answer may be: a redirect to the store
    heard = "".join(f"{json.dumps(event)}\n" for event in stack.bus_events)

    def consume() -> list[str]:
        done = subprocess.run(  # noqa: S603 - the example of the docs, as a reader runs it
            [sys.executable, ROOT / "docs/events/consumer.py", f"{api_url}/", tmp_path],
            input=heard, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.splitlines()

    places = consume()
    names = [names_in(Path(place).read_bytes()) for place in places]
    assert names == [["leaf.png", "b.bin"], ["scan.dat"]]
    assert consume() == places  # told again, it has them already
    assert sorted(map(str, tmp_path.iterdir())) == sorted(places)
    Path(places[0]).unlink()
    assert consume() == places[1:]  # the key was taken: only a new one opens the archive


def test_one_of_200_simultaneous_http_requests_gets_the_archive(
    stack: LocalStack, api_url: str
) -> None:
    response = ask(stack, [uploaded(stack, png(), "leaf.png")])
    built(stack, response)
    key = key_of(stack, response)
    together = threading.Barrier(20)

    def get(number: int) -> int:
        if number < 20:
            together.wait()
        prefix = ("", "/api/v1")[number % 2]
        try:
            with urlopen(f"{api_url}{prefix}/toa/{key}") as reply:  # noqa: S310 - our own API
                return int(reply.status)
        except HTTPError as error:
            return error.code

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(get, range(200))) == [200] + [404] * 199
