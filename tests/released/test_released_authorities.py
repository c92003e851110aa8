"""CAs' folders: they list, show, sign and revoke on, and take nothing back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.support.released_files import Optiga, cases, said_of

CONFIGURATION, CERTIFICATE = 2, 5
PLAIN = cases("authorities/plain/")
WITH_PASSPHRASES = cases("authorities/with-passphrases/")
OPENS_FACTORY = ("--passphrase-file", "factory.passphrase")
OPENS_BOTH = ("--ca-passphrase-file", "root.passphrase", "--passphrase-file", "factory.passphrase")


@pytest.fixture(autouse=True)
def _copied(optiga: Optiga, left: Path) -> None:
    optiga.go_on_with(left)


def load(path: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(Path(path).read_bytes())


def listed(optiga: Optiga, authority: str) -> dict[str, dict[str, Any]]:
    """What a CA has issued, by serial number."""
    found = optiga.json("ca", "list", "--ca", authority)["certificates"]
    return {one["serial"]: one for one in found}


def crl_of(authority: str) -> tuple[int, set[str]]:
    """The number of a CA's CRL, which it has signed, and the serial numbers that it revokes."""
    crl = x509.load_pem_x509_crl(Path(authority, "crl.pem").read_bytes())
    assert crl.is_signature_valid(load(f"{authority}/ca.pem")[0].public_key())  # type: ignore[arg-type]
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    return number, {f"{one.serial_number:040x}" for one in crl}


@pytest.mark.parametrize("left", cases("authorities/*/"))
class TestEveryFolder:
    def test_it_lists_what_it_listed(self, optiga: Optiga, left: Path) -> None:
        """But for what has run out since."""
        said = said_of(left)
        assert said
        for authority, then in said.items():
            today = optiga.json("ca", "list", "--ca", authority)
            assert today["ca"] == then["ca"]
            assert len(today["certificates"]) == len(then["certificates"])
            for one, before in zip(today["certificates"], then["certificates"], strict=True):
                assert {**{name: one[name] for name in before}, "state": ""} == {**before, "state": ""}
                assert one["state"] in {before["state"], "expired"}

    def test_it_shows_what_it_issued(self, optiga: Optiga, left: Path) -> None:
        authority = "factory" if Path("factory").exists() else "root"
        files = {path.name: path.read_text() for path in Path().glob("*.pem")}
        assert files
        for name, text in files.items():
            assert optiga("ca", "show", name, "--ca", authority) == text

    def test_a_list_is_written_anew(self, optiga: Optiga, left: Path) -> None:
        """Its number goes on, and who was revoked stays revoked."""
        authority, opens = ("factory", OPENS_FACTORY) if Path("factory").exists() else ("root", ())
        revoked = {serial for serial, one in listed(optiga, authority).items() if one["revoked_at"]}
        before, _ = crl_of(authority)
        optiga("ca", "crl", "--ca", authority, *opens)
        after, named = crl_of(authority)
        assert after > before
        assert named == revoked


