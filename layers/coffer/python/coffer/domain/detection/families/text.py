"""Recognise kinds of text by how they start: markup, scripts and graphs.

A bounded part of the text is searched without regular expressions, so the cost is bounded too.
"""

from __future__ import annotations

_HTML_FIRST_TAGS = (b"html", b"head", b"body", b"title", b"div", b"h1", b"h2", b"h3")
_ROBOTS_LINES = (b"user-agent:", b"allow:", b"disallow:", b"sitemap:")
_BIBTEX_ENTRIES = tuple(
    b"@" + kind + b"{"
    for kind in (
        b"article",
        b"book",
        b"inbook",
        b"incollection",
        b"inproceedings",
        b"manual",
        b"misc",
        b"preamble",
        b"phdthesis",
        b"string",
        b"techreport",
        b"unpublished",
    )
)
_SEQUENCE_LETTERS = bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B)) + b"*-."
_MIN_SEQUENCE = 10
_FASTA_SEARCH_BYTES = 4096
_FASTQ_SEARCH_BYTES = 64 * 1024
_BATCH_SEARCH_BYTES = 4096
_BATCH_COMMANDS = (
    b"rem ",
    b"@",
    b"set ",
    b"echo",
    b"call ",
    b"if ",
    b"for ",
    b"goto ",
    b":",
    b"cd ",
)
_GRAPH_COMMENT_LINES = 10
_GRAPH_COMMENT_BYTES = 1024
_GRAPH_SEARCH_BYTES = 8192
_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_MAX_MATLAB_NAME = 63


def html_tag_first(head: bytes) -> str | None:
    """Recognise HTML that starts with one of its tags, in any case."""
    if head[0] != 0x3C:
        return None
    start = head[1:8].lower()
    for tag in _HTML_FIRST_TAGS:
        if start.startswith(tag) and start[len(tag) : len(tag) + 1] in (b" ", b">"):
            return "text/html"
    return None


def robots(head: bytes) -> str | None:
    """Recognise robots.txt by at least two of its directives."""
    start = head[: 1000 + 16].lower()
    first = sum(start.startswith(line) for line in _ROBOTS_LINES)
    later = sum(start.find(b"\n" + line, 0, 1001 + len(line)) >= 0 for line in _ROBOTS_LINES)
    return "text/x-robots" if first + later >= 2 else None


def fasta(head: bytes) -> str | None:
    """Recognise sequences in FASTA: a line with a name, then lines of sequence letters only.

    Source: NCBI, BLAST topics, query input. A quotation in mail starts with > too, but has words.
    """
    if head[0] != 0x3E or head[1:2].isspace():
        return None
    sequences = 0
    for line in head[:_FASTA_SEARCH_BYTES].splitlines():
        if line.startswith((b">", b";")) or not line:
            continue
        if line.translate(None, _SEQUENCE_LETTERS):
            return None
        sequences += len(line)
    return "text/x-fasta" if sequences >= _MIN_SEQUENCE else None


def fastq(head: bytes) -> str | None:
    """Recognise FASTQ: a name, a sequence, a plus sign, and a quality for each letter.

    Source: Cock et al. 2010, doi:10.1093/nar/gkp1137.
    """
    if head[0] != 0x40:
        return None
    lines = head[:_FASTQ_SEARCH_BYTES].splitlines()
    if len(lines) < 4:
        return None
    name, sequence, plus, quality = lines[:4]
    if not sequence or sequence.translate(None, _SEQUENCE_LETTERS):
        return None
    if plus not in (b"+", b"+" + name[1:]):
        return None
    is_cut = len(lines) == 4 and len(head) >= _FASTQ_SEARCH_BYTES
    return "text/x-fastq" if len(quality) == len(sequence) or is_cut else None


def bibtex(head: bytes) -> str | None:
    """Recognise BibTeX that starts with an entry."""
    begins = head[0] == 0x40 and head[:16].lower().startswith(_BIBTEX_ENTRIES)
    return "application/x-bibtex-text-file" if begins else None


def bibtex_after_comment(head: bytes) -> str | None:
    """Recognise BibTeX with a comment before its first entry."""
    if head[0] != 0x25:
        return None
    start = head[: 128 + 20].lower()
    if any(start.find(b"\n" + entry, 2, 129 + len(entry)) >= 0 for entry in _BIBTEX_ENTRIES):
        return "application/x-bibtex-text-file"
    return None


def batch(head: bytes) -> str | None:
    """Recognise Windows batch files; a remark alone may be a text about REM sleep."""
    start = head[:_BATCH_SEARCH_BYTES].lower()
    is_batch = start.startswith(b"@echo off") or (
        start.startswith(b"rem ") and any(b"\n" + command in start for command in _BATCH_COMMANDS)
    )
    return "application/x-bat" if is_batch else None


def matlab_function(head: bytes) -> str | None:
    """Recognise MATLAB functions with one result or none; JavaScript has a bracket instead."""
    if not head.startswith(b"function "):
        return None
    start = head[9 : 9 + 256]
    length = 0
    while length < len(start) and start[length] in _WORD_BYTES:
        length += 1
    if not 1 <= length <= _MAX_MATLAB_NAME or start[0] not in _LETTERS:
        return None
    rest = start[length:]
    named = rest[:1] in (b"\r", b"\n") or rest.lstrip().startswith(b"=")
    return "text/x-matlab" if named else None


def graphviz(head: bytes) -> str | None:
    """Recognise Graphviz: graph or digraph, also after comments."""
    start = head[:_GRAPH_SEARCH_BYTES].lstrip()
    if start.startswith(b"/*"):
        end = start.find(b"*/", 2, 4 + _GRAPH_COMMENT_BYTES)
        start = start[end + 2 :].lstrip() if end >= 0 else b""
    for _ in range(_GRAPH_COMMENT_LINES):
        if not start.startswith(b"//"):
            break
        start = start.partition(b"\n")[2].lstrip()
    if start.startswith(b"strict") and start[6:7].isspace():
        start = start[6:].lstrip()
    for word in (b"digraph", b"graph"):
        if start.startswith(word):
            after = start[len(word) : len(word) + 1]
            return "text/vnd.graphviz" if not after or after[0] not in _WORD_BYTES else None
    return None
