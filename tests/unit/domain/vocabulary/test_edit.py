"""The vocabulary: keys, values, what metadata may say with it, and how it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from coffer.domain.callers import Caller, Role
from coffer.domain.errors import (
    CombinedError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    MalformedRequestError,
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
from coffer.domain.vocabulary.keys import derive_key
from coffer.domain.vocabulary.read import read_term, read_term_by_name
from coffer.domain.vocabulary.terms import (
    Description,
    ElementType,
    ManagedAttribute,
    ObjectSubtype,
    usage_key,
)
from coffer.domain.vocabulary.usage import (
    MAX_ATTRIBUTES,
    MAX_CHARACTERS,
    check_terms,
    read_used_terms,
    usage_changes,
    used_terms,
)
from coffer.domain.vocabulary.values import is_valid_value
from tests.fakes.clocks import NOON, FrozenClock
from tests.fakes.hooks import once, with_hooks
from tests.fakes.records import ADMIN, caller, identifier, metadata
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
def test_a_key_is_made_of_the_words_of_a_name(name: str, key: str) -> None:
    assert derive_key(name) == key


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("INTEGER", ["1", "0", "-7", "007"], ["1.2", "", "  ", "\t", "\n", "a", "+1", "-", "٣"]),
        ("DECIMAL", ["1", "1.2", "-0.5", ".5"], ["", "a", "1.", "1,5", "1e3", "NaN", "--1"]),
        ("DATE", ["2022-02-02", "2024-02-29"], ["zxy", "2022-2-2", "2023-02-29", "20220202", ""]),
        ("BOOL", ["true", "false"], ["True", "FALSE", "1", "yes", ""]),
        ("STRING", ["", "anything", "<b>"], []),
    ],
)
def test_a_value_is_of_its_attributes_type(kind: str, good: list[str], bad: list[str]) -> None:
    typed = attribute(vocabulary_element_type=ElementType(kind))
    assert [value for value in good if not is_valid_value(typed, value)] == []
    assert [value for value in bad if is_valid_value(typed, value)] == []


def test_accepted_values_are_the_only_ones_whatever_their_case() -> None:
    chosen = attribute(accepted_values=("Good", "torn"))
    assert is_valid_value(chosen, "good")
    assert is_valid_value(chosen, "TORN")
    assert not is_valid_value(chosen, "wet")
    assert is_valid_value(attribute(accepted_values=()), "wet")


class TestUse:
    """What metadata says with the vocabulary."""

    vocabulary = InMemoryVocabulary(
        attribute(),
        attribute(
            identifier=identifier(7), key="count", vocabulary_element_type=ElementType.INTEGER
        ),
        subtype(),
    )

    def check(self, **changes: object) -> None:
        record = metadata(**changes)
        check_terms(read_used_terms(self.vocabulary, [record]), record)

    def test_terms_that_there_are_may_be_used(self) -> None:
        self.check(managed_attributes={"sheet_condition": "good", "count": "-3"})
        self.check(ac_subtype="DRAWING")
        self.check()

    def test_everything_that_is_wrong_is_told_at_once(self) -> None:
        with pytest.raises(InvalidError) as caught:
            self.check(
                dc_type=DcType.TEXT,
                ac_subtype="DRAWING",
                managed_attributes={"colour": "red", "count": "1.2"},
            )
        assert [(one.code, one.detail) for one in caught.value.problems] == [
            ("unknown_managed_attribute", '"colour" unknown managed attribute key'),
            ("invalid_managed_attribute", 'Value "1.2" is invalid for key count'),
            (
                "subtype_of_another_type",
                "dcType of metadata and dcType associated with acSubtype should match",
            ),
        ]

    def test_an_unknown_subtype_hides_nothing_else_that_is_wrong(self) -> None:
        with pytest.raises(CombinedError) as caught:
            self.check(ac_subtype="PHOTO", managed_attributes={"colour": "red"})
        assert [one.code for one in caught.value.problems] == [
            "unknown_managed_attribute",
            "unknown_subtype",
        ]

    @pytest.mark.parametrize("name", ["drawing", "PHOTO"])
    def test_a_subtype_is_named_exactly(self, name: str) -> None:
        with pytest.raises(MalformedRequestError, match=f"{name} is not a valid acSubtype"):
            self.check(ac_subtype=name)

    @pytest.mark.parametrize(
        "values",
        [
            {f"key{number}": "" for number in range(MAX_ATTRIBUTES + 1)},
            {"sheet_condition": "x" * MAX_CHARACTERS},
        ],
    )
    def test_a_record_holds_no_endless_attributes(self, values: dict[str, str]) -> None:
        with pytest.raises(InvalidError) as caught:
            self.check(managed_attributes=values)
        assert caught.value.problems[0].code == "constraint_violation"

    def test_terms_are_read_at_once_for_many_records(self) -> None:
        records = [metadata(ac_subtype="DRAWING"), metadata(managed_attributes={"count": "1"})]
        terms = read_used_terms(self.vocabulary, records)
        assert (set(terms.attributes), set(terms.subtypes)) == ({"count"}, {"DRAWING"})

    def test_endlessly_many_keys_are_not_looked_up(self) -> None:
        records = [metadata(managed_attributes={f"key{number}": "" for number in range(3001)})]
        asked: list[str] = []
        read_used_terms(with_hooks(self.vocabulary, before=asked.append), records)
        assert asked == ["terms"]


def test_a_record_uses_its_attributes_and_its_subtype_until_it_is_deleted() -> None:
    record = metadata(ac_subtype="DRAWING", managed_attributes={"count": "1"})
    assert used_terms(record) == {"managed-attribute/count", "object-subtype/DRAWING"}
    assert used_terms(replace(record, deleted_on=NOON)) == frozenset()
    assert used_terms(None) == frozenset()


def test_only_what_moves_is_counted() -> None:
    before = metadata(ac_subtype="DRAWING", managed_attributes={"a": "1", "b": "1"})
    after = replace(before, ac_subtype=None, managed_attributes={"b": "2", "c": "3"})
    assert usage_changes([(before, after)]) == {
        "managed-attribute/a": -1,
        "managed-attribute/c": 1,
        "object-subtype/DRAWING": -1,
    }
    assert usage_changes([(None, before), (before, None)]) == {}
    assert usage_changes([(None, before), (None, before)])["managed-attribute/a"] == 2


class TestEditing:
    """Terms are created, changed and deleted."""

    def test_a_managed_attribute_gets_its_key_from_its_name(self) -> None:
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
    def test_what_a_managed_attribute_may_not_be(self, changes: dict[str, Any], rule: str) -> None:
        with pytest.raises(InvalidError, match=rule):
            create_term(InMemoryVocabulary(), CLOCK, SUPER_USER, ManagedAttribute, NEW | changes)

    def test_all_that_is_wrong_with_it_is_told_at_once(self) -> None:
        with pytest.raises(InvalidError) as caught:
            create_term(InMemoryVocabulary(), CLOCK, SUPER_USER, ManagedAttribute, {})
        assert len(caught.value.problems) == 3

    def test_a_subtype_is_kept_in_upper_case_and_unique_whatever_its_type(self) -> None:
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
    def test_what_a_subtype_may_not_be(self, new: dict[str, Any], rule: str) -> None:
        with pytest.raises(InvalidError, match=rule):
            create_term(InMemoryVocabulary(), CLOCK, ADMIN, ObjectSubtype, new)

    def test_only_what_is_sent_is_changed_and_the_name_stays(self) -> None:
        vocabulary = InMemoryVocabulary(attribute())
        changed = change_term(
            vocabulary,
            SUPER_USER,
            ManagedAttribute,
            ATTRIBUTE,
            {"accepted_values": ("good",), "name": "Other"},
        )
        assert changed == attribute(accepted_values=("good",), changed_by="alice", version=2)

    def test_a_change_obeys_the_rules(self) -> None:
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

    def test_a_subtype_may_take_another_name_but_no_taken_one(self) -> None:
        vocabulary = InMemoryVocabulary(
            subtype(), subtype(identifier=identifier(8), ac_subtype="PHOTO")
        )
        with pytest.raises(ConflictError):
            change_term(vocabulary, ADMIN, ObjectSubtype, SUBTYPE, {"ac_subtype": "photo"})
        changed = change_term(vocabulary, ADMIN, ObjectSubtype, SUBTYPE, {"ac_subtype": "sketch"})
        assert (changed.ac_subtype, changed.changed_by) == ("SKETCH", "root")

    def test_a_term_in_use_keeps_its_name_and_type_and_stays(self) -> None:
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

    def test_a_deleted_term_is_gone_and_its_name_is_free(self) -> None:
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

    def test_there_is_no_term_that_never_was(self) -> None:
        with pytest.raises(NotFoundError):
            read_term(InMemoryVocabulary(), ObjectSubtype, SUBTYPE)

    def test_a_change_is_made_to_what_somebody_else_left(self) -> None:
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

    def test_who_never_gets_to_write_is_told_to_try_again(self) -> None:
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
    def test_managed_attributes_are_for_super_users_of_any_group(
        self, who: Caller, may: bool
    ) -> None:
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
    def test_subtypes_are_for_the_realms_admin(self, who: Caller) -> None:
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
