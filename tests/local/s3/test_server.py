"""The server: connections, incomplete requests, large bodies, starting and stopping."""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from local.s3 import S3Gate
from local.s3.messages import RequestBody
from local.s3.post_form import read_form
from tests.local.s3.wire import (
    ACCESS_KEY,
    BOUNDARY,
    REGION,
    SECRET_KEY,
    Gate,
    form_body,
    send,
    sign,
)

MIB = 1024 * 1024


def talk(gate: Gate, text: bytes) -> bytes:
    """Send bytes unchanged, and read until the server closes the connection."""
    host, _, port = urlsplit(gate.url).netloc.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(text)
        pieces = []
        while data := connection.recv(65_536):
            pieces.append(data)
    return b"".join(pieces)


def head_of(gate: Gate, bucket: str, **more: str) -> bytes:
    """Return the head of a PUT with an unsigned payload."""
    url = f"{gate.url}/{bucket}/a"
    given = {name.replace("_", "-"): value for name, value in more.items()}
    headers = sign(url, "PUT", given, payload="UNSIGNED-PAYLOAD")
    host = urlsplit(url).netloc
    lines = [f"PUT /{bucket}/a HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def test_a_client_that_expects_it_is_told_to_continue(gate: Gate, bucket: str) -> None:
    head = head_of(gate, bucket, Content_Length="5", Expect="100-continue", Connection="close")
    response = talk(gate, head + b"hello")
    assert response.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_a_client_that_is_refused_is_not_told_to_continue(gate: Gate, bucket: str) -> None:
    head = head_of(gate, bucket, Content_Length="5", Expect="100-continue", If_Match='"none"')
    response = talk(gate, head)
    assert response.startswith(b"HTTP/1.1 404 ")
    assert b"Connection: close" in response


def test_a_client_that_sends_everything_first_gets_the_error(gate: Gate, bucket: str) -> None:
    url = f"{gate.url}/{bucket}/a"
    headers = sign(url, "PUT", {"If-Match": '"none"'}, payload="UNSIGNED-PAYLOAD")
    assert send(url, "PUT", headers, bytes(20 * MIB)).verdict == (404, "NoSuchKey")


def test_a_connection_serves_many_requests(gate: Gate, bucket: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(gate.url).netloc, timeout=10)
    url = f"{gate.url}/{bucket}/a"
    for number in range(3):
        body = b"%d" % number
        connection.request("PUT", f"/{bucket}/a", body, sign(url, "PUT", {}, body))
        assert connection.getresponse().read() == b""
        connection.request("PUT", f"/{bucket}/a", b"refused", sign(url, "PUT", {}, b"other"))
        assert connection.getresponse().read().startswith(b"<?xml")
        connection.request("HEAD", f"/{bucket}/missing", headers=sign(f"{url}x", "HEAD"))
        assert connection.getresponse().read() == b""
        connection.request("GET", f"/{bucket}/a", headers=sign(url, "GET"))
        assert connection.getresponse().read() == body
    connection.close()


def test_an_incomplete_upload_leaves_nothing(gate: Gate, bucket: str) -> None:
    def files() -> int:
        return sum(1 for _ in gate.gate.store.folder.root.rglob("*/*"))

    before = files()
    host, _, port = urlsplit(gate.url).netloc.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head_of(gate, bucket, Content_Length="1000000") + b"half of it")
        connection.shutdown(socket.SHUT_WR)
        response = connection.recv(65_536)
    assert response.startswith(b"HTTP/1.1 400 ")
    assert b"IncompleteBody" in response
    assert files() == before
    assert "Contents" not in gate.s3.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"403", b"AccessDenied"),
        (b"PUT /a/b HTTP/1.1\r\nHost: localhost\r\n\r\n", b"411", b"MissingContentLength"),
        (b"PUT /a/b HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400", b"BadRequest"),
        (b"PUT /a/b HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\nx", b"400", b"BadRequest"),
        (
            b"PUT /a/b HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
            b"400",
            b"BadRequest",
        ),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n", b"400", b"BadRequest"),
        (b"PUT /a/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"501", b"NotImplemented"),
        (b"PATCH /a/b HTTP/1.1\r\nHost: localhost\r\n\r\n", b"405", b"MethodNotAllowed"),
        (b"GET /a/%FF HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400", b"InvalidURI"),
        (b"GET /a/b?x=%FF HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400", b"InvalidURI"),
        (b"nonsense\r\n\r\n", b"400", b"BadRequest"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505", b"BadRequest"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", b"431", b"BadRequest"),
    ],
)
def test_a_malformed_request_gets_an_error_of_s3(
    gate: Gate, text: bytes, status: bytes, code: bytes
) -> None:
    response = talk(gate, text.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    assert response.split(b" ", 2)[1] == status
    assert b"<Code>" + code + b"</Code>" in response


def test_a_bucket_can_be_in_the_host_name(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a/b", Body=b"x")
    port = urlsplit(gate.url).port
    url = f"http://{bucket}.localhost:{port}/a/b"
    headers = {**sign(url, "GET"), "Host": f"{bucket}.localhost:{port}"}
    assert send(f"{gate.url}/a/b", "GET", headers).body == b"x"


def test_leading_slashes_belong_to_the_key(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="/a", Body=b"x")
    port = urlsplit(gate.url).port
    url = f"http://{bucket}.localhost:{port}//a"
    headers = {**sign(url, "GET"), "Host": f"{bucket}.localhost:{port}"}
    assert send(f"{gate.url}//a", "GET", headers).body == b"x"


def test_too_long_a_path_is_refused(gate: Gate, bucket: str) -> None:
    assert send(f"{gate.url}/{bucket}/{'a' * 70_000}", "GET").verdict == (414, "BadRequest")


def run(folder: Path, port: int = 0) -> S3Gate:
    return S3Gate(
        port=port,
        credentials={ACCESS_KEY: SECRET_KEY},
        region=REGION,
        now=lambda: datetime.now(UTC),
        deliver=lambda _: None,
        folder=folder,
    )


def test_a_port_in_use_is_an_error(gate: Gate, tmp_path: Path) -> None:
    port = urlsplit(gate.url).port
    assert port is not None
    with pytest.raises(OSError, match="in use"):
        run(tmp_path, port).start()


def test_stopping_ends_connections_and_threads_and_removes_files(tmp_path: Path) -> None:
    other = run(tmp_path)
    threads = set(threading.enumerate())
    other.start()
    netloc = urlsplit(other.url).netloc
    connection = http.client.HTTPConnection(netloc, timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().read()
    other.stop()
    other.stop()
    connection.close()
    assert set(threading.enumerate()) <= threads
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(netloc.partition(":")[2])), timeout=5)


def test_it_can_be_emptied_and_its_buckets_stay(gate: Gate, announced_bucket: str) -> None:
    bucket = announced_bucket
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    gate.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"y")
    gate.s3.delete_object(Bucket=bucket, Key="b")
    made = gate.s3.create_multipart_upload(Bucket=bucket, Key="c")["UploadId"]
    gate.s3.upload_part(Bucket=bucket, Key="c", UploadId=made, PartNumber=1, Body=b"x")
    gate.events.clear()
    gate.gate.empty()
    assert bucket in gate.gate.buckets
    listed = gate.s3.list_object_versions(Bucket=bucket)
    assert not {"Versions", "DeleteMarkers"} & set(listed)
    assert "Uploads" not in gate.s3.list_multipart_uploads(Bucket=bucket)
    assert list(gate.gate.store.folder.root.rglob("*/*")) == []
    assert gate.events == []
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"z")
    assert len(gate.events) == 1


