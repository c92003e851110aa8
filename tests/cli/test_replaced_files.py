"""Outputs that would take the place of a file with other content: refused, asked for, or of no consequence."""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from optiga.update.update_file import read_update
from tests.support.cli.mistakes import USAGE, error_of, fails
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate
from tests.support.places import CONFIG, ROOT
from tests.support.sampling import sampled

OTHER = b"what nobody can make again"
KEPT = {
    "export": "export out",
    "dump": "emulator dump --out out",
    "journal": "journal export --journal journal --out out",
    "public key": "key public first --out out",
    "new key": "key generate fourth --out out",
    "derived key": "key derive hkdf --secret 0xF1D0 --size 16 --out out",
    "agreed secret": "key ecdh third peer.pem --out out",
    "drawn key": "key draw aes128 --out out",
    "certificate": "ca sign csr --ca ca --out out",
    "certificate without a name": "ca sign out.csr --ca ca",
    "certificate of the chip": "--read first --out out",
    "object": "object read first --out out",
    "configuration": "config new out --yes",
    "sample": f"config sample {CONFIG.stem.removeprefix('config_')} --out out",
    "schema": "config schema --out out",
}
"""Commands whose output is kept; it goes into the file ``out``, or ``out.pem``."""
DATA = {
    "random": "random 16 --out out",
    "object": "--read 0xE0C2 --out out",
    "signature": "key sign third out.csr --out out",
}
SECRETS = {
    "derived key": "key derive hkdf --secret 0xF1D0 --size 16 --out out",
    "agreed secret": "key ecdh third peer.pem --out out",
    "AES key": "key draw aes128 --out out",
    "random bytes": "random 32 --out out",
    "binding secret": "pair --out out",
}
"""Commands that make the file ``out`` with a secret in it, which nothing else has."""
DOCUMENTED = b"Write the file:\n\n-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n"
"""A text about certificates, with none in it."""
NEW_EACH_TIME = {"new key", "drawn key", "certificate", "certificate without a name"}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the one at the terminal answers; empty where there is none."""
    given: list[bool] = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: bool(given)))
    monkeypatch.setattr("optiga.cli.support.confirm.answered_yes", lambda *_, **__: given.pop(0))
    return given


@pytest.fixture
def run(cli: Cli, port: str, answers: list[bool]) -> Cli:
    """A command by its words, with what all of them need."""
    prepare = f"""
        --csr {CONFIG}
        ca init ca --no-passphrase
        key generate third --out peer.pem --yes
        provision {CONFIG} --ca ca --no-cloud --journal journal
        object metadata 0xF1D0 type:pre_shared_secret execute:always
    """
    for line in filter(None, map(str.strip, prepare.splitlines())):
        assert cli("-q", "--port", port, *line.split()).code == 0, line
    (csr, *_) = Path().glob("*.csr")
    for name in ("csr", "out.csr"):
        Path(name).write_bytes(csr.read_bytes())
    Path("secret").write_bytes(bytes(32))
    assert cli("--port", port, "object", "write", "0xF1D0", "secret").code == 0
    return lambda words: cli("-q", "--port", port, *words.split())


def put_for_all(name: str, content: bytes) -> None:
    """Make a file that everybody may read, in place of one that may be a secret."""
    Path(name).unlink(missing_ok=True)
    Path(name).write_bytes(content)
    Path(name).chmod(0o644)


def make_updates(run: Cli) -> list[Path]:
    """Updates of an object: in JSON and in C."""
    for out in ("made.json", "made.h"):
        words = "update make data 0xF1E0 csr --version 1 --anchor 0xE0E8 --signer ca/ca.key --out"
        assert run(f"{words} {out}").code == 0
    return [Path("made.json"), Path("made.h")]


def target(name: str) -> Path:
    return Path("out.pem" if name == "certificate without a name" else "out")


@pytest.mark.parametrize("name", sampled(KEPT, keep=4))
def test_what_is_kept_takes_no_files_place(cli: Cli, port: str, run: Cli, name: str) -> None:
    path, words = target(name), KEPT[name]
    path.write_bytes(OTHER)
    chip = Path(port.partition(":")[2]).read_bytes()
    error = fails(cli, USAGE, "-q", "--port", port, *words.split())
    assert str(path) in error
    assert "--force" in error
    assert path.read_bytes() == OTHER
    if name in NEW_EACH_TIME:
        assert Path(port.partition(":")[2]).read_bytes() == chip
    assert error_of(cli, "-q", "--output", "json", "--port", port, *words.split())["reason"] == "exists"
    assert run(f"{words} --force").code == 0
    assert path.read_bytes() != OTHER


@pytest.mark.parametrize("name", sampled(sorted(KEPT.keys() - NEW_EACH_TIME), keep=3))
def test_the_same_content_is_no_question(run: Cli, name: str) -> None:
    for _ in range(2):
        assert run(KEPT[name]).code == 0
    target(name).write_bytes(b"")  # as mktemp leaves it
    assert run(KEPT[name]).code == 0


@pytest.mark.parametrize("name", sampled(sorted(KEPT.keys() - {"configuration"}), keep=5))
def test_who_sits_at_a_terminal_is_asked(run: Cli, answers: list[bool], name: str) -> None:
    path = target(name)
    path.write_bytes(OTHER)
    answers[:] = [False]
    assert run(KEPT[name]).code == USAGE
    assert (answers, path.read_bytes()) == ([], OTHER)
    answers[:] = [True]
    assert run(KEPT[name]).code == 0
    assert answers == []
    assert path.read_bytes() != OTHER


def test_yes_answers_where_it_is_asked_for_more(run: Cli) -> None:
    for words in ("key generate third", "key draw aes128"):
        Path("out").write_bytes(OTHER)
        assert run(f"{words} --yes --out out").code == 0
        assert Path("out").read_bytes() != OTHER


def test_a_key_that_is_lost_is_said_first(cli: Cli, port: str, run: Cli) -> None:
    Path("out").write_bytes(OTHER)
    for words in ("", "--force"):
        error = fails(cli, USAGE, "-q", "--port", port, *f"key generate third --out out {words}".split())
        assert "the current secp256r1 key will be lost" in error
        assert Path("out").read_bytes() == OTHER


def test_a_report_of_the_journal_is_made_again(run: Cli) -> None:
    for output in ("csv", "json", "csv"):
        assert run(f"journal export --journal journal --output {output} --out report").code == 0
        assert b"uid" in Path("report").read_bytes()


def test_a_report_that_is_too_long_to_be_read_is_asked_about(run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    export = "journal export --journal journal --out report"
    assert run(export).code == 0
    monkeypatch.setattr("optiga.provision.report._MOST_BYTES", 10)
    result = run(f"{export} --output csv")
    assert result.code == USAGE
    assert "the content of a journal" in result.err


@pytest.mark.parametrize("output", ["csv", "json"])
def test_a_report_of_another_journal_is_not_replaced(run: Cli, output: str) -> None:
    """Also after the journal has grown, its own report is made again, but no other journal's."""
    report = f"journal export --output {output} --out report --journal"
    provision = f"provision {CONFIG} --ca ca --no-cloud --renew --yes --journal"
    assert run(f"{report} journal").code == 0
    for _ in range(2):
        assert run(f"{provision} journal").code == 0
        assert run(f"{report} journal").code == 0
    held = Path("report").read_bytes()
    assert run(f"{provision} another").code == 0
    result = run(f"{report} another")
    assert result.code == USAGE
    assert "the content of a journal" in result.err
    assert Path("report").read_bytes() == held


