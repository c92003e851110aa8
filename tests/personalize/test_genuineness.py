"""Proof that a chip is genuine: which chains lead to a trusted root, and that the chip has the certificate's key."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st
from personalize_helpers import NOW, CountingTransport

import optiga.emulator
from optiga.chip import Chip
from optiga.errors import CertificateError, ConfigurationError
from optiga.personalize.genuineness import Genuineness, Trust, load_trust, prove_genuine
from optiga.personalize.stored import decode_stored
from optiga.protocol import tls_identity
from optiga.protocol.codes import CommandCode, KeyUsage
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import SLOTS

FIRST, SECOND = SLOTS[:2]
EMULATOR_ROOT = Path(optiga.emulator.__file__).with_name("root.pem")
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
CRITICAL = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")


class Authority:
    """A CA, and everything that it certifies.

    :param extensions: of its own certificate; CA:TRUE by default.
    :param days: begin and end of its own certificate, in days from now.
    """

    def __init__(
        self,
        name: str = "root",
        issuer: Authority | None = None,
        *extensions: x509.ExtensionType,
        key: Any = None,
        days: tuple[int, int] = (-1, 1),
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        own = extensions or (constraints(),)
        self.der = (issuer or self).certify(self.key.public_key(), name, *own, days=days)

    def certify(
        self, public_key: Any, name: str = "device", *extensions: x509.ExtensionType, days: tuple[int, int] = (-1, 1)
    ) -> bytes:
        """A certificate in DER."""
        builder = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(self.name).public_key(public_key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(NOW + timedelta(days[0])).not_valid_after(NOW + timedelta(days[1]))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(self.key, hashes.SHA384()).public_bytes(serialization.Encoding.DER)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def constraints(ca: bool = True, path_length: int | None = None) -> x509.BasicConstraints:
    return x509.BasicConstraints(ca=ca, path_length=path_length)


def usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in USAGES})


def write_trust(folder: Path, *certificates: Authority | bytes) -> Path:
    path = folder / "trust.pem"
    ders = [one.der if isinstance(one, Authority) else one for one in certificates]
    path.write_text("".join(f"# one\n{_pem(der)}" for der in ders))
    return path


def _pem(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def chip() -> Chip:
    return Chip(CountingTransport(), port="board 1")


@pytest.fixture
def public_key(chip: Chip) -> Any:
    """That of a key in the second slot."""
    return serialization.load_der_public_key(chip.generate_key("second").public_key_info)


class Chain:
    """Proves a chip whose second slot holds a chain."""

    def __init__(self, chip: Chip, folder: Path) -> None:
        self.chip, self.folder = chip, folder

    def prove(self, stored: list[bytes], *trusted: Authority, now: datetime = NOW) -> Genuineness:
        self.chip.write(0xE0E1, tls_identity.encode(stored))
        return prove_genuine(self.chip, load_trust(write_trust(self.folder, *trusted)), SECOND, now=now)

    def refusal(self, stored: list[bytes], *trusted: Authority, now: datetime = NOW) -> CertificateError:
        with pytest.raises(CertificateError) as caught:
            self.prove(stored, *trusted, now=now)
        assert (caught.value.port, caught.value.oid) == ("board 1", 0xE0E1)
        assert "\n" not in str(caught.value)
        assert caught.value.message.startswith("0xE0E1: ")
        return caught.value


@pytest.fixture
def chain(chip: Chip, tmp_path: Path) -> Chain:
    return Chain(chip, tmp_path)


def subjects(genuine: Genuineness) -> list[str]:
    return [certificate.subject for certificate in genuine.chain]


class TestTrust:
    def test_roots_and_intermediates(self, tmp_path: Path) -> None:
        root, other = Authority(), Authority("other")
        below = Authority("factory", root)
        trust = load_trust(write_trust(tmp_path, below, root, other, root))
        assert [one.subject for one in trust.roots] == ["CN=root", "CN=other"]
        assert [one.subject for one in trust.intermediates] == ["CN=factory"]
        assert trust.name == str(tmp_path / "trust.pem")

    def test_der(self, tmp_path: Path) -> None:
        path = tmp_path / "root.crt"
        path.write_bytes(Authority().der)
        assert [one.subject for one in load_trust(path).roots] == ["CN=root"]

    def test_the_name_alone_makes_no_root(self, tmp_path: Path) -> None:
        other = Authority()
        forged = Authority("root", other)
        assert forged.der != other.der
        with pytest.raises(CertificateError, match="holds no root: none of its certificates is self-signed"):
            load_trust(write_trust(tmp_path, forged))

    def test_no_root(self, tmp_path: Path) -> None:
        with pytest.raises(CertificateError, match=r"holds no root.*Add the root's certificate"):
            load_trust(write_trust(tmp_path, Authority("factory", Authority())))

    @pytest.mark.parametrize("extensions", [(), (constraints(ca=False),)])
    def test_a_device(self, tmp_path: Path, extensions: tuple[x509.ExtensionType, ...]) -> None:
        root = Authority()
        leaf = root.certify(root.key.public_key(), "device", *extensions)
        with pytest.raises(CertificateError, match="holds the certificate of CN=device, which is no CA"):
            load_trust(write_trust(tmp_path, root, leaf))

    @pytest.mark.parametrize(
        "content", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
    )
    def test_something_else(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "trust.pem"
        path.write_bytes(content)
        with pytest.raises(CertificateError, match=r"trust\.pem"):
            load_trust(path)

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=r"none\.pem"):
            load_trust(tmp_path / "none.pem")


class TestEmulatedChip:
    def test_its_published_root(self, chip: Chip) -> None:
        genuine = prove_genuine(chip, load_trust(EMULATOR_ROOT))
        assert genuine.key_oid == 0xE0F0
        assert chip.uid.hex[22:42] in genuine.certificate.subject
        assert genuine.root.endswith("CN=OPTIGA emulator root CA")
        assert "EMULATED, NOT A REAL DEVICE" in genuine.root
        assert len(genuine.chain) == 2

    def test_another_root(self, chip: Chip, tmp_path: Path) -> None:
        with pytest.raises(CertificateError) as caught:
            prove_genuine(chip, load_trust(write_trust(tmp_path, Authority())), now=NOW)
        assert (caught.value.port, caught.value.oid) == ("board 1", 0xE0E0)
        assert "CN=OPTIGA emulator root CA is not in" in caught.value.message
        assert "Infineon publishes those of its CAs" in caught.value.hint

    def test_a_root_of_the_same_name(self, chip: Chip, tmp_path: Path) -> None:
        real = x509.load_pem_x509_certificate(EMULATOR_ROOT.read_bytes())
        forged = Authority()
        forged.name = real.subject
        builder = x509.CertificateBuilder(
            issuer_name=real.subject,
            subject_name=real.subject,
            public_key=forged.key.public_key(),
            serial_number=1,
            not_valid_before=real.not_valid_before_utc.replace(tzinfo=None),
            not_valid_after=real.not_valid_after_utc.replace(tzinfo=None),
        ).add_extension(constraints(), critical=True)
        der = builder.sign(forged.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        with pytest.raises(CertificateError, match="another CA of the same name"):
            prove_genuine(chip, load_trust(write_trust(tmp_path, der)))

    def test_a_fresh_challenge_each_time(self) -> None:
        transport = CountingTransport()
        chip, trust = Chip(transport), load_trust(EMULATOR_ROOT)
        for _ in range(2):
            prove_genuine(chip, trust)
        signed = [command for command in transport.sent if command[0] & 0x7F == CommandCode.CALC_SIGN]
        assert len(set(signed)) == 2

    def test_the_key_is_asked_only_for_a_chain_that_holds(self, tmp_path: Path) -> None:
        transport = CountingTransport()
        with pytest.raises(CertificateError):
            prove_genuine(Chip(transport), load_trust(write_trust(tmp_path, Authority())))
        assert transport.count(CommandCode.CALC_SIGN) == 0


class TestChains:
    def test_the_intermediate_is_given(self, chain: Chain, public_key: Any) -> None:
        root = Authority()
        below = Authority("factory", root)
        genuine = chain.prove([below.certify(public_key)], root, below)
        assert subjects(genuine) == ["CN=device", "CN=factory", "CN=root"]
        assert (genuine.root, genuine.key_oid) == ("CN=root", 0xE0F1)
        assert genuine.certificate is genuine.chain[0]

    def test_the_intermediate_is_on_the_chip(self, chain: Chain, public_key: Any) -> None:
        root = Authority()
        below = Authority("factory", root)
        assert len(chain.prove([below.certify(public_key), below.der], root).chain) == 3
        assert len(chain.prove([below.certify(public_key), root.der, below.der], root).chain) == 3

    def test_plain_der(self, chip: Chip, public_key: Any, tmp_path: Path) -> None:
        root = Authority()
        chip.write(0xE0E1, root.certify(public_key))
        assert subjects(prove_genuine(chip, load_trust(write_trust(tmp_path, root)), SECOND, now=NOW))[1] == "CN=root"

    @pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
    def test_curves_of_cas(self, chain: Chain, public_key: Any, curve: Any) -> None:
        root = Authority(key=ec.generate_private_key(curve()))
        below = Authority("factory", root, constraints(path_length=0), key=ec.generate_private_key(curve()))
        assert len(chain.prove([below.certify(public_key)], root, below).chain) == 3

    @pytest.mark.parametrize("slot", ["second", "five"])
    def test_rsa(self, chip: Chip, chain: Chain, slot: str) -> None:
        """A CA with RSA for a key on a curve, and for one with RSA, which has no object for its certificate."""
        root = Authority(key=rsa.generate_private_key(65537, 2048))
        key = chip.generate_key(slot, "rsa2048" if slot == "five" else "secp384r1")
        leaf = root.certify(serialization.load_der_public_key(key.public_key_info))
        assert chain.prove([leaf], root).key_oid == key.oid

    @pytest.mark.parametrize(
        "extensions",
        [
            (),
            (constraints(ca=False),),
            (constraints(ca=False), usage("digital_signature")),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]),),
            (x509.SubjectAlternativeName([x509.DNSName("device.example.com")]),),
        ],
    )
    def test_what_a_devices_certificate_may_have_or_not(
        self, chain: Chain, public_key: Any, extensions: tuple[x509.ExtensionType, ...]
    ) -> None:
        root = Authority("root", None, constraints(path_length=0), usage("key_cert_sign", "crl_sign"))
        assert chain.prove([root.certify(public_key, "device", *extensions)], root).root == "CN=root"

    def test_of_several_ways_the_one_that_holds(self, chain: Chain, public_key: Any) -> None:
        """A renewed intermediate beside the old one, a new root beside one of the same name."""
        root, same_name = Authority(), Authority()
        old = Authority("factory", root, days=(-9, -1))
        renewed = Authority("factory", root, key=old.key)
        genuine = chain.prove([old.certify(public_key), old.der], same_name, root, renewed)
        assert [one.der for one in genuine.chain[1:]] == [renewed.der, root.der]

    def test_any_time_zone(self, chain: Chain, public_key: Any) -> None:
        root = Authority()
        leaf = root.certify(public_key)
        last = NOW + timedelta(days=1)
        for hours in (-12, 14):
            zone = timezone(timedelta(hours=hours))
            chain.prove([leaf], root, now=last.astimezone(zone))
            chain.refusal([leaf], root, now=(last + timedelta(seconds=1)).astimezone(zone))


class TestChainsRefused:
    def test_wrong_root(self, chain: Chain, public_key: Any) -> None:
        below = Authority("factory", Authority())
        error = chain.refusal([below.certify(public_key), below.der], Authority("other"))
        assert "the chain ends at CN=factory: its issuer CN=root is not in" in error.message

    def test_intermediate_missing(self, chain: Chain, public_key: Any) -> None:
        root = Authority()
        error = chain.refusal([Authority("factory", root).certify(public_key)], root)
        assert "the chain ends at CN=device: its issuer CN=factory is not in" in error.message
        assert "trust.pem" in error.message
        assert error.hint.startswith("Is it an intermediate? Add its certificate to ")

    def test_root_of_the_same_name(self, chain: Chain, public_key: Any) -> None:
        below = Authority("factory", Authority())
        error = chain.refusal([below.certify(public_key)], Authority(), below)
        assert "CN=factory is not signed by the CN=root that is known: another CA of the same name" in error.message

    def test_the_chips_own_root_is_no_root(self, chain: Chain, public_key: Any) -> None:
        forged = Authority("their root")
        error = chain.refusal([forged.certify(public_key), forged.der], Authority())
        assert "the chain ends at CN=their root, which is self-signed and is no root in" in error.message

    def test_the_chips_own_root_with_the_roots_name(self, chain: Chain, public_key: Any) -> None:
        forged = Authority()
        error = chain.refusal([forged.certify(public_key), forged.der], Authority())
        assert "the chain ends at CN=root, which is self-signed and is no root in" in error.message

    def test_self_signed(self, chain: Chain, public_key: Any) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        alone = Authority("alone", None, constraints(ca=False), key=key)
        assert "CN=alone, which is self-signed" in chain.refusal([alone.der], Authority()).message

    def test_cas_that_certify_each_other(self, chain: Chain, public_key: Any) -> None:
        one, other = Authority("one"), Authority("other")
        circle = [Authority("one", other, key=one.key).der, Authority("other", one, key=other.key).der]
        error = chain.refusal([one.certify(public_key), *circle], Authority())
        assert "the chain ends at CN=other, which was certified by CAs below it and is no root in" in error.message

    @pytest.mark.parametrize("extensions", [(constraints(ca=False),), (usage("key_cert_sign"),)])
    def test_an_intermediate_that_is_no_ca(
        self, chain: Chain, public_key: Any, extensions: tuple[x509.ExtensionType, ...]
    ) -> None:
        """Any genuine chip would otherwise certify others."""
        root = Authority()
        device = Authority("another chip", root, *extensions)
        error = chain.refusal([device.certify(public_key), device.der], root)
        assert "CN=another chip has issued a certificate and is no CA" in error.message

    def test_a_key_that_may_not_sign_certificates(self, chain: Chain, public_key: Any) -> None:
        root = Authority()
        below = Authority("factory", root, constraints(), usage("digital_signature", "crl_sign"))
        error = chain.refusal([below.certify(public_key)], root, below)
        assert "CN=factory has issued a certificate, for which its key is not meant" in error.message

    def test_path_length(self, chain: Chain, public_key: Any) -> None:
        root = Authority("root", None, constraints(path_length=1))
        one = Authority("one", root, constraints(path_length=0))
        two = Authority("two", one)
        assert chain.prove([one.certify(public_key)], root, one)
        error = chain.refusal([two.certify(public_key), two.der], root, one)
        assert "CN=one may have 0 CAs below it in a chain, and has 1" in error.message

    def test_path_length_of_the_root(self, chain: Chain, public_key: Any) -> None:
        root = Authority("root", None, constraints(path_length=0))
        below = Authority("factory", root)
        error = chain.refusal([below.certify(public_key)], root, below)
        assert "CN=root may have 0 CAs below it in a chain, and has 1" in error.message

    @pytest.mark.parametrize("which", ["device", "factory", "root"])
    @pytest.mark.parametrize(
        ("days", "words"), [((-9, -1), "expired on 2029-12-31"), ((1, 9), "is not valid before 2030")]
    )
    def test_out_of_its_time(
        self, chain: Chain, public_key: Any, which: str, days: tuple[int, int], words: str
    ) -> None:
        times = {"device": (-1, 1), "factory": (-1, 1), "root": (-1, 1), which: days}
        root = Authority(days=times["root"])
        below = Authority("factory", root, days=times["factory"])
        error = chain.refusal([below.certify(public_key, days=times["device"])], root, below)
        assert f"the certificate of CN={which} {words}" in error.message

    def test_a_leaf_that_is_a_ca(self, chain: Chain, public_key: Any) -> None:
        root = Authority()
        error = chain.refusal([root.certify(public_key, "factory", constraints())], root)
        assert "the certificate of CN=factory is one of a CA, not of a device" in error.message
        assert "is one of a CA" in chain.refusal([root.der], root).message

    @pytest.mark.parametrize("where", ["device", "factory"])
    def test_a_critical_extension_that_nobody_knows(self, chain: Chain, public_key: Any, where: str) -> None:
        root = Authority()
        below = Authority("factory", root, constraints(), *([CRITICAL] if where == "factory" else []))
        leaf = below.certify(public_key, "device", *([CRITICAL] if where == "device" else []))
        error = chain.refusal([leaf], root, below)
        assert "the chain from CN=device to CN=root does not hold: " in error.message
        assert "1.2.3.4" in error.message
        assert "encountered" not in error.message
        assert "exhausted" not in error.message

    def test_a_weak_ca(self, chain: Chain, public_key: Any) -> None:
        root = Authority(key=rsa.generate_private_key(65537, 1024))
        assert "does not hold: " in chain.refusal([root.certify(public_key)], root).message


class TestKey:
    def test_another_key(self, chip: Chip, chain: Chain, public_key: Any) -> None:
        root = Authority()
        leaf = root.certify(ec.generate_private_key(ec.SECP256R1()).public_key())
        with pytest.raises(CertificateError, match="of another key than the one in 0xE0F1") as caught:
            chain.prove([leaf], root)
        assert (caught.value.port, caught.value.oid) == ("board 1", 0xE0F1)
        assert caught.value.hint == "Certificates can be copied: this is not the chip that was certified"

    def test_the_certificate_of_another_chip(self, chip: Chip) -> None:
        """A copy of a genuine chip's certificate proves nothing."""
        other = Chip(CountingTransport())
        chip.generate_key("second")
        chip.write(0xE0E1, other.read(0xE0E0))
        with pytest.raises(CertificateError, match="of another key than the one in 0xE0F1"):
            prove_genuine(chip, load_trust(EMULATOR_ROOT), SECOND)

    def test_no_key(self, chain: Chain) -> None:
        root = Authority()
        leaf = root.certify(ec.generate_private_key(ec.SECP256R1()).public_key())
        with pytest.raises(CertificateError, match="there is no key in 0xE0F1 yet"):
            chain.prove([leaf], root)

    def test_a_key_that_may_not_sign(self, chip: Chip, chain: Chain) -> None:
        root = Authority()
        key = chip.generate_key("second", usage=KeyUsage.KEY_AGREEMENT)
        leaf = root.certify(serialization.load_der_public_key(key.public_key_info))
        with pytest.raises(CertificateError, match="may not sign, so it cannot be proven") as caught:
            chain.prove([leaf], root)
        assert caught.value.hint == ""


