"""Clients that openapi-python-client and openapi-typescript generate do the main job.

Both programs upload files straight to S3 and through the API, create, list, change and delete
metadata, download files, and export an archive. They print what they saw.
"""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from tests.api.images import png
from tests.clients.generated import MODULES, Job, run
from tests.e2e.stacks import ROOT, Stack

LARGE = 4 * 1024**2 + 1
"""Bytes of a file that is downloaded by a redirect."""
KNOWN_FAULTS = {"no-ambiguous-paths", "no-path-trailing-slash"}
"""Rules of Redocly that some paths break, because they are those of BitStore and the reference."""
LINT = """
import { createConfig, lintFromString } from "@redocly/openapi-core";
const absoluteRef = process.argv[1];
const source = await (await fetch(absoluteRef)).text();
const config = await createConfig({ extends: ["recommended"] });
const faults = await lintFromString({ source, absoluteRef, config });
const shown = faults.map((one) => [one.ruleId, one.message, one.location[0].pointer]);
console.log(JSON.stringify(shown));
"""


@pytest.fixture(scope="session")
def seen(job: Job, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the client saw while it did the main job in an empty bucket."""
    folder, bucket = tmp_path_factory.mktemp("files"), job.folder.name
    (folder / "picture.png").write_bytes(png())
    (folder / "large.bin").write_bytes(bytes(LARGE))
    token = stack.token("--user", "alice", "--group", f"{bucket}/super-user")
    url = f"http://localhost:{stack.port}"
    return job.work(url, token, bucket, folder / "picture.png", folder / "large.bin")


def test_a_client_is_generated_without_a_warning(job: Job) -> None:
    output = job.generated.stdout + job.generated.stderr
    assert (job.generated.returncode, "warning" in output.lower(), "skip" in output.lower()) == (
        0,
        False,
        False,
    ), output


def test_a_program_that_uses_the_client_has_no_type_error(job: Job) -> None:
    assert job.checked.returncode == 0, job.checked.stdout + job.checked.stderr


def test_every_module_of_the_python_client_can_be_imported(python_client: Job) -> None:
    folder = python_client.folder
    files = [one.relative_to(folder) for one in (folder / "coffer_client").rglob("*.py")]
    names = [".".join(one.with_suffix("").parts) for one in files]
    program = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    done = run("python", "-W", "error", "-c", program, *names, folder=folder)
    assert (len(names) > 300, done.returncode, done.stderr) == (True, 0, "")


def test_files_are_uploaded(seen: dict[str, Any]) -> None:
    assert seen["health"] == "ok"
    assert seen["upload"] == ["leaf.png", "AVAILABLE", "READY"]
    assert seen["direct"] == ["Lichen.png", len(png())]


def test_metadata_is_created_listed_and_changed(seen: dict[str, Any]) -> None:
    assert seen["created"] == [201, "IMAGE", '"1"']
    assert seen["date"] == 1580702700
    assert seen["listed"] == ["Second", "First"]
    assert (seen["found"], seen["included"]) == (["First"], ["derivative"])
    assert seen["changed"] == ["New", None, '"2"']
    assert seen["there"] == "Second"


def test_files_are_downloaded(seen: dict[str, Any]) -> None:
    assert (b64decode(seen["file"]), seen["fileType"]) == (png(), "image/png")
    assert b64decode(seen["thumbnail"]) == b"\xff\xd8\xff"
    assert seen["thumbnailTypes"] == ["image/jpeg", "application/octet-stream"]
    assert seen["large"] == LARGE


def test_an_archive_is_exported(seen: dict[str, Any]) -> None:
    with zipfile.ZipFile(io.BytesIO(b64decode(seen["archive"]))) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert contents == {"leaf.png": png(), "Lichen.png": png()}


def test_errors_are_read(seen: dict[str, Any]) -> None:
    assert seen["conflict"] == [412, "version_changed"]
    assert (seen["deleted"], seen["gone"]) == (204, [410, "metadata_deleted"])
    assert seen["missing"] == [404, "metadata_not_found"]
    assert seen["refused"] == [403, "role_required"]


def test_the_documentation_has_the_pinned_versions() -> None:
    text = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
    packages = json.loads((ROOT / "tests/clients/package.json").read_text(encoding="utf-8"))
    pinned = dict(packages["dependencies"])
    requirements = (ROOT / ".ci/requirements-clients.txt").read_text(encoding="utf-8")
    pinned |= dict(line.split("==") for line in requirements.splitlines() if "==" in line)
    for name in ("openapi-python-client", "openapi-typescript", "openapi-fetch"):
        assert f"{name} {pinned[name]}" in text


def test_redocly_finds_no_fault_in_the_served_document(
    node: str, document: str, tmp_path: Path
) -> None:
    (tmp_path / "node_modules").symlink_to(MODULES)
    linted = run(node, "--input-type=module", "-e", LINT, document, folder=tmp_path)
    faults = json.loads(linted.stdout)
    assert [one for one in faults if one[0] not in KNOWN_FAULTS] == []
    assert {rule for rule, *_ in faults} == KNOWN_FAULTS
