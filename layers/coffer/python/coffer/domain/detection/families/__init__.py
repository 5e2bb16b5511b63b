"""Recognisers of formats that need more than bytes at offsets, one module per family.

Each takes the head of a file (never empty) and returns a media type or None; none raises. The rules
are those of Apache Tika 3.2.3's type registry, unless a docstring says otherwise.
"""
