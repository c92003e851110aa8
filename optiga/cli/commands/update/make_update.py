"""``update make``: data, key, metadata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optiga.cli.support.choices import NamedChoice, WholeNumber
from optiga.cli.support.containers import open_container, pkcs12_option, warn_of_key
from optiga.cli.support.content import MAX_FOR_CHIP, check_out, read_metadata_file, read_whole, take_hex
from optiga.cli.support.environment import SIGNER_PASSPHRASE
from optiga.cli.support.file_names import FILE, FILE_OR_INPUT, KEY, STANDARD_OUTPUT, is_standard_output, out_file_option
from optiga.cli.support.options import of_option
from optiga.cli.support.passphrase import read_or_ask, use_passphrase
from optiga.cli.support.printing import print_lines
from optiga.cli.support.replacing import check_replaced
from optiga.cli.support.settings import Settings, common_options, pass_settings, together
from optiga.errors import ConfigurationError, Reason
from optiga.files.hex_text import is_digits, parse_hex
from optiga.files.kept import UPDATE, what_is_kept
from optiga.files.secrets import SecretFile, read_secret
from optiga.identity.forms import Form, form_of_type, may_have_type
from optiga.objects.addressing import ADMINISTERED, TRUST_ANCHOR, UPDATE_SECRET, resolve
from optiga.objects.addressing import KEY as KEYS
from optiga.objects.metadata_files import read_metadata
from optiga.results import MERGED
from optiga.transfer.form import parse_metadata
from optiga.update.contents import (
    aes_contents,
    certificate_contents,
    data_contents,
    is_aes,
    key_contents,
    metadata_contents,
)
from optiga.update.make import DEFAULT_LABEL, UpdateSecret, make_update
from optiga.update.private_keys import KeyFile
from optiga.update.update_file import encode_json, write_update
from optiga.update.update_set import UpdateDescription

if TYPE_CHECKING:
    from optiga.update.payloads import Payload, PrivateKey

_MAX_VERSION = 0x7FFF
_MAX_SECRET_FILE = 1 << 20
_AES_SIZES = "an AES key has 16, 24 or 32 bytes"


@dataclass(frozen=True, slots=True)
class UpdateMade:
    """The result of ``update make``.

    :param file: what the update was written to.
    """

    update: UpdateDescription = field(metadata=MERGED)
    file: str


_update_options = together(
    click.option(
        "--version",
        type=WholeNumber(1, _MAX_VERSION),
        metavar="N",
        required=True,
        help="Version of the update. It must be greater than the object's version on every chip.",
    ),
    click.option("--anchor", metavar="OID", required=True, help="Object with the signer's certificate: 0xE0E8 …"),
    click.option("--signer", "signer_path", type=KEY, required=True, help="Private key that signs, PEM or DER."),
    click.option(
        "--passphrase-file",
        type=FILE,
        help=f"File whose first line is the passphrase of the signer's key (default: environment variable "
        f"{SIGNER_PASSPHRASE}).",
    ),
    click.option("--ask-passphrase", is_flag=True, help="Ask for the passphrases of encrypted keys."),
    click.option(
        "--secret", "secret_path", type=FILE, help="File of the secret that encrypts the update, 1 to 64 bytes."
    ),
    click.option("--secret-oid", metavar="OID", help="Object of the chip that holds the secret of --secret."),
    click.option("--secret-hex", is_flag=True, help="The file of --secret holds hex digits."),
    click.option("--label", metavar="TEXT", help="Label for deriving the encryption key (default: Confidentiality)."),
    click.option(
        "--uid",
        callback=take_hex,
        metavar="HEX",
        help="UID of the only chip that accepts the update (default: any chip).",
    ),
    out_file_option(
        "Output file for the update: JSON, or C if the name ends in .h, .c or .txt; - for JSON on standard output.",
        required=True,
    ),
)
"""What every update has, whatever it brings; all of it is taken by :func:`_make`."""


@click.command(name="data")
@click.argument("oid", metavar="OID|SLOT")
@click.argument("path", type=FILE_OR_INPUT)
@click.option("--hex", "is_hex", is_flag=True, help="The file holds hex digits.")
@click.option(
    "--offset", type=WholeNumber(0, 0xFFFF), metavar="N", help="Offset of the first byte to write (default: 0)."
)
@click.option("--no-erase", is_flag=True, help="Keep the bytes before and after the written bytes.")
@click.option(
    "--type",
    "object_type",
    type=NamedChoice(["trust_anchor", "device_certificate", "byte_string"]),
    help="Type of the object on the chips (default: the object's usual type).",
)
@pkcs12_option
@_update_options
@common_options(board=False)
@pass_settings
def make_data(
    settings: Settings,
    /,
    oid: str,
    path: str,
    is_hex: bool,
    offset: int | None,
    no_erase: bool,
    object_type: str | None,
    pkcs12_passphrase_file: str | None,
    **options: Any,
) -> None:
    """Make an update that writes a file, or standard input (-), to an object.

    For a certificate or trust anchor object, the file is a certificate, PEM or DER. For other objects, give --type.
    With --hex, --offset or --no-erase, the file is bytes for these objects, too.
    """
    info = resolve(oid, ADMINISTERED).info
    name = "standard input" if path == "-" else path
    content = read_whole(path, limit=MAX_FOR_CHIP, room=info.room)
    are_bytes = is_hex or offset is not None or no_erase
    if object_type is not None and are_bytes:
        raise click.UsageError("--type does not go together with --hex, --offset or --no-erase: these write bytes.")
    if object_type is not None and not may_have_type(info):
        raise ConfigurationError(
            f"{info.label} holds no certificate and no data", hint="Omit --type", oid=info.oid, parameter="type"
        )
    form = form_of_type(info, object_type)
    if form is not Form.DATA and not are_bytes:
        content = open_container(settings, content, name, pkcs12_passphrase_file)
        payload, warnings = certificate_contents(info, content, name, form)
        warn_of_key(settings, name, warnings)
    else:
        data = parse_hex(content, name) if is_hex else content
        payload, warnings = data_contents(data, name, offset=offset or 0, erase=not no_erase), ()
    _make(settings, info.oid, payload, (path,), options, warnings)


@click.command(name="key")
@click.argument("oid", metavar="OID|SLOT|aes")
@click.argument("path", type=KEY)
@click.option("--hex", "is_hex", is_flag=True, help="The file of the AES key holds hex digits.")
@click.option(
    "--usage",
    metavar="LIST",
    help="Key usage, separated by commas: authentication, signature, key_agreement, encryption.",
)
@click.option("--key-passphrase-file", type=FILE, help="File whose first line is the passphrase of KEY.")
@_update_options
@common_options(board=False)
@pass_settings
def make_key(
    settings: Settings,
    /,
    oid: str,
    path: str,
    is_hex: bool,
    usage: str | None,
    key_passphrase_file: str | None,
    **options: Any,
) -> None:
    """Make an update that writes a private key (EC or RSA, PEM or DER) to a slot, or an AES key to 0xE200.

    An AES key is a file of 16, 24 or 32 bytes. Encrypt the update with --secret; otherwise, anyone who has the file
    has the key.
    """
    info = resolve(oid, KEYS).info
    if options["out"] == STANDARD_OUTPUT and not options["secret_path"]:
        raise click.UsageError(
            "--out - requires --secret: a key that is not encrypted goes to a file that only you can read."
        )
    key_warnings: tuple[str, ...] = ()
    if is_aes(info):
        content, key_warnings = _read_aes_key(path)
        name = "standard input" if path == "-" else path
        key = parse_hex(content, name) if is_hex else content
        _warn_of_digits(settings, key, name, "--hex")
        payload = aes_contents(key, usage)
    else:
        if is_hex:
            raise click.UsageError("--hex is for the AES key only: other keys are files in PEM or DER.")
        private, key_warnings = _open_key(path, key_passphrase_file, options["ask_passphrase"], "--key-passphrase-file")
        payload = key_contents(private, usage)
    plain = (
        f"{options['out']} holds the key unencrypted: anyone who reads the file has the key. To encrypt the key, "
        "use --secret"
    )
    warnings = key_warnings if options["secret_path"] else (*key_warnings, plain)
    _make(settings, info.oid, payload, (path, key_passphrase_file), options, warnings)


@click.command(name="metadata")
@click.argument("oid", metavar="OID|SLOT")
@click.argument("words", metavar="[TAG: VALUE]…|HEX|FILE", nargs=-1)
@click.option(
    "--reset",
    type=NamedChoice(["as_metadata", "zeros", "random"]),
    help="Reset of the object's data: as the object's reset_type says, or overwritten (default: as_metadata).",
)
@_update_options
@common_options(board=False)
@pass_settings
def make_metadata(settings: Settings, /, oid: str, words: tuple[str, ...], reset: str | None, **options: Any) -> None:
    """Make an update that sets metadata, in the words of 'object metadata': "change: never" "lcso: creation".

    An object accepts the update in any life cycle state if its metadata have a metadata_update condition and a
    reset_type.
    """
    info = resolve(oid, ADMINISTERED).info
    if not words and reset is None:
        raise click.UsageError(
            'Give the metadata to set, for example "read: never", or the reset of the data: --reset.'
        )
    _make(
        settings,
        info.oid,
        metadata_contents(read_metadata(info, words, read_metadata_file, parse_metadata), reset),
        (),
        options,
    )


def _is_update(held: bytes) -> bool:
    """Whether a file holds an update, whose place its next version takes."""
    return what_is_kept(held) == UPDATE


def _make(
    settings: Settings,
    oid: int,
    payload: Payload,
    inputs: Sequence[str | None],
    options: dict[str, Any],
    warnings: Sequence[str] = (),
) -> None:
    """Sign and write an update.

    :param inputs: files that the payload came from.
    :param options: those of :func:`_update_options`.
    :param warnings: what a person should know of it once it is written.
    """
    out: str = options["out"]
    with of_option("--anchor"):
        anchor = resolve(options["anchor"], TRUST_ANCHOR)
    secret, secret_warnings = _secret(settings, options)
    is_printed = is_standard_output(settings, out)
    if not is_printed:
        _check_file(settings, options, inputs, has_secret=secret is not None)
    signer, signer_warnings = _open_key(
        options["signer_path"],
        options["passphrase_file"],
        options["ask_passphrase"],
        "--passphrase-file",
        environment=SIGNER_PASSPHRASE,
    )
    update = make_update(
        payload,
        target_oid=oid,
        payload_version=options["version"],
        anchor_oid=anchor.oid,
        signer=signer,
        secret=secret,
        uid=options["uid"] or b"",
    )
    described = update.describe()
    result = UpdateMade(described, out)
    settings.check_query(result)
    if is_printed:
        print_lines(encode_json(update), line_break=False)
    else:
        write_update(Path(out), update)
        settings.note(
            f"The update of {described.target} to version {described.payload_version} has been written to {out}"
        )
    for warning in (*secret_warnings, *signer_warnings, *warnings):
        settings.warn(warning)
    if settings.wants_result and not is_printed:
        settings.print_result(result, default="repr")


def _check_file(settings: Settings, options: dict[str, Any], inputs: Sequence[str | None], *, has_secret: bool) -> None:
    """Make sure that the file of an update can be written, and nothing is lost by it.

    :param inputs: files that the payload came from.
    """
    out: str = options["out"]
    check_out(out, secret=not has_secret, over_keys=True)  # whether it is the very key, is said first
    _check_apart(out, (*inputs, options["signer_path"], options["secret_path"], options["passphrase_file"]))
    check_out(out)
    check_replaced(settings, out, None, is_kept=False, is_elsewhere=_is_update)


def _warn_of_digits(settings: Settings, data: bytes, name: str, option: str) -> None:
    """Say of bytes that are hex digits that nobody reads these."""
    if is_digits(data):
        settings.warn(f"{name} holds hex digits, which are taken as they are: {option} makes bytes of them")


def _secret(settings: Settings, options: dict[str, Any]) -> tuple[UpdateSecret | None, tuple[str, ...]]:
    """What the payload is encrypted with, None for nothing, and what a person should know of its file."""
    path, oid, label = options["secret_path"], options["secret_oid"], options["label"]
    if (path is None) != (oid is None):
        raise click.UsageError(
            "--secret requires --secret-oid, the object that holds the secret."
            if oid is None
            else "--secret-oid requires --secret, the file of the secret."
        )
    if path is None:
        if label is not None or options["secret_hex"]:
            raise click.UsageError("--label and --secret-hex require --secret.")
        return None, ()
    with of_option("--secret-oid"):
        target = resolve(oid, UPDATE_SECRET)
    room = target.info.room
    if path == "-":
        file = SecretFile(read_whole(path, "secret", limit=_MAX_SECRET_FILE, room=room))
    else:
        file = read_secret(Path(path), "secret", _MAX_SECRET_FILE, room=room)
    value = parse_hex(file.data, path) if options["secret_hex"] else file.data
    _warn_of_digits(settings, value, "standard input" if path == "-" else path, "--secret-hex")
    return UpdateSecret(target.oid, value, DEFAULT_LABEL if label is None else label.encode()), file.warnings


def _read_aes_key(path: str) -> tuple[bytes, tuple[str, ...]]:
    """What is in the file of an AES key, and what a person should know of it."""
    if path == "-":
        return read_whole(path, "AES key", limit=MAX_FOR_CHIP, room=_AES_SIZES), ()
    file = read_secret(Path(path), "AES key", MAX_FOR_CHIP, room=_AES_SIZES)
    return file.data, file.warnings


def _open_key(
    path: str, passphrase_file: str | None, ask: bool, option: str, *, environment: str = ""
) -> tuple[PrivateKey, tuple[str, ...]]:
    """A private key from its file, and what a person should know of that and of its passphrase's file.

    The passphrase is looked for only if the key has one.

    :param option: what names the file of the passphrase.
    """
    file = KeyFile.read(Path(path))
    if not file.is_encrypted:
        return file.open(), file.warnings
    # The option for all keys asks for those whose passphrase no file gives.
    ask = ask and passphrase_file is None
    passphrase = read_or_ask(passphrase_file, ask=ask, prompt=f"Passphrase of {path}", environment=environment)
    if passphrase is None:
        ways = f"{option} FILE or --ask-passphrase" + (f", or the variable {environment}" if environment else "")
        raise ConfigurationError(
            f"the private key {path} is encrypted",
            hint=f"Give its passphrase: {ways}",
            reason=Reason.MISSING,
            parameter=option.lstrip("-"),
        )
    key, _ = use_passphrase(passphrase, file.open, prompt=f"Passphrase of {path}")
    return key, (*file.warnings, *passphrase.warnings)


def _check_apart(out: str, inputs: Sequence[str | None]) -> None:
    """Refuse to write the update over what it is made from."""
    target = Path(out)
    for name in inputs:
        if name is not None and target.exists() and Path(name).exists() and target.samefile(name):
            raise ConfigurationError(
                f"the update is made from {name}, which is also the file of --out",
                hint="Name another file",
                reason=Reason.CONFLICT,
                parameter="out",
            )
