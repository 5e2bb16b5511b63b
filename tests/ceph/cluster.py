"""A temporary Ceph cluster on loopback: a monitor, a store in memory and a radosgw, from Debian.

`python -m tests.ceph.cluster` runs one in the foreground and prints how to start the stack on it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path

HOST = "127.0.0.1"
START_SECONDS = 90
RUN_SECONDS = 30
STOP_SECONDS = 10
STORE_BYTES = 4 * 1024**3
"""The maximum size of the store in memory; it only uses what it contains."""
PACKAGES = {
    "radosgw": "radosgw",
    "ceph-mon": "ceph-mon",
    "ceph-osd": "ceph-osd",
    "ceph": "ceph-common",
    "ceph-authtool": "ceph-common",
    "monmaptool": "ceph-base",
    "radosgw-admin": "ceph-common",
}
"""The required programs, with Debian's package of each."""

CONFIGURATION = """
[global]
fsid = {fsid}
keyring = {folder}/keyring
mon initial members = a
mon host = {monitor}
public addr = {host}
cluster addr = {host}
ms bind ipv6 = false
log file = {folder}/$name.log
run dir = {folder}
admin socket = {folder}/$name.asok
# One copy of everything and one group for each pool are enough for a temporary cluster.
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 2000
# A single monitor need not wait for others.
paxos propose interval = 0.02
paxos min wait = 0.01

[mon.a]
mon data = {folder}/monitor

[osd]
osd objectstore = memstore
memstore device bytes = {store_bytes}
osd data = {folder}/store

[client.rgw]
rgw data = {folder}/gateway
# Without tcp_nodelay every response waits 40 ms for an acknowledgement.
rgw frontends = beast endpoint={host}:{port} tcp_nodelay=1
"""

KEYS = {
    "mon.": ["mon", "allow *"],
    "client.admin": ["mon", "allow *", "osd", "allow *"],
    "client.rgw": ["mon", "allow rwx", "osd", "allow rwx"],
    "osd.0": ["mon", "allow profile osd", "osd", "allow *"],
}
"""The capabilities of each daemon. Without authentication radosgw hangs."""


class CephError(Exception):
    """Ceph did not start; the message has the failed step and the last output."""


def missing_packages() -> list[str]:
    """Return the Debian packages whose programs are missing."""
    return sorted({package for name, package in PACKAGES.items() if shutil.which(name) is None})


