"""The cases of the reference's own tests (datopian/bitstore, tests/test_controllers.py).

They called controllers with everything around them replaced; here each is a request to the local
stack. Two of fifteen end otherwise, on purpose, and say so: `presign` asks no foreign address, and
what exists is told by its bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from coffer.domain.rawstore.datasets import Dataset, parse_files
from coffer.domain.rawstore.keys import KeyPattern
from local.gateway.api import Response
from local.stack import LocalStack
from tests.rawstore.requests import authorize, describe, error_of, files_of, package, post, token
from tests.rawstore.test_presign import get, link_of, presign
from tests.rawstore.test_usage_and_quotas import push as push_files

PATH = "data/file1.xls"
MD5 = "BE4Y8L87GawEKKdchUNhlA=="
FILES = {PATH: {"name": "file1.xls", "length": 100, "md5": MD5}}
PERMISSIONS = {"max_dataset_num": 10, "max_private_storage_mb": 1, "max_public_storage_mb": 1}


def ask(stack: LocalStack, user: str = "owner", **metadata: str) -> Response:
    """Send the reference's request with a token for `user`."""
    request = package(FILES, **{"owner": "owner", "dataset": "name", **metadata})
    return authorize(stack, request, user=user, permissions=PERMISSIONS)


class TestAuthorize:
    def test_another_owners_token_is_401(self, stack: LocalStack) -> None:
        assert error_of(ask(stack, user="not_owner")) == (401, "wrong_owner")

    @pytest.mark.parametrize(
        ("findability", "message"),
        [
            ("published", "Max storage for user exceeded plan limit (1MB)"),
            ("private", "Max private storage for user exceeded plan limit (1MB)"),
        ],
    )
    def test_a_full_plan_is_403_with_the_same_message(
        self, stack: LocalStack, findability: str, message: str
    ) -> None:
        """Both cases of the reference: 999,901 bytes are used, and 100 more are requested."""
        push_files(stack, {"a": b"x" * 999_901}, user="owner", findability=findability)
        stack.settle()

        response = ask(stack, findability=findability)

        assert error_of(response) == (403, "quota_exceeded")
        assert response.json()["error"]["message"].split(":")[0] == message

    def test_an_invalid_request_is_400(self, stack: LocalStack) -> None:
        assert authorize(stack, {"bad": "data"}, user="owner").status == 400

    def test_a_valid_request_gets_a_response_by_path(self, stack: LocalStack) -> None:
        files = files_of(ask(stack))

        file = files.pop(PATH)
        assert files == {}
        assert file["upload_url"] == f"{stack.storage.url}/{stack.name('RawstoreBucket')}"
        assert file["exists"] is False
        assert file["upload_query"]["key"] == "owner/name/data/file1.xls"

    @pytest.mark.parametrize(
        ("pattern", "key"),
        [
            ("{owner}/{dataset}/{path}", "owner/name/data/file1.xls"),
            ("{md5_hex}{extension}", "044e18f0bf3b19ac0428a75c85436194.xls"),
            ("{md5}", MD5),
        ],
    )
    def test_the_pattern_gives_the_key(self, pattern: str, key: str) -> None:
        """The last case is from its older tests, with a valid MD5."""
        request = package(FILES, owner="owner", dataset="name")

        [file] = parse_files(request, Dataset.parse(request), KeyPattern.parse(pattern))

        assert file.key == key

    def test_a_stored_file_exists(self, stack: LocalStack) -> None:
        """This differs: the reference accepts an object of any bytes, and skips the case."""
        body, bucket = b"x" * 100, stack.name("RawstoreBucket")
        request = package({PATH: describe(body)}, owner="owner", dataset="name")

        def exists() -> object:
            return files_of(authorize(stack, request, user="owner"))[PATH]["exists"]

        for stored in (b"", body):
            stack.client("s3").put_object(
                ACL="public-read", Bucket=bucket, Key="owner/name/data/file1.xls", Body=stored
            )
            assert exists() is (stored == body)

    def test_a_private_dataset_is_signed_as_private(self, stack: LocalStack) -> None:
        query = files_of(ask(stack, findability="private"))[PATH]["upload_query"]

        assert (query["key"], query["acl"]) == ("owner/name/data/file1.xls", "private")


class TestInfo:
    def test_an_invalid_token_is_401(self, stack: LocalStack) -> None:
        response = stack.request("GET", "/rawstore/info", headers={"Auth-Token": "not_owner"})

        assert error_of(response)[0] == 401

    def test_a_user_has_these_four_prefixes_in_this_order(self, stack: LocalStack) -> None:
        headers = {"Auth-Token": token(stack, user="12345678")}
        bucket = stack.name("RawstoreBucket")

        prefixes = stack.request("GET", "/rawstore/info", headers=headers).json()["prefixes"]

        assert [prefix for prefix in prefixes if prefix.split("/")[2].startswith(bucket)] == [
            f"http://{bucket}:80/12345678",
            f"http://{bucket}/12345678",
            f"https://{bucket}:443/12345678",
            f"https://{bucket}/12345678",
        ]