class TestObject:
    def test_nothing_in_it(self, chip: Chip) -> None:
        with pytest.raises(CertificateError, match="board 1: 0xE0E1 holds no certificate, so nothing tells"):
            prove_genuine(chip, load_trust(EMULATOR_ROOT), SECOND)

    @pytest.mark.parametrize("data", [b"hello", b"\xc0\x00\x03\x00\x00\x00", tls_identity.encode([b"\x30\x00"])])
    def test_something_else(self, chip: Chip, data: bytes) -> None:
        chip.write(0xE0E1, data)
        with pytest.raises(CertificateError, match="0xE0E1 holds no certificate that can be read: "):
            prove_genuine(chip, load_trust(EMULATOR_ROOT), SECOND)

    def test_a_slot_without_one(self, chip: Chip) -> None:
        with pytest.raises(ConfigurationError, match="slot five has no object for a certificate"):
            prove_genuine(chip, load_trust(EMULATOR_ROOT), SLOTS[4])

    def test_an_object_that_must_not_be_read(self, chip: Chip) -> None:
        chip.write_metadata(0xE0E1, Metadata({Tag.READ: b"\xff"}))
        with pytest.raises(optiga.ChipError):
            prove_genuine(chip, load_trust(EMULATOR_ROOT), SECOND)

    @pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
    @given(position=st.integers(0, 1000), change=st.integers(1, 255))
    def test_any_damage(self, position: int, change: int) -> None:
        """A byte that is another is a refusal, whichever it is.

        But for the count of unused bits in front of the signature: it is not signed, and may be 1 before a zero.
        """

        class Damaged(Chip):
            def read(self, oid: int, offset: int = 0, length: int | None = None) -> bytes:
                data = bytearray(super().read(oid, offset, length))
                data[position % len(data)] ^= change
                return bytes(data)

        chip = Damaged(CountingTransport())
        (whole,) = decode_stored(Chip.read(chip, 0xE0E0))
        message = ""
        try:
            proven = prove_genuine(chip, load_trust(EMULATOR_ROOT))
        except CertificateError as error:
            message = str(error)
        assert "\n" not in message
        if not message:
            assert proven.certificate.parsed.tbs_certificate_bytes == whole.parsed.tbs_certificate_bytes
            assert proven.certificate.parsed.signature == whole.parsed.signature


def test_trust_is_plain_data(tmp_path: Path) -> None:
    trust = load_trust(write_trust(tmp_path, Authority()))
    assert trust == Trust(trust.name, trust.roots)
