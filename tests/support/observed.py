"""What the bytes of a command APDU tell of it, to somebody who only hears them: an oracle for what commands say.

Written from the SRM before commands said anything of themselves, and taken over as it was. It knows nothing of
``optiga.protocol.commands``, and must not.
"""

from __future__ import annotations

from dataclasses import replace

from optiga.protocol import apdu, tlv
from optiga.protocol.codes import CommandCode
from optiga.protocol.objects import OBJECTS, ObjectKind, may_be_secret
from optiga.protocol.request import Request, Returns, Traits

SECURITY_DELAY_MS = 5000
_TAG_EXPORT, _TAG_DATA = 0x07, 0x61
_STEP_START_AND_FINAL, _STEP_FINAL = 0x01, 0x03
_CIPHERS = (0x08, 0x09)
_SAVED_CONTEXT = 0x01
_COUNT = 0x02
_METADATA = 0x01
_PRE_MASTER_SECRET = 0x04
_MANIFEST = b"\x30"
_ECDSA = 0x11
_SYMMETRIC = (CommandCode.ENCRYPT_SYM, CommandCode.DECRYPT_SYM)
_APPLICATION = (CommandCode.OPEN_APPLICATION, CommandCode.CLOSE_APPLICATION)
_WAYS = {
    CommandCode.CALC_SSEC: (0x01, 0x08),
    CommandCode.DERIVE_KEY: (0x01, 0x08),
    CommandCode.DECRYPT_ASYM: (0x03, 0x02),
}
"""Commands that make a secret with an object or session, and may put it into a session: tags of the two."""
_RETURNS_NOTHING = (
    CommandCode.OPEN_APPLICATION,
    CommandCode.SET_DATA_OBJECT,
    CommandCode.SET_OBJECT_PROTECTED,
    CommandCode.VERIFY_SIGN,
)
_RETURNS_SOMETHING = (CommandCode.GEN_KEY_PAIR, CommandCode.CALC_SIGN, CommandCode.ENCRYPT_ASYM)
_SECRET_OBJECTS = (0xE140,)
_EXPORTING = (CommandCode.GEN_KEY_PAIR, CommandCode.GEN_SYM_KEY, CommandCode.CALC_SSEC, CommandCode.DERIVE_KEY)
_TYPICAL_MS: dict[int, float] = {
    CommandCode.OPEN_APPLICATION: 20,
    CommandCode.CLOSE_APPLICATION: 20,
    CommandCode.GET_RANDOM: 30,
    CommandCode.ENCRYPT_SYM: 90,
    CommandCode.DECRYPT_SYM: 90,
    CommandCode.ENCRYPT_ASYM: 40,
    CommandCode.DECRYPT_ASYM: 315,
    CommandCode.VERIFY_SIGN: 85,
    CommandCode.CALC_SSEC: 60,
    CommandCode.DERIVE_KEY: 130,
    CommandCode.GEN_SYM_KEY: 55,
    CommandCode.SET_OBJECT_PROTECTED: 300,
}
_RSA_KEY_MS: dict[int, float] = {0x41: 1000, 0x42: 2900}


def request_of(command: bytes) -> Request:
    """The command APDU as a request."""
    return Request(
        command,
        Traits(
            returned_by(command),
            typical_ms(command),
            longest_ms(command),
            is_repeatable(command),
            hides_command(command),
            hides_answer(command),
            least_ms(command),
        ),
    )


