"""GET /config returns the limits of uploads and the default values of metadata."""

from __future__ import annotations

from local.stack import LocalStack


def test_there_are_two_configurations_in_their_order(stack: LocalStack) -> None:
    limits, defaults = stack.request("GET", "/api/v1/config").json()["data"]
    assert (limits["id"], defaults["id"]) == ("file-upload", "default-values")
    assert limits["attributes"] == {
        "max-file-size": "4MB",
        "max-request-size": "4MB",
        "max-direct-upload-bytes": 4194304,
        "max-upload-bytes": 5368709120,
        "max-files-per-request": 1000,
    }
    values = defaults["attributes"]["values"]
    assert [one["attribute"] for one in values] == [
        "xmpRightsWebStatement",
        "dcRights",
        "xmpRightsOwner",
        "xmpRightsUsageTerms",
    ]
    assert {one["type"] for one in values} == {"metadata"}
    assert stack.request("GET", "/api/v1/config/file-upload").json()["data"] == limits
