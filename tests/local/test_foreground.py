"""`python -m local` in a process, as a user runs it."""

from __future__ import annotations

import ast
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from queue import Queue
from typing import Any

import boto3
import pytest

from local import __main__ as entry
from local.commands import main as run_command
from local.control.client import GUARD_HEADER, CommandFailedError, NotRunningError, RemoteStack
from local.faults.chaos import Chaos
from local.foreground import Options, StartError

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(tmp_path: Path, **variables: str) -> subprocess.Popen[str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env={**inherited, "TMPDIR": str(tmp_path), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Running:
    """A stack in its own process, and the lines that it has printed."""

    def __init__(self, process: subprocess.Popen[str], port: int, folder: Path) -> None:
        self.process = process
        self.port = port
        self.folder = folder
        self.lines: Queue[str] = Queue()
        self.printed: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def wait_for(self, text: str, seconds: float = READY_SECONDS) -> str:
        deadline = time.monotonic() + seconds
        while True:
            line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            self.printed.append(line)
            if text in line:
                return line

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return response.status, names, response.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    port, folder = free_port(), tmp_path_factory.mktemp("tmp")
    process = start(folder, PORT=str(port), S3_PORT=str(free_port()))
    stack = Running(process, port, folder)
    try:
        stack.wait_for(f"ready: http://localhost:{port}")
        yield stack
    finally:
        process.kill()
        process.communicate()


def test_the_banner_says_where_everything_is(running: Running) -> None:
    banner = "\n".join(running.printed)
    for text in ("test / test", "coffer-objectbucket", "coffer-UploadsTable", "DynamoDB"):
        assert text in banner


def test_a_request_is_answered_and_logged_without_its_query(running: Running) -> None:
    status, headers, _ = running.request("GET", "/nowhere?jwt=secret")
    assert status == 404
    assert headers["apigw-requestid"]
    assert "secret" not in running.wait_for("/nowhere")


def test_the_console_is_at_the_root(running: Running) -> None:
    status, headers, body = running.request("GET", "/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"<title>Coffer</title>" in body
    [line] = [line for line in running.printed if line.startswith("S3 ")]
    assert f"connect-src 'self' {line.split()[1]};" in headers["content-security-policy"]


def test_too_large_a_body_is_refused_before_it_is_sent(running: Running) -> None:
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.settimeout(10)
        connection.sendall(
            b"POST /api/v1/file/aafc HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"
        )
        response = b"".join(iter(lambda: connection.recv(65536), b""))
    assert response.startswith(b"HTTP/1.1 413 ")
    assert b"Request Entity Too Large" in response


def test_too_large_a_body_gets_a_response_while_it_is_still_sent(running: Running) -> None:
    status, _, body = running.request("POST", "/api/v1/file/aafc", b"x" * (10 * 1024**2 + 1))
    assert (status, json.loads(body)) == (413, {"message": "Request Entity Too Large"})


def test_a_body_in_chunks_is_read(running: Running) -> None:
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.settimeout(20)
        connection.sendall(
            b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n0\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: localhost\r\n"
            b"Connection: close\r\n\r\n"
        )
        response = b"".join(iter(lambda: connection.recv(65536), b""))
    assert response.count(b"HTTP/1.1 404 ") == 2


GET = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (POST + b"Content-Length: -1\r\n\r\n{}", 400),
        (POST + b"Content-Length: two\r\n\r\n{}", 400),
        (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 400),
        (POST + b"Content-Length: -1\r\nExpect: 100-continue\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n{}", 501),
        (GET + b"no colon\r\nX: a\r\n\r\n", 400),
        (GET + b"Authorization: Bearer " + b"a" * 10_300 + b"\r\n\r\n", 431),
        (GET + b"X: a\r\n" * 150 + b"\r\n", 431),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"BREW /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
        (b"GET /nowhere HTTP/3.0\r\nHost: localhost\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\r\n\r\n", 400),
    ],
)
def test_what_the_gateway_cannot_read_is_refused_in_its_form(
    running: Running, request_bytes: bytes, status: int
) -> None:
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.settimeout(20)
        connection.sendall(request_bytes)
        response = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert list(json.loads(body)) == ["message"]


def test_leading_slashes_are_part_of_the_path(running: Running) -> None:
    assert running.request("GET", "/api/v1/health")[0] == 200
    status, headers, _ = running.request("GET", "//api/v1/health")
    assert status == 308
    assert headers["location"].endswith(f":{running.port}/api/v1/health")


def test_commands_need_the_guard_header(running: Running) -> None:
    assert running.request("POST", "/_local/clock", b"{}")[0] == 403
    assert running.request("POST", "/_local/nothing", b"{}", **{GUARD_HEADER: "yes"})[0] == 404


@pytest.mark.parametrize("path", ["/api/v1/health", "/rawstore/info", "/_local/state"])
def test_a_host_that_a_page_elsewhere_chose_is_refused(running: Running, path: str) -> None:
    """DNS rebinding: the page's own name has the address of this machine."""
    headers = {"Host": f"attacker.example:{running.port}", GUARD_HEADER: "yes"}
    status, _, body = running.request("GET", path, b"", **headers)
    message = json.loads(body)["message"]
    assert (status, "attacker.example" in message, "ALLOWED_HOSTS" in message) == (403, True, True)


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://localhost:{port}", 200), ("http://localhost:1", 403), ("null", 403)],
)
def test_only_the_consoles_pages_may_send_commands(
    running: Running, origin: str, status: int
) -> None:
    headers = {
        "Host": f"localhost:{running.port}",
        "Origin": origin.format(port=running.port),
        GUARD_HEADER: "yes",
    }
    assert running.request("POST", "/_local/state", b"{}", **headers)[0] == status


