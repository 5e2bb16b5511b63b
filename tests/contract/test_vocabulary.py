"""The Vocabulary port: names are unique, terms in use stay, and neither needs a search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from coffer.adapters.dynamodb.connection import DYNAMODB
from coffer.adapters.dynamodb.vocabulary.terms import count_uses
from coffer.adapters.dynamodb.vocabulary.vocabulary import DynamoVocabulary
from coffer.domain.errors import (
    RecordChangedError,
    RecordExistsError,
    TermInUseError,
    UnavailableError,
)
from coffer.domain.media_types import DcType
from coffer.domain.vocabulary.edit import Vocabulary
from coffer.domain.vocabulary.terms import (
    ElementType,
    ManagedAttribute,
    ObjectSubtype,
    Term,
    use_of,
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
    """What writing metadata does to the counts."""
    if isinstance(vocabulary, InMemoryVocabulary):
        vocabulary.uses[use_of(term)] += times
        return
    assert isinstance(vocabulary, DynamoVocabulary)
    with TransactWrite(connection=DYNAMODB) as write:
        count_uses(write, {use_of(term): times})


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


def test_those_terms_are_found_that_there_are(vocabulary: Vocabulary) -> None:
    vocabulary.add(attribute())
    vocabulary.add(subtype())
    terms = vocabulary.terms(["sheet_condition", "colour", "", "x" * 2000], {"DRAWING", "drawing"})
    assert terms.attributes == {"sheet_condition": attribute()}
    assert terms.subtypes == {"DRAWING": subtype()}
    nothing = vocabulary.terms([], [])
    assert (nothing.attributes, nothing.subtypes) == ({}, {})


def test_a_name_is_taken_once(vocabulary: Vocabulary) -> None:
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


def test_a_term_of_another_type_is_written_while_nobody_uses_it(vocabulary: Vocabulary) -> None:
    vocabulary.add(subtype())
    other = subtype(dc_type=DcType.TEXT, version=2)
    use(vocabulary, subtype(), 1)
    with pytest.raises(TermInUseError):
        vocabulary.replace(subtype(), other)
    use(vocabulary, subtype(), -1)  # of another share, maybe
    vocabulary.replace(subtype(), other)
    assert vocabulary.get(ObjectSubtype, SUBTYPE) == other
    with pytest.raises(RecordChangedError):
        vocabulary.replace(subtype(), other)


def test_a_tombstone_stays_and_the_name_is_free(vocabulary: Vocabulary) -> None:
    vocabulary.add(attribute())
    vocabulary.replace(attribute(), DELETED)
    assert vocabulary.get(ManagedAttribute, ATTRIBUTE) == DELETED
    assert vocabulary.named(ManagedAttribute, "sheet_condition") is None
    assert vocabulary.all_of(ManagedAttribute) == []
    again = attribute(identifier=identifier(9))
    vocabulary.add(again)
    assert vocabulary.named(ManagedAttribute, "sheet_condition") == again
    use(vocabulary, again, 1)


def test_a_term_that_anybody_uses_is_not_deleted(vocabulary: Vocabulary) -> None:
    vocabulary.add(attribute())
    for _ in range(20):
        use(vocabulary, attribute(), 1)
    with pytest.raises(TermInUseError):
        vocabulary.replace(attribute(), DELETED)
    for _ in range(20):
        use(vocabulary, attribute(), -1)
    vocabulary.replace(attribute(), DELETED)


def test_a_renamed_term_frees_its_name_and_takes_the_other(vocabulary: Vocabulary) -> None:
    vocabulary.add(subtype())
    vocabulary.add(subtype(identifier=identifier(9), ac_subtype="PHOTO"))
    with pytest.raises(RecordExistsError):
        vocabulary.replace(subtype(), subtype(ac_subtype="PHOTO", version=2))
    sketch = subtype(ac_subtype="SKETCH", version=2)
    vocabulary.replace(subtype(), sketch)
    assert vocabulary.named(ObjectSubtype, "DRAWING") is None
    assert vocabulary.named(ObjectSubtype, "SKETCH") == sketch
    vocabulary.add(subtype(identifier=identifier(10)))


class TestUnderWay:
    """On DynamoDB: what is used while its term is being deleted."""

    @pytest.fixture
    def vocabulary(self, stack: object) -> DynamoVocabulary:
        vocabulary = DynamoVocabulary()
        vocabulary.add(attribute())
        return vocabulary

    def interrupt(
        self, monkeypatch: pytest.MonkeyPatch, vocabulary: DynamoVocabulary, act: Callable[[], None]
    ) -> None:
        """Do something after the counts are read, and before the change is written."""
        read = vocabulary._shares

        def shares(term: Term) -> dict[str, int | None]:
            found = read(term)
            act()
            return found

        monkeypatch.setattr(vocabulary, "_shares", shares)

    def test_a_use_that_comes_first_keeps_the_term(
        self, vocabulary: DynamoVocabulary, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        acts = iter([lambda: use(vocabulary, attribute(), 1)])
        self.interrupt(monkeypatch, vocabulary, lambda: next(acts, lambda: None)())
        with pytest.raises(TermInUseError):
            vocabulary.replace(attribute(), DELETED)
        assert vocabulary.named(ManagedAttribute, "sheet_condition") == attribute()

    def test_a_use_that_comes_late_is_refused(self, vocabulary: DynamoVocabulary) -> None:
        vocabulary.replace(attribute(), DELETED)
        with pytest.raises(TransactWriteError):
            use(vocabulary, attribute(), 1)

    def test_a_use_that_ends_is_counted_even_so(self, vocabulary: DynamoVocabulary) -> None:
        use(vocabulary, attribute(), -1)

    def test_ever_new_uses_let_the_deleting_wait(
        self, vocabulary: DynamoVocabulary, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def come_and_go() -> None:
            use(vocabulary, attribute(), 1)
            use(vocabulary, attribute(), -1)

        self.interrupt(monkeypatch, vocabulary, come_and_go)
        with pytest.raises(UnavailableError):
            vocabulary.replace(attribute(), DELETED)

    def test_terms_are_counted_together(self, vocabulary: DynamoVocabulary) -> None:
        vocabulary.add(subtype())
        with TransactWrite(connection=DYNAMODB) as write:
            count_uses(write, {use_of(subtype()): 1, use_of(attribute()): 2})
        for before, after in ((subtype(), subtype(ac_subtype="X")), (attribute(), DELETED)):
            with pytest.raises(TermInUseError):
                vocabulary.replace(before, after)
