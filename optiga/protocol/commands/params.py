"""The commands of each chip model, with the values of their Param fields.

They stand as numbers, so that nobody who asks for one command loads the words of all, which
:mod:`~optiga.protocol.commands.param_names` has.
Sources: as for :mod:`optiga.protocol.models`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import SignatureScheme
from optiga.protocol.commands import CommandCode

Parameters = Mapping[int, frozenset[int]]
"""Commands with the values of their Param fields."""


def _params(*values: int | Iterable[int]) -> frozenset[int]:
    return frozenset(number for value in values for number in ([value] if isinstance(value, int) else value))


def _of_kind(*, ec: Iterable[KeyAlgorithm], rsa: bool) -> frozenset[int]:
    return _params(ec, (algorithm for algorithm in KeyAlgorithm if rsa and algorithm.is_rsa))


_NIST_SMALL = (KeyAlgorithm.SECP256R1, KeyAlgorithm.SECP384R1)
TRUST_M_V3: Parameters = {
    CommandCode.GET_DATA_OBJECT: _params(0x00, 0x01),
    CommandCode.SET_DATA_OBJECT: _params(0x00, 0x01, 0x02, 0x40),
    CommandCode.SET_OBJECT_PROTECTED: _params(0x01),
    CommandCode.GET_RANDOM: _params(0x00, 0x01, 0x04),
    CommandCode.ENCRYPT_SYM: _params(0x08, 0x09, 0x0A, 0x0B, 0x20, 0x21, 0x22),
    CommandCode.DECRYPT_SYM: _params(0x08, 0x09, 0x20, 0x21, 0x22),
    CommandCode.ENCRYPT_ASYM: _params(0x11),
    CommandCode.DECRYPT_ASYM: _params(0x11),
    CommandCode.CALC_HASH: _params(0xE2),
    CommandCode.CALC_SIGN: _params(SignatureScheme),
    CommandCode.VERIFY_SIGN: _params(SignatureScheme),
    CommandCode.CALC_SSEC: _params(0x01),
    CommandCode.DERIVE_KEY: _params(0x01, 0x02, 0x03, 0x08, 0x09, 0x0A),
    CommandCode.GEN_KEY_PAIR: _of_kind(ec=(known for known in KeyAlgorithm if known.is_ec), rsa=True),
    CommandCode.GEN_SYM_KEY: _params(KeyAlgorithm.AES128, KeyAlgorithm.AES192, KeyAlgorithm.AES256),
    CommandCode.OPEN_APPLICATION: _params(0x00, 0x01),
    CommandCode.CLOSE_APPLICATION: _params(0x00, 0x01),
}
_V1_SIGNATURES = _params(set(SignatureScheme) - {SignatureScheme.RSASSA_PKCS1_V15_SHA512})
_NOT_ON_V1 = (CommandCode.ENCRYPT_SYM, CommandCode.DECRYPT_SYM, CommandCode.GEN_SYM_KEY)
TRUST_M_V1: Parameters = {
    **{code: params for code, params in TRUST_M_V3.items() if code not in _NOT_ON_V1},
    CommandCode.CALC_SIGN: _V1_SIGNATURES,
    CommandCode.VERIFY_SIGN: _V1_SIGNATURES,
    CommandCode.DERIVE_KEY: _params(0x01),
    CommandCode.GEN_KEY_PAIR: _of_kind(ec=_NIST_SMALL, rsa=True),
}
TRUST_X: Parameters = {
    CommandCode.GET_DATA_OBJECT: _params(0x00, 0x01),
    CommandCode.SET_DATA_OBJECT: _params(0x00, 0x01, 0x40),
    CommandCode.GET_RANDOM: _params(0x00, 0x01),
    CommandCode.CALC_HASH: _params(0xE2),
    CommandCode.CALC_SIGN: _params(SignatureScheme.ECDSA),
    CommandCode.VERIFY_SIGN: _params(SignatureScheme.ECDSA),
    CommandCode.CALC_SSEC: _params(0x01),
    CommandCode.DERIVE_KEY: _params(0x01),
    CommandCode.GEN_KEY_PAIR: _of_kind(ec=_NIST_SMALL, rsa=False),
    CommandCode.OPEN_APPLICATION: _params(0x00),
}
"""Its commands for DTLS (0x10, 0x18 to 0x1B) stand in no manual that is public, and are not here."""

ON_EVERY_MODEL: Parameters = {code: values & TRUST_M_V3[code] & TRUST_M_V1[code] for code, values in TRUST_X.items()}
"""What needs no look at the model."""
