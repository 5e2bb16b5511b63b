"""Nothing that is delivered asynchronously can get lost without somebody being told."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from coffer.domain.configuration.cron import parse_cron
from coffer.domain.configuration.durations import parse_duration
from tests.template.reading import as_list, functions, made, reference, source, written

QUEUES = written("AWS::SQS::Queue")
DEAD_LETTER_QUEUES = {
    reference(one["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
    for one in QUEUES.values()
    if "RedrivePolicy" in one["Properties"]
} | {"RuleDeadLetterQueue"}
MAPPINGS = written("AWS::Lambda::EventSourceMapping")
STREAM_MAPPINGS = sorted(name for name in MAPPINGS if name.endswith("StreamMapping"))
FOURTEEN_DAYS = 14 * 24 * 3600


@pytest.mark.parametrize("name", sorted(set(QUEUES) - DEAD_LETTER_QUEUES))
def test_a_queue_gives_up_after_five_attempts_into_a_dead_letter_queue(name: str) -> None:
    redrive = QUEUES[name]["Properties"]["RedrivePolicy"]
    assert redrive["maxReceiveCount"] == 5
    kept = QUEUES[reference(redrive["deadLetterTargetArn"])]["Properties"]
    assert kept["MessageRetentionPeriod"] == FOURTEEN_DAYS


@pytest.mark.parametrize("name", sorted(set(QUEUES) - DEAD_LETTER_QUEUES))
def test_a_message_stays_hidden_six_times_as_long_as_its_function_may_run(name: str) -> None:
    (mapping,) = [
        one["Properties"]
        for one in MAPPINGS.values()
        if reference(one["Properties"]["EventSourceArn"]) == name
    ]
    function = written("AWS::Serverless::Function")[reference(mapping["FunctionName"])]
    timeout = function["Properties"]["Timeout"]
    assert QUEUES[name]["Properties"]["VisibilityTimeout"] == 6 * timeout


def test_every_queue_is_encrypted() -> None:
    assert [
        n for n, one in QUEUES.items() if not one["Properties"].get("SqsManagedSseEnabled")
    ] == []


def test_every_mapping_reports_which_items_failed() -> None:
    responses = [one["Properties"]["FunctionResponseTypes"] for one in MAPPINGS.values()]
    assert responses == [["ReportBatchItemFailures"]] * len(MAPPINGS)


@pytest.mark.parametrize("name", STREAM_MAPPINGS)
def test_a_stream_is_split_retried_and_at_last_kept_whole(name: str) -> None:
    mapping = MAPPINGS[name]["Properties"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 50
    kept_in = reference(mapping["DestinationConfig"]["OnFailure"]["Destination"])
    assert kept_in in written("AWS::S3::Bucket")


def test_every_stream_is_read_from_its_beginning_by_publish_changes() -> None:
    with_streams = {
        name
        for name, one in written("AWS::DynamoDB::Table").items()
        if "StreamSpecification" in one["Properties"]
    }
    mappings = [MAPPINGS[name]["Properties"] for name in STREAM_MAPPINGS]
    assert {reference(one["EventSourceArn"]) for one in mappings} == with_streams
    assert {reference(one["FunctionName"]) for one in mappings} == {"PublishChangesFunction"}
    assert {one["StartingPosition"] for one in mappings} == {"TRIM_HORIZON"}


def test_every_rule_target_and_schedule_has_a_retry_policy_and_a_dead_letter_queue() -> None:
    targets = [target for rule in made("AWS::Events::Rule").values() for target in rule["Targets"]]
    targets += [schedule["Target"] for schedule in made("AWS::Scheduler::Schedule").values()]
    assert targets
    for target in targets:
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
        assert reference(target["DeadLetterConfig"]["Arn"]) == "RuleDeadLetterQueue"


def test_a_queue_takes_messages_from_its_own_rules_only() -> None:
    policies = written("AWS::SQS::QueuePolicy")
    for name, rule in made("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            for queue in (reference(target["Arn"]), reference(target["DeadLetterConfig"]["Arn"])):
                statement = policies[f"{queue}Policy"]["Properties"]["PolicyDocument"]["Statement"][
                    0
                ]
                assert statement["Principal"] == {"Service": "events.amazonaws.com"}
                rules = as_list(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
                assert name in map(reference, rules)


def test_housekeeping_is_always_on() -> None:
    (schedule,) = functions()["keep_house"]["Events"].values()
    assert schedule["Type"] == "ScheduleV2"
    assert schedule["Properties"]["ScheduleExpression"] == "rate(15 minutes)"
    assert schedule["Properties"]["State"] == "ENABLED"


def test_orphans_are_removed_only_where_a_cron_says_when() -> None:
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
def test_a_bad_cron_or_age_is_refused_when_it_is_deployed(
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
def test_every_age_that_the_pattern_lets_through_is_understood(age: str) -> None:
    assert parse_duration(age) > timedelta()


def test_every_dead_letter_queue_is_watched() -> None:
    alarm = written("AWS::CloudWatch::Alarm")["DeadLettersAlarm"]["Properties"]
    watched = {
        reference(metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"])
        for metric in alarm["Metrics"]
        if "MetricStat" in metric
    }
    assert watched == DEAD_LETTER_QUEUES


def test_an_alarm_goes_to_the_topic_that_the_stack_was_given() -> None:
    for name, alarm in written("AWS::CloudWatch::Alarm").items():
        condition, actions, _ = alarm["Properties"]["AlarmActions"]["Fn::If"]
        assert (condition, actions) == ("AlarmsAreSent", [{"Ref": "AlarmTopicArn"}]), name
    assert "AlarmTopicArn" in source().data["Parameters"]
