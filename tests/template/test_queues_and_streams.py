"""Asynchronous deliveries are retried, then kept, and an alarm reports them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from coffer.domain.configuration.cron import parse_cron
from coffer.domain.configuration.durations import parse_duration
from tests.template.template_file import (
    as_list,
    functions,
    reference,
    resources,
    source,
    translated_properties,
)

QUEUES = resources("AWS::SQS::Queue")
DEAD_LETTER_QUEUES = {
    reference(one["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
    for one in QUEUES.values()
    if "RedrivePolicy" in one["Properties"]
} | {"RuleDeadLetterQueue"}
MAPPINGS = resources("AWS::Lambda::EventSourceMapping")
STREAM_MAPPINGS = sorted(name for name in MAPPINGS if name.endswith("StreamMapping"))
FOURTEEN_DAYS = 14 * 24 * 3600


@pytest.mark.parametrize("name", sorted(set(QUEUES) - DEAD_LETTER_QUEUES))
def test_a_message_goes_to_the_dead_letter_queue_after_five_attempts(name: str) -> None:
    redrive = QUEUES[name]["Properties"]["RedrivePolicy"]
    assert redrive["maxReceiveCount"] == 5
    kept = QUEUES[reference(redrive["deadLetterTargetArn"])]["Properties"]
    assert kept["MessageRetentionPeriod"] == FOURTEEN_DAYS


@pytest.mark.parametrize("name", sorted(set(QUEUES) - DEAD_LETTER_QUEUES))
def test_the_visibility_timeout_is_six_times_the_timeout_of_the_function(name: str) -> None:
    (mapping,) = [
        one["Properties"]
        for one in MAPPINGS.values()
        if reference(one["Properties"]["EventSourceArn"]) == name
    ]
    function = resources("AWS::Serverless::Function")[reference(mapping["FunctionName"])]
    timeout = function["Properties"]["Timeout"]
    assert QUEUES[name]["Properties"]["VisibilityTimeout"] == 6 * timeout


def test_every_queue_is_encrypted() -> None:
    assert [
        n for n, one in QUEUES.items() if not one["Properties"].get("SqsManagedSseEnabled")
    ] == []


def test_every_mapping_reports_batch_item_failures() -> None:
    responses = [one["Properties"]["FunctionResponseTypes"] for one in MAPPINGS.values()]
    assert responses == [["ReportBatchItemFailures"]] * len(MAPPINGS)


@pytest.mark.parametrize("name", STREAM_MAPPINGS)
def test_a_failed_batch_is_split_retried_and_stored(name: str) -> None:
    mapping = MAPPINGS[name]["Properties"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 50
    kept_in = reference(mapping["DestinationConfig"]["OnFailure"]["Destination"])
    assert kept_in in resources("AWS::S3::Bucket")


def test_publish_changes_reads_every_stream_from_its_beginning() -> None:
    with_streams = {
        name
        for name, one in resources("AWS::DynamoDB::Table").items()
        if "StreamSpecification" in one["Properties"]
    }
    mappings = [MAPPINGS[name]["Properties"] for name in STREAM_MAPPINGS]
    assert {reference(one["EventSourceArn"]) for one in mappings} == with_streams
    assert {reference(one["FunctionName"]) for one in mappings} == {"PublishChangesFunction"}
    assert {one["StartingPosition"] for one in mappings} == {"TRIM_HORIZON"}


def test_every_rule_target_and_schedule_has_a_retry_policy_and_a_dead_letter_queue() -> None:
    targets = [
        target
        for rule in translated_properties("AWS::Events::Rule").values()
        for target in rule["Targets"]
    ]
    targets += [
        schedule["Target"]
        for schedule in translated_properties("AWS::Scheduler::Schedule").values()
    ]
    assert targets
    for target in targets:
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
        assert reference(target["DeadLetterConfig"]["Arn"]) == "RuleDeadLetterQueue"


def test_a_queue_accepts_messages_of_its_own_rules_only() -> None:
    policies = resources("AWS::SQS::QueuePolicy")
    for name, rule in translated_properties("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            for queue in (reference(target["Arn"]), reference(target["DeadLetterConfig"]["Arn"])):
                statement = policies[f"{queue}Policy"]["Properties"]["PolicyDocument"]["Statement"][
                    0
                ]
                assert statement["Principal"] == {"Service": "events.amazonaws.com"}
                rules = as_list(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
                assert name in map(reference, rules)


def test_housekeeping_is_always_enabled() -> None:
    (schedule,) = functions()["keep_house"]["Events"].values()
    assert schedule["Type"] == "ScheduleV2"
    assert schedule["Properties"]["ScheduleExpression"] == "rate(15 minutes)"
    assert schedule["Properties"]["State"] == "ENABLED"


def test_orphan_removal_is_disabled_without_a_cron() -> None:
    (schedule,) = functions()["remove_orphans"]["Events"].values()
    assert schedule["Properties"]["State"] == {
        "Fn::If": ["OrphansAreRemoved", "ENABLED", "DISABLED"]
    }
    assert source().data["Parameters"]["OrphanRemovalCron"]["Default"] == ""


CRONS = [
    *["", "0 * * * ? *", "30 3 ? * MON-FRI *", "0/15 8-18 L * ? 2026-2030", "0 3 ? * 2#1 *"],
    *["59 23 31 12 ? 2199", "0,30 0-23/2 1-15 JAN,JUL ? *", "5 4 ? 1-12 1-7 *", "0 3 15W * ? *"],
]
NO_CRONS = [
    "0 0 * * * *",
    "* * * * *",
    "0 * * * ? * *",
    "rate(1 day)",
    "0 ? * * * *",
    "0  * * * ? *",
    *[
        "60 * * * ? *",
        "0 24 * * ? *",
        "0 0 32 * ? *",
        "0 0 ? 13 MON *",
        "0 0 ? * 8 *",
        "0 0 ? * 0 *",
    ],
    *["0 30 3 * * MON-FRI", "0 0 3 * * ?", "0 0 3 ? * MON", "0 ? * ? * *", "100 * * * ? *"],
]
MAX_AGES = ["999999999", "999w9999d99999h999999m99999999s", "P999W9999DT99999H999999M99999999S"]
AGES = ["20d", "12h", "1h30m", "P20D", "PT36H", "P1DT2H", "1209600", "2w", *MAX_AGES]
NO_AGES = [
    *["", "P", "PT", "20 d", "-1d", "1.5d", "20days", "P1M", "P1Y", "p20d", "30m1h"],
    *["99999d", "1234567890", "0 0 * * * *", "never"],
]


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("OrphanRemovalCron", CRONS, NO_CRONS),
        ("OrphanRemovalObjectMaxAge", AGES, NO_AGES),
    ],
)
def test_the_template_refuses_an_invalid_cron_or_age(
    parameter: str, good: list[str], bad: list[str]
) -> None:
    pattern = source().data["Parameters"][parameter]["AllowedPattern"]
    assert [text for text in good if not re.fullmatch(pattern, text)] == []
    assert [text for text in bad if re.fullmatch(pattern, text)] == []


@pytest.mark.parametrize("cron", CRONS[1:])
def test_every_cron_that_the_pattern_accepts_is_valid(cron: str) -> None:
    assert parse_cron(cron).years


@pytest.mark.parametrize("cron", NO_CRONS)
def test_every_cron_that_the_pattern_refuses_is_refused_when_a_function_starts(cron: str) -> None:
    with pytest.raises(ValueError, match="write "):
        parse_cron(cron)


@pytest.mark.parametrize("age", AGES)
def test_every_age_that_the_pattern_accepts_is_valid(age: str) -> None:
    assert parse_duration(age) > timedelta()


def test_the_alarm_watches_every_dead_letter_queue() -> None:
    alarm = resources("AWS::CloudWatch::Alarm")["DeadLettersAlarm"]["Properties"]
    watched = {
        reference(metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"])
        for metric in alarm["Metrics"]
        if "MetricStat" in metric
    }
    assert watched == DEAD_LETTER_QUEUES


def test_the_backlog_alarm_allows_for_the_longest_work_and_as_long_a_wait() -> None:
    """SQS counts the age of a message until it is deleted, so also while a function works on it."""
    alarm = resources("AWS::CloudWatch::Alarm")["BacklogAlarm"]["Properties"]
    watched = {
        reference(metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"])
        for metric in alarm["Metrics"]
        if "MetricStat" in metric
    }
    assert watched == set(QUEUES) - DEAD_LETTER_QUEUES
    longest = max(one.get("Timeout", 0) for one in functions().values())
    assert longest == 15 * 60
    assert alarm["Threshold"] >= 3 * longest
    assert f"{alarm['Threshold'] // 60} minutes" in alarm["AlarmDescription"]


def test_every_alarm_goes_to_the_topic() -> None:
    for name, alarm in resources("AWS::CloudWatch::Alarm").items():
        condition, actions, _ = alarm["Properties"]["AlarmActions"]["Fn::If"]
        assert (condition, actions) == ("AlarmsAreSent", [{"Ref": "AlarmTopicArn"}]), name
    assert "AlarmTopicArn" in source().data["Parameters"]
