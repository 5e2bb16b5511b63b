"""Write the schemas of docs/events into template.yaml: `make event-schemas`.

CloudFormation has no way to include a file, so each schema is a line of the template. A test fails
if the template and docs/events differ.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "template.yaml"
START = "  # Written by `make event-schemas` from docs/events.\n"
END = "  # End of the schemas.\n"
RESOURCE = """\
  {name}Schema:
    Type: AWS::EventSchemas::Schema
    Condition: EventSchemasAreRegistered
    Properties:
      RegistryName: !GetAtt EventSchemaRegistry.RegistryName
      SchemaName: coffer@{name}
      Type: JSONSchemaDraft4
      Content: '{content}'
"""


def schema_resources() -> str:
    """Return the template's lines with a resource for each schema."""
    texts = {
        path.stem: json.dumps(json.loads(path.read_text(encoding="utf-8")), separators=(",", ":"))
        for path in sorted((ROOT / "docs/events").glob("*.json"))
    }
    return "\n".join(
        RESOURCE.format(name=name, content=text.replace("'", "''")) for name, text in texts.items()
    )


def with_schemas(template: str) -> str:
    """Return the template with the present schemas."""
    before, _, rest = template.partition(START)
    after = rest.partition(END)[2]
    if not after:
        raise ValueError(f"template.yaml has no lines {START.strip()!r} and {END.strip()!r}")
    return f"{before}{START}{schema_resources()}{END}{after}"


def main() -> int:
    """Rewrite template.yaml and return the exit status."""
    TEMPLATE.write_text(with_schemas(TEMPLATE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
