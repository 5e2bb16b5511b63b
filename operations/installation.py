"""A Coffer that runs somewhere: its names, its variables, its AWS services."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.control.client import RemoteStack


class InstallationError(Exception):
    """It cannot be reached; the message says why and what to do."""


class Installation(Protocol):
    """What the commands need to know of a Coffer, and may ask of it."""

    @property
    def api_url(self) -> str:
        """Where the API is, without a slash at the end."""

    @property
    def names(self) -> Mapping[str, str]:
        """Physical names by logical ids of the template: buckets, tables, queues, functions."""

    def environment(self, function: str) -> Mapping[str, str]:
        """The variables of a function, by its logical id."""

    def client(self, service: str) -> Any:
        """A boto3 client for one of its services."""

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Invoke a function by its logical id and wait; FunctionFailedError where it fails."""

    def now(self) -> datetime:
        """The time by which it signs and checks, as far as this machine knows."""


class FunctionFailedError(Exception):
    """A function that was invoked failed; the message is its error."""


class LocalInstallation:
    """The local stack that listens on a port."""

    def __init__(self, port: int) -> None:
        self._remote = RemoteStack(port)
        self.api_url = f"http://localhost:{port}"
        self._state: Mapping[str, Any] = self._remote.call("state")

    @property
    def names(self) -> Mapping[str, str]:
        names: Mapping[str, str] = self._state["names"]
        return names

    def environment(self, function: str) -> Mapping[str, str]:
        variables: Mapping[str, str] = self._state["functions"][function]
        return {**variables, **self._state["endpoints"]}

    def client(self, service: str) -> Any:
        found = self._state["endpoints"]
        return boto3.client(
            service,  # type: ignore[call-overload]  # the stubs want each name spelt out
            endpoint_url=found["AWS_ENDPOINT_URL_S3" if service == "s3" else "AWS_ENDPOINT_URL"],
            region_name=found["AWS_REGION"],
            aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        answer = self._remote.call("invoke", function=function, event=event)
        if "failed" in answer:
            raise FunctionFailedError(answer["failed"])
        return answer["payload"]

    def now(self) -> datetime:
        # `make clock` may have moved it, and the S3 gate with it.
        return datetime.fromisoformat(self._remote.call("clock", advance_seconds=0)["now"])


class DeployedInstallation:
    """A CloudFormation stack, in the account and region of the operator's credentials."""

    def __init__(self, stack_name: str, session: boto3.Session | None = None) -> None:
        self._stack_name = stack_name
        self._session = session or boto3.Session()

    @cached_property
    def names(self) -> Mapping[str, str]:
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        try:
            return {
                resource["LogicalResourceId"]: _name(resource.get("PhysicalResourceId", ""))
                for page in pages.paginate(StackName=self._stack_name)
                for resource in page["StackResourceSummaries"]
            }
        except (BotoCoreError, ClientError) as error:
            raise InstallationError(
                f"The stack {self._stack_name} cannot be read: {error}. Check AWS_PROFILE, "
                "AWS_REGION and the name."
            ) from error

    @cached_property
    def api_url(self) -> str:
        stacks = self.client("cloudformation").describe_stacks(StackName=self._stack_name)
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stacks["Stacks"][0]["Outputs"]}
        return str(outputs["ApiUrl"]).rstrip("/")

    def environment(self, function: str) -> Mapping[str, str]:
        found = self.client("lambda").get_function_configuration(FunctionName=self.names[function])
        region = self._session.region_name
        return {**found.get("Environment", {}).get("Variables", {}), "AWS_REGION": region}

    def client(self, service: str) -> Any:
        return self._session.client(service)  # type: ignore[call-overload]  # as above

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        answer = self.client("lambda").invoke(
            FunctionName=self.names[function], Payload=json.dumps(event).encode()
        )
        payload = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise FunctionFailedError(json.dumps(payload))
        return payload

    def now(self) -> datetime:
        return datetime.now(UTC)


def _name(physical: str) -> str:
    """The name in a physical id; that of a queue is its URL."""
    return physical.rsplit("/", 1)[-1] if physical.startswith("https://sqs.") else physical
