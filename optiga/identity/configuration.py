"""The ``.jsn`` configuration, checked whole before a chip is touched.

Every mistake is reported, each on one line with the file, the line in it and the JSON path of the value::

    config.jsn:12: csr_config.key_info.parameters.curve: 'secp256k1' is not a curve of the chip (one of …)
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from optiga.arguments import check_fields
from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.files import read_input
from optiga.files.json_lines import Document, parse_json
from optiga.files.known_documents import CONFIGURATION, Known, name_content, name_document, refuse_other, what_to_do
from optiga.files.opening import about_its
from optiga.files.placeholders import UID_FIELD, find_wrong_field
from optiga.files.problems import Problem, Section, describe_kind, describe_path, raise_problems
from optiga.identity.csr_config import SCHEMES, find_slot_mistake, write_aws_iot, write_csr_config, wrong_number
from optiga.pki.extensions import Extensions, read_extensions
from optiga.pki.names import COMPONENTS, OTHER_NAMES, SAME_NAMES, find_mistake, find_mistake_in_text
from optiga.protocol.algorithms import CURVES, HASH_SIZES, RSA_KEY_BITS, Curve, KeyAlgorithm
from optiga.protocol.codes import KEY_USAGE_WORDS, KeyUsage
from optiga.protocol.objects import SLOTS, ObjectRef, Slot, format_oid
from optiga.suggestions import suggest
from optiga.values import Value, frozen

MAX_SIZE = 1 << 20
"""Most bytes of a configuration file."""

_MEMBERS, _MOST_LOOKED_AT, _OTHER = ("csr_config", "aws_iot_config"), 20, Reason.WRONG_TYPE
_MAKE = "To make a configuration, use 'python -m optiga config new'; 'python -m optiga config sample' has examples"
_NEW = "A configuration is JSON: to make one, use 'python -m optiga config new'"

CURVE_WORDS: dict[str, Curve] = {curve.name: curve for curve in CURVES.values()}
"""Each curve by the word for it."""
_CURVE_OTHER_NAMES = {"secp512r1": "secp521r1"}
RSA_WORDS: dict[str, KeyAlgorithm] = {str(bits): algorithm for algorithm, bits in RSA_KEY_BITS.items()}
"""Each algorithm of RSA keys by its bits."""
_HASH_OTHER_NAMES = {name.replace("sha", "sha-"): name for name in HASH_SIZES}
CAN_SIGN: KeyUsage = KeyUsage.AUTHENTICATION | KeyUsage.SIGNATURE
"""The usages of which a key needs one to sign its own CSR."""
NOT_FOR: dict[str, KeyUsage] = {"ec": KeyUsage.ENCRYPTION, "rsa": KeyUsage(0)}
"""The usage that a new key of a kind cannot have. An RSA key can have key agreement, as it has without a list: the chip
takes it, and never uses it."""
_WRONG_PLACE = {
    "ec": {"key_size": "is for RSA keys: for an EC key, use curve"},
    "rsa": {"curve": "is for EC keys: for an RSA key, use key_size"},
}


@frozen
class AwsIotSettings(Value):
    """The ``aws_iot_config`` of a configuration; ``{uid}`` may stand in either value.

    :param thing: name of the thing, None where the configuration has none.
    :param policy: name of the policy, None where the configuration has none.
    """

    thing: str | None = None
    policy: str | None = None


@frozen
class Configuration(Value):
    """A valid configuration.

    :param source: name of its file, as the user gave it.
    :param document: the value of ``csr_config`` in the file, JSON text on one line. If :func:`dataclasses.replace`
        changes another field, it is written anew.
    :param subject: components of the subject with their values; values may contain ``{uid}``.
    :param algorithm: algorithm of the key.
    :param slot: slot of the key.
    :param key_usage: usage of the key; None for the default.
    :param hash_name: digest of the signature, for example ``sha256``.
    :param aws_iot: names in AWS IoT; None if the file has no ``aws_iot_config``.
    """

    source: str
    document: str
    subject: tuple[tuple[str, str], ...]
    algorithm: KeyAlgorithm
    slot: Slot
    key_usage: KeyUsage | None
    hash_name: str
    extensions: Extensions
    aws_iot: AwsIotSettings | None = None

    def _check_named(self) -> None:
        check_fields(self)
        object.__setattr__(self, "document", _document_of(self))

    @property
    def csr_config(self) -> Mapping[str, Any]:
        """The value of ``csr_config``; a new copy each time, so that the checked value never changes."""
        return cast("Mapping[str, Any]", json.loads(self.document))

    @property
    def key_label(self) -> str:
        """The OID of the key, for example ``0xE0F1``."""
        return format_oid(self.slot.key_oid)

    @property
    def is_of_first_slot(self) -> bool:
        """Whether the key's slot is ``first``, which has Infineon's own key."""
        return self.slot == SLOTS[0]

    @property
    def needs_uid(self) -> bool:
        """Whether the CSR contains the chip's UID."""
        return any(UID_FIELD in value for _, value in self.subject) or self.extensions.needs_uid


