"""A file of another kind than the command takes: the error has its path and reason, and says what the file is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from optiga.ca.request import load_request
from optiga.cli import main
from optiga.cli.support.other_files import advise_of_kind
from optiga.errors import CertificateError, ConfigurationError, OptigaError, Reason
from optiga.files.hex_text import parse_hex
from optiga.files.json_lines import parse_json
from optiga.files.opening import about, about_its
from tests.support.cli.mistakes import error_of
from tests.support.cli.runner import Cli
from tests.support.places import CONFIGS
from tests.support.sampling import sampled

JSON = ("-q", "--output", "json")
CONFIGURATION = CONFIGS / "config_nistp256_ecdsa_secondslot.jsn"
KINDS = {
    "ca.pem": ("a certificate", "--write"),
    "ca.der": ("a certificate", "--write"),
    "key.der": ("a private key", ""),
    "public.pem": ("a public key", ""),
    "crl.pem": ("a certificate revocation list", ""),
    "own.chip": ("an emulated chip", "the port emulator:own.chip"),
    "c.jsn": ("a configuration", "CSR"),
    "chip.json": ("an export of a chip's objects", "'import'"),
    "state.json": ("the state of an emulated chip", "'emulator load'"),
    "issued.db": ("the record file of a CA", "'ca list"),
    "policy.json": ("an AWS policy", "policy template"),
    "openssl.cnf": ("a file with sections", ""),
    "x.xml": ("XML", ""),
}
"""What each file is, and what the hint says of what takes it."""
TAKERS = {
    "--csr {}": ("c.jsn",),
    "--write {}": ("ca.pem", "ca.der"),
    "--port emulator:{} info": ("own.chip",),
    "emulator load {} new": ("chip.json", "state.json"),
    "ca list --ca {}": (),
    "ca sign {} --ca ca": (),
    "ca sign request.csr --ca ca --crl {}": ("crl.pem",),
    "ca import sub --certificate {} --key key.pem": ("ca.pem", "ca.der", "key.der"),
    "ca import sub --certificate ca.pem --key {} --no-passphrase": ("ca.pem", "key.der"),
    "import {}": ("chip.json",),
    "journal show --journal {}": (),
    "key ecdh second {}": ("ca.pem", "ca.der", "public.pem"),
    "object write 0xF1D0 {} --hex": (),
    "provision {} --ca ca --no-cloud": ("c.jsn",),
    "provision c.jsn --policy-template {}": ("policy.json",),
    "update make key second {} --signer key.pem --anchor 0xE0E8 --version 1 --out new": ("key.der",),
    "update show {}": (),
}
"""Which of them each command takes, at least so far that another fault is told."""


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of each kind."""
    folder = tmp_path_factory.mktemp("kinds")
    key = ec.generate_private_key(ec.SECP256R1())
    form, plain = PrivateFormat.PKCS8, NoEncryption()
    assert main(["ca", "init", str(folder / "ca"), "--no-passphrase"]) == 0
    assert main(["emulator", "new", str(folder / "own.chip")]) == 0
    assert main(["--port", f"emulator:{folder / 'own.chip'}", "export", str(folder / "chip.json")]) == 0
    assert main(["emulator", "dump", str(folder / "own.chip"), "--out", str(folder / "state.json")]) == 0
    for name in ("ca.pem", "crl.pem", "issued.db"):
        shutil.copy(folder / "ca" / name, folder / name)
    pem = (folder / "ca.pem").read_bytes()
    request = x509.CertificateSigningRequestBuilder(x509.Name([]))
    contents = {
        "c.jsn": CONFIGURATION.read_bytes(),
        "ca.der": x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER),
        "key.pem": key.private_bytes(Encoding.PEM, form, plain),
        "key.der": key.private_bytes(Encoding.DER, form, plain),
        "public.pem": key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "request.csr": request.sign(key, SHA256()).public_bytes(Encoding.PEM),
        "policy.json": b'{"Version": "2012-10-17", "Statement": []}',
        "openssl.cnf": b"[ req ]\nx = y\n",
        "x.xml": b"<?xml version='1.0'?>\n<a></a>\n",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    for name in ("key.pem", "key.der"):
        (folder / name).chmod(0o600)
    return folder


@pytest.mark.parametrize(
    ("name", "words"),
    sampled(
        [pytest.param(name, words) for words, taken in TAKERS.items() for name in KINDS if name not in taken], keep=60
    ),
)
@pytest.mark.usefixtures("cloud")
def test_what_the_file_is(cli: Cli, files: Path, name: str, words: str) -> None:
    shutil.copytree(files, ".", dirs_exist_ok=True)
    given = words.format(name).split()
    own_port = () if given[0] == "--port" else ("--port", "emulator:some.chip")
    error = error_of(cli, *JSON, *own_port, *given)
    assert (error["reason"], error["path"]) == ("wrong_type", name)
    what, taker = KINDS[name]
    said = f"{error['message']}. {error.get('hint', '')}"
    known = (what, "PEM", "a certificate revocation list")  # or by what it begins with
    assert any(one in said for one in known)
    if f"{name} is {what}" in error.get("hint", ""):
        assert (taker in error["hint"]) is (not taker or "--journal" not in words)


