"""What a key on the chip can do but sign: the commands, once it is sure that the chip takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.chip.commands.calc_ssec import CalcSSec
from optiga.chip.commands.decrypt_asym import DecryptAsym
from optiga.chip.limits import check_length, check_peer, check_session, require_rsa
from optiga.protocol.algorithms import RSA_KEY_BITS

if TYPE_CHECKING:
    from optiga.protocol.algorithms import KeyAlgorithm
    from optiga.protocol.public_key import PublicKey


def decryption(oid: int, algorithm: KeyAlgorithm, protected: bytes, session: int | None) -> DecryptAsym:
    """The command that decrypts with a key.

    :raises ConfigurationError: if the key does not decrypt, or the data are not as long as it.
    """
    require_rsa(algorithm, oid)
    size = RSA_KEY_BITS[algorithm] // 8
    check_length(protected, range(size, size + 1), "protected", f"the message encrypted with {algorithm.title}")
    if session is not None:
        check_session(session)
    return DecryptAsym(oid, protected, session)


def agreement(oid: int, algorithm: KeyAlgorithm, peer: PublicKey, session: int | None) -> CalcSSec:
    """The command that agrees on a secret with the holder of another key.

    :raises ConfigurationError: if the keys are not on one curve.
    """
    check_peer(algorithm, peer, oid)
    if session is not None:
        check_session(session)
    return CalcSSec(oid, peer, session)
