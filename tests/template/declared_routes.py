"""Print as JSON the routes of each HTTP function, by the name of its folder.

A route has its key and its query parameters; null if it accepts all parameters.

    python -m tests.template.declared_routes

It runs in its own process, because importing a handler reads the environment: the variables of the
template, with every parameter at its default and each resource as its logical id.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.template.template_file import (
    REGION,
    ROOT,
    declared_variables,
    functions,
    reference,
    source,
)

# Parameters without which functions do not start. Nothing is fetched from these URLs.
GIVEN = {
    "OidcIssuer": "https://login.invalid",
    "OidcAudience": "coffer",
    "DatahubPublicKeyUrl": "https://datahub.invalid/key.pem",
}


def environment() -> dict[str, str]:
    """Return the variables of all functions together: a parameter's default, or a resource's id."""
    values = {
        name: value if isinstance(value, str) else reference(value)
        for folder in functions()
        for name, value in declared_variables(folder).items()
    }
    parameters = source().data["Parameters"]
    defaults = {name: str(one["Default"]) for name, one in parameters.items()} | GIVEN
    region = {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return {name: defaults.get(value, value) for name, value in values.items()} | region | keys


def routes_of(app: Path) -> dict[str, Sequence[str] | None]:
    """Return the query parameters by the route keys that a handler's Api serves, if it has one."""
    from coffer.http.api import Api

    spec = importlib.util.spec_from_file_location(f"handler_{app.parent.name}", app)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {
        key: value.parameters.get(key)
        for value in vars(module).values()
        if isinstance(value, Api)
        for key in value.routes
    }


def main() -> None:
    os.environ.update(environment())
    sys.path.insert(0, str(ROOT / "layers/coffer/python"))
    apps = sorted((ROOT / "functions").glob("*/app.py"))
    print(json.dumps({app.parent.name: routes_of(app) for app in apps}))


if __name__ == "__main__":
    main()
