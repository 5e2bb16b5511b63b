"""The child process: reuse, and the limited effect of crashes, giants and endless images."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from coffer.adapters.imaging import thumbnailer as thumbnailer_module
from coffer.adapters.imaging.thumbnailer import IsolatedThumbnailer
from coffer.domain.errors import UnavailableError
from coffer.domain.thumbnails.ports import ThumbnailError
from tests.imaging.helpers import EDGE, plain

JPEG = plain("JPEG")
HOSTILE = """
import os, sys, time
from coffer.adapters.imaging import worker
from coffer.domain.thumbnails.ports import ThumbnailResult

def decode(path, media_type, edge):
    if media_type == "crash":
        os.kill(os.getpid(), 11)
    if media_type == "hang":
        time.sleep(60)
    if media_type == "memory":
        from coffer.domain.thumbnails.ports import ThumbnailError
        raise ThumbnailError("memory_exhausted", "too large")
    if media_type == "garbage":
        replies.write(b"{}\\n"); replies.flush()
    if media_type == "endless":
        replies.write(b"x" * 2_000_000); replies.flush()
    if media_type == "chatty":
        print("a library says something"); sys.stdout.flush()
        os.write(1, b"and so does its native code")
    if media_type == "environment":
        return ThumbnailResult(thumbnail=repr(sorted(os.environ)).encode())
    if media_type == "path":
        return ThumbnailResult(thumbnail=str(path).encode())
    if media_type == "process":
        return ThumbnailResult(thumbnail=str(os.getpid()).encode())
    if media_type == "limits":
        import resource
        limits = [resource.getrlimit(one) for one in (resource.RLIMIT_AS, resource.RLIMIT_CORE)]
        return ThumbnailResult(thumbnail=repr(limits).encode())
    if media_type == "busy":
        while True:
            pass
    return ThumbnailResult(thumbnail=path.read_bytes())

worker.decode = decode
dup = os.dup
def remember(fd):
    global replies
    new = dup(fd)
    replies = os.fdopen(dup(new), "wb")
    return new
