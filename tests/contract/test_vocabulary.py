"""Contract of the Vocabulary port, for its fake and for DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from coffer.adapters.dynamodb.connection import DYNAMODB
from coffer.adapters.dynamodb.vocabulary.terms import count_usage
from coffer.adapters.dynamodb.vocabulary.vocabulary import DynamoVocabulary
from coffer.domain.errors import (
    RecordChangedError,
    RecordExistsError,
    TermInUseError,
    UnavailableError,
)
from coffer.domain.media_types import DcType
from coffer.domain.vocabulary.ports import Vocabulary
from coffer.domain.vocabulary.terms import (
    ElementType,
    ManagedAttribute,
    ObjectSubtype,
    Term,
    usage_key,
)
from tests.fakes import InMemoryVocabulary
from tests.fakes.clocks import NOON
from tests.fakes.records import identifier
from tests.fakes.terms import ATTRIBUTE, SUBTYPE, attribute, subtype

EVERYTHING = attribute(
    accepted_values=("good", "zerrissen", "破"),
    vocabulary_element_type=ElementType.DECIMAL,
    changed_by="bob",
    version=3,
)
TERMS: list[Term] = [attribute(), EVERYTHING, subtype(), subtype(ac_subtype="A.B[1] Ä%")]
DELETED = replace(attribute(), deleted_on=NOON, deleted_by="bob", version=2)


@pytest.fixture(params=["in memory", "DynamoDB"])
def vocabulary(request: pytest.FixtureRequest) -> Vocabulary:
    if request.param == "in memory":
        return InMemoryVocabulary()
    request.getfixturevalue("stack")
    return DynamoVocabulary()


def use(vocabulary: Vocabulary, term: Term, times: int) -> None:
    """Count the use of a term, as a transaction that writes metadata does."""
    if isinstance(vocabulary, InMemoryVocabulary):
        vocabulary.uses[usage_key(term)] += times
        return
    assert isinstance(vocabulary, DynamoVocabulary)
    with TransactWrite(connection=DYNAMODB) as write:
        count_usage(write, {usage_key(term): times})


@pytest.mark.parametrize("term", TERMS)
def test_a_term_is_read_as_it_was_written(vocabulary: Vocabulary, term: Term) -> None:
    vocabulary.add(term)
    if isinstance(term, ManagedAttribute):
        assert vocabulary.get(ManagedAttribute, term.identifier) == term
        assert vocabulary.named(ManagedAttribute, term.term) == term
        assert vocabulary.all_of(ManagedAttribute) == [term]
    else:
        assert vocabulary.get(ObjectSubtype, term.identifier) == term
        assert vocabulary.named(ObjectSubtype, term.term) == term
        assert vocabulary.all_of(ObjectSubtype) == [term]


def test_kinds_do_not_mix(vocabulary: Vocabulary) -> None:
    vocabulary.add(subtype(ac_subtype="SHEET_CONDITION"))
    vocabulary.add(attribute())
    assert vocabulary.get(ObjectSubtype, ATTRIBUTE) is None
    assert vocabulary.get(ManagedAttribute, SUBTYPE) is None
    assert vocabulary.named(ManagedAttribute, "SHEET_CONDITION") is None
    assert len(vocabulary.all_of(ManagedAttribute)) == 1


def test_terms_are_listed_the_oldest_first(vocabulary: Vocabulary) -> None:
    for number in (3, 1, 2):
        vocabulary.add(attribute(identifier=identifier(number), key=f"key{9 - number}"))
    listed = [term.identifier for term in vocabulary.all_of(ManagedAttribute)]
    assert listed == [identifier(number) for number in (1, 2, 3)]


def test_existing_terms_are_read_by_name(vocabulary: Vocabulary) -> None:
    vocabulary.add(attribute())
    vocabulary.add(subtype())
    terms = vocabulary.terms(["sheet_condition", "colour", "", "x" * 2000], {"DRAWING", "drawing"})
    assert terms.attributes == {"sheet_condition": attribute()}
    assert terms.subtypes == {"DRAWING": subtype()}
    nothing = vocabulary.terms([], [])
    assert (nothing.attributes, nothing.subtypes) == ({}, {})


def test_a_name_is_unique(vocabulary: Vocabulary) -> None:
    vocabulary.add(attribute())
    with pytest.raises(RecordExistsError):
        vocabulary.add(attribute(identifier=identifier(9)))
    assert vocabulary.get(ManagedAttribute, identifier(9)) is None


def test_a_change_is_written_once(vocabulary: Vocabulary) -> None:
    vocabulary.add(attribute())
    changed = attribute(accepted_values=("good",), changed_by="bob", version=2)
    vocabulary.replace(attribute(), changed)
    assert vocabulary.named(ManagedAttribute, "sheet_condition") == changed
    with pytest.raises(RecordChangedError):
        vocabulary.replace(attribute(), attribute(version=2))


def test_a_term_changes_its_type_only_while_it_is_unused(vocabulary: Vocabulary) -> None:
    vocabulary.add(subtype())
    other = subtype(dc_type=DcType.TEXT, version=2)
    use(vocabulary, subtype(), 1)
    with pytest.raises(TermInUseError):
        vocabulary.replace(subtype(), other)
    use(vocabulary, subtype(), -1)  # perhaps in another counter item
    vocabulary.replace(subtype(), other)
    assert vocabulary.get(ObjectSubtype, SUBTYPE) == other
    with pytest.raises(RecordChangedError):
        vocabulary.replace(subtype(), other)


def test_a_deleted_term_leaves_a_tombstone_and_frees_its_name(vocabulary: Vocabulary) -> None:
    vocabulary.add(attribute())
    vocabulary.replace(attribute(), DELETED)
    assert vocabulary.get(ManagedAttribute, ATTRIBUTE) == DELETED
    assert vocabulary.named(ManagedAttribute, "sheet_condition") is None
    assert vocabulary.all_of(ManagedAttribute) == []
    again = attribute(identifier=identifier(9))
    vocabulary.add(again)
    assert vocabulary.named(ManagedAttribute, "sheet_condition") == again
    use(vocabulary, again, 1)


def test_a_term_in_use_is_not_deleted(vocabulary: Vocabulary) -> None:
    vocabulary.add(attribute())
    for _ in range(20):
        use(vocabulary, attribute(), 1)
    with pytest.raises(TermInUseError):
        vocabulary.replace(attribute(), DELETED)
    for _ in range(20):
        use(vocabulary, attribute(), -1)
    vocabulary.replace(attribute(), DELETED)


def test_a_renamed_term_frees_its_old_name(vocabulary: Vocabulary) -> None:
    vocabulary.add(subtype())
    vocabulary.add(subtype(identifier=identifier(9), ac_subtype="PHOTO"))
    with pytest.raises(RecordExistsError):
        vocabulary.replace(subtype(), subtype(ac_subtype="PHOTO", version=2))
    sketch = subtype(ac_subtype="SKETCH", version=2)
    vocabulary.replace(subtype(), sketch)
    assert vocabulary.named(ObjectSubtype, "DRAWING") is None
    assert vocabulary.named(ObjectSubtype, "SKETCH") == sketch
    vocabulary.add(subtype(identifier=identifier(10)))


class TestConcurrentUse:
    """Use of a term on DynamoDB while the term is being deleted."""

    @pytest.fixture
    def vocabulary(self, stack: object) -> DynamoVocabulary:
        vocabulary = DynamoVocabulary()
        vocabulary.add(attribute())
        return vocabulary

    def interrupt(
        self, monkeypatch: pytest.MonkeyPatch, vocabulary: DynamoVocabulary, act: Callable[[], None]
    ) -> None:
        """Do something after the counts are read, and before the change is written."""
        read = vocabulary._usage_counts

        def counts(term: Term) -> dict[str, int | None]:
            found = read(term)
            act()
            return found

        monkeypatch.setattr(vocabulary, "_usage_counts", counts)

    def test_a_use_before_the_deletion_prevents_it(
        self, vocabulary: DynamoVocabulary, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        acts = iter([lambda: use(vocabulary, attribute(), 1)])
        self.interrupt(monkeypatch, vocabulary, lambda: next(acts, lambda: None)())
        with pytest.raises(TermInUseError):
            vocabulary.replace(attribute(), DELETED)
        assert vocabulary.named(ManagedAttribute, "sheet_condition") == attribute()

    def test_a_use_after_the_deletion_is_refused(self, vocabulary: DynamoVocabulary) -> None:
        vocabulary.replace(attribute(), DELETED)
        with pytest.raises(TransactWriteError):
            use(vocabulary, attribute(), 1)

    def test_a_counter_item_can_be_negative(self, vocabulary: DynamoVocabulary) -> None:
        use(vocabulary, attribute(), -1)

    def test_a_deletion_gives_up_if_the_use_keeps_changing(
        self, vocabulary: DynamoVocabulary, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def come_and_go() -> None:
            use(vocabulary, attribute(), 1)
            use(vocabulary, attribute(), -1)

        self.interrupt(monkeypatch, vocabulary, come_and_go)
        with pytest.raises(UnavailableError):
            vocabulary.replace(attribute(), DELETED)

    def test_one_action_counts_several_terms(self, vocabulary: DynamoVocabulary) -> None:
        vocabulary.add(subtype())
        with TransactWrite(connection=DYNAMODB) as write:
            count_usage(write, {usage_key(subtype()): 1, usage_key(attribute()): 2})
        for before, after in ((subtype(), subtype(ac_subtype="X")), (attribute(), DELETED)):
            with pytest.raises(TermInUseError):
                vocabulary.replace(before, after)
