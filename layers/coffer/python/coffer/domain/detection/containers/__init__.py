"""Detectors of container formats, which are recognised by their content.

Each takes the window of a file and returns a media type or None. It may read more of the file than
the head, within the window's budget.
"""
