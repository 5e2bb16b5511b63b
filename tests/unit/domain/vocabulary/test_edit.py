"""Editing terms: keys, rules, permissions and conflicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from coffer.domain.callers import Caller, Role
from coffer.domain.errors import (
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    NotFoundError,
    RecordChangedError,
    UnavailableError,
)
from coffer.domain.media_types import DcType
from coffer.domain.vocabulary.edit import (
    change_term,
    create_term,
    delete_term,
)
from coffer.domain.vocabulary.read import read_term, read_term_by_name
from coffer.domain.vocabulary.rules import derive_key
from coffer.domain.vocabulary.terms import (
    Description,
    ElementType,
    ManagedAttribute,
    ObjectSubtype,
    usage_key,
)
from tests.fakes.clocks import FrozenClock
from tests.fakes.hooks import once, with_hooks
from tests.fakes.records import ADMIN, caller, identifier
from tests.fakes.terms import ATTRIBUTE, SUBTYPE, attribute, subtype
from tests.fakes.vocabulary import InMemoryVocabulary

SUPER_USER = caller(Role.SUPER_USER)
CLOCK = FrozenClock()
NEW = {
    "name": "Sheet Condition",
    "vocabulary_element_type": ElementType.STRING,
    "multilingual_description": (Description("en", "What the sheet is like."),),
}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Object Store Attribute 1", "object_store_attribute_1"),
        ("dateTime", "date_time"),
        ("my-attr", "my_attr"),
        ("My Attr", "my_attr"),
        ("  My   Attr ", "my_attr"),
        ("ASFRules", "asf_rules"),
        ("foo200Bar", "foo_200_bar"),
        ("Größe", "gre"),
        ("_", ""),
        ("", ""),
    ],
)
def test_a_key_is_derived_from_the_words_of_a_name(name: str, key: str) -> None:
    assert derive_key(name) == key


class TestEditing:
    """Creating, changing and deleting terms."""

    def test_a_managed_attribute_has_a_key_derived_from_its_name(self) -> None:
        vocabulary = InMemoryVocabulary()
        created = create_term(vocabulary, CLOCK, SUPER_USER, ManagedAttribute, NEW)
        assert (created.key, created.created_by, created.version) == ("sheet_condition", "alice", 1)
        assert read_term(vocabulary, ManagedAttribute, created.identifier) == created
        assert read_term_by_name(vocabulary, ManagedAttribute, "sheet_condition") == created

    def test_two_names_with_one_key_are_a_conflict(self) -> None:
        vocabulary = InMemoryVocabulary(attribute())
        with pytest.raises(ConflictError) as caught:
            create_term(
                vocabulary, CLOCK, SUPER_USER, ManagedAttribute, NEW | {"name": "sheet-condition"}
            )
        assert caught.value.problems[0].pointer == "/data/attributes/name"

    @pytest.mark.parametrize(
        ("changes", "rule"),
        [
            ({"name": None}, "name must not be blank"),
            ({"name": "x" * (251)}, "name size"),
            ({"name": "標本"}, "name must have a letter"),
            ({"name": "x" * 51}, "name makes a key of 51"),
            ({"vocabulary_element_type": None}, "vocabularyElementType must not be null"),
            ({"accepted_values": ("x",) * (501)}, "acceptedValues takes"),
            ({"accepted_values": ("x" * (101),)}, "acceptedValues takes"),
            ({"multilingual_description": ()}, "multilingualDescription must not be empty"),
            ({"multilingual_description": (Description("en", ""),)}, "takes descriptions"),
            ({"multilingual_description": (Description("en", "x"),)}, "takes descriptions"),
            ({"multilingual_description": (Description("e", "xx"),)}, "takes languages"),
            ({"multilingual_description": (Description("engl", "xx"),)}, "takes languages"),
            (
                {"multilingual_description": (Description("en", "xx"),) * (21)},
                "takes at most",
            ),
            (
                {"multilingual_description": (Description("en", "x" * 5000),) * 9},
                "characters in all",
            ),
        ],
    )
    def test_an_invalid_managed_attribute_is_refused(
        self, changes: dict[str, Any], rule: str
    ) -> None:
        with pytest.raises(InvalidError, match=rule):
            create_term(InMemoryVocabulary(), CLOCK, SUPER_USER, ManagedAttribute, NEW | changes)

    def test_all_problems_are_reported_together(self) -> None:
        with pytest.raises(InvalidError) as caught:
            create_term(InMemoryVocabulary(), CLOCK, SUPER_USER, ManagedAttribute, {})
        assert len(caught.value.problems) == 3

    def test_a_subtype_is_stored_in_upper_case_and_unique_among_all_types(self) -> None:
        vocabulary = InMemoryVocabulary()
        new = {"dc_type": DcType.IMAGE, "ac_subtype": "Drawing"}
        assert create_term(vocabulary, CLOCK, ADMIN, ObjectSubtype, new).ac_subtype == "DRAWING"
        with pytest.raises(ConflictError):
            create_term(vocabulary, CLOCK, ADMIN, ObjectSubtype, new | {"dc_type": DcType.TEXT})

    @pytest.mark.parametrize(
        ("new", "rule"),
        [
            ({"ac_subtype": "X"}, "dcType must not be null"),
            ({"dc_type": DcType.TEXT}, "acSubtype must not be blank"),
            ({"dc_type": DcType.TEXT, "ac_subtype": "x" * 51}, "acSubtype size"),
            ({"dc_type": DcType.TEXT, "ac_subtype": "ß" * 26}, "acSubtype size"),
        ],
    )
    def test_an_invalid_subtype_is_refused(self, new: dict[str, Any], rule: str) -> None:
        with pytest.raises(InvalidError, match=rule):
            create_term(InMemoryVocabulary(), CLOCK, ADMIN, ObjectSubtype, new)

    def test_a_change_keeps_other_values_and_the_name(self) -> None:
        vocabulary = InMemoryVocabulary(attribute())
        changed = change_term(
            vocabulary,
            SUPER_USER,
            ManagedAttribute,
            ATTRIBUTE,
            {"accepted_values": ("good",), "name": "Other"},
        )
        assert changed == attribute(accepted_values=("good",), changed_by="alice", version=2)

    def test_an_invalid_change_is_refused(self) -> None:
        vocabulary = InMemoryVocabulary(attribute(), subtype())
        with pytest.raises(InvalidError):
            change_term(
                vocabulary,
                SUPER_USER,
                ManagedAttribute,
                ATTRIBUTE,
                {"multilingual_description": ()},
            )
        with pytest.raises(InvalidError):
            change_term(vocabulary, ADMIN, ObjectSubtype, SUBTYPE, {"dc_type": None})

    def test_a_subtype_can_get_another_unique_name(self) -> None:
        vocabulary = InMemoryVocabulary(
            subtype(), subtype(identifier=identifier(8), ac_subtype="PHOTO")
        )
        with pytest.raises(ConflictError):
            change_term(vocabulary, ADMIN, ObjectSubtype, SUBTYPE, {"ac_subtype": "photo"})
        changed = change_term(vocabulary, ADMIN, ObjectSubtype, SUBTYPE, {"ac_subtype": "sketch"})
        assert (changed.ac_subtype, changed.changed_by) == ("SKETCH", "root")

    def test_a_term_in_use_keeps_its_name_and_type_and_is_not_deleted(self) -> None:
        vocabulary = InMemoryVocabulary(attribute(), subtype())
        vocabulary.uses.update([usage_key(attribute()), usage_key(subtype())])
        with pytest.raises(InvalidError, match="Managed attribute key: sheet_condition, is curr"):
            delete_term(vocabulary, CLOCK, SUPER_USER, ManagedAttribute, ATTRIBUTE)
        with pytest.raises(InvalidError, match="is currently in use"):
            change_term(
                vocabulary,
                SUPER_USER,
                ManagedAttribute,
                ATTRIBUTE,
                {"vocabulary_element_type": ElementType.DATE},
            )
        for changes in ({"ac_subtype": "sketch"}, {"dc_type": DcType.TEXT}):
            with pytest.raises(InvalidError, match="Object subtype: DRAWING, is currently"):
                change_term(vocabulary, ADMIN, ObjectSubtype, SUBTYPE, changes)
        change_term(
            vocabulary, SUPER_USER, ManagedAttribute, ATTRIBUTE, {"accepted_values": ("x",)}
        )

    def test_a_deleted_term_is_gone_and_its_name_can_be_reused(self) -> None:
        vocabulary = InMemoryVocabulary(attribute())
        delete_term(vocabulary, CLOCK, SUPER_USER, ManagedAttribute, ATTRIBUTE)
        with pytest.raises(GoneError) as caught:
            read_term(vocabulary, ManagedAttribute, ATTRIBUTE)
        assert caught.value.instance_id == f"managed-attribute/{ATTRIBUTE}"
        with pytest.raises(NotFoundError):
            read_term_by_name(vocabulary, ManagedAttribute, "sheet_condition")
        assert (
            create_term(vocabulary, CLOCK, SUPER_USER, ManagedAttribute, NEW).identifier
            != ATTRIBUTE
        )

    def test_an_unknown_term_is_not_found(self) -> None:
        with pytest.raises(NotFoundError):
            read_term(InMemoryVocabulary(), ObjectSubtype, SUBTYPE)

    def test_a_change_is_applied_to_a_concurrent_change(self) -> None:
        vocabulary = InMemoryVocabulary(attribute())
        other = replace(attribute(), accepted_values=("torn",), version=2)
        interrupted = with_hooks(
            vocabulary, before=once("replace", lambda: vocabulary.replace(attribute(), other))
        )
        description = (Description("fr", "Son état."),)
        changed = change_term(
            interrupted,
            SUPER_USER,
            ManagedAttribute,
            ATTRIBUTE,
            {"multilingual_description": description},
        )
        assert (changed.accepted_values, changed.version) == (("torn",), 3)

    def test_a_change_gives_up_after_repeated_conflicts(self) -> None:
        class Busy(InMemoryVocabulary):
            def replace(self, before: object, after: object) -> None:
                raise RecordChangedError

        with pytest.raises(UnavailableError):
            delete_term(Busy(attribute()), CLOCK, SUPER_USER, ManagedAttribute, ATTRIBUTE)

    @pytest.mark.parametrize(
        ("who", "may"),
        [
            (caller(Role.USER), False),
            (Caller(username="mallory"), False),
            (ADMIN, False),  # of the realm only: the reference counts groups here
            (caller(Role.SUPER_USER), True),
            (caller(Role.DINA_ADMIN), True),
        ],
    )
    def test_super_users_of_any_group_edit_managed_attributes(self, who: Caller, may: bool) -> None:
        vocabulary = InMemoryVocabulary(attribute())
        acts: list[Callable[[], object]] = [
            lambda: create_term(vocabulary, CLOCK, who, ManagedAttribute, NEW | {"name": "B"}),
            lambda: change_term(vocabulary, who, ManagedAttribute, ATTRIBUTE, {}),
            lambda: delete_term(vocabulary, CLOCK, who, ManagedAttribute, ATTRIBUTE),
        ]
        for act in acts:
            if may:
                act()
            else:
                with pytest.raises(ForbiddenError):
                    act()

    @pytest.mark.parametrize("who", [caller(Role.DINA_ADMIN), caller(Role.SUPER_USER)])
    def test_only_the_realms_administrator_edits_subtypes(self, who: Caller) -> None:
        vocabulary = InMemoryVocabulary(subtype())
        new = {"dc_type": DcType.IMAGE, "ac_subtype": "PHOTO"}
        acts: list[Callable[[], object]] = [
            lambda: create_term(vocabulary, CLOCK, who, ObjectSubtype, new),
            lambda: change_term(vocabulary, who, ObjectSubtype, SUBTYPE, {}),
            lambda: delete_term(vocabulary, CLOCK, who, ObjectSubtype, SUBTYPE),
        ]
        for act in acts:
            with pytest.raises(ForbiddenError):
                act()
