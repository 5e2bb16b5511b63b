"""Translate requests into calls of the domain, and results into responses."""
