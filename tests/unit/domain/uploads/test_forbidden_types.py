"""The media types that may not be uploaded."""

from __future__ import annotations

import pytest

from coffer.domain.uploads.forbidden_types import FORBIDDEN_TYPES, is_forbidden


@pytest.mark.parametrize("media_type", sorted(FORBIDDEN_TYPES))
def test_every_forbidden_type_is_forbidden_with_parameters_too(media_type: str) -> None:
    assert is_forbidden(media_type)
    assert is_forbidden(f"{media_type}; version=5")


@pytest.mark.parametrize("kind", ["", "-executable", "-dylib", "-kext-bundle"])
def test_every_kind_of_mach_o_file_is_forbidden(kind: str) -> None:
    assert is_forbidden(f"application/x-mach-o{kind}")


@pytest.mark.parametrize(
    "media_type",
    [
        "application/gzip",
        "application/epub+zip",
        "application/x-gtar",
        "text/html",
        "application/octet-stream",
    ],
)
def test_types_related_to_a_forbidden_type_are_allowed(media_type: str) -> None:
    assert not is_forbidden(media_type)
