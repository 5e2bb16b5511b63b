"""Whoever is woken by an alarm finds it in the runbook."""

from __future__ import annotations

import re

from tests.architecture.source_files import ROOT
from tests.template.reading import written

RUNBOOK = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def test_every_alarm_has_its_page_in_the_runbook_and_none_is_left_over() -> None:
    told = set(re.findall(r"^### (\w+Alarm)$", RUNBOOK, re.MULTILINE))
    assert told == set(written("AWS::CloudWatch::Alarm"))


def test_every_command_of_the_runbook_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", RUNBOOK)) <= targets
