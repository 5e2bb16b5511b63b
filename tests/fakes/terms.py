"""Examples of vocabulary terms."""

from __future__ import annotations

from typing import Any

from coffer.domain.media_types import DcType
from coffer.domain.vocabulary.terms import (
    Description,
    ElementType,
    ManagedAttribute,
    ObjectSubtype,
)
from tests.fakes.clocks import NOON
from tests.fakes.records import identifier

ATTRIBUTE, SUBTYPE = identifier(101), identifier(102)


def attribute(**changes: Any) -> ManagedAttribute:
    """Return a managed attribute that accepts any text, with these changes."""
    known: dict[str, Any] = {
        "identifier": ATTRIBUTE,
        "name": "Sheet Condition",
        "key": "sheet_condition",
        "vocabulary_element_type": ElementType.STRING,
        "accepted_values": None,
        "multilingual_description": (Description("en", "What the sheet is like."),),
        "created_by": "alice",
        "created_on": NOON,
    }
    return ManagedAttribute(**known | changes)


def subtype(**changes: Any) -> ObjectSubtype:
    """Return a subtype of images, with these changes."""
    known: dict[str, Any] = {
        "identifier": SUBTYPE,
        "dc_type": DcType.IMAGE,
        "ac_subtype": "DRAWING",
        "created_by": "root",
        "created_on": NOON,
    }
    return ObjectSubtype(**known | changes)
