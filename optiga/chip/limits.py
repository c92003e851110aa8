"""What the commands take of numbers and bytes: who gives something else is told before the chip is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError, Reason, counted
from optiga.protocol.algorithms import CURVES, RSA_KEY_BITS, RSA_PADDING_SIZE, KeyAlgorithm
from optiga.protocol.commands.derive_key import MAX_EXPORTED_KEY, MAX_INFO, MAX_SALT, MIN_KEY, MIN_PRF_SEED
from optiga.protocol.commands.get_random import RANDOM_SIZES
from optiga.protocol.commands.set_object_protected import FRAGMENT_SIZE
from optiga.protocol.models import MODELS
from optiga.protocol.objects import SESSIONS, format_oid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optiga.protocol.public_key import PublicKey

MAX_SECRET = max(model.max_session_secret for model in MODELS)
"""Most bytes of a secret in a session, of the model that has room for most."""


def check_number(number: int, allowed: range, parameter: str, what: str) -> int:
    """A number as it is.

    :param what: what the number is.
    :raises ConfigurationError: if it is not among those that the command takes.
    """
    _require_number(number, parameter)
    if number not in allowed:
        raise ConfigurationError(
            f"{what} must be {allowed[0]} to {allowed[-1]}, not {number}",
            parameter=parameter,
            reason=Reason.TOO_LARGE if number > allowed[-1] else Reason.BAD_VALUE,
        )
    return number


def check_length(content: bytes, allowed: range, parameter: str, what: str) -> bytes:
    """Bytes as they are.

    :param what: what to call them.
    :raises ConfigurationError: if the command takes more or fewer of them.
    """
    size = memoryview(content).nbytes
    if size not in allowed:
        least, most = allowed[0], allowed[-1]
        wanted = f"{most}" if least == most else f"{least} to {most}"
        raise ConfigurationError(
            f"{what} has {counted(size, 'byte')}, but {wanted} {'is' if wanted == '1' else 'are'} allowed",
            parameter=parameter,
            reason=Reason.TOO_LARGE if size > most else Reason.BAD_VALUE,
        )
    return content


def check_filled(content: bytes, parameter: str, what: str) -> None:
    """Make sure that there are bytes, however many the command takes.

    :raises ConfigurationError: if not.
    """
    if not memoryview(content).nbytes:
        raise ConfigurationError(f"{what} is empty", parameter=parameter, reason=Reason.MISSING)


def check_session(session: int, parameter: str = "session") -> None:
    """Make sure that a number is that of a session.

    :raises ConfigurationError: if not.
    """
    _require_number(session, parameter)
    if session not in SESSIONS:
        raise ConfigurationError(
            f"{format_oid(session)} is not a session",
            hint=f"Use {format_oid(SESSIONS[0])} to {format_oid(SESSIONS[-1])}",
            parameter=parameter,
        )


def check_random(size: int, session: int | None, prepended: bytes) -> None:
    """Make sure that GetRandom takes these.

    :raises ConfigurationError: if not.
    """
    check_number(size, RANDOM_SIZES, "size", "the number of random bytes")
    if session is not None:
        check_stored_random(size, session, prepended)
    elif memoryview(prepended).nbytes:
        raise ConfigurationError("'prepended' requires 'session'", reason=Reason.MISSING, parameter="prepended")


def check_stored_random(size: int, session: int, prepended: bytes) -> None:
    """Make sure that GetRandom takes these for a session.

    :raises ConfigurationError: if not.
    """
    check_session(session)
    check_number(size, RANDOM_SIZES, "size", "the number of random bytes")
    taken = memoryview(prepended).nbytes
    most = MAX_SECRET - RANDOM_SIZES[0]
    if taken > most:
        check_length(prepended, range(most + 1), "prepended", "what is prepended")
    check_number(size, range(RANDOM_SIZES[0], MAX_SECRET - taken + 1), "size", "the number of random bytes")


def check_derivation(size: int, session: int | None, salt: bytes, info: bytes, *, is_prf: bool) -> None:
    """Make sure that DeriveKey takes these.

    :param salt: for the PRF label and seed together.
    :raises ConfigurationError: if not.
    """
    if session is not None:
        check_session(session)
    most = MAX_EXPORTED_KEY if session is None else MAX_SECRET
    check_number(size, range(MIN_KEY, most + 1), "size", "the size of the key")
    if is_prf:
        check_length(salt, range(MIN_PRF_SEED, MAX_SALT + 1), "salt", "the label with the seed")
        check_length(info, range(1), "info", "the info of the TLS PRF")
    else:
        check_length(salt, range(MAX_SALT + 1), "salt", "the salt")
        check_length(info, range(MAX_INFO + 1), "info", "the info")


def check_message_for_rsa(message: bytes | int, key: PublicKey | int) -> None:
    """Make sure that EncryptAsym takes a message, or the session that holds it.

    :raises ConfigurationError: if the key is no RSA key, or the message too long for it.
    """
    algorithm = KeyAlgorithm.RSA2048 if isinstance(key, int) else key.algorithm
    if algorithm is None:
        return  # the command says that the chip has no such keys
    require_rsa(algorithm, None)
    if isinstance(message, int):
        check_session(message, "message")
        return
    check_length(message, range(RSA_KEY_BITS[algorithm] // 8 - RSA_PADDING_SIZE + 1), "message", "the message")


def require_rsa(algorithm: KeyAlgorithm, oid: int | None) -> None:
    """Make sure that a key is one that encrypts and decrypts.

    :raises ConfigurationError: if not.
    """
    if not algorithm.is_rsa:
        raise ConfigurationError(
            f"a key of type {algorithm.title} does not encrypt",
            hint="Use an RSA key",
            oid=oid,
            reason=Reason.WRONG_TYPE,
        )


def check_peer(algorithm: KeyAlgorithm, peer: PublicKey, oid: int) -> None:
    """Make sure that a key can agree on a secret with another.

    :param oid: of the key.
    :raises ConfigurationError: if they are not on one curve.
    """
    if algorithm not in CURVES:
        raise ConfigurationError(
            f"a key of type {algorithm.title} does not agree on secrets",
            hint="Use an EC key",
            oid=oid,
            reason=Reason.WRONG_TYPE,
        )
    if peer.algorithm is not algorithm:
        raise ConfigurationError(
            f"the peer's public key is of type {peer.title}, and the chip's key of type {algorithm.title}",
            hint="Both keys must be on the same curve",
            oid=oid,
            parameter="peer",
            reason=Reason.MISMATCH,
        )


def check_update(manifest: bytes, fragments: Sequence[bytes], oid: int) -> None:
    """Make sure that SetObjectProtected takes an update, before it has begun.

    :raises ConfigurationError: if it has no manifest or fragment, or one of another size.
    :raises TypeError: if something is no bytes.
    """
    check_filled(manifest, "manifest", "the manifest")
    if not fragments:
        raise ConfigurationError("an update without fragments", hint="Give at least one fragment", oid=oid)
    for number, fragment in enumerate(fragments, 1):
        if not isinstance(fragment, (bytes, bytearray, memoryview)):
            raise TypeError(f"Updates.apply: fragments must be Sequence[bytes], not of {type(fragment).__name__}")
        least = 1 if number == len(fragments) else FRAGMENT_SIZE
        check_length(fragment, range(least, FRAGMENT_SIZE + 1), "fragments", f"fragment {number}")


def _require_number(number: int, parameter: str) -> None:
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError(f"{parameter} must be int, not {type(number).__name__}")
