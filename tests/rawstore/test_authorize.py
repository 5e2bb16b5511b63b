"""POST /{service}/authorize on the local stack: its responses, and its forms on S3."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from coffer.adapters.rawstore.objects import S3StoredFiles
from local.stack import LocalStack
from tests.rawstore.requests import (
    MAY_UPLOAD,
    authorize,
    describe,
    error_of,
    files_of,
    md5_of,
    package,
    post,
    token,
)
from tests.rawstore.tokens import rsa_key, sign, signed_with_the_public_key, unsigned

BODY = b"a,b\n1,2\n"
PATH = "data/file1.csv"
ONE_FILE = package({PATH: describe(BODY, type="text/csv", name="File 1")})


def one(stack: LocalStack, body: bytes = BODY, *, path: str = PATH, **metadata: Any) -> Any:
    """Return the response for one file."""
    return files_of(authorize(stack, package({path: describe(body)}, **metadata)))[path]


def pushed(stack: LocalStack, body: bytes = BODY, **metadata: Any) -> None:
    """Upload a file, as a client does."""
    assert post(one(stack, body, **metadata), body) in (200, 201, 204)


def policy_of(file: Any) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(base64.b64decode(file["upload_query"]["policy"]))
    return policy


class TestResponses:
    def test_the_response_has_all_members_that_clients_read(self, stack: LocalStack) -> None:
        response = authorize(stack, ONE_FILE)

        assert response.header("content-type") == "application/json"
        assert set(response.json()) == {"filedata"}
        file = files_of(response)[PATH]
        query = file.pop("upload_query")
        assert file == {
            "upload_url": f"{stack.storage.url}/{stack.name('RawstoreBucket')}",
            "exists": False,
            "md5": md5_of(BODY),
            "md5-hash": md5_of(BODY),
            "name": "File 1",
            "type": "text/csv",
            "length": len(BODY),
        }
        assert set(query) == {
            "acl",
            "Content-MD5",
            "Content-Type",
            "key",
            "policy",
            "x-amz-algorithm",
            "x-amz-credential",
            "x-amz-date",
            "x-amz-signature",
            "x-amz-meta-owner",
            "x-amz-meta-findability",
        } | ({"x-amz-security-token"} & set(query))
        assert all(isinstance(value, str) for value in query.values())
        assert query["key"] == "u1/d/data/file1.csv"
        assert query["acl"] == "public-read"
        assert query["Content-MD5"] == md5_of(BODY)
        assert query["Content-Type"] == "text/csv"
        assert query["x-amz-meta-owner"] == "u1"
        assert query["x-amz-meta-findability"] == "published"

    def test_every_field_has_its_condition_and_the_length_is_exact(self, stack: LocalStack) -> None:
        file = one(stack)

        policy = policy_of(file)

        fields = file["upload_query"].items()
        pinned = [{n: v} for n, v in fields if n not in ("policy", "x-amz-signature")]
        expected: list[Any] = [
            {"bucket": stack.name("RawstoreBucket")},
            *pinned,
            ["content-length-range", len(BODY), len(BODY)],
        ]
        assert sorted(map(str, policy["conditions"])) == sorted(map(str, expected))
        signed_at = file["upload_query"]["x-amz-date"]
        hour, next_hour = int(signed_at[9:11]), int(policy["expiration"][11:13])
        assert (next_hour - hour) % 24 == 1
        assert policy["expiration"][14:].replace(":", "") == signed_at[11:]

    @pytest.mark.parametrize(
        ("findability", "acl"),
        [("private", "private"), ("published", "public-read"), ("unlisted", "public-read")],
    )
    def test_a_private_dataset_is_private(
        self, stack: LocalStack, findability: str, acl: str
    ) -> None:
        query = one(stack, findability=findability)["upload_query"]

        assert (query["acl"], query["x-amz-meta-findability"]) == (acl, findability)

    def test_a_dataset_named_by_name_gets_both_spellings(self, stack: LocalStack) -> None:
        request = package({PATH: describe(BODY)}, dataset=None, name="d")

        document = authorize(stack, request).json()

        assert set(document) == {"filedata", "fileData"}
        assert document["filedata"] == document["fileData"]
        assert document["filedata"][PATH]["upload_query"]["key"] == "u1/d/data/file1.csv"

    def test_a_dataset_without_files_gets_an_empty_response(self, stack: LocalStack) -> None:
        assert authorize(stack, package({})).json() == {"filedata": {}}

    def test_an_md5_in_hexadecimal_is_accepted(self, stack: LocalStack) -> None:
        as_hex = base64.b64decode(md5_of(BODY)).hex()
        request = package({PATH: {**describe(BODY), "md5": as_hex}})

        file = files_of(authorize(stack, request))[PATH]

        assert file["md5"] == file["upload_query"]["Content-MD5"] == md5_of(BODY)

    @pytest.mark.parametrize("path", ["/rawstore/authorize", "/rawstore/"])
    @pytest.mark.parametrize(
        "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""]
    )
    def test_the_alias_and_any_content_type_are_accepted(
        self, stack: LocalStack, path: str, content_type: str
    ) -> None:
        response = stack.request(
            "POST",
            path,
            headers={"Auth-Token": token(stack), "Content-Type": content_type},
            body=json.dumps(ONE_FILE),
        )

        assert set(files_of(response)) == {PATH}

    def test_paths_in_any_script_are_returned_unchanged(self, stack: LocalStack) -> None:
        paths = ["données/été.csv", "表/データ.csv", "a b+c&d=e?f#g%.csv", "🦋.csv"]

        files = files_of(authorize(stack, package({path: describe(b"") for path in paths})))

        assert list(files) == paths
        assert [files[path]["upload_query"]["key"] for path in paths] == [
            f"u1/d/{p}" for p in paths
        ]


class TestUploads:
    """The local S3 gate makes the same checks as AWS."""

    def test_an_unchanged_form_is_accepted_and_stores_the_object(self, stack: LocalStack) -> None:
        file = files_of(authorize(stack, ONE_FILE))[PATH]

        assert post(file, BODY) in (200, 201, 204)

        stored = stack.client("s3").get_object(
            Bucket=stack.name("RawstoreBucket"), Key="u1/d/data/file1.csv"
        )
        assert stored["Body"].read() == BODY
        assert stored["ContentType"] == "text/csv"
        assert stored["Metadata"] == {"owner": "u1", "findability": "published"}

    def test_an_empty_file_and_names_in_any_script_are_accepted(self, stack: LocalStack) -> None:
        for path, body in (("empty.txt", b""), ("表/été 2026+&=?#%.csv", BODY)):
            assert post(one(stack, body, path=path), body) in (200, 201, 204)
        assert sorted(stack.keys("RawstoreBucket")) == [
            "u1/d/empty.txt",
            "u1/d/表/été 2026+&=?#%.csv",
        ]

    @pytest.mark.parametrize(
        "changes",
        [
            {"acl": "private"},
            {"Content-MD5": md5_of(b"x,y\n1,2\n")},
            {"Content-Type": "text/html"},
            {"key": "u1/d/other.csv"},
            {"key": "u2/d/data/file1.csv"},
            {"policy": base64.b64encode(b'{"expiration":"2999-01-01T00:00:00Z"}').decode()},
            {"x-amz-algorithm": "AWS4-HMAC-SHA1"},
            {"x-amz-credential": "another/20261122/us-east-1/s3/aws4_request"},
            {"x-amz-date": "20200101T000000Z"},
            {"x-amz-signature": "0" * 64},
            {"x-amz-meta-owner": "u2"},
            {"x-amz-meta-findability": "private"},
            {"x-amz-meta-extra": "1"},
            {"x-amz-storage-class": "GLACIER"},
            *(
                {name: None}
                for name in (
                    "acl",
                    "Content-MD5",
                    "Content-Type",
                    "key",
                    "policy",
                    "x-amz-algorithm",
                    "x-amz-credential",
                    "x-amz-date",
                    "x-amz-signature",
                    "x-amz-meta-owner",
                    "x-amz-meta-findability",
                )
            ),
        ],
        ids=str,
    )
    def test_a_changed_form_is_refused(
        self, stack: LocalStack, changes: dict[str, str | None]
    ) -> None:
        file = files_of(authorize(stack, ONE_FILE))[PATH]

        assert post(file, BODY, **changes) in (400, 403)
        assert stack.keys("RawstoreBucket") == []

    @pytest.mark.parametrize("body", [BODY[:-1], BODY + b"3", BODY[::-1], b""])
    def test_bytes_that_do_not_match_the_description_are_refused(
        self, stack: LocalStack, body: bytes
    ) -> None:
        assert post(one(stack), body) in (400, 403)
        assert stack.keys("RawstoreBucket") == []

    def test_a_form_is_valid_for_an_hour(self, stack: LocalStack) -> None:
        file = one(stack)
        stack.clock.advance(timedelta(minutes=59))
        assert post(file, BODY) in (200, 201, 204)

        stack.clock.advance(timedelta(minutes=2))
        assert post(file, BODY) == 403


class TestExists:
    def test_only_uploaded_files_exist(self, stack: LocalStack) -> None:
        assert one(stack)["exists"] is False

        pushed(stack)

        assert one(stack)["exists"] is True
        assert one(stack, path="data/file1")["exists"] is False
        assert one(stack, dataset="other")["exists"] is False

    def test_a_key_with_the_same_beginning_is_another_file(self, stack: LocalStack) -> None:
        """The reference reports that a.csv exists if only a.csv.bak does."""
        file = one(stack, path=f"{PATH}.bak")
        assert post(file, BODY) in (200, 201, 204)

        assert one(stack)["exists"] is False

    def test_an_edited_file_must_be_uploaded_again(self, stack: LocalStack) -> None:
        """The reference never uploads it again with a pattern by path."""
        pushed(stack)

        assert one(stack, BODY[::-1])["exists"] is False
        assert one(stack, BODY + b"3")["exists"] is False

    @pytest.mark.parametrize(
        ("was", "becomes", "exists"),
        [
            ("published", "published", True),
            ("published", "unlisted", True),
            ("private", "private", True),
            ("published", "private", False),
            ("private", "published", False),
        ],
    )
    def test_a_file_exists_only_with_the_requested_visibility(
        self, stack: LocalStack, was: str, becomes: str, exists: bool
    ) -> None:
        pushed(stack, findability=was)

        assert one(stack, findability=becomes)["exists"] is exists

    def test_an_object_without_metadata_counts_as_public(self, stack: LocalStack) -> None:
        stack.client("s3").put_object(
            Bucket=stack.name("RawstoreBucket"), Key="u1/d/data/file1.csv", Body=BODY
        )

        assert one(stack)["exists"] is True
        assert one(stack, findability="private")["exists"] is False

    def test_many_files_are_looked_up_one_by_one(self, stack: LocalStack) -> None:
        bodies = {f"{number}.csv": str(number).encode() for number in range(60)}
        request = package({path: describe(body) for path, body in bodies.items()})
        files = files_of(authorize(stack, request))
        for path in list(bodies)[::2]:
            post(files[path], bodies[path])

        again = files_of(authorize(stack, request))

        assert [file["exists"] for file in again.values()] == [True, False] * 30

    def test_without_its_bucket_no_file_exists(self, stack: LocalStack) -> None:
        pushed(stack)
        stack.client("s3").delete_object(
            Bucket=stack.name("RawstoreBucket"), Key="u1/d/data/file1.csv"
        )
        stack.client("s3").delete_bucket(Bucket=stack.name("RawstoreBucket"))

        assert one(stack)["exists"] is False


class TestTokens:
    def test_the_parameter_jwt_is_used_if_the_header_is_missing_or_empty(
        self, stack: LocalStack
    ) -> None:
        target = f"/rawstore/authorize?jwt={token(stack)}"

        for headers in ({}, {"Auth-Token": ""}, {"auth-token": "  "}):
            response = stack.request("POST", target, headers=headers, json_body=ONE_FILE)
            assert response.status == 200

    def test_the_parameter_does_not_replace_an_invalid_header(self, stack: LocalStack) -> None:
        response = stack.request(
            "POST",
            f"/rawstore/authorize?jwt={token(stack)}",
            headers={"Auth-Token": "bad"},
            json_body=ONE_FILE,
        )

        assert error_of(response) == (401, "malformed_token")

    def test_a_request_without_a_token_is_refused(self, stack: LocalStack) -> None:
        response = stack.request("POST", "/rawstore/authorize", json_body=ONE_FILE)

        assert error_of(response) == (401, "token_required")
        assert response.header("www-authenticate") == "Auth-Token"

    def test_tokens_in_other_headers_and_cookies_are_ignored(self, stack: LocalStack) -> None:
        good = token(stack)
        headers = {"Authorization": f"Bearer {good}", "Cookie": f"jwt={good}"}

        response = stack.request("POST", "/rawstore/authorize", headers=headers, json_body=ONE_FILE)

        assert error_of(response) == (401, "token_required")

    def test_invalid_tokens_are_refused(self, stack: LocalStack) -> None:
        assert stack.permission_tokens is not None
        claims = {"userid": "u1", "service": "rawstore", "permissions": MAY_UPLOAD}
        for wrong in (
            "undefined",
            "x" * 20_000,
            unsigned(claims),
            sign(rsa_key("another"), claims),
            signed_with_the_public_key(stack.permission_tokens.public_key, claims),
        ):
            response = stack.request(
                "POST",
                f"/rawstore/authorize?jwt={wrong}",
                json_body=ONE_FILE,
            )
            assert response.status == 401, wrong[:60]
            assert response.json()["error"]["code"] in ("malformed_token", "invalid_token")

    def test_an_expired_token_is_refused(self, stack: LocalStack) -> None:
        assert authorize(stack, ONE_FILE, expires_seconds=60).status == 200
        expired = token(stack, expires_seconds=60)
        stack.clock.advance(timedelta(seconds=61))

        response = stack.request(
            "POST", "/rawstore/authorize", headers={"Auth-Token": expired}, json_body=ONE_FILE
        )

        assert error_of(response) == (401, "token_expired")

    @pytest.mark.parametrize(
        ("claims", "expected"),
        [
            ({"user": "u2"}, (401, "wrong_owner")),
            ({"service": "source"}, (403, "wrong_service")),
            ({"permissions": {}}, (403, "no_upload_permission")),
            ({"permissions": {"datapackage-upload": False}}, (403, "no_upload_permission")),
            ({"user": ""}, (401, "token_without_user")),
        ],
    )
    def test_a_token_without_permission_is_refused(
        self, stack: LocalStack, claims: dict[str, Any], expected: tuple[int, str]
    ) -> None:
        assert error_of(authorize(stack, ONE_FILE, **claims)) == expected


class TestBadRequests:
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ("", "malformed_json"),
            ("{", "malformed_json"),
            ("\ufeff{}", "no_metadata"),
            (b"\xff\xfe{", "malformed_json"),
            (b"\xc3\x28", "malformed_json"),
            ('{"metadata": NaN}', "malformed_json"),
            ('{"a": 1, "a": 2}', "malformed_json"),
            ("[" * 100_000, "malformed_json"),
            ("9" * 5_000, "malformed_json"),
            ("null", "no_metadata"),
            ("[]", "no_metadata"),
            ('"text"', "no_metadata"),
            ('{"bad": "data"}', "no_metadata"),
            ('{"metadata": {"owner": "u1"}}', "no_filedata"),
            ('{"metadata": {}, "filedata": {}}', "bad_metadata"),
            ('{"metadata": {"owner": "u1"}, "filedata": []}', "no_filedata"),
        ],
    )
    def test_a_malformed_request_is_refused(
        self, stack: LocalStack, body: bytes | str, code: str
    ) -> None:
        response = stack.request(
            "POST", "/rawstore/authorize", headers={"Auth-Token": token(stack)}, body=body
        )

        assert error_of(response) == (400, code)

    def test_a_constant_that_is_not_json_is_named(self, stack: LocalStack) -> None:
        response = stack.request(
            "POST",
            "/rawstore/authorize",
            headers={"Auth-Token": token(stack)},
            body='{"metadata": -Infinity}',
        )

        assert response.json()["error"]["message"] == "The body has -Infinity, which is not JSON."

    def test_all_bad_files_are_named_together(self, stack: LocalStack) -> None:
        response = authorize(
            stack,
            package(
                {
                    "good.csv": describe(BODY),
                    "../up.csv": describe(BODY),
                    "no-length.csv": {"md5": md5_of(BODY)},
                    "no-md5.csv": {"length": 1},
                    "${filename}": describe(BODY),
                    "half.csv": {"length": 0.5, "md5": "x"},
                }
            ),
        )

        assert error_of(response) == (400, "bad_files")
        files = response.json()["error"]["files"]
        assert set(files) == {
            "../up.csv",
            "no-length.csv",
            "no-md5.csv",
            "${filename}",
            "half.csv",
        }
        assert files["half.csv"].count(";") == 1

    def test_a_file_named_twice_is_refused(self, stack: LocalStack) -> None:
        file = json.dumps(describe(BODY))
        body = f'{{"metadata":{{"owner":"u1"}},"filedata":{{"a":{file},"a":{file}}}}}'

        response = stack.request(
            "POST", "/rawstore/authorize", headers={"Auth-Token": token(stack)}, body=body
        )

        assert error_of(response) == (400, "malformed_json")
        assert "'a' twice" in response.json()["error"]["message"]

    def test_2001_files_are_too_many(self, stack: LocalStack) -> None:
        response = authorize(stack, package({f"{n}.csv": describe(b"") for n in range(2001)}))

        assert error_of(response) == (413, "too_many_files")
        assert "2000" in response.json()["error"]["message"]

    def test_a_response_over_6_mb_is_refused_with_the_number_of_files_that_fit(
        self, stack: LocalStack, unasked: None
    ) -> None:
        paths = [f"{'é' * 400}/{number}.csv" for number in range(2000)]
        response = authorize(stack, package({path: describe(b"") for path in paths}))

        assert error_of(response) == (413, "answer_too_large")
        fitting = int(response.json()["error"]["message"].split(";")[1].split()[0])
        assert 500 < fitting < 2000
        request = package({path: describe(b"") for path in paths[:fitting]})
        assert len(files_of(authorize(stack, request))) == fitting
        request = package({path: describe(b"") for path in paths[: fitting + 1]})
        assert authorize(stack, request).status == 413

    def test_an_error_names_100_files_by_the_beginning_and_end_of_their_paths(
        self, stack: LocalStack
    ) -> None:
        files = {f"data/{'é' * 600}{number}{'x' * 300}.csv": None for number in range(2000)}
        body = json.dumps(package(files), ensure_ascii=False)

        response = stack.request(
            "POST", "/rawstore/authorize", headers={"Auth-Token": token(stack)}, body=body
        )

        assert error_of(response) == (400, "bad_files")
        error = response.json()["error"]
        assert "2000 of the files" in error["message"]
        assert "1900 more" in error["message"]
        assert len(error["files"]) == 100
        assert all(len(path) < 210 for path in error["files"])
        assert all(path.startswith("data/é") for path in error["files"])
        assert all("xx.csv" in path for path in error["files"])
        assert len(response.body) < 100_000

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("POST", "/other/authorize", 404),
            ("POST", "/other/", 404),
            ("POST", "/rawstore/authorize/more", 404),
            ("POST", "/rawstore/more/", 404),
            ("POST", "/rawstore", 404),
            ("GET", "/rawstore/authorize", 405),
            ("PUT", "/rawstore/authorize", 405),
            ("POST", "/rawstore/info", 405),
        ],
    )
    def test_other_paths_and_methods_get_json_errors(
        self, stack: LocalStack, method: str, path: str, status: int
    ) -> None:
        response = stack.request(
            method, path, headers={"Auth-Token": token(stack)}, json_body=ONE_FILE
        )

        assert response.status == status
        assert "error" in response.json()

    def test_the_greedy_route_does_not_answer_for_the_other_api(self, stack: LocalStack) -> None:
        response = stack.request("POST", "/api/v1/no-such-thing", json_body={})

        assert response.status == 404
        assert "errors" in response.json()


def test_an_unexpected_error_reveals_no_internals(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret internals")

    monkeypatch.setattr(S3StoredFiles, "find", fail)

    response = authorize(stack, ONE_FILE)

    assert error_of(response) == (500, "internal_error")
    assert "secret" not in response.text


def test_the_log_has_no_token_policy_or_body(
    stack: LocalStack, log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    good = token(stack)
    request = package({"secret-path.csv": describe(BODY)}, dataset="secret-dataset")
    headers = {"Auth-Token": good}
    response = stack.request("POST", "/rawstore/authorize", headers=headers, json_body=request)
    stack.request("POST", f"/rawstore/authorize?jwt={good}", json_body={"secret": "secret-body"})
    stack.request("POST", "/rawstore/authorize", headers={"Auth-Token": good[:-9]}, json_body={})
    query = files_of(response)["secret-path.csv"]["upload_query"]

    logged = log.getvalue() + "".join(capsys.readouterr())

    assert logged.count('"served"') == 3
    for part in [*good.split("."), query["policy"], query["x-amz-signature"], "secret"]:
        assert part not in logged
