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
    CONTAINERS_HOST,
    environments,
    has_an_issuer_out_of_reach,
    machine_architecture,
    write_environments,
    write_template,
)
from local.remote import CommandFailedError, NotRunningError, RemoteStack

DESCRIPTION = """Runs Coffer's local stack in the foreground, or lays a hand on a running one.

The environment says the rest: PORT (8081) and S3_PORT (9000); PARAMETERS="Name=Value ..." for the
template's parameters; AUTH=jwt to demand bearer tokens; CHAOS with any of duplicate, reorder,
delay, throttle and crash for faults, and CHAOS_SEED to repeat them; S3_ENDPOINT_URL with
S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and S3_BUCKET for another S3 than the stack's own.
"""

LAYER = Path(__file__).parents[2] / "layers" / "coffer" / "python"
EXAMPLE = 'example: make -s token ARGS="--user alice --group aafc/user --expires 3600"'


def main(arguments: Sequence[str]) -> int:
    """Runs a command; answers the exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except (NotRunningError, CommandFailedError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (BrokenPipeError, KeyboardInterrupt):
        # Whoever listened has gone; nothing is left to say, not even at the flush on exit.
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
    events.add_argument(
        "--no-follow", action="store_true", help="stop after what the bus has seen so far"
    )
    events.set_defaults(command=_events)

    audit = commands.add_parser("audit", help="print the audit entries, one JSON a line")
    audit.set_defaults(command=_audit)

    clock = commands.add_parser("clock", help="show the stack's clock, or move it forward")
    clock.add_argument("duration", nargs="?", help="+21d, 12h, 1h30m, 45s")
    clock.set_defaults(command=_clock)

    run = commands.add_parser("run", help="run a schedule now")
    run.add_argument("name", help="the schedule, or its function: KeepHouseFunction")
    run.set_defaults(command=_run_schedule)

    summary = "print a bearer token for a stack started with AUTH=jwt, or a rawstore one"
    seed = commands.add_parser(
        "seed", help="write records into the stack, to list and page through"
    )
    seed.add_argument("count", type=int, nargs="?", default=1000, help="how many (1000)")
    seed.set_defaults(command=_seed)

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
    token.add_argument("--user", default="dev", help="whose it is (dev)")
    token.add_argument(
        "--expires", type=int, metavar="SECONDS", help="without: in an hour; a rawstore one never"
    )
    token.add_argument(
        "--group", action="append", metavar="GROUP/ROLE", help="such as aafc/user; more than once"
    )
    token.add_argument(
        "--role", action="append", help="of the whole realm, such as dina-admin; more than once"
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


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _start(_: argparse.Namespace) -> int:
    # moto and the translator take two seconds to import; the other commands don't need them.
    from local.foreground import run

    return run()


def _events(options: argparse.Namespace) -> int:
    for line in _remote().events(follow=not options.no_follow):
        _say(line)
    return 0


def _audit(_: argparse.Namespace) -> int:
    for entry in _remote().ask("audit"):
        _say(json.dumps(entry, ensure_ascii=False))
    return 0


def _clock(options: argparse.Namespace) -> int:
    seconds = 0.0 if options.duration is None else parse_duration(options.duration).total_seconds()
    answer = _remote().ask("clock", advance_seconds=seconds)
    _say(f"{answer['now']} ({answer['expired']} expired)")
    return 0


def _run_schedule(options: argparse.Namespace) -> int:
    answer = _remote().ask("schedule", name=options.name)
    if "failed" in answer:
        sys.stderr.write(f"{answer['failed']}\n")
        return 1
    _say(json.dumps(answer["payload"], ensure_ascii=False))
    return 0


def _token(options: argparse.Namespace) -> int:
    hand, wanted = _rawstore_token(options) if options.rawstore else _bearer_token(options)
    answer = _remote().ask(hand, user=options.user, expires_seconds=options.expires, **wanted)
    _say(answer["token"])
    return 0


def _seed(options: argparse.Namespace) -> int:
    if options.count < 1:
        raise ValueError(f"a stack is seeded with at least one record, not {options.count}")
    found = environments(_remote().ask("state"), "127.0.0.1")
    os.environ.update(found["CreateMetadataFunction"])
    sys.path.append(str(LAYER))
    # Only now: the settings are read when they are first imported.
    from local.commands.seeding import BUCKETS, seed, shown

    seed(options.count, shown(sys.stderr.write))
    _say(f"{options.count:,} records are in {', '.join(BUCKETS)}; the change stream tells of each")
    return 0


def _env_json(options: argparse.Namespace) -> int:
    state = _remote().ask("state")
    found = environments(state, options.host)
    write_environments(options.output, found)
    _say(f"{options.output} has the variables of {len(found)} functions, until the stack ends")
    if has_an_issuer_out_of_reach(state, options.host):
        _say("tokens can only be checked by containers of this machine's network: --host localhost")
    architecture = machine_architecture()
    if architecture is None or not (BUILDS / architecture / "template.yaml").exists():
        _say("nothing is built for this machine: `make build`, then this again")
        return 0
    variables = sorted(set.intersection(*map(set, found.values())))
    _say(f"{write_template(BUILDS, architecture, variables)} has the functions, as they were built")
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
