"""Coffer: a serverless object store API. The map of the package:

settings       what the environment says, read once
observability  the one logger and the one set of metrics
domain         rules, records, use cases, and the ports they need; knows no AWS
adapters       one module per technology, each behind a port of the domain
http           the API edge: requests in, JSON:API documents and errors out
batches        the queue and stream edge: records in, partial batch failures out

Imports point one way: functions -> http, batches, adapters -> domain.
"""

__version__ = "0.1.0"
