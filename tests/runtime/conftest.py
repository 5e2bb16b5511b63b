"""The built functions, the emulator to run them in, and the stack that they talk to.

The stack is the suite's own, on loopback, which delivers nothing by itself: so the only function
that works on what a sample needs is the one under trial.
"""

from __future__ import annotations

import pytest

from local.stack import LocalStack
from tests.runtime.artifacts import read_functions
from tests.runtime.table import table
from tests.runtime.tools import MissingError, Tools, find_tools
from tests.runtime.trials import Trials

_MISSING = pytest.StashKey[str]()
_TRIALS = pytest.StashKey[Trials]()


@pytest.fixture(scope="session")
def tools(pytestconfig: pytest.Config) -> Tools:
    """The emulator, the runtime and the build; tests are skipped where they can't be had."""
    try:
        return find_tools()
    except MissingError as missing:
        pytestconfig.stash[_MISSING] = str(missing)
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def trials(
    tools: Tools,
    running_stack: LocalStack,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Trials:
    """The functions of the build for this machine."""
    functions = read_functions(tools.build, running_stack.server.url)
    made = Trials(tools, functions, running_stack, tmp_path_factory.mktemp("runtime"))
    pytestconfig.stash[_TRIALS] = made
    return made


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Prints what was measured, or once why nothing was."""
    if _MISSING in config.stash:
        terminalreporter.write_line(f"skipped: {config.stash[_MISSING]}")
    trials = config.stash.get(_TRIALS, None)
    if trials is None or not trials.made:
        return
    terminalreporter.section("the build under Lambda's runtime, on this machine")
    for line in table(trials):
        terminalreporter.write_line(line)