def what_bytes_tell(request: Request) -> Traits:
    """The traits that a command's bytes tell, with what only the command itself can know.

    - CalcHash: whether a digest or a context comes back depends on its step and on the export alone. Who only hears it
      leaves that open, and takes an empty answer to another command for its own.
    - GetDataObject: an object that is not in the map of Trust M V3 may hold a secret, too, as 0xF1DC to 0xF1DF of
      Trust X do.
    - SetDataObject: what is written to an arbitrary data object may be a secret as well as what is read from it.
    - DecryptSym that verifies: whoever has message and HMAC can try out secrets.
    """
    command, said = request.apdu, request.traits
    told = request_of(command).traits
    if told.returns is Returns.EITHER:
        assert apdu.command_code(command) == CommandCode.CALC_HASH
        assert said.returns in (Returns.DATA, Returns.NOTHING)
        told = replace(told, returns=said.returns)
    is_read = apdu.command_code(command) == CommandCode.GET_DATA_OBJECT and _param(command) != _METADATA
    if is_read and _object(command) not in OBJECTS:
        assert said.hides_answer
        told = replace(told, hides_answer=True)
    is_write = apdu.command_code(command) == CommandCode.SET_DATA_OBJECT and _param(command) in (0x00, 0x40)
    is_verification = apdu.command_code(command) == CommandCode.DECRYPT_SYM and not said.is_repeatable
    if (is_write and may_be_secret(_object(command))) or (is_verification and said.hides_command):
        assert said.hides_command
        told = replace(told, hides_command=True)
    return told


def returned_by(command: bytes) -> Returns:
    """What the answer without error brings."""
    if apdu.command_code(command) == CommandCode.GET_DATA_OBJECT:
        return Returns.MOSTLY_DATA
    returns = _returns_data(command)
    return Returns.EITHER if returns is None else Returns.DATA if returns else Returns.NOTHING


def is_repeatable(command: bytes) -> bool:
    """Whether it may be sent again when its answer was lost.

    Counting would count twice; a step in the middle of a chain would break it; a secret that goes where it came from
    is not there a second time, nor is a saved context.
    """
    code = apdu.command_code(command)
    if code == CommandCode.SET_DATA_OBJECT:
        return _param(command) != _COUNT
    if code == CommandCode.CALC_HASH:
        first_tag = command[apdu.HEADER_SIZE] if len(command) > apdu.HEADER_SIZE else 0
        return first_tag & 0x0F == _STEP_START_AND_FINAL
    if code in _SYMMETRIC:
        # A verification uses up the session's random: a second one fails, and takes the authorization back.
        is_whole = _STEP_START_AND_FINAL in _symmetric_tags(command)
        return is_whole and (code == CommandCode.ENCRYPT_SYM or _is_cipher(command))
    if code in _WAYS:
        source, target = _secret_ways(command)
        return target is None or target != source
    if code in _APPLICATION:
        return _param(command) != _SAVED_CONTEXT
    return code != CommandCode.SET_OBJECT_PROTECTED


def hides_command(command: bytes) -> bool:
    """Whether it carries a secret: one to be written, or to be encrypted; the handle of a saved context."""
    code = apdu.command_code(command)
    if code == CommandCode.OPEN_APPLICATION:
        return _param(command) == _SAVED_CONTEXT
    if code == CommandCode.SET_OBJECT_PROTECTED:
        return not command[apdu.HEADER_SIZE :].startswith(_MANIFEST)  # fragments may bring a key in plain
    if code == CommandCode.ENCRYPT_ASYM:
        return _TAG_DATA in (_tags(command) or {})
    if code == CommandCode.ENCRYPT_SYM:
        return _is_cipher(command)
    return code == CommandCode.SET_DATA_OBJECT and _object(command) in _SECRET_OBJECTS


def hides_answer(command: bytes) -> bool:
    """Whether its answer may carry a secret: one that is read, a key that is given out, random bytes, a handle."""
    code = apdu.command_code(command)
    if code == CommandCode.GET_DATA_OBJECT:
        return _param(command) != _METADATA and _may_be_secret(_object(command))
    if code == CommandCode.CLOSE_APPLICATION:
        return _param(command) == _SAVED_CONTEXT
    if code in _EXPORTING:
        tags = _tags(command)
        return tags is None or _TAG_EXPORT in tags
    # What a host does with random bytes nobody knows: it may make a key of them; of a MAC, too.
    if code == CommandCode.ENCRYPT_SYM:
        return not hides_command(command)
    return code in (CommandCode.DECRYPT_ASYM, CommandCode.DECRYPT_SYM, CommandCode.GET_RANDOM)


