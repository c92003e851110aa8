"""Whether what is going to be certified can be asked for, and fits the chip: known before there is a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from optiga.errors import CertificateError, ConfigurationError, Reason
from optiga.identity.sample_request import LongestRequest, longest_request
from optiga.pki.pem import encode_pem
from optiga.protocol import tls_identity

if TYPE_CHECKING:
    from optiga.identity.configuration import Configuration
    from optiga.objects.addressing import Target

_MAX_AWS_REQUEST = 4096
"""Most characters of a CSR that AWS IoT takes (CreateCertificateFromCsr, certificateSigningRequest)."""
_AWS_FRAME = 532
"""Bytes of a certificate of AWS IoT beside its subject and public key: names, times, extensions and the signature, an
RSA key's of 2048 bits. With a shorter serial number than any that is drawn at random: it is not less."""

_SUBJECT, _NAMES, _RSA = "the subject (certificate_info)", "the subject alternative names", "the RSA key"
_ADVICE = {_SUBJECT: "shorten it", _NAMES: "ask for fewer", _RSA: "use an EC key, which is much smaller"}


class Sizes(NamedTuple):
    """How long the certificates of a new key are going to be.

    :param certificates: bytes of each in DER, the device's first; the least or the most that they can be.
    :param is_least: whether they are at least so long; else at most.
    :param parts: what takes how many bytes of them, for hints.
    """

    certificates: tuple[int, ...]
    is_least: bool
    parts: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """Bytes of the certificates as they lie in the chip."""
        return len(tls_identity.encode(bytes(size) for size in self.certificates))


def sizes_of_aws(configuration: Configuration) -> Sizes:
    """The least that AWS IoT's certificate can take.

    :raises ConfigurationError: if AWS IoT does not take so long a CSR.
    """
    request = longest_request(configuration)
    asked = len(encode_pem("CERTIFICATE REQUEST", request.der))
    parts = _parts(configuration, request)
    if asked > _MAX_AWS_REQUEST:
        raise ConfigurationError(
            f"{configuration.source}: the CSR would have {asked} characters, but AWS IoT accepts at most "
            f"{_MAX_AWS_REQUEST}",
            hint=_hint(parts),
            reason=Reason.TOO_LARGE,
        )
    size = request.subject + request.public_key + _AWS_FRAME
    return Sizes((size,), True, tuple(part for part in parts if part[0] != _NAMES))


def sizes_of_ca(configuration: Configuration, certificates: tuple[int, ...]) -> Sizes:
    """What a CA's certificates take at most.

    :param certificates: bytes of each in DER, the device's first.
    """
    parts = _parts(configuration, longest_request(configuration))
    chain = sum(certificates[1:])
    return Sizes(certificates, False, (*parts, ("the CA's own certificate in the chain", chain)) if chain else parts)


def check_room(source: str, sizes: Sizes, target: Target, room: int | None = None) -> None:
    """Refuse certificates for which an object has no room.

    :param source: what the configuration is called in messages.
    :param room: bytes of the object where a chip has told; else what the manual says.
    :raises CertificateError: if it has none.
    """
    try:
        total = sizes.total
    except ValueError:  # longer than its length field can say
        total = sum(sizes.certificates)
    most = target.info.size if room is None else room
    if total > most:
        raise CertificateError(
            f"{source}: the certificate would not fit: it takes {'at least' if sizes.is_least else 'up to'} {total} "
            f"bytes, {target.info.label} has room for {most}",
            hint=f"{_hint(sizes.parts)}. No key was generated",
            oid=target.oid,
            reason=Reason.TOO_LARGE,
        )


def _parts(configuration: Configuration, request: LongestRequest) -> tuple[tuple[str, int], ...]:
    names = sum(len(value) + 2 for _, value in configuration.extensions.subject_alt_names)
    parts = [(_SUBJECT, request.subject), (_NAMES, names)]
    if configuration.algorithm.is_rsa:
        parts.append((_RSA, request.public_key))
    return tuple(parts)


def _hint(parts: tuple[tuple[str, int], ...]) -> str:
    """What to make shorter: what takes the most."""
    name, size = max(parts, key=lambda part: part[1])
    verb = "take" if name == _NAMES else "takes"
    return f"{name[0].upper()}{name[1:]} {verb} {size} bytes: {_ADVICE.get(name, 'use a root CA, which adds none')}"
