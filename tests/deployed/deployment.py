"""Deploy the built stack to the emulator by CloudFormation, as `sam deploy` does on AWS."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

from tests.deployed.emulator import Emulator
from tests.deployed.issuer import AUDIENCE, Issuer

ROOT = Path(__file__).parents[2]
STACK = "coffer-dev"
ORIGIN = "https://app.example.org"
"""The one origin whose pages may call the API."""
_SAM_ENVIRONMENT = ROOT / ".tools/sam/bin"


class Deployment:
    """The deployed stack: its outputs, and the physical ids of its resources by logical id."""

    def __init__(self, emulator: Emulator, issuer: Issuer, build: Path, folder: Path) -> None:
        self._emulator = emulator
        self._environment = emulator.environment()
        packaged, self._adapted = folder / "packaged.yaml", folder / "adapted.json"
        self._run(
            "sam",
            "package",
            *("--template-file", str(build / "template.yaml"), "--resolve-s3"),
            *("--output-template-file", str(packaged), "--no-progressbar"),
        )
        adapt = str(Path(__file__).with_name("adapt_template.py"))
        self._run("python", adapt, str(packaged), str(self._adapted))
        self._run(
            "sam",
            "deploy",
            *("--config-file", str(ROOT / "samconfig.toml"), "--config-env", "dev"),
            *("--template-file", str(self._adapted), "--no-progressbar"),
            "--parameter-overrides",
            *self._parameters(issuer, build.name),
        )
        stack = emulator.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        self.resources = self._resources()
        self._set_dropped_properties()

    @property
    def api_host(self) -> str:
        """The host by which the emulator's gateway recognises the API."""
        identifier = self.outputs["ApiUrl"].split("//")[1].split(".")[0]
        return f"{identifier}.execute-api.localhost:{self._emulator.port}"

    @property
    def route_keys(self) -> frozenset[str]:
        """The route keys of the API, as API Gateway writes them."""
        template = json.loads(self._adapted.read_text(encoding="utf-8"))["Resources"]
        return frozenset(
            resource["Properties"]["RouteKey"]
            for resource in template.values()
            if resource["Type"] == "AWS::ApiGatewayV2::Route"
        )

    def _parameters(self, issuer: Issuer, architecture: str) -> list[str]:
        public_key = base64.b64encode(issuer.rawstore_public_key).decode()
        return [
            f"Architecture={architecture}",
            f"OidcIssuer={issuer.url}",
            f"OidcAudience={AUDIENCE}",
            "ProtectTables=false",
            "LogRetentionDays=7",
            f"DatahubPublicKey={public_key}",
            "OrphanRemovalCron='0 3 * * ? *'",
        ]

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - tools of this repository's own environments
            [str(_SAM_ENVIRONMENT / program), *arguments],
            env=self._environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode != 0:
            events = self._failed_events() if "deploy" in arguments else ""
            raise RuntimeError(
                f"{program} {arguments[0]} failed:\n{(done.stdout + done.stderr)[-3000:]}\n{events}"
            )

    def _failed_events(self) -> str:
        cloudformation = self._emulator.client("cloudformation")
        try:
            events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        except cloudformation.exceptions.ClientError as error:
            return str(error)
        return "\n".join(
            f"{event['LogicalResourceId']} {event.get('ResourceStatusReason')}"
            for event in events
            if "FAILED" in event["ResourceStatus"]
        )

    def _resources(self) -> dict[str, str]:
        pages = self._emulator.client("cloudformation").get_paginator("list_stack_resources")
        return {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for page in pages.paginate(StackName=STACK)
            for one in page["StackResourceSummaries"]
        }

    def _set_dropped_properties(self) -> None:
        """Set by API calls what the emulator's CloudFormation accepts and then ignores."""
        template: dict[str, Any] = json.loads(self._adapted.read_text(encoding="utf-8"))
        resources = template["Resources"]
        cors = resources["Api"]["Properties"]["CorsConfiguration"] | {"AllowOrigins": [ORIGIN]}
        self._emulator.client("apigatewayv2").update_api(
            ApiId=self.resources["Api"], CorsConfiguration=cors
        )
        self._emulator.client("s3").put_bucket_ownership_controls(
            Bucket=self.resources["RawstoreBucket"],
            OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
        )
        dynamodb = self._emulator.client("dynamodb")
        for name, resource in resources.items():
            specification = resource.get("Properties", {}).get("TimeToLiveSpecification")
            if resource["Type"] == "AWS::DynamoDB::Table" and specification:
                dynamodb.update_time_to_live(
                    TableName=self.resources[name], TimeToLiveSpecification=specification
                )
