"""Count the instructions of a function's cold start, compared with creating a boto3 client.

    python benchmarks/cold_starts.py [function …]

A fresh Python with compiled modules imports the function and handles its sample event on the local
stack. As in a build, botocore's data has no documentation. The comparison is
`import boto3; boto3.client("s3")` with the original data, without a request. The goals are at most
0.25 times its instructions without an AWS service, 0.9 times with one, and 1.2 times with two.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks import instructions  # noqa: E402 - found only after the line above
from local.invocation import function_environment  # noqa: E402 - as above
from local.resources import Function  # noqa: E402 - as above
from local.stack import LocalStack  # noqa: E402 - as above

ROOT = Path(__file__).resolve().parents[1]
LAYER = ROOT / "layers" / "coffer" / "python"
SERVICES: Mapping[str, int] = {
    "answer_unrouted": 0,
    "offer_uploads": 0,
    "get_object_upload": 1,
    "begin_uploads": 1,
    "sign_parts": 1,
    "get_metadata": 1,
    "list_metadata": 1,
    "create_metadata": 1,
    "download_file": 1,
    "redeem_access_key": 1,
    "create_export": 1,
    "upload_file": 2,
}
"""Functions of each kind, and how many AWS services they have a client of. Signing needs none:
what is only signed, as downloads are, doesn't count."""
GOALS = {0: "goal: at most 0.25", 1: "goal: at most 0.9", 2: "goal: at most 1.2"}

BOTO3 = 'import boto3; boto3.client("s3")'
FIRST_ANSWER = """
import json, sys
sys.path[:0] = [{folder!r}, {layer!r}]
import app

class Context:
    aws_request_id = "request"

answer = app.lambda_handler(json.load(open({event!r})), Context)
assert answer["statusCode"] < 500, answer
"""


def main() -> None:
    if not instructions.can_be_counted():
        return
    chosen = sys.argv[1:] or list(SERVICES)
    with (
        LocalStack() as stack,
        tempfile.TemporaryDirectory() as compiled,
        tempfile.TemporaryDirectory() as data,
    ):
        strip_botocore(Path(data))
        functions = {Path(one.folder).name: one for one in stack.resources.functions}
        surroundings = {"PATH": os.environ["PATH"], "PYTHONPYCACHEPREFIX": compiled}
        client = instructions.count(BOTO3, {**surroundings, **stack.endpoints()})
        print(f"{'a boto3 client':<28} {client / 1e6:>6.0f} million instructions")
        for name in chosen:
            environment = {
                **surroundings,
                "AWS_DATA_PATH": data,
                **function_environment(functions[name], stack.endpoints()),
            }
            taken = instructions.count(first_answer(functions[name]), environment)
            row = f"{name:<28} {taken / 1e6:>6.0f}  {taken / client:.2f} of that"
            print(f"{row}  {GOALS[SERVICES.get(name, 1)]}".rstrip(), flush=True)


def strip_botocore(target: Path) -> None:
    """Write botocore's data to `target` as a build leaves it."""
    import botocore

    source = Path(botocore.__file__).parent / "data"
    command = [sys.executable, str(ROOT / ".ci/strip_botocore.py"), str(source), str(target)]
    subprocess.run(command, check=True)


def first_answer(function: Function) -> str:
    """Return code that imports a function and handles its sample event."""
    name = Path(function.folder).name
    return FIRST_ANSWER.format(
        folder=str(function.folder), layer=str(LAYER), event=str(ROOT / "events" / f"{name}.json")
    )


if __name__ == "__main__":
    main()
