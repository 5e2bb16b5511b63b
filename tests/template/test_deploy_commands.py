"""`.ci/check_deploy_commands.py` finds commands whose parameters the SAM CLI would change."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.template.template_file import ROOT

PYTHON = ROOT / ".tools/sam/bin/python"

FILE = """```yaml
# coffer.yaml
OrphanRemovalCron: 0 3 * * ? *
DatahubPublicKey: |
  -----BEGIN PUBLIC KEY-----
  MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJTwIs3f0U3U5mBdGkzYpAaJXkP2Vx1l
  -----END PUBLIC KEY-----
```
```yaml
# bare.yaml
ProtectTables: true
```
"""
PLAIN_SAM = "sam deploy --config-file samconfig.toml --parameter-overrides"


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("make deploy CONFIG=prod PARAMETERS=file://coffer.yaml", ""),
        ('make deploy PARAMETERS="DatahubPublicKey=$(base64 -w0 datahub.pem)"', ""),
        (f"{PLAIN_SAM} 'OrphanRemovalCron=\"0 3 * * ? *\"'", ""),
        (f"{PLAIN_SAM} OrphanRemovalCron='0 3 * * ? *'", "OrphanRemovalCron='0'"),
        (
            "make deploy PARAMETERS=\"OrphanRemovalCron='0 3 * * ? *'\"",
            "CloudFormation refuses OrphanRemovalCron='0'",
        ),
        ("make deploy PARAMETERS=file://bare.yaml", "CloudFormation refuses ProtectTables='True'"),
        ('make deploy PARAMETERS="DatahubPublicKey=$(cat datahub.pem)"', "SAM refuses it"),
        (
            "make deploy PARAMETERS=OidcIsuer=https://login.example.org",
            "has no parameter OidcIsuer",
        ),
        ("make deploy CONFIG=production", "--stack-name"),
        ("sam deploy --template-file .aws-sam/arm64/template.yaml", "--stack-name"),
        ("sam deploy --template-file template.yaml", "which is not built"),
    ],
)
def test_a_command_is_read_as_sam_reads_it(tmp_path: Path, command: str, problem: str) -> None:
    if not PYTHON.exists():
        pytest.skip("the SAM CLI is not installed: `make validate` installs it and runs this test")
    page = tmp_path / "page.md"
    page.write_text(f"{FILE}\n1. Step\n   ```sh\n   {command}\n   ```\n", encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - a program of this repository
        [PYTHON, ROOT / ".ci/check_deploy_commands.py", page],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == bool(problem), done.stderr
    assert problem in done.stderr


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-north-1"}, "eu-north-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-north-1"),
        ({}, "none"),
    ],
)
def test_make_works_in_the_region_that_the_aws_cli_would_use(
    variables: dict[str, str], region: str
) -> None:
    """boto3 and the SAM CLI read only AWS_DEFAULT_REGION."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        ["make", "--eval=region: ; @echo $${AWS_DEFAULT_REGION-none}", "region"],  # noqa: S607 - make of the PATH
        cwd=ROOT,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == region
