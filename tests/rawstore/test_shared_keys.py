"""Owners with the same bytes, for a pattern that gives equal bytes one key.

A key has one object, which has one owner and is public or private: as whoever wrote it last wanted
it. All the same, whoever is told that a file exists gets at it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from coffer.domain.rawstore.datasets import Dataset, DatasetFile, Md5
from coffer.domain.rawstore.keys import KeyPattern
from coffer.domain.rawstore.objects import StoredFile
from coffer.domain.rawstore.permissions import Permissions
from coffer.domain.rawstore.quotas import Totals
from coffer.domain.rawstore.uploads import UploadRules, authorize_uploads
from local.stack import LocalStack
from tests.fakes.clocks import FrozenClock
from tests.rawstore.requests import (
    MAY_UPLOAD,
    authorize,
    describe,
    error_of,
    files_of,
    md5_of,
    package,
    post,
)
from tests.rawstore.test_presign import get, is_signed, link_of, presign
from tests.rawstore.test_usage_and_quotas import assert_usage_is_correct, used

BODY = b"a,b\n1,2\n"
PATH = "data/file1.csv"
SHARED = KeyPattern.parse("{md5_hex}{extension}")
BY_OWNER = KeyPattern.parse("{owner}/{path}")
BOTH = [(user, findability) for user in ("u1", "u2") for findability in ("published", "private")]


class OneObject:
    """A store that has the same object under every key, signs nothing and has no limits."""

    def __init__(self, stored: StoredFile) -> None:
        self._stored = stored

    def find(self, keys: Sequence[str]) -> Mapping[str, StoredFile]:
        return dict.fromkeys(keys, self._stored)

    def sign(
        self, package: Dataset, files: Sequence[DatasetFile], *, now: datetime, life: timedelta
    ) -> list[dict[str, str]]:
        return [{} for _ in files]

    def of(self, owner: str) -> Totals:
        return Totals()


def exists(stored: StoredFile, findability: str, rules: UploadRules) -> bool:
    """Return whether BODY exists if u1 pushes it."""
    store = OneObject(stored)
    permissions = Permissions("u1", "rawstore", MAY_UPLOAD)
    request = package({PATH: describe(BODY)}, findability=findability)
    [upload] = authorize_uploads(
        store, store, store, FrozenClock(), permissions, request, rules
    ).uploads
    return upload.exists


class TestTheRule:
    """Columns: owner and findability of the object, findability of u1's push, expected `exists`."""

    @staticmethod
    def stored(owner: str | None, findability: str | None) -> StoredFile:
        md5 = Md5.parse(md5_of(BODY))
        assert md5 is not None
        return StoredFile(len(BODY), md5.hex, owner, findability, "text/plain", "")

    @pytest.mark.parametrize("pattern", [SHARED, BY_OWNER])
    @pytest.mark.parametrize(
        ("owner", "was", "becomes", "expected"),
        [
            ("u1", "private", "private", True),
            ("u2", "private", "private", False),
            ("u1", "private", "published", False),
            ("u2", "private", "published", False),
            ("u1", "published", "private", False),
            ("u2", "published", "private", False),
            ("u1", "published", "published", True),
            ("u2", "published", "published", True),
            ("u2", "unlisted", "published", True),
        ],
    )
    def test_with_public_acl(
        self, owner: str, was: str, becomes: str, expected: bool, pattern: KeyPattern
    ) -> None:
        rules = UploadRules("rawstore", pattern, public_by_acl=True)

        assert exists(self.stored(owner, was), becomes, rules) is expected

    @pytest.mark.parametrize("pattern", [SHARED, BY_OWNER])
    @pytest.mark.parametrize("was", ["private", "published"])
    @pytest.mark.parametrize("becomes", ["private", "published"])
    @pytest.mark.parametrize(("owner", "expected"), [("u1", True), ("u2", False)])
    def test_without_public_acl(
        self, owner: str, was: str, becomes: str, expected: bool, pattern: KeyPattern
    ) -> None:
        """A link is needed to download, and only the owner gets one."""
        rules = UploadRules("rawstore", pattern, public_by_acl=False)

        assert exists(self.stored(owner, was), becomes, rules) is expected

    @pytest.mark.parametrize(
        ("pattern", "public_by_acl", "becomes", "expected"),
        [
            (SHARED, True, "published", True),
            (SHARED, True, "private", False),
            (SHARED, False, "private", False),
            (SHARED, False, "published", False),
            (BY_OWNER, True, "published", True),
            (BY_OWNER, True, "private", False),
            (BY_OWNER, False, "private", True),
            (BY_OWNER, False, "published", True),
        ],
    )
    def test_an_object_without_metadata_counts_as_public_and_is_owned_by_its_key(
        self, pattern: KeyPattern, public_by_acl: bool, becomes: str, expected: bool
    ) -> None:
        rules = UploadRules("rawstore", pattern, public_by_acl)

        assert exists(self.stored(None, None), becomes, rules) is expected


