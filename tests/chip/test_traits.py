"""What commands say of themselves is what their bytes tell to somebody who only hears them, or more.

That it is so for whatever the host sends is looked at where every command is used (test_command_table).
"""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.chip.commands.calc_hash import CalcHash, ObjectPart
from optiga.chip.commands.calc_sign import CalcSign
from optiga.chip.commands.draw_key_pair import DrawnKeyPair
from optiga.chip.commands.encrypt_asym import EncryptAsym
from optiga.chip.commands.encrypt_sym import EncryptSym
from optiga.chip.commands.get_data_object import GetData, GetLastError
from optiga.chip.commands.open_application import OpenApplication
from optiga.chip.commands.set_data_object import SetData
from optiga.chip.commands.set_object_protected import SetObjectProtected
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import SignatureScheme
from optiga.protocol.commands.calc_hash import HashStep
from optiga.protocol.commands.set_object_protected import UpdateStep
from optiga.protocol.public_key import PublicKey
from optiga.protocol.request import Returns
from optiga.protocol.symmetric import SymmetricMode
from tests.support.commands import COMMANDS, drawn
from tests.support.observed import what_bytes_tell
from tests.support.sampling import sampled

each_command = pytest.mark.parametrize("kind", sampled(COMMANDS, keep=7), ids=lambda kind: kind.__name__)


@each_command
@given(st.data())
def test_traits_are_what_the_bytes_tell(kind: type[Any], data: st.DataObject) -> None:
    command = data.draw(drawn(kind))
    request = command.request()
    assert request.apdu == command.apdu()
    assert request.traits == command.traits == what_bytes_tell(request)


@pytest.mark.parametrize(
    ("step", "export", "returns"),
    [
        (HashStep.START, False, Returns.NOTHING),
        (HashStep.START, True, Returns.DATA),
        (HashStep.START_AND_FINAL, False, Returns.DATA),
        (HashStep.CONTINUE, False, Returns.NOTHING),
        (HashStep.CONTINUE, True, Returns.DATA),
        (HashStep.FINAL, False, Returns.DATA),
        (HashStep.TERMINATE, False, Returns.NOTHING),
        (HashStep.FINAL_AND_KEEP, False, Returns.DATA),
    ],
)
def test_a_hash_says_whether_a_digest_comes_back(step: HashStep, export: bool, returns: Returns) -> None:
    assert CalcHash(b"a", step, export=export).traits.returns is returns


@each_command
@given(st.data())
def test_equal_commands_are_equal(kind: type[Any], data: st.DataObject) -> None:
    command = data.draw(drawn(kind))
    for same in (copy.copy(command), pickle.loads(pickle.dumps(command)), replace(command)):
        assert same == command
        assert hash(same) == hash(command)
        assert (repr(same), same.apdu()) == (repr(command), command.apdu())
    other = data.draw(drawn(kind))
    values = [[getattr(one, field.name) for field in fields(kind)] for one in (command, other)]
    assert (command == other) == (values[0] == values[1])
    assert command != GetLastError() or kind is GetLastError


@each_command
@given(st.data())
def test_commands_cannot_be_changed(kind: type[Any], data: st.DataObject) -> None:
    command = data.draw(drawn(kind))
    assert not hasattr(command, "__dict__")
    for field in fields(kind):
        with pytest.raises(FrozenInstanceError):
            setattr(command, field.name, None)


@each_command
@given(st.data())
def test_commands_print_themselves_without_their_secrets(kind: type[Any], data: st.DataObject) -> None:
    """Whatever no log may show as bytes, nothing prints as a value."""
    command = data.draw(drawn(kind))
    text = repr(command)
    assert text.startswith(f"{kind.__name__}(")
    assert all(f"{field.name}=" in text for field in fields(kind))
    if command.traits.hides_command and kind.__name__ not in ("SetMetadata", "Count"):  # which are no secrets there
        assert command.secrets
    for name in command.secrets:
        secret = getattr(command, name)
        assert f"{name}=({len(secret)} bytes hidden)" in text


def test_how_commands_print_themselves() -> None:
    secret = bytes.fromhex("c0ffee")
    digest = bytes.fromhex("ab" * 32)
    assert repr(CalcSign(0xE0F1, digest, SignatureScheme.ECDSA)) == (
        f"CalcSign(oid=0xE0F1, digest=(32 bytes {'ab' * 32}), scheme=ECDSA)"
    )
    assert repr(GetData(0xE0E1, 0, 1553)) == "GetData(oid=0xE0E1, offset=0, length=1553)"
    assert repr(GetLastError()) == "GetLastError()"
    assert repr(CalcHash(ObjectPart(0xE0E1, 9, 700))).startswith(
        "CalcHash(content=ObjectPart(oid=0xE0E1, offset=9, length=700), step=START_AND_FINAL"
    )
    shown = SetData(0xE0E1, 0, bytes(1000))
    assert f"content=(1000 bytes {'00' * 32}…)" in repr(shown)
    key = PublicKey.of_chip(KeyAlgorithm.RSA1024, b"\x03\x02\x00\x00")
    assert repr(EncryptAsym(0xE100, key)).startswith("EncryptAsym(message=0xE100, key=PublicKey(info=(21 bytes 3013")
    hiding = (
        OpenApplication(secret * 2 + b"89"),
        SetData(0xE140, 0, secret),
        SetData(0xF1D0, 0, secret),
        SetObjectProtected(UpdateStep.FINAL, secret, 0xE0F1),
        EncryptSym(0xE200, SymmetricMode.CBC, secret * 16),
        EncryptAsym(secret, key),
        DrawnKeyPair(secret, b"public", KeyAlgorithm.SECP256R1),
    )
    for command in hiding:
        assert secret.hex() not in repr(command)
        assert "hidden)" in repr(command)
    restoring = OpenApplication(secret * 2 + b"89").request()
    assert secret.hex() not in repr(restoring)
