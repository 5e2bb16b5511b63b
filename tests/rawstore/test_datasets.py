"""Requests to sign uploads are parsed and checked, and files get their keys."""

from __future__ import annotations

import base64
import posixpath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.errors import MalformedRequestError, TooLargeError
from coffer.domain.rawstore.datasets import (
    MAX_FILE_BYTES,
    MAX_FILES,
    BadFilesError,
    Dataset,
    DatasetFile,
    Md5,
    parse_files,
)
from coffer.domain.rawstore.keys import MAX_KEY_BYTES, VARIABLES, KeyPattern, key_problem

MD5 = "BE4Y8L87GawEKKdchUNhlA=="  # the example of the reference
MD5_HEX = "044e18f0bf3b19ac0428a75c85436194"
BY_PATH = KeyPattern.parse("{owner}/{dataset}/{path}")
BY_CONTENT = KeyPattern.parse("{md5_hex}{extension}")
SHARED_BY_OWNERS = [
    "{owner}",
    "{owner}-{dataset}/{path}",
    "{owner}{path}",
    "{dataset}/{owner}/{path}",
    "x/{owner}/{path}",
    "{md5_hex}/{owner}",
    "{{owner}}/{path}",
    "{path}",
    "{dataset}/{path}",
    "{name}-{length}-{type}",
]
"""Patterns with which an owner could choose the key of another owner's file."""
GOOD: dict[str, Any] = {"length": 5, "md5": MD5}


def read(
    files: Any, *, pattern: KeyPattern = BY_PATH, **metadata: Any
) -> tuple[Dataset, list[DatasetFile]]:
    request = {"metadata": {"owner": "owner", "dataset": "name", **metadata}, "filedata": files}
    package = Dataset.parse(request)
    return package, parse_files(request, package, pattern)


def reason(path: str, entry: Any, pattern: KeyPattern = BY_PATH, **metadata: Any) -> str:
    """Return the reason why the only file of a dataset is refused."""
    with pytest.raises(BadFilesError) as caught:
        read({path: entry}, pattern=pattern, **metadata)
    assert list(caught.value.files) == [path]
    return caught.value.files[path]


class TestDatasets:
    @pytest.mark.parametrize(
        ("metadata", "dataset", "named_by_name"),
        [
            ({"dataset": "d"}, "d", False),
            ({"name": "n"}, "n", True),
            ({"dataset": "d", "name": "n"}, "d", False),
            ({"dataset": None, "name": "n"}, "n", True),
            ({}, None, False),
        ],
    )
    def test_a_dataset_is_named_as_dataset_or_as_name(
        self, metadata: dict[str, Any], dataset: str | None, named_by_name: bool
    ) -> None:
        package = Dataset.parse({"metadata": {"owner": "u", **metadata}})

        assert (package.name, package.is_first_generation) == (dataset, named_by_name)

    @pytest.mark.parametrize(
        ("findability", "kept", "private"),
        [
            ("private", "private", True),
            ("published", "published", False),
            ("unlisted", "unlisted", False),
            ("Private", "Private", True),
            ("privately", "privately", False),
            (None, "published", False),
            ("", "published", False),
        ],
    )
    def test_only_the_word_private_makes_a_dataset_private(
        self, findability: str | None, kept: str, private: bool
    ) -> None:
        package = Dataset.parse({"metadata": {"owner": "u", "findability": findability}})

        assert (package.findability, package.is_private) == (kept, private)

    @pytest.mark.parametrize(
        ("request_", "words"),
        [
            (None, "'metadata'"),
            ([], "'metadata'"),
            ("text", "'metadata'"),
            ({"bad": "data"}, "'metadata'"),
            ({"metadata": []}, "'metadata'"),
            ({"metadata": {}}, "metadata.owner is missing"),
            ({"metadata": {"owner": None}}, "metadata.owner is missing"),
            ({"metadata": {"owner": 7}}, "metadata.owner must be text"),
            ({"metadata": {"owner": "é"}}, "printable ASCII"),
            ({"metadata": {"owner": "a\r\nb"}}, "printable ASCII"),
            ({"metadata": {"owner": " a"}}, "printable ASCII"),
            ({"metadata": {"owner": "a" * 257}}, "1 to 256"),
            ({"metadata": {"owner": "u", "dataset": 1}}, "metadata.dataset must be text"),
            ({"metadata": {"owner": "u", "name": "a\x00"}}, "metadata.name must be text"),
            ({"metadata": {"owner": "u", "findability": True}}, "metadata.findability"),
        ],
    )
    def test_invalid_metadata_is_refused(self, request_: Any, words: str) -> None:
        with pytest.raises(MalformedRequestError, match=words):
            Dataset.parse(request_)

    def test_all_problems_of_the_metadata_are_reported_together(self) -> None:
        with pytest.raises(MalformedRequestError) as caught:
            Dataset.parse({"metadata": {"owner": 1, "dataset": 2, "findability": 3}})

        assert len(caught.value.problems) == 3


