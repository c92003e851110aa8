"""Pairing: a chip and its host share a secret of their own, for shielded connections. SRM, "Platform Binding".

The order is what makes it safe to be interrupted anywhere: the new secret is in a file before the chip has it, the chip
proves by a handshake that it has it before the file gets its name, and only then can anything become final. Whatever
happens, the chip answers to the former secret or to the new one: to the new one, where the file has its name. No file
with a secret is ever replaced, for it may be the only one with that of a chip that is locked.
"""

from __future__ import annotations

import glob
import hmac
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from optiga.chip import open_chip
from optiga.errors import ChipError, ConfigurationError, OptigaError, Reason, UnprovenError, naming
from optiga.files.files import check_output_file, write_new
from optiga.files.locks import PortLock, lock_path_for_port
from optiga.objects.authorization import authorize
from optiga.protocol.codes import ErrorCode, LifeCycleState
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.metadata_words import parse_metadata_words
from optiga.protocol.objects import FACTORY_SECRET, PLATFORM_BINDING_SECRET
from optiga.results import ABSENT, named
from optiga.transport.port_options import read_binding_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from optiga.chip import Chip
    from optiga.objects.authorization import Authorization
    from optiga.transport import Port

SIZE = 64
"""Bytes of a new secret: as many as there is room for."""
_PENDING = ".new"
"""Behind the name of a file, a chip's UID and a number: of a secret that the chip has not proven yet."""
_WAIT_S = 60.0
"""How long a run waits for another one that pairs the same chip, or writes the same file, in seconds."""
_RULES = (
    "change: lcso < operational || conf 0xE140",
    "read: lcso < operational",
    "execute: always",
    "type: platform_binding",
)
"""Access conditions and type of a paired chip's secret; those of a fresh chip say the same."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """What a chip and a file have in common.

    :param uid: the chip's UID in hex.
    :param path: the file with the secret.
    :param is_factory: whether that is the public secret of every fresh chip.
    :param is_locked: whether the secret can be read and changed in plain no more.
    :param has_replaced: whether that took the place of a secret that only a file, or its maker, has; None where no
        secret was to be made.
    """

    uid: str
    path: str = field(metadata=named("secret"))
    is_factory: bool = field(metadata=named("factory_secret"))
    is_locked: bool = field(metadata=named("locked"))
    has_replaced: bool | None = field(default=None, metadata=named("former_secret_replaced") | ABSENT)


def check_pairing(port: Port, path: Path) -> Pairing:
    """Have a chip prove by a handshake that it has the secret in a file.

    :raises ConfigurationError: if the file holds no secret, or the port has no shielded connections.
    :raises BoardError: if the chip has another secret, or cannot be reached.
    """
    secret = read_binding_secret(path)
    with open_chip(port.shielded_with(path)) as chip:
        state = chip.objects.metadata(PLATFORM_BINDING_SECRET).state
        return Pairing(chip.uid.hex, str(path), secret == FACTORY_SECRET, state >= LifeCycleState.OPERATIONAL)


def is_locked(port: Port) -> bool:
    """Whether the pairing of a chip is locked, whatever its secret.

    :raises BoardError: if the chip cannot be reached.
    """
    with open_chip(port) as chip:
        return chip.objects.metadata(PLATFORM_BINDING_SECRET).state >= LifeCycleState.OPERATIONAL


def check_out(port: Port, out: Path) -> Pairing | None:
    """Make sure, before anything is done, that a secret can be written to a file, and that it takes no other's place.

    :returns: what chip and file have in common already; None if the file is not there.
    :raises ConfigurationError: if it cannot; or the file is there, and holds the factory's secret, or one that this
        chip does not prove, or another file.
    :raises BoardError: if the file is there, and the chip cannot be reached.
    """
    port.shielded_with(out)
    if not os.path.lexists(out):
        check_output_file(out, naming("Name another file with {out}"), secret=True, over_keys=True)
        return None
    try:
        read_binding_secret(out)
    except ConfigurationError as error:
        if error.reason is not Reason.BAD_VALUE:
            raise
        raise ConfigurationError(
            f"{out} already exists, and it is not the file of a platform binding secret",
            hint="Use another file",
            reason=Reason.EXISTS,
        ) from None
    try:
        pairing = check_pairing(port, out)
    except UnprovenError:
        raise ConfigurationError(
            f"{out} already exists, and this chip does not prove that it has the secret in it",
            hint="It may be another chip's: use another file",
            reason=Reason.EXISTS,
        ) from None
    if pairing.is_factory:
        raise ConfigurationError(
            f"{out} holds the public secret of every factory-fresh chip", hint="Use another file", reason=Reason.EXISTS
        )
    return pairing


def pair(port: Port, out: Path, *, final: bool = False, authorizations: Sequence[Authorization] = ()) -> Pairing:
    """Give a chip a fresh secret, and write it to a file. What an interrupted run has begun is finished.

    A chip that has the secret in the file already keeps it. The chip is reached as the port says: over a shielded
    connection, where it has the former secret; a chip that is locked wants that. Two sources are mixed: the chip's
    random bytes and those of this computer. One run at a time works on a file, and on a chip: all opens of the port are
    one step to the others.

    :param out: of the secret, mode 0600; see :func:`check_out`.
    :param final: also lock the pairing, which can never be undone: :func:`lock`.
    :param authorizations: secrets that the chip wants proven before it takes another, as a Trust M Express does.
    :raises ChipError: if the chip refuses. It has its former secret then.
    :raises BoardError: if the chip does not prove the new secret, or cannot be reached, or another run does not end.
    """
    with _alone(port, f"file {os.path.realpath(out)}", f"writes the same file {out}"):
        with open_chip(port.shielded_with(None)) as chip:
            uid = chip.uid.hex
        with _alone(port, f"chip {uid}", "pairs the same chip"):
            pairing, replaced = check_out(port, out), False  # another run may have come first
            if pairing is None:
                with _Kept() as kept:
                    _write_proven(port, out, uid, authorizations, kept)
                replaced = kept.has_replaced
                pairing = check_pairing(port, out)
            pairing = _tidy(port, out, pairing)
            return replace(lock(port, out) if final and not pairing.is_locked else pairing, has_replaced=replaced)


@contextmanager
def _alone(port: Port, what: str, use: str) -> Iterator[None]:
    """Let no other run pair the same chip, or write the same file, however it reaches the chip.

    :param use: what another run does meanwhile, for the message.

    :raises BoardError: if another run does not end.
    """
    turn = PortLock(lock_path_for_port(f"pair {what}"), port=port.name, wait_s=_WAIT_S, use=use)
    turn.acquire()
    try:
        yield
    finally:
        turn.release()


class _Kept:
    """Names, whatever fails or interrupts, the file with the secret that the chip may have."""

    path: Path | None = None
    has_replaced = False
    """Whether the chip had a secret that is not public."""

    def __enter__(self) -> _Kept:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.path is None or not self.path.exists():
            return
        text = naming("The chip's secret may be only in {path}: keep this file, and {again.call}", path=self.path)
        if isinstance(error, OptigaError) and error.reason is Reason.EXISTS:
            text = naming("The chip has the secret in {path}: rename this file, and use it as {out}", path=self.path)
        if isinstance(error, OptigaError):
            error.advise(text, first=True)
        elif isinstance(error, KeyboardInterrupt):
            error.args = (f"The chip's secret may be only in {self.path}: keep this file",)


def _write_proven(port: Port, out: Path, uid: str, authorizations: Sequence[Authorization], kept: _Kept) -> None:
    """Give the chip a secret, unless it has one that was begun for this file, and the file its name."""
    kept.path = next((begun for begun in _begun(out, uid) if _is_proven(port, begun)), None)
    if kept.path is None:
        kept.path = _give_secret(port, out, authorizations, kept)
        check_pairing(port, kept.path)
    write_new(out, read_binding_secret(kept.path), 0o600)


def _tidy(port: Port, out: Path, pairing: Pairing) -> Pairing:
    """Take away what was begun for a file that the chip has proven, and give the secret its access conditions."""
    for begun in _begun(out, pairing.uid):  # the chip has proven another secret, or the same
        with suppress(OSError):
            begun.unlink()
    if not pairing.is_locked:
        with open_chip(port.shielded_with(out)) as chip:
            held = chip.objects.metadata(PLATFORM_BINDING_SECRET)
            rules = parse_metadata_words(_RULES)
            if any(held.get(tag) != value for tag, value in rules.items()):
                chip.objects.write_metadata(PLATFORM_BINDING_SECRET, rules)
    return pairing


def lock(port: Port, path: Path) -> Pairing:
    """Lock a pairing: the chip tells its secret no more, and changes it over a connection with it alone.

    That can never be undone. The secret is proven once more before.

    :param path: the file with the secret.
    """
    check_pairing(port, path)
    with open_chip(port.shielded_with(path)) as chip:
        final = Metadata({Tag.LCSO: bytes([LifeCycleState.OPERATIONAL])})
        chip.objects.write_metadata(PLATFORM_BINDING_SECRET, final)
    return check_pairing(port, path)


def _begun(out: Path, uid: str) -> list[Path]:
    """Files with secrets that were written for a name and a chip, and have not been proven under it."""
    return [
        path
        for path in sorted(out.parent.glob(f"{glob.escape(out.name)}.{uid}.*{_PENDING}"))
        if path.is_file() and not path.is_symlink()
    ]


def _give_secret(port: Port, out: Path, authorizations: Sequence[Authorization], kept: _Kept) -> Path:
    """Write a fresh secret to a file of its own, and then into the chip; the file.

    It goes away only where the chip has refused the secret, in so many words.
    """
    with open_chip(port) as chip:
        authorize(chip, authorizations)
        has_other = _has_other(chip)
        path = out.with_name(f"{out.name}.{chip.uid.hex}.{os.urandom(4).hex()}{_PENDING}")
        secret = hmac.digest(os.urandom(SIZE), chip.crypto.random(SIZE), "sha512")
        kept.path = path
        write_new(path, secret, 0o600)
        try:
            chip.objects.write(PLATFORM_BINDING_SECRET, secret)
        except ChipError as error:
            if error.code:
                with suppress(OSError):
                    path.unlink()
            if error.code == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED and port.secret is None:
                error.hint = naming(
                    "If the pairing is locked, the chip accepts a new secret only over a connection with its current "
                    "one: add the file of this secret to {port}, as in {name}?shielded=FILE",
                    name=port.name.partition("?")[0],
                )
            raise
        kept.has_replaced = has_other
    return path


def _has_other(chip: Chip) -> bool:
    """Whether a chip has another secret than a fresh one; one that cannot be read was locked, or is the maker's."""
    try:
        return chip.read(PLATFORM_BINDING_SECRET) != FACTORY_SECRET
    except ChipError:
        return True


def _is_proven(port: Port, path: Path) -> bool:
    """Whether a chip has the secret in a file; an error on the way is no answer."""
    try:
        check_pairing(port, path)
    except UnprovenError:
        return False
    return True
