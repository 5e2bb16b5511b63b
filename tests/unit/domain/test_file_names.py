"""Standardised file names and names of downloads (as in object-store-api 1.31)."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coffer.domain.errors import InvalidError
from coffer.domain.file_names import (
    SentName,
    base_name,
    download_name,
    extension_of,
    is_folder,
    parse_file_name,
    parse_sent_name,
    standardise,
)


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("1|2.jpg", "1_2.jpg"),
        ("1?2.jpg", "1_2.jpg"),
        ("abc/test.jpg", "abc_test.jpg"),
        ("testé.jpg", "testé.jpg"),
        ("test(1).jpg", "test(1).jpg"),
        ("test 1.jpg", "test 1.jpg"),
        ("abc+test.jpg", "abc+test.jpg"),
        ("a_b-c[1].jpg", "a_b-c[1].jpg"),
        ("  spaced.jpg ", "spaced.jpg"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (".hidden", ".hidden"),
        ("..hidden", "hidden"),
        (".hidden.txt", "hidden.txt"),
        (".", ""),
        ("name. . ", "name"),
        ("He\u0302tre a\u0300 Que\u0301bec.jpg", "Hêtre à Québec.jpg"),
        ("हिन्दी में.png", "हिन्दी में.png"),
        ("ภาษาไทย.png", "ภาษาไทย.png"),
        ("தமிழ்.png", "தமிழ்.png"),
        ("مُحَمَّد.png", "مُحَمَّد.png"),
        (
            "Ålesund 5°C \u2013 20\u2019s & 100%, #1; (a=b) @x.csv",
            "Ålesund 5°C \u2013 20\u2019s & 100%, #1; (a=b) @x.csv",
        ),
        ("O'Brien \u2013 “quoted” — ½ µm ±3 €.txt", "O'Brien \u2013 “quoted” — ½ µm ±3 €.txt"),
        (
            "👩\u200d🔬 ❤\ufe0f 🏴\U000e0067\U000e007f.png",
            "👩\u200d🔬 ❤\ufe0f 🏴\U000e0067\U000e007f.png",
        ),
        ("\u0645\u06cc\u200c\u0631\u0648\u062f.png", "\u0645\u06cc\u200c\u0631\u0648\u062f.png"),
        ("photo\u202egpj.exe", "photo_gpj.exe"),
        ("a\u2028b\u2029c\u200ed\u2066e\u061cf", "a_b_c_d_e_f"),
        ("a\x00b\x1fc\x7fd\x85e", "a_b_c_d_e"),
        ('/ \\ : * ? " < > |', "_ _ _ _ _ _ _ _ _"),
        ("plot.R", "plot.R"),
        ('a"b\r\nc.jpg', "a_b__c.jpg"),
        ("C:\\fakepath\\x.png", "C__fakepath_x.png"),
        ("标本.tif", "标本.tif"),
        ("\ud800.png", "_.png"),
        ("🌱.png", "🌱.png"),
        ("", ""),
    ],
)
def test_a_name_keeps_the_characters_that_the_reference_keeps(given_name: str, kept: str) -> None:
    assert standardise(given_name) == kept


@given(st.text())
@example(".\u2003.")
@example(".\u2003a.png. \u2009")
def test_a_kept_name_can_go_into_a_header_and_a_path(name: str) -> None:
    kept = standardise(name)
    assert not set(kept) & set('"\\/:*?<>|\r\n\0\u2028\u202e')
    assert kept == standardise(kept) == normalize("NFC", kept)
    kept.encode()


@pytest.mark.parametrize(
    ("name", "extension", "base"),
    [
        ("a.JPG", ".jpg", "a"),
        ("a.tar.gz", ".gz", "a.tar"),
        (".hidden", ".hidden", ""),
        ("x.", "", "x"),
        ("plain", "", "plain"),
        ("", "", ""),
        ("a.b c", ".b c", "a"),
    ],
)
def test_the_extension_is_what_stands_behind_the_last_dot(
    name: str, extension: str, base: str
) -> None:
    assert extension_of(name) == extension
    assert base_name(name) == base


def test_no_name_has_no_extension() -> None:
    assert extension_of(None) == ""
    assert parse_file_name(None) == ""


@pytest.mark.parametrize("name", ["n" * 250, "n" * 246 + ".png", "a.123456789"])
def test_a_name_may_have_250_characters_and_an_extension_10(name: str) -> None:
    assert parse_file_name(name) == name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("n" * 251, "file_name_too_long"),
        ("a.1234567890", "file_extension_too_long"),
        (f"a.{'x' * 200}", "file_extension_too_long"),
    ],
)
def test_a_name_that_is_too_long_is_refused(name: str, code: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        parse_file_name(name, pointer="/files/3/originalFilename")
    [problem] = refusal.value.problems
    assert (problem.code, problem.pointer) == (code, "/files/3/originalFilename")


@pytest.mark.parametrize(
    ("name", "extension", "called"),
    [
        ("leaf.png", ".png", "leaf.png"),
        ("myfile", ".png", "myfile.png"),
        ("leaf.tif", ".png", "leaf.png"),
        ("plot.R", ".r", "plot.R"),
        ("DSC_1.JPG", ".jpg", "DSC_1.JPG"),
        ("a.b.c", ".jpg", "a.b.jpg"),
        (".hidden", ".hidden", "id.hidden"),
        ("", ".png", "id.png"),
        ("", "", "id"),
    ],
)
def test_a_download_has_the_base_name_and_the_records_extension(
    name: str, extension: str, called: str
) -> None:
    assert download_name(name, extension, "id") == called


@pytest.mark.parametrize(
    ("sent", "folder", "name"),
    [
        ("x.txt", None, "x.txt"),
        ("folder/sub/x.txt", "folder/sub", "x.txt"),
        ("folder/plot.R", "folder", "plot.R"),
        ("He\u0302tre/Que\u0301bec/e\u0301te\u0301.jpg", "Hêtre/Québec", "été.jpg"),
        ("हिन्दी/में.png", "हिन्दी", "में.png"),
        ("./folder//x.txt", "folder", "x.txt"),
        ("folder\\sub\\x.txt", "folder/sub", "x.txt"),
        (" a : b /c?.txt", "a _ b", "c_.txt"),
        (".git/.hidden", ".git", ".hidden"),
        ("photo\u202egpj/a.exe", "photo_gpj", "a.exe"),
        ("a\x00b/c.txt", "a_b", "c.txt"),
        # A path that is not relative has no folder that means something elsewhere.
        ("../../etc/passwd", None, "passwd"),
        ("a/../b/x.txt", None, "x.txt"),
        ("/etc/shadow.png", None, "shadow.png"),
        ("\\\\server\\share\\x.txt", None, "x.txt"),
        ("C:\\fakepath\\x.png", None, "x.png"),
        ("c:x/y.png", None, "y.png"),
        ("a/.../x.txt", None, "x.txt"),
        ("folder/", None, ""),
        ("..", None, ""),
        ("", None, ""),
        (None, None, ""),
    ],
)
def test_the_file_name_of_a_part_may_be_a_relative_path(
    sent: str | None, folder: str | None, name: str
) -> None:
    assert parse_sent_name(sent) == SentName(folder, name)


@pytest.mark.parametrize(
    ("relative_path", "folder"),
    [
        ("folder/sub/x.txt", "folder/sub"),
        ("/folder/x.txt", "folder"),  # FileSystemEntry.fullPath begins with a slash
        ("x.txt", None),
        ("/x.txt", None),
        ("./x.txt", None),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_the_folder_of_a_relative_path_is_kept_with_the_name_of_the_file(
    relative_path: str | None, folder: str | None
) -> None:
    path = (relative_path or "").strip() or "x"
    assert parse_sent_name("other/leaf.png", path) == SentName(folder, "leaf.png")
    assert parse_sent_name("leaf.png", relative_path) == SentName(folder, "leaf.png")


@pytest.mark.parametrize("name", [None, "", "  ", ".", "../..", "folder/"])
def test_a_relative_path_names_a_file_without_a_name(name: str | None) -> None:
    assert parse_sent_name(name, "folder/plot.R") == SentName("folder", "plot.R")


@pytest.mark.parametrize(
    ("relative_path", "code"),
    [
        ("../x.txt", "unsafe_relative_path"),
        ("a/../x.txt", "unsafe_relative_path"),
        ("a\\..\\x.txt", "unsafe_relative_path"),
        ("a/.. /x.txt", "unsafe_relative_path"),
        ("a/..", "unsafe_relative_path"),
        ("a/.", "unsafe_relative_path"),
        ("C:/x.txt", "unsafe_relative_path"),
        ("C:\\x.txt", "unsafe_relative_path"),
        ("/c:x/y.txt", "unsafe_relative_path"),
        ("\\\\server\\share\\x.txt", "unsafe_relative_path"),
        ("//server/share/x.txt", "unsafe_relative_path"),
        ("a/.../x.txt", "unsafe_relative_path"),
        ("a/ /x.txt", "unsafe_relative_path"),
        ("folder/", "unsafe_relative_path"),
        ("/", "unsafe_relative_path"),
        ("f" * 251 + "/x.txt", "relative_path_too_long"),
        ("f/" * 600 + "x.txt", "relative_path_too_long"),
    ],
)
def test_a_relative_path_that_cannot_be_made_safe_is_refused(relative_path: str, code: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        parse_sent_name("x.txt", relative_path, path_pointer="/files/3/relativePath")
    [problem] = refusal.value.problems
    assert (problem.code, problem.pointer) == (code, "/files/3/relativePath")


def test_a_relative_path_may_have_1024_characters() -> None:
    longest = "f/" * 509 + "sub/" + "a.b"
    assert parse_sent_name("a.b", longest[1:]) == SentName(longest[1:-4].strip("/"), "a.b")
    with pytest.raises(InvalidError):
        parse_sent_name("a.bcd", longest)


@given(st.text(max_size=60), st.text(st.sampled_from("ab./\\: \u0301C~"), max_size=20) | st.none())
def test_every_accepted_path_is_relative_and_safe(name: str, path: str | None) -> None:
    try:
        sent = parse_sent_name(name, path)
    except InvalidError:
        return
    assert "/" not in sent.name
    segments = (sent.folder or "x").split("/")
    assert all(one and one not in (".", "..") and one == standardise(one) for one in segments)
    if sent.folder is not None:
        assert is_folder(sent.folder, sent.name)
