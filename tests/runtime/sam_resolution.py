"""Print the code, layers and variables with which the SAM CLI would start containers.

    python sam_resolution.py TEMPLATE ENV_JSON

It runs on the SAM CLI's own Python and uses its private modules, whose version is pinned.
Prints one JSON document: a description of each function by its logical id.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from samcli.commands.local.lib.local_lambda import LocalLambdaRunner
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider


def describe(template: Path, variables: dict[str, Any]) -> dict[str, Any]:
    """Return code, layers, architecture and environment of each function's container."""
    stacks, _ = SamLocalStackProvider.get_stacks(str(template))
    provider = SamFunctionProvider(stacks)
    folder = str(template.parent)
    runner = LocalLambdaRunner(None, provider, folder, folder, env_vars_values=variables)
    configurations = [runner.get_invoke_config(function) for function in provider.get_all()]
    return {
        one.name: {
            "code": one.code_abs_path,
            "layers": [layer.codeuri for layer in one.layers],
            "architecture": one.architecture,
            "environment": one.env_vars.resolve(),
        }
        for one in configurations
    }


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    sys.stdout.write(json.dumps(describe(Path(sys.argv[1]), given)))
