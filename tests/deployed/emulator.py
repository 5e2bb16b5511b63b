"""The AWS emulator (MiniStack) as a process of this run, with policies and signatures enforced."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import requests

from tests.deployed.certificates import Certificates
from tests.deployed.network import environment_without_aws, free_port, listening_addresses

REGION = "eu-central-1"
_START_SECONDS = 60
_STOP_SECONDS = 5


class Emulator:
    """A running emulator. Everything that it keeps is below `folder`."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.authority = certificates.authority
        temporary = folder / "tmp"
        temporary.mkdir()
        self.log = folder / "emulator.log"
        trusted = str(certificates.authority)
        environment = environment_without_aws() | {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AUTH": "true",
            # Servers that listen on more ports.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "TMPDIR": str(temporary),
            "PATH": f"{Path(sys.executable).parent}:{environment_without_aws()['PATH']}",
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(certificates.server),
            "MINISTACK_SSL_KEY": str(certificates.server_key),
            # The functions are subprocesses of the emulator and inherit these.
            "SSL_CERT_FILE": trusted,
            "AWS_CA_BUNDLE": trusted,
            "REQUESTS_CA_BUNDLE": trusted,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env=environment,
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._await_ready()
        self._key, self._secret = self._create_user()

    def client(self, service: str) -> Any:
        """Return a boto3 client that acts as the deploying user."""
        return self._client(service, self._key, self._secret)

    def client_of_role(self, service: str, role: str) -> Any:
        """Return a boto3 client with credentials of a function's role."""
        iam = self.client("iam")
        found = iam.get_role(RoleName=role)["Role"]
        trust = found["AssumeRolePolicyDocument"]
        everyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        statements = [*trust["Statement"], everyone]
        iam.update_assume_role_policy(
            RoleName=role, PolicyDocument=json.dumps({**trust, "Statement": statements})
        )
        session = self.client("sts").assume_role(RoleArn=found["Arn"], RoleSessionName="test")
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
        keys = session["Credentials"]
        return self._client(
            service, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
        )

    def environment(self) -> dict[str, str]:
        """Return the environment of a tool that acts as the deploying user."""
        return environment_without_aws() | {
            "AWS_ACCESS_KEY_ID": self._key,
            "AWS_SECRET_ACCESS_KEY": self._secret,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": str(self.authority),
            "SAM_CLI_TELEMETRY": "0",
        }

    def listening_addresses(self) -> set[str]:
        """Return the addresses on which the emulator listens, without their ports."""
        return listening_addresses(session=self._process.pid)

    def stop(self) -> None:
        """End the emulator and its workers. It may ignore SIGTERM, then it is killed."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            _signal_group(self._process.pid, number)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        _signal_group(self._process.pid, signal.SIGKILL)

    def _await_ready(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                health = requests.get(
                    f"{self.url}/_ministack/health", verify=str(self.authority), timeout=5
                )
            except requests.ConnectionError:
                time.sleep(0.1)
                continue
            if health.ok:
                return
        self.stop()
        tail = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"The emulator did not start. Its log ends with:\n{tail}")

    def _create_user(self) -> tuple[str, str]:
        """Create the user that deploys and return its access key and secret."""
        iam = self._client("iam", "test", "test")
        iam.create_user(UserName="deployer")
        everything = (
            '{"Version": "2012-10-17", "Statement": '
            '[{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
        )
        iam.put_user_policy(UserName="deployer", PolicyName="everything", PolicyDocument=everything)
        key = iam.create_access_key(UserName="deployer")["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    def _client(self, service: str, key: str, secret: str, token: str | None = None) -> Any:
        return boto3.client(  # type: ignore[call-overload]  # the service is a variable
            service,
            endpoint_url=self.url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            region_name=REGION,
            verify=str(self.authority),
        )


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
