"""Coffer, a serverless object store API.

settings        environment variables, typed and grouped by concern
observability   logger and metrics
identification  how callers of the object store API are identified
domain          records, rules, use cases and ports; imports no AWS client
adapters        implementations of the ports, one technology each
http            parsing of requests, and JSON:API responses
batches         handlers of queues and streams, with partial batch failures

Imports go one way: functions -> http, batches, adapters -> domain.
"""

import gc

# A cold start creates many objects and drops few. With Python's threshold of 700, the collector
# searches them again and again.
gc.set_threshold(50_000)

__version__ = "0.1.0"