def test_a_refused_certificate_is_not_issued(run: Cli) -> None:
    Path("out").write_bytes(OTHER)
    count = "ca list --ca ca --query length(certificates)"
    before = run(count).out
    assert run(KEPT["certificate"]).code == USAGE
    assert run(count).out == before


@pytest.mark.parametrize("name", sampled(DATA, keep=1))
def test_data_take_the_place_of_data_alone(cli: Cli, port: str, run: Cli, name: str) -> None:
    for other in (OTHER, b"", b"\x30\x03\x02\x01\x00", b"{}", b"uid", DOCUMENTED):
        put_for_all("out", other)
        assert run(DATA[name]).code == 0
        assert Path("out").read_bytes() != other
    first = run("--read first").out
    assert run("ca sign csr --ca ca --out made").code == 0
    held = {
        "a certificate": [first.encode(), first.encode("utf-16"), Path("made").read_bytes()],
        "a CSR": [Path("csr").read_bytes()],
        "a CRL": [Path("ca/crl.pem").read_bytes()],
        "a public key": [Path("peer.pem").read_bytes()],
        "a configuration": [CONFIG.read_bytes(), b"\xef\xbb\xbf" + CONFIG.read_bytes()],
        "an AWS policy": [(ROOT / "templates" / "thing_policy.template").read_bytes()],
        "an update set": [read_update(Path(path)).signed.encode() for path in make_updates(run)],
    }
    held["an update set"] += [path.read_bytes() for path in make_updates(run)]
    for what, words in (
        ("an export of a chip's objects", "export made --force"),
        ("the state of an emulated chip", "emulator dump --out made --force"),
        ("the content of a journal", "journal export --journal journal --out made --force"),
        ("the content of a journal", "journal export --journal journal --out made --force --output csv"),
    ):
        assert run(words).code == 0
        held.setdefault(what, []).append(Path("made").read_bytes())
    for what, contents in held.items():
        for content in contents:
            put_for_all("out", content)
            said = fails(cli, USAGE, "-q", "--port", port, *DATA[name].split())
            assert what in said or (what == "a certificate" and "the certificate of " in said)
            assert Path("out").read_bytes() == content
            assert run(f"{DATA[name]} --force").code == 0


