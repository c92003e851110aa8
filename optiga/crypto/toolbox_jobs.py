"""What a chip calculates for a person, where it is more than one method of its toolbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from optiga.chip.commands.calc_hash import ObjectPart
from optiga.errors import ConfigurationError, Reason, counted, naming
from optiga.files.activity import each
from optiga.objects.addressing import READABLE, resolve
from optiga.pki.public_key_files import load_public_key
from optiga.pki.public_keys import require_chip_key
from optiga.protocol.algorithms import RSA_KEY_BITS, RSA_PADDING_SIZE, KeyAlgorithm
from optiga.protocol.commands.derive_key import MAX_INFO, MAX_SALT, MIN_PRF_SEED
from optiga.protocol.commands.get_random import RANDOM_SIZES
from optiga.protocol.symmetric import BLOCK_SIZE, SymmetricMode

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.chip import Chip
    from optiga.objects.addressing import Target
    from optiga.protocol.objects import Slot
    from optiga.protocol.public_key import PublicKey

_HYBRID = "Encrypt the message with an AES key, and encrypt the AES key with the RSA key"


def draw_random(chip: Chip, size: int) -> bytes:
    """Random bytes of the chip's true generator, as many as wanted. One exchange for each 256.

    :raises ChipError: if the chip refuses.
    """
    drawn = bytearray()
    for start in each("Getting random bytes", range(0, size, RANDOM_SIZES[-1])):
        drawn += chip.crypto.random(max(RANDOM_SIZES[0], min(RANDOM_SIZES[-1], size - start)))
    return bytes(drawn[:size])


def hash_object(chip: Chip, target: Target) -> bytes:
    """SHA-256 of what an object holds, which the chip reads itself. Two exchanges.

    :param target: from :func:`optiga.objects.addressing.resolve`.
    :raises ChipError: if the chip refuses: what cannot be read cannot be hashed.
    """
    used = chip.objects.metadata(target.oid).used_size or 0
    return chip.crypto.sha256(*([ObjectPart(target.oid, 0, used)] if used else []))


class AesJob(NamedTuple):
    """What is to be encrypted or decrypted, checked and padded."""

    content: bytes
    mode: SymmetricMode
    iv: bytes
    padded: bool


def plan_encryption(message: bytes, mode: str, iv: bytes | None, padding: str) -> AesJob:
    """Check and pad a message for :func:`encrypt`.

    :param mode: ``cbc`` or ``ecb``.
    :param iv: 16 bytes, for CBC.
    :param padding: ``pkcs7`` (RFC 5652, 6.3) or ``none``.
    :raises ConfigurationError: if these do not go together.
    """
    if padding == "pkcs7":
        from cryptography.hazmat.primitives.padding import PKCS7

        padder = PKCS7(8 * BLOCK_SIZE).padder()
        message = padder.update(message) + padder.finalize()
    return _plan(message, mode, iv, padding, is_new=True)


def plan_decryption(protected: bytes, mode: str, iv: bytes | None, padding: str) -> AesJob:
    """Check what :func:`decrypt` is to decrypt; otherwise as :func:`plan_encryption`."""
    return _plan(protected, mode, iv, padding, is_new=False)


def _plan(content: bytes, mode: str, iv: bytes | None, padding: str, *, is_new: bool) -> AesJob:
    """Check what is encrypted or decrypted.

    :param is_new: whether it is a message that nobody has encrypted yet.
    """
    if not content or len(content) % BLOCK_SIZE:
        raise ConfigurationError(
            f"{counted(len(content), 'byte', 'are')} not a multiple of the block size, {BLOCK_SIZE} bytes",
            hint=naming("To pad it, use {padding=pkcs7}")
            if is_new
            else "Encrypted data are always whole blocks: check that nothing is missing at the end",
        )
    if mode == "ecb" and iv is not None:
        raise ConfigurationError(naming("ECB does not use {iv}"), hint="Omit it, or use CBC")
    if mode == "cbc" and (iv is None or len(iv) != BLOCK_SIZE):
        was = "but there is none" if iv is None else f"not {len(iv)}"
        raise ConfigurationError(
            f"CBC needs an initialization vector of {BLOCK_SIZE} bytes, {was}",
            hint=naming("Give it with {iv}. To make one for a new message, use 'python -m optiga random 16'")
            if is_new
            else naming("Give the one that the message was encrypted with ({iv})"),
        )
    return AesJob(content, SymmetricMode[mode.upper()], iv or b"", padding == "pkcs7")


def encrypt(chip: Chip, job: AesJob) -> bytes:
    """Encrypt with the chip's AES key. One exchange for about each 600 bytes.

    :raises ChipError: if the chip holds no such key, or refuses.
    """
    return chip.crypto.encrypt_aes(job.content, job.mode, job.iv)


def decrypt(chip: Chip, job: AesJob) -> bytes:
    """Decrypt with the chip's AES key, and take the padding away. One exchange for about each 600 bytes.

    :raises ConfigurationError: if there is no right padding.
    :raises ChipError: if the chip holds no such key, or refuses.
    """
    message = chip.crypto.decrypt_aes(job.content, job.mode, job.iv)
    if not job.padded:
        return message
    from cryptography.hazmat.primitives.padding import PKCS7

    unpadder = PKCS7(8 * BLOCK_SIZE).unpadder()
    try:
        return unpadder.update(message) + unpadder.finalize()
    except ValueError:
        raise ConfigurationError(
            "the decrypted data do not have PKCS #7 padding",
            hint=naming("Use the same key, mode and {iv} as for the encryption, or {padding=none}"),
            reason=Reason.MISMATCH,
        ) from None


def plan_mac(message: bytes, mode: str) -> SymmetricMode:
    """The mode that ``cmac`` or ``cbc-mac`` names.

    :raises ConfigurationError: if the message does not fit it.
    """
    if mode == "cbc-mac" and len(message) % BLOCK_SIZE:
        raise ConfigurationError(
            f"CBC-MAC: {counted(len(message), 'byte', 'are')} not a multiple of the block size, {BLOCK_SIZE} bytes",
            hint="Use CMAC for messages of any length",
        )
    return SymmetricMode[mode.upper().replace("-", "_")]


def plan_rsa_key(path: Path | None, oid: str | None, size: int) -> PublicKey | int:
    """The key to encrypt for: of a file, or the object of the chip with its certificate.

    :param size: bytes of the message.
    :raises ConfigurationError: if it is no RSA key of the chip's, or the message is too long for it.
    :raises CertificateError: if the file holds no public key.
    """
    if path is None:
        if size > _most(KeyAlgorithm.RSA2048):
            raise ConfigurationError(
                f"{size} bytes are too long: the chip encrypts at most {_most(KeyAlgorithm.RSA1024)} bytes with an "
                f"RSA-1024 key, and {_most(KeyAlgorithm.RSA2048)} with an RSA-2048 key",
                hint=_HYBRID,
                reason=Reason.TOO_LARGE,
            )
        return resolve(oid or "", READABLE).oid
    key = load_public_key(path)
    if key.algorithm is None or not key.algorithm.is_rsa:
        raise ConfigurationError(
            f"{path} has a key of type {key.title}",
            hint="The chip encrypts only with RSA-1024 and RSA-2048 keys",
            reason=Reason.UNSUPPORTED,
        )
    most = _most(key.algorithm)
    if size > most:
        raise ConfigurationError(
            f"{size} bytes are too long for {key.title}, which encrypts at most {most} bytes",
            hint=_HYBRID,
            reason=Reason.TOO_LARGE,
        )
    return require_chip_key(key, str(path))


def _most(algorithm: KeyAlgorithm) -> int:
    """Bytes of the longest message that an RSA key encrypts."""
    return RSA_KEY_BITS[algorithm] // 8 - RSA_PADDING_SIZE


def decrypt_rsa(chip: Chip, slot: Slot, protected: bytes) -> bytes:
    """Decrypt RSAES-PKCS1-v1.5 with a slot's key. Two exchanges.

    :raises ConfigurationError: if the slot's key is no RSA key, or what is to be decrypted is not as long as it.
    :raises ChipError: if the slot holds no key, or the chip refuses.
    """
    key = chip.crypto.key(slot.key_oid)
    if not key.algorithm.is_rsa:
        raise ConfigurationError(
            f"the key in slot {slot.name} is {key.algorithm.title}, not RSA",
            hint="Use an RSA key, in slot five or six",
            reason=Reason.WRONG_TYPE,
        )
    size = RSA_KEY_BITS[key.algorithm] // 8
    if len(protected) != size:
        raise ConfigurationError(
            f"{counted(len(protected), 'byte', 'are')} not data encrypted with {key.algorithm.title}: the size must be "
            f"{size}",
            hint="Give the encrypted message as raw bytes, without anything before or after it",
            reason=Reason.MISMATCH,
        )
    return key.decrypt(protected)


def check_hkdf(salt: bytes, info: bytes) -> None:
    """Make sure that HKDF takes these.

    :raises ConfigurationError: if not.
    """
    for name, value, most in ((naming("{salt}"), salt, MAX_SALT), (naming("{info}"), info, MAX_INFO)):
        if len(value) > most:
            raise ConfigurationError(
                naming(
                    "{name} has {size} bytes, but at most {most} are allowed", name=name, size=len(value), most=most
                ),
                reason=Reason.TOO_LARGE,
            )


def check_prf(label: bytes, seed: bytes) -> None:
    """Make sure that the PRF takes these.

    :raises ConfigurationError: if not.
    """
    if not MIN_PRF_SEED <= len(label + seed) <= MAX_SALT:
        raise ConfigurationError(
            f"label and seed have {counted(len(label + seed), 'byte')} together, but {MIN_PRF_SEED} to {MAX_SALT} are "
            "allowed",
            parameter="label",
        )
