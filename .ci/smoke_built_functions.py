"""Check the built artifacts: that every function can be imported, on the right processor.

    python .ci/smoke_built_functions.py --python PYTHON3.13 .aws-sam

Of the build for this machine's processor, it imports each function as Lambda does: it starts the
given Python with only the function's folder and its layers on the path. So a package that is only
installed for tests is found missing here, before a deployment.

The builds for other processors cannot be imported here. Of every build it reads the tags of the
wheels and the headers of the libraries, and lists those for another processor or Python.

Needs PyYAML, which is in the SAM CLI's environment.
"""

from __future__ import annotations

import argparse
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}

# The name in a wheel's platform tag, and `e_machine` of an ELF file (the ELF specification).
MACHINES = {"x86_64": ("x86_64", 62), "arm64": ("aarch64", 183)}

# Parameters without which functions do not start. Nothing is fetched from these URLs.
GIVEN = {
    "OidcIssuer": "https://login.invalid",
    "OidcAudience": "coffer",
    "DatahubPublicKeyUrl": "https://datahub.invalid/key.pem",
}

# -I and -S exclude this machine's packages; only the standard library remains on the path.
PROGRAM = "import sys; sys.path[:0] = sys.argv[1:]; import app; app.lambda_handler"


class _Loader(yaml.SafeLoader):
    """YAML loader that turns CloudFormation's references into the names that they refer to."""


_Loader.add_multi_constructor(
    "!",
    lambda loader, _suffix, node: (
        loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", required=True, help="a Python of the Lambda runtime's version")
    parser.add_argument("builds", type=Path, help="the folder with one build per architecture")
    arguments = parser.parse_args()
    foreign = 0
    for build in sorted(arguments.builds.iterdir()):
        if build.name in MACHINES and build.is_dir():
            for problem in foreign_artifacts(build, build.name):
                foreign += 1
                print(f"{build.name}: {problem}", file=sys.stderr)
    architecture = ARCHITECTURES.get(platform.machine().lower())
    build = arguments.builds / str(architecture)
    if architecture is None or not build.is_dir():
        print(f"no build for {platform.machine()} in {arguments.builds}: nothing imported")
        return 1 if foreign else 0
    failures = 0
    tried = 0
    for name, path, environment in _functions(build):
        tried += 1
        error = _import_error(arguments.python, path, environment)
        if error:
            failures += 1
            print(f"{name} cannot be imported:\n{error}", file=sys.stderr)
    print(f"{tried - failures} of {tried} functions for {architecture} import from their artifacts")
    return 1 if failures or foreign else 0


def foreign_artifacts(build: Path, architecture: str) -> Iterator[str]:
    """Yield each wheel and library in a build that is not for this processor and Python."""
    name, machine = MACHINES[architecture]
    for wheel in sorted(build.rglob("*.dist-info/WHEEL")):
        tags = re.findall(r"^Tag: (.+)$", wheel.read_text(encoding="utf-8"), re.MULTILINE)
        if not any(_fits(tag, name) for tag in tags):
            yield f"{wheel.parent.name} is for {', '.join(tags)}"
    for library in sorted(build.rglob("*.so*")):
        with library.open("rb") as file:
            header = file.read(20)
        if header[:4] == b"\x7fELF" and int.from_bytes(header[18:20], "little") != machine:
            yield f"{library.relative_to(build)} is a library for another processor"


def _fits(tag: str, machine: str) -> bool:
    """Return True if a wheel with this tag (python-abi-platform) runs on Lambda's Python 3.13."""
    python, abi, platforms = tag.split("-")
    fits_python = python.startswith("py3") or python == "cp313" or abi == "abi3"
    return fits_python and any(
        one == "any" or one.endswith(f"_{machine}") for one in platforms.split(".")
    )


def _functions(build: Path) -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """Yield name, path (own folder first, as in Lambda) and environment of each function."""
    template: dict[str, Any] = yaml.load(
        (build / "template.yaml").read_text(encoding="utf-8"),
        _Loader,  # noqa: S506 - a SafeLoader, extended above
    )
    defaults = template["Globals"]["Function"]
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"]
        layers = [_name(one) for one in defaults["Layers"] + properties.get("Layers", [])]
        folders = [build / name, *(build / layer / "python" for layer in layers)]
        yield (
            name,
            [str(folder.resolve()) for folder in folders],
            _environment(
                defaults["Environment"]["Variables"]
                | properties.get("Environment", {}).get("Variables", {}),
                template["Parameters"],
            ),
        )


def _name(reference: str | dict[str, Any]) -> str:
    """Return the name in a Ref, or in the first of two choices; any other value as it is."""
    if isinstance(reference, str):
        return reference
    return reference["Ref"] if "Ref" in reference else _name(reference["Fn::If"][1])


def _environment(variables: dict[str, Any], parameters: dict[str, Any]) -> dict[str, str]:
    """Return the variables: a parameter's value is its default, a resource's its logical id."""
    environment = {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"}
    environment |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    parameters = parameters | {name: {"Default": value} for name, value in GIVEN.items()}
    for variable, value in variables.items():
        name = _name(value)
        environment[variable] = str(parameters.get(name, {}).get("Default", name))
    return environment


def _import_error(python: str, path: list[str], environment: dict[str, str]) -> str:
    """Empty when the handler imports, else the end of what Python said."""
    done = subprocess.run(  # noqa: S603 - the interpreter that the caller named, and no shell
        [python, "-I", "-S", "-W", "error::ImportWarning", "-c", PROGRAM, *path],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return "" if done.returncode == 0 else "\n".join(done.stderr.strip().splitlines()[-6:])


if __name__ == "__main__":
    sys.exit(main())
