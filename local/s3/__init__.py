"""An S3 server in front of moto's S3 that refuses what Amazon S3 refuses."""

from __future__ import annotations

from local.s3.gate import S3Gate

__all__ = ["S3Gate"]
