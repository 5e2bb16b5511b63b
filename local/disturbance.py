"""How deliveries are disturbed on purpose. At rest each goes once, oldest first.

AWS promises at least once and, for queues, no order. Tests set these to hold handlers to that;
the seeded disturbances of `CHAOS` build on the same places.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Disturbance:
    """`copies` of each message to a queue and of each batch of a stream; queues newest first."""

    copies: int = 1
    newest_first: bool = False
