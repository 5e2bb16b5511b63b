"""npm's unmodified kitsu does the main job: create, list, filter, sort, include, patch, delete."""

from __future__ import annotations

from tests.e2e.stacks import Stack
from tests.jsonapi.clients import run_script, upload, url_of

BUCKET = "kitsu"


def test_kitsu_does_the_main_job(stack: Stack, node: str) -> None:
    given = {
        "url": url_of(stack),
        "bucket": BUCKET,
        "file": upload(stack, BUCKET),
        "derived": upload(stack, BUCKET, derivative=True),
    }
    assert run_script(node, "kitsu.js", given) == {
        "create": [201, "A leaf", ["fern"]],
        "createDerivative": 201,
        "list": [True, 2],
        "next": True,
        "filter": True,
        "sort": True,
        "include": [True, "person"],
        "related": True,
        "linkage": True,
        "below": True,
        "source": "A leaf",
        "relationships": True,
        "patch": [200, "A frond", None],
        "bulk": ["trip", "trip"],
        "patchRelationship": 204,
        "creator": None,
        "slash": 1,
        "refused": [["422", "/data/attributes/orientation"]],
        "delete": 204,
        "gone": "410",
    }
