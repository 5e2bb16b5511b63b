"""Compare the indexes of the deployed tables with those of template.yaml.

DynamoDB creates or deletes one global secondary index of a table in an update of a stack. A stack
update with more changes fails and is rolled back (CloudFormation, `AWS::DynamoDB::Table`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.template.source import read_source
from operations.installation import Installation

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
MAX_CHANGES = 1

Indexes = Mapping[str, object]
"""Keys and projection of each index, by name."""


@dataclass(frozen=True)
class IndexChanges:
    """The indexes of a table that a deployment of this template would create and delete."""

    table: str
    created: tuple[str, ...]
    deleted: tuple[str, ...]

    @property
    def is_too_much(self) -> bool:
        """True if DynamoDB refuses to do all of it in one update."""
        return len(self.created) + len(self.deleted) > MAX_CHANGES

    def __str__(self) -> str:
        done = {"create": self.created, "delete": self.deleted}
        parts = [f"{verb} {', '.join(names)}" for verb, names in done.items() if names]
        return f"{self.table}: {' and '.join(parts)}"


def index_changes(installation: Installation, template: Path = TEMPLATE) -> Iterator[IndexChanges]:
    """Yield the changes of each deployed table that has some. An index with other keys or another
    projection is deleted and created."""
    client = installation.client("dynamodb")
    for table, resource in read_source(template).data["Resources"].items():
        if resource["Type"] != "AWS::DynamoDB::Table" or table not in installation.names:
            continue
        description = client.describe_table(TableName=installation.names[table])["Table"]
        before = _indexes(description.get("GlobalSecondaryIndexes", []))
        after = _indexes(resource["Properties"].get("GlobalSecondaryIndexes", []))
        created = tuple(name for name in after if before.get(name) != after[name])
        deleted = tuple(name for name in before if after.get(name) != before[name])
        if created or deleted:
            yield IndexChanges(table, created, deleted)


def _indexes(described: Sequence[Mapping[str, Any]]) -> Indexes:
    return {
        one["IndexName"]: (
            [(key["AttributeName"], key["KeyType"]) for key in one["KeySchema"]],
            one["Projection"]["ProjectionType"],
            sorted(one["Projection"].get("NonKeyAttributes", ())),
        )
        for one in described
    }
