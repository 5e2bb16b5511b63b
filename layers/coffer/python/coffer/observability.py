"""The one logger and the one set of metrics; everything else that logs uses these.

Nothing that a caller sent goes into a log: no body, no token, no claim, no query string, no
presigned URL. Identifiers, routes, sizes, durations and codes do.
"""

from __future__ import annotations

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

__all__ = ["MetricUnit", "count", "flush_metrics", "logger", "start_invocation"]

# The service is POWERTOOLS_SERVICE_NAME, which the template sets to the stack's name, so that two
# stacks in one account can tell their figures apart.
logger = Logger(use_rfc3339=True, utc=True)
_metrics = Metrics(namespace="Coffer")


def start_invocation(correlation_id: str, **keys: str) -> None:
    """Begin the log lines of one invocation: they all carry `correlation_id` and `keys`."""
    logger.clear_state()
    logger.append_keys(correlation_id=correlation_id, **keys)


def count(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count) -> None:
    """Add `value` to a metric of this invocation, to be written by `flush_metrics`."""
    _metrics.add_metric(name=name, unit=unit, value=value)


def flush_metrics() -> None:
    """Write the invocation's metrics to the log in EMF, and forget them."""
    if _metrics.metric_set:
        _metrics.flush_metrics()
