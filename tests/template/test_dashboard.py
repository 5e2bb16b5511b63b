"""The dashboard shows every alarm and queue, and metrics that handlers really write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from coffer.domain.export.build import BUSY_DELAY, BuildOutcome
from coffer.domain.thumbnails.create import RETRY_DELAY
from tests.architecture.source_files import ROOT
from tests.template.template_file import reference, resources

BODY: str = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"]["DashboardBody"][
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


def test_the_dashboard_shows_every_alarm() -> None:
    assert set(re.findall(r"\$\{(\w+Alarm)\.Arn\}", BODY)) == set(
        resources("AWS::CloudWatch::Alarm")
    )


def test_the_dashboard_shows_every_queue() -> None:
    queues = resources("AWS::SQS::Queue")
    working = {name for name, one in queues.items() if "RedrivePolicy" in one["Properties"]}
    assert {metric[3] for metric in _metrics("AWS/SQS")} == {
        f"${{{name}.QueueName}}" for name in working
    }


def test_handlers_write_the_metrics_of_the_dashboard() -> None:
    for _, name, dimension, stack in _metrics("Coffer"):
        assert (dimension, stack) == ("service", "${AWS::StackName}")
        assert _is_written(name), name


def test_handlers_write_the_metrics_of_the_alarms() -> None:
    for alarm in resources("AWS::CloudWatch::Alarm").values():
        queries = [one for one in alarm["Properties"].get("Metrics", []) if "MetricStat" in one]
        for metric in [one["MetricStat"]["Metric"] for one in queries] or [alarm["Properties"]]:
            if metric["Namespace"] == "Coffer":
                [dimension] = metric["Dimensions"]
                assert dimension["Name"] == "service"
                assert reference(dimension["Value"]) == "AWS::StackName"
                assert _is_written(metric["MetricName"]), metric["MetricName"]


def test_an_alarm_reports_work_that_is_postponed_for_half_an_hour() -> None:
    """A postponed message is no error, and it is never old: it is sent again after a minute."""
    alarm = resources("AWS::CloudWatch::Alarm")["WorkPostponedAlarm"]["Properties"]
    stats = [one["MetricStat"] for one in alarm["Metrics"] if "MetricStat" in one]
    assert {one["Metric"]["MetricName"] for one in stats} == {
        "ThumbnailsPostponed",
        f"Exports{BuildOutcome.POSTPONED.value.title()}",
    }
    periods = {timedelta(seconds=one["Period"]) for one in stats}
    assert {period * alarm["EvaluationPeriods"] for period in periods} == {timedelta(minutes=30)}
    # Each message is postponed at least once in a period, or the count would be zero there.
    assert max(RETRY_DELAY, BUSY_DELAY) * 2 < min(periods)
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


def _is_written(name: str) -> bool:
    """Return True if a handler writes this metric."""
    [kind] = re.findall(r"^[A-Z][a-z]+", name)
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "functions").glob("*/app.py")
    )
    return f'count(f"{kind}{{' in code or f'count("{name}"' in code


def test_widgets_do_not_overlap() -> None:
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


def test_the_alarm_watches_every_function_without_a_route() -> None:
    """No caller sees the errors of such a function."""
    alarm = resources("AWS::CloudWatch::Alarm")["BackgroundErrorsAlarm"]["Properties"]
    watched = {
        reference(metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"])
        for metric in alarm["Metrics"]
        if "MetricStat" in metric
    }
    functions = resources("AWS::Serverless::Function")
    without_route = {
        name
        for name, one in functions.items()
        if not any(
            event["Type"] == "HttpApi" for event in one["Properties"].get("Events", {}).values()
        )
    }
    assert watched == without_route
    expression = alarm["Metrics"][0]["Expression"]
    assert len(expression.split(" + ")) == len(watched)
