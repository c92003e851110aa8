"""Files of the kinds that Infineon's repositories hold, made here, each with the command that a user hands it to.

``tests/support/infineon_files.py`` has the table of them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import optiga
from optiga.pki.pem import encode_pem
from optiga.protocol import tls_identity
from tests.support import odd_certificates as odd
from tests.support.ca_helpers import make_request
from tests.support.cli.mistakes import CERTIFICATE, USAGE, fails
from tests.support.cli.runner import Cli
from tests.support.cli.update_bench import key_pem, prepare, save_files
from tests.support.csr_forms import ECDSA_SHA256, make_form
from tests.support.emulator.updating import SECRET
from tests.support.identity.csr_helpers import Ca, pem
from tests.support.program_texts import TEMPLATE, in_c

pytestmark = pytest.mark.filterwarnings("ignore")  # cryptography's own about certificates that break the rules

KEY = ec.generate_private_key(ec.SECP256R1())
CA = Ca("Test CA")
LEAF = CA.certify(KEY.public_key())
ENCIPHER_ONLY = odd.odd_certificate(KEY, extensions=(odd.basic_constraints(), odd.key_usage("0081")))
"""An anchor as that of Infineon's samples of updates: digitalSignature and encipherOnly, without keyAgreement."""
WITH_NULL = odd.encode(odd.SEQUENCE, ECDSA_SHA256[2:] + bytes.fromhex("0500"))
PARAMETERS = encode_pem("EC PARAMETERS", bytes.fromhex("06082a8648ce3d030107"))
UPDATE = "--version 3 --anchor 0xE0E8 --signer signer.pem --out set.h"
SEC1 = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@pytest.fixture(autouse=True)
def _folder(cli: Cli) -> None:
    save_files(Path())


def read(port: str, oid: int) -> bytes:
    with optiga.open_chip(port) as chip:
        return chip.read(oid)


class TestCertificates:
    @pytest.mark.parametrize("form", ["0x{:02X}, ", "0x{:02X},"])
    def test_an_anchor_in_c_with_encipher_only(self, cli: Cli, port: str, form: str) -> None:
        Path("sample_ec_256_cert.txt").write_text("\n " + "".join(form.format(octet) for octet in ENCIPHER_ONLY) + "\n")
        result = cli("--port", port, "-q", "--write", "sample_ec_256_cert.txt", "--id", "0xE0E8")
        assert (result.code, "encipherOnly or decipherOnly in its keyUsage need keyAgreement" in result.err) == (
            0,
            True,
        )
        assert read(port, 0xE0E8) == ENCIPHER_ONLY

    @pytest.mark.parametrize("name", ["Root CA 2.crt", "Trust M CA 300.cer", "Test_CA.pem", "Test_CA.der"])
    def test_a_ca_in_pem_or_der(self, cli: Cli, port: str, name: str) -> None:
        """Names with spaces, and the encoding whatever the suffix says."""
        is_pem = name.endswith((".pem", ".cer"))
        Path(name).write_bytes(pem(CA.certificate).encode() if is_pem else CA.certificate)
        assert cli("--port", port, "-q", "--write", name, "--id", "0xE0E8").code == 0
        assert read(port, 0xE0E8) == CA.certificate

    def test_the_header_of_a_firmware(self, cli: Cli, port: str) -> None:
        header = TEMPLATE.format(label="CERTIFICATE") + in_c(pem(LEAF), "keyCLIENT_CERTIFICATE_PEM")
        Path("credentials.h").write_text(header + "#define keyCLIENT_PRIVATE_KEY_PEM NULL\n")
        assert cli("--port", port, "-q", "--write", "credentials.h", "--slot", "second").code == 0
        assert read(port, 0xE0E1).startswith(tls_identity.encode([LEAF]))
        Path("both.h").write_text(header + in_c(SEC1, "keyCLIENT_PRIVATE_KEY_PEM"))
        assert "a private key, not only certificates" in fails(
            cli, CERTIFICATE, "--port", port, "-q", "--write", "both.h", "--slot", "second"
        )

    def test_declarations_of_matter(self, cli: Cli, port: str) -> None:
        """A CMS without certificates is no certificate, and data for an object of data."""
        declaration = odd.pkcs7()
        Path("Chip-Test-CD-Cert.bin").write_bytes(declaration)
        named = ("Chip-Test-CD-Cert.bin", "--slot", "second")
        error = fails(cli, CERTIFICATE, "--port", port, "-q", "--write", *named)
        assert "PKCS #7 container in Chip-Test-CD-Cert.bin holds no certificates" in error
        assert cli("--port", port, "-q", "object", "write", "0xF1E0", "Chip-Test-CD-Cert.bin").code == 0
        assert read(port, 0xF1E0)[: len(declaration)] == declaration


