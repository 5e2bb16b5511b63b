"""The command line: `python -m local [command]`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.clock import parse_duration
from local.commands.sam_invoke import (
    BUILDS,
    environments,
    has_unreachable_issuer,
    machine_architecture,
    write_environments,
    write_template,
)
from local.control.client import CommandFailedError, NotRunningError, RemoteStack
from local.hosts import CONTAINERS_HOST

DESCRIPTION = """Run Coffer's local stack in the foreground, or send a command to a running one.

Environment variables: PORT (8081) and S3_PORT (9000); PARAMETERS="Name=Value ..." for the
template's parameters; AUTH=jwt to require bearer tokens; CHAOS with any of duplicate, reorder,
delay, throttle and crash for faults, and CHAOS_SEED to repeat them; S3_ENDPOINT_URL with
S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and S3_BUCKET to use another S3.
"""

EXAMPLE = 'example: make -s token ARGS="--user alice --group aafc/user --expires 3600"'


def main(arguments: Sequence[str]) -> int:
    """Run a command and return the exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except (NotRunningError, CommandFailedError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (BrokenPipeError, KeyboardInterrupt):
        # The reader has closed the pipe, so Python's flush at exit must not write to it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=_start)
    commands = parser.add_subparsers(metavar="command")

    start = commands.add_parser("start", help="run the stack in the foreground (the default)")
    start.set_defaults(command=_start)

    events = commands.add_parser("events", help="print the events of the bus, one JSON a line")
    events.add_argument("--history", action="store_true", help="print the events so far first")
    events.add_argument("--no-follow", action="store_true", help="print the events so far only")
    events.set_defaults(command=_events)

    audit = commands.add_parser("audit", help="print the audit entries, one JSON a line")
    audit.set_defaults(command=_audit)

    clock = commands.add_parser("clock", help="show the stack's clock, or move it forward")
    clock.add_argument("duration", nargs="?", help="+21d, 12h, 1h30m, 45s")
    clock.set_defaults(command=_clock)

    run = commands.add_parser("run", help="run a schedule now")
    run.add_argument("name", help="the schedule, or its function: KeepHouseFunction")
    run.set_defaults(command=_run_schedule)

    seed = commands.add_parser(
        "seed", help="write records into the stack, to list and page through"
    )
    seed.add_argument("count", type=int, nargs="?", default=1000, help="how many (1000)")
    seed.set_defaults(command=_seed)

    summary = "print a bearer token for a stack started with AUTH=jwt, or a rawstore token"
    _add_token(commands.add_parser("token", help=summary, epilog=EXAMPLE))

    env_json = commands.add_parser(
        "env-json", help="write the --env-vars file with which `sam local invoke` finds the stack"
    )
    env_json.add_argument(
        "--host", default=CONTAINERS_HOST, help=f"this machine for a container ({CONTAINERS_HOST})"
    )
    env_json.add_argument("--output", type=Path, default=Path("env.json"), help="(env.json)")
    env_json.set_defaults(command=_env_json)
    return parser


def _add_token(token: argparse.ArgumentParser) -> None:
    token.add_argument("--user", default="dev", help="the user's name (dev)")
    token.add_argument(
        "--expires",
        type=int,
        metavar="SECONDS",
        help="lifetime; by default an hour, for a rawstore token no limit",
    )
    token.add_argument(
        "--group", action="append", metavar="GROUP/ROLE", help="such as aafc/user; repeatable"
    )
    token.add_argument(
        "--role", action="append", help="role of the realm, such as dina-admin; repeatable"
    )
    token.add_argument("--rawstore", action="store_true", help="a rawstore permission token")
    token.add_argument("--service", help="its service (rawstore)")
    token.add_argument(
        "--permission",
        action="append",
        metavar="NAME=VALUE",
        help="such as datapackage-upload=true (the default) or max_public_storage_mb=10",
    )
    token.set_defaults(command=_token)


def _remote(environment: Mapping[str, str] = os.environ) -> RemoteStack:
    text = environment.get("PORT") or "8081"
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"PORT is a number, not {text!r}.")
    return RemoteStack(int(text))


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _print_json(document: Any) -> None:
    _print(json.dumps(document, ensure_ascii=False))


def _start(_: argparse.Namespace) -> int:
    # moto and the translator take two seconds to import; the other commands do not need them.
    from local.foreground import run

    return run()


def _events(options: argparse.Namespace) -> int:
    for line in _remote().events(follow=not options.no_follow, history=options.history):
        _print(line)
    return 0


def _audit(_: argparse.Namespace) -> int:
    for entry in _remote().call("audit"):
        _print_json(entry)
    return 0


def _clock(options: argparse.Namespace) -> int:
    seconds = 0.0 if options.duration is None else parse_duration(options.duration).total_seconds()
    result = _remote().call("clock", advance_seconds=seconds)
    _print(f"{result['now']} ({result['expired']} expired)")
    return 0


def _run_schedule(options: argparse.Namespace) -> int:
    result = _remote().call("schedule", name=options.name)
    if "failed" in result:
        sys.stderr.write(f"{result['failed']}\n")
        return 1
    _print_json(result["payload"])
    return 0


def _token(options: argparse.Namespace) -> int:
    command, arguments = _rawstore_token(options) if options.rawstore else _bearer_token(options)
    result = _remote().call(
        command, user=options.user, expires_seconds=options.expires, **arguments
    )
    _print(result["token"])
    return 0


def _seed(options: argparse.Namespace) -> int:
    if options.count < 1:
        raise ValueError(f"a stack is seeded with at least one record, not {options.count}")
    for variables in environments(_remote().call("state"), "127.0.0.1").values():
        os.environ.update(variables)
    # Adapters read their settings when they are imported, so this import has to come last.
    from local.commands.seeding import BUCKETS, progress_line, seed

    seed(options.count, progress_line(sys.stderr.write))
    _print(f"{options.count:,} records are in {', '.join(BUCKETS)}; their events follow")
    return 0


def _env_json(options: argparse.Namespace) -> int:
    state = _remote().call("state")
    by_function = environments(state, options.host)
    write_environments(options.output, by_function)
    _print(f"{options.output} has the variables of {len(by_function)} functions of this stack")
    if has_unreachable_issuer(state, options.host):
        _print("only containers in this machine's network can check tokens: --host localhost")
    architecture = machine_architecture()
    if architecture is None or not (BUILDS / architecture / "template.yaml").exists():
        _print("there is no build for this machine: run `make build`, then this again")
        return 0
    # The built template already declares the variables that only some functions have.
    names = sorted(set.intersection(*map(set, by_function.values())))
    _print(f"{write_template(BUILDS, architecture, names)} has the built functions")
    return 0


def _bearer_token(options: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    if options.service or options.permission:
        raise ValueError("--service and --permission are of rawstore tokens: add --rawstore")
    return "bearer", {"groups": options.group or [], "roles": options.role or []}


def _rawstore_token(options: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    if options.group or options.role:
        raise ValueError("--group and --role are of bearer tokens: leave --rawstore out")
    permissions = _permissions(options.permission or ["datapackage-upload=true"])
    return "token", {"service": options.service or "rawstore", "permissions": permissions}


def _permissions(texts: list[str]) -> dict[str, object]:
    permissions: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise ValueError(f"--permission takes NAME=VALUE, not {text!r}")
        if value in ("true", "false"):
            permissions[name] = value == "true"
        else:
            permissions[name] = int(value) if value.isascii() and value.isdigit() else value
    return permissions
