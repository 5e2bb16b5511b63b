"""Write the two files with which `sam local invoke` runs a function against a running stack.

`env.json` has the variables of each function, in the form of `--env-vars`. The SAM CLI only passes
on variables that the template declares, and `template.yaml` does not declare those of a local
stack. So a second template beside the build declares them and names this machine's processor
(samconfig.toml makes `sam local invoke` use it).
"""

from __future__ import annotations

import copy
import json
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

BUILDS = Path(".aws-sam")
TEMPLATE_NAME = "local-invoke.json"
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
ARCHITECTURES: Mapping[str, str] = {
    "aarch64": "arm64",
    "amd64": "x86_64",
    "arm64": "arm64",
    "x86_64": "x86_64",
}
FOLDER_PROPERTIES = ("CodeUri", "ContentUri")


def machine_architecture() -> str | None:
    """Return Lambda's name of this machine's processor; None if Lambda does not offer it."""
    return ARCHITECTURES.get(platform.machine().lower())


def environments(state: Mapping[str, Any], host: str) -> dict[str, dict[str, str]]:
    """Return the variables of each function by logical id, from the stack's state.

    `host` replaces every loopback address, unless it is one itself. An issuer that is addressed
    by another name cannot be used, because its tokens contain its loopback address.
    """
    # Without this, the SAM CLI passes the session token of the user's AWS profile to functions.
    shared = {**state["endpoints"], "AWS_SESSION_TOKEN": ""}
    return {
        logical_id: {
            name: replace_loopback(value, host)
            for name, value in sorted({**variables, **shared}.items())
        }
        for logical_id, variables in sorted(state["functions"].items())
    }


def replace_loopback(value: str, host: str) -> str:
    """Return a loopback URL with `host` instead; return any other value unchanged."""
    if host in LOOPBACK_HOSTS:
        return value
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return value
    if parts.scheme not in ("http", "https") or parts.hostname not in LOOPBACK_HOSTS:
        return value
    address = host if port is None else f"{host}:{port}"
    return urlunsplit(parts._replace(netloc=address))


def has_unreachable_issuer(state: Mapping[str, Any], host: str) -> bool:
    """True if a container that uses `host` cannot check tokens of the stack's issuer.

    The tokens and the issuer's documents contain the issuer's loopback address.
    """
    issuer = state["endpoints"].get("OIDC_ISSUER", "")
    return bool(issuer) and replace_loopback(issuer, host) != issuer


def declaring_template(
    built: Mapping[str, Any], folder: str, architecture: str, variables: Iterable[str]
) -> dict[str, Any]:
    """Return a built template that declares the variables, for a file beside `folder`.

    A variable that the built template does not have is declared with an empty value.
    """
    template: dict[str, Any] = copy.deepcopy(dict(built))
    template["Parameters"]["Architecture"]["Default"] = architecture
    declared = template["Globals"]["Function"]["Environment"]["Variables"]
    for name in variables:
        declared.setdefault(name, "")
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for name in FOLDER_PROPERTIES:
            if name in properties:
                properties[name] = f"{folder}/{properties[name]}"
    return template


def write_environments(path: Path, found: Mapping[str, Mapping[str, str]]) -> None:
    """Write the `--env-vars` file; only its owner may read it, as it can contain S3 keys."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(found, file, indent=2, ensure_ascii=False)
        file.write("\n")


def write_template(builds: Path, architecture: str, variables: Iterable[str]) -> Path:
    """Write the template beside the build of an architecture and return its path.

    Raise FileNotFoundError if there is no build.
    """
    # This import also loads the SAM translator, which takes a second.
    from local.template.source import read_source

    source = read_source(builds / architecture / "template.yaml")
    template = declaring_template(source.data, architecture, architecture, variables)
    path = builds / TEMPLATE_NAME
    path.write_text(json.dumps(template, indent=2) + "\n", encoding="utf-8")
    return path