def typical_ms(command: bytes, answer_size: int = apdu.BUFFER_SIZE) -> float:
    """How long the chip works on it when nothing delays it.

    :param answer_size: bytes of the answer APDU where they are known; the most there can be, otherwise.
    """
    code = apdu.command_code(command)
    if code == CommandCode.GET_DATA_OBJECT:
        return 30 * max(1.0, answer_size / 256)
    if code == CommandCode.SET_DATA_OBJECT:
        return 55 * max(1.0, len(command) / 256)
    if code == CommandCode.CALC_HASH:
        return max(20.0, len(command) / 15)
    if code == CommandCode.GEN_KEY_PAIR:
        return _RSA_KEY_MS.get(_param(command), 55)
    if code == CommandCode.CALC_SIGN:
        return 65 if _param(command) == _ECDSA else 310
    return _TYPICAL_MS.get(code, 100)


def least_ms(command: bytes) -> float | None:
    """How long the chip works on it at the least, where the bytes do not tell how long the answer is."""
    return typical_ms(command, 0) if apdu.command_code(command) == CommandCode.GET_DATA_OBJECT else None


def longest_ms(command: bytes) -> float:
    """How long the chip may work on it before it must be taken for lost: an RSA key pair is a search for primes."""
    if apdu.command_code(command) == CommandCode.GEN_KEY_PAIR and _param(command) in _RSA_KEY_MS:
        return 60_000
    return SECURITY_DELAY_MS + 3 * typical_ms(command)


def _returns_data(command: bytes) -> bool | None:
    """Whether the answer without error carries data; None if it may or may not."""
    code = apdu.command_code(command)
    if code in _RETURNS_NOTHING:
        return False
    if code == CommandCode.CLOSE_APPLICATION:
        return _param(command) == _SAVED_CONTEXT
    if code == CommandCode.GET_RANDOM:
        return _param(command) != _PRE_MASTER_SECRET
    if code in _WAYS:
        return _secret_ways(command)[1] is None
    if code in _SYMMETRIC:
        return _returns_symmetric_data(command)
    if code == CommandCode.GEN_SYM_KEY:
        return _TAG_EXPORT in (_tags(command) or {})
    return True if code in _RETURNS_SOMETHING else None


def _returns_symmetric_data(command: bytes) -> bool:
    """A cipher gives something for every part, a MAC comes at the end, and a verification gives nothing."""
    if _is_cipher(command):
        return True
    tags = _symmetric_tags(command)
    is_end = _STEP_START_AND_FINAL in tags or _STEP_FINAL in tags
    return apdu.command_code(command) == CommandCode.ENCRYPT_SYM and is_end


def _param(command: bytes) -> int:
    """The Param field; 0 where it is cut off."""
    return command[1] if len(command) > 1 else 0


def _tags(command: bytes, skipped: int = 0) -> dict[int, bytes] | None:
    """The TLVs by their tags; None if they are damaged.

    :param skipped: bytes of data in front of them.
    """
    try:
        return dict(tlv.decode(command[apdu.HEADER_SIZE + skipped :]))
    except ValueError:
        return None


def _symmetric_tags(command: bytes) -> dict[int, bytes]:
    """The TLVs of EncryptSym or DecryptSym, which stand behind the identifier of a key; none if they are damaged."""
    return _tags(command, skipped=2) or {}


def _is_cipher(command: bytes) -> bool:
    """Whether EncryptSym or DecryptSym encrypts or decrypts; otherwise it makes or verifies a MAC."""
    return _param(command) in _CIPHERS


def _secret_ways(command: bytes) -> tuple[bytes | None, bytes | None]:
    """Identifiers of what a secret is made with and of the session that it goes into; None for what is not there."""
    source, target = _WAYS[CommandCode(apdu.command_code(command))]
    tags = _tags(command) or {}
    return tags.get(source), tags.get(target)


def _may_be_secret(oid: int) -> bool:
    info = OBJECTS.get(oid)
    return oid in _SECRET_OBJECTS or (info is not None and info.kind == ObjectKind.DATA)


def _object(command: bytes) -> int:
    return int.from_bytes(command[apdu.HEADER_SIZE : apdu.HEADER_SIZE + 2], "big")
