"""Load a SAM template with its line numbers, and translate it to plain CloudFormation.

The translator is AWS's own (aws-sam-translator), used without a network. It only accepts code on
S3, so the local code folders are removed from the template before, and kept in `Template.folders`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml
from samtranslator.metrics.metrics import DummyMetricsPublisher, Metrics
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from local.template.parameters import parse_value

Location = tuple[str | int, ...]

SECTIONS = {
    "AWSTemplateFormatVersion", "Conditions", "Description", "Globals", "Mappings", "Metadata",
    "Outputs", "Parameters", "Resources", "Rules", "Transform",
}  # fmt: skip
ATTRIBUTES = {
    "Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type",
    "UpdatePolicy", "UpdateReplacePolicy",
}  # fmt: skip
"""The attributes that CloudFormation allows in a resource."""

# The form of the translator's error messages.
_NAMED = re.compile(
    r"Resource with id \[(?P<resource>[^\]]*)\] is invalid\. "
    r"(?:Event with id \[(?P<event>[^\]]*)\] is invalid\. )?(?P<message>.*)",
    re.DOTALL,
)
_PROPERTY = re.compile(r"[Pp]roperty '?(\w+)'? ")

FOLDER_PROPERTIES: Mapping[str, str] = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}


class TemplateError(Exception):
    """The template is not valid, or not supported by the local stack; the message has the line."""


@dataclass(frozen=True)
class TemplateSource:
    """A template file as plain data, with the line on which each part begins."""

    path: Path
    data: dict[str, Any]
    lines: Mapping[Location, int]

    def line_of(self, *where: str | int) -> int:
        """Return the line of a part, or of the nearest enclosing part."""
        for length in range(len(where), 0, -1):
            if where[:length] in self.lines:
                return self.lines[where[:length]]
        return 1

    def source_resource_of(self, logical_id: str) -> str:
        """Return the resource in the file from which a translated resource was generated.

        The translator generates roles, rules and permissions, whose ids begin with that of their
        resource.
        """
        resources = self.data.get("Resources", {})
        candidates = [name for name in resources if logical_id.startswith(name)]
        return max(candidates, key=len, default=logical_id)

    def source_event_of(self, logical_id: str) -> Location:
        """Return the location of the event from which a resource was generated, or ()."""
        author = self.source_resource_of(logical_id)
        rest = logical_id.removeprefix(author)
        where = ("Resources", author, "Properties", "Events")
        events = {str(one[4]) for one in self.lines if len(one) == 5 and one[:4] == where}
        event = max(filter(rest.startswith, events), key=len, default=None)
        return () if event is None or not rest else ("Properties", "Events", event)

    def source_event_of_route(self, function: str, method: str, path: str) -> Location:
        """Return the location of the function's event for a route, or of its events."""
        author = self.data["Resources"].get(self.source_resource_of(function), {})
        events = author.get("Properties", {}).get("Events", {})
        for name, event in events.items():
            properties = event.get("Properties", {})
            event_method = str(properties.get("Method", "ANY")).upper()
            if properties.get("Path") == path and event_method == method:
                return "Properties", "Events", name, "Properties"
        return "Properties", "Events"

    def error(self, logical_id: str, message: str, *inside: str | int) -> TemplateError:
        """Return an error with the logical id, and the line of the part or of what encloses it."""
        where = (
            "Resources",
            self.source_resource_of(logical_id),
            *self.source_event_of(logical_id),
            *inside,
        )
        return self.error_at(f"{logical_id}: {message}", *where)

    def error_at(self, message: str, *where: str | int) -> TemplateError:
        """Return an error with the line of a part, or of the nearest enclosing part."""
        return TemplateError(f"{self.path.name}:{self.line_of(*where)}: {message}")


@dataclass(frozen=True)
class Template:
    """A translated template: `resources` only has plain CloudFormation resources."""

    source: TemplateSource
    parameters: Mapping[str, Any]
    conditions: Mapping[str, Any]
    mappings: Mapping[str, Any]
    resources: Mapping[str, dict[str, Any]]
    folders: Mapping[str, Path] = field(default_factory=dict)
    """The code folder of each function and layer, by the URL that replaced it."""