def test_resetting_leaves_no_bucket(tmp_path: Path) -> None:
    other = run(tmp_path)
    other.store.reset()
    other.store.backend.create_bucket("left-over", REGION)
    other.reset()
    assert other.buckets == frozenset()
    other.store.clear()


def test_it_listens_on_loopback_only(gate: Gate) -> None:
    assert urlsplit(gate.url).hostname == "127.0.0.1"


@settings(deadline=None)  # a busy machine is slow, not wrong
@given(
    sizes=st.lists(st.integers(1, 200), min_size=1, max_size=50),
    content=st.binary(max_size=400) | st.just(b"\r\n--" + BOUNDARY.encode()[:-1]),
    value=st.text(st.characters(codec="utf-8"), max_size=30),
)
def test_a_form_is_parsed_the_same_in_chunks_of_any_size(
    sizes: list[int], content: bytes, value: str
) -> None:
    text = form_body([("a", value)], content, after=[("late", "1")])

    class Trickle:
        """A stream that returns chunks of given sizes."""

        def __init__(self) -> None:
            self.rest = text
            self.steps = iter(sizes * (len(text) + 1))

        def read1(self, size: int, /) -> bytes:
            size = min(size, next(self.steps))
            piece, self.rest = self.rest[:size], self.rest[size:]
            return piece

    form = read_form(
        RequestBody(Trickle(), len(text)), f'multipart/form-data; boundary="{BOUNDARY}"'
    )
    assert form.fields == {"a": value}
    assert b"".join(form.file) == content


