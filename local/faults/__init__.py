"""Inject faults into deliveries, AWS calls and handlers, as `CHAOS` says."""
