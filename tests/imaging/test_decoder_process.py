"""The decoder process: one child for each picture, and the limited effect of hostile pictures."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from coffer.adapters.imaging import decoder_process
from coffer.adapters.imaging.decoder_process import THUMBNAIL
from coffer.domain.detection import BufferReader, detect
from coffer.domain.errors import UnavailableError
from coffer.domain.media_types import base_type
from coffer.domain.thumbnails.ports import ThumbnailError
from tests.imaging.decoding import Decoder
from tests.imaging.golden import Case, cases
from tests.imaging.helpers import ROOT, plain

JPEG = plain("JPEG")
MISBEHAVING = """
import ctypes, json, os, resource, socket, sys, time
from coffer.adapters.imaging import isolation, worker
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult
from coffer.domain.uploads.image_properties import ImageProperties

limits = {}
limit_resources = isolation.limit_resources

def remember_limits(*arguments, **options):
    limit_resources(*arguments, **options)
    for name in ("AS", "CORE", "FSIZE", "NOFILE", "NPROC"):
        limits[name] = resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))

isolation.limit_resources = remember_limits

def perform(task, source, result):
    what = task["mediaType"]
    if what == "crash":
        ctypes.string_at(0)
    if what == "abort":
        os.abort()
    if what == "exit":
        os._exit(0)
    if what == "hang":
        time.sleep(60)
    while what == "busy":
        pass
    if what == "memory":
        raise ThumbnailError("memory_exhausted", "too large")
    if what == "chatty":
        print("a library says something"); sys.stdout.flush()
        os.write(1, b"and so does its native code")
    if what == "malformed":
        return ThumbnailResult(thumbnail=b"", properties=ImageProperties(width="wide"))
    if what == "endless":
        tags = {str(n): "x" * 250 for n in range(2000)}
        return ThumbnailResult(thumbnail=b"", properties=ImageProperties(exif=tags))
    if what == "environment":
        result.write(repr(sorted(os.environ)).encode())
    elif what == "process":
        result.write(str(os.getpid()).encode())
    elif what == "limits":
        result.write(json.dumps(limits).encode())
    elif what != "empty":
        result.write(source.read())
    return ThumbnailResult(thumbnail=b"")

with socket.socket(fileno=int(sys.argv[1])) as channel:
    worker.serve(channel, perform)
