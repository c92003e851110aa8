"""AWS's own model of IoT: how an operation is asked for, which names it takes, which status an error has."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import unquote

from optiga.testing.aws.terms import Asked, refuse

_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")
_FOUND = "1 validation error detected"


class Call(NamedTuple):
    """One request.

    :param uri: the values in its path, by AWS's names on the wire.
    """

    service: str
    region: str
    operation: str
    uri: dict[str, str]


class Model:
    """AWS's own description of the service, from botocore."""

    def __init__(self) -> None:
        from botocore.loaders import Loader
        from botocore.model import ServiceModel
        from werkzeug.routing import Map, Rule

        self._loader = Loader()
        self._service = ServiceModel(self._loader.load_service_model("iot", "service-2"), "iot")
        rules = []
        for name in self._service.operation_names:
            http = self._service.operation_model(name).http
            path = re.sub(r"\{(\w+)\}", r"<\1>", re.sub(r"\{(\w+)\+\}", r"<path:\1>", http["requestUri"]))
            rules.append(Rule(path, methods=[http["method"]], endpoint=name))
        self.operations: set[str] = set(self._service.operation_names)
        self._paths = Map(rules, strict_slashes=False, merge_slashes=False).bind("localhost")

    def has(self, operation: str) -> bool:
        """Whether AWS IoT or STS has an operation."""
        return (
            operation in self.operations
            or operation in self._loader.load_service_model("sts", "service-2")["operations"]
        )

    def status(self, code: str) -> int:
        """The status of HTTP that an error of AWS IoT has."""
        return int(self._service.shape_for(code).metadata["error"]["httpStatusCode"])

    def read_call(self, request: Any) -> Call:
        """Whom a request is for, and for what."""
        from werkzeug.exceptions import HTTPException

        scope = _SCOPE.search(request.headers.get("Authorization", ""))
        region, service = scope.groups() if scope else ("", "")
        if service == "iot":
            # The path as it was sent: in the decoded one an ARN's slash looks like the path's own.
            path = request.environ.get("RAW_URI", request.path).partition("?")[0]
            with suppress(HTTPException):
                operation, uri = self._paths.match(path, method=request.method)
                return Call(service, region, operation, {name: unquote(value) for name, value in uri.items()})
        named = re.search(r"(?:^|&)Action=(\w+)", request.get_data(as_text=True))
        return Call(service, region, named.group(1) if named else request.path, {})

    def read_asked(self, call: Call, request: Any) -> Asked:
        """What an operation is asked with.

        :raises AwsError: if AWS would not take a name or a length.
        """
        if call.operation not in self._service.operation_names:
            return {}
        body = _read_body(request.get_data())
        places: dict[str, Any] = {"uri": call.uri, "querystring": request.args, "header": request.headers}
        asked: Asked = {}
        shape: Any = self._service.operation_model(call.operation).input_shape
        for name, member in shape.members.items():
            place = places.get(member.serialization.get("location"), body)
            wire = member.serialization.get("name", name)
            if wire in place:
                asked[name] = _typed(place[wire], member.type_name, name)
        for name in shape.required_members:
            if name not in asked:
                refuse(f"{_FOUND}: Value null at '{name}' failed to satisfy constraint: Member must not be null")
        self.check(call.operation, asked)
        return asked

    def check(self, operation: str, asked: Asked) -> None:
        """Hold what an operation is asked with against AWS's rules for names and lengths.

        :raises AwsError: if it breaks one.
        """
        self._check(self._service.operation_model(operation).input_shape, asked, "")

    def _check(self, shape: Any, value: Any, name: str) -> None:
        if shape.type_name == "structure":
            for inner in shape.members.keys() & value.keys():
                self._check(shape.members[inner], value[inner], inner)
        elif shape.type_name == "map":
            for key, inner in value.items():
                self._check(shape.key, key, name)
                self._check(shape.value, inner, name)
        elif shape.type_name == "string":
            _check_string(shape.metadata, value, name)


def _read_body(body: bytes) -> Asked:
    try:
        read = json.loads(body or b"{}")
    except ValueError:
        read = None
    if not isinstance(read, dict):
        refuse("The body of the request is not a JSON object")
    return read


def _typed(value: Any, kind: str, name: str) -> Any:
    if isinstance(value, str) and kind == "boolean":
        return value == "true"
    if kind != "integer":
        return value
    try:
        return int(value)
    except (TypeError, ValueError):
        refuse(f"{_FOUND}: Value '{value}' at '{name}' is not a number")


def _check_string(rules: dict[str, Any], value: str, name: str) -> None:
    broken = ""
    if len(value) < rules.get("min", 0):
        broken = f"have length greater than or equal to {rules['min']}"
    elif len(value) > rules.get("max", len(value)):
        broken = f"have length less than or equal to {rules['max']}"
    elif "enum" in rules and value not in rules["enum"]:
        broken = f"satisfy enum value set: [{', '.join(rules['enum'])}]"
    else:
        pattern = rules.get("pattern", "")
        # Python's re has no classes like Java's \p{Graph}; they only stand in descriptions.
        if pattern and r"\p" not in pattern and not re.fullmatch(pattern, value, re.ASCII):
            broken = f"satisfy regular expression pattern: {pattern}"
    if broken:
        refuse(f"{_FOUND}: Value '{value}' at '{name}' failed to satisfy constraint: Member must {broken}")
