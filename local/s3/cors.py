"""Apply the CORS rules of a bucket to preflights and to all other responses.

Source: Amazon S3 User Guide, "Using cross-origin resource sharing (CORS)". If no rule allows a
request, its response has no CORS header, so that a browser's script cannot read it.
"""

from __future__ import annotations

from collections.abc import Iterable

from moto.s3.models import CorsRule

from local.s3.errors import S3Error
from local.s3.messages import Headers, Response

VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


def as_list(value: str | list[str] | None) -> list[str]:
    """Return a list; moto has a string instead of a list with one value."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def matches(pattern: str, text: str) -> bool:
    """True if the text matches a pattern of S3, which has at most one `*`."""
    before, star, after = pattern.partition("*")
    if not star:
        return pattern == text
    return (
        len(text) >= len(before) + len(after) and text.startswith(before) and text.endswith(after)
    )


def matching_rule(
    rules: Iterable[CorsRule], origin: str, method: str, requested: list[str]
) -> CorsRule | None:
    """Return the first rule that allows this origin, method and all requested headers."""
    for rule in rules:
        if not any(matches(pattern, origin) for pattern in as_list(rule.allowed_origins)):
            continue
        if method not in as_list(rule.allowed_methods):
            continue
        patterns = [pattern.lower() for pattern in as_list(rule.allowed_headers)]
        if all(any(matches(pattern, name) for pattern in patterns) for name in requested):
            return rule
    return None


def rule_headers(rule: CorsRule, origin: str) -> dict[str, str]:
    any_origin = "*" in as_list(rule.allowed_origins)
    headers = {
        "Access-Control-Allow-Origin": "*" if any_origin else origin,
        "Access-Control-Allow-Methods": ", ".join(as_list(rule.allowed_methods)),
        "Vary": VARY,
    }
    if exposed := as_list(rule.exposed_headers):
        headers["Access-Control-Expose-Headers"] = ", ".join(exposed)
    if rule.max_age_seconds is not None:
        headers["Access-Control-Max-Age"] = str(rule.max_age_seconds)
    if not any_origin:
        headers["Access-Control-Allow-Credentials"] = "true"
    return headers


def actual_headers(rules: Iterable[CorsRule], headers: Headers, method: str) -> dict[str, str]:
    """Return the CORS headers for the response to an actual request, also for an error."""
    origin = headers.get("origin")
    if origin is None:
        return {}
    rule = matching_rule(rules, origin, method, [])
    return rule_headers(rule, origin) if rule else {}


def preflight(rules: list[CorsRule] | None, headers: Headers, resource: str) -> Response:
    """Return the response to a preflight; `rules` is None if the bucket does not exist."""
    origin = headers.get("origin")
    method = headers.get("access-control-request-method")
    if origin is None:
        raise S3Error("BadRequest", "Insufficient information. Origin request header needed.")
    if method is None:
        raise S3Error(
            "BadRequest", "Invalid Access-Control-Request-Method: null", headers={"Vary": VARY}
        )
    details = {"Method": method, "ResourceType": resource}
    if rules is None:
        raise S3Error("AccessForbidden", "CORSResponse: Bucket not found", details=details)
    if not rules:
        raise S3Error(
            "AccessForbidden",
            "CORSResponse: CORS is not enabled for this bucket.",
            details=details,
        )
    listed = headers.get("access-control-request-headers") or ""
    requested = [name.strip().lower() for name in listed.split(",") if name.strip()]
    rule = matching_rule(rules, origin, method, requested)
    if rule is None:
        raise S3Error(
            "AccessForbidden",
            "CORSResponse: This CORS request is not allowed. This is usually because the "
            "evalution of Origin, request method / Access-Control-Request-Method or "
            "Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
            details=details,
            headers={"Vary": VARY},
        )
    response_headers = rule_headers(rule, origin)
    if requested:
        response_headers["Access-Control-Allow-Headers"] = ", ".join(requested)
    return Response(headers=response_headers)
