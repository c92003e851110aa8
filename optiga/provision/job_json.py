"""A job as JSON, and back. It is read as strictly as a configuration: every mistake has its line and path.

::

    {"version": 1, "slot": "second", "certificate": "0xE0E1", "issuer": {"kind": "aws"}, "configuration": {…}, …}
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from optiga.arguments import takes
from optiga.cloud.aws.connection import AwsOptions
from optiga.errors import ConfigurationError, OptigaError
from optiga.files.json_lines import parse_json
from optiga.files.problems import Problem, Section, describe_kind, describe_path, raise_problems
from optiga.identity.configuration import Configuration, read_configuration
from optiga.identity.csr_config import write_aws_iot
from optiga.protocol.objects import SLOTS, format_oid, parse_oid, suggest_slot
from optiga.provision.job import Job
from optiga.provision.outputs import OutputLayout
from optiga.provision.renewal import format_moment, parse_moment
from optiga.provision.specs import AwsIssuerSpec, CaIssuerSpec, IssuerSpec, OwnCertificate, ThingSpec, TrustSpec

VERSION = 1
"""Of the form that is written, and the only one that is read."""
_ISSUERS: dict[str, type[IssuerSpec]] = {"aws": AwsIssuerSpec, "ca": CaIssuerSpec, "own": OwnCertificate}
_MEMBERS = ("version", "slot", "certificate", "issuer", "configuration", "thing", "aws", "outputs", "trust", "renew")
_OPTIONAL = ("issued_before", "expires_within")
"""Not in jobs of earlier versions, nor in those that have none."""
_MAY_BE_NULL = ("configuration", "thing", "aws", "trust", *_OPTIONAL)
_LONGEST_NUMBER = 1 << 53
"""Every integer below is one in every reader of JSON."""

T = TypeVar("T")
Reader = Callable[[Section], Any]


@takes
def encode_job(job: Job) -> str:
    """Encode a job as JSON text, for :func:`decode_job`."""
    issuer: dict[str, Any] = {"kind": next(kind for kind, one in _ISSUERS.items() if one is type(job.issuer))}
    document = {
        "version": VERSION,
        "slot": job.slot.name,
        "certificate": format_oid(job.certificate_oid),
        "issuer": {**issuer, **_encode(job.issuer)},
        "configuration": None if job.configuration is None else _encode_configuration(job.configuration),
        "thing": None if job.thing is None else _encode(job.thing),
        "aws": None if job.aws is None else _encode(job.aws),
        "outputs": _encode(job.outputs),
        "trust": None if job.trust is None else _encode(job.trust),
        "renew": job.renew,
    }
    if job.issued_before is not None:
        document["issued_before"] = format_moment(job.issued_before)
    if job.expires_within is not None:
        document["expires_within"] = job.expires_within
    return json.dumps(document, indent=4) + "\n"


@takes
def decode_job(text: str, name: str = "job") -> Job:
    """Decode a job from JSON text.

    :param name: name of the text in messages, usually the path of its file.
    :raises ConfigurationError: with every mistake, the first as the message, the others as ``problems``: members that
        are missing, unknown, duplicate or contradictory, and values of a wrong type.
    """
    document = parse_json(text, name)
    problems = [
        Problem(line, f"{name}:{line}: {describe_path(path)}: is given twice") for path, line in document.duplicates
    ]
    values = _read_job(Section(document, name, problems, whole="job"))
    raise_problems(problems)
    try:
        return Job(**values)
    except ConfigurationError as error:
        error.message = f"{name}: {error.message}"
        raise


def _encode(value: Any) -> Mapping[str, Any]:
    """The members of a specification."""
    return {field.name: _PLAIN.get(str(field.type), _as_it_is)(getattr(value, field.name)) for field in fields(value)}


def _as_it_is(value: Any) -> Any:
    return value


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "Path": str,
    "Path | None": lambda path: None if path is None else str(path),
    "Pairs": dict,
    "tuple[str, ...]": list,
}
"""What becomes of a value in JSON, by the type that is written behind its field's name."""


def _encode_configuration(configuration: Configuration) -> Mapping[str, Any]:
    content: dict[str, Any] = {"csr_config": dict(configuration.csr_config)}
    if configuration.aws_iot is not None:
        content["aws_iot_config"] = write_aws_iot(configuration.aws_iot)
    return {"source": configuration.source, "content": content}


# Back


def _read_job(section: Section) -> Mapping[str, Any]:
    """What a job is made from; incomplete where mistakes are noted."""
    members = section.members(_MEMBERS, _OPTIONAL)
    if "version" in members and (members["version"].value != VERSION or members["version"].value is True):
        members["version"].problem(f"must be {VERSION}: jobs of another version cannot be read")
        return {}
    slot = _read_slot(members)
    found: dict[str, Any] = {"slot": slot}
    readers: Mapping[str, Reader] = {
        "certificate": _read_oid,
        "issuer": _read_issuer,
        "configuration": lambda one: _read_source(one, slot.name if slot else None),
        "thing": lambda one: _read_spec(one, ThingSpec),
        "aws": lambda one: _read_spec(one, AwsOptions),
        "outputs": lambda one: _read_spec(one, OutputLayout),
        "trust": lambda one: _read_spec(one, TrustSpec),
        "renew": _read_bool,
        "issued_before": _read_moment,
        "expires_within": _read_whole_number,
    }
    for name, reader in readers.items():
        if name in members:
            is_none = members[name].value is None and name in _MAY_BE_NULL
            found[name] = None if is_none else reader(members[name])
    found["certificate_oid"] = found.pop("certificate", None)
    return found


