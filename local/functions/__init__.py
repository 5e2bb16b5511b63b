"""Run the handlers, and feed them from queues, streams and asynchronous invocations."""
