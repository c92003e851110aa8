"""The jobs of the main command: ``--csr``, ``--write``, ``--read``."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from pathlib import Path

import pytest

import optiga
from tests.support.cli.mistakes import CERTIFICATE, fails
from tests.support.cli.runner import Cli, Result
from tests.support.identity.csr_helpers import SEED_CERTIFICATE, SEED_PUBLIC_KEY, SeedTransport
from tests.support.makers import make_certificate, make_certificate_for, make_key

CERTIFICATE_EXIT = 5
CONFIGURATION_SHOWN = """\
Your configuration is following:
{
    "certificate_info": {
        "common_name": "OPTIGA(TM) Trust IoT",
        "country_name": "DE",
        "organization_name": "Infineon Technologies AG",
        "state_or_province_name": "Bayern"
    },
    "key_info": {
        "algorithm_id": "ec",
        "parameters": {
            "curve": "secp256r1",
            "slot": "0xE0F1"
        }
    },
    "signature_info": {
        "algorithm_id": "ecdsa",
        "parameters": {
            "hash_alg": "sha256"
        }
    }
}
"""


def emulated(port: str) -> str:
    """The line that says so."""
    return f"Emulated chip: {port.removeprefix('emulator:')}. Its keys are in that file and protect nothing.\n"


def new(port: str) -> str:
    """The line on a chip that was not there."""
    return f"A new chip was created in {port.removeprefix('emulator:')}\n"


@pytest.fixture
def config(configs: Path) -> Path:
    return configs / "config_nistp256_ecdsa_secondslot.jsn"


@pytest.fixture
def csr(cli: Cli, port: str, config: Path) -> Path:
    """The file of a CSR for the second slot's key."""
    return Path(cli("--port", port, "--csr", config, "--query", "filename").out.strip())


@pytest.fixture
def certificate(csr: Path) -> Path:
    """A certificate for the second slot's key."""
    path = Path("cert.pem")
    path.write_bytes(make_certificate_for(csr))
    return path


def stored(port: str, oid: int) -> bytes:
    with optiga.open_chip(port) as chip:
        return chip.read(oid)


