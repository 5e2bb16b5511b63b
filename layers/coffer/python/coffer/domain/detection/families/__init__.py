"""Recognisers, one module a family of formats: what bytes in places alone cannot tell.

Each takes the head of a file (never empty) and answers a media type or None; none raises. The
rules are those of Apache Tika 3.2.3's type registry unless a module says otherwise.
"""
