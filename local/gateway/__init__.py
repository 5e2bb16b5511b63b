"""The HTTP API of the local stack: routes, events, responses, and the port that serves them."""
