"""File names follow the rules of object-store-api 1.31, and paths are safe to unpack."""

from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.derivatives.record import DerivativeType
from coffer.domain.export.resolve_sources import (
    ArchivePaths,
    derivative_name,
    file_name,
    folder_path,
)
from coffer.domain.export.transform_member import ExportFunction
from tests.fakes.records import content, metadata, thumbnail, upload

RESIZE = ExportFunction(name="IMG_RESIZE", factor=0.5)
TO_PNG = ExportFunction(name="MAGICK", target_media_type="image/png")


@pytest.mark.parametrize(
    ("alias", "filename", "original", "expected"),
    [
        ("testFileAlias", "x", "y.png", "testFileAlias.png"),
        (" ", "myfile", "y.png", "myfile.png"),
        (None, None, "leaf.v2.jpeg", "leaf.v2.png"),
        (None, None, "", "FILE.png"),
        ("..", None, "y.png", "FILE.png"),
        ("a/b", None, "y.png", "a_b.png"),
        ("lpt1", None, "y.png", "lpt1_.png"),
        ("com¹", None, "y.png", "com¹_.png"),
        ("con .a.b", None, "y.png", "con .a_.png"),
        ("cafe\u0301", None, "y.png", "café.png"),
        (None, None, "leaf.PNG", "leaf.PNG"),
        (None, "leaf.Png ", "y.png", "leaf.Png"),
        ("🌿 leaf\u202e", None, "y.png", "🌿 leaf_.png"),
    ],
)
def test_a_file_has_the_first_of_alias_filename_and_original_name(
    alias: str | None, filename: str | None, original: str, expected: str
) -> None:
    file = upload(original_filename=original)
    record = metadata(filename=filename, file_extension=".png")
    base, extension = file_name(file, record, None, alias, None)
    assert f"{base}{extension}" == expected.replace("FILE", file.file_identifier)


def test_a_file_without_metadata_has_the_detected_extension() -> None:
    file = upload(
        original_filename="a.dat", inspected_content=content(evaluated_file_extension=".tif")
    )
    assert file_name(file, None, None, None, None) == ("a", ".tif")


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        (DerivativeType.THUMBNAIL_IMAGE, "thumbnail"),
        (DerivativeType.LARGE_IMAGE, "large"),
        (DerivativeType.CROPPED_IMAGE, "cropped"),
        (None, "derivative"),
    ],
)
def test_a_derivative_is_named_after_its_source(kind: DerivativeType | None, suffix: str) -> None:
    made = thumbnail(derivative_type=kind, filename=None, file_extension=".jpg")
    record = metadata(original_filename="testfile.png", filename=None)
    assert derivative_name(made, record, None, None) == (f"testfile_{suffix}", ".jpg")
    assert derivative_name(made, None, None, None) == (made.file_identifier, ".jpg")
    assert derivative_name(made, record, "alias.x", None) == ("alias", ".jpg")


def test_a_function_adds_a_suffix_unless_there_is_an_alias() -> None:
    file, record = (
        upload(original_filename="testfile.jpg"),
        metadata(file_extension=".jpg", filename=None),
    )
    assert file_name(file, record, None, None, RESIZE) == ("testfile_resized", ".jpg")
    assert file_name(file, record, None, None, TO_PNG) == ("testfile_converted", ".png")
    assert file_name(file, record, None, "alias", TO_PNG) == ("alias", ".png")


def test_equal_names_are_numbered_and_numbered_names_count() -> None:
    paths = ArchivePaths()
    given_names = ["a", "a(1)", "a", "A", "a"]
    assert [paths.add("x/", base, ".png") for base in given_names] == [
        "x/a.png", "x/a(1).png", "x/a(2).png", "x/A(3).png", "x/a(4).png",
    ]  # fmt: skip
    assert paths.add("", "a", ".png") == "a.png"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Å", "\u212b"), ("가", "\u1100\u1161"), ("Straße", "STRASSE"), ("é", "É"), ("\u1e9e", "ss")],
    ids=ascii,
)
def test_names_that_are_equal_on_some_file_system_are_numbered(one: str, other: str) -> None:
    paths = ArchivePaths()
    assert paths.add("a/", one, ".png") == f"a/{one}.png"
    assert paths.add("a/", other, ".png") == f"a/{other}(1).png"
    paths.reserve_folder(f"{one}/")
    assert paths.add("", other, "") == f"{other}(1)"


@pytest.mark.parametrize("letter", ["a", "é", "標", "\U00010000"])
def test_no_name_is_longer_than_file_systems_allow(letter: str) -> None:
    archive = ArchivePaths()
    folder = folder_path(f"{letter * 250}/{letter * 250}")
    paths = [archive.add(folder, letter * 250, ".jpeg") for _ in range(12)]
    assert len(set(paths)) == 12
    for path in paths:
        *folders, name = path.split("/")
        assert all(200 < len(part.encode()) <= 255 for part in (*folders, name))
        assert name.endswith(".jpeg")


def test_an_edited_extension_cannot_leave_the_folder() -> None:
    file = upload(inspected_content=content(evaluated_file_extension="/../../."))
    assert file_name(file, None, None, "a", None) == ("a", "_.._.._")


def test_no_file_has_the_path_of_a_folder() -> None:
    paths = ArchivePaths()
    paths.reserve_folder("a/b/")
    assert paths.add("", "A", "") == "A(1)"
    assert paths.add("a/", "b", "") == "a/b(1)"


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_path_leaves_the_archive(folder: str, alias: str) -> None:
    base, extension = file_name(upload(), None, None, alias, None)
    path = ArchivePaths().add(folder_path(folder), base, extension)
    parts = path.split("/")
    assert all(part not in ("", ".", "..") for part in parts)
    assert not any(part.endswith((".", " ")) for part in parts)
    assert not set(path) & set('\\:*?"<>|\x00')
    assert not any(category(char) == "Cc" for char in path)
    path.encode()
