"""A board that swaps chips: a genuine one until some signature, and then one with keys of somebody's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from optiga.objects.stored import decode_stored
from optiga.pki.certificate import Certificate
from optiga.protocol import tls_identity
from optiga.protocol.codes import CommandCode
from optiga.protocol.request import Request
from optiga.transport import Transport, emulator_port
from tests.support.emulator.emulated import Probe
from tests.support.identity.authorities import Authority

UID, CERTIFICATE = 0xE0C2, 0xE0E0


def make_impostor(genuine: dict[int, bytes], *, replays: bool) -> Probe:
    """A chip with the UID of another, and a factory key that nobody has certified.

    :param genuine: UID and certificate of the other, by their objects.
    :param replays: show the other's certificate; otherwise one that somebody has made for its own key.
    """
    impostor = Probe()
    own = decode_stored(impostor.read(CERTIFICATE))[0]
    made = tls_identity.encode([Authority("somebody").certify(own.parsed.public_key())])
    impostor.install(UID, genuine[UID])
    impostor.install(CERTIFICATE, genuine[CERTIFICATE] if replays else made)
    return impostor


def impostors_certificate(impostor: Probe) -> Certificate:
    return decode_stored(impostor.read(CERTIFICATE))[0]


class SwappedTransport:
    """A genuine chip until it has signed so often, and then the impostor.

    :ivar signatures: how often anybody has signed.
    """

    def __init__(self, genuine: Transport, impostor: Probe, after: int) -> None:
        self._genuine, self._impostor, self._after = genuine, impostor, after
        self.signatures = 0

    def exchange(self, request: Request) -> bytes:
        code = request.apdu[0] & 0x7F
        is_swapped = self.signatures >= self._after
        if code == CommandCode.OPEN_APPLICATION:
            self._impostor.chip.execute(request.apdu)
        if code == CommandCode.CALC_SIGN:
            self.signatures += 1
        return self._impostor.chip.execute(request.apdu) if is_swapped else self._genuine.exchange(request)

    def close(self) -> None:
        self._genuine.close()


def swap(monkeypatch: pytest.MonkeyPatch, impostor: Probe, after: int) -> list[SwappedTransport]:
    """Let every emulated chip that is opened be swapped; the transports that were opened."""
    opened: list[SwappedTransport] = []
    open_genuine: Callable[..., Transport] = emulator_port.open_emulated

    def open_swapped(path: Path, **options: object) -> Transport:
        opened.append(SwappedTransport(open_genuine(path, **options), impostor, after))
        return opened[-1]

    monkeypatch.setattr(emulator_port, "open_emulated", open_swapped)
    return opened
