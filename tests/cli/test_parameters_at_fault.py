"""Whatever is wrong with the value of an option or argument: ``parameter`` of the error in JSON names that."""

from __future__ import annotations

import errno
import io
import shlex
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import click
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from optiga.cli import main
from optiga.cli.app import app
from optiga.cli.support.parameters import name_of
from optiga.testing import Cloud
from tests.support.cli.mistakes import error_of
from tests.support.cli.runner import Cli
from tests.support.places import CONFIGS

JSON = ("-q", "--output", "json")
PASSPHRASE = b"a right and long passphrase"
UPDATE = "--signer key.pem --anchor 0xE0E8 --version 1 --out new"
OWN_CA = "--ca root --no-cloud"
IMPORT = "ca import sub --certificate key.crt --key key.pem --no-passphrase"

ROWS = {
    "allow_dns": ["ca init new --no-passphrase --allow-dns ''", 'ca init new --no-passphrase --allow-dns "a b"'],
    "algorithm": ["key draw wrong", "key generate second --algorithm wrong", "config new new.jsn --algorithm wrong"],
    "anchor": ["update make data 0xF1D0 c.jsn --signer key.pem --version 1 --out new --anchor wrong"],
    "as": ["emulator run --as wrong -- true"],
    "attribute": ["provision c.jsn --attribute wrong", 'provision c.jsn --attribute x="wrong one"'],
    "authorization_out": ["emulator new new --model trust-m-mtr --secret-out s --authorization-out none/wrong"],
    "authorize": [
        "--read second --authorize wrong",
        "--read second --authorize 0xF1D0=wrong",
        "object read 0xF1D1 --authorize 0xBEEF=c.jsn",
        "object read 0xF1D1 --authorize 0xF1D0=small",
    ],
    "billing_group": ['provision c.jsn --billing-group "wrong one"'],
    "bits": ["key generate aes --bits 3"],
    "ca": [
        "ca list --ca wrong",
        "ca crl --ca wrong",
        "ca sign request.csr --ca wrong",
        "ca show 123456 --ca wrong",
        "ca revoke 123456 --ca wrong",
        "ca renew root --ca wrong",
        "ca intermediate sub --ca wrong",
        "provision c.jsn --ca wrong",
    ],
    "ca_passphrase_file": [
        "ca intermediate sub --ca locked --no-passphrase",
        "ca intermediate sub --ca root --no-passphrase --ca-passphrase-file wrong",
    ],
    "ca_path": ["ca passphrase wrong", "ca register wrong", "ca renew wrong"],
    "certificate": [
        "ca import sub --certificate wrong --key key.pem",
        "key public 0xE0F1 --certificate wrong",
        "rsa encrypt small --certificate wrong",
    ],
    "chain": [f"{IMPORT} --chain wrong"],
    "chip": ["emulator run --chip none/wrong -- true", "emulator serve --tcp 127.0.0.1:0 --chip none/wrong"],
    "config_path": ["provision wrong.jsn", "provision key.pem"],
    "control": ["emulator serve --tcp 127.0.0.1:0 --control none/wrong"],
    "country": ["ca init new --no-passphrase --country wrong", "ca init new --no-passphrase --country 12"],
    "crl": [
        f"{IMPORT} --crl key.crt",
        f"{IMPORT} --crl wrong",
        "ca crl --ca root --crl none/wrong",
        "ca sign request.csr --ca root --crl none/wrong",
    ],
    "crl_days": ["ca crl --ca root --crl-days 0"],
    "crl_url": [
        "ca init new --no-passphrase --crl-url wrong",
        "ca init new --no-passphrase --crl-url ''",
    ],
    "csr": ["--csr wrong.jsn", "--csr key.pem", "--csr ."],
    "csr_path": [
        "ca sign forged.csr --ca root",
        "ca sign wrong --ca root",
        "ca sign c.jsn --ca root",
        "ca sign key.pem --ca root",
    ],
    "curve": ["ca init new --curve wrong"],
    "days": [
        "ca init new --no-passphrase --days 0",
        "ca sign request.csr --ca root --days 9000",
        "ca sign request.csr --ca root --days wrong",
        "ca renew root --days x",
    ],
    "endpoint_url": ["provision c.jsn --endpoint-url wrong", "provision c.jsn --endpoint-url http://wrong.example"],
    "expires_within": ["provision c.jsn --renew --expires-within 0"],
    "file": ["pair check wrong"],
    "format": ["key sign second c.jsn --format wrong"],
    "ft260": ["emulator serve --ft260 none/wrong"],
    "hash": ["key sign second c.jsn --hash wrong", "hmac c.jsn --key 0xF1D0 --hash wrong"],
    "i2c": ["emulator serve --i2c none/wrong"],
    "id": ["--write key.crt --id wrong", f"provision c.jsn --id wrong {OWN_CA}"],
    "info": ["key derive hkdf --secret 0xF1D0 --size 32 --info wrong"],
    "issued": [f"{IMPORT} --issued wrong"],
    "issued_before": ["provision c.jsn --renew --issued-before wrong"],
    "iv": ["aes encrypt c.jsn --iv wrong", "aes encrypt c.jsn --iv 00"],
    "journal": [
        "journal show --journal wrong",
        "journal check --journal c.jsn",
        "journal export --journal wrong --out new",
        "deprovision --journal wrong",
        f"provision c.jsn --journal none/wrong {OWN_CA}",
        f"provision c.jsn --journal . {OWN_CA}",
    ],
    "key": [
        "ca import sub --certificate key.crt --key wrong",
        "hmac c.jsn --key wrong",
        "rsa encrypt small --key wrong",
    ],
    "key_passphrase_file": [
        "ca import sub --certificate key.crt --key locked.pem --no-passphrase --key-passphrase-file wrong",
        "ca import sub --certificate key.crt --key locked.pem --no-passphrase --key-passphrase-file small",
        f"update make key second locked.pem --usage signature {UPDATE} --key-passphrase-file wrong",
    ],
    "label": [
        f"update make data 0xF1D0 small {UPDATE} --secret small --secret-oid 0xF1D1 --label {'x' * 33}",
        "key derive tls-prf --secret 0xF1D0 --label x --seed 00 --size 32",
    ],
    "mode": ["aes encrypt c.jsn --mode wrong"],
    "model": ["emulator new new --model wrong", "emulator serve --tcp 127.0.0.1:0 --model wrong"],
    "ms": ["emulator control emulator fault delay --ms wrong"],
    "name": [
        'ca init new --no-passphrase --name ""',
        "ca show wrong.pem --ca root",
        "ca show '' --ca root",
        "ca revoke 123456 --ca root",
        "config sample wrong",
        "config new none/wrong.jsn --yes",
        "key generate wrong",
        "key sign wrong c.jsn",
        "key public wrong",
        "key verify wrong c.jsn c.jsn",
    ],
    "names": ["config check wrong.jsn", "config check c.jsn key.pem"],
    "new_passphrase_file": ["ca passphrase root --new-passphrase-file wrong", "ca passphrase root"],
    "object": ["export new --object wrong", "hash --object wrong", "import c.jsn --object wrong"],
    "length": ["object read 0xF1D0 --length wrong", "object read 0xF1D0 --length 5000"],
    "offset": [
        "object read 0xF1D0 --offset wrong",
        "object write 0xF1D0 c.jsn --offset wrong",
        "object write 0xF1D0 small --offset 5000",
    ],
    "oid": [
        "object read wrong",
        "object read aes",
        "object lock 0xBEEF",
        "counter show 0xBEEF",
        f"update make data wrong c.jsn {UPDATE}",
    ],
    "organization": [f"ca init new --no-passphrase --organization {'x' * 99}"],
    "out": [
        "--read second --out none/wrong",
        "--read second --out .",
        "random 4 --out none/wrong",
        "config schema --out none/wrong",
        "ca sign request.csr --ca root --out none/wrong",
        "ca sign request.csr --ca root --out request.csr",
        "ca sign request.csr --ca root --out key.crt",
        "key generate aes --out new",
        "emulator dump chip --out none/wrong",
    ],
    "out_dir": ["--csr c.jsn --out-dir wrong", "provision c.jsn --out-dir wrong", "register --out-dir wrong --thing t"],
    "output": ["info --output wrong"],
    "pad": ["aes encrypt c.jsn --pad wrong"],
    "parameter": ["provision c.jsn --parameter wrong", "provision c.jsn --parameter =y"],
    "passphrase_file": [
        "ca init new",
        "ca init new --ask-passphrase",
        "ca init new --passphrase-file wrong",
        "ca sign request.csr --ca locked",
        "ca sign request.csr --ca locked --ask-passphrase",
        f"update make data 0xF1D0 c.jsn {UPDATE.replace('key.pem', 'locked.pem')}",
        "ca init new --passphrase-file small",
        "ca sign request.csr --ca locked --passphrase-file wrong",
        "ca sign request.csr --ca locked --passphrase-file small",
        f"update make data 0xF1D0 c.jsn {UPDATE.replace('key.pem', 'locked.pem')} --passphrase-file small",
    ],
    "path": [
        "ca init none/wrong --no-passphrase",
        "emulator new none/wrong",
        "emulator reset wrong",
        "emulator dump wrong",
        "export none/wrong",
        "export ./chip",
        "import wrong",
        "import c.jsn",
        "import large.json",
        "hash wrong",
        "aes mac wrong --mode cbc-mac",
        "object write 0xF1D0 wrong",
        "key sign second wrong",
        "rsa encrypt wrong --key key.pem",
        f"update make data 0xF1D0 wrong {UPDATE}",
    ],
    "paths": ["update apply wrong", "update show c.jsn"],
    "peer_path": ["key ecdh second wrong --out new", "key ecdh second c.jsn --out new"],
    "pkcs12_passphrase_file": [
        "--write key.p12 --pkcs12-passphrase-file wrong",
        "--write key.p12 --pkcs12-passphrase-file small",
        "object write 0xF1D0 key.p12 --pkcs12-passphrase-file wrong",
    ],
    "policy": ['register --thing t --policy "wrong one"', 'config new new --thing t --policy "wrong one" --yes'],
    "policy_template": ["provision c.jsn --policy-template wrong", "provision c.jsn --policy-template small"],
    "port": [
        "info --port wrong",
        "--port wrong:1 info",
        "--port emulator:none/wrong info",
        "--port emulator:c.jsn info",
        "--port emulator:small object write 0xF1D0 small",
    ],
    "profile": ["provision c.jsn --profile wrong"],
    "program": ["emulator run -- ./wrong", "emulator run -- ./c.jsn", "emulator run --"],
    "pty": ["emulator serve --pty none/wrong"],
    "public_key": ["--csr c.jsn --keep-key --public-key wrong", "--csr c.jsn --keep-key --public-key small"],
    "query": ["info --query wrong", 'info --query "["', "--query wrong info", "boards --query wrong"],
    "read": ["--read wrong", "--read 0xBEEF"],
    "reason": ["ca revoke 123456 --ca root --reason wrong"],
    "region": ['provision c.jsn --region "wrong one"'],
    "reset": [f'update make metadata 0xF1D0 "change: always" {UPDATE} --reset wrong'],
    "salt": ["key derive hkdf --secret 0xF1D0 --size 32 --salt wrong"],
    "seal": ["journal check --seal wrong"],
    "secret": [
        "key derive hkdf --secret wrong --size 32",
        f"update make data 0xF1D0 small {UPDATE} --secret wrong --secret-oid 0xF1D1 --label x",
        f"update make data 0xF1D0 small {UPDATE} --secret large.json --secret-oid 0xF1D1 --label x",
    ],
    "secret_oid": [f"update make data 0xF1D0 small {UPDATE} --secret small --label x --secret-oid wrong"],
    "secret_out": ["emulator new new --model trust-m-mtr --authorization-out s --secret-out none/wrong"],
    "seed": ["key derive tls-prf --secret 0xF1D0 --label x --size 32 --seed wrong"],
    "session": ["key ecdh second key.pem --session wrong"],
    "shell": ["completion wrong"],
    "signature_path": ["key verify key.crt wrong c.jsn", "key verify key.crt small small"],
    "signer": [f"update make data 0xF1D0 c.jsn {UPDATE.replace('key.pem', 'wrong')}"],
    "size": ["random wrong", "random 0", "key derive hkdf --secret 0xF1D0 --size wrong"],
    "slot": [
        "--csr c.jsn --slot wrong",
        "config check c.jsn --slot wrong",
        "config new new --yes --slot wrong",
        "deprovision --slot wrong",
        "provision c.jsn --slot wrong",
        "register --thing t --slot wrong",
    ],
    "socket": ["emulator control wrong power"],
    "state_path": ["emulator load wrong chip", "emulator load c.jsn chip"],
    "step": ["counter count 0xE120 wrong"],
    "subject": ["config new new.jsn --subject wrong --yes"],
    "tcp": ["emulator serve --tcp wrong", "emulator serve --tcp 127.0.0.1:99999"],
    "template": [
        "provision c.jsn --parameter x=y",
        "provision c.jsn --template wrong.json",
        "ca register root --auto-registration --template wrong.json",
    ],
    "thing": ['register --policy p --thing "wrong one"'],
    "thing_group": ['provision c.jsn --thing-group "wrong one"', "provision c.jsn --thing-group wrong"],
    "thing_type": ['provision c.jsn --thing-type "wrong one"', "provision c.jsn --thing-type wrong"],
    "threshold": ["counter set 0xE120 --threshold wrong"],
    "times": ["emulator control emulator fault lose --times wrong"],
    "timeout": ["provision c.jsn --timeout wrong", "deprovision --timeout 0"],
    "timing": ["emulator serve --tcp 127.0.0.1:0 --timing wrong"],
    "trust": ["register --thing t --trust wrong", f"provision c.jsn --trust small {OWN_CA}"],
    "type": [f"update make data 0xF1D0 c.jsn {UPDATE} --type wrong"],
    "uid": [
        "journal show --uid wrong",
        "deprovision --uid wrong",
        f"update make data 0xF1D0 small {UPDATE} --uid wrong",
    ],
    "usage": ["key generate second --usage wrong", f"update make key second key.pem {UPDATE} --usage wrong"],
    "value": ["counter set 0xE120 --value wrong", "emulator control emulator snapshot none/wrong"],
    "verb": ["emulator control emulator wrong"],
    "version": [f"update make data 0xF1D0 c.jsn {UPDATE.replace('--version 1', '--version wrong')}"],
    "words": [
        "object metadata 0xF1D0 wrong:1",
        "object metadata 0xF1D0 2004d101ff",
        'object metadata 0xF1D0 "wrong: 1"',
        "object metadata 0xF1D0 wrong",
    ],
    "write": ["--write wrong.pem", "--write c.jsn", "--write ."],
}
"""Command lines with one wrong value each, by the name of what has it."""


