"""What the four session contexts of a chip can hold. They are volatile. SRM, "Session Context"."""

from __future__ import annotations

from enum import Enum

from optiga.emulator import keys
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KeyUsage
from optiga.values import Value, frozen


@frozen
class UsableKey(Value):
    """A private key that a command may use."""

    private: keys.PrivateKey
    algorithm: KeyAlgorithm
    usage: KeyUsage


class Origin(Enum):
    """Where a secret of a session comes from, which says what it may be used for."""

    RANDOM = "GetRandom, TRNG or DRNG"
    PRE_MASTER = "GetRandom, pre-master secret"
    AGREED = "CalcSSec"
    DERIVED = "DeriveKey"
    DECRYPTED = "DecryptAsym"


@frozen
class SessionSecret(Value):
    """A secret in a session context."""

    value: bytes
    origin: Origin


SessionContent = UsableKey | SessionSecret
