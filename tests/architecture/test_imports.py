"""Imports point inwards: functions -> http, adapters -> domain."""

from __future__ import annotations

import sys

import pytest

from tests.architecture.source_files import (
    PACKAGE,
    handlers,
    imports_of,
    modules,
    packages_of,
    short,
)

# The modules of the layer that each part may import.
MAY_IMPORT = {
    "domain": ("coffer.domain",),
    "adapters": ("coffer.adapters", "coffer.domain", "coffer.settings", "coffer.observability"),
    "http": ("coffer.http", "coffer.domain", "coffer.settings", "coffer.observability"),
}

# Modules that belong to no part.
NO_PART = {"coffer", "coffer.__version__"}

# The only folder below domain/ with a vendor package.
FILETYPE_IN = "domain/detection"

# Vendor packages and the modules that may import them.
ONLY_IN = [
    ("PIL", ("adapters/imaging/",)),
    ("pi_heif", ("adapters/imaging/",)),
    ("pypdfium2", ("adapters/imaging/",)),
    ("isal", ("adapters/compression.py",)),
    ("jwt", ("adapters/tokens/",)),
    ("cryptography", ("adapters/tokens/",)),
    ("pynamodb", ("adapters/dynamodb/",)),
    ("boto3", ("adapters/",)),
    ("botocore", ("adapters/",)),
    ("hmac", ("adapters/signing/sigv4.py",)),
    ("multipart", ("http/",)),
    ("aws_lambda_powertools", ("observability.py",)),
]


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_an_import_points_inwards(part: str) -> None:
    ours = {
        (short(path), name)
        for path in modules(part)
        for name in imports_of(path) - NO_PART
        if name.partition(".")[0] == "coffer"
    }
    assert {one for one in ours if not one[1].startswith(MAY_IMPORT[part])} == set()


def test_the_domain_imports_no_vendor_package() -> None:
    vendors = {
        (short(path), package)
        for path in modules("domain")
        for package in packages_of(path) - sys.stdlib_module_names - {"coffer"}
    }
    assert {
        one for one in vendors if one[1] != "filetype" or not one[0].startswith(FILETYPE_IN)
    } == set()


@pytest.mark.parametrize(("package", "places"), ONLY_IN)
def test_a_vendor_package_is_imported_by_its_adapter_only(
    package: str, places: tuple[str, ...]
) -> None:
    users = {short(path) for path in modules() if package in packages_of(path)}
    assert {name for name in users if not name.startswith(places)} == set()


def test_no_vendor_signs_a_form_or_a_url() -> None:
    """`adapters/signing/sigv4.py` signs all of them."""
    vendors = ("generate_presigned", "botocore.auth", "botocore.signers")
    for path in (*modules(), *handlers()):
        assert [word for word in vendors if word in path.read_text(encoding="utf-8")] == [], path


def test_only_the_settings_read_the_environment() -> None:
    readers = {short(path) for path in (*modules(), *handlers()) if "os" in packages_of(path)}
    with_environment = {
        name
        for name in readers
        if any(word in _text(name) for word in ("environ", "getenv", "putenv"))
    }
    assert with_environment <= {"settings.py"}


def test_the_layer_and_the_handlers_import_no_tests_and_no_local_stack() -> None:
    for path in (*modules(), *handlers()):
        assert packages_of(path) & {"functions", "tests", "local", "benchmarks"} == set(), path


def test_no_module_is_called_utils_or_helpers() -> None:
    nothings = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py"}
    assert [short(path) for path in modules() if path.name in nothings] == []


def _text(name: str) -> str:
    root = PACKAGE if (PACKAGE / name).exists() else PACKAGE.parents[3]
    return (root / name).read_text(encoding="utf-8")
