"""Parse the policy of a POST, and check the fields of a form against it.

Source: Amazon S3 API Reference, "POST Policy". Every field of the form needs a condition, except
those in `EXEMPT` and those whose name begins with `x-ignore-`. Every condition must hold.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.s3.errors import S3Error

EXEMPT = {"policy", "x-amz-signature", "file"}
IGNORED_PREFIX = "x-ignore-"
# A condition on the bucket, and a field with this name, must match the bucket in the URL.
BUCKET = "bucket"
EXPIRATION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


@dataclass(frozen=True)
class Condition:
    """An `eq` or `starts-with` condition on a field (name in lower case).

    `source` is the condition as JSON, for error messages.
    """

    operator: str
    field: str
    value: str
    source: str

    def holds(self, fields: Mapping[str, str]) -> bool:
        found = fields.get(self.field)
        if found is None:
            return False
        if self.operator == "eq":
            return found == self.value
        if self.field == "content-type":
            # A field can have a list of types, each of which must have the prefix.
            return all(piece.strip().startswith(self.value) for piece in found.split(","))
        return found.startswith(self.value)


@dataclass(frozen=True)
class SizeRange:
    """A content-length-range condition: the file's size in bytes, bounds included."""

    min_bytes: int
    max_bytes: int


@dataclass(frozen=True)
class Policy:
    expiration: datetime
    conditions: tuple[Condition, ...]
    sizes: tuple[SizeRange, ...]

    @property
    def min_bytes(self) -> int:
        return max((size.min_bytes for size in self.sizes), default=0)

    @property
    def max_bytes(self) -> int | None:
        return min((size.max_bytes for size in self.sizes), default=None)

    def check(self, fields: Mapping[str, str], bucket: str, now: datetime) -> None:
        """Raise AccessDenied if the policy has expired or the form does not match it."""
        if now >= self.expiration:
            raise policy_violation("Policy expired.")
        named = fields.get(BUCKET, bucket)
        form = {**fields, BUCKET: bucket}
        for condition in self.conditions:
            if not condition.holds(form) or (condition.field == BUCKET and named != bucket):
                raise policy_violation(f"Policy Condition failed: {condition.source}")
        covered = {condition.field for condition in self.conditions}
        extra = [
            name
            for name in fields
            if name not in EXEMPT and not name.startswith(IGNORED_PREFIX) and name not in covered
        ]
        if extra:
            raise policy_violation(f"Extra input fields: {', '.join(extra)}")


def policy_violation(reason: str) -> S3Error:
    return S3Error("AccessDenied", f"Invalid according to Policy: {reason}")


def invalid_policy(reason: str) -> S3Error:
    return S3Error("InvalidPolicyDocument", f"Invalid Policy: {reason}")


def parse_policy(encoded: str) -> Policy:
    """Return the policy in a base64 text; raise InvalidPolicyDocument with what is wrong."""
    document = decode_policy(encoded)
    expiration = document.get("expiration")
    conditions = document.get("conditions")
    if expiration is None:
        raise invalid_policy("Policy missing expiration.")
    if conditions is None:
        raise invalid_policy("Policy missing conditions.")
    unexpected = set(document) - {"expiration", "conditions"}
    if unexpected:
        raise invalid_policy(f"Unexpected: '{min(unexpected)}'.")
    if not isinstance(conditions, list):
        raise invalid_policy("Conditions must be a list.")
    parsed = [parse_condition(condition) for condition in conditions]
    return Policy(
        parse_expiration(expiration),
        tuple(one for one in parsed if isinstance(one, Condition)),
        tuple(one for one in parsed if isinstance(one, SizeRange)),
    )


def decode_policy(encoded: str) -> dict[str, Any]:
    try:
        text = base64.b64decode(encoded.encode("ascii"), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise invalid_policy("Invalid Base64 encoding.") from error
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid_policy("Invalid JSON.") from error
    if not isinstance(document, dict):
        raise invalid_policy("Invalid JSON.")
    return document


def parse_expiration(value: object) -> datetime:
    """Return an expiration in ISO 8601; it must end with `Z`."""
    if isinstance(value, str) and EXPIRATION.fullmatch(value):
        try:
            return datetime.fromisoformat(value.removesuffix("Z")).replace(tzinfo=UTC)
        except ValueError:
            pass
    raise invalid_policy(f"Invalid 'expiration' value: '{value}'")


def parse_condition(condition: object) -> Condition | SizeRange:
    if isinstance(condition, dict):
        return parse_simple(condition)
    if not isinstance(condition, list) or not condition:
        raise invalid_policy("Invalid Condition: must be an object or a list.")
    operator = str(condition[0]).lower()
    if operator == "content-length-range":
        return parse_range(condition)
    if operator not in ("eq", "starts-with"):
        raise invalid_policy(f"Invalid Condition: unknown operation '{condition[0]}'.")
    if len(condition) != 3 or not all(isinstance(piece, str) for piece in condition):
        raise invalid_policy(
            f"Invalid Condition: wrong number or kind of arguments for '{operator}'."
        )
    name, value = condition[1], condition[2]
    if not name.startswith("$") or len(name) == 1:
        raise invalid_policy(f"Invalid Condition: '{name}' is not a field; it must begin with '$'.")
    return Condition(operator, name[1:].lower(), value, source(operator, name, value))


def parse_simple(condition: dict[str, Any]) -> Condition:
    if len(condition) != 1:
        raise invalid_policy(
            "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified."
        )
    [(name, value)] = condition.items()
    if not isinstance(value, str):
        raise invalid_policy("Invalid Simple-Condition: value must be a string.")
    return Condition("eq", name.lower(), value, source("eq", f"${name}", value))


def parse_range(condition: list[Any]) -> SizeRange:
    if len(condition) != 3:
        raise invalid_policy("Invalid content-length-range: wrong number of arguments.")
    min_bytes, max_bytes = (parse_size(bound) for bound in condition[1:])
    if min_bytes > max_bytes:
        raise invalid_policy("Invalid content-length-range: the minimum exceeds the maximum.")
    return SizeRange(min_bytes, max_bytes)


def parse_size(bound: object) -> int:
    """Return a number of bytes, given as a number or as digits in a string."""
    if isinstance(bound, int) and not isinstance(bound, bool) and bound >= 0:
        return bound
    if isinstance(bound, str) and bound.isascii() and bound.isdigit() and len(bound) <= 18:
        return int(bound)
    raise invalid_policy(f"Invalid content-length-range: '{bound}' is not a number of bytes.")


def source(operator: str, name: str, value: str) -> str:
    return json.dumps([operator, name, value], ensure_ascii=False)