def _document_of(configuration: Configuration) -> str:
    """The document of a configuration, or another one if that says something else than the fields.

    :raises ConfigurationError: if the fields contradict each other, or no document can say them.
    """
    names = configuration.aws_iot
    aws_iot = "" if names is None else f', "aws_iot_config": {json.dumps(write_aws_iot(names))}'
    problems: list[str] = []
    for csr_config in (configuration.document, json.dumps(write_csr_config(configuration))):
        text = f'{{"csr_config": {csr_config}{aws_iot}}}'
        try:
            read = parse_configuration(text, _REPLACED, slot=configuration.slot.name, first=True)
        except ConfigurationError as error:
            problems = [one.replace(f"{_REPLACED}:1: ", f"{_REPLACED}: ") for one in (error.message, *error.problems)]
            continue
        others = [name for name in _SAID if getattr(read, name) != getattr(configuration, name)]
        if not others:
            return csr_config
        problems = [f"{_REPLACED}: {name} has a form that no file can have" for name in others]
    raise ConfigurationError(problems[0], problems=tuple(problems[1:]))


_REPLACED = "the replaced configuration"
_SAID = ("subject", "algorithm", "key_usage", "hash_name", "extensions", "aws_iot")
"""Fields that the document says, too."""


def load_configuration(path: Path, *, slot: str | None = None, first: bool = False) -> Configuration:
    """Read and check a configuration file.

    :param slot: a slot that takes the place of the file's, which may then have none.
    :param first: whether the slot may be ``first``, Infineon's own: for the key that is there already, or where the
        chip is asked whether it takes a new one.
    :raises ConfigurationError: with every mistake: the first as its message, the others as its problems.
    """
    return parse_configuration(read_text(path), str(path), slot=slot, first=first)


@about_its("path", is_name=True)
def read_text(path: Path, data: bytes | None = None) -> str:
    """The text of a configuration file, of which nothing is checked yet.

    :param data: its content, if that has been read already, as of standard input; the path is then a name for messages.
    :raises ConfigurationError: if it cannot be read, is too large, or is not UTF-8.
    """
    if data is None:
        try:
            data = read_input(path, "configuration", MAX_SIZE)
        except ConfigurationError as error:
            if error.reason is Reason.NOT_FOUND:
                error.advise(_MAKE)
            raise
    data = data.removeprefix(codecs.BOM_UTF8)  # the codec utf-8-sig is a module, which every CSR would load
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse_other(name_content(data, binary=True), str(path))
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{path}:{line}: not UTF-8", hint="Save the file with the encoding UTF-8") from None


@about_its("name", is_name=True)
def read_document(text: str, name: str) -> Document:
    """The text of a configuration as JSON. What stands in it is not checked, only that it is not something else.

    :param name: what to call it in messages.
    :raises ConfigurationError: if it is no JSON, or the document of something else.
    """
    try:
        document = parse_json(text, name)
    except ConfigurationError:
        _refuse_other(name_content(text.encode()), name)
        raise
    _refuse_other(name_document(document.value), name)
    members = document.value if isinstance(document.value, dict) else ()
    if members and not any(one in _MEMBERS or suggest(one, _MEMBERS, {}) for one in list(members)[:_MOST_LOOKED_AT]):
        raise ConfigurationError(f"{name} is not a configuration: it has no csr_config", hint=_NEW, reason=_OTHER)
    return document


def _refuse_other(known: Known | None, name: str) -> None:
    if known and known != CONFIGURATION:
        refuse_other(known, name, "a configuration", hint=what_to_do(known, name) or _NEW)


