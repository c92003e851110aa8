"""Files with something else than certificates, where certificates are wanted: what they hold, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from optiga.errors import CertificateError, Reason
from optiga.files.shown import file_in_command
from optiga.pki.kinds import (
    CERTIFICATE_LABELS,
    OPENSSLS_OWN,
    PKCS7,
    PKCS12,
    PRIVATE_KEY,
    PUBLIC_KEY,
    REQUEST,
    title_of_labels,
)
from optiga.pki.pem_blocks import PemBlock

_HINTS = {
    REQUEST: "Give the certificate that the CA issued for it",
    PRIVATE_KEY: "Give the certificate of this key",
    PUBLIC_KEY: "Give the certificate of this key",
    PKCS7: "Extract the certificates: openssl pkcs7 -print_certs -in {file}",
    PKCS12: "Extract the certificate: openssl pkcs12 -nokeys -in {file}",
    OPENSSLS_OWN: "Convert it: openssl x509 -in {file}",
}
_GIVE_ONE = "Give a certificate in PEM or DER"


class OtherContentError(CertificateError):
    """A file holds something else than certificates, and it is known what.

    :ivar held: what it holds, as :mod:`optiga.pki.kinds` names it.
    """

    held = ""


def refuse_other_blocks(blocks: Sequence[PemBlock], name: str, *taken: str) -> None:
    """Refuse PEM that holds something else than certificates, by what matters most of it.

    :param name: what to call the file in messages.
    :param taken: labels of what else may be there.
    :raises CertificateError: if there is something else.
    """
    others = [block.label for block in blocks if block.label not in (*CERTIFICATE_LABELS, *taken)]
    if others:
        what = title_of_labels(others)
        wanted = "a certificate" if len(others) == len(blocks) else "only certificates"
        raise other_content(name, what, wanted)


def other_content(name: str, held: str, wanted: str = "a certificate", *, is_der: bool = False) -> OtherContentError:
    """The error of a file with something else than certificates.

    :param name: what to call the file in messages; one with a space in it is not a file's.
    """
    hint = _HINTS.get(held, _GIVE_ONE).replace("{file}", file_in_command(name))
    if is_der and held == PKCS7:
        hint = hint.replace("pkcs7 ", "pkcs7 -inform DER ")
    error = OtherContentError(f"{name} holds {held}, not {wanted}", hint=hint, reason=Reason.WRONG_TYPE)
    error.held = held
    return error
