"""The command line: `python -m operations [--stack NAME] command`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from coffer.domain.configuration.durations import parse_duration
from local.control.client import CommandFailedError, NotRunningError
from operations.dead_letters import dead_letter_queues, redrive
from operations.doctor import Doctor
from operations.failed_changes import redrive_stream
from operations.findings import Health
from operations.indexes import TEMPLATE, index_changes
from operations.installation import (
    AccountInstallation,
    DeployedInstallation,
    FunctionFailedError,
    Installation,
    InstallationError,
    LocalInstallation,
    StackMissingError,
)
from operations.reconcile import reconcile
from operations.recount import CounterStatus, RecordCounts, recount
from operations.replay import replay

DESCRIPTION = """Operate a running Coffer: the local stack on PORT (8081), or with --stack a
deployed one, with the AWS credentials and region of the environment."""


def main(arguments: Sequence[str]) -> int:
    """Run a command and return the exit code, which is 1 if something is wrong."""
    options = _parser().parse_args(arguments)
    command: Callable[[Installation, argparse.Namespace], int] = options.command
    try:
        return command(_installation(options.stack), options)
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"AWS refused a request or was not reached: {error}\n")
        return 1
    except (
        FunctionFailedError,
        InstallationError,
        NotRunningError,
        CommandFailedError,
        ValueError,
    ) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operations", description=DESCRIPTION)
    parser.add_argument("--stack", metavar="NAME", help="the name of a deployed stack")
    commands = parser.add_subparsers(metavar="command", required=True)

    doctor = commands.add_parser("doctor", help="check a running stack and report what is wrong")
    token = os.environ.get("COFFER_TOKEN")
    doctor.add_argument("--token", default=token, help="the canary's bearer token (COFFER_TOKEN)")
    doctor.add_argument("--bucket", default="coffer-doctor", help="the canary's (coffer-doctor)")
    doctor.set_defaults(command=_doctor)

    update = commands.add_parser(
        "check-update", help="refuse an update that changes two indexes of a table"
    )
    update.add_argument("--template", type=Path, default=TEMPLATE, help="the template to deploy")
    update.set_defaults(command=_check_update)

    steps = commands.add_parser("next-steps", help="print what to do after a deployment")
    steps.set_defaults(command=_next_steps)

    letters = commands.add_parser("redrive", help="send dead letters back to their queues")
    letters.add_argument("queue", nargs="*", help="such as ProcessUploadDeadLetterQueue (all)")
    letters.set_defaults(command=_redrive)

    changes = commands.add_parser("redrive-stream", help="publish the changes that failed for good")
    changes.set_defaults(command=_redrive_stream)

    compare = commands.add_parser(
        "reconcile", help="list objects without a record and records without their object"
    )
    compare.set_defaults(command=_reconcile)

    counting = commands.add_parser(
        "recount", help="count the records, and correct the counters that differ"
    )
    counting.add_argument("--dry-run", action="store_true", help="list the counters, change none")
    counting.add_argument(
        "--regardless",
        action="store_true",
        help="also if changes will never be published, such as after a restore",
    )
    counting.set_defaults(command=_recount)

    sweep = commands.add_parser("sweep", help="remove orphans now, whatever the schedule")
    sweep.add_argument("--age", help="such as 20d, 12h or 1s; default: as configured")
    sweep.add_argument("--dry-run", action="store_true", help="list the orphans, remove none")
    sweep.set_defaults(command=_sweep)

    replays = commands.add_parser("replay", help="replay archived events to rules of consumers")
    replays.add_argument("--from", dest="start", required=True, help="such as 2026-11-29T08:00Z")
    replays.add_argument("--to", dest="end", help="the default is now")
    replays.add_argument("rule", nargs="*", help="the name of a rule on the bus of the stack")
    replays.set_defaults(command=_replay)

    thumbnails = commands.add_parser("rethumbnail", help="request failed thumbnails again")
    thumbnails.add_argument("code", help="a code of thumbnailFailure, such as decoder_timed_out")
    thumbnails.set_defaults(command=_rethumbnail)
    return parser


def _installation(stack: str | None) -> Installation:
    if stack is not None:
        return DeployedInstallation(stack)
    port = os.environ.get("PORT") or "8081"
    if not port.isascii() or not port.isdigit():
        raise ValueError(f"PORT must be a number, not {port!r}.")
    return LocalInstallation(int(port))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _doctor(installation: AccountInstallation, options: argparse.Namespace) -> int:
    worst = Health.OK
    for finding in Doctor(installation, options.token, options.bucket).run():
        _print(f"{finding.health:<8} {finding.subject}: {finding.detail}")
        for line in finding.remedy.splitlines():
            _print(f"{'':<8} -> {line}")
        if finding.health is not Health.OK and worst is not Health.FAILURE:
            worst = finding.health
    return 1 if worst is Health.FAILURE else 0


def _check_update(installation: Installation, options: argparse.Namespace) -> int:
    try:
        if isinstance(installation, DeployedInstallation):
            installation.check_can_be_updated()
        refused = [one for one in index_changes(installation, options.template) if one.is_too_much]
    except StackMissingError:
        _print("there is no such stack yet, so nothing is updated")
        return 0
    for changes in refused:
        _print(str(changes))
    _print(
        "DynamoDB changes one index of a table per update: deploy one change after the other"
        if refused
        else "no table has more than one index to change"
    )
    return 1 if refused else 0


def _next_steps(installation: Installation, _: argparse.Namespace) -> int:
    if not isinstance(installation, DeployedInstallation):
        raise InstallationError("Name a deployed stack: make next-steps STACK=coffer-prod")
    for step in installation.next_steps():
        _print(step)
    return 0


def _redrive(installation: Installation, options: argparse.Namespace) -> int:
    queues = dead_letter_queues(installation)
    known = {queue.logical_id for queue in queues}
    if unknown := set(options.queue) - known:
        raise ValueError(f"no such queue: {', '.join(sorted(unknown))}; there are {sorted(known)}")
    left = 0
    for queue in queues:
        if options.queue and queue.logical_id not in options.queue:
            continue
        redriven = redrive(installation, queue, _print)
        left += redriven.left
        remark = f", {redriven.left} without a known target left" if redriven.left else ""
        _print(f"{queue.logical_id}: {redriven.sent} sent{remark}")
    return 1 if left else 0


def _reconcile(installation: Installation, _: argparse.Namespace) -> int:
    differences = reconcile(installation, _print)
    for key in differences.without_record:
        _print(f"no record: {key}")
    for record, key in differences.without_storage:
        _print(f"no object: {record} needs {key}")
    _print(
        f"{differences.objects} objects and {differences.records} keys of records: "
        f"{len(differences.without_record)} objects without a record, "
        f"{len(differences.without_storage)} records without their object"
    )
    return 1 if differences.without_record or differences.without_storage else 0


def _recount(installation: Installation, options: argparse.Namespace) -> int:
    result = recount(installation, _print, dry_run=options.dry_run, regardless=options.regardless)
    for one in result.differences:
        _print(
            f"{one.status} {one.kind} {one.bucket_key}: the counter had {_counts(one.counter)}, "
            f"the table has {_counts(one.counted)}"
        )
    statuses = {one.status for one in result.differences}
    _print(f"{result.counters} counters, {len(result.differences)} differ")
    if CounterStatus.UNPUBLISHED in statuses:
        _print("wait until the stream has published all changes, or run: make redrive-stream")
    if CounterStatus.CHANGED in statuses:
        _print("records were written meanwhile: run this again")
    return 1 if statuses - {CounterStatus.CORRECTED} else 0


def _counts(counts: RecordCounts) -> str:
    return f"{counts.records} records, {counts.public_records} of them public"


def _sweep(installation: Installation, options: argparse.Namespace) -> int:
    event: dict[str, object] = {"dryRun": options.dry_run}
    if options.age is not None:
        parse_duration(options.age)
        event["age"] = options.age
    response = installation.invoke("RemoveOrphansFunction", event)
    for orphan in response.pop("orphans"):
        _print(
            f"{orphan['fate']} {orphan['fileIdentifier']} {orphan['bucket']} "
            f"{orphan['originalFilename']!r} {orphan['sizeInBytes']} bytes, {orphan['createdOn']}"
        )
    totals = [f"{number} {fate}" for fate, number in sorted(response.items())]
    _print(", ".join(totals) or "no orphans")
    return 0


def _rethumbnail(installation: Installation, options: argparse.Namespace) -> int:
    requested, after = 0, None
    while True:
        event = {"again": options.code, "after": after}
        response = installation.invoke("MakeThumbnailFunction", event)
        requested, after = requested + response["asked"], response["goOnAfter"]
        if after is None:
            break
        _print(f"{requested} thumbnails requested, up to {after}")
    _print(f"{requested} thumbnails requested again")
    return 0


def _replay(installation: Installation, options: argparse.Namespace) -> int:
    start = _time(options.start)
    end = _time(options.end) if options.end else installation.now()
    state = replay(installation, _print, start=start, end=end, rules=options.rule)
    _print(f"the replay is {state}")
    return 0 if state == "COMPLETED" else 1


def _time(written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(
            f"{written!r} is not a time with a time zone. Write it as 2026-11-29T08:00Z or "
            "2026-11-29T09:00+01:00."
        )
    return moment


def _redrive_stream(installation: Installation, _: argparse.Namespace) -> int:
    changes = redrive_stream(installation, _print)
    _print(f"{changes.published} batches published, {len(changes.failed)} failed again")
    for key, reason in changes.failed.items():
        _print(f"  {key}: {reason}")
    return 1 if changes.failed else 0