class TestKeys:
    @pytest.mark.parametrize("text", [PARAMETERS + SEC1, in_c(SEC1), SEC1])
    def test_they_sign_and_are_brought(self, cli: Cli, text: str) -> None:
        Path("key.pem").write_text(text)
        signed = UPDATE.replace("signer.pem", "key.pem").split()
        assert cli("update", "make", "data", "0xF1E0", "data", *signed).code == 0
        assert cli("update", "make", "key", "second", "key.pem", *UPDATE.split()).code == 0
        result = cli("update", "show", "set.h", "--output", "json")
        assert json.loads(result.out)["algorithm"] == "secp256r1"

    @pytest.mark.parametrize(
        ("key", "line"),
        [
            (ec.generate_private_key(ec.SECP192R1()), "the chip does not support secp192r1 keys"),
            (ec.generate_private_key(ec.SECP224R1()), "the chip does not support secp224r1 keys"),
            (rsa.generate_private_key(65537, 1536), "the chip does not support RSA-1536 keys"),
        ],
        ids=["P-192", "P-224", "RSA-1536"],
    )
    def test_the_chip_has_no_such_keys(self, cli: Cli, key: ec.EllipticCurvePrivateKey, line: str) -> None:
        Path("key.pem").write_bytes(key_pem(key))
        assert line in fails(cli, USAGE, "update", "make", "key", "second", "key.pem", *UPDATE.split())

    @pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
    def test_public_keys(self, cli: Cli, port: str, encoding: Encoding) -> None:
        assert cli("--port", port, "-q", "key", "generate", "second", "--usage", "key_agreement").code == 0
        Path("ecc256test_pub.der").write_bytes(
            KEY.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        )
        assert cli("--port", port, "-q", "key", "ecdh", "second", "ecc256test_pub.der").code == 0


class TestRequests:
    def test_of_infineons_generator(self, cli: Cli) -> None:
        """NULL behind ECDSA, and seven bits of keyUsage: what mbed TLS of that time writes."""
        usage = odd.encode(
            odd.SEQUENCE, odd.encode(odd.OID, bytes.fromhex("551d0f")) + bytes.fromhex("0404") + b"\x03\x02\x01\x80"
        )
        kind = odd.encode(odd.OID, bytes.fromhex("2a864886f70d01090e"))
        wishes = odd.encode(odd.SEQUENCE, kind + odd.encode(odd.SET, odd.encode(odd.SEQUENCE, usage)))
        request = make_form(attributes=odd.encode(0xA0, wishes), algorithm=WITH_NULL)
        Path("optiga.csr").write_text(encode_pem("CERTIFICATE REQUEST", request))
        assert cli("ca", "init", "root", "--no-passphrase").code == 0
        assert cli("ca", "sign", "optiga.csr", "--ca", "root", "--out", "device.pem").code == 0
        assert cli("--port", "emulator:chip", "-q", "--write", "device.pem", "--slot", "second").code == 0

    def test_of_openssl(self, cli: Cli) -> None:
        Path("client.csr.pem").write_bytes(make_request())
        assert cli("ca", "init", "root", "--no-passphrase").code == 0
        assert cli("ca", "sign", "client.csr.pem", "--ca", "root", "--out", "device.pem").code == 0


