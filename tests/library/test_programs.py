"""A program's way with ``import optiga``: a CSR, a certificate written and proven, and what it is told of mistakes."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

import optiga
from optiga import testing
from optiga.ca.creation import CaName, create_intermediate, create_root
from tests.support.ca_helpers import NEEDS_OPENSSL, openssl
from tests.support.makers import make_certificate, make_key
from tests.support.places import CONFIG, CONFIGS

DOCUMENT: dict[str, Any] = json.loads(CONFIG.read_text(encoding="utf-8"))
GEN_KEY_PAIR = 0x38
SECOND: tuple[Any, ...] = (
    "second",
    0xE0E1,
    "0xE0E1",
    "e0e1",
    optiga.ObjectRef.parse("second"),
    optiga.ObjectRef.parse(0xE0E1),
    optiga.ObjectRef.parse("second").slot,
)
"""All that the object of the second slot's certificate may be called."""
NO_CHIP: tuple[Any, ...] = (None, "emulator", CONFIG, 0, b"")


def without_slot() -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    del document["csr_config"]["key_info"]["parameters"]["slot"]
    return document


FORMS: tuple[Callable[[], Any], ...] = (lambda: CONFIG, without_slot, lambda: optiga.load_configuration(DOCUMENT))
"""A file, a dictionary, and what was made of one."""


def certify(csr: optiga.Csr) -> bytes:
    """Be the CA."""
    return make_certificate(public_key=x509.load_pem_x509_csr(csr.pem.encode()).public_key())


def has_made_a_key(bench: testing.Bench) -> bool:
    return any(command[0] & 0x7F == GEN_KEY_PAIR for command in bench.commands)


def pkcs7_of(*pems: bytes) -> bytes:
    return pkcs7.serialize_certificates(
        [x509.load_pem_x509_certificate(pem) for pem in pems], serialization.Encoding.DER
    )


class TestCsr:
    def test_what_a_program_gets(self, optiga_chip: optiga.Chip) -> None:
        csr = optiga.csr(optiga_chip, CONFIG)
        request = x509.load_pem_x509_csr(csr.pem.encode())
        assert request.is_signature_valid
        assert request.public_bytes(serialization.Encoding.DER) == csr.der
        public = request.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        assert csr.public_key.endswith(point.hex())
        name = "".join(csr.pem.splitlines()[1:-1]).encode()
        assert csr.filename == f"{hashlib.sha1(name).hexdigest()}.csr"

    @NEEDS_OPENSSL
    def test_openssl(self, optiga_chip: optiga.Chip, tmp_path: Path) -> None:
        path = optiga.csr(optiga_chip, CONFIG).save(tmp_path)
        done = openssl("req", "-in", path, "-verify", "-noout", "-subject")
        assert "verify OK" in done.stdout + done.stderr
        assert DOCUMENT["csr_config"]["certificate_info"]["common_name"] in done.stdout + done.stderr

    @pytest.mark.parametrize("form", [str, Path, lambda path: json.loads(path.read_bytes()), optiga.load_configuration])
    def test_each_form_of_a_configuration(self, form: Callable[[Path], Any], optiga_chip: optiga.Chip) -> None:
        request = x509.load_der_x509_csr(optiga.csr(optiga_chip, form(CONFIG)).der)
        (name,) = request.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        assert name.value == DOCUMENT["csr_config"]["certificate_info"]["common_name"]
        assert optiga_chip.key("second").algorithm is optiga.KeyAlgorithm.SECP256R1

    @pytest.mark.parametrize("slot", ["third", 0xE0F2, 0xE0E2, "0xE0F2", optiga.ObjectRef.parse("third")])
    def test_each_name_of_another_slot(self, slot: Any) -> None:
        for form in FORMS:
            assert optiga.load_configuration(form(), slot=slot).slot.name == "third"

    def test_another_slot(self, optiga_chip: optiga.Chip) -> None:
        optiga.csr(optiga_chip, without_slot(), slot=0xE0F2)
        assert optiga_chip.metadata(0xE0F2).algorithm is optiga.KeyAlgorithm.SECP256R1
        assert optiga_chip.metadata(0xE0F1).algorithm is None

    def test_rsa(self, optiga_chip: optiga.Chip) -> None:
        csr = optiga.csr(optiga_chip, CONFIGS / "config_2k_rsa_secondslot.jsn", slot="six")
        public = x509.load_der_x509_csr(csr.der).public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        info = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        assert csr.public_key == info.hex()

    def test_a_line_on_which_nothing_is_sure(self, optiga_bench: testing.Bench) -> None:
        with optiga_bench.open() as chip:
            optiga_bench.faults.damage_next_command()
            assert x509.load_der_x509_csr(optiga.csr(chip, CONFIG).der).is_signature_valid
            optiga_bench.faults.lose_next_answer(times=3)
            with pytest.raises(optiga.BoardError, match="0xE0F1"):  # which says what may have become of the key
                optiga.csr(chip, CONFIG)

    def test_saved_into_no_folder(self, optiga_chip: optiga.Chip, tmp_path: Path) -> None:
        csr = optiga.csr(optiga_chip, CONFIG)
        with pytest.raises(optiga.ConfigurationError, match=r"none: the folder does not exist\. Create it"):
            csr.save(tmp_path / "none")
        assert csr.save(tmp_path).read_text() == csr.pem


