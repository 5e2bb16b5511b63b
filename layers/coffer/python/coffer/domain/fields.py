"""Define the fields of attribute tables, their types, and who may set them.

Each feature has its tables (`coffer.domain.metadata.fields` and its siblings). Request
parsing, validation, responses, audit snapshots, list filters and the OpenAPI schemas read them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from typing import Any

from coffer.domain.clock import to_text
from coffer.domain.errors import Problem
from coffer.domain.media_types import is_header_value

ATTRIBUTES = "/data/attributes"
RELATIONSHIPS = "/data/relationships"

MAX_RECORD_BYTES = 350_000
"""Bytes of a record's attributes as JSON in UTF-8.

A DynamoDB item has at most 400 KB, with the names of its attributes and its index keys (DynamoDB
Developer Guide, "Quotas"). The limits on single attributes count characters. A character has up to
4 bytes in UTF-8, and a control character has 6 in JSON. What is left of the 400 KB is for index
keys, names of users and times.
"""
_NAMED_ATTRIBUTES = 3

NO_MARKUP_PATTERN = "^([^<]|<(?![A-Za-z/!?]))*$"
"""JSON Schema pattern of text without markup."""
HEADER_PATTERN = "^([ -;=-~]|<(?![A-Za-z/!?]))*$"
"""The same of text that a header can hold."""
_TAG_OPENERS = frozenset("/!?abcdefghijklmnopqrstuvwxyz")

Choices = type[StrEnum] | tuple[str, ...]


class FieldType(StrEnum):
    """Types of values, as JSON documents hold them."""

    TEXT = "text"
    URL = "url"
    BUCKET = "bucket"  # text that is compared without case
    IDENTIFIER = "identifier"  # a UUID
    CHOICE = "choice"  # one value of an enumeration
    TIME = "time"  # ISO 8601 with an offset
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TEXTS = "texts"  # a list of texts
    IDENTIFIERS = "identifiers"  # a list of UUIDs
    TEXT_MAP = "text_map"  # an object with arbitrary names and text values
    OBJECT = "object"  # an object with the members of the field
    OBJECTS = "objects"  # a list of such objects
    DESCRIPTIONS = "descriptions"  # a text in several languages


_EMPTY: Mapping[FieldType, Any] = {
    FieldType.TEXTS: (),
    FieldType.TEXT_MAP: {},
    FieldType.DESCRIPTIONS: (),
}
"""Empty values of types that have one."""


@dataclass(frozen=True)
class Field:
    """One row of an attribute table."""

    name: str
    """Name in JSON documents."""
    attribute: str
    """Member of the record. A dot leads into an object, which may be None; empty: the record."""
    type: FieldType
    _: KW_ONLY
    doc: str = ""
    """Meaning of the value in responses, for the OpenAPI document."""
    request_doc: str = ""
    """Meaning of the value in request bodies, if it differs from `doc`."""
    writable: bool = False
    """Callers may set it. If not, a value in a request is accepted and ignored."""
    create_only: bool = False
    """A value in a request that changes the record is ignored."""
    required: bool = False
    """A request that creates the record must have it."""
    nullable: bool = False
    """The record may be without a value. Responses then have null, and a change may clear it."""
    resettable: bool = False
    """A change may clear it although the record needs one: the server then chooses a value."""
    omit_empty: bool = False
    """Responses leave out an empty value instead of showing null."""
    sortable: bool = False
    """Lists can be sorted by it, because the table has an index for it."""
    min_length: int = 0
    max_length: int | None = None
    """Characters of a text, or of each text in a list."""
    max_items: int | None = None
    """Texts in a list, or names in a map."""
    minimum: int | None = None
    maximum: int | None = None
    choices: Choices | None = None
    shown_choices: tuple[StrEnum, ...] = ()
    """The choices that responses can have, if they are fewer than `choices`."""
    pattern: str = ""
    """JSON Schema pattern of the text in responses."""
    is_header: bool = False
    """Downloads have it as a header, so it is printable ASCII."""
    request_pattern: str = ""
    """JSON Schema pattern of the text in requests, if more than markup is refused."""
    examples: tuple[str, ...] = ()
    """Examples of the value; of an item, if `item_doc` is set."""
    item_doc: str = ""
    """Meaning of one text of a list or map."""
    members: tuple[Field, ...] = ()
    """Members of the object, or of each object in the list."""

    @property
    def words(self) -> tuple[str, ...]:
        """The values of a choice."""
        return tuple(map(str, self.choices or ()))

    @property
    def is_clearable(self) -> bool:
        """True if a change may set it to null. A list or map is then empty."""
        has_empty_value = self.nullable or self.resettable or self.type in _EMPTY
        return has_empty_value and not self.required

    @property
    def empty_value(self) -> Any:
        """Value of the record after a change cleared the field."""
        return None if self.nullable else _EMPTY.get(self.type)

    @cached_property
    def read(self) -> Callable[[object], Any]:
        """Function that returns the value of a record, as JSON holds it."""
        read = _reader(self.attribute)
        convert = _CONVERTERS.get(self.type)
        if self.members:
            is_list = self.type is FieldType.OBJECTS
            convert = self._members_of_each if is_list else self._members_of
        return read if convert is None else _unless_none(read, convert)

    def _members_of(self, value: object) -> dict[str, Any]:
        return {member.name: member.read(value) for member in self.members}

    def _members_of_each(self, values: Iterable[object]) -> list[dict[str, Any]]:
        return [self._members_of(value) for value in values]


class GivenValues(dict[str, Any]):
    """The values of a request by the attributes of the record.

    `problems` are those of the values that cannot be parsed and are left out. `ValidationErrors`
    raises them together with the problems that the rules find. `identifier` is the UUID that the
    client chose for a new record.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        problems: Sequence[Problem] = (),
        identifier: str | None = None,
    ) -> None:
        super().__init__(values)
        self.problems = tuple(problems)
        self.identifier = identifier