class _Loader(yaml.SafeLoader):
    """A YAML loader that turns CloudFormation's short tags, such as `!Ref`, into the long form."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} occurs twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _construct_intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        raise yaml.MarkedYAMLError(problem=f"!{suffix} has no value", problem_mark=node.start_mark)
    return {name: value}


def _construct_date_as_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    """Return the text of a date: `Version: 2012-10-17` is text in CloudFormation."""
    return str(loader.construct_scalar(node))


_Loader.add_multi_constructor("!", _construct_intrinsic)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _construct_date_as_text)


def read_source(path: Path) -> TemplateSource:
    """Load a template file; raise `TemplateError` if it is not a valid template."""
    loader = _Loader(path.read_text(encoding="utf-8"))
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise TemplateError(f"{path.name}: a template is a mapping")
        lines = dict(_lines_below(root, ()))
        data = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        message = " ".join(filter(None, (error.context, error.problem)))
        raise TemplateError(f"{path.name}:{line}: {message}") from error
    except yaml.YAMLError as error:
        raise TemplateError(f"{path.name}: {error}") from error
    finally:
        loader.dispose()
    source = TemplateSource(path, data, lines)
    _check_form(source)
    return source


def _check_form(source: TemplateSource) -> None:
    """Raise `TemplateError` for unknown sections and attributes, and for missing types."""
    for name in source.data:
        if name not in SECTIONS:
            raise source.error_at(f"{name} is not a section of a template", name)
    for section in ("Parameters", "Resources"):
        for name, declaration in (source.data.get(section) or {}).items():
            if not isinstance(declaration, dict) or not isinstance(declaration.get("Type"), str):
                raise source.error_at(f"{name}: a Type is missing", section, name)
    for logical_id, resource in (source.data.get("Resources") or {}).items():
        for name in resource:
            if name not in ATTRIBUTES:
                raise source.error(logical_id, f"{name} is not an attribute of a resource", name)
        if not isinstance(resource.get("Properties", {}), dict):
            raise source.error(logical_id, "Properties is a mapping", "Properties")


def _lines_below(node: yaml.Node, where: Location) -> Iterator[tuple[Location, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*where, key.value)
            yield below, key.start_mark.line + 1
            yield from _lines_below(value, below)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            below = (*where, index)
            yield below, value.start_mark.line + 1
            yield from _lines_below(value, below)


def translate(source: TemplateSource, parameters: Mapping[str, str], region: str) -> Template:
    """Translate to plain CloudFormation; `parameters` override the template's defaults.

    Raise `TemplateError` for an unknown parameter, a parameter without a value, or an error of
    the SAM translator.
    """
    values = _parameter_values(source, parameters)
    plain = copy.deepcopy(source.data)
    folders = dict(_remove_folders(plain, source.path.parent))
    session = boto3.session.Session(region_name=region)
    metrics = Metrics("local", DummyMetricsPublisher())
    translator = Translator({}, Parser(), boto_session=session, metrics=metrics)
    try:
        translated = translator.translate(plain, dict(values))
    except InvalidDocumentException as error:
        causes = "\n".join(str(_error_of(source, cause.message)) for cause in error.causes)
        raise TemplateError(causes) from error
    finally:
        # The publisher is a dummy; unpublished metrics log a warning when they are collected.
        metrics.publish()
    return Template(
        source=source,
        parameters=values,
        conditions=translated.get("Conditions", {}),
        mappings=translated.get("Mappings", {}),
        resources=translated["Resources"],
        folders=folders,
    )


def _error_of(source: TemplateSource, message: str) -> TemplateError:
    """Return the translator's error with the line of the part that its message names."""
    named = _NAMED.match(message)
    if named is None:
        section = next((name for name in source.data if f"'{name}'" in message), "")
        return source.error_at(message, section)
    event, message = named["event"], named["message"]
    inside: Location = ("Properties",)
    if event is not None:
        inside, message = ("Properties", "Events", event, "Properties"), f"{event}: {message}"
    part = _PROPERTY.search(message)
    return source.error(named["resource"], message, *inside, *([part[1]] if part else []))


def _parameter_values(source: TemplateSource, given: Mapping[str, str]) -> dict[str, Any]:
    declared = source.data.get("Parameters", {})
    for name in given:
        if name not in declared:
            raise TemplateError(f"{source.path.name}: there is no parameter {name}")
    values: dict[str, Any] = {}
    for name, declaration in declared.items():
        line = source.line_of("Parameters", name)
        if name not in given and "Default" not in declaration:
            raise TemplateError(f"{source.path.name}:{line}: parameter {name} needs a value")
        try:
            values[name] = parse_value(declaration, given.get(name, declaration.get("Default")))
        except (ValueError, re.error) as error:
            message = f"{source.path.name}:{line}: {name} {error}"
            raise TemplateError(message) from error
    return values


def _remove_folders(plain: dict[str, Any], root: Path) -> Iterator[tuple[str, Path]]:
    """Replace local code folders by S3 URLs, which the translator needs, and yield the folders."""
    shared = plain.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    for logical_id, resource in plain.get("Resources", {}).items():
        name = FOLDER_PROPERTIES.get(resource.get("Type", ""))
        if name is None:
            continue
        properties = resource.setdefault("Properties", {})
        folder = properties.get(name, shared)
        if isinstance(folder, str):
            yield logical_id, root / folder
        properties[name] = f"s3://local/{logical_id}"
