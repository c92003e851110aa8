"""Writing to the chip and reading from it, with the proof that certificate and key belong together."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

from optiga.chip import Chip
from optiga.chip.sessions.objects import Objects
from optiga.errors import CertificateError, ChipError, ConfigurationError
from optiga.identity.read import read_object
from optiga.identity.write import execute_write, plan_write
from optiga.objects.addressing import READABLE, resolve
from optiga.protocol import tls_identity
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import CommandCode, KeyUsage, LifeCycleState
from optiga.protocol.conditions import NEVER
from optiga.protocol.metadata import Metadata, Tag
from tests.support.identity.csr_helpers import NOW, SEED_CERTIFICATE, Ca, CountingTransport, pem

STRANGER = ec.generate_private_key(ec.SECP256R1()).public_key()
CA = Ca("root")
INTERMEDIATE = Ca("intermediate", CA)


@pytest.fixture
def transport():
    return CountingTransport()


@pytest.fixture
def chip(transport):
    return Chip(transport)


def file(folder, content):
    path = folder / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write(chip, folder, content, *, strict=False, **target):
    return execute_write(chip, plan_write(file(folder, content), now=NOW, **target), strict=strict)


def read(chip, text):
    return read_object(chip, resolve(text, READABLE))


def public_key(key):
    return load_der_public_key(key.public_key_info)


def test_the_seed_certificate_into_the_second_slot_and_back(chip, tmp_path):
    result = write(chip, tmp_path, SEED_CERTIFICATE, slot="second")
    der = x509.load_pem_x509_certificate(SEED_CERTIFICATE.encode()).public_bytes(Encoding.DER)
    raw = chip.read(0xE0E1)
    assert (
        raw
        == b"\xc0"
        + (len(der) + 6).to_bytes(2, "big")
        + (len(der) + 3).to_bytes(3, "big")
        + len(der).to_bytes(3, "big")
        + der
    )
    assert (result.oid, result.slot, result.size, result.written) == (0xE0E1, "second", len(raw), True)
    assert result.key_match is None
    assert result.warnings == ("there is no key in 0xE0F1 yet, so the certificate belongs to another key",)
    shown = read(chip, "0xE0E1")
    assert shown.text == SEED_CERTIFICATE
    assert shown.file_content == SEED_CERTIFICATE.encode()
    assert plan_write(file(tmp_path, SEED_CERTIFICATE)).text == SEED_CERTIFICATE


def test_a_root_is_a_trust_anchor_in_plain_der(chip, tmp_path):
    result = write(chip, tmp_path, pem(CA.certificate), oid="0xE0E8")
    assert chip.read(0xE0E8) == CA.certificate
    assert (result.slot, result.key_match) == (None, None)
    (warning,) = result.warnings
    assert "cannot use" in warning
    assert "keyUsage" in warning
    assert read(chip, "0xE0E8").text == pem(CA.certificate)


@pytest.mark.parametrize("algorithm", ["secp256r1", "secp521r1", "brainpoolp384r1"])
def test_a_chain_is_written_and_proven(chip, transport, tmp_path, algorithm):
    key = chip.generate_key("third", algorithm)
    chain = (INTERMEDIATE.certify(public_key(key)), INTERMEDIATE.certificate, CA.certificate)
    before = len(transport.sent)
    result = write(chip, tmp_path, pem(*chain), slot="third")
    assert (result.written, result.key_match, result.key_oid, result.warnings) == (True, True, 0xE0F2, ())
    assert chip.read(0xE0E2) == tls_identity.encode(chain)
    assert len(transport.sent) - before == 5  # the end of what is there, signature, write, hash; our own read
    assert read(chip, "third").text == pem(*chain)


def test_what_is_there_already_is_not_programmed_again(chip, transport, tmp_path):
    key = chip.generate_key("second", "secp256r1")
    certificate = pem(INTERMEDIATE.certify(public_key(key)))
    write(chip, tmp_path, certificate)
    writes = transport.count(CommandCode.SET_DATA_OBJECT)
    result = write(chip, tmp_path, certificate)
    assert (result.written, result.key_match) == (False, True)
    assert transport.count(CommandCode.SET_DATA_OBJECT) == writes
    other = write(chip, tmp_path, pem(INTERMEDIATE.certify(public_key(key))))
    assert other.written
    assert transport.count(CommandCode.SET_DATA_OBJECT) > writes


def test_a_shorter_certificate_leaves_nothing_of_the_longer(chip, tmp_path):
    short, long = INTERMEDIATE.certify(STRANGER), INTERMEDIATE.certify(STRANGER, padding=500)
    write(chip, tmp_path, long)
    write(chip, tmp_path, short)
    assert chip.read(0xE0E1) == tls_identity.encode([short])


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("make", "certified", "outcome", "text"),
    [
        (("secp256r1", None), STRANGER, False, "the certificate does not belong to the key in 0xE0F1"),
        (("secp384r1", None), STRANGER, False, "the certificate is for secp256r1, but the key in 0xE0F1 is secp384r1"),
        (
            ("secp256r1", None),
            rsa.generate_private_key(65537, 1024).public_key(),
            False,
            "the certificate is for RSA-1024, but the key in 0xE0F1 is secp256r1",
        ),
        (
            ("secp256r1", KeyUsage.KEY_AGREEMENT),
            STRANGER,
            None,
            "the key in 0xE0F1 may not sign, so it cannot prove that the certificate belongs to it",
        ),
        (None, STRANGER, None, "there is no key in 0xE0F1 yet, so the certificate belongs to another key"),
    ],
)
def test_a_certificate_that_is_not_the_keys(chip, transport, tmp_path, strict, make, certified, outcome, text):
    if make:
        chip.generate_key("second", *make)
    certificate = pem(INTERMEDIATE.certify(certified))
    if strict:
        with pytest.raises(CertificateError) as caught:
            write(chip, tmp_path, certificate, strict=True)
        assert str(caught.value).startswith(f"{text}. Nothing was written")
        assert ("another chip: compare the UID" in caught.value.hint) is ("may not sign" not in text)
        assert caught.value.uid == chip.uid.hex
        assert transport.count(CommandCode.SET_DATA_OBJECT) == 0
        return
    result = write(chip, tmp_path, certificate)
    assert (result.written, result.key_match, result.warnings) == (True, outcome, (text,))


def test_strict_writes_what_is_proven(chip, tmp_path):
    key = chip.generate_key("second", "secp256r1")
    result = write(chip, tmp_path, pem(INTERMEDIATE.certify(public_key(key))), strict=True)
    assert (result.written, result.key_match) == (True, True)


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.RSA1024, KeyAlgorithm.RSA2048])
def test_an_rsa_certificate_is_proven_with_the_rsa_key(chip, tmp_path, algorithm):
    chip.generate_key("second", "secp256r1")
    key = chip.generate_key("six", algorithm)
    result = write(chip, tmp_path, pem(INTERMEDIATE.certify(public_key(key))), oid="0xE0E1", strict=True)
    assert (result.key_match, result.key_oid) == (True, 0xE0FD)


def test_warnings_about_the_certificate_come_along(chip, tmp_path):
    result = write(chip, tmp_path, pem(CA.certificate))
    assert result.warnings[0] == "the certificate of CN=root is a CA certificate, not a device certificate"


@pytest.mark.parametrize(("oid", "size"), [("0xF1D0", 140), ("0xF1DB", 1), ("0xF1E0", 1500)])
def test_arbitrary_data(chip, tmp_path, oid, size):
    data = bytes(index % 255 + 1 for index in range(size))
    result = write(chip, tmp_path, data, oid=oid)
    assert (result.size, result.written, result.key_match, result.warnings) == (size, True, None, ())
    shown = read(chip, oid)
    assert (shown.data, shown.file_content, shown.certificates) == (data, data, ())
    assert not write(chip, tmp_path, data, oid=oid).written


def test_hex_dump_of_data(chip, tmp_path):
    write(chip, tmp_path, bytes(range(0x39, 0x4C)), oid="0xF1D0")
    expected = (
        "00000000  39 3a 3b 3c 3d 3e 3f 40  41 42 43 44 45 46 47 48  |9:;<=>?@ABCDEFGH|\n"
        "00000010  49 4a 4b                                          |IJK|\n"
    )
    assert read(chip, "0xF1D0").text == expected
    assert plan_write(file(tmp_path, bytes(range(0x39, 0x4C))), oid="0xF1D0").text == expected


def test_a_chain_without_a_root_is_not_told_to_write_the_root(tmp_path):
    path = file(tmp_path, pem(CA.certify(STRANGER), INTERMEDIATE.certificate))
    with pytest.raises(CertificateError) as caught:
        plan_write(path, oid="0xE0E8")
    assert "the certificate that is to be the trust anchor" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "target", "kind", "text"),
    [
        (b"", {"oid": "0xF1D0"}, ConfigurationError, "{f} is empty"),
        (
            bytes(141),
            {"oid": "0xF1D0"},
            ConfigurationError,
            "{f} does not fit: it has 141 bytes, but 0xF1D0 has room for 140",
        ),
        (
            bytes(1501),
            {"oid": "0xF1E0"},
            ConfigurationError,
            "{f} does not fit: it has 1501 bytes, but 0xF1E0 has room for 1500",
        ),
        (b"", {}, CertificateError, "{f} is empty"),
        (b"x", {}, CertificateError, "no certificate in {f}"),
        (b"x", {"oid": "0xE0F1"}, ConfigurationError, "0xE0F1 cannot be written: "),
        (
            pem(INTERMEDIATE.certificate, CA.certificate),
            {"oid": "0xE0E8"},
            CertificateError,
            "{f} holds 2 certificates, but the trust anchor 0xE0E8 holds only one",
        ),
        (CA.certify(STRANGER, padding=1200), {"oid": "0xE0E9"}, CertificateError, "{f} does not fit: it has "),
        (CA.certify(STRANGER, padding=1700), {}, CertificateError, "{f} does not fit: it has "),
        (
            pem(*[CA.certify(STRANGER, padding=300) for _ in range(3)]),
            {},
            CertificateError,
            "{f} of 3 certificates does not fit: ",
        ),
        (
            pem(*[CA.certify(STRANGER, padding=1700) for _ in range(40)]),
            {},
            CertificateError,
            "{f} does not fit into 0xE0E1: ",
        ),
    ],
)
def test_refused_before_the_chip_is_touched(tmp_path, content, target, kind, text):
    path = file(tmp_path, content)
    with pytest.raises(kind) as caught:
        plan_write(path, **target)
    assert caught.value.message.startswith(text.replace("{f}", str(path)))


def test_the_largest_that_fits_and_the_smallest_that_does_not(chip, tmp_path):
    room = 1728
    spare = room - len(tls_identity.encode([CA.certify(STRANGER, padding=1300)]))
    for size in range(1300 + spare - 4, 1300 + spare + 12):  # a signature in DER has not always the same length
        der = CA.certify(STRANGER, padding=size)
        needed = len(tls_identity.encode([der]))
        if needed <= room:
            write(chip, tmp_path, der)
            assert chip.read(0xE0E1) == tls_identity.encode([der])
        else:
            with pytest.raises(CertificateError, match=f"has {needed} bytes, but 0xE0E1 has room for 1728"):
                plan_write(file(tmp_path, der))


@pytest.mark.parametrize(
    ("paddings", "hint"),
    [
        ((0, 300, 0, 400, 400), "Write only the first 3 certificates of the chain: there is no room for more"),
        ((0, 900, 500, 0), "Write only the first 2 certificates of the chain: there is no room for more"),
        ((900, 900, 900), "Write only the first 1 certificate of the chain: there is no room for more"),
        ((0, 900, 600), "Omit the root certificate from the chain"),
        ((1700, 0), "Use a shorter subject or fewer names"),
    ],
)
def test_how_much_of_a_chain_has_room(tmp_path, paddings, hint):
    """Chains of several CAs, as Infineon's repositories have them, may be too long without their root alone."""
    above = root = Ca("root")
    ders = [root.certify(root.key.public_key(), "root", is_ca=True, padding=paddings[-1])]
    for index, padding in enumerate(reversed(paddings[1:-1])):
        below = Ca(f"CA {index}")
        ders.insert(0, above.certify(below.key.public_key(), f"CA {index}", is_ca=True, padding=padding))
        above = below
    ders.insert(0, above.certify(STRANGER, padding=paddings[0]))
    with pytest.raises(CertificateError) as caught:
        plan_write(file(tmp_path, pem(*ders)))
    assert caught.value.hint == hint