@pytest.mark.parametrize("name", sampled(SECRETS, keep=2))
def test_a_secret_is_no_place_for_data(cli: Cli, port: str, run: Cli, name: str) -> None:
    assert run(SECRETS[name]).code == 0
    content = Path("out").read_bytes()
    for words in DATA.values():
        assert "may be a secret" in fails(cli, USAGE, "-q", "--port", port, *words.split())
        assert Path("out").read_bytes() == content
    assert run(f"{DATA['random']} --force").code == 0


def test_a_passphrase_is_no_place_for_data(cli: Cli, port: str, run: Cli, answers: list[bool]) -> None:
    path = Path("out")
    path.write_text("the words that open the CA\n")
    for mode in (0o600, 0o400, 0o700):
        path.chmod(mode)
        fails(cli, USAGE, "-q", "--port", port, *DATA["signature"].split())
    answers[:] = [False]
    assert run(DATA["signature"]).code == USAGE
    assert (answers, path.read_text()) == ([], "the words that open the CA\n")
    path.chmod(0o640)
    assert run(DATA["signature"]).code == 0


def test_what_cannot_be_read_is_not_replaced(cli: Cli, port: str, run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out").write_bytes(OTHER)

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("optiga.cli.support.replacing.open_input", refuse)
    assert "cannot be read" in fails(cli, USAGE, "-q", "--port", port, *DATA["random"].split())
    assert Path("out").read_bytes() == OTHER


def test_defaults_are_no_place_for_data(cli: Cli, port: str, run: Cli) -> None:
    Path("optiga.toml").write_text("timing = 'none'\n")
    assert "default values" in fails(cli, USAGE, "-q", "--port", port, "random", "16", "--out", "optiga.toml")


def test_an_update_takes_the_place_of_its_last_version(cli: Cli, port: str, run: Cli) -> None:
    Path("data").write_bytes(OTHER)
    words = "update make data 0xF1E0 data --anchor 0xE0E8 --signer ca/ca.key --out out"
    for version in (1, 2):
        assert run(f"{words} --version {version}").code == 0
    assert run("update show out --query payload_version").out.strip() == "2"
    assert "an update set" in fails(cli, USAGE, "-q", "--port", port, *DATA["random"].split())
    Path("out").write_bytes(CONFIG.read_bytes())
    assert run(f"{words} --version 3").code == USAGE


@pytest.mark.parametrize("form", ["certificate", "csr", "key", "pkcs7"])
def test_der(cli: Cli, port: str, run: Cli, form: str) -> None:
    from asn1crypto import pem

    def der(path: str) -> bytes:
        found: bytes = pem.unarmor(Path(path).read_bytes())[2]
        return found

    if form == "pkcs7":
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates
        from cryptography.x509 import load_pem_x509_certificate

        ca = load_pem_x509_certificate(Path("ca/ca.pem").read_bytes())
        content = serialize_certificates([ca], Encoding.DER)
    else:
        content = der({"certificate": "ca/ca.pem", "csr": "csr", "key": "peer.pem"}[form])
    Path("out").write_bytes(content)
    fails(cli, USAGE, "-q", "--port", port, "random", "16", "--out", "out")
    assert Path("out").read_bytes() == content


def test_what_is_never_replaced(cli: Cli, port: str, run: Cli) -> None:
    for path in ("ca/ca.key", "ca/ca.pem", "journal", port.partition(":")[2]):
        before = Path(path).read_bytes()
        for words in ("random 16 --out", "export", "emulator dump --out"):
            fails(cli, USAGE, "-q", "--port", port, *words.split(), path, "--force")
        assert Path(path).read_bytes() == before


def test_force_goes_with_a_file(cli: Cli, port: str, run: Cli) -> None:
    for words in (
        "random 16",
        "--read first",
        "export -",
        "emulator control none power",
        "journal export --journal journal",
        "key public first",
    ):
        assert "--force goes with" in fails(cli, USAGE, "-q", "--port", port, *words.split(), "--force")
    assert "--force requires --read" in fails(cli, USAGE, "-q", "--port", port, "--force", "--csr", CONFIG)
    assert "--force requires --read" in fails(cli, USAGE, "-q", "--port", port, "--force", "info")


def test_a_csr_has_a_folder(cli: Cli, port: str) -> None:
    """Its name is its own, so --out is for --read alone."""
    assert "use --out-dir" in fails(cli, USAGE, "--port", port, "--csr", CONFIG, "--out", "y.csr")
    assert "--out-dir" not in fails(cli, USAGE, "--port", port, "--write", "x.pem", "--out", "y.csr")


def test_streams_lose_nothing(run: Cli) -> None:
    assert run("config sample 2k_rsa_secondslot --out /dev/null").code == 0
    assert run("key public first --out /dev/null").code == 0


def test_a_snapshot_in_json(run: Cli) -> None:
    assert run("emulator dump --out out").code == 0
    before = json.loads(Path("out").read_bytes())
    assert run("random 16").code == 0
    assert run("--write ca/ca.pem --id 0xE0E8").code == 0
    assert run("emulator dump --out out").code == USAGE
    assert json.loads(Path("out").read_bytes()) == before


@pytest.mark.parametrize("form", ["PEM", "chain", "DER", "damaged"])
def test_whose_certificate_is_replaced(cli: Cli, port: str, answers: list[bool], form: str) -> None:
    pem = certificate_of(make_certificate(name="lamp"), form)
    Path("back.pem").write_bytes(pem)
    refused = fails(cli, USAGE, "--port", port, "--read", "first", "--out", "back.pem")
    answers[:] = [False]
    asked = cli("--port", port, "--read", "first", "--out", "back.pem")
    for said in (refused, asked.err):
        assert ("CN=lamp" in said) is (form != "damaged")
    assert ("certificate of CN=lamp is lost" in asked.err) is (form != "damaged")
    assert Path("back.pem").read_bytes() == pem


def certificate_of(pem: bytes, form: str) -> bytes:
    if form == "DER":
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    if form == "damaged":
        return pem.replace(pem.splitlines()[2], pem.splitlines()[2][::-1])
    return pem + make_certificate(name="other") * (form == "chain")
