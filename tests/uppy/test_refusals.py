"""Refusals of the API as Uppy shows them."""

from __future__ import annotations

import pytest

from tests.uppy.conftest import WAYS, OpenUppy
from tests.uppy.owner import BUCKET, Owner


@pytest.mark.parametrize("multipart", [False, True], ids=["form", "parts"])
@pytest.mark.parametrize("way", WAYS)
def test_a_forbidden_type_is_refused_before_the_upload(
    way: str, multipart: bool, open_uppy: OpenUppy, owner: Owner
) -> None:
    uppy = open_uppy(way).start(multipart=multipart)
    uppy.add_text("tool.exe", "M" * (5_300_000 if multipart else 10), "application/x-msdownload")

    uppy.do("upload()")

    [failed] = uppy.wait_for("upload-error")
    assert uppy.parts() == []
    assert uppy.calls("POST", f"/{owner.stack.bucket}") == []
    if uppy.version == "6":
        # It shows the status of the response only; docs/uploading.md has the lines that show more.
        assert failed["message"].startswith("Companion request failed")
    else:
        assert "application/x-msdownload" in failed["message"]
        assert "http://" not in failed["message"]
        assert uppy.events("info-visible")[0]["details"] == failed["message"]


@pytest.mark.parametrize("way", ["4-token", "5-token"])
def test_a_caller_without_the_role_is_told_so(way: str, open_uppy: OpenUppy, owner: Owner) -> None:
    stranger = Owner(owner.stack, "mallory", "--group", "elsewhere/super-user")
    uppy = open_uppy(way, stranger).start()
    uppy.add_text("notes.txt", "in the field")

    uppy.do("upload()")

    [failed] = uppy.wait_for("upload-error")
    assert failed["message"].startswith("mallory needs the role GUEST or a stronger one")


@pytest.mark.parametrize("multipart", [False, True], ids=["form", "parts"])
@pytest.mark.parametrize("way", ["4-grant", "5-grant", "6-grant"])
def test_a_file_over_the_limit_of_a_grant_is_refused_before_the_upload(
    way: str, multipart: bool, open_uppy: OpenUppy, owner: Owner
) -> None:
    endpoint = str(owner.grant(maxBytes=1000)["links"]["uppy"])
    uppy = open_uppy(way, endpoint=endpoint).start(multipart=multipart)
    uppy.add_text("notes.txt", "n" * (5_300_000 if multipart else 1001))

    uppy.do("upload()")

    [failed] = uppy.wait_for("upload-error")
    assert uppy.parts() == []
    assert uppy.calls("POST", f"/{owner.stack.bucket}") == []
    if uppy.version != "6":
        assert "at most 1000" in failed["message"]


@pytest.mark.parametrize("way", ["4-grant", "5-grant", "6-grant"])
def test_a_revoked_grant_uploads_nothing(way: str, open_uppy: OpenUppy, owner: Owner) -> None:
    grant = owner.grant()
    uppy = open_uppy(way, endpoint=str(grant["links"]["uppy"])).start()
    status, _ = owner.request("DELETE", f"/api/v1/upload-grant/{BUCKET}/{grant['id']}")
    assert status == 204
    uppy.add_text("notes.txt", "in the field")

    uppy.do("upload()")

    [failed] = uppy.wait_for("upload-error")
    assert uppy.calls("POST", f"/{owner.stack.bucket}") == []
    if uppy.version != "6":
        assert failed["message"].startswith("This upload grant is not valid")
