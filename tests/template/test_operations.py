"""docs/operations.md explains every alarm, and its commands exist."""

from __future__ import annotations

import re

from tests.architecture.source_files import ROOT
from tests.template.template_file import resources

GUIDE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def test_the_guide_explains_every_alarm_and_no_others() -> None:
    explained = set(re.findall(r"^### (\w+Alarm)$", GUIDE, re.MULTILINE))
    assert explained == set(resources("AWS::CloudWatch::Alarm"))


def test_every_command_of_the_guide_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", GUIDE)) <= targets
