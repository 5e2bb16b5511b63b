"""When orphans are removed: EventBridge's cron is taken, Spring's is told from it."""

from __future__ import annotations

import re

import pytest

from coffer.domain.configuration.cron import check_cron


@pytest.mark.parametrize(
    "text",
    [
        *["0 * * * ? *", "30 3 ? * MON-FRI *", "0/15 8-18 L * ? 2026-2030", "0 */2 * * ? *"],
        *[
            "0 3 ? * 2#1 *",
            "0 3 ? * fri#5 *",
            "0 3 15W * ? *",
            "0 3 ? * 6L *",
            "0,30 1,13 1-7 * ? *",
        ],
        *["59 23 31 12 ? 2199", "0 0 1 jan-mar,dec ? 1970/2"],
    ],
)
def test_what_eventbridge_takes_is_taken(text: str) -> None:
    check_cron(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0 0 * * * *", "0 * * * ? *"),
        ("0 30 3 * * MON-FRI", "30 3 ? * MON-FRI *"),
        ("0 0 3 * * ?", "0 3 * * ? *"),
        ("0 0 3 ? * 1-5", "0 3 ? * MON-FRI *"),
        ("0 0 3 * * 0", "0 3 ? * SUN *"),
        ("0 0 3 * * 7", "0 3 ? * SUN *"),
        ("00 */15 8-18 1 1,7 *", "*/15 8-18 1 1,7 ? *"),
    ],
)
def test_spring_is_told_what_to_write(text: str, meant: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"seconds: {text!r}; write {meant}") + "$"):
        check_cron(text)
    check_cron(meant)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it has 1 fields, not 6"),
        ("* * * * *", "it has 5 fields, not 6"),
        ("0  * * * ? *", "it has 7 fields, not 6"),
        ("rate(1 day)", "it has 2 fields, not 6"),
        ("60 * * * ? *", "'60' is no minute"),
        ("0 24 * * ? *", "'24' is no hour"),
        ("0 0 32 * ? *", "'32' is no day of month"),
        ("0 0 ? 13 MON *", "'13' is no month"),
        ("0 0 ? * 8 *", "'8' is no day of week"),
        ("0 0 ? * XYZ#1 *", "'XYZ#1' is no day of week"),
        ("0 0 * * ? 1969", "'1969' is no year"),
        ("5-1 * * * ? *", "'5-1' is no minute"),
        ("1,,2 * * * ? *", "'1,,2' is no minute"),
        ("0/0 * * * ? *", "'0/0' is no minute"),
        ("\u0660 * * * ? *", "is no minute"),
        ("30 0 0 * * *", "'0' is no day of month"),
        ("5 0 ? * ? *", "has to be ?, and not both"),
        ("5 0 * * * *", "has to be ?, and not both"),
        ("0 0 3 1 * MON", "'MON' is no year"),
        ("0 0 3 * * 5-7", "'5-7' is no year"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong_and_what_would_do(
    text: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)) as refusal:
        check_cron(text)
    assert str(refusal.value).endswith("such as 0 * * * ? *")


def test_a_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(ValueError, match="no cron") as refusal:
        check_cron("9" * 100_000)
    assert len(str(refusal.value)) < 400
