"""A running Coffer, local or deployed: names of its resources, variables, and AWS clients."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.control.client import RemoteStack

INVOKE_MARGIN_SECONDS = 30
"""How much longer than its timeout a function may take to respond: its start is not counted."""

FAILED_FIRST_DEPLOYMENT = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")
"""States of a stack that CloudFormation can only delete."""


class InstallationError(Exception):
    """The installation cannot be reached. The message says why and what to check."""


class StackMissingError(InstallationError):
    """There is no stack of this name in the account and region."""


class Installation(Protocol):
    """Access to a running Coffer, for the commands."""

    @property
    def api_url(self) -> str:
        """The URL of the API, without a slash at the end."""

    @property
    def names(self) -> Mapping[str, str]:
        """Physical names of buckets, tables, queues and functions, by logical id."""

    def environment(self, function: str) -> Mapping[str, str]:
        """Return the environment variables of a function."""

    def client(self, service: str) -> Any:
        """Return a boto3 client."""

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Invoke a function and return its response. Raise `FunctionFailedError` if it fails."""

    def now(self) -> datetime:
        """Return the time that it uses for signatures and checks."""


class AccountInstallation(Installation, Protocol):
    """An installation that also knows the settings of its account, for the doctor."""

    def account_public_access_block(self) -> Mapping[str, bool]:
        """Return the settings of the account that block public access to S3, or {}."""

    def concurrency_limit(self) -> int | None:
        """Return how many functions can run at once, or None if there is no limit."""


class FunctionFailedError(Exception):
    """An invoked function failed. The message is its error."""


class LocalInstallation:
    """The local stack on a port."""

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
        endpoints = self._state["endpoints"]
        return boto3.client(
            service,  # type: ignore[call-overload]  # the stubs want a literal
            endpoint_url=endpoints[
                "AWS_ENDPOINT_URL_S3" if service == "s3" else "AWS_ENDPOINT_URL"
            ],
            region_name=endpoints["AWS_REGION"],
            aws_access_key_id=endpoints["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=endpoints["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )

    def account_public_access_block(self) -> Mapping[str, bool]:
        return {}

    def concurrency_limit(self) -> int | None:
        return None

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        response = self._remote.call("invoke", function=function, event=event)
        if "failed" in response:
            raise FunctionFailedError(response["failed"])
        return response["payload"]

    def now(self) -> datetime:
        # `make clock` may have moved the clock of the stack and of its S3.
        return datetime.fromisoformat(self._remote.call("clock", advance_seconds=0)["now"])


class DeployedInstallation:
    """A CloudFormation stack, in the account and region of the operator's credentials."""

    def __init__(self, stack_name: str, session: boto3.Session | None = None) -> None:
        self._stack_name = stack_name
        self._session = session or boto3.Session()

    @cached_property
    def stack(self) -> Mapping[str, Any]:
        """The description of the stack. Raises `InstallationError` if it cannot be read."""
        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=self._stack_name)
        except (BotoCoreError, ClientError) as error:
            raise self._unreadable(error) from error
        description: Mapping[str, Any] = stacks["Stacks"][0]
        return description

    @cached_property
    def names(self) -> Mapping[str, str]:
        try:
            pages = self.client("cloudformation").get_paginator("list_stack_resources")
            return {
                resource["LogicalResourceId"]: _name(resource.get("PhysicalResourceId", ""))
                for page in pages.paginate(StackName=self._stack_name)
                for resource in page["StackResourceSummaries"]
                if resource["ResourceStatus"] != "DELETE_COMPLETE"
            }
        except (BotoCoreError, ClientError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> InstallationError:
        kind = StackMissingError if "does not exist" in str(error) else InstallationError
        return kind(
            f"The stack {self._stack_name} cannot be read: {error}. Check AWS_PROFILE, "
            "AWS_DEFAULT_REGION and the name."
        )

    @cached_property
    def api_url(self) -> str:
        outputs = {one["OutputKey"]: one["OutputValue"] for one in self.stack.get("Outputs", [])}
        if "ApiUrl" not in outputs:
            self.check_can_be_updated()
            raise InstallationError(
                f"The stack {self._stack_name} is not deployed (its state is "
                f"{self.stack['StackStatus']}). Run make deploy, and agree to the changes."
            )
        return str(outputs["ApiUrl"]).rstrip("/")

    def check_can_be_updated(self) -> None:
        """Raise `InstallationError` if the first deployment failed and left a stack behind."""
        status = self.stack["StackStatus"]
        if status in FAILED_FIRST_DEPLOYMENT:
            raise InstallationError(
                f"The first deployment of the stack {self._stack_name} failed ({status}). Delete "
                f"the stack first: aws cloudformation delete-stack --stack-name {self._stack_name}"
            )

    def next_steps(self) -> Iterator[str]:
        """Yield what the operator does after a deployment."""
        yield f"the stack {self._stack_name} is {self.stack['StackStatus']}: {self.api_url}"
        given = {one["ParameterKey"]: one for one in self.stack.get("Parameters", [])}
        if given.get("ProtectTables", {}).get("ParameterValue") != "true":
            yield "protect the tables: deploy again with ProtectTables=true among PARAMETERS"
        doctor = f'make doctor STACK={self._stack_name} ARGS="--token $TOKEN --bucket GROUP"'
        yield f"upload a canary with a token of your issuer: {doctor}"
        yield "then check what docs/deploying.md lists under The first day"

    def environment(self, function: str) -> Mapping[str, str]:
        configuration = self.client("lambda").get_function_configuration(
            FunctionName=self.names[function]
        )
        region = self._session.region_name
        return {**configuration.get("Environment", {}).get("Variables", {}), "AWS_REGION": region}

    def client(self, service: str) -> Any:
        return self._session.client(service)  # type: ignore[call-overload]  # as above

    def account_public_access_block(self) -> Mapping[str, bool]:
        account = self.client("sts").get_caller_identity()["Account"]
        try:
            response = self.client("s3control").get_public_access_block(AccountId=account)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration":
                raise
            return {}
        settings: Mapping[str, bool] = response["PublicAccessBlockConfiguration"]
        return settings

    def concurrency_limit(self) -> int | None:
        limits = self.client("lambda").get_account_settings()["AccountLimit"]
        return int(limits["ConcurrentExecutions"])

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        name = self.names[function]
        configuration = self.client("lambda").get_function_configuration(FunctionName=name)
        # boto3 would give up after 60 s and invoke the function a second time.
        patient = Config(
            read_timeout=configuration["Timeout"] + INVOKE_MARGIN_SECONDS,
            retries={"total_max_attempts": 1},
        )
        try:
            response = self._session.client("lambda", config=patient).invoke(
                FunctionName=name, Payload=json.dumps(event).encode()
            )
        except (BotoCoreError, ClientError) as error:
            raise FunctionFailedError(f"{function} could not be invoked: {error}") from error
        payload = json.loads(response["Payload"].read() or b"null")
        if "FunctionError" in response:
            raise FunctionFailedError(json.dumps(payload))
        return payload

    def now(self) -> datetime:
        return datetime.now(UTC)


def _name(physical: str) -> str:
    """Return the name in a physical id. The physical id of a queue is its URL."""
    return physical.rsplit("/", 1)[-1] if physical.startswith("https://sqs.") else physical