class TestMistakesInAConfiguration:
    """Each is told before the chip is asked for a key."""

    @pytest.fixture(autouse=True)
    def _no_key(self, optiga_bench: testing.Bench) -> Iterator[None]:
        yield
        assert not has_made_a_key(optiga_bench)

    def refusal(self, chip: optiga.Chip, configuration: Any, **options: Any) -> optiga.ConfigurationError:
        with pytest.raises(optiga.ConfigurationError) as caught:
            optiga.csr(chip, configuration, **options)
        assert "\n" not in str(caught.value)
        return caught.value

    def test_in_a_file(self, optiga_chip: optiga.Chip, tmp_path: Path) -> None:
        path = tmp_path / "wrong.jsn"
        path.write_text(CONFIG.read_text().replace("secp256r1", "secp256k1"))
        assert f"{path}:" in self.refusal(optiga_chip, path).message
        assert "cannot read" in self.refusal(optiga_chip, tmp_path / "none.jsn").message

    def test_in_a_dictionary(self, optiga_chip: optiga.Chip) -> None:
        document = copy.deepcopy(DOCUMENT)
        document["csr_config"]["key_info"]["parameters"]["curve"] = "secp256k1"
        document["csr_config"]["signature_info"]["algorithm_id"] = "dsa"
        error = self.refusal(optiga_chip, document)
        for mistake in (error.message, *error.problems):
            assert mistake.startswith("configuration: csr_config.")  # and no line, for it has none
        assert "secp256k1" in error.message
        assert len(error.problems) == 1

    def test_an_empty_dictionary(self, optiga_chip: optiga.Chip) -> None:
        assert self.refusal(optiga_chip, {}).message == "configuration: csr_config is missing"

    @pytest.mark.parametrize("value", [b"bytes", {1, 2}, float("nan"), object()])
    def test_what_json_cannot_hold(self, value: object, optiga_chip: optiga.Chip) -> None:
        document = copy.deepcopy(DOCUMENT)
        document["csr_config"]["certificate_info"]["common_name"] = value
        self.refusal(optiga_chip, document)

    def test_a_dictionary_in_itself(self, optiga_chip: optiga.Chip) -> None:
        document: dict[str, Any] = {}
        document["csr_config"] = document
        self.refusal(optiga_chip, document)
        self.refusal(optiga_chip, {})

    @pytest.mark.parametrize("slot", ["nine", "first", 0xE0E8, 0x12345, -1, "0xE0F0", "five", ""])
    def test_a_slot(self, slot: Any, optiga_chip: optiga.Chip) -> None:
        for form in FORMS:
            assert "slot" in str(self.refusal(optiga_chip, form(), slot=slot))

    def test_what_the_model_lacks(self) -> None:
        with testing.bench("trust-x") as bench, bench.open() as chip:
            self.refusal(chip, CONFIGS / "config_2k_rsa_secondslot.jsn")
            assert not has_made_a_key(bench)

    @pytest.mark.parametrize("configuration", [None, 5, b"config.jsn", ["a"], object])
    def test_other_types(self, configuration: Any, optiga_chip: optiga.Chip) -> None:
        for slot in (None, "second"):
            with pytest.raises(TypeError, match="configuration"):
                optiga.csr(optiga_chip, configuration, slot=slot)

    @pytest.mark.parametrize("slot", [True, 1.5, b"second", ["second"], object])
    def test_other_types_of_slots(self, slot: Any, optiga_chip: optiga.Chip) -> None:
        with pytest.raises(TypeError, match="slot must be int"):
            optiga.csr(optiga_chip, CONFIG, slot=slot)

    @pytest.mark.parametrize("chip", NO_CHIP)
    def test_no_chip(self, chip: Any) -> None:
        with pytest.raises(TypeError, match="open_chip"):
            optiga.csr(chip, CONFIG)


