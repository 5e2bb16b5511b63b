"""`-p tests.privileges.plugin`: record the AWS permissions that each function needs in a run.

PRIVILEGES names a folder. Each process of the run writes a file there, and `python -m
tests.privileges` compares all of them with the template's policies.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.privileges.calls import write_needs
from tests.privileges.recording import Recorder
from tests.session import STACK

RECORDER = pytest.StashKey[Recorder]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if STACK not in config.stash:
        return  # pytest-xdist's workers have one
    recorder = Recorder(bucket.name for bucket in config.stash[STACK].resources.buckets)
    recorder.start()
    config.stash[RECORDER] = recorder


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    recorder = config.stash.get(RECORDER, None)
    if recorder is None:
        return
    recorder.stop()
    folder = Path(os.environ["PRIVILEGES"])
    folder.mkdir(parents=True, exist_ok=True)
    write_needs(folder / f"{os.getpid()}.json", recorder.needs)
