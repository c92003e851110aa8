"""Each command of the manual, each value of its Param, each form of its data: on the emulated chip, from the host.

``docs/commands.md`` has the same table for people. What is written down here of the manual is its own tables: SRM,
"Command definitions" and "Command Parameter Identifier".
"""

from __future__ import annotations

import re

import pytest

from optiga.protocol.codes import CommandCode
from optiga.protocol.models import TRUST_M_V3
from tests.support.command_uses import USES, Bench, Use, form_of
from tests.support.observed import what_bytes_tell
from tests.support.places import ROOT

PARAMS = {
    0x01: "00 01",
    0x02: "00 01 02 40",
    0x03: "01",
    0x0C: "00 01 04",
    0x14: "08 09 0a 0b 20 21 22",
    0x15: "08 09 20 21 22",
    0x1E: "11",
    0x1F: "11",
    0x30: "e2",
    0x31: "01 02 03 11",
    0x32: "01 02 03 11",
    0x33: "01",
    0x34: "01 02 03 08 09 0a",
    0x38: "03 04 05 13 15 16 41 42",
    0x39: "81 82 83",
    0x70: "00 01",
    0x71: "00 01",
}
"""Values of the Param field. Footnote 33: of the modes that make MACs, only HMAC is for DecryptSym."""
TAGS = {
    0x03: "30 31 32",
    0x0C: "41",
    0x14: "00 01 02 03 41",
    0x15: "00 01 02 03 41 43",
    0x1E: "61 02 04 05 06",
    0x1F: "61 03 02",
    0x30: "00 01 02 03 04 05 10 11 12 13 15 06 07",
    0x31: "01 03",
    0x32: "01 02 04 05 06",
    0x33: "01 05 06 07 08",
    0x34: "01 02 03 04 07 08",
    0x38: "01 02 07",
    0x39: "01 02 07",
}
"""Tags of InData. Not there are 0x40 and 0x42 of EncryptSym and DecryptSym: they go with CCM (footnotes 29 and 31),
which is not among the modes."""
ROWS = [
    pytest.param(code, use, param, id=f"{code.title} {param:02x} {use.use.__name__}")
    for code, use in USES
    for param in use.params
]
PAGE = ROOT / "docs" / "commands.md"


@pytest.mark.parametrize(("code", "use", "param"), ROWS)
def test_it_works(code: CommandCode, use: Use, param: int) -> None:
    bench = Bench()
    use.use(bench, param)
    sent = {form_of(command) for command in bench.sent if (command[0] & 0x7F, command[1]) == (code, param)}
    assert set(use.forms) <= sent
    for request in bench.requests:
        assert request.traits == what_bytes_tell(request)


def test_every_command_and_parameter_is_there() -> None:
    used: dict[int, set[int]] = {}
    for code, use in USES:
        used.setdefault(code, set()).update(use.params)
    assert used == {code: set(bytes.fromhex(params)) for code, params in PARAMS.items()}


def test_every_tag_is_there() -> None:
    used: dict[int, set[str]] = {}
    for code, use in USES:
        tags = {word for form in use.forms for word in form.split() if re.fullmatch("[0-9A-F]{2}", word)}
        used.setdefault(code, set()).update(tags)
    wanted = {code: set(tags.upper().split()) for code, tags in TAGS.items()}
    assert {code: tags for code, tags in used.items() if tags} == wanted


def test_the_model_has_what_the_manual_has() -> None:
    has = {int(code): set(params) for code, params in TRUST_M_V3.commands.items()}
    assert has == {code: set(bytes.fromhex(params)) for code, params in PARAMS.items()}


def test_the_page_has_each_of_them() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| ([^|]+) \| ([^|]+) \| [^|]+ \| [^|]+ \|$", text, re.MULTILINE)
    told = {
        (name, int(param, 16), form.strip())
        for name, params, forms in rows
        for param in re.findall(r"0x([0-9A-F]{2})", params)
        for form in forms.replace("`", "").split(",")
    }
    assert told == {(code.title, param, form) for code, use in USES for param in use.params for form in use.forms}