def test_the_clock_is_moved_from_another_process(running: Running) -> None:
    before = RemoteStack(running.port).call("clock")["now"]
    after = RemoteStack(running.port).call("clock", advance_seconds=86_400)["now"]
    assert after[:10] > before[:10]
    with pytest.raises(CommandFailedError, match="forward"):
        RemoteStack(running.port).call("clock", advance_seconds=-1)
    for seconds in (1e15, 1e300, float("nan")):
        with pytest.raises(CommandFailedError):
            RemoteStack(running.port).call("clock", advance_seconds=seconds)
    assert RemoteStack(running.port).call("clock")["now"][:10] == after[:10]


def test_the_error_for_an_unknown_schedule_lists_the_known_ones(running: Running) -> None:
    with pytest.raises(CommandFailedError, match=r"^there is no schedule 'Nothing'; there are: "):
        RemoteStack(running.port).call("schedule", name="Nothing")


def test_a_token_is_signed_for_another_process(running: Running) -> None:
    response = RemoteStack(running.port).call(
        "token", user="ann", service="rawstore", permissions={"datapackage-upload": True}
    )
    assert response["token"].count(".") == 2


def test_events_are_followed_from_another_process(
    running: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = RemoteStack(running.port).call("state")
    client: Any = boto3.client(
        "events",
        endpoint_url=state["endpoints"]["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    entry = {
        "Source": "test",
        "DetailType": "Said",
        "Detail": '{"n": 1}',
        "EventBusName": state["names"]["EventBus"],
    }
    client.put_events(Entries=[entry])
    monkeypatch.setenv("PORT", str(running.port))
    assert run_command(["events", "--no-follow"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["detail"] == {"n": 1}
    with closing(RemoteStack(running.port).events(follow=True)) as followed:
        assert json.loads(next(followed)) == json.loads(line)
    said: list[Any] = []
    with closing(RemoteStack(running.port).events(follow=True, history=False)) as followed:
        reader = threading.Thread(target=lambda: said.append(json.loads(next(followed))["detail"]))
        reader.start()
        number = 1
        while reader.is_alive():
            number += 1
            entry["Detail"] = json.dumps({"n": number})
            client.put_events(Entries=[entry])
            reader.join(0.2)
    assert said[0]["n"] > 1, "the event of the past is not printed"
    client.close()


def test_raw_utf_8_in_a_query_is_read_as_utf_8(running: Running) -> None:
    with closing(socket.create_connection(("127.0.0.1", running.port))) as connection:
        query = "filter[originalFilename]=Käfer.jpg".encode()
        connection.sendall(
            b"GET /api/v1/metadata?" + query + b" HTTP/1.1\r\nHost: localhost\r\n"
            b"Connection: close\r\n\r\n"
        )
        response = b"".join(iter(lambda: connection.recv(65536), b""))

    assert response.startswith(b"HTTP/1.1 200 ")
    assert b"K%C3%A4fer.jpg" in response


def test_other_commands_have_clear_errors(
    running: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", str(running.port))
    assert run_command(["audit"]) == 0
    assert run_command(["clock", "+1s"]) == 0
    assert run_command(["clock", "soon"]) == 1
    assert run_command(["run", "NoFunction"]) == 1
    assert run_command(["token", "--rawstore", "--permission", "bad"]) == 1
    printed = capsys.readouterr()
    assert "expired" in printed.out
    assert "not a duration" in printed.err
    assert "NoFunction" in printed.err
    assert "NAME=VALUE" in printed.err


def test_a_port_in_use_is_a_clear_error(running: Running, tmp_path: Path) -> None:
    for variables, what in (
        ({"PORT": str(running.port)}, "The API cannot listen"),
        ({"PORT": str(free_port()), "S3_PORT": str(running.port)}, "S3 cannot listen"),
    ):
        process = start(tmp_path, **variables)
        output, error = process.communicate(timeout=READY_SECONDS)
        assert (process.returncode, output) == (1, "")
        assert what in error
        assert str(running.port) in error
        assert "PORT=" in error
        assert "Traceback" not in error


def test_an_interruption_ends_everything_quietly(tmp_path: Path) -> None:
    port = free_port()
    process = start(tmp_path, PORT=str(port), S3_PORT=str(free_port()))
    stack = Running(process, port, tmp_path)
    stack.wait_for("ready:")
    stack.request("GET", "/nowhere")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers = children.read_text().split() if children.exists() else []
    assert list(tmp_path.iterdir())
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert list(tmp_path.iterdir()) == []
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    process.stderr.close()
    stack._reader.join(5)
    assert process.stdout is not None
    process.stdout.close()


def test_a_stack_that_does_not_run_is_a_clear_error() -> None:
    port = free_port()
    with pytest.raises(NotRunningError, match=str(port)):
        RemoteStack(port).call("clock")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"PORT": "many"}, "PORT"),
        ({"S3_PORT": "70000"}, "S3_PORT"),
        ({"PARAMETERS": "NoEquals"}, "Name=Value"),
        ({"PARAMETERS": "Name='open"}, "PARAMETERS cannot be parsed"),
        ({"STORAGE_PATH_PATTERN": "{owner}-{dataset}/{path}"}, "must begin with '{owner}/'"),
        ({"S3_ENDPOINT_URL": "http://127.0.0.1:7480"}, "S3_ACCESS_KEY_ID"),
        ({"S3_ENDPOINT_URL": "127.0.0.1:7480"}, "S3_ENDPOINT_URL is a URL"),
        ({"S3_ENDPOINT_URL": "http://127.0.0.1:99999"}, "S3_ENDPOINT_URL is a URL"),
        ({"S3_ENDPOINT_URL": "http://key@127.0.0.1"}, "S3_ENDPOINT_URL is a URL"),
        ({"S3_ENDPOINT_URL": "http://127.0.0.1?a=b"}, "S3_ENDPOINT_URL is a URL"),
        ({"S3_BUCKET": "acme"}, "S3_BUCKET is about another S3"),
        ({"S3_ACCESS_KEY_ID": "k"}, "S3_ACCESS_KEY_ID is about another S3"),
        ({"CHAOS": "throttle havoc"}, "CHAOS accepts .*, not 'havoc'"),
        ({"CHAOS": "delay", "CHAOS_SEED": "x"}, "CHAOS_SEED is a whole number, not 'x'"),
        ({"AUTH": "basic"}, "AUTH is jwt"),
        ({"ALLOWED_HOSTS": "a.example,b.example:80"}, "'b.example:80' is none"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(environment: dict[str, str], message: str) -> None:
    with pytest.raises(StartError, match=message):
        Options.from_environment(environment)


def test_all_options_come_from_the_environment() -> None:
    options = Options.from_environment(
        {
            "PORT": "1",
            "S3_PORT": "2",
            "PARAMETERS": "A=b 'C=d e'",
            "SERVICE_NAME": "bitstore",
            "S3_ENDPOINT_URL": "http://s3",
            "AWS_ACCESS_KEY_ID": "k",
            "AWS_SECRET_ACCESS_KEY": "s",
        }
    )
    assert (options.api_port, options.s3_port) == (1, 2)
    assert options.parameters == {"A": "b", "C": "d e"}
    assert options.environment["SERVICE_NAME"] == "bitstore"
    assert options.environment["DEVELOPMENT_IDENTITY"] == "dev"
    assert not options.tokens_required
    assert options.allowed_hosts == {"localhost", "127.0.0.1", "[::1]"}
    assert not options.chaos
    assert options.external_storage is not None
    assert options.external_storage.keys == ("k", "s")


def test_with_tokens_there_is_no_development_identity() -> None:
    options = Options.from_environment({"AUTH": "jwt", "CHAOS": "delay", "CHAOS_SEED": "3"})
    assert options.tokens_required
    assert "DEVELOPMENT_IDENTITY" not in options.environment
    assert options.chaos == Chaos.parse("delay", 3)


def test_the_entry_can_be_read_by_old_pythons() -> None:
    for name in ("__init__.py", "__main__.py"):
        ast.parse((ROOT / "local" / name).read_text(), feature_version=(3, 8))


def test_an_old_python_prints_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 8, 1))
    assert entry.main() == 1
    assert "needs Python 3.11" in capsys.readouterr().err


def test_a_missing_package_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.missing(ModuleNotFoundError("no", name="moto.server")) == 1
    assert "'moto'" in capsys.readouterr().err
