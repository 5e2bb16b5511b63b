"""Raise `TemplateError`, with the line, for a template that the local stack cannot run.

`local.template.supported_resources` lists the allowed property names. This module checks property
values and references between resources.
"""

from __future__ import annotations

from collections.abc import Collection

from local.eventbridge.patterns import UnsupportedPatternError, check_pattern
from local.eventbridge.schedules import ScheduleError, parse
from local.gateway.routes import DEFAULT, check_path, without_names
from local.resources import (
    EventSourceMapping,
    Function,
    Resources,
    Route,
    Rule,
    Schedule,
    name_of_arn,
)
from local.template.source import TemplateError, TemplateSource

METHODS = ("ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
MIN_ROUTE_MS, MAX_ROUTE_MS = 50, 30_000
MAX_FUNCTION_SECONDS = 900
MIN_MEMORY_MB, MAX_MEMORY_MB = 128, 10_240


def check_resources(source: TemplateSource, resources: Resources) -> None:
    """Raise `TemplateError` for the first value or reference that is not valid."""
    for function in resources.functions:
        _check_function(source, function)
    _check_routes(source, resources.routes)
    for rule in resources.rules:
        _check_rule(source, rule, resources)
    for mapping in resources.mappings:
        _check_mapping(source, mapping, resources)
    for schedule in resources.schedules:
        _check_schedule(source, schedule, resources)


def _check_function(source: TemplateSource, function: Function) -> None:
    """Check the timeout and the memory against Lambda's limits."""
    if not 1 <= function.timeout_seconds <= MAX_FUNCTION_SECONDS:
        message = f"Timeout is 1 to {MAX_FUNCTION_SECONDS} seconds"
        raise source.error(function.logical_id, message, "Properties", "Timeout")
    if not MIN_MEMORY_MB <= function.memory_mb <= MAX_MEMORY_MB:
        message = f"MemorySize is {MIN_MEMORY_MB} to {MAX_MEMORY_MB} MB"
        raise source.error(function.logical_id, message, "Properties", "MemorySize")


def _check_routes(source: TemplateSource, routes: Collection[Route]) -> None:
    """Check paths, methods and timeouts, and that no two routes match the same requests."""
    taken: dict[tuple[str, object], Route] = {}
    for route in routes:
        try:
            check_path(route.path)
        except ValueError as error:
            raise _route_error(source, route, str(error), "Path") from error
        if route.path != DEFAULT and route.method not in METHODS:
            message = f"{route.method} is not a method of an HTTP API"
            raise _route_error(source, route, message, "Method")
        if not MIN_ROUTE_MS <= route.timeout_ms <= MAX_ROUTE_MS:
            message = f"TimeoutInMillis is {MIN_ROUTE_MS} to {MAX_ROUTE_MS}"
            raise _route_error(source, route, message, "TimeoutInMillis")
        key = route.method, without_names(route.path)
        if key in taken:
            message = f"{taken[key].key} matches the same requests"
            raise _route_error(source, route, message, "Path")
        taken[key] = route


def _route_error(source: TemplateSource, route: Route, message: str, name: str) -> TemplateError:
    where = source.source_event_of_route(route.function, route.method, route.path)
    return source.error(route.function, f"{route.key}: {message}", *where, name)


def _check_rule(source: TemplateSource, rule: Rule, resources: Resources) -> None:
    try:
        check_pattern(rule.pattern, "EventPattern")
    except UnsupportedPatternError as error:
        raise source.error(rule.logical_id, str(error), "Properties", "EventPattern") from error
    queues = {queue.name for queue in resources.queues}
    for index, target in enumerate(rule.targets):
        is_queue = ":sqs:" in target.arn and name_of_arn(target.arn) in queues
        if not is_queue and resources.function_of_arn(target.arn) is None:
            message = f"target {target.arn} is neither a queue nor a function of this template"
            raise source.error(rule.logical_id, message, "Properties", "Targets", index)


def _check_mapping(
    source: TemplateSource, mapping: EventSourceMapping, resources: Resources
) -> None:
    def error_at(message: str, name: str) -> TemplateError:
        return source.error(mapping.logical_id, message, "Properties", name)

    names = {function.name for function in resources.functions}
    if mapping.function not in names:
        raise error_at(f"there is no function {mapping.function}", "FunctionName")
    if not _is_source(mapping.source_arn, resources):
        message = f"{mapping.source_arn} is neither a queue nor a table's stream of this template"
        raise error_at(message, "EventSourceArn")
    for pattern in mapping.filters:
        try:
            check_pattern(pattern, "FilterCriteria")
        except UnsupportedPatternError as error:
            raise error_at(str(error), "FilterCriteria") from error


def _is_source(arn: str, resources: Resources) -> bool:
    if ":sqs:" in arn:
        return name_of_arn(arn) in {queue.name for queue in resources.queues}
    streamed = {
        table.name for table in resources.tables if "StreamSpecification" in table.definition
    }
    return ":dynamodb:" in arn and "/stream/" in arn and name_of_arn(arn) in streamed


def _check_schedule(source: TemplateSource, schedule: Schedule, resources: Resources) -> None:
    def error_at(message: str, name: str) -> TemplateError:
        return source.error(schedule.logical_id, message, "Properties", name)

    try:
        parse(schedule.expression, schedule.zone)
    except ScheduleError as error:
        raise error_at(str(error), "ScheduleExpression") from error
    if resources.function_of_arn(schedule.target_arn) is None:
        raise error_at("the target is not a function", "Target")