os.dup = remember
worker.main(*(int(argument) for argument in sys.argv[1:4]))
"""


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[IsolatedThumbnailer]:
    """Yield a thumbnailer whose child does what the media type says."""
    (tmp_path / "hostile_worker.py").write_text(HOSTILE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(thumbnailer_module, "_WORKER", "hostile_worker")
    thumbnailer = IsolatedThumbnailer(EDGE, seconds=10)
    yield thumbnailer
    thumbnailer.close()


@pytest.fixture
def impatient(hostile: IsolatedThumbnailer) -> IsolatedThumbnailer:
    """Return the same with a limit of one second for each image."""
    hostile.create([b"x"], "echo")
    hostile._seconds = 0.3
    return hostile


def failure_of(thumbnailer: IsolatedThumbnailer, what: str) -> str:
    with pytest.raises(ThumbnailError) as failed:
        thumbnailer.create([b"x"], what)
    return failed.value.code


def test_a_streamed_image_becomes_a_thumbnail_with_properties() -> None:
    thumbnailer = IsolatedThumbnailer(EDGE)
    try:
        picture = thumbnailer.create([JPEG[:100], JPEG[100:]], "image/jpeg")
        assert picture.thumbnail.startswith(b"\xff\xd8\xff")
        assert (picture.properties.width, picture.properties.height) == (400, 300)
        with pytest.raises(ThumbnailError) as failed:
            thumbnailer.create([b"nonsense"], "image/jpeg")
        assert failed.value.code == "not_an_image"
    finally:
        thumbnailer.close()


def test_the_child_is_reused(hostile: IsolatedThumbnailer) -> None:
    first = hostile.create([b"x"], "process").thumbnail
    assert hostile.create([b"x"], "process").thumbnail == first
    assert hostile.create([b"several ", b"pieces"], "echo").thumbnail == b"several pieces"


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("crash", "decoder_crashed"),
        ("garbage", "decoder_crashed"),
        ("endless", "decoder_crashed"),
        ("memory", "memory_exhausted"),
    ],
)
def test_a_failure_of_the_child_affects_one_image(
    hostile: IsolatedThumbnailer, what: str, code: str
) -> None:
    before = hostile.create([b"x"], "process").thumbnail
    assert failure_of(hostile, what) == code
    after = hostile.create([b"x"], "process").thumbnail
    assert after != before
    with pytest.raises(ProcessLookupError):
        os.kill(int(before), 0)


@pytest.mark.parametrize("what", ["hang", "busy"])
def test_an_image_that_takes_too_long_is_ended(impatient: IsolatedThumbnailer, what: str) -> None:
    assert failure_of(impatient, what) == "decoder_timed_out"
    impatient._seconds = 10
    assert impatient.create([b"fine"], "echo").thumbnail == b"fine"


def test_a_child_that_died_between_two_images_is_replaced(hostile: IsolatedThumbnailer) -> None:
    process = int(hostile.create([b"x"], "process").thumbnail)
    os.kill(process, signal.SIGKILL)
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    assert hostile.create([b"fine"], "echo").thumbnail == b"fine"


def test_output_of_libraries_is_not_in_a_reply(hostile: IsolatedThumbnailer) -> None:
    assert hostile.create([b"fine"], "chatty").thumbnail == b"fine"


def test_the_child_does_not_have_the_functions_environment(
    hostile: IsolatedThumbnailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "swordfish")
    told = hostile.create([b"x"], "environment").thumbnail.decode()
    assert set(ast.literal_eval(told)) <= {"PYTHONPATH", "LD_LIBRARY_PATH", "LC_CTYPE"}


def test_the_childs_memory_and_core_dumps_are_limited(hostile: IsolatedThumbnailer) -> None:
    memory = thumbnailer_module.MEMORY_BYTES
    assert hostile.create([b"x"], "limits").thumbnail.decode() == f"[({memory}, {memory}), (0, 0)]"


def test_a_child_that_does_not_start_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnailer_module, "_WORKER", "no.such.module")
    with pytest.raises(UnavailableError):
        IsolatedThumbnailer(EDGE).create([JPEG], "image/jpeg")


def test_a_system_that_cannot_start_processes_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/interpreter")
    with pytest.raises(UnavailableError):
        IsolatedThumbnailer(EDGE).create([JPEG], "image/jpeg")


def test_no_file_has_a_name_on_disk(
    hostile: IsolatedThumbnailer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    seen: list[list[Path]] = []

    def source() -> Iterator[bytes]:
        yield b"fine"
        seen.append(list(folder.iterdir()))

    assert hostile.create(source(), "echo").thumbnail == b"fine"
    assert failure_of(hostile, "crash") == "decoder_crashed"
    assert seen == [[]]
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="the path is another elsewhere")
def test_the_descriptor_is_found_on_lambda(hostile: IsolatedThumbnailer) -> None:
    """Lambda's `/dev/fd` has the first three descriptors only (aws-lambda-base-images, 132)."""
    assert hostile.create([b"x"], "path").thumbnail.startswith(b"/proc/self/fd/")


def test_no_bytes_of_a_longer_image_are_left(hostile: IsolatedThumbnailer) -> None:
    assert hostile.create([b"longer"], "echo").thumbnail == b"longer"
    assert hostile.create([b"no"], "echo").thumbnail == b"no"

    def broken() -> Iterator[bytes]:
        yield b"broken off"
        raise LookupError

    with pytest.raises(LookupError):
        hostile.create(broken(), "echo")
    assert hostile.create([b"no"], "echo").thumbnail == b"no"


def test_no_files_or_processes_are_left(hostile: IsolatedThumbnailer) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def children() -> str:
        return Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")

    hostile.create([b"x"], "echo")
    before, number = opened(), len(children().split())
    for _ in range(5):
        failure_of(hostile, "crash")
        hostile.create([b"x"], "echo")
    assert (opened(), len(children().split())) == (before, number)
    hostile.close()
    assert opened() == before - 3  # two pipes and the file


def test_errors_of_the_source_are_passed_on(hostile: IsolatedThumbnailer) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise LookupError

    with pytest.raises(LookupError):
        hostile.create(broken(), "echo")


def test_the_parent_imports_no_codec() -> None:
    code = "import sys; import coffer.adapters.imaging.thumbnailer; print('PIL' in sys.modules)"
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
