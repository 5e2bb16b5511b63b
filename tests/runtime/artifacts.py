"""The result of `make build`: each function with its layers, as it is deployed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from local.resources import DEFAULT_REGION, DEFAULT_STACK_NAME, Function
from local.template.parser import TemplateParser
from local.template.source import read_source, translate

MAX_BYTES = 262_144_000
"""Lambda's limit of a function with its layers, unzipped: 250 MB."""


def read_functions(build: Path, queue_endpoint: str) -> dict[str, Function]:
    """Return the functions of a build by logical id, with their built folders and layers.

    `queue_endpoint` is the endpoint of SQS: environment variables contain URLs of queues.
    """
    template = translate(read_source(build / "template.yaml"), {}, DEFAULT_REGION)
    resources = TemplateParser(template, DEFAULT_STACK_NAME, queue_endpoint).parse()
    return {function.logical_id: function for function in resources.functions}


def size_of(folders: Sequence[Path]) -> int:
    """Return the bytes of all files below folders."""
    return sum(
        path.lstat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()
    )


def without(function: Function, package: str, scratch: Path) -> Function:
    """Return the function with its layers without a package, as folders of links in `scratch`.

    A layer that does not contain the package is used unchanged.
    """
    layers = tuple(_hide(layer, package, scratch) for layer in function.layers)
    return replace(function, layers=layers)


def _hide(layer: Path, package: str, scratch: Path) -> Path:
    hidden = {package, f"{package}.py"}
    if not any((layer / name).exists() for name in hidden):
        return layer
    view = scratch / layer.parent.name / package
    if not view.exists():
        view.mkdir(parents=True)
        for path in layer.iterdir():
            if path.name not in hidden:
                (view / path.name).symlink_to(path)
    return view
