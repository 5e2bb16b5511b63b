"""What `make build` made: each function with its layers, as a deployment would carry them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from local.resources import DEFAULT_REGION, DEFAULT_STACK_NAME, Function
from local.template.parser import TemplateParser
from local.template.source import read_source, translate

MAX_BYTES = 262_144_000
"""A function with its layers, unzipped: 250 MB, as Lambda counts them."""


def read_functions(build: Path, queue_endpoint: str) -> dict[str, Function]:
    """The functions of a build by logical id, their folders and layers being the built ones.

    `queue_endpoint` is where SQS answers, because variables hold the URLs of queues.
    """
    template = translate(read_source(build / "template.yaml"), {}, DEFAULT_REGION)
    resources = TemplateParser(template, DEFAULT_STACK_NAME, queue_endpoint).parse()
    return {function.logical_id: function for function in resources.functions}


def size_of(folders: Sequence[Path]) -> int:
    """The bytes of all files below folders."""
    return sum(
        path.lstat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()
    )


def without(function: Function, package: str, scratch: Path) -> Function:
    """The function with copies of its layers (links, in `scratch`) that lack a package.

    A layer that doesn't have it stays itself.
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
