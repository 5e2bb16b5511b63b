"""The types of whole file names, and of endings that are not extensions.

Source: the name patterns of Apache Tika 3.2.3's type registry that are not `*.extension`.
"""

from __future__ import annotations

WHOLE_NAMES: dict[str, str] = {
    ".htaccess": "text/plain",
    "GNUMakefile": "text/x-makefile",
    "INSTALL": "text/plain",
    "KEYS": "text/plain",
    "LICENSE": "text/plain",
    "Makefile": "text/x-makefile",
    "NOTICE": "text/plain",
    "README": "text/plain",
    "abs-linkmap": "text/plain",
    "abs-menulinks": "text/plain",
    "owl": "application/rdf+xml",
    "rdf": "application/rdf+xml",
}
ENDINGS: dict[str, str] = {
    "-gz": "application/gzip",
}
