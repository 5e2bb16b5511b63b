"""The rights of callers to each type of resource."""
