"""What `sam local invoke` needs for a function in a container to talk to a running stack.

Two files. `env.json` has the variables of each function, in the form of `--env-vars`. But the SAM
CLI only passes on variables that the template declares, and `template.yaml` rightly declares none
of those that lead to a local stack; so there is a template beside the build which does, and which
names this machine's processor (samconfig.toml has `sam local invoke` take it).
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

CONTAINERS_HOST = "host.docker.internal"
"""What containers call the machine that they run on."""
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
    """This machine's processor by Lambda's name for it; None for one that Lambda doesn't have."""
    return ARCHITECTURES.get(platform.machine().lower())


def environments(state: Mapping[str, Any], host: str) -> dict[str, dict[str, str]]:
    """The variables of each function by its logical id, out of a stack's description of itself.

    `host` takes the place of every loopback address, unless it is one: the issuer's address is
    also the name that it signs its tokens with.
    """
    # The SAM CLI hands the user's own session to functions, if there is one.
    shared = {**state["endpoints"], "AWS_SESSION_TOKEN": ""}
    return {
        logical_id: {
            name: reachable(value, host) for name, value in sorted({**variables, **shared}.items())
        }
        for logical_id, variables in sorted(state["functions"].items())
    }


def reachable(value: str, host: str) -> str:
    """A URL on loopback, as it is reached by way of `host`; anything else stays as it is."""
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


def has_an_issuer_out_of_reach(state: Mapping[str, Any], host: str) -> bool:
    """Whether tokens of the stack's issuer can't be checked by way of `host`.

    They name the issuer as this machine sees it, and so do its documents.
    """
    issuer = state["endpoints"].get("OIDC_ISSUER", "")
    return bool(issuer) and reachable(issuer, host) != issuer


def declaring_template(
    built: Mapping[str, Any], folder: str, architecture: str, variables: Iterable[str]
) -> dict[str, Any]:
    """A built template, as its file beside the build's `folder` has to read.

    Every function declares the variables, empty where the built one doesn't have them.
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
    """Writes the `--env-vars` file, for its owner's eyes: another S3's keys may be in it."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(found, file, indent=2, ensure_ascii=False)
        file.write("\n")


def write_template(builds: Path, architecture: str, variables: Iterable[str]) -> Path:
    """Writes the template beside the build of an architecture; FileNotFoundError without one."""
    # The reader comes with the translator, which takes a second to import.
    from local.template.source import read_source

    source = read_source(builds / architecture / "template.yaml")
    template = declaring_template(source.data, architecture, architecture, variables)
    path = builds / TEMPLATE_NAME
    path.write_text(json.dumps(template, indent=2) + "\n", encoding="utf-8")
    return path