class TestWriteCertificate:
    def test_it_is_proven(self, optiga_chip: optiga.Chip) -> None:
        pem = certify(optiga.csr(optiga_chip, CONFIG)).decode()
        proof = optiga.write_certificate(optiga_chip, pem, "second", strict=True)
        assert (proof.oid, proof.slot, proof.written, proof.key_match) == (0xE0E1, "second", True, True)
        assert proof.key_oid == 0xE0F1
        assert proof.warnings == ()
        assert len(optiga_chip.read("second")[: proof.size]) == proof.size
        stored = optiga.read_certificate(optiga_chip)
        assert stored.pem == pem
        again = optiga.write_certificate(optiga_chip, stored)
        assert (again.written, again.key_match) == (False, True)

    def test_what_a_ca_has_issued_is_written_with_its_chain(self, optiga_chip: optiga.Chip, tmp_path: Path) -> None:
        root = optiga.open_ca(create_root(tmp_path / "root", CaName("root")).path)
        authority = optiga.open_ca(create_intermediate(tmp_path / "factory", CaName("factory"), root).path)
        issued = authority.issue(optiga.csr(optiga_chip, CONFIG))
        proof = optiga.write_certificate(optiga_chip, issued, "second", strict=True)
        assert proof.key_match
        stored = optiga.read_certificates(optiga_chip)
        assert "".join(one.pem for one in stored) == issued.pem
        assert len(stored) == 2
        assert not optiga.write_certificate(optiga_chip, [issued]).written
        with pytest.raises(TypeError, match="write_certificate: source"):
            optiga.write_certificate(optiga_chip, optiga.csr(optiga_chip, CONFIG))  # type: ignore[arg-type]

    @pytest.mark.parametrize("name", SECOND, ids=repr)
    def test_each_name_of_an_object(self, name: Any, optiga_chip: optiga.Chip) -> None:
        pem = make_certificate()
        assert optiga.write_certificate(optiga_chip, pem, name).oid == 0xE0E1
        assert optiga.read_certificate(optiga_chip, name).pem.encode() == pem

    @pytest.mark.parametrize(
        "form",
        [
            bytes,
            bytearray,
            lambda pem: pem.decode(),
            lambda pem: x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER),
            x509.load_pem_x509_certificate,
            lambda pem: [x509.load_pem_x509_certificate(pem)],
            lambda pem: iter((pem,)),
        ],
        ids=["PEM bytes", "bytearray", "PEM text", "DER", "cryptography's", "a list", "an iterator"],
    )
    def test_each_form_of_a_certificate(self, form: Callable[[bytes], Any], optiga_chip: optiga.Chip) -> None:
        pem = make_certificate()
        assert optiga.write_certificate(optiga_chip, form(pem), "third").written
        assert optiga.read_certificate(optiga_chip, "third").pem.encode() == pem

    def test_files(self, optiga_chip: optiga.Chip, tmp_path: Path) -> None:
        pem = make_certificate()
        path = tmp_path / "cert.pem"
        path.write_bytes(pem)
        assert optiga.write_certificate(optiga_chip, str(path)).written
        assert not optiga.write_certificate(optiga_chip, path).written

    def test_a_chain(self, optiga_chip: optiga.Chip, tmp_path: Path) -> None:
        key = make_key()
        issuer = make_certificate(key, name="test CA", ca=True)
        leaf = make_certificate(issuer=key)
        (tmp_path / "ca.pem").write_bytes(issuer)
        result = optiga.write_certificate(optiga_chip, [leaf, tmp_path / "ca.pem"])
        assert [one.is_ca for one in optiga.read_certificates(optiga_chip)] == [False, True]
        assert optiga.read_certificate(optiga_chip).subject == "CN=test device"
        assert not any("chain" in warning for warning in result.warnings)
        assert not optiga.write_certificate(optiga_chip, leaf + issuer).written
        turned = optiga.write_certificate(optiga_chip, issuer + leaf)
        assert any("sorted" in warning for warning in turned.warnings)
        assert not turned.written, "as --write does, it is put in order"
        for other in ([tmp_path / "ca.pem", leaf], pkcs7_of(issuer, leaf)):
            assert not optiga.write_certificate(optiga_chip, other).written
        assert [one.is_ca for one in optiga.read_certificates(optiga_chip)] == [False, True]

    def test_another_key(self, optiga_chip: optiga.Chip) -> None:
        optiga_chip.generate_key("second")
        pem = make_certificate()
        with pytest.raises(optiga.CertificateError):
            optiga.write_certificate(optiga_chip, pem, strict=True)
        with pytest.raises(optiga.CertificateError):
            optiga.read_certificate(optiga_chip)
        result = optiga.write_certificate(optiga_chip, pem)
        assert (result.written, result.key_match) == (True, False)
        assert any("does not belong" in warning for warning in result.warnings)

    def test_a_trust_anchor(self, optiga_chip: optiga.Chip) -> None:
        pem = make_certificate(ca=True)
        result = optiga.write_certificate(optiga_chip, pem, 0xE0E8)
        assert (result.written, result.key_match, result.slot) == (True, None, None)
        assert optiga.read_certificate(optiga_chip, 0xE0E8).pem.encode() == pem

    @pytest.mark.parametrize("name", ["nine", "five", 0xE0F1, "0xF1D0", 0xE0C2, "0xBEEF", 0x12345, -1, ""])
    def test_no_object_for_certificates(self, name: Any, optiga_bench: testing.Bench) -> None:
        with optiga_bench.open() as chip:
            optiga_bench.forget_commands()
            for act in (lambda: optiga.write_certificate(chip, make_certificate(), name), lambda: read(chip, name)):
                with pytest.raises(optiga.ConfigurationError) as caught:
                    act()
                assert "\n" not in str(caught.value)
            assert optiga_bench.commands == ()

    @pytest.mark.parametrize("name", [None, True, 1.5, b"second", ["second"]])
    def test_other_types_of_objects(self, name: Any, optiga_chip: optiga.Chip) -> None:
        for act in (
            lambda: optiga.write_certificate(optiga_chip, make_certificate(), name),
            lambda: read(optiga_chip, name),
        ):
            with pytest.raises(TypeError, match="object must be int"):
                act()

    @pytest.mark.parametrize(
        "source", [b"", b"\x30\x03abc", b"abc", "-----BEGIN CERTIFICATE-----", [], [b"abc"], ()], ids=repr
    )
    def test_no_certificate(self, source: Any, optiga_chip: optiga.Chip) -> None:
        with pytest.raises(optiga.CertificateError):
            optiga.write_certificate(optiga_chip, source)

    def test_what_is_no_certificate_is_named(self, optiga_chip: optiga.Chip, tmp_path: Path) -> None:
        csr = optiga.csr(optiga_chip, CONFIG)
        with pytest.raises(optiga.CertificateError, match="signing request"):
            optiga.write_certificate(optiga_chip, csr.pem)
        with pytest.raises(optiga.ConfigurationError, match="cannot read"):
            optiga.write_certificate(optiga_chip, tmp_path / "none.pem")

    @pytest.mark.parametrize("source", [None, 5, {"pem": b""}, object, [None], [[5]], memoryview(b"abc")])
    def test_other_types(self, source: Any, optiga_chip: optiga.Chip) -> None:
        with pytest.raises(TypeError, match="certificate"):
            optiga.write_certificate(optiga_chip, source)

    @pytest.mark.parametrize("flag", [None, [], {}, 0, 1, "yes"])
    def test_a_flag_that_is_none(self, optiga_chip: optiga.Chip, flag: Any) -> None:
        """It would count as False, and the key would be lost."""
        key = optiga_chip.generate_key("second").public_key_info
        with pytest.raises(TypeError, match="keep_key must be True or False"):
            optiga.csr(optiga_chip, CONFIG, keep_key=flag)
        with pytest.raises(TypeError, match="strict must be True or False"):
            optiga.write_certificate(optiga_chip, make_certificate(), strict=flag)
        assert optiga.csr(optiga_chip, CONFIG, keep_key=True, public_key=key).public_key
        with pytest.raises(optiga.CertificateError):
            optiga.read_certificate(optiga_chip, "second")

    @pytest.mark.parametrize("chip", NO_CHIP)
    def test_no_chip(self, chip: Any) -> None:
        for act in (lambda: optiga.write_certificate(chip, make_certificate()), lambda: read(chip, "second")):
            with pytest.raises(TypeError, match="open_chip"):
                act()

    def test_an_object_that_the_model_lacks(self) -> None:
        with testing.emulated_chip("trust-x") as chip, pytest.raises(optiga.ConfigurationError, match="Trust X"):
            optiga.write_certificate(chip, make_certificate(), 0xE0E9)


