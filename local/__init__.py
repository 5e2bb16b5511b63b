"""Run everything in `template.yaml` on this machine, with the real handlers.

`python -m local` (also `make start`) runs it in the foreground. `python -m local --help` lists the
commands to a running one. `local/README.md` says what it emulates and how it is built.

In tests the stack is an object, `local.stack.LocalStack`. It runs the handlers in the test's
process and delivers nothing until the test calls `settle`:

    @pytest.fixture(scope="session")
    def running_stack() -> Iterator[LocalStack]:
        with LocalStack() as stack:          # free ports, environment set for the handlers
            yield stack

    @pytest.fixture
    def stack(running_stack: LocalStack) -> LocalStack:
        running_stack.reset()                # takes less than a millisecond
        return running_stack

    def test_an_upload_becomes_available(stack: LocalStack) -> None:
        response = stack.request("POST", "/api/v1/upload/aafc", json_body={...})
        assert response.status == 200        # .status .header(name) .headers .body .text .json()
        ...                                  # post the form to the S3 gate, with any client
        stack.settle()                       # deliver S3 events, messages, stream records, events
        assert stack.bus_events[-1]["detail-type"] == "ObjectUploadNotification"
        assert stack.failures == []          # (function, Outcome) of every failed invocation

Adapters read their settings once, when they are imported, so start the stack before the first such
import. If a test module imports an adapter during collection, start the stack in
`pytest_configure` of the top conftest. Otherwise `start` raises `EnvironmentConflictError`.
"""

import sys
from pathlib import Path

LAYER = Path(__file__).resolve().parents[1] / "layers" / "coffer" / "python"
"""The code of the layer; `tests/architecture` lists what the local stack may import of it."""

if str(LAYER) not in sys.path:
    sys.path.append(str(LAYER))
