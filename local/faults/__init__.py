"""Faults on request: which deliveries and AWS calls are disturbed, and how."""