@pytest.fixture(scope="session")
def right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what is right in these command lines."""
    folder = tmp_path_factory.mktemp("right")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "right")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    request = x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256())
    secret = BestAvailableEncryption(PASSPHRASE)
    form = PrivateFormat.PKCS8
    files = {
        "c.jsn": (CONFIGS / "config_nistp256_ecdsa_secondslot.jsn").read_bytes(),
        "key.crt": certificate.public_bytes(Encoding.PEM),
        "request.csr": request.public_bytes(Encoding.PEM),
        "key.pem": key.private_bytes(Encoding.PEM, form, NoEncryption()),
        "key.p12": pkcs12.serialize_key_and_certificates(b"", key, certificate, None, secret),
        "locked.pem": key.private_bytes(Encoding.PEM, form, secret),
        "passphrase": PASSPHRASE,
        "small": b"small",
        "forged.csr": request.public_bytes(Encoding.DER)[:-1] + b"x",
        "large.json": b'{"F1D0": {"data": "%s"}}' % (b"00" * 2000),
    }
    for file, content in files.items():
        (folder / file).write_bytes(content)
    for file in ("passphrase", "small", "key.pem", "locked.pem"):
        (folder / file).chmod(0o600)
    make = ("ca", "init")
    assert main([*make, str(folder / "root"), "--no-passphrase"]) == 0
    assert main([*make, str(folder / "locked"), "--passphrase-file", str(folder / "passphrase")]) == 0
    assert main(["emulator", "new", str(folder / "chip")]) == 0
    return folder


def _walk(command: click.Command, context: click.Context) -> Iterator[click.Parameter]:
    yield from command.params
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if below := command.get_command(context, name):
                yield from _walk(below, click.Context(below, parent=context))


def test_there_is_a_row_for_whatever_takes_a_value() -> None:
    every = _walk(app, click.Context(app))
    takes = {name_of(one) for one in every if not (isinstance(one, click.Option) and (one.is_flag or one.count))}
    assert takes == ROWS.keys()


@pytest.mark.parametrize(("parameter", "words"), [(name, words) for name, rows in ROWS.items() for words in rows])
@pytest.mark.usefixtures("cloud")
def test_the_error_names_it(cli: Cli, right: Path, parameter: str, words: str) -> None:
    shutil.copytree(right, ".", dirs_exist_ok=True)
    given = shlex.split(words)
    own_port = () if "port" in (parameter, given[0]) else ("--port", "emulator:chip")
    assert error_of(cli, "-q", "--output", "json", *own_port, *given).get("parameter") == parameter


@pytest.mark.parametrize("query", [(), ("--query", "slot"), ("--query", "oid")])
def test_what_is_asked_of_a_result_is_not_at_fault(cli: Cli, query: tuple[str, ...]) -> None:
    """Its words are those of messages, too."""
    assert cli("emulator", "new", "own.chip").code == 0
    generate = ("--port", "emulator:own.chip", "key", "generate", "fourth", "--output", "json", *query)
    assert cli(*generate, "--yes").code == 0
    error = error_of(cli, *generate)
    assert (error["reason"], error["parameter"]) == ("not_confirmed", "yes")


@pytest.mark.parametrize(
    ("words", "parameter"),
    [
        ("ca crl --ca root --passphrase-file root", "passphrase_file"),
        ("ca crl --ca wrong --passphrase-file wrong", "ca"),
        ("provision root --ca root --no-cloud", "config_path"),
        ("provision c.jsn --ca root --no-cloud --journal root", "journal"),
    ],
)
def test_two_with_the_same_value(cli: Cli, right: Path, words: str, parameter: str) -> None:
    """It is the one that is of the kind of what was read."""
    shutil.copytree(right / "root", "root")
    shutil.copy(right / "c.jsn", ".")
    assert error_of(cli, *JSON, "--port", "emulator:chip", *words.split())["parameter"] == parameter


@pytest.mark.parametrize("words", ["provison c.jsn", "ca lst"])
def test_the_command_is_misspelt(cli: Cli, words: str) -> None:
    """The command that is meant has the options that were given, and they are right."""
    error = error_of(cli, *JSON, "--port", "emulator:chip", *words.split())
    assert ("--port" in error["message"], "parameter" in error) == (True, False)


class TestWhatIsNotTyped:
    """The value comes from elsewhere, or is missing: the option that changes it, or adds it, is named."""

    @pytest.fixture(autouse=True)
    def here(self, cli: Cli, right: Path) -> None:
        shutil.copytree(right, ".", dirs_exist_ok=True)

    @pytest.mark.parametrize("port", ["wrong", "emulatr:x", "emulator:", "emulator:none/x", "emulator:c.jsn"])
    def test_the_port_of_the_environment(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, port: str) -> None:
        monkeypatch.setenv("OPTIGA_PORT", port)
        assert error_of(cli, *JSON, "info")["parameter"] == "port"

    @pytest.mark.parametrize("given", ["short", "-----BEGIN CERTIFICATE-----"])
    def test_the_passphrase_of_the_environment(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
        monkeypatch.setenv("OPTIGA_CA_PASSPHRASE", given)
        assert error_of(cli, *JSON, "ca", "init", "new")["parameter"] == "passphrase_file"

    def test_the_profile_of_the_environment(self, cli: Cli, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nope")
        error = error_of(cli, *JSON, "--port", "emulator:chip", "provision", "c.jsn")
        assert (error["reason"], error["parameter"]) == ("not_found", "profile")

    @pytest.mark.parametrize(
        ("line", "parameter"),
        [("port = 3", "port"), ('port = "emulatr:x"', "port"), ("prt = 3", None), ("slot = 3", None), ("?", None)],
    )
    def test_a_file_of_defaults(self, cli: Cli, line: str, parameter: str | None) -> None:
        Path("optiga.toml").write_text(line)
        error = error_of(cli, *JSON, "info")
        assert error.get("parameter") == parameter
        assert ("path" in error) == ("emulatr" not in line)

    @pytest.mark.parametrize(
        ("words", "parameter"),
        [("object write 0xF1D0 - --hex", "path"), ("config check -", "names"), ("key ecdh second -", "peer_path")],
    )
    def test_standard_input(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, words: str, parameter: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"zz")))
        error = error_of(cli, *JSON, "--port", "emulator:chip", *words.split())
        assert (error["parameter"], "path" in error) == (parameter, False)

    @pytest.mark.parametrize("folder", [(), ("--out-dir", ".")])
    def test_a_full_disk(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, folder: tuple[str, ...]) -> None:
        def refuse(*_: object) -> int:
            raise OSError(errno.ENOSPC, "full")

        monkeypatch.setattr("optiga.files.reserved._write", refuse)
        error = error_of(cli, *JSON, "--port", "emulator:chip", "--csr", "c.jsn", *folder)
        assert (error["reason"], error["parameter"], error["path"]) == ("out_of_space", "out_dir", ".")

    def test_hidapi_is_missing(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("optiga.transport.hid_boards._MODULES", ())
        monkeypatch.setattr("optiga.transport.hid_boards.sys.platform", "linux")
        error = error_of(cli, *JSON, "--port", "ft260", "info")
        assert error["parameter"] == "port"

    def test_a_revocation_that_nobody_confirms(self, cli: Cli) -> None:
        cli("ca", "sign", "request.csr", "--ca", "root", "--out", "issued.pem")
        error = error_of(cli, *JSON, "ca", "revoke", "issued.pem", "--ca", "root")
        assert (error["reason"], error["parameter"]) == ("not_confirmed", "yes")

    def test_what_the_hint_offers_is_another_way(self, cli: Cli) -> None:
        """The chip is finished; its certificate is revoked: no value of this command is wrong."""
        run = ("--port", "emulator:chip", "provision", "c.jsn", *OWN_CA.split(), "--journal", "j.db", "--out-dir", ".")
        assert cli(*run).code == 0
        (issued,) = (path for path in Path().glob("*.pem") if path.read_bytes().startswith(b"-----BEGIN CERT"))
        assert cli("ca", "revoke", issued, "--ca", "root", "--yes").code == 0
        error = error_of(cli, *JSON, *run)
        assert (error["reason"], "--renew" in error["hint"], "parameter" in error) == ("revoked", True, False)

    def test_records_of_a_ca(self, cli: Cli) -> None:
        shutil.copy("root/issued.db", "former.db")
        cli("ca", "sign", "request.csr", "--ca", "root", "--out", "issued.pem")
        shutil.copy("former.db", "root/issued.db")
        error = error_of(cli, *JSON, "ca", "crl", "--ca", "root")
        assert (error["reason"], error["parameter"], error["path"]) == ("damaged", "ca", "root/issued.db")
