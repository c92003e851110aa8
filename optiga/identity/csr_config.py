"""The parts of a configuration: which slots it may name, and how each part is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from optiga.protocol.algorithms import RSA_KEY_BITS
from optiga.protocol.objects import SLOTS, ObjectRef, format_oid, slots_for_new_keys, suggest_slot

if TYPE_CHECKING:
    from optiga.identity.configuration import AwsIotSettings, Configuration

SCHEMES: dict[str, str] = {"ec": "ecdsa", "rsa": "rsassa"}
"""The kinds of keys, with the signature algorithm of each."""


def write_csr_config(configuration: Configuration) -> Mapping[str, Any]:
    """The value of ``csr_config`` that says what the fields say."""
    algorithm, extensions = configuration.algorithm, configuration.extensions
    subject: dict[str, list[str]] = {}
    for name, value in configuration.subject:
        subject.setdefault(name, []).append(value)
    kind = "rsa" if algorithm.is_rsa else "ec"
    size = {"key_size": RSA_KEY_BITS[algorithm]} if algorithm.is_rsa else {"curve": algorithm.title}
    key: dict[str, Any] = {"slot": configuration.slot.name, **size}
    if configuration.key_usage is not None:
        key["key_usage"] = configuration.key_usage.words
    return {
        "certificate_info": {name: values if len(values) > 1 else values[0] for name, values in subject.items()},
        "key_info": {"algorithm_id": kind, "parameters": key},
        "signature_info": {"algorithm_id": SCHEMES[kind], "parameters": {"hash_alg": configuration.hash_name}},
        "extensions": {
            "key_usage": extensions.key_usage,
            "extended_key_usage": extensions.extended_key_usage,
            "subject_alt_names": [{kind: value} for kind, value in extensions.subject_alt_names],
        },
    }


def write_aws_iot(names: AwsIotSettings) -> Mapping[str, str]:
    """The value of ``aws_iot_config`` that says what the fields say."""
    return {name: value for name in names.__match_args__ if (value := getattr(names, name)) is not None}


def wrong_number(number: int) -> str:
    """What is wrong with a number that is no slot's; in JSON a number cannot be in hex, as identifiers are."""
    ref = ObjectRef.find(format_oid(number)) if 0 < number <= 0xFFFF else None
    if ref is not None and ref.slot is not None:
        return f'write the OID in hex and in double quotes: "{format_oid(number)}"'
    said = str(number) if abs(number) <= 0xFFFF else "this number"
    return f"{said} is not a slot of the chip (slots by number: 1 to {len(SLOTS)})"


OWN_KEY = "holds Infineon's own key"
"""What is said of the slot ``first``, which takes no new key on most chips."""


def find_slot_mistake(text: str, *, is_rsa: bool, first: bool = False) -> str:
    """What is wrong with a slot for a key, empty if nothing.

    :param text: name of the slot, or either of its identifiers.
    :param first: whether it may be the slot ``first``, Infineon's own.
    """
    ref = ObjectRef.find(text)
    slot = ref.slot if ref else None
    fitting = slots_for_new_keys(is_rsa=is_rsa)
    if slot in fitting or (first and not is_rsa and slot == SLOTS[0]):
        return ""
    kind = "RSA" if is_rsa else "EC"
    names = f"(for {kind} keys: {', '.join(f'{known.name} ({format_oid(known.key_oid)})' for known in fitting)})"
    if slot is None:
        return f"{text!r} is not a slot of the chip{suggest_slot(text)} {names}"
    if slot in slots_for_new_keys(is_rsa=not is_rsa):
        return f"{text!r} does not take {kind} keys {names}"
    return f"{text!r} {OWN_KEY}, which is locked; use another slot {names}"
