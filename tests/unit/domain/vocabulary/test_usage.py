"""Use of terms by metadata: values, checks and counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coffer.domain.errors import (
    CombinedError,
    InvalidError,
    MalformedRequestError,
)
from coffer.domain.media_types import DcType
from coffer.domain.vocabulary.terms import (
    ElementType,
)
from coffer.domain.vocabulary.usage import (
    MAX_MANAGED_ATTRIBUTE_CHARACTERS,
    MAX_MANAGED_ATTRIBUTES,
    check_terms,
    is_valid_value,
    read_used_terms,
    usage_changes,
    used_terms,
)
from tests.fakes.clocks import NOON
from tests.fakes.hooks import with_hooks
from tests.fakes.records import identifier, metadata
from tests.fakes.terms import attribute, subtype
from tests.fakes.vocabulary import InMemoryVocabulary


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("INTEGER", ["1", "0", "-7", "007"], ["1.2", "", "  ", "\t", "\n", "a", "+1", "-", "٣"]),
        (
            "DECIMAL",
            ["1", "1.2", "-0.5", ".5", "1.", "+7", "1e3", "-1.5e3", "2E-9"],
            ["", "a", ".", "e3", "1e", "1,5", "1 2", "NaN", "Infinity", "--1", "0x1", "\u0661"],
        ),
        ("DATE", ["2022-02-02", "2024-02-29"], ["zxy", "2022-2-2", "2023-02-29", "20220202", ""]),
        ("BOOL", ["true", "false"], ["True", "FALSE", "1", "yes", ""]),
        ("STRING", ["", "anything", "<b>"], []),
    ],
)
def test_a_value_has_the_type_of_its_attribute(kind: str, good: list[str], bad: list[str]) -> None:
    typed = attribute(vocabulary_element_type=ElementType(kind))
    assert [value for value in good if not is_valid_value(typed, value)] == []
    assert [value for value in bad if is_valid_value(typed, value)] == []


def test_only_accepted_values_are_valid_in_any_case() -> None:
    chosen = attribute(accepted_values=("Good", "torn"))
    assert is_valid_value(chosen, "good")
    assert is_valid_value(chosen, "TORN")
    assert not is_valid_value(chosen, "wet")
    assert is_valid_value(attribute(accepted_values=()), "wet")


class TestUse:
    """Checks of the terms that metadata uses."""

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

    def test_existing_terms_may_be_used(self) -> None:
        self.check(managed_attributes={"sheet_condition": "good", "count": "-3"})
        self.check(ac_subtype="DRAWING")
        self.check()

    def test_all_problems_are_reported_together(self) -> None:
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

    def test_an_unknown_subtype_is_reported_with_other_problems(self) -> None:
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
            {f"key{number}": "" for number in range(MAX_MANAGED_ATTRIBUTES + 1)},
            {"sheet_condition": "x" * MAX_MANAGED_ATTRIBUTE_CHARACTERS},
        ],
    )
    def test_the_size_of_managed_attributes_is_limited(self, values: dict[str, str]) -> None:
        with pytest.raises(InvalidError) as caught:
            self.check(managed_attributes=values)
        assert caught.value.problems[0].code == "constraint_violation"

    def test_one_read_returns_the_terms_of_many_records(self) -> None:
        records = [metadata(ac_subtype="DRAWING"), metadata(managed_attributes={"count": "1"})]
        terms = read_used_terms(self.vocabulary, records)
        assert (set(terms.attributes), set(terms.subtypes)) == ({"count"}, {"DRAWING"})

    def test_too_many_keys_are_not_read(self) -> None:
        records = [metadata(managed_attributes={f"key{number}": "" for number in range(3001)})]
        calls: list[str] = []
        read_used_terms(with_hooks(self.vocabulary, before=calls.append), records)
        assert calls == ["terms"]


def test_a_record_uses_its_attributes_and_its_subtype_until_it_is_deleted() -> None:
    record = metadata(ac_subtype="DRAWING", managed_attributes={"count": "1"})
    assert used_terms(record) == {"managed-attribute/count", "object-subtype/DRAWING"}
    assert used_terms(replace(record, deleted_on=NOON)) == frozenset()
    assert used_terms(None) == frozenset()


def test_only_differences_are_counted() -> None:
    before = metadata(ac_subtype="DRAWING", managed_attributes={"a": "1", "b": "1"})
    after = replace(before, ac_subtype=None, managed_attributes={"b": "2", "c": "3"})
    assert usage_changes([(before, after)]) == {
        "managed-attribute/a": -1,
        "managed-attribute/c": 1,
        "object-subtype/DRAWING": -1,
    }
    assert usage_changes([(None, before), (before, None)]) == {}
    assert usage_changes([(None, before), (None, before)])["managed-attribute/a"] == 2
