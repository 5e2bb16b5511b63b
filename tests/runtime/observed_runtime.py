"""Lambda's runtime for Python, which also reports imported modules and compiled files.

    python observed_runtime.py HANDLER

The emulator starts it in place of `python -m awslambdaric HANDLER`, on the Python of the runtime.
Entry, client and loop are the same. If the file named by OBSERVED_REPORT exists when an invocation
succeeds, a description of the process is written to it before the response is sent.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.machinery import SourceFileLoader
from typing import Any

# Otherwise the modules beside this script could be imported.
sys.path.pop(0)

import awslambdaric.__main__ as entry

REPORT = os.environ.pop("OBSERVED_REPORT")
compiled: list[str] = []


class ObservedClient(entry.LambdaRuntimeClient):  # type: ignore[misc]  # typed nowhere
    """Writes the report before it sends a response."""

    def post_invocation_result(self, *arguments: Any, **options: Any) -> None:
        """Write the report, then send the response."""
        report()
        super().post_invocation_result(*arguments, **options)


def report() -> None:
    """Write the report if its file exists."""
    if not os.path.exists(REPORT):  # noqa: PTH110 - pathlib would be one more import
        return
    import sysconfig

    paths = sysconfig.get_paths()
    description = {
        "modules": places(),
        "compiled": compiled,
        "standard_library": sorted({paths["stdlib"], paths["platstdlib"]}),
        "site_packages": sorted({paths["purelib"], paths["platlib"]}),
    }
    with open(REPORT, "w", encoding="utf-8") as file:  # noqa: PTH123 - the same
        json.dump(description, file)


def places() -> dict[str, list[str]]:
    """Return the files or folders of each module; empty for built-in modules."""
    found = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        folders = getattr(module, "__path__", ())
        found[name] = [file] if isinstance(file, str) else [str(folder) for folder in folders]
    return found


def watch_compiler() -> None:
    """Record every source file that is compiled because no .pyc can be used."""
    original = SourceFileLoader.source_to_code

    def source_to_code(self: SourceFileLoader, data: Any, path: Any, **options: Any) -> Any:
        compiled.append(os.fsdecode(path))
        return original(self, data, path, **options)

    SourceFileLoader.source_to_code = source_to_code  # type: ignore[assignment]  # the same, but for its name


if __name__ == "__main__":
    watch_compiler()
    entry.LambdaRuntimeClient = ObservedClient
    entry.main(sys.argv)
