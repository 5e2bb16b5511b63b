"""Packages by feature: few modules beside them, no import circles, and ports without use cases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.architecture.source_files import PACKAGE, find_circle, imports_of, modules, short

MAX_ROOT_MODULES = 12
"""Modules directly in `domain/` and in `http/`, `__init__.py` included."""

FEATURES = {
    "uploads",
    "metadata",
    "derivatives",
    "thumbnails",
    "changes",
    "transactions",
    "export",
    "listing",
    "rawstore",
    "sessions",
    "vocabulary",
}

USE_CASES = {"bulk", "cascade", "create", "delete", "edit", "promotion", "regenerate", "update"}
"""Names of modules that hold use cases; a port is what a use case depends on."""


def dotted(name: str) -> str:
    """Return `coffer.domain.metadata` for `domain/metadata/__init__.py`."""
    parts = name.removesuffix(".py").removesuffix("/__init__").split("/")
    return ".".join(["coffer", *parts])


MODULES = {dotted(short(path)): path for path in modules()}
PARENTS = sorted({name.rpartition(".")[0] for name in MODULES if "." in name})


def edges() -> Iterator[tuple[str, str]]:
    """Return every import between two modules of the layer as (importer, imported)."""
    for name, path in MODULES.items():
        for imported in imports_of(path):
            if imported in MODULES and imported != name:
                yield name, imported


EDGES = sorted(edges())


@pytest.mark.parametrize("layer", ["domain", "http"])
def test_few_modules_are_outside_the_features(layer: str) -> None:
    assert len(list((PACKAGE / layer).glob("*.py"))) <= MAX_ROOT_MODULES


def packages_of_layer(layer: str) -> set[str]:
    """Return the names of the packages directly in a layer."""
    return {path.parent.name for path in (PACKAGE / layer).glob("*/__init__.py")}


def test_every_feature_is_a_package_of_the_domain() -> None:
    assert packages_of_layer("domain") >= FEATURES


def test_a_feature_has_the_same_name_at_the_http_edge() -> None:
    described_to_clients = {"docs", "openapi"}
    assert packages_of_layer("http") - described_to_clients <= packages_of_layer("domain")


@pytest.mark.parametrize("parent", PARENTS)
def test_the_parts_of_a_package_do_not_import_each_other_in_a_circle(parent: str) -> None:
    """Holds at every level, so that each package can be read after the ones that it imports."""
    assert find_circle(parent, EDGES) == []


PORTS = [name for name in MODULES if name.endswith(".ports")]


@pytest.mark.parametrize("port", PORTS)
def test_ports_import_no_use_case(port: str) -> None:
    imported = {target for source, target in EDGES if source == port}
    assert {name for name in imported if name.rpartition(".")[2] in USE_CASES} == set()
