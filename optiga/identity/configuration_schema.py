"""The JSON Schema (draft 2020-12) of configurations, for editors, made from the tables of the parser.

It refuses nothing that the reader takes, but for a file whose slot is to be given otherwise. What it cannot say, the
reader does: members that stand there twice, lengths with the UID in a text several times, and the form of a text in
which the UID stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from optiga.files.placeholders import UID_FIELD
from optiga.identity.configuration import CAN_SIGN, CURVE_WORDS, NOT_FOR, RSA_WORDS
from optiga.identity.csr_config import SCHEMES
from optiga.pki.extensions import (
    ALT_NAME_KINDS,
    ALT_NAME_PATTERNS,
    DOTTED_OID,
    EXTENDED_KEY_USAGES,
    KEY_USAGES,
    MAX_ALT_NAME,
)
from optiga.pki.names import COMPONENTS, PATTERNS, SAME_NAMES, UID_DIGITS, Component, ValueForm
from optiga.protocol.algorithms import HASH_SIZES, Curve
from optiga.protocol.codes import KEY_USAGE_WORDS
from optiga.protocol.objects import SLOTS, format_oid, slots_for_new_keys

Schema = Mapping[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_UID = r"\{uid\}"
_CONTROL = r"[\u0000-\u001f\u007f-\u009f\u2028\u2029]"
"""Control characters and separators of lines and paragraphs."""
_BYTE = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IP = rf"^({_BYTE}(\.{_BYTE}){{3}}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$"
"""IPv4 as it is, IPv6 roughly."""
_DASHES = r"[-_\s]*"
_TEXT: Schema = {"type": "string", "pattern": r"\S", "not": {"pattern": _CONTROL}}


def configuration_schema() -> Schema:
    """The schema of a whole file, with a slot in it, as JSON has it: a new copy each time."""
    aws_iot = _object(
        {
            "thing": {**_TEXT, "description": "Name of the thing in AWS IoT; {uid} is the chip's UID."},
            "policy": {**_TEXT, "description": "Name of the thing's policy in AWS IoT; {uid} is the chip's UID."},
        },
        description="What provisioning makes in AWS IoT.",
    )
    top = _object({"csr_config": _csr_config(), "aws_iot_config": aws_iot}, required=["csr_config"])
    return {"$schema": DIALECT, "title": "Configuration of an OPTIGA Trust chip", **top}


def _csr_config() -> Schema:
    parts = {
        "certificate_info": _subject(),
        "key_info": _key(),
        "signature_info": _signature(),
        "extensions": _extensions(),
    }
    together: list[Schema] = []
    for kind, scheme in SCHEMES.items():
        is_kind = _with("key_info", _with("algorithm_id", _word([kind])))
        together.append({"if": is_kind, "then": _within("signature_info", _within("algorithm_id", _word([scheme])))})
    for curve in CURVE_WORDS.values():
        has_curve = _with("key_info", _with("parameters", _with("curve", _curve([curve]))))
        fits = _within("signature_info", _within("parameters", _within("hash_alg", _word([curve.hash_name]))))
        together.append({"if": has_curve, "then": fits})
    required = ["certificate_info", "key_info", "signature_info"]
    return {**_object(parts, required=required, description="The CSR."), "allOf": together}


def _subject() -> Schema:
    names = {**dict.fromkeys(COMPONENTS), **SAME_NAMES}
    components = {}
    for name, meant in names.items():
        value = _component(COMPONENTS[meant or name])
        components[name] = {"anyOf": [value, {"type": "array", "items": value, "minItems": 1}]}
    twice = [{"not": {"required": [name, meant]}} for name, meant in SAME_NAMES.items()]
    description = "The subject; {uid} is the chip's UID."
    return {**_object(components, description=description), "minProperties": 1, "allOf": twice}


def _component(component: Component) -> Schema:
    """A value of a component: the UID in it counts with its digits, once."""
    if component.form is ValueForm.COUNTRY:
        return {**_TEXT, "maxLength": component.bound, "allOf": [{"pattern": f"^({PATTERNS[component.form]})$"}]}
    return _limited(component.bound, PATTERNS.get(component.form))


def _limited(bound: int, pattern: str | None) -> Schema:
    """A text of so many characters, which matches a pattern where no UID stands in it."""
    with_uid = bound - UID_DIGITS + len(UID_FIELD)
    long = {"maxLength": with_uid} if with_uid >= len(UID_FIELD) else False
    short = {"maxLength": bound, **({"pattern": f"^({pattern})$"} if pattern else {})}
    return {**_TEXT, "if": {"pattern": _UID}, "then": long, "else": short}


def _key() -> Schema:
    curve = {"curve": {**_curve(CURVE_WORDS.values()), "description": "The curve of the key."}}
    sizes = [*map(int, RSA_WORDS), *RSA_WORDS]
    size: Schema = {"anyOf": [{"enum": sizes}, {"pattern": rf"^\s*({'|'.join(RSA_WORDS)})\s*$", "type": "string"}]}
    parameters = {"ec": curve, "rsa": {"key_size": {**size, "description": "Bits of the key."}}}
    each = [
        {"if": _with("algorithm_id", _word([kind])), "then": _within("parameters", _parameters(kind, parameters[kind]))}
        for kind in SCHEMES
    ]
    members = {"algorithm_id": _word(SCHEMES), "parameters": {"type": "object"}}
    return {**_object(members, required=list(members), description="The key and its slot."), "allOf": each}


def _parameters(kind: str, own: Mapping[str, Schema]) -> Schema:
    """The parameters of a key of a kind.

    :param own: those that keys of other kinds do not have.
    """
    usages = [word for word, usage in KEY_USAGE_WORDS.items() if usage != NOT_FOR[kind]]
    signing = [word for word, usage in KEY_USAGE_WORDS.items() if usage & CAN_SIGN]
    usage = {**_list(_word(usages)), "contains": _word(signing), "description": "What the chip lets the key do."}
    slot = {**_slot(is_rsa=kind == "rsa"), "description": "The slot of the key."}
    return _object({**own, "slot": slot, "key_usage": usage}, required=[*own, "slot"])


def _slot(*, is_rsa: bool) -> Schema:
    """A slot for a new key: by its name, or an identifier of its, in every way of writing.

    The slot ``first`` is one of them: the chip decides whether it takes a key.
    """
    slots = slots_for_new_keys(is_rsa=is_rsa) if is_rsa else (SLOTS[0], *slots_for_new_keys(is_rsa=is_rsa))
    oids = [format_oid(oid) for slot in slots for oid in (slot.key_oid, slot.certificate_oid) if oid is not None]
    names = [name for slot in slots for name in (slot.name, *slot.other_names)]
    spelled = "|".join([*map(_any_case, names), *(f"(0[xX])?{_any_case(oid[2:])}" for oid in oids)])
    numbers = [int(name) for name in names if name.isdecimal()]
    text: Schema = {"type": "string", "anyOf": [{"enum": [*names, *oids]}, {"pattern": rf"^\s*({spelled})\s*$"}]}
    return {"anyOf": [text, {"enum": numbers}]}


def _signature() -> Schema:
    members = {
        "algorithm_id": _word(SCHEMES.values()),
        "parameters": _object({"hash_alg": _word(HASH_SIZES)}, required=["hash_alg"]),
    }
    return _object(members, required=list(members), description="How the CSR is signed.")


def _extensions() -> Schema:
    dotted = {"type": "string", "pattern": f"^({DOTTED_OID})$"}
    names = {kind: _alt_name(kind) for kind in ALT_NAME_KINDS}
    members = {
        "key_usage": _list(_word(KEY_USAGES)),
        "extended_key_usage": _list({"anyOf": [_word(EXTENDED_KEY_USAGES), dotted]}),
        "subject_alt_names": _list({**_object(names), "minProperties": 1}),
    }
    return _object(members, description="What the CSR asks for; an empty list leaves an extension out.")


def _alt_name(kind: str) -> Schema:
    if kind not in ALT_NAME_PATTERNS:
        return {**_TEXT, "allOf": [{"pattern": _IP}]}
    pattern, _ = ALT_NAME_PATTERNS[kind]
    return _limited(MAX_ALT_NAME, pattern)


def _object(members: Mapping[str, Schema], *, required: Iterable[str] = (), description: str = "") -> Schema:
    """An object that has no members but these."""
    said = {"description": description} if description else {}
    needed = {"required": list(required)} if required else {}
    return {"type": "object", **said, "properties": members, **needed, "additionalProperties": False}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _word(words: Iterable[str]) -> Schema:
    """One of some words: those in lower case are offered, every letter case is taken."""
    words = list(words)
    return {"type": "string", "anyOf": [{"enum": words}, {"pattern": f"^({'|'.join(map(_any_case, words))})$"}]}


def _curve(curves: Iterable[Curve]) -> Schema:
    """One of some curves by any of its names: their own are offered."""
    curves = list(curves)
    names = [_any_case(name, between=_DASHES) for curve in curves for name in curve.algorithm.names]
    taken = {"pattern": f"^{_DASHES}({'|'.join(names)})$"}
    return {"type": "string", "anyOf": [{"enum": [curve.name for curve in curves]}, taken]}


def _any_case(word: str, *, between: str = "") -> str:
    """What matches a word of ASCII in any letter case; schemas have no flag for that.

    :param between: what may stand behind each letter.
    """
    return "".join((f"[{one.upper()}{one.lower()}]" if one.isalpha() else one) + between for one in word)


def _within(name: str, schema: Schema) -> Schema:
    """Objects in which a member, if it is there, is as a schema says."""
    return {"properties": {name: schema}}


def _with(name: str, schema: Schema) -> Schema:
    """Objects that have a member, which is as a schema says; other values are none."""
    return {"type": "object", "required": [name], **_within(name, schema)}
