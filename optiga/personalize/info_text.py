"""What a chip is, for people to read."""

from __future__ import annotations

from typing import Any

_LABEL_WIDTH = 16


def format_information(information: dict[str, Any]) -> str:
    """What :func:`optiga.personalize.info.chip_information` gives, as lines; the last one has no line break."""
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
