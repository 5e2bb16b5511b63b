"""GET /config returns the limits of uploads and the default values of metadata."""

from __future__ import annotations

import json
import re
import tomllib

from local.stack import LocalStack
from tests.api.clients import describe, upload
from tests.api.images import png
from tests.template.template_file import ROOT

RIGHTS = ("xmpRightsWebStatement", "dcRights", "xmpRightsOwner", "xmpRightsUsageTerms")


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
    assert defaults["attributes"] == {"values": []}
    assert stack.request("GET", "/api/v1/config/file-upload").json()["data"] == limits


def test_new_metadata_has_no_rights_by_default(stack: LocalStack) -> None:
    file = upload(stack, png()).json()["fileIdentifier"]

    attributes = describe(stack, file).json()["data"]["attributes"]

    assert {name: attributes[name] for name in RIGHTS} == dict.fromkeys(RIGHTS)


def test_new_metadata_has_the_rights_of_the_preset() -> None:
    """The section `aafc` of samconfig.toml has the values of the reference."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    pairs = [
        one.split("=", 1) for one in config["aafc"]["deploy"]["parameters"]["parameter_overrides"]
    ]
    given = {name: json.loads(text) if text.startswith('"') else text for name, text in pairs}
    with LocalStack(parameters=given, in_process=False) as stack:
        file = upload(stack, png()).json()["fileIdentifier"]
        attributes = describe(stack, file).json()["data"]["attributes"]
        values = stack.request("GET", "/api/v1/config/default-values").json()["data"]["attributes"]

    assert values == {
        "values": [
            {"type": "metadata", "attribute": name, "value": attributes[name]} for name in RIGHTS
        ]
    }
    assert sorted(attributes[name] for name in RIGHTS) == sorted(given.values())
    assert re.fullmatch("© His Majesty .* l'Agroalimentaire", attributes["dcRights"])