@dataclass(frozen=True, kw_only=True)
class Relationship:
    """One relationship of a record to other resources."""

    name: str
    attribute: str = ""
    """Member of the record that has the other resource's id; empty if there can be many."""
    target: str
    """Type of the other resource."""
    is_many: bool = False
    is_external: bool = False
    """Another service has the other resource. Responses always show the relationship."""
    writable: bool = True
    required: bool = False
    doc: str
    request_doc: str = ""


@dataclass(frozen=True)
class RecordFields:
    """The attribute table of one kind of record, and its relationships."""

    type: str
    """Type of the JSON:API resource."""
    attributes: tuple[Field, ...]
    _: KW_ONLY
    identifier: str = "identifier"
    """Member of the record that has its id."""
    relationships: tuple[Relationship, ...] = ()
    ignores_relationships: bool = False
    """Requests may have any relationships, which are ignored."""
    ignored: frozenset[str] = frozenset()
    """Names that are accepted and ignored in requests although responses do not have them."""

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The attributes by their names in documents."""
        return {field.name: field for field in self.attributes}

    @cached_property
    def relationship(self) -> Mapping[str, Relationship]:
        """The relationships by name."""
        return {one.name: one for one in self.relationships}

    @cached_property
    def writable(self) -> tuple[Field, ...]:
        """The attributes that callers may set."""
        return tuple(field for field in self.attributes if field.writable)

    @cached_property
    def set_by_server(self) -> frozenset[str]:
        """Names of attributes that requests may have and that are ignored there."""
        return self.ignored | {field.name for field in self.attributes if not field.writable}

    def find(self, path: str) -> Field | None:
        """Return the field that a filter names, or None.

        `path` is `id`, the name of an attribute, of an attribute's member after a dot, or of a
        relationship followed by `.id`. An object as a whole cannot be compared.
        """
        if path == "id":
            return _ID
        name, _, member = path.partition(".")
        relationship = self.relationship.get(name)
        if relationship is not None:
            return _ID if member == "id" and not relationship.is_many else None
        field = self.by_name.get(name)
        if field is None:
            return None
        if not member:
            return None if field.type in (FieldType.OBJECT, FieldType.TEXT_MAP) else field
        if field.type is FieldType.TEXT_MAP:
            return _MAP_VALUE
        return next((one for one in field.members if one.name == member), None)

    def replacements(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the new values of a record, with an empty value in place of None.

        A None is left out if the record needs a value; `missing_problems` reports it.
        """
        empty = {one.attribute: None for one in self.relationships if not one.required}
        empty |= {one.attribute: one.empty_value for one in self.writable if one.is_clearable}
        return {
            attribute: empty[attribute] if value is None else value
            for attribute, value in changes.items()
            if value is not None or attribute in empty
        }

    def present(self, record: object) -> dict[str, Any]:
        """Return the attributes of a record by their names, ready for JSON."""
        return {
            field.name: value
            for field in self.attributes
            if (value := field.read(record)) or not field.omit_empty
        }


