"""A CA whose folder comes from an older copy: what was revoked stays revoked, and what was issued can be revoked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from optiga.ca.authority import CertificateAuthority
from optiga.ca.folder import CaFolder
from optiga.ca.standing import find_revocation
from optiga.pki.certificate import Certificate, load_certificates
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, verify
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.other_ca import OtherCa

TRUST = ("ca", "crl", "--ca", "factory", "--trust-records")


def serial_of(name: str) -> str:
    return f"{x509.load_pem_x509_certificate(Path(name).read_bytes()).serial_number:040x}"


def entries() -> dict[str, x509.RevokedCertificate]:
    crl = x509.load_pem_x509_crl(Path("factory/crl.pem").read_bytes())
    return {f"{entry.serial_number:040x}": entry for entry in crl}


@pytest.fixture
def restored(cli: Cli) -> dict[str, x509.RevokedCertificate]:
    """What a CA had revoked: one certificate from before its backup, and two from after it.

    The folder is the backup. The last CRL is ``published.pem``.
    """
    assert cli("ca", "init", "factory", "--no-passphrase").code == 0
    for name in ("before", "kept", "after", "late", "good"):
        Path(f"{name}.csr").write_bytes(make_request(name=name))
    for name in ("before", "kept"):
        cli("ca", "sign", f"{name}.csr", "--ca", "factory")
    shutil.copytree("factory", "backup")
    for name in ("after", "late", "good"):
        cli("ca", "sign", f"{name}.csr", "--ca", "factory")
    for name, reason in (("before", "superseded"), ("after", "keyCompromise"), ("late", "unspecified")):
        assert cli("ca", "revoke", f"{name}.pem", "--ca", "factory", "--reason", reason, "--yes").code == 0
    shutil.copy("factory/crl.pem", "published.pem")
    last = entries()
    shutil.rmtree("factory")
    Path("backup").rename("factory")
    return last


def is_the_same(entry: x509.RevokedCertificate, other: x509.RevokedCertificate) -> bool:
    return (entry.revocation_date_utc, list(entry.extensions)) == (other.revocation_date_utc, list(other.extensions))


@pytest.mark.long
@pytest.mark.parametrize("is_in_folder", [True, False])
def test_what_was_revoked_stays_so(cli: Cli, restored: dict[str, x509.RevokedCertificate], is_in_folder: bool) -> None:
    words = TRUST if is_in_folder else (*TRUST, "--crl", "published.pem")
    if is_in_folder:
        shutil.copy("published.pem", "factory/crl.pem")
    refused = fails(cli, 2, *words)
    for serial in restored:
        assert serial in refused
    result = cli(*words, "--yes", "--output", "json")
    assert set(json.loads(result.out)["completed"]) == set(restored)
    now = entries()
    assert set(now) == set(restored)
    assert all(is_the_same(now[serial], restored[serial]) for serial in restored)
    assert cli("ca", "list", "--ca", "factory", "--crl", "published.pem").code == 0
    cli("ca", "sign", "kept.csr", "--ca", "factory", "--out", "again.pem")
    assert cli("ca", "crl", "--ca", "factory").code == 0
    assert set(entries()) == set(restored)


@pytest.mark.long
@pytest.mark.parametrize("is_in_folder", [True, False])
def test_one_run_settles_the_crl(cli: Cli, restored: dict[str, x509.RevokedCertificate], is_in_folder: bool) -> None:
    """The records know a CRL from which they were completed, also one that was there in the folder."""
    words = TRUST if is_in_folder else (*TRUST, "--crl", "published.pem")
    if is_in_folder:
        shutil.copy("published.pem", "factory/crl.pem")
    assert cli(*words, "--yes").code == 0
    known = ("--ca", "factory", "--crl", "published.pem")
    assert cli("ca", "sign", "kept.csr", *known, "--out", "again.pem").code == 0
    assert cli("ca", "revoke", "again.pem", *known, "--yes").code == 0
    assert cli("ca", "crl", *known).code == 0
    listed = cli("ca", "list", *known)
    assert (listed.code, listed.err) == (0, "")
    assert set(entries()) == {*restored, serial_of("again.pem")}


@pytest.mark.long
def test_an_older_crl_stays_known(cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
    """Records that were completed from a CRL still take one that came after it and before their own."""
    crl = ("ca", "crl", "--ca", "factory")
    for name in ("first.pem", "between.pem", "last.pem"):
        shutil.copy("factory/crl.pem", name)
        assert cli(*crl).code == 0
    Path("factory/records.sig").unlink()
    assert cli(*TRUST, "--crl", "first.pem", "--yes").code == 0
    for name in ("first.pem", "between.pem", "last.pem"):
        assert cli(*crl, "--crl", name).code == 0


def test_a_crl_that_was_not_given_stays_unknown(cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
    Path("factory/records.sig").unlink()
    assert cli(*TRUST, "--yes").code == 0
    assert "published.pem" in fails(cli, 2, "ca", "crl", "--ca", "factory", "--crl", "published.pem")


def test_without_any_crl_it_is_said(cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
    Path("factory/records.sig").unlink()
    assert "becomes valid again" in fails(cli, 2, *TRUST)
    assert "becomes valid again" not in fails(cli, 2, *TRUST, "--crl", "published.pem")


def test_another_cas_crl_is_not_taken(cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
    other = OtherCa("factory")
    Path("other.pem").write_bytes(other.revoke(x509.load_pem_x509_certificate(Path("kept.pem").read_bytes())))
    before = Path("factory/crl.pem").read_bytes()
    fails(cli, 5, *TRUST, "--crl", "other.pem", "--yes")
    assert Path("factory/crl.pem").read_bytes() == before
    Path("factory/crl.pem").write_bytes(Path("other.pem").read_bytes())
    Path("factory/records.sig").unlink()
    assert cli(*TRUST, "--yes").code == 0
    assert entries() == {}


def test_only_the_serial_number_is_known(cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
    cli(*TRUST, "--crl", "published.pem", "--yes")
    listed = json.loads(cli("ca", "list", "--ca", "factory", "--output", "json").out)["certificates"]
    (late,) = [one for one in listed if one["serial"] == serial_of("late.pem")]
    assert (late["state"], late["reason"], late["subject"], late["not_after"]) == ("revoked", "unspecified", None, None)
    assert serial_of("late.pem") in cli("ca", "list", "--ca", "factory").out
    fails(cli, 2, "ca", "show", serial_of("late.pem"), "--ca", "factory")


@pytest.mark.long
def test_a_compromised_key_that_is_not_known(cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
    """Only a serial number does not tell the key: whoever trusts the records, or signs, learns it."""
    after, late, trust = serial_of("after.pem"), serial_of("late.pem"), (*TRUST, "--crl", "published.pem")

    def told(text: str) -> str:
        return text.partition("do not have the key of")[2].partition(".")[0]

    for text in (fails(cli, 2, *trust), cli(*trust, "--yes").err):
        assert after in told(text)
        assert late not in told(text)  # whose key is not compromised
        assert "ca revoke FILE --ca factory'" in text
    sign = ("ca", "sign", "kept.csr", "--ca", "factory", "--out")
    assert after in told(cli(*sign, "one.pem", "-q").err)
    assert cli("ca", "revoke", "after.pem", "--ca", "factory", "--yes").code == 0
    assert told(cli(*sign, "two.pem").err) == ""
    fails(cli, 5, "ca", "sign", "after.csr", "--ca", "factory", "--out", "three.pem")


def test_a_certificate_is_revoked_by_its_serial_number(cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
    """The CA does not stand for it any more, although the records do not have its key."""
    cli(*TRUST, "--crl", "published.pem", "--yes")
    folder = CaFolder.open(Path("factory"))
    found = {}
    for name in ("late", "good", "before"):
        (certificate, *_) = load_certificates(Path(f"{name}.pem"))
        found[name] = find_revocation(folder, certificate.public_key.info, certificate=certificate)
    assert [name for name, record in found.items() if record] == ["late", "before"]
    other = Certificate.parse(
        OtherCa("other").certify("device", serial=int(serial_of("late.pem"), 16)).public_bytes(Encoding.DER)
    )
    assert find_revocation(folder, other.public_key.info, certificate=other) is None


def test_its_file_completes_the_record(cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
    cli(*TRUST, "--crl", "published.pem", "--yes")
    late = serial_of("late.pem")
    assert cli("ca", "sign", "late.csr", "--ca", "factory", "--out", "second.pem").code == 0
    result = cli(
        "ca", "revoke", "late.pem", "--ca", "factory", "--reason", "keyCompromise", "--yes", "--output", "json"
    )
    done = json.loads(result.out)
    assert (done["serial"], done["also_revoked"]) == (late, [serial_of("second.pem")])
    assert done["revoked_at"] == restored[late].revocation_date_utc.isoformat()
    assert cli("ca", "show", late, "--ca", "factory").out == Path("late.pem").read_text()
    assert "compromised" in fails(cli, 5, "ca", "sign", "late.csr", "--ca", "factory", "--out", "third.pem")
    assert cli("ca", "list", "--ca", "factory").err == ""  # the records fit their signature
    assert set(entries()) == {*restored, serial_of("second.pem")}


class TestUnrecorded:
    """A certificate that the CA has signed, and that its records lack."""

    @NEEDS_OPENSSL
    def test_can_be_revoked(self, cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
        revoke = ("ca", "revoke", "good.pem", "--ca", "factory")
        assert serial_of("good.pem") in fails(cli, 2, *revoke)
        result = cli(*revoke, "--yes", "--query", "serial")
        assert result.out.strip() == serial_of("good.pem")
        assert "records, which lacked it" in result.err
        assert "certificate revoked" in verify(
            Path("good.pem"), "-CAfile", "factory/ca.pem", "-crl_check", "-CRLfile", "factory/crl.pem"
        )
        again = cli("ca", "list", "--ca", "factory", "--output", "json")
        assert again.err == ""
        assert serial_of("good.pem") in [one["serial"] for one in json.loads(again.out)["certificates"]]

    def test_is_not_shown(self, cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
        assert "ca revoke good.pem --ca factory'" in fails(cli, 5, "ca", "show", "good.pem", "--ca", "factory")

    @pytest.mark.parametrize(
        "make",
        [
            lambda: OtherCa("factory").certify("device").public_bytes(Encoding.PEM),
            lambda: Path("good.pem").read_bytes().replace(b"\nMII", b"\nMIJ", 1),
        ],
    )
    def test_others_are_not_recorded(
        self,
        cli: Cli,
        restored: dict[str, x509.RevokedCertificate],
        make: Callable[[], bytes],
    ) -> None:
        Path("strange.pem").write_bytes(make())
        before = cli("ca", "list", "--ca", "factory").out
        fails(cli, 5, "ca", "revoke", "strange.pem", "--ca", "factory", "--yes")
        assert cli("ca", "list", "--ca", "factory").out == before

    def test_the_cas_own(self, cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
        shutil.copy("factory/ca.pem", "old.pem")
        cli("ca", "renew", "factory", "--days", "9000")
        for name in ("factory/ca.pem", "old.pem"):
            refused = fails(cli, 5, "ca", "revoke", name, "--ca", "factory", "--yes")
            assert "the CA's own certificate" in refused
            assert "wherever it is trusted" in refused
        cli("ca", "intermediate", "below", "--ca", "factory", "--no-passphrase")
        refused = fails(cli, 5, "ca", "revoke", "below/ca.pem", "--ca", "below", "--yes")
        assert "CN=factory" in refused


def test_a_reason_is_restored(cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
    """The records revoke it for a lesser reason than the CRL."""
    before = serial_of("before.pem")
    Path("factory/records.sig").unlink()
    authority = CertificateAuthority.open(Path("factory"))
    assert authority.renew_crl(trust_records=True).completed == ()
    authority.revoke(before)
    Path("factory/records.sig").unlink()
    done = authority.renew_crl(trust_records=True, published=Path("published.pem"))
    assert {one.serial for one in done.completed} == set(restored)
    assert list(entries()[before].extensions) == list(restored[before].extensions)


def test_a_ca_with_such_a_record_is_renewed(cli: Cli, restored: dict[str, x509.RevokedCertificate]) -> None:
    cli(*TRUST, "--crl", "published.pem", "--yes")
    cli("ca", "revoke", "late.pem", "--ca", "factory", "--yes")  # whose record is complete then
    result = cli("ca", "renew", "factory", "--days", "9000")
    assert (result.code, "AWS" in result.err) == (0, False)
