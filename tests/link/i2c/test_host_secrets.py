"""What the host's side of the shielded connection logs and keeps of secrets."""

from __future__ import annotations

import re

from optiga import BoardError
from optiga.emulator.board.i2c_faults import Fault, FaultKind, FaultyBus
from optiga.link.i2c.datalink import Received
from optiga.link.i2c.steps import Done, Read, Write
from optiga.link.i2c.transport import Message
from tests.support.i2c_chips import OPEN, SECRET, OnBus, ask

RANDOM = ask("8c0000020010", is_repeatable=False, hides=True)


class TestSecrets:
    """No log may show what is secret."""

    def steps_of(self, *, secret: bytes | None) -> list[object]:
        bus = OnBus()
        carried = bus.host(secret=secret)
        carried.exchange(OPEN)
        steps: list[object] = []
        do = carried._do
        carried._do = lambda step: (steps.append(step), do(step))[1]  # type: ignore[method-assign]
        carried.exchange(RANDOM)
        return steps

    def test_what_is_secret_in_plain_is_marked(self) -> None:
        steps = self.steps_of(secret=None)
        assert all(step.hides for step in steps if isinstance(step, Write) and len(step.data) > 3)
        assert any(isinstance(step, Read) and step.size > 10 and step.hides for step in steps)

    def test_nobody_prints_it(self) -> None:
        secret = b"plain text"
        for value in (Write(secret, hides=True), Done(1.0, secret), Message(secret), Received(packet=secret)):
            assert "plain" not in repr(value)
            assert secret.hex() not in repr(value)
        assert repr(Write(b"\x82")) == "Write(82)"

    def test_what_is_sealed_may_be_shown(self) -> None:
        steps = self.steps_of(secret=SECRET)
        assert not any(getattr(step, "hides", False) for step in steps)

    def test_notes_have_no_bytes(self) -> None:
        bus = OnBus()
        faults = [Fault(kind, way, 4 + 5 * place) for place, kind in enumerate(FaultKind) for way in (True, False)]
        carried = bus.host(FaultyBus(bus.slave, faults), secret=SECRET)
        said = carried.notes
        for _ in range(40):
            try:
                carried.exchange(RANDOM)
            except BoardError as error:
                said.append(str(error))
        assert len(said) > 10
        assert not any(re.search("[0-9a-f]{8}", text) for text in said)
        assert SECRET.hex() not in repr(carried.conversation)
