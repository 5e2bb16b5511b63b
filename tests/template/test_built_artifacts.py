"""`.ci/smoke_built_functions.py` finds wheels and libraries that are for another processor."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.template.template_file import ROOT

X86_64, AARCH64 = 62, 183


@pytest.fixture(scope="module")
def smoke() -> ModuleType:
    pytest.importorskip("yaml")
    spec = importlib.util.spec_from_file_location("smoke", ROOT / ".ci/smoke_built_functions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def install(build: Path, *tags: str, machine: int | None = None) -> None:
    """Put a package with these tags into a layer, and a library if it has a machine."""
    folder = build / "DependenciesLayer" / "python"
    (folder / "thing-1.0.dist-info").mkdir(parents=True)
    text = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n" + "".join(f"Tag: {tag}\n" for tag in tags)
    (folder / "thing-1.0.dist-info" / "WHEEL").write_text(text, encoding="utf-8")
    if machine is not None:
        header = b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little")
        (folder / "thing.so").write_bytes(header + bytes(44))


@pytest.mark.parametrize(
    ("architecture", "tags", "machine"),
    [
        ("arm64", ["py3-none-any"], None),
        ("arm64", ["py2-none-any", "py3-none-any"], None),
        ("arm64", ["cp313-cp313-manylinux_2_28_aarch64"], AARCH64),
        ("arm64", ["cp39-abi3-manylinux2014_aarch64.manylinux_2_17_aarch64"], AARCH64),
        ("x86_64", ["cp313-cp313-manylinux_2_17_x86_64"], X86_64),
    ],
)
def test_an_artifact_for_its_processor_is_accepted(
    smoke: ModuleType, tmp_path: Path, architecture: str, tags: list[str], machine: int | None
) -> None:
    install(tmp_path, *tags, machine=machine)
    assert list(smoke.foreign_artifacts(tmp_path, architecture)) == []


@pytest.mark.parametrize(
    ("architecture", "tags", "machine", "problem"),
    [
        ("arm64", ["cp313-cp313-manylinux_2_28_x86_64"], None, "thing-1.0.dist-info is for cp313"),
        ("x86_64", ["cp313-cp313-manylinux_2_28_aarch64"], None, "thing-1.0.dist-info is for"),
        ("arm64", ["cp312-cp312-manylinux_2_28_aarch64"], None, "thing-1.0.dist-info is for cp312"),
        ("arm64", ["cp313-cp313-macosx_11_0_arm64"], None, "thing-1.0.dist-info is for"),
        ("arm64", ["py3-none-any"], X86_64, "thing.so is a library for another processor"),
        ("x86_64", ["py3-none-any"], AARCH64, "thing.so is a library for another processor"),
    ],
)
def test_an_artifact_for_another_processor_or_python_is_found(
    smoke: ModuleType,
    tmp_path: Path,
    architecture: str,
    tags: list[str],
    machine: int | None,
    problem: str,
) -> None:
    install(tmp_path, *tags, machine=machine)
    [found] = smoke.foreign_artifacts(tmp_path, architecture)
    assert problem in found
