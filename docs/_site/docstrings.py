"""Docstrings as griffe, which reads them for the site, needs them."""

from __future__ import annotations

import re
from typing import Any

from griffe import Attribute, Class, Extension, Function, Object, Parameter, ParameterKind, Parameters

_ROLE = re.compile(r":\w+:`~?([^`]+)`")


class Docstrings(Extension):
    """Makes plain names of what Sphinx would link, and gives a ``NamedTuple`` its fields as parameters."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(r"`\1`", obj.docstring.value)

    def on_class_members(self, *, cls: Class, **_: Any) -> None:
        """Add the ``__init__`` that a dataclass would have: else griffe warns of fields that a docstring names."""
        if "NamedTuple" not in map(str, cls.bases) or "__init__" in cls.members:
            return
        fields = [each for each in cls.members.values() if isinstance(each, Attribute) and each.annotation is not None]
        parameters = [
            Parameter(
                field.name,
                annotation=field.annotation,
                kind=ParameterKind.positional_or_keyword,
                default=field.value,
            )
            for field in fields
            if "property" not in field.labels
        ]
        made = Function("__init__", parameters=Parameters(*parameters), returns="None", parent=cls)
        cls.set_member("__init__", made)
