"""Every built function, on its sample event, under Lambda's own runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.artifacts import MAX_BYTES
from tests.runtime.emulator import Emulator
from tests.runtime.observation import Observation
from tests.runtime.samples import SAMPLES
from tests.runtime.tools import Tools
from tests.runtime.trials import Trials
from tests.template.template_file import functions, logical_id, sample_event

CALLED_BY_SOMEBODY = (
    "create_metadata",
    "download_file",
    "get_metadata",
    "get_object_upload",
    "offer_uploads",
    "upload_file",
)
DEPLOYED = {"OIDC_ISSUER": "https://login.invalid", "OIDC_AUDIENCE": "coffer"}

every_function = pytest.mark.parametrize("folder", sorted(SAMPLES))


def test_every_function_has_a_sample() -> None:
    assert set(SAMPLES) == set(functions())


@every_function
def test_a_function_handles_its_sample_cold_and_warm(folder: str, trials: Trials) -> None:
    wrong = trials.of(folder).wrong
    assert not wrong, wrong


@every_function
def test_every_imported_module_is_in_the_build(folder: str, trials: Trials) -> None:
    assert observation(trials, folder).strangers(trials.folders(folder)) == []


@every_function
def test_the_shipped_bytecode_is_used_for_every_module(folder: str, trials: Trials) -> None:
    seen = observation(trials, folder)
    assert "app" in seen.modules
    assert seen.compiled_below(trials.folders(folder)) == []


@every_function
def test_a_function_with_its_layers_is_within_lambdas_limit(folder: str, trials: Trials) -> None:
    own, layers = trials.bytes_of(folder)
    assert 0 < own + layers <= MAX_BYTES


@pytest.mark.parametrize("folder", CALLED_BY_SOMEBODY)
def test_a_deployed_function_requires_a_token(
    folder: str, trials: Trials, tools: Tools, tmp_path: Path
) -> None:
    # With a development identity, which no deployed stack has, no token is verified.
    endpoints = trials.stack.endpoints() | DEPLOYED
    del endpoints["DEVELOPMENT_IDENTITY"]
    with Emulator(tools, trials.functions[logical_id(folder)], endpoints, tmp_path) as emulator:
        response, seen = emulator.observe(sample_event(folder))
    assert response.payload["statusCode"] == 401, response.payload["body"]
    assert "jwt" in seen.packages()
    assert seen.strangers(trials.folders(folder)) == []
    assert seen.compiled_below(trials.folders(folder)) == []


def observation(trials: Trials, folder: str) -> Observation:
    trial = trials.of(folder)
    assert trial.observation is not None, trial.wrong
    return trial.observation