def read(chip: Any, name: Any) -> optiga.Certificate:
    return optiga.read_certificate(chip, name)


class TestOwnCa:
    def test_it_certifies(self, optiga_chip: optiga.Chip, tmp_path: Path) -> None:
        folder = tmp_path / "my-ca"
        create_root(folder, CaName("test CA"))
        for form in (folder, str(folder)):
            csr = optiga.csr(optiga_chip, CONFIG)
            issued = optiga.open_ca(form).issue(csr.der)
            assert optiga.write_certificate(optiga_chip, issued.pem, strict=True).key_match

    @pytest.mark.long
    def test_a_passphrase(self, tmp_path: Path) -> None:
        folder = tmp_path / "my-ca"
        create_root(folder, CaName("test CA"), passphrase=b"correct horse battery")
        assert optiga.open_ca(folder, passphrase="correct horse battery").certificate.is_ca
        for bad in (None, ""):
            with pytest.raises(optiga.ConfigurationError):
                optiga.open_ca(folder, passphrase=bad)
        with pytest.raises(optiga.ConfigurationError, match="it ends with a line break"):
            optiga.open_ca(folder, passphrase="correct horse battery\n")

    @pytest.mark.parametrize(("folder", "passphrase"), [(None, None), (5, None), (b"my-ca", None), ("my-ca", 5)])
    def test_other_types(self, folder: Any, passphrase: Any) -> None:
        with pytest.raises(TypeError):
            optiga.open_ca(folder, passphrase=passphrase)

    def test_none_there(self, tmp_path: Path) -> None:
        with pytest.raises(optiga.ConfigurationError):
            optiga.open_ca(tmp_path)


def test_a_configuration_for_the_key_in_slot_first() -> None:
    """The slot takes no new key; a CSR of the one that it holds is asked for by the same word as of ``csr``."""
    with pytest.raises(optiga.ConfigurationError, match="keep_key=True"):
        optiga.load_configuration(CONFIG, slot="first")
    assert optiga.load_configuration(CONFIG, slot="first", keep_key=True).slot.name == "first"


def test_a_key_in_a_slot_for_others() -> None:
    """The chip says no more of it than that the object is none; that would be taken for a lack of the chip's."""
    with testing.emulated_chip() as chip, pytest.raises(optiga.ChipError) as raised:
        chip.generate_key("second", "rsa2048")
    assert "Use a slot for rsa2048 keys: five (0xE0FC), six (0xE0FD)" in str(raised.value)
    assert "no such object" not in str(raised.value)
