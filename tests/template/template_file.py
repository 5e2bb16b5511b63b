"""template.yaml as it is written and as SAM translates it, and the files beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from local.template.references import References
from local.template.source import Template, TemplateSource, read_source, translate

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"


@cache
def source() -> TemplateSource:
    """Return the template as it is written, with short tags in their long form."""
    return read_source(ROOT / "template.yaml")


@cache
def translated() -> Template:
    """Return the template as CloudFormation gets it, with every parameter at its default."""
    return translate(source(), {}, REGION)


@cache
def deployed(*parameters: tuple[str, str]) -> dict[str, dict[str, Any]]:
    """Return the resources of a deployment with these parameters, with resolved properties."""
    template = translate(source(), dict(parameters), REGION)
    references = References(template, "coffer", "https://sqs.invalid", lambda _logical_id: None)
    return {
        logical_id: references.resolved(logical_id, "Properties", resource)
        for logical_id, resource in references.active.items()
    }


def resources(type_name: str) -> dict[str, dict[str, Any]]:
    """Return the resources of a type as written, by logical id."""
    every: Mapping[str, dict[str, Any]] = source().data["Resources"]
    return {name: one for name, one in every.items() if one["Type"] == type_name}


def translated_properties(type_name: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the resources of a type after translation, by logical id."""
    return {
        name: one.get("Properties", {})
        for name, one in translated().resources.items()
        if one["Type"] == type_name
    }


def functions() -> dict[str, dict[str, Any]]:
    """Return the properties of each function as written, by the name of its folder."""
    return {
        Path(one["Properties"]["CodeUri"]).name: one["Properties"]
        for one in resources("AWS::Serverless::Function").values()
    }


def declared_variables(folder: str) -> dict[str, Any]:
    """Return the environment variables that the template gives a function, as written."""
    shared: dict[str, Any] = source().data["Globals"]["Function"]["Environment"]["Variables"]
    own: dict[str, Any] = functions()[folder].get("Environment", {}).get("Variables", {})
    return shared | own


def logical_id(folder: str) -> str:
    """Return the logical id of the function in a folder."""
    return "".join(word.capitalize() for word in folder.split("_")) + "Function"


def routes_of(properties: Mapping[str, Any]) -> set[str]:
    """Return the route keys of a function; `$default` if an HTTP event has no path."""
    return {
        f"{event['Properties']['Method']} {event['Properties']['Path']}"
        if "Path" in event["Properties"]
        else "$default"
        for event in properties.get("Events", {}).values()
        if event["Type"] == "HttpApi"
    }


def routes() -> dict[str, str]:
    """Return the folder of the function behind each route key."""
    return {route: name for name, one in functions().items() for route in routes_of(one)}


def sample_event(folder: str) -> dict[str, Any]:
    """Return the sample event of a function."""
    text = (ROOT / "events" / f"{folder}.json").read_text(encoding="utf-8")
    event: dict[str, Any] = json.loads(text)
    return event


def statements(properties: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the statements of a function's policies, including conditional ones."""
    for policy in properties.get("Policies", []):
        for statement in policy["Statement"]:
            yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def as_list(value: Any) -> list[Any]:
    """Return a value of IAM, which may be a list or a single entry, as a list."""
    return value if isinstance(value, list) else [value]


def reference(value: Any) -> str:
    """Return the logical id that a Ref or GetAtt names, or an empty string for other values.

    Of a choice (`Fn::If`), it is the one in the first branch.
    """
    if not isinstance(value, dict):
        return ""
    if "Fn::If" in value:
        return reference(value["Fn::If"][1])
    if "Ref" in value:
        return str(value["Ref"])
    target = value.get("Fn::GetAtt", "")
    return str(target[0] if isinstance(target, list) else target.partition(".")[0])


def pins(path: str) -> dict[str, str]:
    """Return the requirement lines of a file, without comments and options, by package."""
    pinned: dict[str, str] = {}
    for line in (ROOT / path).read_text(encoding="utf-8").splitlines():
        requirement = line.partition("#")[0].strip()
        if requirement and not requirement.startswith("-"):
            name = re.split(r"[\[=<>!~;\s]", requirement, maxsplit=1)[0]
            pinned[name.lower().replace("_", "-")] = requirement
    return pinned


def table_rows(page: str) -> list[list[str]]:
    """Return the cells of every table of a page, without the heads of the tables."""
    rows = []
    for paragraph in (ROOT / page).read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in paragraph.splitlines() if line.startswith("|")]
        rows += [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return rows
