"""EventBridge for the local stack: the bus, event patterns and schedules."""
