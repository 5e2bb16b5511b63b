"""Read every documented deploy command and every environment of samconfig.toml as the SAM CLI does.

    .tools/sam/bin/python .ci/check_deploy_commands.py [PAGE.md …]

The SAM CLI cuts a parameter at its first space unless the value is in quotes, and reports nothing.
So a value has to arrive at CloudFormation as the template accepts it. `make -n deploy` prints what
`make deploy` would run, a shell splits it, and SAM's own command parses the arguments.

A page can refer to a file of parameters: a block of YAML whose first line is `# NAME.yaml`. It can
also refer to `datahub.pem`, a public key.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

from samcli.commands.deploy.command import cli
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).parents[1]
ARCHITECTURES = ("arm64", "x86_64")
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "local/README.md")
BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)\n(?P<block>.*?)^(?P=indent)```", re.DOTALL | re.MULTILINE
)
PRINT_ARGUMENTS = f"{sys.executable} -c 'import json, sys; print(json.dumps(sys.argv[1:]))'"
MAKE_VARIABLES = frozenset({"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"})
"""Variables of the `make` that runs this program, which would change what `make -n` prints."""
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJTwIs3f0U3U5mBdGkzYpAaJXkP2Vx1l
c0ZwkR6mL1gW9x2yJc1m2r0u1bq6r8Wc3W9wPq0k0y8iZk3n2sN5k1kCAwEAAQ==
-----END PUBLIC KEY-----
"""


class CommandError(Exception):
    """A command does not do what is written."""


def main(pages: list[Path]) -> int:
    """Check the commands, print how many there are, and return the exit status."""
    template = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    failures, count = [], 0
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        prepare(Path(folder))
        for name, command in [*documented(pages), *configured()]:
            count += 1
            try:
                check(deploy_arguments(command, Path(folder)), command, template["Parameters"])
            except CommandError as error:
                failures.append(f"{name}: {error}\n    {command}")
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{count} deploy commands were read by SAM's parser, {len(failures)} of them are wrong")
    return 1 if failures else 0


def prepare(folder: Path) -> None:
    """Write what a checkout has after `make build`, as far as the parser reads it."""
    for name in ("samconfig.toml", "template.yaml"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    for architecture in ARCHITECTURES:
        build = folder / ".aws-sam" / architecture
        build.mkdir(parents=True)
        (build / "template.yaml").write_bytes((ROOT / "template.yaml").read_bytes())
    (folder / "datahub.pem").write_text(PUBLIC_KEY, encoding="utf-8")


def documented(pages: list[Path]) -> Iterator[tuple[str, str]]:
    """Yield the page and the text of each deploy command; write the files that pages show."""
    for page in pages:
        blocks = [
            (found["language"], textwrap.dedent(found["block"]))
            for found in BLOCK.finditer(page.read_text(encoding="utf-8"))
        ]
        for language, block in blocks:
            shown = re.match(r"# ([\w.-]+\.ya?ml)\n", block)
            if language == "yaml" and shown:
                Path(shown[1]).write_text(block, encoding="utf-8")
        for language, block in blocks:
            if language != "sh":
                continue
            for line in block.replace("\\\n", " ").splitlines():
                if re.search(r"\b(make|sam) deploy\b", line):
                    yield page.name, line


def configured() -> Iterator[tuple[str, str]]:
    """Yield a command for each environment of samconfig.toml."""
    for environment in tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8")):
        if environment != "version":
            yield "samconfig.toml", f"make deploy CONFIG={environment}"


def deploy_arguments(command: str, folder: Path) -> list[str]:
    """Return the arguments that `sam deploy` gets from the shell."""
    if "make deploy" in command:
        printed = run(command.replace("make deploy", f"make -C {ROOT} -n deploy", 1), check=False)
        recipe = re.search(r"\S*/sam( deploy.*?)(?<!\\)$", printed, re.DOTALL | re.MULTILINE)
        if recipe is None:
            raise CommandError("make prints no `sam deploy`")
        command = f"sam{recipe[1]}"
    output = run(re.sub(r"\bsam deploy\b", f"{PRINT_ARGUMENTS}", command, count=1))
    arguments: list[str] = json.loads(output.splitlines()[-1])
    return [argument.replace(str(ROOT), str(folder)) for argument in arguments]


def run(command: str, *, check: bool = True) -> str:
    """Return what a shell prints for a command."""
    environment = {key: value for key, value in os.environ.items() if key not in MAKE_VARIABLES}
    done = subprocess.run(  # noqa: S602 - commands of this repository's documentation
        command, shell=True, capture_output=True, text=True, check=False, env=environment
    )
    if check and done.returncode != 0:
        raise CommandError(f"the shell refuses it: {done.stderr.strip()}")
    return done.stdout


def check(arguments: list[str], command: str, declared: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise CommandError unless SAM gets a stack, a built template and valid parameters."""
    try:
        parsed = cli.make_context("deploy", list(arguments)).params
    except (click.ClickException, OSError) as error:
        raise CommandError(f"SAM refuses it: {error}") from error
    if not parsed["stack_name"]:
        raise CommandError("SAM gets no stack name, so it did not find samconfig.toml")
    if ".aws-sam" not in str(parsed["template_file"]):
        raise CommandError(f"SAM would deploy {parsed['template_file']}, which is not built")
    parameters = parsed["parameter_overrides"]
    named = re.findall(r"(?<![\w.])([A-Z]\w+)=", command.partition("PARAMETERS=")[2])
    if lost := sorted(set(named) - set(parameters)):
        raise CommandError(f"SAM loses {', '.join(lost)}")
    for name, value in parameters.items():
        if name not in declared:
            raise CommandError(f"the template has no parameter {name}")
        if not is_accepted(declared[name], value):
            raise CommandError(f"CloudFormation refuses {name}={value!r}")


def is_accepted(parameter: Mapping[str, Any], value: str) -> bool:
    """Return True if CloudFormation accepts the value of a parameter."""
    if "AllowedValues" in parameter:
        return value in map(str, parameter["AllowedValues"])
    if parameter["Type"] == "Number":
        return value.isdigit() and (
            float(parameter.get("MinValue", 0)) <= int(value) <= float(parameter["MaxValue"])
        )
    values = value.split(",") if parameter["Type"] == "CommaDelimitedList" else [value]
    pattern = parameter.get("AllowedPattern", ".*")
    return all(re.fullmatch(pattern, one, re.DOTALL) for one in values)


if __name__ == "__main__":
    sys.exit(main([Path(page).resolve() for page in sys.argv[1:]] or list(PAGES)))
