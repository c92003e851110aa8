"""What a chip is and what its slots hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from optiga.chip.unusable import find_unusable
from optiga.errors import ChipError
from optiga.objects.firmware import identify_firmware
from optiga.objects.stored import decode_stored, is_empty, read_stored
from optiga.pki.certificate import Certificate
from optiga.protocol.codes import ErrorCode, life_cycle_word
from optiga.protocol.models import MARKED_OBJECT, TRUST_M_V3, find_configuration, find_model
from optiga.protocol.objects import LCS_APPLICATION, LCS_GLOBAL, SECURITY_EVENT_COUNTER, SLOTS, Slot, format_oid

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.chip.unusable import Unusable
    from optiga.protocol.metadata import Metadata
    from optiga.protocol.models import Model

_NOT_TO_BE_HAD = (ErrorCode.INVALID_OID, ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
_MAY_BE_UNUSABLE = (ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED, ErrorCode.INVALID_METADATA)
_LABEL_WIDTH = 16


def chip_information(
    chip: Chip, *, now: datetime | None = None, see: Callable[[str, Certificate], None] = lambda _slot, _leaf: None
) -> dict[str, Any]:
    """Identity, life cycle and slots of a chip, as JSON has it. About twenty exchanges.

    Objects that the chip's model does not have, or does not let be read, are left out.

    :param now: the time that validity is judged at.
    :param see: called with the name of each slot that holds a certificate, and with that certificate.
    :returns: ``uid`` (hex), ``uid_fields``, ``model``, ``firmware``, ``life_cycle``, ``security_event_counter``,
        ``slots`` by name, each with ``key_oid``, ``certificate_oid``, ``key`` and ``certificate``, null where empty,
        and, if there are any, ``unusable``: the objects of slots that the chip neither reads nor uses, each with
        ``oid``, ``problem`` and ``ways_out``.
    :raises ChipError: if the chip refuses for other reasons.
    """
    uid = chip.uid
    firmware = identify_firmware(uid.firmware_build)
    model = find_model(uid.firmware_build)
    information: dict[str, Any] = {
        "uid": uid.hex,
        "uid_fields": uid._asdict(),
        "model": _configuration(chip, model) or firmware.model,
        "firmware": firmware.version,
        "life_cycle": {},
    }
    for name, oid in (("global", LCS_GLOBAL), ("application", LCS_APPLICATION)):
        state = _read(chip, oid)
        if state:
            information["life_cycle"][name] = life_cycle_word(state[0])
    counter = _read(chip, SECURITY_EVENT_COUNTER)
    if counter:
        information["security_event_counter"] = counter[0]
    moment = now or datetime.now(timezone.utc)
    there = (slot for slot in SLOTS if model is None or slot.key_oid in model.objects)
    unusable: list[Unusable] = []
    slots = ((slot.name, _describe_slot(chip, slot, moment, see, unusable)) for slot in there)
    information["slots"] = {name: slot for name, slot in slots if slot}
    if unusable:
        information["unusable"] = [found.fields for found in unusable]
    return information


def _configuration(chip: Chip, model: Model | None) -> str | None:
    """Title of the configuration that a Trust M V3 has from Infineon; None if it has none. One exchange for a V3."""
    if model is not TRUST_M_V3:
        return None
    try:
        configuration = find_configuration(chip.objects.metadata(MARKED_OBJECT))
    except ChipError as error:
        if error.code in _NOT_TO_BE_HAD:
            return None
        raise
    return configuration.title if configuration else None


def _describe_slot(
    chip: Chip, slot: Slot, now: datetime, see: Callable[[str, Certificate], None], unusable: list[Unusable]
) -> dict[str, Any]:
    """A slot in JSON; empty if the chip does not have it.

    :param unusable: takes the objects of it that the chip neither reads nor uses.
    """
    try:
        metadata = chip.objects.metadata(slot.key_oid)
    except ChipError as error:
        if error.code in _NOT_TO_BE_HAD:
            return {}
        raise
    description: dict[str, Any] = {"key_oid": format_oid(slot.key_oid), "key": _describe_key(metadata)}
    if found := find_unusable(slot.key_oid, metadata):
        unusable.append(found)
    if slot.certificate_oid is not None:
        description["certificate_oid"] = format_oid(slot.certificate_oid)
        description["certificate"] = _describe_certificate(
            chip, slot.certificate_oid, now, partial(see, slot.name), unusable
        )
    return description


def _describe_certificate(
    chip: Chip, oid: int, now: datetime, see: Callable[[Certificate], None], unusable: list[Unusable]
) -> dict[str, Any] | None:
    """A slot's certificate in JSON; None if there is none."""
    try:
        return _describe_stored(read_stored(chip, oid), now, see)
    except ChipError as error:
        if error.code == ErrorCode.INVALID_OID:
            return None
        if error.code not in _MAY_BE_UNUSABLE:
            raise
        metadata = chip.objects.metadata(oid)
        if found := find_unusable(oid, metadata):
            unusable.append(found)
            return {"size": metadata.used_size, "error": found.state}
        if error.code not in _NOT_TO_BE_HAD:
            raise
        condition = metadata.in_words().get("read", "never")
        return {"size": metadata.used_size, "error": f"not readable, its read access condition is {condition}"}


