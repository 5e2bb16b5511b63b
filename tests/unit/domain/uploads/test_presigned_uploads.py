"""Presigned uploads: the policy of each form, and errors for invalid requests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from coffer.domain.callers import Role
from coffer.domain.errors import (
    ForbiddenError,
    InvalidError,
    RequestError,
    TooLargeError,
)
from coffer.domain.identifiers import is_identifier
from coffer.domain.uploads.grant import UploadGrant
from coffer.domain.uploads.presigned_uploads import (
    MAX_FILES,
    Checksums,
    PresignedUpload,
    RequestedUpload,
    create_presigned_uploads,
)
from tests.fakes import FrozenClock, UnsignedPosts
from tests.fakes.records import caller

MAX_BYTES = 1000


def announced(name: str = "leaf.png", **more: Any) -> RequestedUpload:
    return RequestedUpload(original_filename=name, **more)


def offer(
    posts: UnsignedPosts, *files: RequestedUpload, role: Role = Role.GUEST
) -> list[PresignedUpload]:
    return create_presigned_uploads(
        posts, FrozenClock(), caller(role), files, bucket="AAFC", max_bytes=MAX_BYTES
    )


def refused(*files: RequestedUpload) -> RequestError:
    posts = UnsignedPosts()
    with pytest.raises(RequestError) as refusal:
        offer(posts, *files)
    assert posts.policies == []
    return refusal.value


def told(error: RequestError) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.pointer) for problem in error.problems]


def test_a_policy_allows_exactly_the_requested_upload() -> None:
    posts = UnsignedPosts()
    checksums = Checksums(sha1_hex="ab" * 20, md5="x")
    file = announced(
        "Blatt|1.png", received_media_type=" image/png ", is_derivative=True, checksums=checksums
    )
    [made] = offer(posts, file)
    [allowed] = posts.policies
    assert is_identifier(made.file_identifier)
    assert allowed.key == f"incoming/aafc/{made.file_identifier}"
    assert made.post.fields == {"key": allowed.key}
    assert made.post.expires == FrozenClock().now() + timedelta(hours=1)
    assert (allowed.media_type, allowed.checksums) == ("image/png", checksums)
    assert UploadGrant.decode(allowed.grant) == UploadGrant(
        bucket="AAFC",
        created_by="alice",
        original_filename="Blatt_1.png",
        received_media_type="image/png",
        is_derivative=True,
    )


def test_uploads_are_in_the_order_of_the_request() -> None:
    posts = UnsignedPosts()
    made = offer(posts, *[announced(f"{number}.png") for number in range(5)])
    names = [UploadGrant.decode(allowed.grant).original_filename for allowed in posts.policies]
    assert names == [f"{number}.png" for number in range(5)]
    keys = [allowed.key for allowed in posts.policies]
    assert [f"incoming/aafc/{one.file_identifier}" for one in made] == keys
    assert len(set(keys)) == 5


@pytest.mark.parametrize(
    ("size", "least", "most"),
    [(None, 1, MAX_BYTES), (1, 1, 1), (500, 500, 500), (MAX_BYTES, MAX_BYTES, MAX_BYTES)],
)
def test_a_known_size_is_allowed_exactly(size: int | None, least: int, most: int) -> None:
    posts = UnsignedPosts()
    offer(posts, announced(size_in_bytes=size))
    [allowed] = posts.policies
    assert (allowed.min_bytes, allowed.max_bytes) == (least, most)


def test_undeclared_values_are_not_in_the_policy() -> None:
    posts = UnsignedPosts()
    offer(posts, announced(received_media_type="  "))
    assert posts.policies[0].media_type is None


@pytest.mark.parametrize(
    ("file", "kind", "code", "pointer"),
    [
        (announced(size_in_bytes=0), InvalidError, "empty_file", "sizeInBytes"),
        (announced(size_in_bytes=MAX_BYTES + 1), TooLargeError, "file_too_large", "sizeInBytes"),
        (announced("n" * 251), InvalidError, "file_name_too_long", "originalFilename"),
        (
            announced(relative_path="../leaf.png"),
            InvalidError,
            "unsafe_relative_path",
            "relativePath",
        ),
        (
            announced(relative_path=f"{'f' * 251}/leaf.png"),
            InvalidError,
            "relative_path_too_long",
            "relativePath",
        ),
        (announced("a.12345678901"), InvalidError, "file_extension_too_long", "originalFilename"),
        (
            announced(received_media_type="png"),
            InvalidError,
            "malformed_media_type",
            "receivedMediaType",
        ),
    ],
)
def test_an_invalid_file_has_a_pointer(
    file: RequestedUpload, kind: type[RequestError], code: str, pointer: str
) -> None:
    error = refused(announced(), file)
    assert type(error) is kind
    assert told(error) == [(code, f"/files/1/{pointer}")]


def test_a_grant_that_is_too_long_has_a_pointer() -> None:
    # 250 characters of four bytes: the longest name and type still fit, a long user name does not.
    longest = announced("𠀀" * 250, received_media_type=f"a/{'b' * 148}", is_derivative=True)
    assert len(offer(UnsignedPosts(), longest)) == 1
    somebody = caller(Role.GUEST, username="u" * 400)
    with pytest.raises(InvalidError) as refusal:
        create_presigned_uploads(
            UnsignedPosts(), FrozenClock(), somebody, [longest], bucket="aafc", max_bytes=MAX_BYTES
        )
    assert told(refusal.value) == [("upload_grant_too_long", "/files/0")]


def test_the_folder_of_a_file_is_in_its_grant() -> None:
    posts = UnsignedPosts()
    offer(
        posts,
        announced("leaf.png", relative_path="He\u0302tre/plot.R/other.png"),
        announced("a/b/leaf.png"),
        announced("/a/b/leaf.png"),
    )
    grants = [UploadGrant.decode(policy.grant) for policy in posts.policies]
    assert [(one.folder, one.original_filename) for one in grants] == [
        ("Hêtre/plot.R", "leaf.png"),
        ("a/b", "leaf.png"),
        (None, "leaf.png"),
    ]


def test_a_long_path_that_does_not_fit_the_grant_is_refused() -> None:
    fitting = announced("leaf.png", relative_path="/".join(["f" * 100] * 10))
    assert len(offer(UnsignedPosts(), fitting)) == 1
    error = refused(announced("leaf.png", relative_path="/".join(["標" * 50] * 20)))
    assert told(error) == [("upload_grant_too_long", "/files/0")]
    assert "relative path" in error.problems[0].detail


def test_all_invalid_files_are_reported_together() -> None:
    error = refused(
        announced(size_in_bytes=0),
        announced(),
        announced("n" * 251),
        announced(size_in_bytes=MAX_BYTES + 1),
    )
    assert type(error) is InvalidError
    assert told(error) == [
        ("empty_file", "/files/0/sizeInBytes"),
        ("file_name_too_long", "/files/2/originalFilename"),
        ("file_too_large", "/files/3/sizeInBytes"),
    ]


def test_the_status_is_too_large_only_if_nothing_else_is_wrong() -> None:
    error = refused(announced(size_in_bytes=MAX_BYTES + 1), announced(size_in_bytes=MAX_BYTES + 2))
    assert type(error) is TooLargeError
    assert [pointer for _, pointer in told(error)] == [
        "/files/0/sizeInBytes",
        "/files/1/sizeInBytes",
    ]


def test_at_least_one_file_must_be_named() -> None:
    assert told(refused()) == [("no_files", "/files")]


def test_at_most_a_thousand_files_fit_one_request() -> None:
    posts = UnsignedPosts()
    assert len(offer(posts, *[announced()] * MAX_FILES)) == MAX_FILES == 1000
    error = refused(*[announced()] * (MAX_FILES + 1))
    assert type(error) is TooLargeError
    assert told(error) == [("too_many_files", "/files")]


def test_a_reader_gets_no_presigned_upload() -> None:
    posts = UnsignedPosts()
    with pytest.raises(ForbiddenError):
        offer(posts, announced(size_in_bytes=0), role=Role.READ_ONLY)
    assert posts.policies == []
