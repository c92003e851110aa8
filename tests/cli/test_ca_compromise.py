"""A key that is compromised is so in every certificate: none of them stays valid, and none is issued any more."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from optiga.ca.authority import CertificateAuthority
from optiga.ca.folder import CaFolder
from optiga.ca.records import open_records
from optiga.ca.standing import find_revocation
from optiga.pki.certificate import load_certificates
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, verify
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.makers import make_key

OPEN = "--no-passphrase"
COMPROMISES = ("keyCompromise", "cACompromise")


@pytest.fixture
def serials(cli: Cli) -> list[str]:
    """Of two certificates of one key, and one of another: ``0.pem``, ``1.pem`` and ``other.pem``."""
    assert cli("ca", "init", "nw", OPEN).code == 0
    Path("device.csr").write_bytes(make_request())
    Path("other.csr").write_bytes(make_request())
    made = (("device", "0"), ("device", "1"), ("other", "other"))
    return [
        cli("ca", "sign", f"{csr}.csr", "--ca", "nw", "--out", f"{name}.pem", "--query", "serial").out.strip()
        for csr, name in made
    ]


def revoked(ca: str) -> dict[str, str]:
    """Serial number and reason of each entry of a CA's CRL."""
    found = {}
    for entry in x509.load_pem_x509_crl(Path(ca, "crl.pem").read_bytes()):
        reasons = [one.value.reason.value for one in entry.extensions if isinstance(one.value, x509.CRLReason)]
        found[f"{entry.serial_number:040x}"] = reasons[0] if reasons else "unspecified"
    return found


class TestDevices:
    @pytest.mark.long
    @pytest.mark.parametrize(
        ("first", "then", "stays"),
        [
            ("keyCompromise", "cACompromise", True),
            ("cACompromise", "keyCompromise", True),
            ("superseded", "cACompromise", False),
            ("superseded", "privilegeWithdrawn", True),
            ("unspecified", "superseded", False),
        ],
    )
    def test_what_a_reason_becomes(self, cli: Cli, serials: list[str], first: str, then: str, stays: bool) -> None:
        """As the help says it."""
        revoke = ("ca", "revoke", "other.pem", "--ca", "nw", "--yes", "--reason")
        assert cli(*revoke, first).code == 0
        assert (f"the reason stays {first}" in cli(*revoke, then).err) is stays
        assert revoked("nw")[serials[2]] == (first if stays else then)
        said = " ".join(cli("ca", "revoke", "--help").out.split())
        assert "from any other to keyCompromise or cACompromise. These two never change" in said

    @pytest.mark.long
    @pytest.mark.parametrize("reason", COMPROMISES)
    def test_every_certificate_of_the_key(self, cli: Cli, serials: list[str], reason: str) -> None:
        first, second, _ = serials
        refused = fails(cli, 2, "ca", "revoke", "0.pem", "--ca", "nw", "--reason", reason)
        assert second in refused  # whoever is asked is told
        assert revoked("nw") == {}
        result = cli("ca", "revoke", "0.pem", "--ca", "nw", "--reason", reason, "--yes", "--output", "json")
        done = json.loads(result.out)
        assert (done["serial"], done["also_revoked"], done["still_valid"]) == (first, [second], [])
        assert second in result.err
        assert revoked("nw") == dict.fromkeys((first, second), reason)
        assert "compromised" in fails(cli, 5, "ca", "sign", "device.csr", "--ca", "nw", "--out", "x.pem")

    @NEEDS_OPENSSL
    def test_openssl_refuses_both(self, cli: Cli, serials: list[str]) -> None:
        assert cli("ca", "revoke", "1.pem", "--ca", "nw", "--reason", "keyCompromise", "--yes").code == 0
        options = ("-CAfile", "nw/ca.pem", "-crl_check", "-CRLfile", "nw/crl.pem")
        for name in ("0.pem", "1.pem"):
            assert "certificate revoked" in verify(Path(name), *options)
        assert verify(Path("other.pem"), *options) == ""

    def test_for_other_reasons_they_are_named(self, cli: Cli, serials: list[str]) -> None:
        first, second, _ = serials
        result = cli("ca", "revoke", "0.pem", "--ca", "nw", "--reason", "superseded", "--yes", "--output", "json")
        done = json.loads(result.out)
        assert (done["also_revoked"], done["still_valid"]) == ([], [second])
        assert f"can still be used: {second}" in result.err
        assert revoked("nw") == {first: "superseded"}
        text = cli("ca", "revoke", "0.pem", "--ca", "nw", "--yes").out
        assert f"also_revoked: none\nstill_valid: {second}\n" in text

    def test_a_reason_that_becomes_one(self, cli: Cli, serials: list[str]) -> None:
        first, second, _ = serials
        for reason in ("superseded", "keyCompromise"):
            assert cli("ca", "revoke", "0.pem", "--ca", "nw", "--reason", reason, "--yes").code == 0
        assert revoked("nw") == dict.fromkeys((first, second), "keyCompromise")

    def test_what_an_earlier_version_has_left_valid(self, cli: Cli, serials: list[str]) -> None:
        first, second, _ = serials
        authority = CertificateAuthority.open(Path("nw"))
        with open_records(authority.folder.records_path) as records, authority._changes.change(records):
            record = records.find(first)
            assert record is not None
            records.mark_revoked(first, record.not_before, "keyCompromise")
            authority._changes.add_crl(records, None, 30)
        warning = cli("ca", "list", "--ca", "nw").err
        assert second in warning
        assert first not in warning
        assert second in fails(cli, 2, "ca", "revoke", "0.pem", "--ca", "nw")  # is asked about, whatever the reason
        assert cli("ca", "revoke", "0.pem", "--ca", "nw", "--yes").code == 0
        assert revoked("nw") == dict.fromkeys((first, second), "keyCompromise")
        assert "compromised" not in cli("ca", "list", "--ca", "nw").err

    def test_expired_ones_need_no_revocation(self, cli: Cli) -> None:
        assert cli("ca", "init", "nw", OPEN).code == 0
        authority = CertificateAuthority.open(Path("nw"))
        request = make_request(key=make_key().private)
        old, new = authority.issue(request, 1), authority.issue(request)
        done = authority.revoke(new.serial, "keyCompromise", now=old.certificate.not_after + timedelta(days=1))
        assert done.others == ()


