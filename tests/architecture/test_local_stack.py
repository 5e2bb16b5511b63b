"""The local stack: few modules beside its packages, no import circles, few imports of `coffer`."""

from __future__ import annotations

import pytest

from tests.architecture.source_files import ROOT, find_circle, imports_of

LOCAL = ROOT / "local"

MAX_ROOT_MODULES = 12
"""Modules directly in `local/`, `__init__.py` included."""

COFFER_IMPORTS = {
    "local.eventbridge.schedules": {"coffer.domain.configuration.cron"},
    "local.foreground": {"coffer.domain.rawstore.keys"},
    "local.commands.seeding": {
        "coffer.adapters.dynamodb.changes.snapshots",
        "coffer.adapters.dynamodb.listing.counts",
        "coffer.adapters.dynamodb.metadata.items",
        "coffer.adapters.dynamodb.uploads.items",
        "coffer.adapters.s3.objects",
        "coffer.domain.changes.publish",
        "coffer.domain.media_types",
        "coffer.domain.metadata.record",
        "coffer.domain.uploads.record",
        "coffer.settings",
    },
}
"""What the local stack may import of the layer: grammars of variables, and the records to seed.

It runs everything else from outside, as AWS does.
"""


def dotted(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {
    dotted(str(path.relative_to(ROOT))): imports_of(path) for path in sorted(LOCAL.rglob("*.py"))
}
EDGES = sorted(
    (name, imported)
    for name, found in MODULES.items()
    for imported in found
    if imported in MODULES and imported != name
)
PARENTS = sorted({name.rpartition(".")[0] for name in MODULES if "." in name})


def test_few_modules_are_outside_the_packages() -> None:
    assert len(list(LOCAL.glob("*.py"))) <= MAX_ROOT_MODULES


@pytest.mark.parametrize("parent", PARENTS)
def test_the_parts_of_a_package_do_not_import_each_other_in_a_circle(parent: str) -> None:
    assert find_circle(parent, EDGES) == []


@pytest.mark.parametrize("module", MODULES)
def test_the_local_stack_imports_only_listed_modules_of_the_layer(module: str) -> None:
    allowed = COFFER_IMPORTS.get(module, set())
    unlisted = {
        name
        for name in MODULES[module]
        if name.partition(".")[0] == "coffer"
        # `from module import name` counts as `module.name` too.
        and not {name, name.rpartition(".")[0]} & allowed
    }
    assert unlisted == set()


def test_every_listed_import_is_used() -> None:
    unused = {
        (module, name)
        for module, allowed in COFFER_IMPORTS.items()
        for name in allowed - MODULES[module]
    }
    assert unused == set()
