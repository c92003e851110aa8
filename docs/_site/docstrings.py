"""Docstrings as griffe, which reads them for the site, needs them."""

from __future__ import annotations

import re
from typing import Any

from griffe import (
    Attribute,
    Class,
    Expr,
    ExprCall,
    ExprKeyword,
    Extension,
    Function,
    Object,
    Parameter,
    ParameterKind,
    Parameters,
)

_ROLE = re.compile(r":\w+:`~?([^`]+)`")


class Docstrings(Extension):
    """Makes plain names of what Sphinx would link, and gives named tuples and values their fields as parameters."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(r"`\1`", obj.docstring.value)

    def on_class_members(self, *, cls: Class, **_: Any) -> None:
        """Add the ``__init__`` that a dataclass would have: else griffe warns of fields that a docstring names."""
        is_frozen = "frozen" in (str(decorator.value) for decorator in cls.decorators)
        if not (is_frozen or "NamedTuple" in map(str, cls.bases)) or "__init__" in cls.members:
            return
        fields = [each for each in cls.members.values() if isinstance(each, Attribute) and each.annotation is not None]
        parameters = [
            Parameter(
                field.name,
                annotation=field.annotation,
                kind=ParameterKind.positional_or_keyword,
                default=_default_of(field.value),
            )
            for field in fields
            if "property" not in field.labels and not (is_frozen and field.labels == {"class-attribute"})
        ]
        made = Function("__init__", parameters=Parameters(*parameters), returns="None", parent=cls)
        cls.set_member("__init__", made)
        if is_frozen:
            cls.labels.add("dataclass")


def _default_of(value: str | Expr | None) -> str | Expr | None:
    """The default of a field, which ``field(...)`` has among its arguments, if it has one."""
    if not isinstance(value, ExprCall) or str(value.function) != "field":
        return value
    given = {each.name: each.value for each in value.arguments if isinstance(each, ExprKeyword)}
    factory = given.get("default_factory")
    return given.get("default") if factory is None else f"{factory}()"