@pytest.fixture
def shared(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> LocalStack:
    """The stack, with a pattern that gives equal bytes one key."""
    change(stack, monkeypatch, "authorize_uploads", pattern=SHARED)
    change(stack, monkeypatch, "presign_download", keys_begin_with_owner=SHARED.begins_with_owner)
    return stack


@pytest.fixture
def closed(shared: LocalStack, monkeypatch: pytest.MonkeyPatch) -> LocalStack:
    """The same stack, with a bucket without public objects."""
    authorizing = change(shared, monkeypatch, "authorize_uploads", public_by_acl=False)
    monkeypatch.setattr(authorizing.forms, "_acl", "bucket-owner-full-control")
    change(shared, monkeypatch, "presign_download", public_by_acl=False)
    return shared


def change(stack: LocalStack, monkeypatch: pytest.MonkeyPatch, function: str, **rules: Any) -> Any:
    """Change the rules of a function, as template parameters would, and return its module."""
    stack.request("POST", "/rawstore/authorize")
    stack.request("GET", "/rawstore/presign")
    module: Any = sys.modules[f"local_function_{function}_app"]
    monkeypatch.setattr(module, "rules", replace(module.rules, **rules))
    return module


def ask(stack: LocalStack, user: str, findability: str) -> dict[str, Any]:
    """Return the response to a user who pushes the file."""
    request = package({PATH: describe(BODY)}, owner=user, findability=findability)
    file: dict[str, Any] = files_of(authorize(stack, request, user=user))[PATH]
    return file


def push(stack: LocalStack, user: str, findability: str) -> str:
    """Push as a client does, without existing files, and return the URL of the file."""
    file = ask(stack, user, findability)
    if not file["exists"]:
        assert post(file, BODY) in (200, 201, 204)
    return f"{file['upload_url']}/{file['upload_query']['key']}"


def read(stack: LocalStack, address: str, user: str) -> bytes:
    """Download the file with the link of a user."""
    status, body = get(link_of(presign(stack, address, owner=user, user=user)))
    assert status == 200
    return body


class TestPushes:
    @pytest.mark.parametrize("second", BOTH, ids="-".join)
    @pytest.mark.parametrize("first", BOTH, ids="-".join)
    def test_the_owner_of_the_latest_push_can_download_the_file(
        self, shared: LocalStack, first: tuple[str, str], second: tuple[str, str]
    ) -> None:
        for user, findability in (first, second, first):
            address = push(shared, user, findability)

            assert read(shared, address, user) == BODY
            assert get(address)[0] == (403 if findability == "private" else 200)

    @pytest.mark.parametrize("second", BOTH, ids="-".join)
    @pytest.mark.parametrize("first", BOTH, ids="-".join)
    def test_without_public_files_the_owner_can_download_too(
        self, closed: LocalStack, first: tuple[str, str], second: tuple[str, str]
    ) -> None:
        for user, findability in (first, second, first):
            address = push(closed, user, findability)

            assert read(closed, address, user) == BODY
            assert get(address)[0] == 403

    def test_a_private_file_belongs_to_the_latest_owner(self, shared: LocalStack) -> None:
        for user, other in (("u1", "u2"), ("u2", "u1"), ("u1", "u2")):
            assert ask(shared, user, "private")["exists"] is False

            address = push(shared, user, "private")

            assert ask(shared, user, "private")["exists"] is True
            assert is_signed(link_of(presign(shared, address, owner=user, user=user)))
            lost = presign(shared, address, owner=other, user=other)
            assert error_of(lost) == (403, "foreign_file")
            shared.settle()
            assert (used(shared, user), used(shared, other)) == ((0, len(BODY)), (0, 0))
            assert_usage_is_correct(shared)

    def test_a_public_file_exists_for_everybody_and_counts_for_its_owner(
        self, shared: LocalStack
    ) -> None:
        address = push(shared, "u1", "published")

        assert ask(shared, "u2", "published")["exists"] is True
        assert link_of(presign(shared, address, owner="u2", user="u2")) == address
        shared.settle()
        assert (used(shared, "u1"), used(shared, "u2")) == ((len(BODY), 0), (0, 0))

    def test_making_a_shared_file_private_hides_it_from_others(self, shared: LocalStack) -> None:
        address = push(shared, "u1", "published")

        push(shared, "u2", "private")

        assert get(address)[0] == 403
        assert error_of(presign(shared, address)) == (403, "foreign_file")
        assert ask(shared, "u1", "published")["exists"] is False

    def test_publishing_a_shared_file_makes_it_public_for_all(self, shared: LocalStack) -> None:
        address = push(shared, "u1", "private")

        push(shared, "u2", "published")

        assert get(address) == (200, BODY)
        assert link_of(presign(shared, address)) == address
        assert ask(shared, "u1", "private")["exists"] is False

    def test_a_private_file_of_another_owner_counts_as_requested(self, shared: LocalStack) -> None:
        push(shared, "u1", "private")
        request = package({PATH: describe(BODY)}, owner="u2", findability="private")
        limits = {"max_private_storage_mb": (len(BODY) - 1) / 1_000_000}

        response = authorize(shared, request, user="u2", permissions=limits)

        assert error_of(response) == (403, "quota_exceeded")
