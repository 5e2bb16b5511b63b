"""Random actions of users under injected faults keep all invariants.

`make test-faults` runs this with every kind of fault. EXAMPLES and STEPS say for how long.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.domain.uploads import orphans
from coffer.domain.uploads.record import Awaiting
from local.stack import LocalStack
from tests.faults.invariants import INVARIANTS, broken_invariants
from tests.faults.people import GROUPS
from tests.faults.simulation import IMAGES, SAMPLES, Simulation

EXAMPLES = int(os.environ.get("EXAMPLES", "40"))
STEPS = int(os.environ.get("STEPS", "30"))
SEED = int(os.environ.get("CHAOS_SEED") or "1")
TALLY: dict[str, Counter[str]] = {"steps": Counter(), "faults": Counter()}
SIMULATIONS: Counter[str] = Counter()

groups = st.sampled_from(GROUPS)
samples = st.sampled_from(list(SAMPLES))
anything = st.integers(0, 99)


def some(of: Mapping[str, object], which: int) -> str | None:
    """Return one of the keys, or None. Hypothesis cannot draw them: they are new in each run."""
    return list(of)[which % len(of)] if of else None


def machine(stack: LocalStack) -> type[RuleBasedStateMachine]:
    """Return a state machine of users of this stack."""

    class People(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.simulation = Simulation(stack)

        @initialize(number=st.integers(0, 10**6))
        def begin(self, number: int) -> None:
            self.simulation.begin(number)

        @rule(bucket=groups, sample=samples)
        def upload(self, bucket: str, sample: str) -> None:
            self.simulation.upload(bucket, SAMPLES[sample])

        @rule(bucket=groups, sample=samples, times=st.sampled_from([1, 1, 1, 2]))
        def send(self, bucket: str, sample: str, times: int) -> None:
            self.simulation.send(bucket, SAMPLES[sample], times)

        @rule(bucket=groups, sample=st.sampled_from(IMAGES))
        def upload_and_describe(self, bucket: str, sample: str) -> None:
            before = set(self.simulation.accepted)
            self.simulation.upload(bucket, SAMPLES[sample])
            for file in set(self.simulation.accepted) - before:
                self.simulation.describe(file)

        @rule(which=anything)
        def describe(self, which: int) -> None:
            if one := some(self.simulation.accepted, which):
                self.simulation.describe(one)

        @rule(which=anything, name=st.sampled_from(["leaf", "root", "seed"]))
        def change(self, which: int, name: str) -> None:
            if one := some(self.simulation.metadata, which):
                self.simulation.change(one, name)

        @rule(which=anything)
        def derive(self, which: int) -> None:
            if one := some(self.simulation.metadata, which):
                self.simulation.derive(one)

        @rule(which=anything)
        def delete_metadata(self, which: int) -> None:
            if one := some(self.simulation.metadata, which):
                self.simulation.delete_record("metadata", one)

        @rule(which=anything)
        def delete_derivative(self, which: int) -> None:
            if one := some(self.simulation.derivatives, which):
                self.simulation.delete_record("derivative", one)

        @rule(bucket=groups, most=st.integers(1, 4))
        def export(self, bucket: str, most: int) -> None:
            self.simulation.export(bucket, most)

        @rule(which=anything)
        def take(self, which: int) -> None:
            self.simulation.take(which)

        @rule(which=anything)
        def look(self, which: int) -> None:
            if one := some(self.simulation.buckets, which):
                self.simulation.look(one)

        @rule(group=groups)
        def browse(self, group: str) -> None:
            self.simulation.browse(group)

        @rule(which=anything)
        def delete(self, which: int) -> None:
            if one := some(self.simulation.accepted, which):
                self.simulation.delete(one)

        @rule()
        def sweep(self) -> None:
            self.simulation.sweep()

        @rule()
        def keep_house(self) -> None:
            self.simulation.keep_house()

        @rule(minutes=st.sampled_from([0, 0, 1, 20, 70]))
        def deliver(self, minutes: int) -> None:
            self.simulation.deliver(minutes)

        def teardown(self) -> None:
            if not self.simulation.steps:
                return
            self.simulation.come_to_rest()
            TALLY["steps"].update(self.simulation.steps)
            TALLY["faults"].update(self.simulation.faults)
            SIMULATIONS["visited"] += 1
            broken = list(broken_invariants(self.simulation))
            assert not broken, "\n".join(broken)

    return People


def run(stack: LocalStack, *, examples: int, phases: tuple[Phase, ...]) -> None:
    """Run the state machine `examples` times."""
    run_state_machine_as_test(
        seed(SEED)(machine(stack)),
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_all_invariants_hold(stack: LocalStack, capsys: pytest.CaptureFixture[str]) -> None:
    run(stack, examples=EXAMPLES, phases=(Phase.generate, Phase.shrink))
    with capsys.disabled():
        for what, tally in TALLY.items():
            told = ", ".join(f"{number} {name}" for name, number in sorted(tally.items()))
            print(f"\n{sum(tally.values())} {what}: {told}")
        print(f"held in {SIMULATIONS['visited']} worlds: {'; '.join(INVARIANTS)}")
    assert TALLY["steps"]


def test_a_planted_bug_is_found(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The orphan removal also removes claimed files."""
    honest = DynamoUploads.awaiting

    monkeypatch.setattr(
        DynamoUploads,
        "awaiting",
        lambda self, reason, before: (
            [one["fileIdentifier"] for one in stack.items("UploadsTable")]
            if reason is Awaiting.CLAIM
            else honest(self, reason, before)
        ),
    )
    monkeypatch.setattr(orphans, "_is_orphan", lambda upload, _before: upload.is_readable)
    with pytest.raises(AssertionError, match="was removed although") as caught:
        run(stack, examples=EXAMPLES, phases=(Phase.generate,))
    with capsys.disabled():
        [line, *_] = [one for one in str(caught.value).splitlines() if "was removed" in one]
        print(f"\nplanted: the orphan removal also removes claimed files; found: {line}")
