"""``--read``: an object of the chip, as text or into a file."""

from __future__ import annotations

from dataclasses import dataclass

from optiga.cli.support.chip_files import refuse_a_blank_chip
from optiga.cli.support.content import check_not_lost_to_new_chip, check_not_terminal, check_out, save, write_bytes
from optiga.cli.support.file_names import is_standard_output
from optiga.cli.support.printing import print_lines
from optiga.cli.support.settings import Settings
from optiga.cli.support.trust import announce_emulated
from optiga.files.shown import file_in_command
from optiga.identity.attestation import IDENTITY_SLOT
from optiga.identity.read import check_part, is_secret, read_part
from optiga.identity.read import read_object as read
from optiga.objects.addressing import READABLE, resolve


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The result of ``--read``.

    :param oid: the object, for example ``0xE0E1``.
    :param size: bytes of its data.
    :param certificates: those in the data as PEM, leaf first; none if it holds something else.
    """

    oid: str
    size: int
    data: bytes
    certificates: tuple[str, ...]


def read_object(
    settings: Settings, target: str, *, out: str | None, offset: int | None = None, length: int | None = None
) -> None:
    """``--read``: an object as PEM or hex dump on standard output, or as it is into a file or standard output.

    :param offset: of the first byte, which makes it bytes, whatever they are; the same for the length.
    """
    resolved = resolve(target, READABLE)
    is_part = offset is not None or length is not None
    if is_part:
        check_part(resolved.info, offset or 0, length)
    if is_bare := is_standard_output(settings, out):
        out = None
    settings.check_query(ReadResult)
    check_out(out)
    refuse_a_blank_chip(settings, resolved.oid)
    check_not_lost_to_new_chip(settings, out, is_kept=False)
    with settings.open_chip(resolved.oid) as chip:
        result = read_part(chip, resolved, offset or 0, length) if is_part else read(chip, resolved)
        secret = out is not None and is_secret(chip, resolved)
    if resolved.oid == IDENTITY_SLOT.certificate_oid and result.certificates:
        announce_emulated(settings, result.certificates[0])
    if result.note:
        settings.warn(result.note)
    if out is not None:
        label, is_kept = resolved.info.label, bool(result.certificates)
        save(settings, out, result.file_content, label, secret=secret, is_kept=is_kept)
        if is_kept and out.lower().endswith(".der"):
            to_der = f"openssl x509 -in {file_in_command(out)} -outform der"
            settings.note(f"{out} holds PEM, in spite of its name. For DER, use '{to_der}'")
    if is_bare:
        if not result.certificates:
            check_not_terminal(f"the content of {resolved.info.label}", "omit --out - to print a hex dump")
        write_bytes(result.file_content)
    elif settings.wants_result:
        pems = tuple(certificate.pem for certificate in result.certificates)
        shown = ReadResult(resolved.info.label, len(result.data), result.data, pems)
        settings.print_result(shown, default="repr")
    elif out is None:
        print_lines(result.text, line_break=False)
