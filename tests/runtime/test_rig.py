"""The suite finds defects that these tests create on purpose."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from local.resources import Function, RetryPolicy
from tests.runtime.emulator import Emulator
from tests.runtime.samples import SAMPLES
from tests.runtime.tools import Tools
from tests.runtime.trials import Trials


def write_function(folder: Path, code: str, timeout_seconds: int = 3) -> Function:
    """Write a function of one file."""
    folder.mkdir()
    (folder / "app.py").write_text(code, encoding="utf-8")
    return Function(
        logical_id="TriedFunction",
        name="tried",
        folder=folder,
        handler="app.lambda_handler",
        layers=(),
        timeout_seconds=timeout_seconds,
        memory_mb=128,
        environment={"GIVEN": "yes"},
        reserved_concurrency=None,
        asynchronous=RetryPolicy(0, 60, None),
    )


@pytest.mark.parametrize("package", ["pynamodb", "cryptography"])
def test_a_missing_dependency_fails_exactly_the_functions_that_need_it(
    package: str, trials: Trials
) -> None:
    needing = {folder for folder in SAMPLES if package in packages_of(trials, folder)}
    assert 0 < len(needing) < len(SAMPLES)
    wrong = {folder: trials.wrong_without(folder, package) for folder in sorted(SAMPLES)}
    assert {folder for folder, text in wrong.items() if text} == needing
    for folder in needing:
        assert f"No module named '{package}'" in wrong[folder]


def packages_of(trials: Trials, folder: str) -> set[str]:
    trial = trials.of(folder)
    assert trial.observation is not None, trial.wrong
    return trial.observation.packages()


def test_a_module_from_outside_the_build_is_named(tools: Tools, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "stranger").mkdir(parents=True)
    (elsewhere / "stranger/inside.py").write_text("")
    (elsewhere / "stray.py").write_text("")
    function = write_function(
        tmp_path / "function",
        "import json, email.mime.text, stranger.inside, pip\n"
        "def lambda_handler(event, context):\n"
        "    import stray\n"
        "    return 1\n",
    )
    with Emulator(tools, function, {}, tmp_path, (elsewhere,)) as emulator:
        _, seen = emulator.observe({})
    named = [name for name in seen.strangers([function.folder]) if not name.startswith("pip.")]
    assert named == ["pip", "stranger", "stranger.inside", "stray"]
    assert seen.packages() >= {"app", "json", "email"}


@pytest.mark.parametrize("shipped", [False, True])
def test_a_module_without_its_bytecode_is_named(
    shipped: bool, tools: Tools, tmp_path: Path
) -> None:
    function = write_function(tmp_path / "function", "lambda_handler = lambda event, context: 1\n")
    if shipped:
        compile_with(tools, function.folder)
    with Emulator(tools, function, {}, tmp_path) as emulator:
        _, seen = emulator.observe({})
    expected = [] if shipped else [function.folder / "app.py"]
    assert seen.compiled_below([function.folder]) == expected


def compile_with(tools: Tools, folder: Path) -> None:
    """Compile as the build does, then make the source newer than its bytecode."""
    modes = ("-q", "--invalidation-mode", "unchecked-hash")
    subprocess.run(  # noqa: S603 - the runtime's Python, on a file written above
        [tools.python, "-m", "compileall", *modes, folder], check=True, timeout=60
    )
    (folder / "app.py").touch()


def test_a_function_has_only_its_own_environment(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_TESTS", "yes")
    function = write_function(
        tmp_path / "function",
        "import os\n"
        "def lambda_handler(event, context):\n"
        "    return [os.environ.get(name) for name in event] + [os.getcwd()]\n",
    )
    with Emulator(tools, function, {"AWS_REGION": "us-east-1"}, tmp_path) as emulator:
        response = emulator.invoke(["GIVEN", "AWS_REGION", "OF_THE_TESTS", "VIRTUAL_ENV"])
    assert response.payload == ["yes", "us-east-1", None, None, str(function.folder)]


def test_an_exception_of_a_function_is_reported(tools: Tools, tmp_path: Path) -> None:
    function = write_function(
        tmp_path / "function", "def lambda_handler(event, context):\n    raise ValueError('no')\n"
    )
    with Emulator(tools, function, {}, tmp_path) as emulator:
        assert emulator.invoke({}).error == "ValueError: no"
        assert emulator.invoke({}).error == "ValueError: no"


def test_a_timeout_of_a_function_is_reported(tools: Tools, tmp_path: Path) -> None:
    function = write_function(
        tmp_path / "function",
        "import time\ndef lambda_handler(event, context):\n    time.sleep(60)\n",
        timeout_seconds=1,
    )
    with Emulator(tools, function, {}, tmp_path) as emulator:
        assert "timed out after 1.00 seconds" in emulator.invoke({}).error


def test_no_process_is_left_running(tools: Tools, tmp_path: Path) -> None:
    function = write_function(tmp_path / "function", "lambda_handler = lambda event, context: 1\n")
    processes: list[int] = []

    def be_interrupted() -> None:
        with Emulator(tools, function, {}, tmp_path) as emulator:
            emulator.invoke({})
            processes.extend(emulator.processes())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        be_interrupted()
    assert len(processes) == 2
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in processes):
        assert time.monotonic() < deadline, processes
        time.sleep(0.02)
