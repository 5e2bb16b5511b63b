"""Settings of the tests of export."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("no deadline", deadline=None)  # a busy machine must not fail a test
settings.load_profile("no deadline")