class TestPresign:
    @pytest.fixture
    def address(self, stack: LocalStack) -> str:
        """Return the URL of a private file of `owner`, with the bucket as host."""
        self.upload(stack, findability="private")
        return f"http://{stack.name('RawstoreBucket')}/owner/name/file"

    @staticmethod
    def upload(stack: LocalStack, **metadata: str) -> Mapping[str, Any]:
        request = package({"file": describe(b"bytes")}, owner="owner", dataset="name", **metadata)
        file: Mapping[str, Any] = files_of(authorize(stack, request, user="owner"))["file"]
        assert post(file, b"bytes") in (200, 201, 204)
        return file

    def test_the_address_of_a_public_file_is_returned_unchanged(self, stack: LocalStack) -> None:
        file = self.upload(stack)
        address = f"{file['upload_url']}/{file['upload_query']['key']}"

        assert link_of(presign(stack, address, owner="owner", user="owner")) == address

    def test_a_foreign_address_is_refused(self, stack: LocalStack) -> None:
        """This differs: the reference sends a request to any server, and returns the URL."""
        response = presign(stack, "http://test.com", owner="owner", user="owner")

        assert error_of(response) == (403, "foreign_url")

    def test_another_owner_is_403(self, stack: LocalStack, address: str) -> None:
        response = presign(stack, address, owner="not-owner", user="owner")

        assert error_of(response) == (403, "wrong_owner")

    def test_no_owner_is_401(self, stack: LocalStack, address: str) -> None:
        assert error_of(presign(stack, address, owner=None, user="owner")) == (401, "no_owner")

    def test_a_foreign_bucket_is_403(self, stack: LocalStack) -> None:
        response = presign(stack, "http://pkgstore/owner/name", owner="notowner", user="owner")

        assert response.status == 403

    @pytest.mark.parametrize(
        "spelling",
        ["http://{bucket}/owner/name/file", "http://s3.amazonaws.com/{bucket}/owner/name/file"],
    )
    def test_the_owners_own_address_is_signed_for_a_day(
        self, stack: LocalStack, address: str, spelling: str
    ) -> None:
        """Both cases of the reference: the bucket as host, and as first segment of the path."""
        bucket = stack.name("RawstoreBucket")

        link = link_of(presign(stack, spelling.format(bucket=bucket), owner="owner", user="owner"))

        assert link.startswith(f"{stack.storage.url}/{bucket}/owner/name/file?")
        assert "Expires=86400" in link
        assert get(link) == (200, b"bytes")


class TestClients:
    """Requests of the form that datahub-client sends; tests/datahub runs the client itself."""

    def test_a_push_without_a_dataset_is_accepted_for_a_pattern_without_dataset(self) -> None:
        request = {
            "metadata": {"owner": "test-userid", "findability": "unlisted"},
            "filedata": {
                "README.md": {"length": 16, "md5": "EMr6zQuzJUHzJSpBTjAUCg==", "name": "README.md"},
                "datapackage.json": {"length": 2, "md5": MD5, "name": "datapackage.json"},
            },
        }

        package_ = Dataset.parse(request)
        files = parse_files(request, package_, KeyPattern.parse("{md5_hex}{extension}"))

        assert [file.path for file in files] == ["README.md", "datapackage.json"]
        assert (package_.owner, package_.is_private) == ("test-userid", False)

    def test_with_the_default_pattern_a_client_without_a_dataset_is_served(
        self, stack: LocalStack
    ) -> None:
        request = {
            "metadata": {"owner": "u1"},
            "filedata": {PATH: describe(b""), "b": describe(b"")},
        }

        response = authorize(stack, request)

        files = response.json()["filedata"]
        keys = {path: file["upload_query"]["key"] for path, file in files.items()}
        assert keys == {PATH: f"u1/{PATH}", "b": "u1/b"}

    def test_an_invalid_login_is_401_as_the_client_sends_it(self, stack: LocalStack) -> None:
        """The auth server then returns no token, and the client sends the word `undefined`."""
        for method, path in (
            ("POST", "authorize"),
            ("GET", "info"),
            ("GET", "presign?url=http://x"),
        ):
            headers = {"Auth-Token": "undefined"}
            response = stack.request(method, f"/rawstore/{path}", headers=headers, json_body={})
            assert error_of(response)[0] == 401