SERVE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from local.s3 import S3Gate
gate = S3Gate(port=0, credentials={"test": "test"}, region="ca-central-1",
              now=lambda: datetime.now(UTC), deliver=lambda _: None, folder=Path(sys.argv[1]))
gate.start()
print(gate.url, flush=True)
sys.stdin.read()
gate.stop()
"""
BIG_BYTES = 128 * MIB
MAX_GROWTH_MIB = 40


def peak_mib(pid: int) -> float:
    """Return the peak resident memory of a process in mebibytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """Start a gate in its own process; return the process id and the URL."""
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    with subprocess.Popen(  # noqa: S603  # this interpreter, and a program written above
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        yield child.pid, child.stdout.readline().strip()
        child.stdin.close()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_large_object_is_never_in_memory(process: tuple[int, str]) -> None:
    pid, url = process
    s3 = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=REGION,
        config=Config(s3={"addressing_style": "path"}),
    )
    s3.create_bucket(Bucket="big", CreateBucketConfiguration={"LocationConstraint": REGION})
    before = peak_mib(pid)
    block = hashlib.sha256(b"block").digest() * (MIB // 32)
    form = s3.generate_presigned_post("big", "a")
    body = form_body(form["fields"].items(), b"\0")
    at = body.index(b"\0")

    def pieces() -> Iterator[bytes]:
        yield body[:at]
        for _ in range(BIG_BYTES // MIB):
            yield block
        yield body[at + 1 :]

    headers = {
        "Content-Type": f'multipart/form-data; boundary="{BOUNDARY}"',
        "Content-Length": str(len(body) - 1 + BIG_BYTES),
    }
    assert send(form["url"], "POST", headers, pieces()).status == 204
    s3.copy_object(Bucket="big", Key="b", CopySource="big/a", ChecksumAlgorithm="SHA1")
    read = 0
    for piece in s3.get_object(Bucket="big", Key="b")["Body"].iter_chunks(MIB):
        read += len(piece)
    assert read == BIG_BYTES
    tail = s3.get_object(Bucket="big", Key="b", Range="bytes=-5")["Body"].read()
    assert tail == block[-5:]
    s3.close()
    assert peak_mib(pid) - before < MAX_GROWTH_MIB


def test_other_services_of_moto_work_beside_it(gate: Gate, bucket: str) -> None:
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    queues = boto3.client(
        "sqs",
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=REGION,
    )
    queue = queues.create_queue(QueueName="q")["QueueUrl"]
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    queues.send_message(QueueUrl=queue, MessageBody="m")
    received = queues.receive_message(QueueUrl=queue)["Messages"]
    assert [one["Body"] for one in received] == ["m"]
    queues.close()
    moto.stop()
    assert gate.s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
