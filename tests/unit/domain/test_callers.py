"""Roles and their hierarchy (as in object-store-api 1.31)."""

from __future__ import annotations

import pytest

from coffer.domain.callers import Caller, Role
from coffer.domain.errors import ForbiddenError
from tests.fakes.records import ADMIN, caller

STRONGEST_FIRST = [
    Role.DINA_ADMIN,
    Role.SUPER_USER,
    Role.USER,
    Role.GUEST,
    Role.READ_ONLY_ADMIN,
    Role.READ_ONLY,
]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("super-user", Role.SUPER_USER),
        ("SUPER_USER", Role.SUPER_USER),
        ("Super User", Role.SUPER_USER),
        ("dina-admin", Role.DINA_ADMIN),
        ("read-only-admin", Role.READ_ONLY_ADMIN),
        ("read-only", Role.READ_ONLY),
        ("user", Role.USER),
        ("guest", Role.GUEST),
        ("owner", None),
        ("user2", None),
        # The upper case of these letters is a letter of ASCII.
        ("gue\u017ft", None),
        ("super-user\u0131", None),
        ("d\u0131na-adm\u0131n", None),
        ("user\xa0", None),
        ("", None),
    ],
)
def test_a_role_is_parsed_without_case_and_punctuation(text: str, role: Role | None) -> None:
    assert Role.parse(text) is role


@pytest.mark.parametrize("held", STRONGEST_FIRST)
@pytest.mark.parametrize("needed", STRONGEST_FIRST)
def test_a_role_includes_all_weaker_ones(held: Role, needed: Role) -> None:
    strong_enough = STRONGEST_FIRST.index(held) <= STRONGEST_FIRST.index(needed)
    assert caller(held).has_role(needed, "aafc") is strong_enough


def test_a_role_counts_in_its_group_only() -> None:
    assert not caller(Role.SUPER_USER, "aafc").has_role(Role.READ_ONLY, "cnc")


def test_the_strongest_of_several_roles_counts() -> None:
    both = Caller(username="bob", groups={"aafc": frozenset({Role.READ_ONLY, Role.USER})})
    assert both.has_role(Role.GUEST, "aafc")


def test_a_member_without_a_role_has_no_rights() -> None:
    assert not caller(None).may_read("aafc")


def test_groups_compare_without_case_and_space() -> None:
    assert caller(Role.USER, "aafc").has_role(Role.USER, " AAFC ")


def test_the_realms_admin_has_all_rights() -> None:
    assert ADMIN.is_admin
    assert all(ADMIN.has_role(role, "anything") for role in Role)


def test_a_groups_admin_is_not_the_realms() -> None:
    assert not caller(Role.DINA_ADMIN).is_admin


def test_the_realms_read_only_admin_has_no_role_in_a_group() -> None:
    service = Caller(username="indexer", realm_roles=frozenset({Role.READ_ONLY_ADMIN}))
    assert not service.may_read("aafc")


def test_the_error_names_the_missing_role() -> None:
    with pytest.raises(ForbiddenError, match="alice needs the role USER") as refusal:
        caller(Role.GUEST).require_role(Role.USER, "aafc")
    assert refusal.value.problems[0].code == "role_required"
    caller(Role.USER).require_role(Role.USER, "aafc")


@pytest.mark.parametrize("lookalike", ["\u212aew", "kew\xa0", "\u3000kew", "\x1fkew", "kew\n"])
def test_a_group_is_not_one_that_only_looks_like_it(lookalike: str) -> None:
    assert not caller(Role.USER, "kew").has_role(Role.USER, lookalike)
    assert caller(Role.USER, "kew").has_role(Role.USER, "KEW")


def test_a_refusal_names_the_group_to_its_members_only() -> None:
    with pytest.raises(ForbiddenError, match="in the group 'aafc'"):
        caller(Role.GUEST).require_role(Role.USER, "aafc")
    with pytest.raises(ForbiddenError) as refusal:
        caller(Role.SUPER_USER, "cnc").require_role(Role.GUEST, "aafc")
    assert "aafc" not in refusal.value.problems[0].detail


@pytest.mark.parametrize(
    ("created_by", "subject", "owns"),
    [
        ("alice", None, True),
        ("alice", "s1", True),
        ("former name", "s1", True),
        ("alice", "s2", False),
        ("bob", None, False),
    ],
)
def test_a_record_belongs_to_the_subject_or_to_the_name_without_one(
    created_by: str, subject: str | None, owns: bool
) -> None:
    assert caller(Role.USER, "aafc", subject="s1").owns(created_by, subject) is owns


def test_a_caller_without_a_subject_owns_by_name() -> None:
    assert caller(Role.USER, "aafc").owns("alice", "s2")
    assert not caller(Role.USER, "aafc").owns("bob", "s2")
