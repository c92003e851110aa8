"""How long the chip works on a command of which only the APDU is known, as its own end knows it."""

from __future__ import annotations

from optiga.protocol.commands import (
    CommandCode,
    calc_hash,
    calc_sign,
    calc_ssec,
    close_application,
    decrypt_asym,
    decrypt_sym,
    derive_key,
    encrypt_asym,
    encrypt_sym,
    gen_key_pair,
    gen_sym_key,
    get_data_object,
    get_random,
    open_application,
    set_data_object,
    set_object_protected,
    verify_sign,
)

_UNKNOWN_MS = 100
_MS: dict[int, float] = {
    CommandCode.OPEN_APPLICATION: open_application.TYPICAL_MS,
    CommandCode.CLOSE_APPLICATION: close_application.TYPICAL_MS,
    CommandCode.SET_OBJECT_PROTECTED: set_object_protected.TYPICAL_MS,
    CommandCode.GET_RANDOM: get_random.TYPICAL_MS,
    CommandCode.ENCRYPT_SYM: encrypt_sym.TYPICAL_MS,
    CommandCode.DECRYPT_SYM: decrypt_sym.TYPICAL_MS,
    CommandCode.ENCRYPT_ASYM: encrypt_asym.TYPICAL_MS,
    CommandCode.DECRYPT_ASYM: decrypt_asym.TYPICAL_MS,
    CommandCode.VERIFY_SIGN: verify_sign.TYPICAL_MS,
    CommandCode.CALC_SSEC: calc_ssec.TYPICAL_MS,
    CommandCode.DERIVE_KEY: derive_key.TYPICAL_MS,
    CommandCode.GEN_SYM_KEY: gen_sym_key.TYPICAL_MS,
}


def typical_ms(code: int, param: int, command_size: int, answer_size: int) -> float:
    """How long the chip works on a command when nothing delays it, in milliseconds.

    :param code: without the bit that clears the last error.
    :param command_size: bytes of the command APDU.
    :param answer_size: bytes of the answer APDU.
    """
    if code == CommandCode.GET_DATA_OBJECT:
        return get_data_object.typical_ms(answer_size)
    if code == CommandCode.SET_DATA_OBJECT:
        return set_data_object.typical_ms(command_size)
    if code == CommandCode.CALC_HASH:
        return calc_hash.typical_ms(command_size)
    if code == CommandCode.GEN_KEY_PAIR:
        return gen_key_pair.typical_ms(param)
    if code == CommandCode.CALC_SIGN:
        return calc_sign.typical_ms(param)
    return _MS.get(code, _UNKNOWN_MS)
