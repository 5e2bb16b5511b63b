"""MD5 digests as clients spell them: base64 (all known clients), or 32 hexadecimal digits."""

from __future__ import annotations

import binascii
from dataclasses import dataclass

_BASE64_LENGTH = 24
_HEX_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Md5:
    """The MD5 of some bytes."""

    digest: bytes

    @classmethod
    def parse(cls, text: str) -> Md5 | None:
        """The digest that `text` spells; None if it spells none.

        The reference takes 32 hexadecimal digits for base64 of 24 bytes, and S3 then refuses
        every upload.
        """
        try:
            if len(text) == _BASE64_LENGTH:
                digest = binascii.a2b_base64(text, strict_mode=True)
            elif len(text) == _HEX_LENGTH:
                digest = binascii.a2b_hex(text)
            else:
                return None
        except ValueError:
            return None
        return cls(digest) if len(digest) == 16 else None

    @property
    def base64(self) -> str:
        """As Content-MD5 has it: 24 characters."""
        return binascii.b2a_base64(self.digest, newline=False).decode()

    @property
    def hex(self) -> str:
        """As an ETag has it: 32 hexadecimal digits."""
        return self.digest.hex()
