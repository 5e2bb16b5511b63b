"""Reads a SAM template with its line numbers and translates it to plain CloudFormation.

The translation is AWS's own (aws-sam-translator), run without a network. Local code folders are
taken out of the template first, because the translator wants them on S3, and kept beside it.
"""

from __future__ import annotations

import copy
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

Where = tuple[str | int, ...]

FOLDER_PROPERTIES: Mapping[str, str] = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}


class TemplateError(Exception):
    """The template says something that the local stack can't do; the message names the line."""


@dataclass(frozen=True)
class Source:
    """A template as its author wrote it: plain data, and the line on which each part begins."""

    path: Path
    data: dict[str, Any]
    lines: Mapping[Where, int]

    def line_of(self, *where: str | int) -> int:
        """The line of the nearest enclosing part that the source has."""
        for length in range(len(where), 0, -1):
            if where[:length] in self.lines:
                return self.lines[where[:length]]
        return 1

    def author_of(self, logical_id: str) -> str:
        """The resource of the source that a translated resource comes from.

        The translator makes further resources out of one (roles, rules, permissions) and begins
        their ids with its id.
        """
        resources = self.data.get("Resources", {})
        candidates = [name for name in resources if logical_id.startswith(name)]
        return max(candidates, key=len, default=logical_id)

    def error(self, logical_id: str, says: str, *inside: str | int) -> TemplateError:
        """An error that names the logical id and, as near as is known, the line of the file."""
        line = self.line_of("Resources", self.author_of(logical_id), *inside)
        return TemplateError(f"{self.path.name}:{line}: {logical_id}: {says}")


@dataclass(frozen=True)
class Template:
    """A translated template: only plain CloudFormation resources are left in `resources`."""

    source: Source
    parameters: Mapping[str, Any]
    conditions: Mapping[str, Any]
    mappings: Mapping[str, Any]
    resources: Mapping[str, dict[str, Any]]
    folders: Mapping[str, Path] = field(default_factory=dict)
    """The code folder of each function and layer, by the logical id in the source."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, turned into their long form."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise TemplateError(f"line {line}: the key {key.value!r} is there twice")
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
        raise TemplateError(f"line {node.start_mark.line + 1}: !{suffix} of nothing")
    return {name: value}


def _keep_dates_as_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    """`Version: 2012-10-17` is text to CloudFormation, a date to YAML."""
    return str(loader.construct_scalar(node))


_Loader.add_multi_constructor("!", _construct_intrinsic)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _keep_dates_as_text)


def read_source(path: Path) -> Source:
    """Reads the file, keeping tags as intrinsics and remembering every line."""
    loader = _Loader(path.read_text(encoding="utf-8"))
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise TemplateError(f"{path.name}: a template is a mapping")
        lines = dict(_lines_below(root, ()))
        data = loader.construct_document(root)
    except yaml.YAMLError as error:
        raise TemplateError(f"{path.name}: {error}") from error
    finally:
        loader.dispose()
    return Source(path, data, lines)


def _lines_below(node: yaml.Node, where: Where) -> Iterator[tuple[Where, int]]:
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


def translate(source: Source, parameters: Mapping[str, str], region: str) -> Template:
    """Translates to plain CloudFormation, with `parameters` over the template's own defaults.

    Raises TemplateError for a parameter that the template doesn't have, one without a value, or
    what the SAM translator refuses.
    """
    values = _parameter_values(source, parameters)
    plain = copy.deepcopy(source.data)
    folders = dict(_take_folders_out(plain, source.path.parent))
    session = boto3.session.Session(region_name=region)
    metrics = Metrics("local", DummyMetricsPublisher())
    translator = Translator({}, Parser(), boto_session=session, metrics=metrics)
    try:
        translated = translator.translate(plain, dict(values))
    except InvalidDocumentException as error:
        causes = "\n".join(f"{source.path.name}: {cause.message}" for cause in error.causes)
        raise TemplateError(causes) from error
    finally:
        # To nobody; unpublished ones complain when they are collected.
        metrics.publish()
    return Template(
        source=source,
        parameters=values,
        conditions=translated.get("Conditions", {}),
        mappings=translated.get("Mappings", {}),
        resources=translated["Resources"],
        folders=folders,
    )


def _parameter_values(source: Source, given: Mapping[str, str]) -> dict[str, Any]:
    declared = source.data.get("Parameters", {})
    for name in given:
        if name not in declared:
            raise TemplateError(f"{source.path.name}: there is no parameter {name}")
    values: dict[str, Any] = {}
    for name, declaration in declared.items():
        line = source.line_of("Parameters", name)
        if name not in given and "Default" not in declaration:
            raise TemplateError(f"{source.path.name}:{line}: parameter {name} needs a value")
        value = given.get(name, declaration.get("Default"))
        allowed = declaration.get("AllowedValues")
        if allowed is not None and str(value) not in [str(one) for one in allowed]:
            raise TemplateError(f"{source.path.name}:{line}: {name} is one of {allowed}: {value!r}")
        if declaration["Type"] in ("CommaDelimitedList", "List<String>"):
            value = [part.strip() for part in str(value).split(",")]
        values[name] = value
    return values


def _take_folders_out(plain: dict[str, Any], root: Path) -> Iterator[tuple[str, Path]]:
    """Replaces local folders by places on S3, which is all that the translator accepts."""
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
