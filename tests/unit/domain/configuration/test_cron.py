"""Cron expressions: EventBridge's form is parsed, Spring's form is refused."""

from __future__ import annotations

import re

import pytest

from coffer.domain.configuration.cron import parse_cron


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
def test_an_expression_in_the_form_of_eventbridge_is_accepted(text: str) -> None:
    parse_cron(text)


@pytest.mark.parametrize(
    ("text", "translation"),
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
def test_the_error_for_a_spring_expression_says_what_to_write(text: str, translation: str) -> None:
    with pytest.raises(
        ValueError, match=re.escape(f"seconds: {text!r}; write {translation}") + "$"
    ):
        parse_cron(text)
    parse_cron(translation)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it has 1 fields, not 6"),
        ("* * * * *", "it has 5 fields, not 6"),
        ("0  * * * ? *", "it has 7 fields, not 6"),
        ("rate(1 day)", "it has 2 fields, not 6"),
        ("60 * * * ? *", "'60' is not a valid minute"),
        ("0 24 * * ? *", "'24' is not a valid hour"),
        ("0 0 32 * ? *", "'32' is not a valid day of month"),
        ("0 0 ? 13 MON *", "'13' is not a valid month"),
        ("0 0 ? * 8 *", "'8' is not a valid day of week"),
        ("0 0 ? * XYZ#1 *", "'XYZ#1' is not a valid day of week"),
        ("0 0 * * ? 1969", "'1969' is not a valid year"),
        ("5-1 * * * ? *", "'5-1' is not a valid minute"),
        ("1,,2 * * * ? *", "'1,,2' is not a valid minute"),
        ("0/0 * * * ? *", "'0/0' is not a valid minute"),
        ("\u0660 * * * ? *", "is not a valid minute"),
        ("30 0 0 * * *", "'0' is not a valid day of month"),
        ("5 0 ? * ? *", "has to be ?, and not both"),
        ("5 0 * * * *", "has to be ?, and not both"),
        ("0 0 3 1 * MON", "'MON' is not a valid year"),
        ("0 0 3 * * 5-7", "'5-7' is not a valid year"),
    ],
)
def test_the_error_says_what_is_wrong_and_gives_an_example(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)) as error:
        parse_cron(text)
    assert str(error.value).endswith("such as 0 * * * ? *")


def test_the_error_shortens_a_long_text() -> None:
    with pytest.raises(ValueError, match="not a cron") as error:
        parse_cron("9" * 100_000)
    assert len(str(error.value)) < 400