@about_its("name", is_name=True)
def parse_configuration(text: str, name: str, *, slot: str | None = None, first: bool = False) -> Configuration:
    """Check the text of a configuration; otherwise as :func:`load_configuration`.

    :param name: what to call it in messages.
    """
    document = read_document(text, name)
    problems: list[Problem] = []
    for duplicate, line in document.duplicates:
        problems.append(Problem(line, f"{name}:{line}: {describe_path(duplicate)}: is given twice"))
    configuration = read_configuration(Section(document, name, problems), name, slot, first=first)
    raise_problems(problems)
    assert configuration is not None  # noqa: S101 - nothing is missing where nothing is wrong
    return configuration


def with_slot(configuration: Configuration, name: str, *, first: bool = False) -> Configuration:
    """The same configuration for another slot.

    :param name: of the slot, or either of its identifiers.
    :param first: whether it may be the slot ``first``.
    :raises ConfigurationError: if such a key does not go there.
    """
    ref = ObjectRef.find(name)
    slot = ref.slot if ref else None
    if (mistake := find_slot_mistake(name, is_rsa=configuration.algorithm.is_rsa, first=first)) or slot is None:
        raise ConfigurationError(f"slot {mistake}", parameter="slot")
    return replace(configuration, slot=slot)


def read_configuration(
    section: Section, source: str, slot: str | None = None, *, first: bool = False, slot_is_in_document: bool = False
) -> Configuration | None:
    """The configuration in a part of a document, or None where mistakes, which are noted, leave too little of it.

    :param source: what to call it in messages.
    :param slot: a slot that takes the place of the configuration's.
    :param first: whether it may be the slot ``first``.
    :param slot_is_in_document: whether that slot stands elsewhere in the document, which then is what is wrong.
    """
    top = section.members(_MEMBERS[:1], _MEMBERS[1:])
    aws_iot = _read_aws_iot(top["aws_iot_config"]) if "aws_iot_config" in top else None
    if "csr_config" not in top:
        return None
    csr_config = top["csr_config"]
    parts = csr_config.members(("certificate_info", "key_info", "signature_info"), ("extensions",))
    subject = _read_subject(parts["certificate_info"]) if "certificate_info" in parts else ()
    key = None
    if "key_info" in parts:
        key = _read_key(parts["key_info"], slot, first=first, is_in_document=slot_is_in_document)
    hash_name = _read_signature(parts["signature_info"], key) if "signature_info" in parts else None
    extensions = read_extensions(parts["extensions"]) if "extensions" in parts else Extensions()
    if key is None or key.algorithm is None or key.slot is None or hash_name is None:
        return None
    document = json.dumps(csr_config.value)
    return Configuration(source, document, subject, key.algorithm, key.slot, key.usage, hash_name, extensions, aws_iot)


def _read_subject(section: Section) -> tuple[tuple[str, str], ...]:
    components: list[tuple[str, str]] = []
    members = section.members((), (*COMPONENTS, *SAME_NAMES), OTHER_NAMES)
    if isinstance(section.value, dict) and not section.value:
        section.problem("is empty: the certificate would have no subject")
    for written, member in members.items():
        name = SAME_NAMES.get(written, written)
        if name != written and name in members:
            member.problem(f"is {name!r}, which is also given")
        several = isinstance(member.value, list)
        if several and not member.value:
            member.problem("is empty")
        for element in member.elements() if several else [member]:
            value = element.text()
            mistake = "" if value is None else find_wrong_field(value) or find_mistake(name, value)
            if mistake:
                element.problem(mistake)
            elif value is not None:
                components.append((name, value))
    order = [SAME_NAMES.get(name, name) for name in section.value] if isinstance(section.value, dict) else []
    return tuple(sorted(components, key=lambda component: order.index(component[0])))


@frozen
class _KeySettings(Value):
    """What of ``key_info`` could be read; None for what could not."""

    kind: str | None
    algorithm: KeyAlgorithm | None
    slot: Slot | None
    usage: KeyUsage | None


