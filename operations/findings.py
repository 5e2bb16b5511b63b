"""The result of one check of `make doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """Result of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """Result of one check; `remedy` says what to do if it is not OK."""

    subject: str
    health: Health
    detail: str
    remedy: str = ""
