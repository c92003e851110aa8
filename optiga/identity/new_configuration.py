"""A configuration made of answers: subject, key, slot, thing and policy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optiga.errors import ConfigurationError
from optiga.files.placeholders import UID_FIELD, find_wrong_field
from optiga.identity.configuration import CURVE_WORDS, RSA_WORDS, parse_configuration
from optiga.identity.csr_config import SCHEMES, find_slot_mistake
from optiga.pki.names import COMPONENTS, OTHER_NAMES, SAME_NAMES, find_mistake
from optiga.protocol.objects import slots_for_new_keys
from optiga.suggestions import suggest

ALGORITHMS: tuple[str, ...] = (*CURVE_WORDS, *(f"rsa{bits}" for bits in RSA_WORDS))
"""The keys of which there can be a configuration, for example ``secp256r1`` or ``rsa2048``."""
_OPENSSL = {
    "CN": "common_name",
    "SN": "surname",
    "C": "country_name",
    "L": "locality_name",
    "ST": "state_or_province_name",
    "O": "organization_name",
    "OU": "organizational_unit_name",
    "GN": "given_name",
    "DC": "domain_component",
    "UID": "user_id",
}
"""What OpenSSL calls components, in its letter case."""
_RSA_HASH = "sha256"
_EXTENSIONS = {"key_usage": ["digital_signature"], "extended_key_usage": ["client_auth"]}
"""Those of a device that is a TLS client. Without them, the CSR would ask for what the predecessor asked for, which is
more than a CA here grants.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a new configuration is to say.

    :param subject: names of components with their values, in which ``{uid}`` may stand; a name may stand several times.
    :param algorithm: one of :data:`ALGORITHMS`.
    :param slot: name of the slot, or either of its identifiers.
    :param thing: name of the thing in AWS IoT, None for none; so is ``policy``.
    """

    subject: tuple[tuple[str, str], ...] = (("common_name", UID_FIELD),)
    algorithm: str = ALGORITHMS[0]
    slot: str = "second"
    thing: str | None = f"thing_{UID_FIELD}"
    policy: str | None = "my_policy"


def slots_for(algorithm: str) -> tuple[str, ...]:
    """The names of the slots that take a new key.

    :param algorithm: one of :data:`ALGORITHMS`.
    """
    return tuple(slot.name for slot in slots_for_new_keys(is_rsa=algorithm not in CURVE_WORDS))


def usual_slot(algorithm: str) -> str:
    """The first of :func:`slots_for`."""
    return slots_for(algorithm)[0]


def slot_mistake(slot: str, algorithm: str) -> str:
    """What is wrong with a slot for a key, empty if nothing.

    :param algorithm: one of :data:`ALGORITHMS`.
    """
    return find_slot_mistake(slot, is_rsa=algorithm not in CURVE_WORDS)


def component_of(name: str) -> str:
    """A component by its name here, or by the one that OpenSSL has for it; any other name as it is."""
    return _OPENSSL.get(name, SAME_NAMES.get(name, name))


def component_mistake(name: str, value: str) -> str:
    """What is wrong with a component of a subject, empty if nothing."""
    name = component_of(name)
    if name not in COMPONENTS:
        hint = suggest(name, COMPONENTS, OTHER_NAMES)
        return f"{name!r} is not a component of a subject{hint or ' (one of ' + ', '.join(COMPONENTS) + ')'}"
    mistake = find_wrong_field(value) or find_mistake(name, value)
    return f"{name} {mistake}" if mistake else ""


def small_country(name: str, value: str) -> str:
    """What is odd about a country's letters, empty if nothing: X.509 takes small ones, but ISO 3166 has none."""
    is_small = component_of(name) == "country_name" and value != value.upper()
    return f"a country code has capital letters: {value.upper()}" if is_small else ""


def compose(wanted: Wanted) -> str:
    """The text of a configuration file.

    :raises ConfigurationError: if the reader of configurations would not take it.
    """
    kind = "ec" if wanted.algorithm in CURVE_WORDS else "rsa"
    parameters: dict[str, Any] = {"slot": wanted.slot}
    if kind == "ec":
        curve = CURVE_WORDS[wanted.algorithm]
        parameters, hash_name = {"curve": curve.name, **parameters}, curve.hash_name
    else:
        parameters, hash_name = {"key_size": wanted.algorithm.removeprefix("rsa"), **parameters}, _RSA_HASH
    document: dict[str, Any] = {
        "csr_config": {
            "certificate_info": _subject(wanted.subject),
            "key_info": {"algorithm_id": kind, "parameters": parameters},
            "signature_info": {"algorithm_id": SCHEMES[kind], "parameters": {"hash_alg": hash_name}},
            "extensions": _EXTENSIONS,
        }
    }
    names = {"thing": wanted.thing, "policy": wanted.policy}
    if aws_iot := {name: value for name, value in names.items() if value is not None}:
        document["aws_iot_config"] = aws_iot
    text = json.dumps(document, indent=4, ensure_ascii=False) + "\n"
    parse_configuration(text, "configuration")
    return text


def _subject(components: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Components as a file has them; the values of one that stands there several times are a list.

    :raises ConfigurationError: if there are none.
    """
    if not components:
        raise ConfigurationError("the subject is empty: the certificate would have no subject", parameter="subject")
    values: dict[str, list[str]] = {}
    for name, value in components:
        values.setdefault(component_of(name), []).append(value)
    return {name: several if len(several) > 1 else several[0] for name, several in values.items()}
