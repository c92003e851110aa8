"""AWS IoT's provisioning templates: parameters, references, resources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from optiga.testing.aws.terms import read_json, refuse


@dataclass
class Resource:
    """A resource of a template.

    :param name: its logical name.
    """

    name: str
    properties: dict[str, Any]
    overrides: dict[str, str] = field(default_factory=dict)

    def needs(self, key: str) -> str:
        """A property that must be there.

        :raises AwsError: if it is not.
        """
        if not isinstance(self.properties.get(key), str):
            refuse(f"Resource {self.name} has no {key}")
        return str(self.properties[key])

    def replaces(self, key: str, there: object, wanted: object, *, unsaid: str = "DO_NOTHING") -> bool:
        """Whether what is there already gives way to what the template says.

        :raises AwsError: if the template wants that to fail.
        """
        override = self.overrides.get(key, unsaid)
        if override == "FAIL" and there != wanted:
            refuse(f"Resource {self.name} exists with another {key}", "ConflictingResourceUpdateException")
        return override in ("REPLACE", "MERGE")


class Template:
    """A provisioning template.

    :param parameters: their values, those of the pseudo parameters included.
    :raises AwsError: if it is no template.
    """

    def __init__(self, body: str, parameters: dict[str, str]) -> None:
        self._body = read_json(body, "templateBody")
        declared = self._body.get("Parameters", {})
        defaults = {name: one["Default"] for name, one in declared.items() if "Default" in one}
        self._values = {**defaults, **parameters}
        if not isinstance(self._body.get("Resources"), dict):
            refuse("The template has no Resources")

    def resources(self, kind: str) -> Iterator[Resource]:
        """The resources of a type, with values for references.

        :raises AwsError: if a value is missing.
        """
        for name, resource in self._body["Resources"].items():
            if resource.get("Type") == kind:
                properties = self._resolve(resource.get("Properties", {}))
                yield Resource(name, properties, resource.get("OverrideSettings", {}))

    def _resolve(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._resolve(inner) for inner in node]
        if not isinstance(node, dict):
            return node
        if node.keys() == {"Ref"}:
            if node["Ref"] not in self._values:
                refuse(f"Parameter {node['Ref']} has no value")
            return self._values[node["Ref"]]
        if node.keys() == {"Fn::Join"}:
            separator, parts = node["Fn::Join"]
            return separator.join(self._resolve(parts))
        for key in node:
            if key.startswith("Fn::"):
                refuse(f"{key} is not supported")
        return {key: self._resolve(inner) for key, inner in node.items()}