def _read(chip: Chip, oid: int) -> bytes | None:
    """Data of an object; None if the chip does not have it or does not let it be read."""
    try:
        return chip.objects.read(oid)
    except ChipError as error:
        if error.code in _NOT_TO_BE_HAD:
            return None
        raise


def _describe_key(metadata: Metadata) -> dict[str, Any] | None:
    """A key in JSON; None if there is none yet."""
    if metadata.algorithm is None:
        return None
    return {
        "algorithm": metadata.algorithm.title,
        "usage": metadata.key_usage.words,
        "life_cycle": life_cycle_word(metadata.state),
    }


def _describe_stored(data: bytes, now: datetime, see: Callable[[Certificate], None]) -> dict[str, Any] | None:
    """The certificate in an object's data in JSON; None if there is none."""
    if is_empty(data):
        return None
    try:
        chain = decode_stored(data, Certificate.parse_leniently)
    except ValueError as error:
        return {"size": len(data), "error": str(error)}
    leaf = chain[0]
    see(leaf)
    return {
        "size": len(data),
        "chain": len(chain),
        "subject": leaf.subject,
        "issuer": leaf.issuer,
        "serial": leaf.serial_text,
        "public_key": leaf.public_key.title,
        "not_before": leaf.not_before.isoformat(),
        "not_after": leaf.not_after.isoformat(),
        "expired": now > leaf.not_after,
    }


def format_information(information: dict[str, Any]) -> str:
    """What :func:`chip_information` gives, as lines for people; the last one has no line break."""
    fields = information["uid_fields"]
    lines = [
        _line("Chip", f"{information['model']}, firmware {information['firmware']}"),
        _line("UID", information["uid"]),
        _line("  batch", f"{fields['batch_number']}, x {fields['x_coordinate']}, y {fields['y_coordinate']}"),
        _line("  platform", f"{fields['platform_id']}, model {fields['model_id']}, ROM mask {fields['rom_mask_id']}"),
        _line("  firmware", f"{fields['firmware_id']}, build {fields['firmware_build']}"),
    ]
    states = [f"{name} {state}" for name, state in information["life_cycle"].items()]
    if states:
        lines.append(_line("Life cycle", ", ".join(states)))
    if "security_event_counter" in information:
        lines.append(_line("Security events", str(information["security_event_counter"])))
    for name, slot in information["slots"].items():
        lines += _slot_lines(name, slot)
    lines += [_line("Unusable", f"{one['problem']}. {one['ways_out']}") for one in information.get("unusable", ())]
    return "\n".join(lines)


def _slot_lines(name: str, slot: dict[str, Any]) -> list[str]:
    key = slot["key"]
    text = f"key {slot['key_oid']} "
    text += f"{key['algorithm']} ({', '.join(key['usage']) or 'no usage'}), {key['life_cycle']}" if key else "empty"
    lines = [_line(f"Slot {name}", text)]
    if "certificate_oid" not in slot:
        return lines
    certificate = slot["certificate"]
    text = f"certificate {slot['certificate_oid']} "
    if certificate is None:
        return [*lines, _line("", text + "empty")]
    if "error" in certificate:
        return [*lines, _line("", f"{text}{certificate['size']} bytes: {certificate['error']}")]
    chain = f", chain of {certificate['chain']}" if certificate["chain"] > 1 else ""
    date = certificate["not_after"][:10]
    return [
        *lines,
        _line("", f"{text}{certificate['size']} bytes{chain}"),
        _line("", f"  subject {certificate['subject']}"),
        _line("", f"  issuer  {certificate['issuer']}"),
        _line(
            "", f"  serial  {certificate['serial']}, {'EXPIRED on' if certificate['expired'] else 'valid until'} {date}"
        ),
    ]


def _line(label: str, text: str) -> str:
    return f"{label:<{_LABEL_WIDTH}} {text}".rstrip()