class TestCsr:
    def test_the_predecessors_output_with_the_predecessors_chip(
        self, cli: Cli, port: str, config: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert cli("emulator", "new", port.removeprefix("emulator:")).code == 0
        monkeypatch.setattr("optiga.transport.emulator_port.EmulatorPort.open", lambda self: SeedTransport())
        result = cli("--port", port, "--csr", config)
        filename = "47478ea636328de8488a50236e79aa40720afc6f.csr"
        assert result.code == 0
        assert result.out == f"{{'filename': '{filename}', 'public_key': '{SEED_PUBLIC_KEY}'}}\n"
        note = "Slot second has a new key (secp256r1) in 0xE0F1"
        note += ". If 0xE0E1 holds a certificate of an earlier key, it no longer matches\n"
        assert result.err == CONFIGURATION_SHOWN + emulated(port) + note
        assert [path.name for path in Path.cwd().iterdir()] == [filename]

    def test_one_line_of_python_on_standard_output(self, cli: Cli, port: str, config: Path) -> None:
        result = cli("--port", port, "--csr", config)
        assert result.out.count("\n") == 1
        printed = ast.literal_eval(result.out)
        pem = Path(printed["filename"]).read_text()
        content = "".join(pem.splitlines()[1:-1])
        assert printed["filename"] == hashlib.sha1(content.encode()).hexdigest() + ".csr"
        assert re.fullmatch("03420004[0-9a-f]{128}", printed["public_key"])
        assert list(printed) == ["filename", "public_key"]

    @pytest.mark.parametrize("quiet", ["-q", "--quiet", "--quit"])
    def test_quiet_but_for_the_emulated_chip(self, cli: Cli, port: str, config: Path, quiet: str) -> None:
        result = cli(quiet, "--port", port, "--csr", config)
        assert (result.code, result.err) == (0, emulated(port) + new(port))
        assert cli(quiet, "--port", port, "--read", "0xE0C2").err == emulated(port)
        assert ast.literal_eval(result.out)["filename"].endswith(".csr")

    @pytest.mark.parametrize(
        ("query", "printed"),
        [
            ("filename", r"[0-9a-f]{40}\.csr"),
            ("public_key", "0342[0-9a-f]{132}"),
            ("length(public_key)", "136"),
            ("[filename]", r"\['[0-9a-f]{40}\.csr'\]"),
            ("{name: filename}", r"\{'name': '[0-9a-f]{40}\.csr'\}"),
            ("starts_with(public_key, '0342')", "True"),
        ],
    )
    def test_query(self, cli: Cli, port: str, config: Path, query: str, printed: str) -> None:
        result = cli("--port", port, "--csr", config, "--query", query)
        assert result.code == 0
        assert re.fullmatch(printed + "\n", result.out)

    def test_output_forms(self, cli: Cli, port: str, config: Path) -> None:
        as_json = cli("--port", port, "--csr", config, "--output", "json")
        made = json.loads(as_json.out)
        assert list(made) == ["filename", "public_key", "path"]
        assert made["path"] == str(Path(made["filename"]).absolute())
        assert Path(made["path"]).is_file()
        assert re.fullmatch(
            r"\{'filename': '[0-9a-f]{40}\.csr', 'public_key': '[0-9a-f]+'\}\n",
            cli("--port", port, "--csr", config).out,
        )
        as_text = cli("--port", port, "--csr", config, "--output", "text")
        assert re.fullmatch(r"([0-9a-f]{40}\.csr)\t/.*/\1\t0342[0-9a-f]+\n", as_text.out)
        listed = cli("--port", port, "--csr", config, "--output", "json", "--query", "[public_key]")
        assert len(json.loads(listed.out)) == 1
        quoted = cli("--port", port, "--csr", config, "--output", "json", "--query", "filename")
        assert json.loads(quoted.out).endswith(".csr")
        bare = cli("--port", port, "--csr", config, "--query", "filename")
        assert bare.out.endswith(".csr\n")

    def test_another_folder(self, cli: Cli, port: str, config: Path, tmp_path: Path) -> None:
        folder = tmp_path / "requests"
        folder.mkdir()
        result = cli("--port", port, "--csr", config, "--out-dir", folder, "--query", "filename")
        assert [path.name for path in folder.iterdir()] == [result.out.strip()]
        assert list(Path.cwd().iterdir()) == []

    def test_another_slot(self, cli: Cli, port: str, config: Path) -> None:
        cli("--port", port, "--csr", config, "--slot", "third")
        keys = json.loads(cli("--port", port, "info", "--output", "json").out)["slots"]
        assert keys["third"]["key"]["algorithm"] == "secp256r1"
        assert keys["second"]["key"] is None

    def test_every_shipped_configuration(self, cli: Cli, port: str, configs: Path) -> None:
        shipped = sorted(configs.iterdir())
        for path in shipped:
            assert cli("--port", port, "--csr", path).code == 0
        assert len(list(Path.cwd().glob("*.csr"))) == len(shipped) == 5


class TestWrite:
    def test_the_predecessors_output(self, cli: Cli, port: str) -> None:
        Path("cert.pem").write_text(SEED_CERTIFICATE)
        result = cli("--port", port, "--write", "cert.pem", "--slot", "second")
        assert (result.code, result.out) == (0, "")
        shown = f"Your are going to write the following file:\n{SEED_CERTIFICATE}\n{emulated(port)}{new(port)}"
        assert result.err.startswith(shown)
        warning, last = result.err.removeprefix(shown).splitlines()
        assert warning.startswith("Warning: there is no key in 0xE0F1 yet")
        assert last == "Certificate has been written"

    def test_what_is_said_first(self, cli: Cli, port: str, certificate: Path) -> None:
        """The same, whether it may be refused or not."""
        for options in ((), ("--strict",)):
            lines = cli("--port", port, "--write", certificate, *options).err.splitlines()
            assert lines[0] == "Your are going to write the following file:"
            assert sum(line.startswith("Emulated chip: ") for line in lines) == 1

    def test_of_the_chips_own_key(self, cli: Cli, port: str, certificate: Path) -> None:
        result = cli("--port", port, "--write", certificate, "--output", "json")
        assert "Warning" not in result.err
        size = len(stored(port, 0xE0E1))
        expected = {"oid": "0xE0E1", "slot": "second", "size": size, "written": True, "key_match": True}
        assert json.loads(result.out) == {**expected, "key_oid": "0xE0F1", "warnings": []}
        assert ast.literal_eval(cli("--port", port, "--write", certificate, "--output", "repr").out) == {
            **expected,
            "written": False,
        }

    def test_warnings_are_in_the_json(self, cli: Cli, port: str, csr: Path) -> None:
        """As in those of a dry run: a script need not read standard error."""
        Path("other.pem").write_bytes(make_certificate())
        (planned,) = ast.literal_eval(cli("--port", port, "--write", "other.pem", "--query", "[warnings]").out)
        (warning,) = json.loads(cli("--port", port, "--write", "other.pem", "--output", "json").out)["warnings"]
        assert planned == [warning]
        assert "does not belong to the key in 0xE0F1" in warning

    def test_of_the_chips_own_key_if_strict(self, cli: Cli, port: str, certificate: Path) -> None:
        result = cli("--port", port, "--write", certificate, "--strict", "--query", "key_match")
        assert (result.code, result.out) == (0, "True\n")

    def test_again(self, cli: Cli, port: str, certificate: Path) -> None:
        assert cli("--port", port, "--write", certificate, "--query", "written").out == "True\n"
        again = cli("--port", port, "--write", certificate)
        assert again.code == 0
        assert again.err.endswith("Certificate is already in 0xE0E1: nothing was written\n")
        assert "has been written" not in again.err
        assert cli("--port", port, "--write", certificate, "--query", "written").out == "False\n"

    def test_of_another_key(self, cli: Cli, port: str, csr: Path) -> None:
        Path("other.pem").write_bytes(make_certificate())
        result = cli("--port", port, "-q", "--write", "other.pem", "--query", "key_match")
        assert (result.code, result.out) == (0, "False\n")
        warning = "Warning: the certificate does not belong to the key in 0xE0F1\n"
        assert result.err == emulated(port) + warning
        assert "use --strict" in cli("--port", port, "--write", "other.pem").err

    def test_of_another_key_if_strict(self, cli: Cli, port: str, csr: Path) -> None:
        before = stored(port, 0xE0E1)
        Path("other.pem").write_bytes(make_certificate())
        result = cli("--port", port, "--write", "other.pem", "--strict")
        assert (result.code, result.out, len(result.errors)) == (CERTIFICATE_EXIT, "", 1)
        assert "does not belong to the key in 0xE0F1. Nothing was written" in result.errors[0]
        assert "has been written" not in result.err
        assert stored(port, 0xE0E1) == before

    @pytest.mark.parametrize(
        ("days", "ca", "warning"),
        [
            ((-20, -10), False, "expired on"),
            ((10, 20), False, "not valid before"),
            ((-1, 10), True, "is a CA certificate, not a device certificate"),
        ],
    )
    def test_what_people_should_know(self, cli: Cli, port: str, days: tuple[int, int], ca: bool, warning: str) -> None:
        Path("cert.pem").write_bytes(make_certificate(days=days, ca=ca))
        result = cli("--port", port, "--write", "cert.pem", "-q")
        warnings = [line for line in result.err.splitlines() if line.startswith("Warning: ")]
        assert (result.code, len(warnings)) == (0, 2)  # and that there is no key yet
        assert warning in warnings[0]

    def test_chain(self, cli: Cli, port: str, csr: Path) -> None:
        ca = make_key()
        leaf = make_certificate_for(csr, issuer=ca)
        chain = leaf + make_certificate(ca, name="test CA", ca=True)
        Path("chain.pem").write_bytes(chain)
        written = cli("--port", port, "--write", "chain.pem", "--query", "key_match")
        assert (written.code, written.out, "Warning" in written.err) == (0, "True\n", False)
        assert cli("--port", port, "--read", "second").out == chain.decode()
        assert cli("--port", port, "--read", "0xE0E1", "--query", "length(certificates)").out == "2\n"

    def test_a_chain_that_is_none(self, cli: Cli, port: str, csr: Path) -> None:
        """What is wrong with it is said first: that no key has its first certificate only follows from it."""
        ca = make_key()
        issuer, stranger = make_certificate(ca, name="test CA", ca=True), make_certificate(name="stranger")
        leaf = make_certificate_for(csr, issuer=ca)
        for chain in (issuer + stranger + leaf, leaf + stranger, stranger + leaf):
            Path("chain.pem").write_bytes(chain)
            before = stored(port, 0xE0E1)
            said = fails(cli, CERTIFICATE, "--port", port, "-q", "--write", "chain.pem", "--strict")
            assert "the chain is not valid: the certificate of " in said
            assert "Nothing was written" in said
            assert stored(port, 0xE0E1) == before
            warned = json.loads(cli("--port", port, "--write", "chain.pem", "--output", "json").out)["warnings"]
            assert warned[0].startswith("the chain is not valid: ")
        Path("chain.pem").write_bytes(issuer + leaf)
        assert cli("--port", port, "--write", "chain.pem", "--strict", "--query", "key_match").out == "True\n"

    def test_trust_anchor(self, cli: Cli, port: str) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding

        root = make_certificate(make_key(), ca=True, usage=("key_cert_sign",))
        Path("root.pem").write_bytes(root)
        result = cli("--port", port, "--write", "root.pem", "--id", "0xE0E8")
        assert (result.code, "Warning" in result.err) == (0, False)
        assert stored(port, 0xE0E8) == x509.load_pem_x509_certificate(root).public_bytes(Encoding.DER)
        assert cli("--port", port, "--read", "0xe0e8").out == root.decode()

    def test_any_file_into_a_data_object(self, cli: Cli, port: str) -> None:
        content = bytes(range(140))
        Path("data.bin").write_bytes(content)
        result = cli("--port", port, "--write", "data.bin", "--id", "0xF1D0")
        assert (result.code, result.out) == (0, "")
        assert result.err.endswith("Data has been written\n")
        assert "00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|\n" in result.err
        assert stored(port, 0xF1D0) == content
        again = cli("--port", port, "--write", "data.bin", "--id", "0xF1D0", "--output", "repr")
        assert ast.literal_eval(again.out)["written"] is False


class TestRead:
    def test_certificate(self, cli: Cli, port: str, certificate: Path) -> None:
        cli("--port", port, "--write", certificate)
        result = cli("--port", port, "--read", "second")
        assert (result.out, result.err) == (certificate.read_text(), emulated(port))

    def test_certificate_to_a_file(self, cli: Cli, port: str, certificate: Path) -> None:
        cli("--port", port, "--write", certificate)
        result = cli("--port", port, "--read", "second", "--out", "read.pem")
        assert (result.code, result.out) == (0, "")
        assert result.err.endswith("0xE0E1 has been written to read.pem\n")
        assert Path("read.pem").read_bytes() == certificate.read_bytes()

    def test_other_objects(self, cli: Cli, port: str) -> None:
        uid = stored(port, 0xE0C2)
        shown = cli("--port", port, "--read", "0xE0C2").out
        lines = re.findall(r"^([0-9a-f]{8})  (.*?)  \|.{1,16}\|$", shown, re.MULTILINE)
        assert [offset for offset, _ in lines] == ["00000000", "00000010"]
        assert bytes.fromhex("".join(digits for _, digits in lines)) == uid
        cli("--port", port, "--read", "0xE0C2", "--out", "uid.bin")
        assert Path("uid.bin").read_bytes() == uid

    def test_as_fields(self, cli: Cli, port: str) -> None:
        result = cli("--port", port, "--read", "0xE0C2", "--output", "json")
        uid = stored(port, 0xE0C2)
        assert json.loads(result.out) == {"oid": "0xE0C2", "size": 27, "data": uid.hex(), "certificates": []}
        assert cli("--port", port, "--read", "0xE0C2", "--query", "data").out == uid.hex() + "\n"

    def test_a_certificate_object_with_something_else(self, cli: Cli, port: str) -> None:
        with optiga.open_chip(port) as chip:
            chip.write(0xE0E2, b"no certificate")
        result: Result = cli("--port", port, "--read", "third")
        assert "Warning: 0xE0E2 holds no readable certificate" in result.err
        assert "|no certificate|" in result.out


@pytest.mark.parametrize("name", ["a.der", "A.DER", "a.pem", "a"])
def test_a_certificate_in_a_file_is_pem_whatever_its_name(cli: Cli, port: str, name: str) -> None:
    result = cli("--port", port, "--read", "first", "--out", name)
    assert result.code == 0
    assert Path(name).read_bytes().startswith(b"-----BEGIN CERTIFICATE")
    assert (f"{name} holds PEM" in result.err) is name.lower().endswith(".der")