class TestFiles:
    def test_a_file_is_parsed(self) -> None:
        _, [file] = read({"data/é.csv": {**GOOD, "type": "text/csv", "name": "É"}})

        assert file == DatasetFile(
            path="data/é.csv",
            key="owner/name/data/é.csv",
            length_bytes=5,
            md5=Md5(base64.b64decode(MD5)),
            media_type="text/csv",
            name="É",
        )

    def test_optional_members_have_defaults(self) -> None:
        _, [file] = read({"data/a.csv": {**GOOD, "type": None}})

        assert (file.media_type, file.name) == ("text/plain", "a.csv")

    def test_a_dataset_without_files_is_accepted(self) -> None:
        assert read({})[1] == []

    def test_an_empty_file_is_accepted(self) -> None:
        _, [file] = read({"empty.txt": {"length": 0, "md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}})

        assert file.length_bytes == 0

    def test_the_order_of_the_request_is_kept(self) -> None:
        paths = [f"{number}.csv" for number in (3, 1, 2)]

        _, files = read(dict.fromkeys(paths, GOOD))

        assert [file.path for file in files] == paths

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"length": None}, "length is missing"),
            ({"length": -1}, "length must be a whole number of bytes"),
            ({"length": 1.5}, "length must be a whole number of bytes"),
            ({"length": 5.0}, "length must be a whole number of bytes"),
            ({"length": True}, "length must be a whole number of bytes"),
            ({"length": "5"}, "length must be a whole number of bytes"),
            ({"length": [5]}, "length must be a whole number of bytes"),
            ({"length": MAX_FILE_BYTES + 1}, "the most that one upload takes"),
            ({"length": 10**400}, "the most that one upload takes"),
            ({"md5": None}, "md5 is missing"),
            ({"md5": ""}, "md5 must be the base64 of 16 bytes"),
            ({"md5": "!"}, "md5 must be the base64 of 16 bytes"),
            ({"md5": 7}, "md5 must be the base64 of 16 bytes"),
            ({"md5": MD5[:-2]}, "md5 must be the base64 of 16 bytes"),
            ({"md5": MD5[:-4] + "===="}, "md5 must be the base64 of 16 bytes"),
            ({"md5": "QUJD" * 6}, "md5 must be the base64 of 16 bytes"),
            ({"md5": MD5_HEX[:-1] + "g"}, "md5 must be the base64 of 16 bytes"),
            ({"md5": "é" * 24}, "md5 must be the base64 of 16 bytes"),
            ({"type": 1}, "type must be text"),
            ({"type": "text/csv\r\nx: y"}, "type must be text"),
            ({"type": "é/é"}, "type must be text"),
            ({"type": "a" * 257}, "type must be text"),
            ({"name": {}}, "name must be text"),
            ({"name": "a\n"}, "name must be text"),
            ({"name": "\ud800"}, "name must be text"),
        ],
    )
    def test_an_invalid_description_is_refused(self, changes: dict[str, Any], words: str) -> None:
        assert words in reason("a.csv", {**GOOD, **changes})

    @pytest.mark.parametrize("entry", [None, [], "text", 1])
    def test_a_description_must_be_an_object(self, entry: Any) -> None:
        assert "must be an object" in reason("a.csv", entry)

    @pytest.mark.parametrize("filedata", [None, [], "text", 1])
    def test_the_files_must_be_an_object(self, filedata: Any) -> None:
        with pytest.raises(MalformedRequestError, match="'filedata'"):
            read(filedata)

    def test_the_largest_file_of_one_post_is_accepted(self) -> None:
        _, [file] = read({"a": {**GOOD, "length": MAX_FILE_BYTES}})

        assert file.length_bytes == MAX_FILE_BYTES

    def test_all_bad_files_are_named_with_all_their_reasons(self) -> None:
        with pytest.raises(BadFilesError) as caught:
            read(
                {
                    "good.csv": GOOD,
                    "../up.csv": {"md5": "?"},
                    "long.csv": {**GOOD, "length": -1},
                    "none": None,
                }
            )

        assert set(caught.value.files) == {"../up.csv", "long.csv", "none"}
        assert caught.value.files["../up.csv"].count(";") == 2

    def test_2000_files_are_accepted_and_2001_are_not(self) -> None:
        files = {f"{number}.csv": GOOD for number in range(MAX_FILES)}

        assert len(read(files)[1]) == MAX_FILES
        with pytest.raises(TooLargeError, match="at most 2000"):
            read({**files, "one-more.csv": GOOD})