@pytest.mark.long
@pytest.mark.parametrize("reason", COMPROMISES)
def test_the_ca_stands_for_such_a_key_no_more(cli: Cli, serials: list[str], reason: str) -> None:
    cli("ca", "revoke", "0.pem", "--ca", "nw", "--reason", reason, "--yes")
    (unknown,) = load_certificates(Path("other.pem"))
    (device,) = load_certificates(Path("0.pem"))
    folder = CaFolder.open(Path("nw"))
    found = find_revocation(folder, device.public_key.info, certificate=unknown)
    assert found is not None
    assert found.reason == reason
    assert find_revocation(folder, unknown.public_key.info, certificate=unknown) is None


class TestIntermediates:
    @pytest.fixture
    def older(self, cli: Cli) -> str:
        """The serial number of the certificate that a factory had before it was renewed."""
        assert cli("ca", "init", "root", OPEN).code == 0
        made = cli("ca", "intermediate", "factory", "--ca", "root", "--days", "30", OPEN, "--query", "serial")
        assert cli("ca", "renew", "factory", "--ca", "root", "--days", "60").code == 0
        return made.out.strip()

    @pytest.mark.parametrize("reason", COMPROMISES)
    def test_the_certificate_before_the_renewal(self, cli: Cli, older: str, reason: str) -> None:
        revoke = ("ca", "revoke", "factory/ca.pem", "--ca", "root", "--reason", reason, "--yes", "--output", "json")
        done = json.loads(cli(*revoke).out)
        assert done["also_revoked"] == [older]
        assert revoked("root") == dict.fromkeys((older, done["serial"]), reason)
        before = Path("factory/ca.pem").read_bytes()
        refused = fails(cli, 5, "ca", "renew", "factory", "--ca", "root", "--days", "90")
        assert "the key of the intermediate CA has been revoked" in refused
        assert "ca intermediate" in refused
        assert "CSR" not in refused
        assert Path("factory/ca.pem").read_bytes() == before
        with closing(sqlite3.connect("root/issued.db")) as connection:
            assert connection.execute("SELECT count(*) FROM issued").fetchone() == (2,)


class TestAgain:
    """Another certificate for a key that has had one."""

    @pytest.mark.long
    @pytest.mark.parametrize("reason", ["privilegeWithdrawn", "cessationOfOperation", "unspecified"])
    def test_of_which_one_was_revoked(self, cli: Cli, serials: list[str], reason: str) -> None:
        for serial in serials[:2]:
            cli("ca", "revoke", serial, "--ca", "nw", "--reason", reason, "--yes")
        result = cli("ca", "sign", "device.csr", "--ca", "nw", "--out", "x.pem", "-q")
        assert result.code == 0
        assert f"Warning: a certificate of this key was revoked ({reason}): {serials[1]}" in result.err

    def test_a_graver_reason_is_not_the_former(self, cli: Cli, serials: list[str]) -> None:
        revoke = ("ca", "revoke", serials[0], "--ca", "nw", "--yes", "--reason")
        assert cli(*revoke, "superseded").code == 0
        (note,) = [line for line in cli(*revoke, "keyCompromise").err.splitlines() if "already revoked" in line]
        assert "with the reason superseded" in note
        assert "now keyCompromise" in note

    def test_in_place_of_one_that_was_superseded(self, cli: Cli, serials: list[str]) -> None:
        for serial in serials[:2]:
            cli("ca", "revoke", serial, "--ca", "nw", "--reason", "superseded", "--yes")
        assert cli("ca", "sign", "device.csr", "--ca", "nw", "--out", "x.pem").err == ""

    def test_while_the_other_is_valid(self, cli: Cli, serials: list[str]) -> None:
        result = cli("ca", "sign", "device.csr", "--ca", "nw", "--out", "x.pem", "-q")
        assert serials[1] in result.err

    def test_of_an_intermediate_ca(self, cli: Cli) -> None:
        cli("ca", "init", "root", OPEN)
        cli("ca", "intermediate", "factory", "--ca", "root", "--days", "30", OPEN)
        assert "Warning" not in cli("ca", "renew", "factory", "--ca", "root", "--days", "60").err
        cli("ca", "revoke", "factory/ca.pem", "--ca", "root", "--reason", "affiliationChanged", "--yes")
        result = cli("ca", "renew", "factory", "--ca", "root", "--days", "90")
        assert "was revoked (affiliationChanged)" in result.err
