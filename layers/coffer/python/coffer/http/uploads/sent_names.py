"""Decode the file name of a form part, as the clients in use write it.

Browsers and curl send UTF-8 (RFC 7578, 4.2). Other clients send `filename*` (RFC 8187), encoded
words (RFC 2047, .NET) or percent-encoded UTF-8 (aiohttp). The last two are decoded only if the name
cannot mean itself.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from quopri import decodestring
from urllib.parse import unquote_to_bytes

_CHARSETS = {"utf-8": "utf-8", "iso-8859-1": "iso-8859-1", "us-ascii": "ascii"}
_HEX = frozenset("0123456789abcdefABCDEF")


def sent_name(disposition: str, filename: str | None) -> str | None:
    """Return the file name of a part, or None if it has none.

    `disposition` is the Content-Disposition of the part, `filename` its plain parameter.
    """
    extended = _extended(disposition)
    if extended:
        return extended
    if not filename:
        return None
    return _of_encoded_words(filename) or _of_percent_encoding(filename) or filename


def _extended(disposition: str) -> str | None:
    """Return the decoded `filename*`, or None if it is absent or malformed."""
    for parameter in _unquoted_parameters(disposition):
        key, _, value = parameter.partition("=")
        if key.strip().lower() != "filename*":
            continue
        charset, mark, rest = value.strip().strip('"').partition("'")
        _, other_mark, encoded = rest.partition("'")
        if mark and other_mark and encoded.isascii() and _has_valid_escapes(encoded):
            return _decoded(unquote_to_bytes(encoded), charset)
    return None


def _unquoted_parameters(header: str) -> list[str]:
    """Split a header at the semicolons outside of quotes."""
    parts, in_quotes, is_escaped = [""], False, False
    for char in header:
        if char == '"' and not is_escaped:
            in_quotes = not in_quotes
        if char == ";" and not in_quotes:
            parts.append("")
        else:
            parts[-1] += char
        is_escaped = char == "\\" and not is_escaped
    return parts


def _of_encoded_words(name: str) -> str | None:
    """Return the name if it consists of encoded words only."""
    decoded = [_of_encoded_word(word) for word in name.split()]
    return "".join(word or "" for word in decoded) if all(decoded) else None


def _of_encoded_word(word: str) -> str | None:
    parts = word.split("?")
    if len(parts) != 5 or parts[0] != "=" or parts[4] != "=":
        return None
    _, charset, encoding, text, _ = parts
    if not text.isascii():
        return None
    try:
        if encoding.lower() == "b":
            return _decoded(b64decode(text, validate=True), charset)
        if encoding.lower() == "q":
            return _decoded(decodestring(text.encode(), header=True), charset)
    except Base64Error:
        return None
    return None


def _of_percent_encoding(name: str) -> str | None:
    """Return the name if it is ASCII and its escapes are UTF-8 that is not ASCII.

    `100%25.txt` may be the real name of a file, so it stays.
    """
    if not name.isascii() or not _has_valid_escapes(name):
        return None
    decoded = _decoded(unquote_to_bytes(name), "utf-8")
    return decoded if decoded is not None and not decoded.isascii() else None


def _has_valid_escapes(text: str) -> bool:
    return all(len(part) >= 2 and _HEX.issuperset(part[:2]) for part in text.split("%")[1:])


def _decoded(data: bytes, charset: str) -> str | None:
    known = _CHARSETS.get(charset.strip().lower())
    try:
        return data.decode(known) if known else None
    except UnicodeDecodeError:
        return None