class TestConfigurations:
    @pytest.mark.parametrize(
        ("name", "content", "line"),
        [
            ("openssl.cnf", "[ cert_ext ]\nkeyUsage=critical,digitalSignature\n", "a file with sections"),
            ("config.jsn", '{"CN": "AWS_IoT", "O": "Example", "AmazonIoT": {"ThingName": "a"}}', "the subject of a"),
            ("policy.jsn", '{"Version": "2012-10-17", "Statement": []}', "an AWS policy"),
            ("conf.xml", '<?xml version="1.0"?>\n<!-- x -->\n<OPTIGA>\n</OPTIGA>\n', "OPTIGA Trust Configurator"),
            ("library.json", '{"name": "OPTIGA", "keywords": "security"}', "it has no csr_config"),
        ],
    )
    def test_of_other_tools(self, cli: Cli, port: str, name: str, content: str, line: str) -> None:
        Path(name).write_text(content)
        for words in (("--csr", name), ("config", "check", name)):
            error = fails(cli, USAGE, "--port", port, "-q", *words)
            assert error.startswith(f"Error: {name} is ")
            assert "not a configuration" in error
            assert line in error

    def test_of_the_explorer(self, cli: Cli, port: str) -> None:
        """Variables of a script are neither hex nor metadata."""
        Path("Secret.txt").write_text('SHARED_SECRET="49C9F492"\nSHARED_SECRET_META="2005D103E1FC07"\n')
        for words in (
            ("object", "write", "0xF1D1", "Secret.txt", "--hex"),
            ("object", "metadata", "0xF1D1", "Secret.txt"),
        ):
            assert "Secret.txt is not hex" in fails(cli, USAGE, "--port", port, "-q", *words)


class TestUpdates:
    @pytest.fixture
    def prepared(self, tmp_path: Path) -> str:
        prepare(tmp_path / "prepared")
        return f"emulator:{tmp_path / 'prepared'}"

    def test_in_an_example_with_much_else(self, cli: Cli, prepared: str) -> None:
        """Sources of Infineon's have texts, key usages and metadata in arrays beside the manifest and its fragments."""
        assert cli("update", "make", "data", "0xF1E0", "data", *UPDATE.split()).code == 0
        text = Path("set.h").read_text()
        example = 'static const char *names[] = {"a", "b"};\nuint8_t metadata[] = {0x20, 0x03, OPTIGA_READ, 1};\n'
        Path("example.c").write_text(f"{example}/* the set */\n{text}\nvoid f(void) {{ g(manifest_data); }}\n")
        assert cli("--port", prepared, "update", "apply", "example.c").code == 0
        Path("several.md").write_text(text + text)
        assert "it holds several manifests" in fails(cli, USAGE, "update", "show", "several.md")
        Path("none.c").write_text(example)
        assert "it holds no manifest" in fails(cli, USAGE, "update", "show", "none.c")

    @pytest.mark.parametrize(
        "words",
        [
            "data 0xF1E0 ascii_data.txt",
            "data 0xF1E0 hex_data.txt --hex",
            "key aes aes_key_192.txt --hex",
            "metadata 0xF1D3 metadata.txt",
        ],
    )
    def test_payloads_of_the_samples(self, cli: Cli, words: str) -> None:
        Path("ascii_data.txt").write_bytes(b"line1 : a sample\r\nline2 : a sample\r\n")
        Path("hex_data.txt").write_bytes(b"6c696e6531203a20\r\n612073616d706c65\r\n")
        Path("aes_key_192.txt").write_bytes(b"000102030405060708090a0b0c0d0e0f\r\n0001020304050607")
        Path("metadata.txt").write_bytes(b"200BC00103D10100D003E1FC07")
        Path("secret.txt").write_text(SECRET.value.hex())
        for secret in ("secret.txt", "aes_key_192.txt"):
            Path(secret).chmod(0o600)
        encrypted = f"{UPDATE} --secret secret.txt --secret-hex --secret-oid 0xF1DB --label test"
        result = cli("update", "make", *words.split(), *encrypted.split())
        assert (result.code, "Warning" in result.err) == (0, False), result.err
        assert json.loads(cli("update", "show", "set.h", "--output", "json").out)["payload_version"] == 3

    def test_hex_where_bytes_are_asked_for(self, cli: Cli) -> None:
        Path("aes_key_192.txt").write_bytes(b"000102030405060708090a0b0c0d0e0f\r\n0001020304050607")
        result = cli("update", "make", "key", "aes", "aes_key_192.txt", *UPDATE.split())
        assert (result.code, len(result.errors)) == (USAGE, 1)
        assert "Warning: aes_key_192.txt holds hex digits, which are taken as they are: --hex" in result.err