class TestDigests:
    @pytest.mark.parametrize("spelling", [MD5, MD5_HEX, MD5_HEX.upper()])
    def test_base64_and_hexadecimal_are_the_same(self, spelling: str) -> None:
        md5 = Md5.parse(spelling)

        assert md5 is not None
        assert (md5.base64, md5.hex) == (MD5, MD5_HEX)

    @given(st.binary(min_size=16, max_size=16))
    def test_every_digest_can_be_parsed_again(self, digest: bytes) -> None:
        md5 = Md5(digest)

        assert Md5.parse(md5.base64) == Md5.parse(md5.hex) == md5

    @given(st.text())
    def test_any_text_can_be_parsed(self, text: str) -> None:
        md5 = Md5.parse(text)

        assert md5 is None or len(md5.digest) == 16


class TestKeys:
    @pytest.mark.parametrize(
        ("pattern", "key"),
        [
            # The two patterns of the reference, then each variable.
            ("{owner}/{dataset}/{path}", "owner/name/data/file1.xls"),
            ("{md5_hex}{extension}", f"{MD5_HEX}.xls"),
            ("{md5}", MD5),
            ("{owner}/x/{dirname}/{basename}", "owner/x/data/file1.xls"),
            ("{owner}/{name}-{length}-{type}", "owner/N-5-text/plain"),
            ("a%b{path}/{md5_hex}", f"a%bdata/file1.xls/{MD5_HEX}"),
        ],
    )
    def test_a_pattern_gives_the_key(self, pattern: str, key: str) -> None:
        _, [file] = read(
            {"data/file1.xls": {**GOOD, "name": "N"}}, pattern=KeyPattern.parse(pattern)
        )

        assert file.key == key

    @pytest.mark.parametrize(
        ("path", "extension"), [("a.tar.gz", ".gz"), ("a.b/c", ""), (".profile", ""), ("a.", ".")]
    )
    def test_the_extension_is_the_last_one_with_its_dot(self, path: str, extension: str) -> None:
        _, [file] = read({path: GOOD}, pattern=BY_CONTENT)

        assert file.key == MD5_HEX + extension

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("", "empty segments"),
            ("../a.csv", "'.' and '..'"),
            ("data/../../a.csv", "'.' and '..'"),
            ("data/..", "'.' and '..'"),
            ("./a.csv", "'.' and '..'"),
            ("/a.csv", "leading '/'"),
            ("data//a.csv", "empty segments"),
            ("data/", "empty segments"),
            ("a\x00.csv", "control characters"),
            ("a\n.csv", "control characters"),
            ("a\x7f.csv", "control characters"),
            ("a\x85.csv", "control characters"),
            ("data\\a.csv", "backslashes"),
            ("\ud800.csv", "unpaired surrogates"),
            ("${filename}", "'${'"),
            ("a${filename}.csv", "'${'"),
            ("a" * (MAX_KEY_BYTES + 1), "1024 bytes"),
            ("é" * (MAX_KEY_BYTES // 2 + 1), "1024 bytes"),
        ],
    )
    @pytest.mark.parametrize("pattern", [BY_PATH, BY_CONTENT])
    def test_an_invalid_path_is_refused_for_any_pattern(
        self, path: str, words: str, pattern: KeyPattern
    ) -> None:
        assert words in reason(path, GOOD, pattern)

    @pytest.mark.parametrize(
        "path", ["a..b/..c/d..", "…", "$ {a}", "a b+&=?#%.csv", "~", "表/데이터"]
    )
    def test_an_unusual_path_is_accepted(self, path: str) -> None:
        _, [file] = read({path: GOOD})

        assert file.key == f"owner/name/{path}"

    def test_the_limit_is_the_size_of_the_key_in_bytes(self) -> None:
        longest = "é" * ((MAX_KEY_BYTES - len("owner/name/")) // 2)

        _, [file] = read({longest: GOOD})

        assert len(file.key.encode()) >= MAX_KEY_BYTES - 1
        assert "its key" in reason(longest + "é", GOOD)

    def test_a_key_that_is_invalid_because_of_other_values_is_refused(self) -> None:
        assert "its key" in reason("a.csv", GOOD, dataset="../other")
        assert "its key" in reason("a.csv", GOOD, dataset="a//b")

    def test_an_owner_with_a_slash_is_refused(self) -> None:
        """Owner `a/b` with dataset `c` would overwrite dataset `b/c` of owner `a`."""
        with pytest.raises(MalformedRequestError, match=r"metadata\.owner must not have a '/'"):
            read({"c.csv": GOOD}, owner="a/b", dataset="c")

    def test_a_slash_is_allowed_if_keys_do_not_contain_the_owner(self) -> None:
        package, [file] = read({"a.csv": GOOD}, pattern=BY_CONTENT, owner="a/b")
        assert (package.owner, file.key) == ("a/b", f"{MD5_HEX}.csv")

    @pytest.mark.parametrize("dataset", [None, ""])
    @pytest.mark.parametrize(
        ("pattern", "key"),
        [
            ("{owner}/{dataset}/{path}", "owner/a.csv"),
            ("{owner}/data-{dataset}/{path}", "owner/a.csv"),
            ("{owner}/{path}/{dataset}", "owner/a.csv"),
            ("{dataset}/{md5_hex}{extension}", f"{MD5_HEX}.csv"),
        ],
    )
    def test_the_key_without_a_dataset_has_no_segment_for_it(
        self, pattern: str, key: str, dataset: str | None
    ) -> None:
        """datahub-client 0.5.8 sends no dataset."""
        _, [file] = read({"a.csv": GOOD}, pattern=KeyPattern.parse(pattern), dataset=dataset)

        assert file.key == key

    def test_a_dataset_that_shares_its_segment_with_a_variable_is_required(self) -> None:
        pattern = KeyPattern.parse("{owner}/{dataset}-{path}")

        assert "metadata.dataset" in reason("a.csv", GOOD, pattern, dataset=None)

    def test_a_missing_name_is_reported(self) -> None:
        assert "by name" in reason("a.csv", GOOD, KeyPattern.parse("{owner}/{name}"))

    def test_clients_cannot_add_variables(self) -> None:
        """In the reference, a client can choose `md5_hex` by sending an invalid md5."""
        assert "md5 must be" in reason(
            "a.csv", {"length": 1, "md5": "!", "md5_hex": "x"}, BY_CONTENT
        )

    def test_two_paths_with_the_same_key_are_both_named(self) -> None:
        with pytest.raises(BadFilesError) as caught:
            read({"a.csv": GOOD, "b.csv": GOOD, "c.txt": GOOD}, pattern=BY_CONTENT)

        assert set(caught.value.files) == {"a.csv", "b.csv"}
        assert "'b.csv'" in caught.value.files["a.csv"]
        assert "'a.csv'" in caught.value.files["b.csv"]

    @pytest.mark.parametrize(
        "pattern",
        [
            "",
            "fixed",
            "{}",
            "{0}",
            "{other}",
            "{owner.__class__}",
            "{owner[0]}",
            "{owner!r}",
            "{length:>20}",
            "{owner",
            "owner}",
            "{{owner}}",
            *SHARED_BY_OWNERS,
        ],
    )
    def test_an_invalid_pattern_is_refused_with_its_variable(self, pattern: str) -> None:
        with pytest.raises(ValueError, match="STORAGE_PATH_PATTERN"):
            KeyPattern.parse(pattern)

    def test_every_variable_has_a_value(self) -> None:
        variables = "-".join(f"{{{name}}}" for name in sorted(VARIABLES))
        pattern = KeyPattern.parse(f"{{owner}}/{variables}")

        _, [file] = read({"data/a.csv": {**GOOD, "name": "n"}}, pattern=pattern)

        assert file.key.endswith("name-owner-data/a.csv-text/plain".removeprefix("name-"))

    @given(st.text(min_size=1, max_size=300))
    def test_an_accepted_path_is_the_same_for_every_client(self, path: str) -> None:
        if key_problem(path) is None:
            assert posixpath.normpath(path) == path
            assert 0 < len(path.encode()) <= MAX_KEY_BYTES
            assert "${" not in path
            assert path.isprintable() or not any(ord(letter) < 32 for letter in path)
