"""The built functions, the emulator that runs them, and the stack that they use.

The stack is that of the test run, which delivers nothing by itself: only the function under test
processes a sample.
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
    """Return the emulator, the runtime and the build; skip the tests if one is missing."""
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
    """Return the trials of the functions that were built for this machine."""
    functions = read_functions(tools.build, running_stack.server.url)
    made = Trials(tools, functions, running_stack, tmp_path_factory.mktemp("runtime"))
    pytestconfig.stash[_TRIALS] = made
    return made


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the measurements, or why there are none."""
    if _MISSING in config.stash:
        terminalreporter.write_line(f"skipped: {config.stash[_MISSING]}")
    trials = config.stash.get(_TRIALS, None)
    if trials is None or not trials.made:
        return
    terminalreporter.section("the build under Lambda's runtime, on this machine")
    for line in table(trials):
        terminalreporter.write_line(line)
