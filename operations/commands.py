"""The command line: `python -m operations [--stack NAME] command`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from coffer.domain.configuration.durations import parse_duration
from local.control.client import CommandFailedError, NotRunningError
from operations.dead_letters import dead_letter_queues, redrive
from operations.doctor import Doctor, Health
from operations.failed_changes import redrive_stream
from operations.installation import (
    DeployedInstallation,
    FunctionFailedError,
    Installation,
    InstallationError,
    LocalInstallation,
)
from operations.reconciliation import reconcile
from operations.recounting import Fate, Numbers, recount

DESCRIPTION = """Looks after a Coffer: the local stack on PORT (8081), or, with --stack, a deployed
one with the AWS credentials and region of the environment."""


def main(arguments: Sequence[str]) -> int:
    """Runs a command; answers the exit code, which is 1 where something isn't well."""
    options = _parser().parse_args(arguments)
    command: Callable[[Installation, argparse.Namespace], int] = options.command
    try:
        return command(_installation(options.stack), options)
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
    parser.add_argument("--stack", metavar="NAME", help="a deployed stack, by its name")
    commands = parser.add_subparsers(metavar="command", required=True)

    doctor = commands.add_parser("doctor", help="find out what is wrong, by trying")
    doctor.add_argument("--token", default=os.environ.get("COFFER_TOKEN"), help="(COFFER_TOKEN)")
    doctor.add_argument("--bucket", default="coffer-doctor", help="the canary's (coffer-doctor)")
    doctor.set_defaults(command=_doctor)

    letters = commands.add_parser("redrive", help="send dead letters on their way again")
    letters.add_argument("queue", nargs="*", help="such as ProcessUploadDeadLetterQueue (all)")
    letters.set_defaults(command=_redrive)

    changes = commands.add_parser("redrive-stream", help="tell the changes that failed again")
    changes.set_defaults(command=_redrive_stream)

    compare = commands.add_parser(
        "reconcile", help="report objects without a record and records without their object"
    )
    compare.set_defaults(command=_reconcile)

    counting = commands.add_parser(
        "recount", help="count again how long lists are, and mend the counters that differ"
    )
    counting.add_argument("--dry-run", action="store_true", help="name them, mend none")
    counting.add_argument(
        "--regardless",
        action="store_true",
        help="also where the audit lacks changes that nobody will ever tell, as after a restore",
    )
    counting.set_defaults(command=_recount)

    sweep = commands.add_parser("sweep", help="run the orphan removal now, whatever its schedule")
    sweep.add_argument("--age", help="such as 20d, 12h or 1s, instead of the configured one")
    sweep.add_argument("--dry-run", action="store_true", help="name the orphans, remove none")
    sweep.set_defaults(command=_sweep)

    thumbnails = commands.add_parser(
        "rethumbnail", help="ask for the thumbnails that failed for a reason again"
    )
    thumbnails.add_argument("code", help="such as decoder_timed_out: see thumbnailFailure")
    thumbnails.set_defaults(command=_rethumbnail)
    return parser


def _installation(stack: str | None) -> Installation:
    if stack is not None:
        return DeployedInstallation(stack)
    port = os.environ.get("PORT") or "8081"
    if not port.isascii() or not port.isdigit():
        raise ValueError(f"PORT is a number, not {port!r}.")
    return LocalInstallation(int(port))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _doctor(installation: Installation, options: argparse.Namespace) -> int:
    worst = Health.OK
    for finding in Doctor(installation, options.token, options.bucket).examine():
        _say(f"{finding.health:<8} {finding.subject}: {finding.detail}")
        if finding.remedy:
            _say(f"{'':<8} -> {finding.remedy}")
        if finding.health is not Health.OK and worst is not Health.FAILURE:
            worst = finding.health
    return 1 if worst is Health.FAILURE else 0


def _redrive(installation: Installation, options: argparse.Namespace) -> int:
    queues = dead_letter_queues(installation)
    known = {queue.logical_id for queue in queues}
    if unknown := set(options.queue) - known:
        raise ValueError(f"no such queue: {', '.join(sorted(unknown))}; there are {sorted(known)}")
    left = 0
    for queue in queues:
        if options.queue and queue.logical_id not in options.queue:
            continue
        moved = redrive(installation, queue, _say)
        left += moved.left
        remark = f", {moved.left} left: nobody knows where they belong" if moved.left else ""
        _say(f"{queue.logical_id}: {moved.sent} sent{remark}")
    return 1 if left else 0


def _reconcile(installation: Installation, _: argparse.Namespace) -> int:
    found = reconcile(installation, _say)
    for key in found.without_record:
        _say(f"no record: {key}")
    for record, key in found.without_storage:
        _say(f"no object: {record} needs {key}")
    _say(
        f"{found.objects} objects and {found.records} keys of records: "
        f"{len(found.without_record)} objects without a record, "
        f"{len(found.without_storage)} records without their object"
    )
    return 1 if found.without_record or found.without_storage else 0


def _recount(installation: Installation, options: argparse.Namespace) -> int:
    found = recount(installation, _say, dry=options.dry_run, regardless=options.regardless)
    for one in found.differences:
        _say(
            f"{one.fate} {one.kind} {one.bucket_key}: the counter had {_spelled(one.kept)}, "
            f"the table has {_spelled(one.counted)}"
        )
    fates = {one.fate for one in found.differences}
    _say(f"{found.counters} counters, {len(found.differences)} differ")
    if Fate.UNTOLD in fates:
        _say("wait until the stream has told its changes, or tell them: make redrive-stream")
    if Fate.MOVING in fates:
        _say("somebody wrote meanwhile: run it again")
    return 1 if fates - {Fate.MENDED} else 0


def _spelled(numbers: Numbers) -> str:
    return f"{numbers.records} records, {numbers.public_records} of them public"


def _sweep(installation: Installation, options: argparse.Namespace) -> int:
    event: dict[str, object] = {"dryRun": options.dry_run}
    if options.age is not None:
        parse_duration(options.age)
        event["age"] = options.age
    answer = installation.invoke("RemoveOrphansFunction", event)
    for orphan in answer.pop("orphans"):
        _say(
            f"{orphan['fate']} {orphan['fileIdentifier']} {orphan['bucket']} "
            f"{orphan['originalFilename']!r} {orphan['sizeInBytes']} bytes, {orphan['createdOn']}"
        )
    _say(", ".join(f"{number} {fate}" for fate, number in sorted(answer.items())) or "no orphans")
    return 0


def _rethumbnail(installation: Installation, options: argparse.Namespace) -> int:
    asked, after = 0, None
    while True:
        event = {"again": options.code, "after": after}
        answer = installation.invoke("MakeThumbnailFunction", event)
        asked, after = asked + answer["asked"], answer["goOnAfter"]
        if after is None:
            break
        _say(f"{asked} asked for, up to {after}")
    _say(f"{asked} thumbnails asked for again")
    return 0


def _redrive_stream(installation: Installation, _: argparse.Namespace) -> int:
    told = redrive_stream(installation, _say)
    _say(f"{told.batches} batches told, {len(told.failed)} failed again")
    for key, reason in told.failed.items():
        _say(f"  {key}: {reason}")
    return 1 if told.failed else 0
