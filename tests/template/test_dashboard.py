"""The dashboard shows what the template has, and figures that handlers really write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.architecture.source_files import ROOT
from tests.template.reading import reference, written

BODY: str = written("AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"]["DashboardBody"][
    "Fn::Sub"
]


def _widgets() -> list[dict[str, Any]]:
    widgets: list[dict[str, Any]] = json.loads(BODY)["widgets"]
    return widgets


def _metrics(namespace: str) -> Iterator[list[Any]]:
    for widget in _widgets():
        for metric in widget["properties"].get("metrics", []):
            if metric[0] == namespace:
                yield metric


def test_every_alarm_is_on_it() -> None:
    assert set(re.findall(r"\$\{(\w+Alarm)\.Arn\}", BODY)) == set(written("AWS::CloudWatch::Alarm"))


def test_every_queue_is_on_it() -> None:
    queues = written("AWS::SQS::Queue")
    working = {name for name, one in queues.items() if "RedrivePolicy" in one["Properties"]}
    assert {metric[3] for metric in _metrics("AWS/SQS")} == {
        f"${{{name}.QueueName}}" for name in working
    }


def test_its_own_figures_are_written_under_those_names() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "functions").glob("*/app.py")
    )
    for _, name, dimension, stack in _metrics("Coffer"):
        assert (dimension, stack) == ("service", "${AWS::StackName}")
        [kind] = re.findall(r"^[A-Z][a-z]+", name)
        assert f'count(f"{kind}{{' in code or f'count("{name}"' in code, name


def test_no_widget_covers_another() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in _widgets():
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_background_failures_are_watched_function_by_function() -> None:
    """Whatever no route leads to has nobody who would see its errors."""
    alarm = written("AWS::CloudWatch::Alarm")["BackgroundErrorsAlarm"]["Properties"]
    watched = {
        reference(metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"])
        for metric in alarm["Metrics"]
        if "MetricStat" in metric
    }
    functions = written("AWS::Serverless::Function")
    silent = {
        name
        for name, one in functions.items()
        if not any(
            event["Type"] == "HttpApi" for event in one["Properties"].get("Events", {}).values()
        )
    }
    assert watched == silent
    expression = alarm["Metrics"][0]["Expression"]
    assert len(expression.split(" + ")) == len(watched)