def _read_key(section: Section, slot_override: str | None, *, first: bool, is_in_document: bool) -> _KeySettings:
    members = section.members(("algorithm_id", "parameters"))
    kind = members["algorithm_id"].choice(SCHEMES, "a key algorithm") if "algorithm_id" in members else None
    if kind is None or "parameters" not in members:
        return _KeySettings(kind, None, None, None)
    section = members["parameters"]
    parameter = "curve" if kind == "ec" else "key_size"
    required = (parameter, "slot") if slot_override is None else (parameter,)
    misplaced = _WRONG_PLACE[kind]
    parameters = section.members(required, ("slot", "key_usage", *misplaced))
    for name, text in misplaced.items():
        if name in parameters:
            parameters[name].problem(text)
    read = _read_curve if kind == "ec" else _read_key_size
    algorithm = read(parameters[parameter]) if parameter in parameters else None
    slot = _read_slot(parameters.get("slot"), slot_override, is_rsa=kind == "rsa", first=first)
    if slot_override is not None and (mistake := find_slot_mistake(slot_override, is_rsa=kind == "rsa", first=first)):
        note = section.problem if is_in_document else section.problem_elsewhere
        note(naming("{slot} {mistake}", mistake=mistake))
    usage = _read_usage(parameters["key_usage"], kind) if "key_usage" in parameters else None
    return _KeySettings(kind, algorithm, slot, usage)


def _read_curve(section: Section) -> KeyAlgorithm | None:
    found = KeyAlgorithm.find(section.value) if isinstance(section.value, str) else None
    if found in CURVES:
        return found
    section.choice(CURVE_WORDS, "a curve of the chip", _CURVE_OTHER_NAMES)
    return None


def _read_key_size(section: Section) -> KeyAlgorithm | None:
    if isinstance(section.value, bool) or not isinstance(section.value, (int, str)):
        section.problem(f"must be a number, not {describe_kind(section.value)}")
        return None
    algorithm = RSA_WORDS.get(str(section.value).strip())
    if algorithm is None:
        section.problem(f"{section.value!r} is not an RSA key size of the chip (one of {', '.join(RSA_WORDS)})")
    return algorithm


def _read_slot(section: Section | None, override: str | None, *, is_rsa: bool, first: bool) -> Slot | None:
    text = override
    if text is None and section is not None:
        if type(section.value) is int:
            if not 0 < section.value <= len(SLOTS):
                section.problem(wrong_number(section.value))
                return None
            text = str(section.value)
        else:
            text = section.text()
    if text is None:
        return None
    ref = ObjectRef.find(text)
    slot = ref.slot if ref else None
    mistake = find_slot_mistake(text, is_rsa=is_rsa, first=first)
    if mistake and override is None and section is not None:
        section.problem(mistake)
    return slot


def _read_usage(section: Section, kind: str) -> KeyUsage | None:
    usage, problem = KeyUsage(0), False
    for element in section.elements():
        name = element.choice(KEY_USAGE_WORDS, "a usage of keys of the chip")
        if name and KEY_USAGE_WORDS[name] == NOT_FOR[kind]:
            element.problem(f"{name!r} is for RSA keys only")
        usage |= KEY_USAGE_WORDS[name] if name else KeyUsage(0)
        problem |= name is None
    if isinstance(section.value, list) and not problem and not usage & CAN_SIGN:
        section.problem("without 'authentication' or 'signature' the key cannot sign its own CSR")
    return usage


def _read_signature(section: Section, key: _KeySettings | None) -> str | None:
    members = section.members(("algorithm_id", "parameters"))
    kind = key.kind if key else None
    if "algorithm_id" in members:
        scheme = members["algorithm_id"].choice(SCHEMES.values(), "a signature algorithm")
        if scheme and kind and scheme != SCHEMES[kind]:
            said = f"{scheme!r} does not fit an {kind.upper()} key, which needs {SCHEMES[kind]!r}"
            members["algorithm_id"].problem(said)
    if "parameters" not in members:
        return None
    parameters = members["parameters"].members(("hash_alg",))
    if "hash_alg" not in parameters:
        return None
    member, curve = parameters["hash_alg"], CURVES.get(key.algorithm) if key and key.algorithm else None
    known = (curve.hash_name,) if curve and str(member.value).lower() not in HASH_SIZES else tuple(HASH_SIZES)
    what = f"a digest for {curve.name}" if curve else "a digest of the chip"
    hash_name = member.choice(known, what, _HASH_OTHER_NAMES)
    if curve and hash_name not in (None, curve.hash_name):
        member.problem(f"{hash_name!r} does not fit {curve.name}: use {curve.hash_name!r}")
    return hash_name


def _read_aws_iot(section: Section) -> AwsIotSettings:
    values: dict[str, str | None] = {}
    for name, member in section.members((), ("thing", "policy")).items():
        value = member.text()
        mistake = "" if value is None else find_mistake_in_text(value) or find_wrong_field(value)
        if mistake:
            member.problem(mistake)
        values[name] = value
    return AwsIotSettings(values.get("thing"), values.get("policy"))
