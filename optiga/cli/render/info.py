"""What a chip is and what its slots hold, for people."""

from __future__ import annotations

import re
import textwrap

from optiga.errors import counted
from optiga.objects.info import ChipInformation, SlotInformation, UnreadCertificate

_LABEL_WIDTH = 16
_LEAST = 20
"""Fewest columns that a value is broken to."""
_BEGIN = rf" {{{_LABEL_WIDTH + 1}}}  \w+ +(?=\S)|.{{{_LABEL_WIDTH + 1}}}(?=\S)"
"""The label before a value."""


def format_information(information: ChipInformation, width: int | None = None) -> str:
    """Identity, life cycle and slots of a chip, a line for each; the last one has no line break.

    :param width: columns of the terminal, into which long lines are broken between words; None for as many as are
        needed.
    """
    uid, states = information.uid_fields, information.life_cycle
    lines = [
        _line("Chip", f"{information.model}, firmware {information.firmware}"),
        _line("UID", information.uid),
        _line("  batch", f"{uid.batch_number}, x {uid.x_coordinate}, y {uid.y_coordinate}"),
        _line("  platform", f"{uid.platform_id}, model {uid.model_id}, ROM mask {uid.rom_mask_id}"),
        _line("  firmware", f"{uid.firmware_id}, build {uid.firmware_build}"),
    ]
    named_states = (("global", states.global_), ("application", states.application))
    if said := [f"{name} {state}" for name, state in named_states if state is not None]:
        lines.append(_line("Life cycle", ", ".join(said)))
    if information.security_event_counter is not None:
        lines.append(_line("Security events", str(information.security_event_counter)))
    for name, slot in information.slots.items():
        lines += _slot_lines(name, slot)
    lines += [_line("Unusable", f"{one.problem}. {one.ways_out}") for one in information.unusable]
    return "\n".join(lines if width is None else [broken for line in lines for broken in _broken(line, width)])


def _broken(line: str, width: int) -> list[str]:
    """A line, in as many as it takes; those after the first are indented to where the value begins."""
    begin = re.match(_BEGIN, line)
    if begin is None or len(line) <= width:
        return [line]
    label = begin[0]
    parts = textwrap.wrap(
        line[len(label) :],
        max(width - len(label), _LEAST),
        break_long_words=False,
        break_on_hyphens=False,
        expand_tabs=False,
        replace_whitespace=False,
    )
    return [label + parts[0], *(" " * len(label) + part for part in parts[1:])]


def _slot_lines(name: str, slot: SlotInformation) -> list[str]:
    key = slot.key
    text = f"key {slot.key_oid} "
    text += f"{key.algorithm} ({', '.join(key.usage) or 'no usage'}), {key.life_cycle}" if key else "empty"
    lines = [_line(f"Slot {name}", text)]
    if slot.certificate_oid is None:
        return lines
    certificate = slot.certificate
    text = f"certificate {slot.certificate_oid} "
    if certificate is None:
        return [*lines, _line("", text + "empty")]
    if isinstance(certificate, UnreadCertificate):
        size = "of no known size" if certificate.size is None else counted(certificate.size, "byte")
        return [*lines, _line("", f"{text}{size}: {certificate.error}")]
    chain = f", chain of {certificate.chain}" if certificate.chain > 1 else ""
    begin = f"valid from {certificate.not_before.date()} (not yet)" if certificate.is_ahead else "valid"
    end = f"{'EXPIRED on' if certificate.expired else f'{begin} until'} {certificate.not_after.date()}"
    return [
        *lines,
        _line("", f"{text}{certificate.size} bytes{chain}"),
        _line("", f"  subject {certificate.subject}"),
        _line("", f"  issuer  {certificate.issuer}"),
        _line("", f"  serial  {certificate.serial}, {end}"),
        *_match_lines(slot),
    ]


def _match_lines(slot: SlotInformation) -> list[str]:
    """Whether the certificate is of a key on the chip, as far as that was asked."""
    if slot.key_note is None:
        return []
    warning = "MISMATCH: " if slot.key_match is False else ""
    return [_line("", f"  key     {warning}{slot.key_note}")]


def _line(label: str, text: str) -> str:
    return f"{label:<{_LABEL_WIDTH}} {text}".rstrip()
