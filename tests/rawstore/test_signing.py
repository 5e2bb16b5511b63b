"""Signatures equal AWS's published examples and those of botocore for the same time."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch  # the only way to set the time of botocore
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth, S3SigV4PostAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from coffer.adapters.signing.sigv4 import (
    EMPTY_PAYLOAD_HASH,
    UNSIGNED_PAYLOAD,
    Credentials,
    Endpoint,
    Signer,
    encode_query,
)

NOW = datetime(2026, 11, 22, 4, 30, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
REGION = "ca-central-1"
ENDPOINT = Endpoint.for_region(REGION)
USER = Credentials("AKIAEXAMPLE", "secret/of+a/user")
ROLE = Credentials("ASIAEXAMPLE", "secret/of+a/role", "IQoJb3JpZ2luX2VjE/+==session")

# The key pair, bucket and day of AWS's documentation of Signature Version 4 for S3.
DOCUMENTED = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
DOCUMENTED_DAY = datetime(2013, 5, 24, tzinfo=UTC)

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
keys = st.lists(names.filter(lambda name: name.strip("./") != ""), min_size=1, max_size=4).map(
    lambda segments: "/".join(segment.replace("/", "_") for segment in segments)
)
credentials = st.sampled_from([USER, ROLE])


def botocore_client(who: Credentials) -> Any:
    return boto3.client(
        "s3",
        region_name=REGION,
        aws_access_key_id=who.access_key_id,
        aws_secret_access_key=who.secret_access_key,
        aws_session_token=who.session_token,
        endpoint_url=ENDPOINT.url,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


CLIENTS = {who: botocore_client(who) for who in (USER, ROLE)}


def as_botocore(who: Credentials) -> BotocoreCredentials:
    return BotocoreCredentials(who.access_key_id, who.secret_access_key, who.session_token)


def frozen_botocore() -> Any:
    return patch("botocore.auth.get_current_datetime", lambda *_: NOW.replace(tzinfo=None))


def decoded_policy(fields: Mapping[str, str]) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(base64.b64decode(fields["policy"], validate=True))
    return policy


def unordered(conditions: list[Any]) -> list[str]:
    return sorted(json.dumps(condition) for condition in conditions)


def query_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)


class TestPublishedExamples:
    """Amazon S3 API Reference, 'Authenticating Requests (AWS Signature Version 4)'."""

    def test_the_post_policy_example(self) -> None:
        policy = (
            '{ "expiration": "2015-12-30T12:00:00.000Z",\r\n'
            '  "conditions": [\r\n'
            '    {"bucket": "sigv4examplebucket"},\r\n'
            '    ["starts-with", "$key", "user/user1/"],\r\n'
            '    {"acl": "public-read"},\r\n'
            '    {"success_action_redirect": '
            '"http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},\r\n'
            '    ["starts-with", "$Content-Type", "image/"],\r\n'
            '    {"x-amz-meta-uuid": "14365123651274"},\r\n'
            '    {"x-amz-server-side-encryption": "AES256"},\r\n'
            '    ["starts-with", "$x-amz-meta-tag", ""],\r\n'
            "\r\n"
            '    {"x-amz-credential": '
            '"AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},\r\n'
            '    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},\r\n'
            '    {"x-amz-date": "20151229T000000Z" }\r\n'
            "  ]\r\n"
            "}"
        )
        encoded = base64.b64encode(policy.encode()).decode()
        assert encoded.startswith(
            "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY"
        )
        assert encoded.endswith("MjlUMDAwMDAwWiIgfQ0KICBdDQp9")

        signature = Signer(DOCUMENTED, "us-east-1").sign_policy(
            encoded, now=datetime(2015, 12, 29, tzinfo=UTC)
        )

        assert signature == "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"

    def test_the_presigned_url_example(self) -> None:
        url = Signer(DOCUMENTED, "us-east-1").presign_url(
            "GET",
            "https://examplebucket.s3.amazonaws.com/test.txt",
            now=DOCUMENTED_DAY,
            expires_in=timedelta(seconds=86400),
        )

        assert url == (
            "https://examplebucket.s3.amazonaws.com/test.txt"
            "?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )

    @pytest.mark.parametrize(
        ("method", "path", "query", "headers", "payload_hash", "signature"),
        [
            pytest.param(
                "GET",
                "/test.txt",
                {},
                {"Range": "bytes=0-9"},
                EMPTY_PAYLOAD_HASH,
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
                id="GET Object",
            ),
            pytest.param(
                "PUT",
                "/test%24file.text",
                {},
                {
                    "Date": "Fri, 24 May 2013 00:00:00 GMT",
                    "x-amz-storage-class": "REDUCED_REDUNDANCY",
                },
                "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
                id="PUT Object",
            ),
            pytest.param(
                "GET",
                "/",
                {"lifecycle": ""},
                {},
                EMPTY_PAYLOAD_HASH,
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
                id="GET Bucket Lifecycle",
            ),
            pytest.param(
                "GET",
                "/",
                {"max-keys": "2", "prefix": "J"},
                {},
                EMPTY_PAYLOAD_HASH,
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
                id="GET Bucket (List Objects)",
            ),
        ],
    )
    def test_the_header_examples(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        headers: dict[str, str],
        payload_hash: str,
        signature: str,
    ) -> None:
        sent = Signer(DOCUMENTED, "us-east-1").sign_headers(
            method,
            f"https://examplebucket.s3.amazonaws.com{path}",
            now=DOCUMENTED_DAY,
            query=query,
            headers=headers,
            payload_hash=payload_hash,
        )

        assert sent["authorization"].endswith(f"Signature={signature}")


SIGNED_FIELDS = {"x-amz-date", "x-amz-algorithm", "x-amz-credential"}


class TestPostForms:
    @given(
        who=credentials,
        key=keys,
        common=st.dictionaries(names.map(lambda name: f"x-amz-meta-{name}"), names, max_size=4),
        size=st.none() | st.tuples(st.integers(0, 10), st.integers(10, 50 * 1024**3)),
    )
    @settings(deadline=None)
    def test_a_form_equals_that_of_botocore(
        self, who: Credentials, key: str, common: dict[str, str], size: tuple[int, int] | None
    ) -> None:
        own = {"Content-Type": "text/plain", "key": key.replace("${filename}", "")}
        conditions: list[Any] = [{name: value} for name, value in {**common, **own}.items()]
        conditions = [condition for condition in conditions if "key" not in condition]
        if size is not None:
            conditions.append(["content-length-range", *size])

        with (
            frozen_botocore(),
            patch("botocore.signers.get_current_datetime", lambda *_: NOW.replace(tzinfo=None)),
        ):
            theirs = CLIENTS[who].generate_presigned_post(
                "store",
                own["key"],
                Fields={"Content-Type": "text/plain", **common},
                Conditions=conditions,
                ExpiresIn=3600,
            )["fields"]
        signer = Signer(who, REGION)
        [ours] = signer.sign_posts("store", [(own, size)], now=NOW, expires_in=HOUR, common=common)

        signatures = {"policy", "x-amz-signature"}
        assert {n: v for n, v in ours.items() if n not in signatures} == {
            n: v for n, v in theirs.items() if n not in signatures
        }
        our_policy, their_policy = decoded_policy(ours), decoded_policy(theirs)
        assert our_policy["expiration"] == their_policy["expiration"]
        assert unordered(our_policy["conditions"]) == unordered(their_policy["conditions"])
        # The conditions have another order, so each signer signs the other's policy.
        assert signer.sign_policy(theirs["policy"], now=NOW) == theirs["x-amz-signature"]
        assert self.botocore_signature(who, ours["policy"]) == ours["x-amz-signature"]

    @staticmethod
    def botocore_signature(who: Credentials, policy: str) -> str:
        request = AWSRequest(method="POST", url=ENDPOINT.url)
        request.context["timestamp"] = NOW.strftime("%Y%m%dT%H%M%SZ")
        signature: str = S3SigV4PostAuth(as_botocore(who), "s3", REGION).signature(policy, request)
        return signature

    @given(common=st.text("abc", max_size=7), count=st.integers(0, 5))
    def test_a_batch_equals_single_forms_at_every_base64_alignment(
        self, common: str, count: int
    ) -> None:
        signer = Signer(ROLE, REGION)
        shared = {"x-amz-meta-owner": common}
        forms = [({"key": f"k{number}"}, (number, number)) for number in range(count)]

        batch = signer.sign_posts("store", forms, now=NOW, expires_in=HOUR, common=shared)

        assert batch == [
            signer.sign_posts("store", [form], now=NOW, expires_in=HOUR, common=shared)[0]
            for form in forms
        ]
        for fields in batch:
            assert fields["x-amz-signature"] == signer.sign_policy(fields["policy"], now=NOW)

    @given(
        st.lists(
            st.tuples(
                st.dictionaries(st.sampled_from(["key", "a", "b%s", 'c"']), names, max_size=4),
                st.none() | st.tuples(st.integers(0, 9), st.integers(0, 9)),
            ),
            max_size=6,
        )
    )
    def test_forms_of_a_batch_can_have_different_fields(
        self, forms: list[tuple[dict[str, str], tuple[int, int] | None]]
    ) -> None:
        signer = Signer(USER, REGION)

        batch = signer.sign_posts("store", forms, now=NOW, expires_in=HOUR, common={"acl": "a"})

        for (own, size), fields in zip(forms, batch, strict=True):
            unsigned = {n: v for n, v in fields.items() if n not in ("policy", "x-amz-signature")}
            expected: list[Any] = [{"bucket": "store"}, *({n: v} for n, v in unsigned.items())]
            expected += [["content-length-range", *size]] if size else []
            assert unsigned.keys() == SIGNED_FIELDS | {"acl"} | own.keys()
            assert unsigned.items() >= own.items()
            assert unordered(decoded_policy(fields)["conditions"]) == unordered(expected)
            assert fields["x-amz-signature"] == signer.sign_policy(fields["policy"], now=NOW)

    @given(st.dictionaries(names, names, min_size=1, max_size=6))
    def test_every_field_has_its_condition(self, own: dict[str, str]) -> None:
        [fields] = Signer(ROLE, REGION).sign_posts(
            "store", [(own, None)], now=NOW, expires_in=HOUR, common={"acl": "private"}
        )

        conditions = decoded_policy(fields)["conditions"]

        for name in fields.keys() - {"policy", "x-amz-signature"}:
            assert {name: fields[name]} in conditions

    def test_a_role_has_its_session_token_as_field_and_condition(self) -> None:
        [fields] = Signer(ROLE, REGION).sign_posts(
            "store", [({"key": "k"}, None)], now=NOW, expires_in=HOUR
        )

        assert fields["x-amz-security-token"] == ROLE.session_token
        assert {"x-amz-security-token": ROLE.session_token} in decoded_policy(fields)["conditions"]

    def test_a_user_has_no_session_token(self) -> None:
        [fields] = Signer(USER, REGION).sign_posts(
            "store", [({"key": "k"}, None)], now=NOW, expires_in=HOUR
        )

        assert "x-amz-security-token" not in fields
        assert "security-token" not in json.dumps(decoded_policy(fields))


class TestPresignedUrls:
    @given(who=credentials, key=keys, disposition=names)
    @settings(deadline=None)
    def test_a_get_equals_that_of_botocore(
        self, who: Credentials, key: str, disposition: str
    ) -> None:
        with frozen_botocore():
            theirs = CLIENTS[who].generate_presigned_url(
                "get_object",
                {
                    "Bucket": "store",
                    "Key": key,
                    "ResponseContentDisposition": disposition,
                    "ResponseContentType": "image/png",
                },
                ExpiresIn=300,
            )
        ours = Signer(who, REGION).presign_url(
            "GET",
            ENDPOINT.object_url("store", key),
            now=NOW,
            expires_in=timedelta(minutes=5),
            query={
                "response-content-disposition": disposition,
                "response-content-type": "image/png",
            },
        )

        assert urlsplit(ours)[:3] == urlsplit(theirs)[:3]
        assert query_of(ours) == query_of(theirs)

    @pytest.mark.parametrize("who", [USER, ROLE])
    @pytest.mark.parametrize(
        ("operation", "method", "parameters", "query", "headers"),
        [
            ("head_object", "HEAD", {"VersionId": "3/L4kqtJ+="}, {"versionId": "3/L4kqtJ+="}, {}),
            ("put_object", "PUT", {}, {}, {}),
            (
                "put_object",
                "PUT",
                {
                    "ContentType": "text/csv; charset=utf-8",
                    "ContentMD5": "XrY7u+Ae7tCTyyK7j1rNww==",
                },
                {},
                {
                    "Content-Type": "text/csv; charset=utf-8",
                    "Content-MD5": "XrY7u+Ae7tCTyyK7j1rNww==",
                },
            ),
            (
                "upload_part",
                "PUT",
                {"PartNumber": 17, "UploadId": "VXBsb2Fk+SUQ/~"},
                {"partNumber": "17", "uploadId": "VXBsb2Fk+SUQ/~"},
                {},
            ),
        ],
    )
    def test_other_methods_equal_those_of_botocore(
        self,
        who: Credentials,
        operation: str,
        method: str,
        parameters: dict[str, Any],
        query: dict[str, str],
        headers: dict[str, str],
    ) -> None:
        key = "incoming/été 2026/a+b&c=d?#%.jpg"
        with frozen_botocore():
            theirs = CLIENTS[who].generate_presigned_url(
                operation, {"Bucket": "store", "Key": key, **parameters}, ExpiresIn=900
            )
        ours = Signer(who, REGION).presign_url(
            method,
            ENDPOINT.object_url("store", key),
            now=NOW,
            expires_in=timedelta(minutes=15),
            query=query,
            headers=headers,
        )

        assert urlsplit(ours)[:3] == urlsplit(theirs)[:3]
        assert query_of(ours) == query_of(theirs)

    @pytest.mark.parametrize("life", [timedelta(0), timedelta(days=7, seconds=1)])
    def test_a_lifetime_that_s3_refuses_is_refused(self, life: timedelta) -> None:
        with pytest.raises(ValueError, match="seven days"):
            Signer(USER, REGION).presign_url("GET", "http://s3/b/k", now=NOW, expires_in=life)

    def test_a_url_with_a_query_is_refused(self) -> None:
        with pytest.raises(ValueError, match="without query"):
            Signer(USER, REGION).presign_url("GET", "http://s3/b/k?a=b", now=NOW, expires_in=HOUR)


class TestSignedHeaders:
    @given(
        who=credentials,
        method=st.sampled_from(["GET", "HEAD", "DELETE"]),
        key=keys,
        query=st.dictionaries(names, names, max_size=3),
        etag=st.text("0123456789abcdef-", min_size=1, max_size=40),
        payload_hash=st.sampled_from([EMPTY_PAYLOAD_HASH, UNSIGNED_PAYLOAD]),
    )
    @settings(deadline=None)
    def test_headers_equal_those_of_botocore(
        self,
        who: Credentials,
        method: str,
        key: str,
        query: dict[str, str],
        etag: str,
        payload_hash: str,
    ) -> None:
        url = ENDPOINT.object_url("store", key)
        headers = {"Range": "bytes=0-4095", "If-Match": f'"{etag}"', "X-Amz-Meta-A": " two  words "}
        request = AWSRequest(method=method, url=url, headers=headers, params=query)
        auth = S3SigV4Auth(as_botocore(who), "s3", REGION)
        with frozen_botocore(), patch.object(auth, "payload", lambda _: payload_hash):
            auth.add_auth(request)

        ours = Signer(who, REGION).sign_headers(
            method, url, now=NOW, query=query, headers=headers, payload_hash=payload_hash
        )

        assert ours["authorization"] == request.headers["Authorization"]
        assert ours["x-amz-date"] == request.headers["X-Amz-Date"]
        assert ours["x-amz-content-sha256"] == request.headers["X-Amz-Content-SHA256"]
        assert ours.get("x-amz-security-token") == request.headers.get("X-Amz-Security-Token")

    def test_the_port_is_signed_unless_it_is_the_default(self) -> None:
        def host(url: str) -> str:
            return Signer(USER, REGION).sign_headers("GET", url, now=NOW)["host"]

        assert host("http://localhost:9000/b/k") == "localhost:9000"
        assert host("http://localhost:80/b/k") == "localhost"
        assert host("https://localhost:443/b/k") == "localhost"
        assert host("https://localhost:80/b/k") == "localhost:80"


class TestSigner:
    def test_new_credentials_and_a_new_day_give_a_new_key(self) -> None:
        current = USER
        signer = Signer(lambda: current, REGION)
        tomorrow = NOW + timedelta(days=1)

        before = signer.sign_policy("cG9saWN5", now=NOW)
        next_day = signer.sign_policy("cG9saWN5", now=tomorrow)
        current = ROLE
        after = signer.sign_policy("cG9saWN5", now=tomorrow)

        assert before == Signer(USER, REGION).sign_policy("cG9saWN5", now=NOW)
        assert next_day == Signer(USER, REGION).sign_policy("cG9saWN5", now=tomorrow)
        assert after == Signer(ROLE, REGION).sign_policy("cG9saWN5", now=tomorrow)
        assert len({before, next_day, after}) == 3

    def test_the_day_is_the_utc_day(self) -> None:
        early = datetime.fromisoformat("2026-11-23T01:00:00+05:00")

        [fields] = Signer(USER, REGION).sign_posts(
            "store", [({"key": "k"}, None)], now=early, expires_in=HOUR
        )

        assert fields["x-amz-date"] == "20261122T200000Z"
        assert "/20261122/" in fields["x-amz-credential"]
        assert decoded_policy(fields)["expiration"] == "2026-11-22T21:00:00Z"

    def test_credentials_do_not_show_their_secrets(self) -> None:
        assert "secret" not in repr(ROLE)
        assert "session" not in repr(ROLE)


class TestAddresses:
    def test_the_regional_endpoint_is_the_default(self) -> None:
        assert Endpoint.for_region("eu-west-1").url == "https://s3.eu-west-1.amazonaws.com"
        assert Endpoint.for_region("us-gov-west-1").url == "https://s3.us-gov-west-1.amazonaws.com"
        assert Endpoint.for_region("cn-north-1").url == "https://s3.cn-north-1.amazonaws.com.cn"
        assert Endpoint.for_region("eu-west-1", "http://localhost:9000/").url == (
            "http://localhost:9000"
        )

    def test_keys_are_encoded_as_in_s3(self) -> None:
        assert ENDPOINT.bucket_url("my.store") == f"{ENDPOINT.url}/my.store"
        assert Endpoint("http://s3").object_url("b", "a b/é+~-_.!*'()%?#&=") == (
            "http://s3/b/a%20b/%C3%A9%2B~-_.%21%2A%27%28%29%25%3F%23%26%3D"
        )

    def test_a_query_is_sorted_by_its_encoded_names(self) -> None:
        assert encode_query({"b": "2 3", "B": "ä/", "a": ""}) == "B=%C3%A4%2F&a=&b=2%203"
