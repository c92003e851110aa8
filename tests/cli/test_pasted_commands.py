"""Every command in a hint can be pasted into a shell, whatever the name of the file in it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from optiga.files.shown import file_in_command
from optiga.naming import in_command
from tests.support import odd_certificates as odd
from tests.support.cli.runner import Cli
from tests.support.other_ca import OtherCa

NAMES = ["plain.pem", "my file.pem", "a&b;c.pem", "(1)*.pem", "~me.pem", "-x.pem", "{uid}.pem", "ä ö.pem"]
NEVER = ["a$b.pem", "a`b.pem", "a!b.pem"]
if os.name != "nt":
    NEVER += ['a"b.pem', "a'b.pem", "a\\b.pem"]
KEY = ec.generate_private_key(ec.SECP256R1())


def private(_: str) -> bytes:
    return KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def container(_: str) -> bytes:
    certificate = OtherCa("ca", key=KEY).certificate
    return pkcs12.serialize_key_and_certificates(b"x", KEY, certificate, None, BestAvailableEncryption(b"secret"))


def openssls_own(_: str) -> bytes:
    return OtherCa("ca").pem.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE")


def indefinite(_: str) -> bytes:
    return b"\x30\x80" + odd.odd_certificate(KEY)[4:] + b"\0\0"


def putty(_: str) -> bytes:
    return b"PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\nEncryption: none\n"


IMPORT = ("ca", "import", "new", "--no-passphrase", "--certificate")
CASES: dict[str, tuple[tuple[str, ...], Callable[[str], bytes] | None]] = {
    "public key": (("key", "ecdh", "second"), private),
    "a certificate": (("--csr",), lambda _: OtherCa("ca").pem),
    "PKCS 12": (("--write",), container),
    "OpenSSL": ((*IMPORT,), openssls_own),
    "BER": (("--write",), indefinite),
    "PuTTY": ((*IMPORT, "ca.crt", "--key"), putty),
    "a CA": (("ca", "list", "--ca"), None),
    "a chip": (("emulator", "reset", "--yes", "--"), None),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES)
def test_the_name_is_one_word_of_the_command(cli: Cli, port: str, case: str, name: str) -> None:
    told = command_in(cli, port, case, name)
    words = shlex.split(told)
    assert name in words or f"./{name}" in words


@pytest.mark.parametrize("name", NEVER)
@pytest.mark.parametrize("case", CASES)
def test_a_name_that_a_shell_would_run_is_in_no_command(cli: Cli, port: str, case: str, name: str) -> None:
    told = command_in(cli, port, case, name)
    assert name not in told
    assert "FILE" in told


def command_in(cli: Cli, port: str, case: str, name: str) -> str:
    """The command in the hint of an error about a file."""
    words, make = CASES[case]
    Path("ca.crt").write_bytes(OtherCa("ca").pem)
    if make is not None:
        Path(name).write_bytes(make(name))
        Path(name).chmod(0o600)
    option, last = words[-1], f"./{name}" if name.startswith("-") and make is not None else name
    given = [f"{option}={last}"] if option.startswith("--") and option != "--" else [option, last]
    result = cli("--port", port, *words[:-1], *given)
    assert result.code in (2, 3, 5), result.err
    (error,) = result.errors
    found = re.search(r"(?:: |use '?)((?:openssl|puttygen|ca init|emulator new|--write) .*)", error)
    assert found, error
    return found[1].removesuffix("'").partition(", and then")[0]


@pytest.mark.parametrize("word", ["", "a\nb", "a\x1bb", 'a"b', "a$b"])
def test_what_cannot_be_pasted(word: str) -> None:
    assert in_command(word, "X") == "X"


def test_what_is_no_file() -> None:
    assert file_in_command("the PEM text") == "FILE"
    assert file_in_command(Path("no such")) == '"no such"'
