"""Shows griffe, which reads the docstrings, the parameters of a ``NamedTuple``: its fields, as a dataclass has them."""

from __future__ import annotations

from typing import Any

from griffe import Attribute, Class, Extension, Function, Parameter, ParameterKind, Parameters


class NamedTuples(Extension):
    """Gives each of them the ``__init__`` that it would have if it were a dataclass."""

    def on_class_members(self, *, cls: Class, **_: Any) -> None:
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
