"""The logger and the metrics of all functions.

Nothing that a caller sent is logged: no body, no token, no claim, no query string, no presigned
URL. Identifiers, routes, sizes, durations and codes are.
"""

from __future__ import annotations

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

__all__ = ["MetricUnit", "count", "flush_metrics", "logger", "start_invocation"]

# The template sets POWERTOOLS_SERVICE_NAME to the stack's name, so that two stacks of an account
# have separate metrics.
logger = Logger(use_rfc3339=True, utc=True)
_metrics = Metrics(namespace="Coffer")


def start_invocation(correlation_id: str, **keys: str) -> None:
    """Add `correlation_id` and `keys` to all log lines until the next invocation starts."""
    logger.clear_state()
    logger.append_keys(correlation_id=correlation_id, **keys)


def count(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count) -> None:
    """Add `value` to a metric; `flush_metrics` writes it."""
    _metrics.add_metric(name=name, unit=unit, value=value)


def flush_metrics() -> None:
    """Write the metrics of this invocation to the log in EMF, and reset them."""
    if _metrics.metric_set:
        _metrics.flush_metrics()