@pytest.mark.parametrize("left", PLAIN)
class TestPlain:
    def test_it_signs_a_new_device(self, optiga: Optiga, left: Path) -> None:
        before = listed(optiga, "root")
        optiga("ca", "sign", "device5.csr", "--ca", "root")
        (device,), (root,) = load("device5.pem"), load("root/ca.pem")
        device.verify_directly_issued_by(root)
        request = x509.load_pem_x509_csr(Path("device5.csr").read_bytes())
        assert device.public_key() == request.public_key()
        assert listed(optiga, "root").keys() - before.keys() == {f"{device.serial_number:040x}"}

    def test_a_renewal_is_said(self, optiga: Optiga, left: Path) -> None:
        (old,) = load("device1.pem")
        optiga("ca", "sign", "device1.csr", "--ca", "root", "--out", "renewed1.pem")
        assert f"{old.serial_number:040x}" in optiga.err

    def test_a_compromised_key_is_never_certified(self, optiga: Optiga, left: Path) -> None:
        before = listed(optiga, "root")
        optiga("ca", "sign", "device3.csr", "--ca", "root", "--out", "again3.pem", code=CERTIFICATE)
        assert listed(optiga, "root") == before
        assert not Path("again3.pem").exists()

    def test_it_revokes_one_more(self, optiga: Optiga, left: Path) -> None:
        before, revoked = crl_of("root")
        (device,) = load("device4.pem")
        optiga("ca", "revoke", "--yes", "device4.pem", "--ca", "root", "--reason", "superseded")
        after, now_revoked = crl_of("root")
        assert after > before
        assert now_revoked - revoked == {f"{device.serial_number:040x}"}
        assert revoked < now_revoked
        assert listed(optiga, "root")[f"{device.serial_number:040x}"]["reason"] == "superseded"

    def test_one_that_was_revoked_stays_as_it_was(self, optiga: Optiga, left: Path) -> None:
        before = listed(optiga, "root")
        optiga("ca", "revoke", "--yes", "device3.pem", "--ca", "root", "--reason", "superseded")
        assert listed(optiga, "root") == before

    def test_what_has_run_out(self, optiga: Optiga, left: Path) -> None:
        """Two certificates of one key: one was for a day, and revoked; the other is good."""
        (short,), (long,) = load("device2.pem"), load("renewed2.pem")
        found = listed(optiga, "root")
        assert found[f"{short.serial_number:040x}"]["state"] == "revoked"
        assert found[f"{long.serial_number:040x}"]["state"] == "valid"

    def test_it_certifies_an_intermediate(self, optiga: Optiga, left: Path) -> None:
        optiga("ca", "intermediate", "factory", "--ca", "root", "--no-passphrase", "--name", "Example factory")
        optiga("ca", "sign", "device5.csr", "--ca", "factory")
        device, factory = load("device5.pem")
        (root,) = load("root/ca.pem")
        device.verify_directly_issued_by(factory)
        factory.verify_directly_issued_by(root)

    def test_its_folder_is_not_made_again(self, optiga: Optiga, left: Path) -> None:
        before = Path("root/ca.key").read_bytes()
        optiga("ca", "init", "--no-passphrase", "root", code=CONFIGURATION)
        assert Path("root/ca.key").read_bytes() == before

    @pytest.mark.long
    def test_aws_takes_it(self, optiga: Optiga, left: Path, cloud: Any) -> None:
        """It certifies the code that AWS gives; once more changes nothing."""
        registered = optiga.json("ca", "register", "root")
        assert registered["status"] == "ACTIVE"
        assert optiga.json("ca", "register", "root") == registered
        assert len(cloud.iot.list_ca_certificates()["certificates"]) == 1


@pytest.mark.parametrize("left", WITH_PASSPHRASES)
class TestWithPassphrases:
    def test_the_intermediate_signs(self, optiga: Optiga, left: Path) -> None:
        optiga("ca", "sign", "device3.csr", "--ca", "factory", *OPENS_FACTORY)
        device, factory = load("device3.pem")
        (root,) = load("root/ca.pem")
        device.verify_directly_issued_by(factory)
        factory.verify_directly_issued_by(root)

    @pytest.mark.parametrize("opens", [(), ("--passphrase-file", "root.passphrase")], ids=["none", "another"])
    def test_it_does_not_without_its_passphrase(self, optiga: Optiga, left: Path, opens: tuple[str, ...]) -> None:
        before = listed(optiga, "factory")
        optiga("ca", "sign", "device3.csr", "--ca", "factory", *opens, code=CONFIGURATION)
        assert listed(optiga, "factory") == before

    @pytest.mark.long
    def test_the_root_certifies_another_and_revokes_the_first(self, optiga: Optiga, left: Path) -> None:
        named = ("--name", "Example factory 2")
        optiga("ca", "intermediate", "factory2", "--ca", "root", *named, *OPENS_BOTH)
        (second,), (root,) = load("factory2/ca.pem"), load("root/ca.pem")
        second.verify_directly_issued_by(root)
        (first,) = load("factory/ca.pem")
        optiga("ca", "revoke", "--yes", "factory/ca.pem", "--ca", "root", "--passphrase-file", "root.passphrase")
        assert crl_of("root")[1] == {f"{first.serial_number:040x}"}


@pytest.mark.parametrize("left", cases("authorities/killed-signing/"))
def test_what_was_half_written_down_was_not_issued(optiga: Optiga, left: Path) -> None:
    """SQLite rolls it back; the same CSR is then certified, once."""
    assert len(listed(optiga, "root")) == 1
    optiga("ca", "sign", "device2.csr", "--ca", "root")
    assert len(listed(optiga, "root")) == 2
    load("device2.pem")[0].verify_directly_issued_by(load("root/ca.pem")[0])


@pytest.mark.parametrize("left", cases("authorities/killed-revoking/"))
def test_what_was_revoked_gets_into_the_list(optiga: Optiga, left: Path) -> None:
    (device,) = load("device1.pem")
    assert crl_of("root")[1] == set()
    optiga("ca", "revoke", "--yes", "device1.pem", "--ca", "root")
    assert crl_of("root")[1] == {f"{device.serial_number:040x}"}
    assert listed(optiga, "root")[f"{device.serial_number:040x}"]["reason"] == "cessationOfOperation"
