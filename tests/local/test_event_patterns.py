"""Event patterns, as EventBridge's guide describes them."""

from __future__ import annotations

from typing import Any

import pytest

from local.eventbridge.patterns import UnsupportedPatternError, check_pattern, matches

EVENT: dict[str, Any] = {
    "source": "coffer",
    "detail-type": "Created",
    "detail": {
        "key": "incoming/a.JPG",
        "size": 10,
        "imageable": True,
        "none": None,
        "empty": "",
        "tags": ["red", "green"],
        "parts": [{"n": 1}, {"n": 2}],
        "inner": {"deep": 1.5},
    },
}


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ({"source": ["coffer"]}, True),
        ({"source": ["other", "coffer"]}, True),
        ({"source": ["other"]}, False),
        ({"missing": ["x"]}, False),
        ({"detail": {"imageable": [True]}}, True),
        ({"detail": {"imageable": [False]}}, False),
        ({"detail": {"imageable": [1]}}, False),
        ({"detail": {"size": [10]}}, True),
        ({"detail": {"size": [10.0]}}, True),
        ({"detail": {"size": ["10"]}}, False),
        ({"detail": {"none": [None]}}, True),
        ({"detail": {"missing": [None]}}, False),
        ({"detail": {"empty": [""]}}, True),
        ({"detail": {"tags": ["green"]}}, True),
        ({"detail": {"tags": ["blue"]}}, False),
        ({"detail": {"parts": {"n": [2]}}}, True),
        ({"detail": {"parts": {"n": [3]}}}, False),
        ({"detail": {"inner": {"deep": [1.5]}}}, True),
        ({"detail": {"key": {"deep": [1]}}}, False),
        ({"detail": {"key": [{"prefix": "incoming/"}]}}, True),
        ({"detail": {"key": [{"prefix": "objects/"}]}}, False),
        ({"detail": {"size": [{"prefix": "1"}]}}, False),
        ({"detail": {"key": [{"suffix": ".JPG"}]}}, True),
        ({"detail": {"key": [{"equals-ignore-case": "INCOMING/a.jpg"}]}}, True),
        ({"detail": {"key": [{"anything-but": ["x", "y"]}]}}, True),
        ({"detail": {"key": [{"anything-but": "incoming/a.JPG"}]}}, False),
        ({"detail": {"key": [{"anything-but": {"prefix": "incoming/"}}]}}, False),
        ({"detail": {"key": [{"anything-but": {"suffix": [".png", ".gif"]}}]}}, True),
        ({"detail": {"missing": [{"anything-but": "x"}]}}, False),
        ({"detail": {"key": [{"exists": True}]}}, True),
        ({"detail": {"missing": [{"exists": False}]}}, True),
        ({"detail": {"missing": [{"exists": True}]}}, False),
        ({"detail": {"missing": {"deeper": [{"exists": False}]}}}, True),
        ({"detail": {"inner": [{"exists": True}]}}, False),
        ({"detail": {"size": [{"numeric": [">", 5, "<=", 10]}]}}, True),
        ({"detail": {"size": [{"numeric": ["=", 11]}]}}, False),
        ({"detail": {"key": [{"numeric": [">", 0]}]}}, False),
        ({"source": ["coffer"], "detail": {"size": [11]}}, False),
    ],
)
def test_an_event_matches_a_pattern_or_not(pattern: dict[str, Any], fits: bool) -> None:
    check_pattern(pattern)
    assert matches(pattern, EVENT) is fits


@pytest.mark.parametrize(
    "pattern",
    [
        {"detail": {"key": [{"wildcard": "*.jpg"}]}},
        {"detail": {"ip": [{"cidr": "10.0.0.0/8"}]}},
        {"$or": [{"source": ["a"]}, {"source": ["b"]}]},
        {"source": "not a list"},
        {"source": []},
        {"source": [["nested"]]},
        {"source": [{"prefix": "a", "suffix": "b"}]},
        {"source": [{"prefix": 1}]},
        {"source": [{"exists": "yes"}]},
        {"source": [{"numeric": [">"]}]},
        {"source": [{"numeric": ["~", 1]}]},
        {"source": [{"anything-but": [True]}]},
        {"source": [{"anything-but": {"numeric": ["=", 1]}}]},
    ],
)
def test_an_unsupported_pattern_is_refused_before_any_event(pattern: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedPatternError, match="pattern"):
        check_pattern(pattern)
