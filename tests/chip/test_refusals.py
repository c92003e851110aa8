"""What a refusal says of the access condition that does not hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import optiga
from optiga import Chip, ChipError
from optiga.protocol.metadata_words import parse_metadata_words
from optiga.protocol.objects import FACTORY_SECRET

Action = Callable[[Chip], object]


def read(chip: Chip) -> object:
    return chip.read(0xF1D0)


def write(chip: Chip) -> object:
    return chip.write(0xF1D0, b"other")


def count(chip: Chip) -> object:
    return chip.objects.count(0xE120)


def sign(chip: Chip) -> object:
    return chip.key("third").sign(b"message")


def new_key(chip: Chip) -> object:
    return chip.generate_key("third")


def refuse(tmp_path: Path, oid: int, words: list[str], action: Action) -> ChipError:
    """How the chip refuses an action when the object has got these metadata."""
    with optiga.open_chip(f"emulator:{tmp_path / 'chip'}") as chip:
        chip.generate_key("third")
        chip.write_metadata(oid, parse_metadata_words(words))
    with pytest.raises(ChipError) as caught, optiga.open_chip(f"emulator:{tmp_path / 'chip'}") as chip:
        action(chip)
    assert caught.value.code == 0x07
    return caught.value


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["read: never"], ""),
        (["read: auto 0xF1D6"], "It needs proof of the secret in 0xF1D6 ('authorize')"),
        (["read: conf 0xE140"], "It needs a shielded connection with the secret in 0xE140"),
        (["read: conf 0xE140 && auto 0xF1D6"], "the secret in 0xE140 and proof of the secret in 0xF1D6"),
        (["read: conf 0xE140 || auto 0xF1D6"], "the secret in 0xE140, or proof of the secret in 0xF1D6"),
        (["read: luc 0xE120 && auto 0xF1D6"], "uses left of the counter in 0xE120 and proof"),
        (["read: lcso < initialization || auto 0xF1D6", "lcso: initialization"], "needs proof of the secret in 0xF1D6"),
    ],
)
def test_reading(tmp_path: Path, words: list[str], advice: str) -> None:
    error = refuse(tmp_path, 0xF1D0, words, read)
    condition = words[0].removeprefix("read: ")
    assert f"The read access condition of 0xF1D0 is '{condition}'" in error.hint
    assert advice in str(error)
    assert ("proof" in error.hint, "shielded" in error.hint) == ("auto" in condition, "conf" in condition)
    assert ("its life cycle state is initialization" in error.hint) == ("lcso" in condition)


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("conf 0xE140 && auto 0xF1D6", ". It needs proof of the secret in 0xF1D6 ('authorize')"),
        ("int 0xE140 && auto 0xF1D6", ". It needs proof of the secret in 0xF1D6 ('authorize')"),
        ("conf 0xF1D6", "a connection shielded with the secret in 0xF1D6, but every one has the secret in 0xE140"),
    ],
)
def test_a_connection_that_is_shielded_already(tmp_path: Path, words: str, advice: str) -> None:
    with optiga.open_chip(f"emulator:{tmp_path / 'chip'}") as chip:
        chip.write_metadata(0xF1D0, parse_metadata_words([f"read: {words}"]))
    (tmp_path / "secret").write_bytes(FACTORY_SECRET)
    (tmp_path / "secret").chmod(0o600)
    for how in ("yes", tmp_path / "secret"):
        port = f"emulator:{tmp_path / 'chip'}?shielded={how}"
        with pytest.raises(ChipError) as caught, optiga.open_chip(port) as chip:
            read(chip)
        assert str(caught.value).endswith(advice)


def test_integrity_by_the_binding_secret_needs_a_shielded_connection(tmp_path: Path) -> None:
    error = refuse(tmp_path, 0xF1D0, ["change: int 0xE140"], write)
    assert "It needs a shielded connection with the secret in 0xE140" in error.hint


@pytest.mark.parametrize(
    ("oid", "words", "action", "told"),
    [
        (0xF1D0, ["change: int 0xE0E8"], write, "It needs a protected update that 0xE0E8 verifies"),
        (0xF1D0, ["change: lcso < operational", "lcso: operational"], write, "its life cycle state is operational"),
        (0xE120, ["execute: never"], count, "The execute access condition of 0xE120 is 'never'"),
        (0xE0F2, ["execute: auto 0xF1D6"], sign, "The execute access condition of 0xE0F2 is 'auto 0xF1D6'"),
        (0xE0F2, ["change: int 0xE0E8"], new_key, "The change access condition of 0xE0F2 is 'int 0xE0E8'"),
    ],
)
def test_changing_and_using(tmp_path: Path, oid: int, words: list[str], action: Action, told: str) -> None:
    error = refuse(tmp_path, oid, words, action)
    assert told in error.hint
    assert "locked" not in str(error)


def test_metadata_of_an_operational_object(tmp_path: Path) -> None:
    """They have a rule of their own, which the command's hint says."""
    error = refuse(
        tmp_path,
        0xF1D0,
        ["lcso: operational"],
        lambda chip: chip.write_metadata(0xF1D0, parse_metadata_words(["read: always"])),
    )
    assert "access condition of" not in error.hint
    assert "operational" in error.hint


def test_a_private_key_is_never_read(tmp_path: Path) -> None:
    assert "never leaves" in refuse(tmp_path, 0xE0F2, ["execute: always"], lambda chip: chip.read(0xE0F2)).hint


def test_infineons_certificate_has_its_own_hint(tmp_path: Path) -> None:
    error = refuse(tmp_path, 0xF1D0, ["read: always"], lambda chip: chip.write(0xE0E0, b"other"))
    assert "use another slot" in error.hint
    assert "access condition of" not in error.hint


@pytest.mark.parametrize(("oid", "key"), [(0xE0F1, "private key"), (0xE0FC, "private key"), (0xE200, "secret key")])
def test_a_key_is_neither_written_nor_read_whatever_its_conditions(tmp_path: Path, oid: int, key: str) -> None:
    with optiga.open_chip(f"emulator:{tmp_path / 'chip'}") as chip:
        for action in (lambda: chip.write(oid, b"x"), lambda: chip.write(oid, b"x", erase=False)):
            with pytest.raises(ChipError) as caught:
                action()
            assert f"is for a {key}, which only the chip generates" in str(caught.value)
            assert "access condition does not" not in str(caught.value)
        with pytest.raises(ChipError, match=f"A {key} never leaves the chip"):
            chip.read(oid)