_ID = Field("id", "", FieldType.IDENTIFIER)
_MAP_VALUE = Field("", "", FieldType.TEXT)

_CONVERTERS: Mapping[FieldType, Callable[[Any], Any]] = {
    FieldType.CHOICE: str,
    FieldType.TIME: to_text,
    FieldType.TEXTS: list,
    FieldType.TEXT_MAP: dict,
    FieldType.DESCRIPTIONS: lambda descriptions: {
        "descriptions": [{"lang": one.lang, "desc": one.desc} for one in descriptions]
    },
}


def _reader(path: str) -> Callable[[object], Any]:
    """Return a function that reads the attribute at a dotted path; None where an object is None."""
    if not path:
        return lambda record: record
    name, _, rest = path.partition(".")
    return _unless_none(attrgetter(name), attrgetter(rest)) if rest else attrgetter(name)


def _unless_none(
    read: Callable[[object], Any], convert: Callable[[Any], Any]
) -> Callable[[object], Any]:
    return lambda record: None if (value := read(record)) is None else convert(value)


def limit_problems(fields: Iterable[Field], values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each value that is too long or out of its range.

    `values` are by the attributes of the record. Fields without a value are skipped.
    """
    for field in fields:
        value = values.get(field.attribute)
        if value is not None:
            yield from _limit_problems(field, value)


def missing_problems(fields: Iterable[Field], values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each value that is empty or None although the record needs one.

    `values` are by the attributes of the record. Attributes that are not in it are skipped.
    """
    for field in fields:
        is_missing = field.attribute in values and values[field.attribute] in (None, "")
        if is_missing and not field.is_clearable:
            rule = "must not be blank" if field.type is FieldType.TEXT else "must not be null"
            yield violation(field.name, rule)


def has_markup(text: str) -> bool:
    """True if a careless web page that shows the text would execute markup in it.

    The reference refuses "any string value that looks like HTML". In metadata it tolerates the
    stray angle brackets that optical character recognition leaves (`HS Jackson&LT White`,
    `Antrodia vaillantii <-`). A tag is what an HTML parser takes for one: `<` followed by a letter,
    `/`, `!` or `?` (WHATWG HTML, 13.2.5.6, "Tag open state").
    """
    return any(rest[:1].lower() in _TAG_OPENERS for rest in text.split("<")[1:] if rest)


def violation(name: str, rule: str) -> Problem:
    """Return the problem of an attribute that breaks a rule."""
    return Problem("constraint_violation", f"{name} {rule}", pointer=f"{ATTRIBUTES}/{name}")


def _limit_problems(field: Field, value: Any) -> Iterator[Problem]:
    longest = field.max_length
    match value:
        case str() if field.is_header and not is_header_value(value):
            yield violation(field.name, "must be printable ASCII, as a header of downloads")
        case str() if longest is not None and len(value) > longest:
            yield violation(field.name, f"size must be between {field.min_length} and {longest}")
        case tuple() if field.type is FieldType.TEXTS:
            if field.max_items is not None and len(value) > field.max_items:
                yield violation(field.name, f"takes at most {field.max_items} values")
            if longest is not None and any(len(item) > longest for item in value):
                yield violation(field.name, f"takes values of at most {longest} characters")
        case int() if field.minimum is not None and field.maximum is not None:
            if not field.minimum <= value <= field.maximum:
                rule = f"must be between {field.minimum} and {field.maximum}"
                yield violation(field.name, rule)


def compact_json(value: Any) -> str:
    """Return the value as JSON without spaces and without ASCII escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_bytes(value: Any) -> int:
    """Return the size of the value as JSON in UTF-8."""
    return len(compact_json(value).encode())


def size_problems(attributes: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem if a record with these attributes is too large; it names the largest ones."""
    size = json_bytes(attributes)
    if size <= MAX_RECORD_BYTES:
        return
    sizes = sorted(((json_bytes(value), name) for name, value in attributes.items()), reverse=True)
    largest = ", ".join(f"{name} {one} bytes" for one, name in sizes[:_NAMED_ATTRIBUTES])
    yield Problem(
        "record_too_large",
        f"The record has {size} bytes as JSON in UTF-8; at most {MAX_RECORD_BYTES} are allowed. "
        f"Shorten its largest attributes: {largest}.",
        pointer=ATTRIBUTES,
    )
