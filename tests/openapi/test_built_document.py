"""The OpenAPI document that a build writes: it equals the generated one, or is not served."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coffer.http.docs.document import BUILT
from tests.architecture.source_files import ROOT
from tests.openapi.described import description

SOURCE = ROOT / "layers/coffer/python"
SERVE = """
import sys
from coffer.http.docs.document import openapi_document
from coffer.http.openapi.deployment import Deployment

deployment = Deployment(
    service_name={service!r}, max_direct_upload_bytes=4 * 1024**2, max_post_bytes=5 * 1024**3
)
print(openapi_document(deployment))
print("coffer.http.openapi.document" in sys.modules)
"""


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """The layer as `make build` leaves it, without compiled modules, which would hide changes."""
    artifact = tmp_path / "CofferLayer/python"
    shutil.copytree(SOURCE, artifact, ignore=shutil.ignore_patterns("__pycache__"))
    compile_artifacts = [str(ROOT / ".ci/compile-artifacts"), sys.executable, str(tmp_path)]
    subprocess.run(compile_artifacts, check=True)  # noqa: S603 - a script of this repository
    for compiled in artifact.rglob("*.pyc"):
        compiled.unlink()
    return artifact


def serve(layer: Path, service: str = "rawstore") -> tuple[dict[str, object], bool]:
    """Return the document that a fresh process serves, and whether it generated the document."""
    ran = subprocess.run(  # noqa: S603 - this interpreter, with a program of this module
        [sys.executable, "-B", "-c", SERVE.format(service=service)],
        env={**os.environ, "PYTHONPATH": str(layer)},
        capture_output=True,
        text=True,
        check=True,
    )
    text, was_generated = ran.stdout.splitlines()
    return json.loads(text), was_generated == "True"


def test_the_built_document_equals_the_generated_one(layer: Path) -> None:
    assert serve(SOURCE) == (description(), True)
    assert serve(layer) == (description(), False)


def test_a_deployment_fills_in_its_own_values(layer: Path) -> None:
    document, was_generated = serve(layer, service='bits"')
    assert not was_generated
    assert serve(SOURCE, service='bits"') == (document, True)
    assert '"@' not in json.dumps(document)


@pytest.mark.parametrize(
    ("source", "old", "new"),
    [
        ("coffer/http/openapi/files.py", "A presigned link to a file.", "Another description."),
        ("coffer/domain/metadata/fields.py", "Terms of use.", "Another description."),
        ("coffer/__init__.py", '__version__ = "', '__version__ = "1000.'),
    ],
)
def test_a_built_document_is_not_served_after_its_sources_changed(
    layer: Path, source: str, old: str, new: str
) -> None:
    text = (layer / source).read_text(encoding="utf-8")
    assert old in text
    (layer / source).write_text(text.replace(old, new), encoding="utf-8")
    document, was_generated = serve(layer)
    assert was_generated
    assert document != description()


def test_a_built_document_is_not_served_without_one_of_its_sources(layer: Path) -> None:
    file = layer / BUILT.relative_to(SOURCE)
    header, _, template = file.read_text(encoding="utf-8").partition("\n")
    built = json.loads(header)
    built["sources"].append("coffer/http/removed.py")
    file.write_text(f"{json.dumps(built)}\n{template}", encoding="utf-8")
    assert serve(layer) == (description(), True)


def test_the_sources_have_no_built_document() -> None:
    assert not BUILT.exists()