def _read_moment(section: Section) -> Any:
    text = section.text()
    try:
        return None if text is None else parse_moment(text)
    except ConfigurationError as error:
        section.problem(error.message)
        return None


def _read_slot(members: Mapping[str, Section]) -> Any:
    name = members["slot"].text() if "slot" in members else None
    slot = next((one for one in SLOTS if one.name == name), None)
    if name is not None and slot is None:
        members["slot"].problem(
            f"{name!r} is not a slot{suggest_slot(name)} (one of {', '.join(one.name for one in SLOTS)})"
        )
    return slot


def _read_oid(section: Section) -> int | None:
    text = section.text()
    oid = None if text is None else parse_oid(text)
    if text is not None and oid is None:
        section.problem(f"{text!r} is not an OID")
    return oid


def _read_issuer(section: Section) -> IssuerSpec | None:
    kind = section.value.get("kind") if isinstance(section.value, dict) else None
    spec = _ISSUERS.get(kind) if isinstance(kind, str) else None
    if spec is not None:
        return _read_spec(section, spec, "kind")
    named = section.members(("kind",), [field.name for field in fields(CaIssuerSpec)])
    if "kind" in named and named["kind"].text() is not None:
        named["kind"].problem(f"{kind!r} is not a kind of issuer (one of {', '.join(_ISSUERS)})")
    return None


def _read_source(section: Section, slot: str | None) -> Configuration | None:
    """A configuration with what it is called."""
    members = section.members(("source", "content"))
    source = members["source"].text() if "source" in members else None
    if "content" not in members:
        return None
    return read_configuration(members["content"], source or "", slot, slot_is_in_document=True)


def _read_spec(section: Section, kind: type[T], *others: str) -> T | None:
    """A specification by its fields; None where mistakes, which are noted, leave too little of it.

    :param others: members that are no fields.
    """
    types = {field.name: str(field.type) for field in fields(kind)}  # type: ignore[arg-type]
    members = section.members((*others, *types))
    values = {name: _READERS[types[name]](one) for name, one in members.items() if name in types}
    if values.keys() != types.keys() or any(value is _WRONG for value in values.values()):
        return None
    try:
        return kind(**values)
    except OptigaError as error:
        section.problem(error.message + (f". {error.hint}" if error.hint else ""))
        return None


class _Wrong:
    """What stands for a value that is none."""


_WRONG = _Wrong()


def _read_text(section: Section) -> Any:
    text = section.text()
    if text is None:
        return _WRONG
    if not _is_encodable(text):
        section.problem("holds half of a pair of surrogates")
        return _WRONG
    return text


def _is_encodable(text: str) -> bool:
    """Whether a text is one in UTF-8; names of files may have bytes that are none."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def _read_path(section: Section) -> Any:
    text = _read_text(section)
    if isinstance(text, str) and (not text or "\0" in text):
        section.problem("names no file or folder")
        return _WRONG
    return Path(text) if isinstance(text, str) else _WRONG


def _read_bool(section: Section) -> Any:
    if isinstance(section.value, bool):
        return section.value
    section.problem(f"must be true or false, not {describe_kind(section.value)}")
    return _WRONG


def _read_whole_number(section: Section) -> Any:
    value = section.value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LONGEST_NUMBER:
        return value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    section.problem(f"must be a whole number, not {value if is_number else describe_kind(value)}")
    return _WRONG


def _read_number(section: Section) -> Any:
    value = section.value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LONGEST_NUMBER:
        return float(value)
    section.problem(
        "must be a number" + (f", not {describe_kind(value)}" if not isinstance(value, (int, float)) else "")
    )
    return _WRONG


def _read_texts(section: Section) -> Any:
    if not isinstance(section.value, list):
        section.elements()
        return _WRONG
    texts = [_read_text(one) for one in section.elements()]
    return _WRONG if _WRONG in texts or len(texts) != len(section.value) else tuple(texts)


def _read_pairs(section: Section) -> Any:
    if not isinstance(section.value, dict):
        section.members(())
        return _WRONG
    pairs = [(name, _read_text(section.child(name))) for name in section.value]
    if not all(map(_is_encodable, section.value)):
        section.problem("has a name with half of a pair of surrogates")
        return _WRONG
    return _WRONG if any(value is _WRONG for _, value in pairs) else tuple(pairs)


def _or_none(reader: Reader) -> Reader:
    return lambda section: None if section.value is None else reader(section)


_READERS: dict[str, Reader] = {
    "str": _read_text,
    "str | None": _or_none(_read_text),
    "Path": _read_path,
    "Path | None": _or_none(_read_path),
    "bool": _read_bool,
    "int | None": _or_none(_read_whole_number),
    "float": _read_number,
    "tuple[str, ...]": _read_texts,
    "Pairs": _read_pairs,
}
"""What is read, by the type that is written behind a field's name."""
