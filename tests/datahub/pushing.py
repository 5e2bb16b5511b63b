"""Push a dataset in a folder with the client, in a separate process."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.control.client import RemoteStack
from tests.datahub.platform import HOST, LOGIN_TOKEN, Platform
from tests.e2e.stacks import ROOT, Stack

MODULES = ROOT / ".tools" / "datahub" / "node_modules"
SCRIPT = Path(__file__).with_name("push.js")
DESCRIPTOR = "datapackage.json"
NAMES = [
    *(f"data/birds-{number}.csv" for number in range(1, 8)),
    "data/with space+plus&and=100%25.csv",
    "data/deeper/it's~(fine)!.csv",
    "other.csv",
]
"""Ten files; the descriptor is pushed as well. All names are ASCII: the client sends other names to
`presign` in Latin-1 without encoding, which is invalid HTTP."""
MAX_WAIT_SECONDS = 60


@dataclass(frozen=True)
class Pushed:
    """The result of a push: the uploaded files, and the client's response or error."""

    uploaded: set[str]
    response: dict[str, Any]
    error: str | None


class Pusher:
    """Pushes the dataset in its present state."""

    def __init__(self, stack: Stack, platform: Platform, node: str, folder: Path) -> None:
        self.stack, self.platform, self.folder = stack, platform, folder
        self._node = node
        self._names: dict[str, str] = RemoteStack(stack.port).call("state")["names"]
        (folder / "data" / "deeper").mkdir(parents=True)
        self.files: dict[str, bytes] = {}
        for name in NAMES:
            self.write(name, f"owner,file\n{platform.user},{name}\n".encode())
        resources = [{"name": f"file-{n}", "path": path} for n, path in enumerate(NAMES)]
        self.descriptor = {"name": "birds", "resources": resources}
        (folder / DESCRIPTOR).write_text(json.dumps(self.descriptor), encoding="utf-8")

    def write(self, name: str, body: bytes) -> None:
        """Change a file of the dataset."""
        (self.folder / name).write_bytes(body)
        self.files[name] = body

    def push(self, findability: str = "published", **more: Any) -> Pushed:
        """Push, and wait until the uploads are counted."""
        asked = {
            "apiUrl": self.platform.url,
            "token": LOGIN_TOKEN,
            "ownerid": self.platform.user,
            "owner": "birdwatcher",
            "folder": str(self.folder),
            "findability": findability,
            **more,
        }
        done = subprocess.run(  # noqa: S603 - Node.js, with the tests' own words
            [self._node, str(SCRIPT), json.dumps(asked)],
            env={"NODE_PATH": str(MODULES), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        outcome = json.loads(done.stdout.splitlines()[-1])
        return Pushed(set(outcome["uploaded"]), outcome.get("response", {}), outcome.get("error"))

    def stored(self) -> dict[str, tuple[bytes, bool]]:
        """Return the user's objects by their keys: bytes, and True if they are public."""
        store, bucket = self.stack.store, self._names["RawstoreBucket"]
        listed = store.list_objects_v2(Bucket=bucket).get("Contents", [])
        stored = {}
        for key in (one["Key"] for one in listed):
            response = store.get_object(Bucket=bucket, Key=key)
            if response["Metadata"]["owner"] == self.platform.user:
                stored[key] = (response["Body"].read(), self._is_public(bucket, key))
        return stored

    def used(self, expected: tuple[int, int]) -> tuple[int, int]:
        """Return public and private bytes of the user; wait until they are as expected."""
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while True:
            totals = self._totals()
            if totals == expected or time.monotonic() > deadline:
                return totals
            time.sleep(0.1)

    def _totals(self) -> tuple[int, int]:
        items: Mapping[str, Any] = {
            item["usageId"]: item for item in self.stack.items("UsageTable")
        }
        item = items.get(f"owner/{self.platform.user}", {})
        return int(item.get("publicBytes", 0)), int(item.get("privateBytes", 0))

    def _is_public(self, bucket: str, key: str) -> bool:
        connection = HTTPConnection(HOST, self.stack.store_port, timeout=30)
        try:
            connection.request("HEAD", f"/{bucket}/{quote(key)}")
            return connection.getresponse().status == 200
        finally:
            connection.close()
