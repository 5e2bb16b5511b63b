"""Raise `TemplateError`, with the line, for a template that the local stack cannot run.

`local.template.supported_resources` lists the allowed property names. This module checks property
values and references between resources.
"""

from __future__ import annotations

from collections.abc import Collection

from local.eventbridge.patterns import UnsupportedPatternError, check
from local.eventbridge.schedules import ScheduleError, parse
from local.gateway.routes import DEFAULT, check_path, shape_of
from local.resources import (
    EventSourceMapping,
    Function,
    Resources,
    Route,
    Rule,
    Schedule,
    name_of_arn,
)
from local.template.source import Source, TemplateError

METHODS = ("ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
SHORTEST_ROUTE_MS, MAX_ROUTE_MS = 50, 30_000
MAX_FUNCTION_SECONDS = 900
LEAST_MEMORY_MB, MAX_MEMORY_MB = 128, 10_240


def check_resources(source: Source, resources: Resources) -> None:
    """Raises TemplateError for the first thing that isn't understood."""
    for function in resources.functions:
        _check_function(source, function)
    _check_routes(source, resources.routes)
    for rule in resources.rules:
        _check_rule(source, rule, resources)
    for mapping in resources.mappings:
        _check_mapping(source, mapping, resources)
    for schedule in resources.schedules:
        _check_schedule(source, schedule, resources)


def _check_function(source: Source, function: Function) -> None:
    """Lambda's own bounds."""
    if not 1 <= function.timeout_seconds <= MAX_FUNCTION_SECONDS:
        message = f"Timeout is 1 to {MAX_FUNCTION_SECONDS} seconds"
        raise source.error(function.logical_id, message, "Properties", "Timeout")
    if not LEAST_MEMORY_MB <= function.memory_mb <= MAX_MEMORY_MB:
        message = f"MemorySize is {LEAST_MEMORY_MB} to {MAX_MEMORY_MB} MB"
        raise source.error(function.logical_id, message, "Properties", "MemorySize")


def _check_routes(source: Source, routes: Collection[Route]) -> None:
    """Paths, methods and timeouts that the gateway takes, and no request that two routes take."""
    taken: dict[tuple[str, object], Route] = {}
    for route in routes:
        try:
            check_path(route.path)
        except ValueError as error:
            raise _route_error(source, route, str(error), "Path") from error
        if route.path != DEFAULT and route.method not in METHODS:
            message = f"{route.method} is no method of an HTTP API"
            raise _route_error(source, route, message, "Method")
        if not SHORTEST_ROUTE_MS <= route.timeout_ms <= MAX_ROUTE_MS:
            message = f"a route waits {SHORTEST_ROUTE_MS} to {MAX_ROUTE_MS} milliseconds"
            raise _route_error(source, route, message, "TimeoutInMillis")
        shape = route.method, shape_of(route.path)
        if shape in taken:
            message = f"{taken[shape].key} takes the same requests"
            raise _route_error(source, route, message, "Path")
        taken[shape] = route


def _route_error(source: Source, route: Route, message: str, name: str) -> TemplateError:
    where = source.source_event_of_route(route.function, route.method, route.path)
    return source.error(route.function, f"{route.key}: {message}", *where, name)


def _check_rule(source: Source, rule: Rule, resources: Resources) -> None:
    try:
        check(rule.pattern, "EventPattern")
    except UnsupportedPatternError as error:
        raise source.error(rule.logical_id, str(error), "Properties", "EventPattern") from error
    queues = {queue.name for queue in resources.queues}
    for index, target in enumerate(rule.targets):
        is_queue = ":sqs:" in target.arn and name_of_arn(target.arn) in queues
        if not is_queue and resources.function_of_arn(target.arn) is None:
            message = f"target {target.arn} is neither a queue nor a function of this template"
            raise source.error(rule.logical_id, message, "Properties", "Targets", index)


def _check_mapping(source: Source, mapping: EventSourceMapping, resources: Resources) -> None:
    def refuse(message: str, name: str) -> TemplateError:
        return source.error(mapping.logical_id, message, "Properties", name)

    names = {function.name for function in resources.functions}
    if mapping.function not in names:
        raise refuse(f"there is no function {mapping.function}", "FunctionName")
    if not _is_source(mapping.source_arn, resources):
        message = f"{mapping.source_arn} is neither a queue nor a table's stream of this template"
        raise refuse(message, "EventSourceArn")
    for pattern in mapping.filters:
        try:
            check(pattern, "FilterCriteria")
        except UnsupportedPatternError as error:
            raise refuse(str(error), "FilterCriteria") from error


def _is_source(arn: str, resources: Resources) -> bool:
    if ":sqs:" in arn:
        return name_of_arn(arn) in {queue.name for queue in resources.queues}
    streamed = {
        table.name for table in resources.tables if "StreamSpecification" in table.definition
    }
    return ":dynamodb:" in arn and "/stream/" in arn and name_of_arn(arn) in streamed


def _check_schedule(source: Source, schedule: Schedule, resources: Resources) -> None:
    def refuse(message: str, name: str) -> TemplateError:
        return source.error(schedule.logical_id, message, "Properties", name)

    try:
        parse(schedule.expression, schedule.zone)
    except ScheduleError as error:
        raise refuse(str(error), "ScheduleExpression") from error
    if resources.function_of_arn(schedule.target_arn) is None:
        raise refuse("the target is no function", "Target")
