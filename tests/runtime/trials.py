"""Invocations of built functions on their samples, made once and used by several tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.resources import Function
from local.stack import LocalStack
from tests.runtime.artifacts import size_of, without
from tests.runtime.emulator import Emulator
from tests.runtime.observation import Observation
from tests.runtime.samples import SAMPLES
from tests.runtime.tools import Tools
from tests.template.template_file import logical_id


@dataclass(frozen=True)
class Trial:
    """A cold, a warm and an observed invocation. `wrong` describes an error or is empty."""

    wrong: str
    init_ms: float = 0.0
    cold_ms: float = 0.0
    warm_ms: float = 0.0
    observation: Observation | None = None


class Trials:
    """The functions of a build, and their invocations on a stack that delivers nothing."""

    def __init__(
        self, tools: Tools, functions: Mapping[str, Function], stack: LocalStack, scratch: Path
    ) -> None:
        self.tools = tools
        self.functions = functions
        self.stack = stack
        self._scratch = scratch
        self.made: dict[str, Trial] = {}
        """Trials by the name of the function's folder."""

    def folders(self, folder: str) -> tuple[Path, ...]:
        """Return the built folder of the function and those of its layers."""
        function = self.functions[logical_id(folder)]
        return function.folder, *function.layers

    def bytes_of(self, folder: str) -> tuple[int, int]:
        """Return the unzipped bytes of a function and of its layers."""
        own, *layers = self.folders(folder)
        return size_of([own]), size_of(layers)

    def of(self, folder: str) -> Trial:
        """Return the trial of a function; run it at the first call."""
        if folder not in self.made:
            self.made[folder] = self._try(folder, self.functions[logical_id(folder)])
        return self.made[folder]

    def wrong_without(self, folder: str, package: str) -> str:
        """Return the error of a function whose layers lack a package, or an empty string."""
        function = without(self.functions[logical_id(folder)], package, self._scratch)
        self.stack.reset()
        with self._emulate(function) as emulator:
            return self._invoke(folder, emulator)[0]

    def _try(self, folder: str, function: Function) -> Trial:
        self.stack.reset()
        with self._emulate(function) as emulator:
            wrong, cold_ms = self._invoke(folder, emulator)
            if wrong:
                return Trial(f"cold: {wrong}\n{emulator.log()}")
            wrong, warm_ms = self._invoke(folder, emulator)
            if wrong:
                return Trial(f"warm: {wrong}\n{emulator.log()}")
            _, observation = emulator.observe(SAMPLES[folder].prepare(self.stack, folder))
            return Trial("", emulator.init_ms, cold_ms, warm_ms, observation)

    def _emulate(self, function: Function) -> Emulator:
        return Emulator(self.tools, function, self.stack.endpoints(), self._scratch)

    def _invoke(self, folder: str, emulator: Emulator) -> tuple[str, float]:
        sample = SAMPLES[folder]
        event = sample.prepare(self.stack, folder)
        response = emulator.invoke(event)
        wrong = response.error or sample.judge(self.stack, event, response.payload)
        return wrong, response.invoke_ms