class TestAdvice:
    def error(self, message: str, path: str, reason: Reason = Reason.WRONG_TYPE) -> OptigaError:
        error = CertificateError(message, reason=reason)
        error.path = path
        return error

    @pytest.fixture(autouse=True)
    def here(self, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(files)

    @pytest.mark.parametrize("message", ["no such content", "whatever it says"])
    def test_the_words_of_the_error_do_not_matter(self, message: str) -> None:
        error = self.error(message, "own.chip")
        advise_of_kind(error, ["ca", "sign", "own.chip"])
        assert error.hint.startswith("own.chip is an emulated chip")

    @pytest.mark.parametrize(
        ("message", "path", "arguments"),
        [
            ("no CSR", "own.chip", ["ca", "list"]),  # nobody named it
            ("holds a certificate, not a CSR", "ca.pem", ["ca.pem"]),
            ("is PEM, not a configuration", "ca.pem", ["ca.pem"]),
            ("it is not a folder", "c.jsn", ["--csr", "x", "--out-dir", "c.jsn"]),
            ("it is not a folder", "c.jsn", ["--csr", "c.jsn", "--out-dir=c.jsn"]),
            ("no CSR", "none", ["none"]),
            ("no CSR", ".", ["."]),
        ],
    )
    def test_nothing_is_added(self, message: str, path: str, arguments: list[str]) -> None:
        error = self.error(message, path)
        advise_of_kind(error, arguments)
        assert error.hint == ""

    def test_mistakes_in_a_file_of_the_right_kind(self, cli: Cli) -> None:
        Path("mistake.jsn").write_text('{"csr_config": 1}')
        error = error_of(cli, *JSON, "--csr", "mistake.jsn")
        assert (error["reason"], error["path"], "hint" in error) == ("bad_value", "mistake.jsn", False)


class TestPaths:
    """A program finds the path in the error, whatever the message says."""

    def test_of_a_block(self, tmp_path: Path) -> None:
        for is_name, path, told in (
            (False, tmp_path / "none", str(tmp_path / "none")),
            (True, str(tmp_path), str(tmp_path)),
            (True, "standard input", ""),
            (False, "-", ""),
        ):
            with pytest.raises(ConfigurationError) as caught, about(path, is_name=is_name):
                raise ConfigurationError("x")
            assert caught.value.path == told

    def test_the_innermost_tells_it(self) -> None:
        with pytest.raises(ConfigurationError) as caught, about("outer"), about("inner"):
            raise ConfigurationError("x")
        assert caught.value.path == "inner"

    def test_of_a_function(self) -> None:
        @about_its("path")
        def refuse(what: str, path: str) -> None:
            """Documented."""
            raise ConfigurationError(what)

        assert (refuse.__name__, refuse.__doc__) == ("refuse", "Documented.")
        for arguments in ({"path": "file"}, {}):
            with pytest.raises(ConfigurationError) as caught:
                refuse("x", *([] if arguments else ["file"]), **arguments)
            assert caught.value.path == "file"

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"0", Reason.BAD_VALUE),
            (b"zz", Reason.BAD_VALUE),
            (b"{0x01, 0x02", Reason.BAD_VALUE),
            (b"-----BEGIN CERTIFICATE-----\n", Reason.WRONG_TYPE),
            (b'{"e0e1": {}}', Reason.WRONG_TYPE),
            (b"0\x82\x01\x02{{", Reason.WRONG_TYPE),
        ],
    )
    def test_hex(self, content: bytes, reason: Reason) -> None:
        with pytest.raises(ConfigurationError) as caught:
            parse_hex(content, "x")
        assert caught.value.reason is reason

    @pytest.mark.parametrize(
        ("text", "reason"),
        [("", Reason.BAD_VALUE), (' {"a": }', Reason.BAD_VALUE), ("port = 1", Reason.WRONG_TYPE)],
    )
    def test_json(self, text: str, reason: Reason) -> None:
        with pytest.raises(ConfigurationError) as caught:
            parse_json(text, "x")
        assert (caught.value.reason, caught.value.path) == (reason, "")

    def test_a_content_has_none(self) -> None:
        with pytest.raises(CertificateError) as caught:
            load_request(Path("the given content"), b"x")
        assert caught.value.path == ""
