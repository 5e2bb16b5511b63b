"""Formats that hold other things: they are recognised by what is inside, not by how they begin.

Each takes the window on a file and answers a media type or None. They may read more of the file
than its head, within the window's budget.
"""
