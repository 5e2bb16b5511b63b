"""Measure what each utility of powertools would add to a cold start (docs/adr/0014).

    python benchmarks/powertools.py

Prints instructions of a fresh Python with compiled modules: the utility's import and setup, beside
our own module for the same task, and as a share of `import boto3; boto3.client("s3")`. Rows whose
packages are not installed (the Tracer needs aws-xray-sdk) are skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks import instructions  # noqa: E402 - found only after the line above

LAYER = Path(__file__).resolve().parents[1] / "layers" / "coffer" / "python"
BOTO3 = 'import boto3; boto3.client("s3")'
USED = "import coffer.observability"
TABLES = "import coffer.observability, coffer.adapters.dynamodb.connection"
PARSER = """
from aws_lambda_powertools.utilities.parser import BaseModel, parse
class Model(BaseModel):
    name: str
parse(event={"name": "leaf.png"}, model=Model)
"""
BATCH = """
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.batch import process_partial_response
BatchProcessor(event_type=EventType.SQS)
"""
CASES = (
    # (row, code before, code that is measured)
    ("Logger and Metrics", "", USED),
    ("our routes", USED, "import coffer.http.api"),
    (
        "event handler",
        USED,
        "from aws_lambda_powertools.event_handler import APIGatewayHttpResolver as R; R()",
    ),
    ("our batches", USED, "import coffer.batches"),
    ("batch", USED, BATCH),
    ("batch, beside a table", TABLES, BATCH),
    (
        "our idempotency, beside a table",
        TABLES,
        "import coffer.http.transactions.idempotency, "
        "coffer.adapters.dynamodb.transactions.idempotency",
    ),
    (
        "idempotency, beside a table",
        TABLES,
        "from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer as L; "
        "L(table_name='t', boto3_client=object())",
    ),
    ("our storage secret", USED, "import coffer.adapters.signing.storage_secret"),
    (
        "parameters",
        USED,
        "from aws_lambda_powertools.utilities import parameters; parameters.SecretsProvider()",
    ),
    ("parser", USED, PARSER),
    ("tracer", USED, "from aws_lambda_powertools import Tracer; Tracer()"),
)


def main() -> None:
    """Print the table."""
    if not instructions.can_be_counted():
        return
    with tempfile.TemporaryDirectory() as compiled:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(LAYER), os.environ.get("PYTHONPATH", "")]),
            "PYTHONPYCACHEPREFIX": compiled,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "IDEMPOTENCY_TABLE": "coffer",
            "POWERTOOLS_SERVICE_NAME": "coffer",
            "AWS_LAMBDA_FUNCTION_NAME": "powertools",  # else the Tracer is off
        }
        client = instructions.count(BOTO3, environment)
        before = {
            code: instructions.count(code or "pass", environment) for code in ("", USED, TABLES)
        }
        print(f"{'a boto3 client':<34} {client / 1e6:>6.0f} million instructions")
        for row, base, code in CASES:
            try:
                added = instructions.count(f"{base}\n{code}", environment) - before[base]
            except subprocess.CalledProcessError as error:
                reason = error.stderr.decode().strip().splitlines()[-1]
                print(f"{row:<34} skipped: {reason}")
                continue
            print(f"{row:<34} {added / 1e6:>6.0f} million, {added / client:.2f} of it")


if __name__ == "__main__":
    main()
