"""Resolve CloudFormation's intrinsic functions in a translated template."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local.template.source import Template, TemplateError

NO_VALUE = object()
"""The value of `AWS::NoValue`: the property or list item that has it is removed."""

_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
_SUPPORTED = (
    "Ref", "Condition", "Fn::GetAtt", "Fn::Sub", "Fn::If", "Fn::Equals", "Fn::Not", "Fn::And",
    "Fn::Or", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::FindInMap", "Fn::Base64",
)  # fmt: skip

Reference = Callable[[str], Any]
Attribute = Callable[[str, str], Any]


class UnsupportedIntrinsicError(TemplateError):
    """The intrinsic function is not supported, or its arguments are not valid."""


class Resolver:
    """Resolves the values of one template.

    `reference(logical_id)` returns the value of a Ref to a resource, and
    `attribute(logical_id, name)` that of a GetAtt. Both raise `TemplateError`.
    """

    def __init__(
        self,
        template: Template,
        pseudo_parameters: Mapping[str, str],
        reference: Reference,
        attribute: Attribute,
    ) -> None:
        self._template = template
        self._pseudo = pseudo_parameters
        self._reference = reference
        self._attribute = attribute

    def resolve(self, value: Any) -> Any:
        """Return the value with every intrinsic function in it replaced by its value."""
        if isinstance(value, dict):
            if len(value) == 1:
                name, argument = next(iter(value.items()))
                if name == "Ref" or name.startswith("Fn::"):
                    return self._call(name, argument)
                if name == "Condition" and isinstance(argument, str):
                    return self.condition(argument)
            resolved = {key: self.resolve(item) for key, item in value.items()}
            return {key: item for key, item in resolved.items() if item is not NO_VALUE}
        if isinstance(value, list):
            items = [self.resolve(item) for item in value]
            return [item for item in items if item is not NO_VALUE]
        return value

    def condition(self, name: str) -> bool:
        """Return the value of a named condition of the template."""
        if name not in self._template.conditions:
            raise TemplateError(f"there is no condition {name}")
        return self._truth(self._template.conditions[name])

    def _truth(self, value: Any) -> bool:
        result = self.resolve(value)
        if isinstance(result, bool):
            return result
        if result in ("true", "false"):
            return bool(result == "true")
        raise UnsupportedIntrinsicError(f"neither true nor false: {value!r}")

    def _call(self, name: str, argument: Any) -> Any:
        if name not in _SUPPORTED:
            raise UnsupportedIntrinsicError(f"the intrinsic {name} is not supported here")
        method = getattr(self, "_" + name.removeprefix("Fn::").lower())
        try:
            return method(argument)
        except (TypeError, ValueError, IndexError, KeyError) as error:
            raise UnsupportedIntrinsicError(f"{name} of {argument!r}: {error}") from error

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._template.parameters:
            return self._template.parameters[name]
        return self._reference(name)

    def _getatt(self, argument: Any) -> Any:
        logical_id, name = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._attribute(logical_id, self.resolve(name))

    def _sub(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})
        values = {name: self.resolve(value) for name, value in own.items()}

        def replace(match: re.Match[str]) -> str:
            name = match.group(1)
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in values:
                return str(values[name])
            if "." in name:
                return str(self._getatt(name))
            return str(self._ref(name))

        return _PLACEHOLDER.sub(replace, text)

    def _if(self, argument: Any) -> Any:
        name, then, otherwise = argument
        return self.resolve(then if self.condition(name) else otherwise)

    def _equals(self, argument: Any) -> bool:
        left, right = (self.resolve(side) for side in argument)
        return str(left) == str(right)

    def _not(self, argument: Any) -> bool:
        (only,) = argument
        return not self._truth(only)

    def _and(self, argument: Any) -> bool:
        return all(self._truth(one) for one in argument)

    def _or(self, argument: Any) -> bool:
        return any(self._truth(one) for one in argument)

    def _join(self, argument: Any) -> str:
        separator, parts = argument
        return str(separator).join(str(part) for part in self.resolve(parts))

    def _select(self, argument: Any) -> Any:
        index, parts = argument
        return self.resolve(parts)[int(self.resolve(index))]

    def _split(self, argument: Any) -> list[str]:
        separator, text = argument
        return str(self.resolve(text)).split(separator)

    def _findinmap(self, argument: Any) -> Any:
        name, first, second = (self.resolve(part) for part in argument)
        return self._template.mappings[name][str(first)][str(second)]

    def _base64(self, argument: Any) -> str:
        from base64 import b64encode

        return b64encode(str(self.resolve(argument)).encode()).decode()
