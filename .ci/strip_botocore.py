"""Remove from botocore's data what deployed functions never read.

    .ci/strip_botocore.py DATA_FOLDER [TARGET_FOLDER]

DATA_FOLDER is `botocore/data`; without TARGET_FOLDER it is changed in place. Botocore parses the
whole model of a service when it creates a client, and most of a model is its documentation. So a
cold start without documentation is shorter. The services that no function calls are removed, here
and in the list of endpoints, and the layer takes 9 MB in place of 37.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

SERVICES = ("dynamodb", "events", "s3", "sqs")
"""The services that functions have a client of."""
SHARED = ("_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json")
"""Files that botocore reads for every service."""


def strip(source: Path, target: Path) -> None:
    """Write to `target` the data of SERVICES, in their latest version, without documentation.

    Botocore loads `.json` and `.json.gz` alike. The files are written uncompressed: they are small,
    and the archive of the layer is compressed.
    """
    for name in SHARED:
        _write(target / name, _without_other_services(_read(source / name)))
    for service in SERVICES:
        latest = max((source / service).iterdir())
        for path in latest.iterdir():
            if not path.name.startswith("examples"):
                name = path.name.removesuffix(".gz")
                _write(target / service / latest.name / name, _without_documentation(_read(path)))


def strip_in_place(data: Path) -> None:
    """Replace a data folder by its stripped copy."""
    stripped = data.with_name("data.stripped")
    strip(data, stripped)
    shutil.rmtree(data)
    stripped.rename(data)


def _without_documentation(model: Any) -> Any:
    """Return a model with empty texts; botocore needs some of the names.

    A shape may have a member called `documentation`, which is not a text.
    """
    if isinstance(model, dict):
        return {
            name: ""
            if name == "documentation" and isinstance(value, str)
            else _without_documentation(value)
            for name, value in model.items()
        }
    if isinstance(model, list):
        return [_without_documentation(one) for one in model]
    return model


def _without_other_services(shared: dict[str, Any]) -> dict[str, Any]:
    """Return the list of endpoints with SERVICES only; return other files unchanged."""
    for partition in shared.get("partitions", ()):
        if "services" in partition:
            partition["services"] = {
                name: value for name, value in partition["services"].items() if name in SERVICES
            }
    return shared


def _read(path: Path) -> Any:
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Strip a data folder; return 2 if the arguments are wrong."""
    if len(arguments) not in (1, 2) or not Path(arguments[0], "endpoints.json").is_file():
        print("usage: strip_botocore.py DATA_FOLDER [TARGET_FOLDER]", file=sys.stderr)
        return 2
    if len(arguments) == 1:
        strip_in_place(Path(arguments[0]))
    else:
        strip(Path(arguments[0]), Path(arguments[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