def test_the_locked_slot_is_refused_by_the_chip(chip, tmp_path):
    with pytest.raises(ChipError, match="access conditions not satisfied"):
        write(chip, tmp_path, CA.certify(STRANGER), slot="first")


def test_an_object_that_cannot_be_read_is_written_all_the_same(chip, tmp_path):
    chip.write_metadata(0xF1D2, Metadata({Tag.READ: bytes.fromhex("ff")}))
    assert chip.metadata(0xF1D2).access(Tag.READ) == NEVER
    result = write(chip, tmp_path, b"secret", oid="0xF1D2")
    assert result.written
    assert result.warnings == ("0xF1D2 cannot be read, so the written data were not compared",)
    with pytest.raises(ChipError, match="access conditions"):
        read(chip, "0xF1D2")


def test_an_object_that_holds_other_bytes_afterwards(chip, tmp_path, monkeypatch):
    monkeypatch.setattr(Objects, "write", lambda *_, **__: None)
    with pytest.raises(ChipError, match="0xF1D0 does not hold the written bytes"):
        write(chip, tmp_path, b"data", oid="0xF1D0")


def test_a_key_that_refuses_to_sign_is_a_warning(chip, tmp_path):
    key = chip.generate_key("second", "secp256r1")
    chip.write_metadata(0xE0F1, Metadata({Tag.EXECUTE: bytes.fromhex("ff")}))
    result = write(chip, tmp_path, pem(INTERMEDIATE.certify(public_key(key))))
    assert result.key_match is None
    assert "did not sign" in result.warnings[0]
    assert "access conditions not satisfied" in result.warnings[0]


@pytest.mark.parametrize("oid", ["0xE0E1", "0xE0E8"])
def test_an_empty_object_holds_no_certificate(chip, oid):
    with pytest.raises(CertificateError, match=f"{oid} holds no certificate"):
        read(chip, oid)


def test_what_is_no_certificate_is_shown_as_bytes(chip):
    chip.write(0xE0E3, b"\x30\x82nothing")
    shown = read(chip, "fourth")
    assert shown.certificates == ()
    assert shown.note.startswith("0xE0E3 holds no readable certificate: ")
    assert shown.text.startswith("00000000  30 82 6e")
    assert shown.file_content == b"\x30\x82nothing"


def test_a_certificate_in_plain_der_in_a_slot_is_read(chip):
    chip.write(0xE0E3, CA.certificate)
    assert read(chip, "fourth").text == pem(CA.certificate)


def test_states_are_bytes(chip):
    assert read(chip, "0xE0C0").data == bytes([LifeCycleState.OPERATIONAL])
