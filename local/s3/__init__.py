"""The local S3: a gate in front of moto's, which refuses what AWS refuses."""

from __future__ import annotations

from local.s3.gate import S3Gate

__all__ = ["S3Gate"]