"""


@pytest.fixture
def misbehaving(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Decoder]:
    """Yield a decoder whose child does what the media type says."""
    (tmp_path / "misbehaving_worker.py").write_text(MISBEHAVING)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(decoder_process, "_WORKER", "misbehaving_worker")
    decoder = Decoder(replace(THUMBNAIL, seconds=10))
    yield decoder
    decoder.close()


def failure_of(decoder: Decoder, what: str) -> str:
    with pytest.raises(ThumbnailError) as failed:
        decoder.create(b"x", what)
    return failed.value.code


def processes_of(decoder: Decoder) -> list[int]:
    """Return the ids of a child and of its parent."""
    child = int(decoder.create(b"x", "process").thumbnail)
    return [child, decoder.parent()]


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder()
    yield decoder
    decoder.close()


def test_an_image_becomes_a_thumbnail_with_properties(decoder: Decoder) -> None:
    picture = decoder.create(JPEG, "image/jpeg")
    assert picture.thumbnail.startswith(b"\xff\xd8\xff")
    assert (picture.properties.width, picture.properties.height) == (400, 300)
    assert decoder.process.peak_bytes > 1024**2
    assert failure_of(decoder, "image/jpeg") == "not_an_image"


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_every_form_of_file_is_decoded_without_files_and_threads(
    decoder: Decoder, case: Case
) -> None:
    """A decoder that imports a module, opens a file or starts a thread would fail in the child."""
    file = case.file()
    media_type = base_type(detect(BufferReader(file), None).media_type)
    assert decoder.create(file, media_type).thumbnail.startswith(b"\xff\xd8\xff")


def test_each_picture_gets_a_child_of_its_own_from_one_parent(misbehaving: Decoder) -> None:
    first, parent = processes_of(misbehaving)
    second, same_parent = processes_of(misbehaving)
    assert (first != second, parent) == (True, same_parent)
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("crash", "decoder_crashed"),
        ("abort", "decoder_crashed"),
        ("exit", "decoder_crashed"),
        ("malformed", "decoder_crashed"),
        ("endless", "decoder_crashed"),
        ("empty", "decoder_crashed"),
        ("memory", "memory_exhausted"),
    ],
)
def test_a_failure_of_a_child_affects_one_image(misbehaving: Decoder, what: str, code: str) -> None:
    _, parent = processes_of(misbehaving)
    assert failure_of(misbehaving, what) == code
    assert processes_of(misbehaving)[1] == parent


@pytest.mark.parametrize("what", ["hang", "busy"])
def test_an_image_that_takes_too_long_is_ended(misbehaving: Decoder, what: str) -> None:
    _, parent = processes_of(misbehaving)
    misbehaving.limits = replace(THUMBNAIL, seconds=1)
    assert failure_of(misbehaving, what) == "decoder_timed_out"
    misbehaving.limits = THUMBNAIL
    assert processes_of(misbehaving)[1] == parent


def test_a_parent_that_hangs_is_ended(
    misbehaving: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, parent = processes_of(misbehaving)
    monkeypatch.setattr(decoder_process, "_SPARE_SECONDS", 0)
    misbehaving.limits = replace(THUMBNAIL, seconds=1)
    os.kill(parent, signal.SIGSTOP)
    assert failure_of(misbehaving, "echo") == "decoder_timed_out"
    assert processes_of(misbehaving)[1] != parent


def test_a_parent_that_died_between_two_images_is_replaced(misbehaving: Decoder) -> None:
    _, parent = processes_of(misbehaving)
    os.kill(parent, signal.SIGKILL)
    os.waitid(os.P_PID, parent, os.WEXITED | os.WNOWAIT)
    assert misbehaving.create(b"fine", "echo").thumbnail == b"fine"


def test_output_of_libraries_is_not_in_a_result(misbehaving: Decoder) -> None:
    assert misbehaving.create(b"fine", "chatty").thumbnail == b"fine"


def test_the_child_does_not_have_the_functions_environment(
    misbehaving: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "swordfish")
    told = misbehaving.create(b"x", "environment").thumbnail.decode()
    assert set(ast.literal_eval(told)) <= {"PYTHONPATH", "LD_LIBRARY_PATH", "LC_CTYPE"}


def test_the_resources_of_a_child_are_limited(misbehaving: Decoder) -> None:
    limits = json.loads(misbehaving.create(b"x", "limits").thumbnail)
    expected = {"AS": THUMBNAIL.memory_bytes, "FSIZE": THUMBNAIL.file_bytes}
    expected |= {"CORE": 0, "NOFILE": 0, "NPROC": 0}
    assert limits == {name: [value, value] for name, value in expected.items()}


def test_a_worker_that_does_not_start_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_process, "_WORKER", "no.such.module")
    with pytest.raises(UnavailableError):
        Decoder().create(JPEG, "image/jpeg")


def test_a_system_that_cannot_start_processes_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/interpreter")
    with pytest.raises(UnavailableError):
        Decoder().create(JPEG, "image/jpeg")


def test_nothing_is_left(
    misbehaving: Decoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    folder = tmp_path / "disk"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    misbehaving.create(b"x", "echo")
    before = opened()
    for what in ("crash", "memory", "empty"):
        failure_of(misbehaving, what)
        misbehaving.create(b"x", "echo")
    _, parent = processes_of(misbehaving)
    assert opened() == before
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    assert children == ""
    misbehaving.close()
    assert opened() == before - 1  # the socket
    assert list(folder.iterdir()) == []


def test_the_function_imports_no_codec() -> None:
    code = "import sys; import coffer.adapters.imaging.decode_picture; print('PIL' in sys.modules)"
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"


def reached(tmp_path: Path, kernel: str, media_type: str) -> dict[str, str]:
    """Return what a decoder that an attacker controls reached (see `hostile_decoder`)."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    done = subprocess.run(  # noqa: S603 - this interpreter
        [
            *(sys.executable, "-m", "tests.imaging.hostile_decoder"),
            *(str(tmp_path), kernel, media_type),
        ],
        env={"PYTHONPATH": os.pathsep.join(sys.path), "AWS_SECRET_ACCESS_KEY": "swordfish"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    outcomes: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    assert len(outcomes) > 15, outcomes
    return {name: how for name, how in outcomes.items() if how.startswith("reached")}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no seccomp")
@pytest.mark.parametrize("media_type", ["image/png", "image/heic"])
def test_a_hostile_decoder_reaches_nothing(tmp_path: Path, media_type: str) -> None:
    assert reached(tmp_path, "with", media_type) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="it uses calls of Linux")
@pytest.mark.parametrize(
    ("media_type", "more"), [("image/png", set()), ("image/heic", {"start a process"})]
)
def test_a_hostile_decoder_opens_nothing_even_if_the_kernel_refuses_protection(
    tmp_path: Path, media_type: str, more: set[str]
) -> None:
    """It may reach the memory of its function, whose role has no access to data."""
    harmless = {"create a symbolic link", "execute a program", "signal the parent"}
    function = {"memory of the function, by a call", "trace the function"}
    assert set(reached(tmp_path, "without", media_type)) <= harmless | function | more
