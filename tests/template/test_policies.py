"""Every policy of the stack against AWS's Service Authorization Reference.

The reference's data comes with policy_sentry. IAM ignores a condition whose key an action does not
have: the statement then never applies (or, with `IfExists`, always), and no deployment fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import pytest
from policy_sentry.querying.actions import get_action_data

from tests.template.template_file import translated

# Types of resources that contain policies, and the properties with the policy documents.
RESOURCE_POLICIES = {
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::Events::EventBusPolicy": "Statement",
}


class Use(NamedTuple):
    """One action in one statement, with the statement's conditions."""

    resource: str
    statement: str
    action: str
    target: Any
    conditions: Mapping[str, Mapping[str, Any]]

    def __str__(self) -> str:
        return f"{self.resource}-{self.statement}-{self.action}"


def uses() -> Iterator[Use]:
    """Return every action of every policy in the translated template."""
    for name, resource in translated().resources.items():
        properties = resource.get("Properties", {})
        for document in documents(resource["Type"], properties):
            for statement in map(unconditional, as_list(document["Statement"])):
                for action in as_list(statement["Action"]):
                    conditions = statement.get("Condition", {})
                    target = statement.get("Resource")
                    yield Use(name, statement.get("Sid", ""), action, target, conditions)


def documents(kind: str, properties: Mapping[str, Any]) -> list[Any]:
    """Return the policy documents of a resource."""
    if kind == "AWS::IAM::Role":
        inline = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        return [properties["AssumeRolePolicyDocument"], *inline]
    if kind in RESOURCE_POLICIES:
        document = properties[RESOURCE_POLICIES[kind]]
        return [document if "Statement" in document else {"Statement": document}]
    return []


def unconditional(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a statement, also one that only some deployments have (`Fn::If`)."""
    return statement["Fn::If"][1] if "Fn::If" in statement else statement


def as_list(value: Any) -> list[Any]:
    """Return a list, also of a single value."""
    return value if isinstance(value, list) else [value]


@cache
def condition_keys(action: str) -> frozenset[str] | None:
    """Return the condition keys that AWS documents for an action; None for an unknown action."""
    service, _, name = action.partition(":")
    data = get_action_data(service, name)
    if not data:
        return None
    return frozenset(key.lower() for entry in data[service] for key in entry["condition_keys"])


USES = sorted(set(map(str, uses())))
BY_ID = {str(use): use for use in uses()}


def test_policies_were_found() -> None:
    assert len(USES) > 200


@pytest.mark.parametrize("use", USES)
def test_a_condition_uses_keys_that_its_action_has(use: str) -> None:
    action, conditions = BY_ID[use].action, BY_ID[use].conditions
    if "*" in action:
        pytest.fail("a wildcard hides which calls are allowed") if action != "s3:*" else None
        return
    documented = condition_keys(action)
    assert documented is not None, "AWS documents no such action"
    used = {key.lower() for pairs in conditions.values() for key in pairs}
    assert {key for key in used if not key.startswith("aws:")} <= documented


LISTS = [
    name
    for name, use in BY_ID.items()
    if use.action == "s3:ListBucket" and "ObjectBucket" in str(use.target)
]


@pytest.mark.parametrize("use", LISTS)
def test_a_list_names_a_prefix(use: str) -> None:
    """`StringLikeIfExists` would also allow a list of the whole bucket, which has no prefix.

    The rawstore's keys have no common prefix, because their pattern is a parameter.
    """
    assert [*BY_ID[use].conditions] == ["StringLike"]
    assert [*BY_ID[use].conditions["StringLike"]] == ["s3:prefix"]


def read_prefixes(role: str) -> set[str]:
    """Return the patterns of the keys of the object store that a role may read."""
    return {
        target["Fn::Sub"].removeprefix("${ObjectBucket.Arn}/")
        for use in BY_ID.values()
        if use.resource == role and use.action == "s3:GetObject"
        for target in as_list(use.target)
        if "ObjectBucket" in str(target)
    }


def listed_prefixes(role: str) -> set[str]:
    """Return the patterns of the prefixes of the object store that a role may list."""
    return {
        prefix
        for name in LISTS
        if BY_ID[name].resource == role
        for prefix in as_list(BY_ID[name].conditions["StringLike"]["s3:prefix"])
    }


@pytest.mark.parametrize("role", sorted({BY_ID[name].resource for name in LISTS}))
def test_a_role_that_reads_objects_can_find_out_which_are_missing(role: str) -> None:
    assert read_prefixes(role) <= listed_prefixes(role)
