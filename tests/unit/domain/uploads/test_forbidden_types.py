"""The media types that may not be uploaded: the default list, and that of a deployment."""

from __future__ import annotations

import pytest

from coffer.domain.uploads.forbidden_types import (
    DEFAULT_FORBIDDEN_TYPES,
    DEFAULT_LIST,
    parse_forbidden_types,
)
from coffer.settings import SettingsError, UploadSettings
from tests.template.template_file import source


@pytest.mark.parametrize("media_type", sorted(DEFAULT_FORBIDDEN_TYPES.names))
def test_every_forbidden_type_is_forbidden_with_parameters_too(media_type: str) -> None:
    assert media_type in DEFAULT_FORBIDDEN_TYPES
    assert f"{media_type}; version=5" in DEFAULT_FORBIDDEN_TYPES


@pytest.mark.parametrize("kind", ["", "-executable", "-dylib", "-kext-bundle"])
def test_every_kind_of_mach_o_file_is_forbidden(kind: str) -> None:
    assert f"application/x-mach-o{kind}" in DEFAULT_FORBIDDEN_TYPES


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
    assert media_type not in DEFAULT_FORBIDDEN_TYPES


def test_a_deployment_may_allow_archives() -> None:
    forbidden = parse_forbidden_types("application/x-msdownload, application/x-mach-o*")
    assert "application/zip" not in forbidden
    assert "application/x-mach-o-dylib" in forbidden
    assert "application/x-msdownload; format=pe64" in forbidden


def test_a_type_may_have_another_name_and_any_case() -> None:
    assert "application/zip" in parse_forbidden_types("Application/X-Zip-Compressed")


def test_none_forbids_nothing() -> None:
    assert all(name not in parse_forbidden_types("none") for name in DEFAULT_LIST.split(","))


@pytest.mark.parametrize(
    "text",
    ["zip", "application/", "/zip", "application/zip,", "*", "a/*b", "application/zip;x y", "é/x"],
)
def test_another_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError, match="FORBIDDEN_MEDIA_TYPES must be media types"):
        _ = UploadSettings({"FORBIDDEN_MEDIA_TYPES": text}).forbidden_media_types


def test_without_the_variable_the_default_is_that_of_the_template() -> None:
    assert UploadSettings({}).forbidden_media_types == DEFAULT_FORBIDDEN_TYPES
    assert source().data["Parameters"]["ForbiddenMediaTypes"]["Default"] == DEFAULT_LIST
