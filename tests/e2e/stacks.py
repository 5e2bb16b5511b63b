"""A local stack in its own process, and a record of what a browser sends to its API."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config

from local.control.client import RemoteStack

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
READY_SECONDS = 60
MAX_BYTES = 6 * 1024**2
"""Upload limit of these stacks: more than a request to the API can have."""


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class Stack:
    """`python -m local` in its own process."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.port, self.store_port = free_port(), free_port()
        self._log = folder / "stack.log"
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self._environment = {
            **inherited,
            "TMPDIR": str(folder),
            "PORT": str(self.port),
            "S3_PORT": str(self.store_port),
            "PARAMETERS": f"MaxUploadBytes={MAX_BYTES}",
            **variables,
        }

    @contextmanager
    def running(self) -> Iterator[Stack]:
        """Run the stack for a `with` block, from its ready line on."""
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "local"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                self._wait_until_ready(process)
                yield self
            finally:
                process.terminate()
                process.wait(timeout=20)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not re.search(r"^ready: ", self.log, re.MULTILINE):
            assert process.poll() is None, f"the stack didn't start:\n{self.log}"
            assert time.monotonic() < deadline, f"the stack isn't ready:\n{self.log}"
            time.sleep(0.1)

    @property
    def log(self) -> str:
        """The output so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def token(self, *arguments: str) -> str:
        """Return the output of `python -m local token`."""
        done = subprocess.run(  # noqa: S603 - this very interpreter, with the tests' own words
            [sys.executable, "-m", "local", "token", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def move_clock(self, seconds: float) -> None:
        """Move the stack's clock forward."""
        RemoteStack(self.port).call("clock", advance_seconds=seconds)

    @property
    def store(self) -> Any:
        """Return a client of its S3."""
        return self._client("s3", f"http://{HOST}:{self.store_port}")

    @property
    def bucket(self) -> str:
        """The S3 bucket of the object store."""
        return str(RemoteStack(self.port).call("state")["names"]["ObjectBucket"])

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Return the objects with a prefix."""
        store, bucket = self.store, self.bucket
        listed = store.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {
            one["Key"]: store.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
            for one in listed
        }

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return the items of a table, by its logical id."""
        state = RemoteStack(self.port).call("state")
        tables = self._client("dynamodb", state["endpoints"]["AWS_ENDPOINT_URL"])
        read = TypeDeserializer().deserialize
        return [
            {name: read(value) for name, value in item.items()}
            for item in tables.scan(TableName=state["names"][table])["Items"]
        ]

    @staticmethod
    def _client(service: str, url: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]  # the stubs want each name spelt out
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}),
        )


class Wire:
    """A proxy between the browser and the API that records every byte that the browser sends."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server((HOST, 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._connections: list[list[bytes]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def sent(self) -> bytes:
        """The bytes sent to the API so far, by connection."""
        return b"\n".join(b"".join(chunks) for chunks in list(self._connections))

    def close(self) -> None:
        """Accept no further connections."""
        # Without the shutdown a thread that waits for a connection would hold the socket open.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
                api = socket.create_connection((HOST, self._target))
            except OSError:
                return
            sent: list[bytes] = []
            self._connections.append(sent)
            for source, sink, keep in ((browser, api, sent.append), (api, browser, _forget)):
                threading.Thread(target=_carry, args=(source, sink, keep), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket, keep: Callable[[bytes], None]) -> None:
    with suppress(OSError):
        while chunk := source.recv(1 << 16):
            keep(chunk)
            sink.sendall(chunk)
    # Both ends at once: whoever still writes has nobody to read it.
    for one in (source, sink):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


def _forget(_chunk: bytes) -> None:
    """Forward the responses, which are not recorded."""
