"""Every built function, on its sample event, under Lambda's own runtime."""

from __future__ import annotations

import pytest

from tests.runtime.artifacts import MOST_BYTES
from tests.runtime.observation import Observation
from tests.runtime.samples import SAMPLES
from tests.runtime.trials import Trials
from tests.template.reading import functions

every_function = pytest.mark.parametrize("folder", sorted(SAMPLES))


def test_every_function_is_tried() -> None:
    assert set(SAMPLES) == set(functions())


@every_function
def test_a_function_does_what_its_sample_asks_cold_and_warm(folder: str, trials: Trials) -> None:
    wrong = trials.of(folder).wrong
    assert not wrong, wrong


@every_function
def test_nothing_is_imported_that_the_build_lacks(folder: str, trials: Trials) -> None:
    assert observation(trials, folder).strangers(trials.folders(folder)) == []


@every_function
def test_the_shipped_bytecode_is_used_for_every_module(folder: str, trials: Trials) -> None:
    seen = observation(trials, folder)
    assert "app" in seen.modules
    assert seen.compiled_below(trials.folders(folder)) == []


@every_function
def test_a_function_with_its_layers_is_no_larger_than_lambda_takes(
    folder: str, trials: Trials
) -> None:
    own, layers = trials.bytes_of(folder)
    assert 0 < own + layers <= MOST_BYTES


def observation(trials: Trials, folder: str) -> Observation:
    trial = trials.of(folder)
    assert trial.observation is not None, trial.wrong
    return trial.observation