class Ceph:
    """A cluster with one user. It ends all its processes and removes its files."""

    def __init__(self) -> None:
        self.keys = (secrets.token_hex(10), secrets.token_hex(20))
        self._port, *monitor_ports = _free_ports(3)
        self._monitor = f"[v2:{HOST}:{monitor_ports[0]},v1:{HOST}:{monitor_ports[1]}]"
        self._fsid = str(uuid.uuid4())
        self._folder = Path()
        self._running: list[subprocess.Popen[bytes]] = []
        self.took_seconds = 0.0
        """The seconds from the start to the first response."""

    @property
    def version(self) -> str:
        """The version of Ceph."""
        return " ".join(self._run("ceph", "--version").split()[:3])

    @property
    def url(self) -> str:
        """The URL of its S3."""
        return f"http://{HOST}:{self._port}"

    @property
    def resident_bytes(self) -> int:
        """The resident memory of its processes."""
        return sum(_resident_bytes(process.pid) for process in self._running)

    def __enter__(self) -> Ceph:
        self._folder = Path(tempfile.mkdtemp(prefix="coffer-ceph-"))
        started = time.monotonic()
        try:
            self._start()
            self.took_seconds = time.monotonic() - started
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # The gateway first and the monitor last: each daemon waits for those it depends on.
        for process in reversed(self._running):
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        self._configure()
        self._start_monitor()
        self._start_store(deadline)
        (self._folder / "gateway").mkdir()
        self._spawn("radosgw", "-n", "client.rgw")
        self._wait("the gateway", self._is_responding, deadline)
        key, secret = self.keys
        self._run(
            "radosgw-admin", "-n", "client.rgw", "user", "create", "--uid=tests",
            "--display-name=tests", f"--access-key={key}", f"--secret-key={secret}",
        )  # fmt: skip

    def _configure(self) -> None:
        text = CONFIGURATION.format(
            fsid=self._fsid,
            folder=self._folder,
            host=HOST,
            port=self._port,
            monitor=self._monitor,
            store_bytes=STORE_BYTES,
        )
        (self._folder / "ceph.conf").write_text(text)
        keyring = str(self._folder / "keyring")
        for name, capabilities in KEYS.items():
            pairs = zip(capabilities[::2], capabilities[1::2], strict=True)
            arguments = [word for what, right in pairs for word in ("--cap", what, right)]
            create = [] if Path(keyring).exists() else ["--create-keyring"]
            self._run("ceph-authtool", keyring, *create, "--gen-key", "-n", name, *arguments)

    def _start_monitor(self) -> None:
        (self._folder / "monitor").mkdir()
        map_file = str(self._folder / "monmap")
        self._run(
            "monmaptool", "--create", "--fsid", self._fsid, "--addv", "a", self._monitor, map_file
        )
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", map_file)
        self._spawn("ceph-mon", "-i", "a")

    def _start_store(self, deadline: float) -> None:
        (self._folder / "store").mkdir()
        identity = str(uuid.uuid4())
        self._run("ceph", "osd", "new", identity, "0")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", identity)
        self._spawn("ceph-osd", "-i", "0")
        self._wait("the store", lambda: "1 up" in self._run("ceph", "osd", "stat"), deadline)

    def _run(self, program: str, *arguments: str) -> str:
        """Run a program and return its output."""
        environment = {**os.environ, "CEPH_CONF": str(self._folder / "ceph.conf")}
        try:
            done = subprocess.run(  # noqa: S603 - Ceph's programs, with arguments of this file
                [program, *arguments],
                env=environment,
                capture_output=True,
                text=True,
                timeout=RUN_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CephError(f"{program} takes too long: {self._last_output()}") from error
        if done.returncode:
            raise CephError(f"{program} failed: {done.stderr[-2000:]}")
        return done.stdout

    def _spawn(self, program: str, *arguments: str) -> None:
        """Start a daemon that ends with this thread."""
        command = [program, "-f", "-c", str(self._folder / "ceph.conf"), *arguments]
        tied = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with (self._folder / f"{program}.out").open("wb") as output:
            self._running.append(
                subprocess.Popen(  # noqa: S603 - the same
                    [*tied, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def _wait(self, what: str, is_ready: Callable[[], bool], deadline: float) -> None:
        while not is_ready():
            dead = [process.args for process in self._running if process.poll() is not None]
            if dead or time.monotonic() > deadline:
                raise CephError(f"{what} of Ceph didn't start in time: {self._last_output()}")
            time.sleep(0.1)

    def _is_responding(self) -> bool:
        connection = HTTPConnection(HOST, self._port, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _last_output(self) -> str:
        outputs = sorted(self._folder.glob("*.out"), key=lambda path: path.stat().st_mtime)
        return "\n".join(path.read_text(errors="replace")[-1000:] for path in outputs)


def _free_ports(count: int) -> list[int]:
    """Return free ports; all are bound until all are found."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def main(_arguments: Sequence[str] = ()) -> int:
    """Run a cluster until it is interrupted."""
    missing = missing_packages()
    if missing:
        sys.stderr.write(f"There is no Ceph here. On Debian: apt-get install {' '.join(missing)}\n")
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Ceph() as ceph:
        key, secret = ceph.keys
        sys.stdout.write(
            f"S3_ENDPOINT_URL={ceph.url} S3_ACCESS_KEY_ID={key} S3_SECRET_ACCESS_KEY={secret} "
            "make start\n"
        )
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
