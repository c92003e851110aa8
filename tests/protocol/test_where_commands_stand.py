"""A command is known in four places: its vocabulary, the host's side, the chip's side, a row of the tests."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from optiga.emulator.commands import find_command
from optiga.protocol.algorithms import AES_KEY_SIZES, KeyAlgorithm
from optiga.protocol.codes import CommandCode, SignatureScheme
from optiga.protocol.commands import params
from optiga.protocol.commands.calc_hash import HASH_SHA256
from optiga.protocol.commands.calc_ssec import KeyAgreement
from optiga.protocol.commands.derive_key import KeyDerivation
from optiga.protocol.commands.encrypt_asym import AsymmetricCipher
from optiga.protocol.manifest import MANIFEST_VERSION
from optiga.protocol.symmetric import CIPHERS, HMACS, SymmetricMode
from tests.support.command_uses import ROWS
from tests.support.commands import COMMANDS
from tests.support.places import ROOT

PRODUCT = ROOT / "optiga"
PLACES = ["optiga/chip/commands", "optiga/emulator/commands", "optiga/protocol/commands"]
PLACES.append("tests/support/command_uses.py")
_PAIRS: set[int] = {known for known in KeyAlgorithm if known.is_ec or known.is_rsa}
_NAMED: dict[CommandCode, set[int]] = {
    CommandCode.SET_OBJECT_PROTECTED: {MANIFEST_VERSION},
    CommandCode.ENCRYPT_SYM: set(SymmetricMode),
    CommandCode.DECRYPT_SYM: {*CIPHERS, *HMACS},
    CommandCode.ENCRYPT_ASYM: set(AsymmetricCipher),
    CommandCode.DECRYPT_ASYM: set(AsymmetricCipher),
    CommandCode.CALC_HASH: {HASH_SHA256},
    CommandCode.CALC_SIGN: set(SignatureScheme),
    CommandCode.VERIFY_SIGN: set(SignatureScheme),
    CommandCode.CALC_SSEC: set(KeyAgreement),
    CommandCode.DERIVE_KEY: set(KeyDerivation),
    CommandCode.GEN_KEY_PAIR: _PAIRS,
    CommandCode.GEN_SYM_KEY: set(AES_KEY_SIZES),
}
"""Values of the Param field that have names of their own."""


def _named(tree: ast.AST, owner: str) -> set[str]:
    """Members of an enumeration that a module names."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == owner
    }


_BESIDE = {CommandCode.GEN_KEY_PAIR: ("draw_key_pair",)}
"""Files of the host beside a command's own, for a use of the command that a CSR does not load."""


def _modules(*folders: Path) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def _imported(tree: ast.AST) -> set[str]:
    """Modules that a module imports, at its top and in its functions; and the names that it takes from them."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("code", CommandCode, ids=lambda code: code.title)
def test_a_command_stands_in_four_places(code: CommandCode) -> None:
    files = [path for folder in (PRODUCT, ROOT / "tests") for path in folder.rglob(f"{code.name.lower()}.py")]
    places = [path.parent.relative_to(ROOT).as_posix() for path in files]
    places += ["tests/support/command_uses.py"] if ROWS.get(code) else []
    assert sorted(places) == PLACES


@pytest.mark.long
def test_nobody_else_has_a_table_of_commands() -> None:
    """Who names three commands has a table, which would have to be remembered with the next command."""
    tables = {name for name, tree in _modules(PRODUCT) if len(_named(tree, "CommandCode")) > 2}
    assert {name.rpartition("/")[0] for name in tables} <= set(PLACES)


@pytest.mark.parametrize("code", CommandCode, ids=lambda code: code.title)
def test_each_place_has_what_it_is_for(code: CommandCode) -> None:
    name = code.name.lower()
    vocabulary = importlib.import_module(f"optiga.protocol.commands.{name}")
    assert {"TYPICAL_MS", "typical_ms"} & set(vars(vocabulary))
    sides = [kind.__module__ for kind in COMMANDS if kind.code is code]
    assert set(sides) == {f"optiga.chip.commands.{one}" for one in (name, *_BESIDE.get(code, ()))}
    function = find_command(code)
    assert function is not None
    assert function.__module__ == f"optiga.emulator.commands.{name}"
    assert code in params.TRUST_M_V3
    named = {value for key, value in vars(vocabulary).items() if key.startswith("PARAM_")} or _NAMED[code]
    assert frozenset(named) == params.TRUST_M_V3[code]


def test_no_command_is_hidden_from_the_chip() -> None:
    assert {code for code in range(0x100) if find_command(code)} == set(CommandCode)


@pytest.mark.parametrize("room", ["transport", "link"])
def test_who_carries_commands_takes_none_apart(room: str) -> None:
    """Neither TLVs nor the vocabulary of a command: what is to be known of it stands in its traits."""
    for name, tree in _modules(PRODUCT / room):
        inside = {
            module
            for module in _imported(tree)
            if module.startswith(("optiga.protocol.tlv", "optiga.protocol.der", "optiga.protocol.commands"))
        }
        assert not inside, name
        assert not _named(tree, "CommandCode"), name


def test_a_vocabulary_only_has_words() -> None:
    """It knows no encoding: who shared one could not find a mistake in it."""
    for name, tree in _modules(PRODUCT / "protocol" / "commands"):
        encoding = ("optiga.protocol.tlv", "optiga.protocol.der", "optiga.chip", "optiga.emulator")
        assert not [module for module in _imported(tree) if module.startswith(encoding)], name
