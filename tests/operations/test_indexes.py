"""The changes of indexes that an update of the stack would make, before it is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.commands import main
from operations.indexes import TEMPLATE, index_changes
from operations.installation import LocalInstallation
from tests.e2e.stacks import Stack

BY_CONTENT = "        - IndexName: byContent\n"
PROJECTION = "Projection: { ProjectionType: INCLUDE, NonKeyAttributes: [deletedOn] }"
NEW = """        - IndexName: byNobody
          KeySchema:
            - { AttributeName: sha1Hex, KeyType: HASH }
          Projection: { ProjectionType: KEYS_ONLY }
"""


def changed(folder: Path, *replacements: tuple[str, str]) -> Path:
    """Write the template with other text in some places."""
    text = TEMPLATE.read_text(encoding="utf-8")
    for before, after in replacements:
        assert text.count(before) == 1
        text = text.replace(before, after)
    path = folder / "template.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_deployed_tables_have_the_indexes_of_the_template(
    installation: LocalInstallation,
) -> None:
    assert list(index_changes(installation)) == []


def test_one_new_index_is_allowed(installation: LocalInstallation, tmp_path: Path) -> None:
    [changes] = index_changes(installation, changed(tmp_path, (BY_CONTENT, NEW + BY_CONTENT)))
    assert str(changes) == "UploadsTable: create byNobody"
    assert not changes.is_too_much


@pytest.mark.parametrize(
    ("replacement", "text"),
    [
        (
            (BY_CONTENT, BY_CONTENT.replace("byContent", "bySha1")),
            "UploadsTable: create bySha1 and delete byContent",
        ),
        (
            (PROJECTION, "Projection: { ProjectionType: ALL }"),
            "UploadsTable: create byContent and delete byContent",
        ),
        (
            (BY_CONTENT, NEW + NEW.replace("byNobody", "byNobodyElse") + BY_CONTENT),
            "UploadsTable: create byNobody, byNobodyElse",
        ),
    ],
    ids=["renamed", "other projection", "two new ones"],
)
def test_more_than_one_change_of_a_table_is_refused_before_the_deployment(
    stack_process: Stack,
    installation: LocalInstallation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    replacement: tuple[str, str],
    text: str,
) -> None:
    template = changed(tmp_path, replacement)
    [changes] = index_changes(installation, template)
    assert (str(changes), changes.is_too_much) == (text, True)
    monkeypatch.setenv("PORT", str(stack_process.port))
    assert main(["check-update", "--template", str(template)]) == 1
    assert text in capsys.readouterr().out
    assert main(["check-update"]) == 0
