"""What is meant for ``{uid}`` but is not it: refused wherever that may stand in a configuration, and it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga import ConfigurationError, load_configuration
from optiga.files.placeholders import find_wrong_field
from tests.support.identity.csr_helpers import NAME, change_config, write_config

WRONG = [
    "{UID}",
    "{Uid}",
    "{ uid }",
    "{uid }",
    "{serial}",
    "{serial_number}",
    "{chip-id}",
    "${uid}",
    "{{uid}}",
    "{uid:x}",
    "{uuid}",
    "{SN}",
    "{device_id}",
    "{udi}",
    "{uid",
    "uid}",
    "{uid!r}",
]
RIGHT = [
    "{uid}",
    "a {uid} b {uid}",
    "{uid}{uid}",
    "{}",
    "{ }",
    "{x}",
    "{model}",
    "{süd}",
    "{0}",
    "{",
    "}{",
    "{,}",
    "(uid)",
    "$5 {uid}",
]
PLACES = {
    "common_name": lambda text: {f"{NAME}.common_name": text},
    "organizational_unit_name": lambda text: {f"{NAME}.organizational_unit_name": ["x", text]},
    "thing": lambda text: {"aws_iot_config.thing": text},
    "policy": lambda text: {"aws_iot_config.policy": text},
    "uri": lambda text: {"csr_config.extensions": {"subject_alt_names": [{"uri": f"urn:{text}"}]}},
    "dns": lambda text: {"csr_config.extensions": {"subject_alt_names": [{"dns": f"{text}.example.com"}]}},
}


@pytest.mark.parametrize("text", WRONG)
def test_it_is_found(text: str) -> None:
    assert f"contains {text!r}" in find_wrong_field(f"sensor {text}.")


@pytest.mark.parametrize("text", RIGHT)
def test_other_braces_are_none(text: str) -> None:
    assert find_wrong_field(text) == ""


@pytest.mark.parametrize("place", PLACES)
def test_every_place_refuses_it(place: str, tmp_path: Path) -> None:
    for text in ("{UID}", "{ uid }", "{serial}"):
        write_config(tmp_path, change_config(PLACES[place](text)))
        with pytest.raises(ConfigurationError, match=r"\{uid\} means the chip's UID") as raised:
            load_configuration(tmp_path / "config.jsn")
        assert f"contains '{text}'" in raised.value.message
        assert raised.value.problems == ()
        assert place in raised.value.message
    write_config(tmp_path, change_config(PLACES[place]("{uid}")))
    load_configuration(tmp_path / "config.jsn")


@pytest.mark.parametrize("text", ["{slot}", "{SLOT}", "{ slot }", "{slot_name}"])
def test_a_slot(text: str) -> None:
    assert find_wrong_field(text).endswith("{uid} means the chip's UID")
    if text != "{slot}":
        both = "{slot} means the slot's name and {uid} means the chip's UID"
        assert find_wrong_field(text, ("{uid}", "{slot}")).endswith(both)
    assert find_wrong_field("{uid} {slot}", ("{uid}", "{slot}")) == ""


def test_where_nothing_is_filled_in() -> None:
    assert "not replaced" in find_wrong_field("{uid}", ())
    assert "not replaced" in find_wrong_field("x{slot}", ())
    assert find_wrong_field("{x}", ()) == ""
