"""A CA's folder is made whole or not at all, keeps its key to itself, and revokes."""

from __future__ import annotations

import os
import sqlite3
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_intermediate, create_root
from optiga.ca.records import utc_now
from optiga.ca.revocation import REASONS
from optiga.cli.support.options import option_of
from optiga.errors import CertificateError, ConfigurationError, Reason, told
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, openssl, verify

PASSPHRASE = b"correct horse"
NAME = CaName("Test root")
POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


@pytest.fixture
def root(tmp_path: Path) -> CertificateAuthority:
    create_root(tmp_path / "root", NAME)
    return CertificateAuthority.open(tmp_path / "root")


def read_crl(authority: CertificateAuthority) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl((authority.folder.path / "crl.pem").read_bytes())


class TestCreation:
    def test_a_root(self, root):
        parsed = root.certificate.parsed
        constraints = parsed.extensions.get_extension_for_class(x509.BasicConstraints)
        assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 1)
        usage = parsed.extensions.get_extension_for_class(x509.KeyUsage).value
        assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)
        assert parsed.not_valid_after_utc - parsed.not_valid_before_utc == timedelta(days=7300, minutes=5)
        assert {path.name for path in root.folder.path.iterdir()} == {
            "ca.pem",
            "ca.key",
            "issued.db",
            "crl.pem",
            "records.sig",
        }
        assert root.warnings == ()

    @POSIX
    def test_modes(self, root):
        before = os.umask(0)
        try:
            create_intermediate(root.folder.path.parent / "factory", CaName("factory"), root)
        finally:
            os.umask(before)
        for folder in (root.folder.path, root.folder.path.parent / "factory"):
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
            assert (modes[folder.name], modes["ca.key"], modes["issued.db"]) == (0o700, 0o600, 0o600)
            assert [name for name, mode in modes.items() if mode & 0o022] == []

    @POSIX
    def test_a_key_that_others_may_read_is_a_warning(self, root):
        (root.folder.path / "ca.key").chmod(0o604)
        (warning,) = CertificateAuthority.open(root.folder.path).warnings
        assert "chmod 600" in warning

    def test_an_empty_folder_will_do(self, tmp_path):
        (tmp_path / "root").mkdir()
        create_root(tmp_path / "root", NAME)
        assert (tmp_path / "root" / "ca.key").exists()

    def test_what_is_there_stays(self, root, tmp_path):
        before = {path: path.read_bytes() for path in root.folder.path.iterdir()}
        with pytest.raises(ConfigurationError, match=r"already contains a CA"):
            create_root(root.folder.path, NAME)
        with pytest.raises(ConfigurationError, match=r"already contains a CA"):
            create_intermediate(root.folder.path, CaName("factory"), root)
        assert {path: path.read_bytes() for path in root.folder.path.iterdir()} == before
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "file").touch()
        with pytest.raises(ConfigurationError, match="is not empty"):
            create_root(tmp_path / "full", NAME)
        with pytest.raises(ConfigurationError, match="is not a folder"):
            create_root(tmp_path / "full" / "file", NAME)
        with pytest.raises(ConfigurationError, match="the folder does not exist"):
            create_root(tmp_path / "none" / "root", NAME)

    def test_the_current_folder_stays(self, tmp_path, monkeypatch):
        """A shell in it would be left in a folder that is gone."""
        monkeypatch.chdir(tmp_path)
        for path in (Path(), tmp_path):
            with pytest.raises(ConfigurationError, match="is the current folder"):
                create_root(path, NAME)
        assert list(tmp_path.iterdir()) == []

    def test_a_full_disk(self, tmp_path, monkeypatch):
        def fail(*arguments: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr("optiga.ca.records.create", fail)
        with pytest.raises(ConfigurationError, match=r"cannot create .*root: the disk is full"):
            create_root(tmp_path / "root", NAME)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("step", ["write_whole", "create_records"])
    @pytest.mark.parametrize("error", [OSError("no"), KeyboardInterrupt(), ConfigurationError("no")])
    def test_nothing_half_made(self, tmp_path, monkeypatch, step, error):
        def fail(*arguments: object) -> None:
            raise error

        monkeypatch.setattr(f"optiga.ca.creation.{step}", fail)
        with pytest.raises((ConfigurationError, KeyboardInterrupt)):
            create_root(tmp_path / "root", NAME)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            (CaName(""), "common name is empty"),
            (CaName("a" * 65), "common name has 65 characters"),
            (CaName("ä" * 40), "common name"),
            (CaName("a\nb"), "control character"),
            (CaName("a", country="DEU"), "country's two letters"),
            (CaName("a", country="Germany"), "'Germany' is not"),
            (CaName("a", organization="b" * 65), "organization name has 65"),
        ],
    )
    def test_names(self, tmp_path, name, words):
        with pytest.raises(ConfigurationError, match=words):
            create_root(tmp_path / "root", name)
        assert list(tmp_path.iterdir()) == []

    def test_curves(self, tmp_path):
        create_root(tmp_path / "root", NAME, curve="p384")
        assert CertificateAuthority.open(tmp_path / "root").certificate.public_key.title == "secp384r1"
        with pytest.raises(ConfigurationError, match="Use one of p256, p384"):
            create_root(tmp_path / "other", NAME, curve="p192")


class TestIntermediate:
    def test_below_a_root_only(self, root, tmp_path):
        create_intermediate(tmp_path / "factory", CaName("factory"), root)
        factory = CertificateAuthority.open(tmp_path / "factory")
        limits = factory.certificate.parsed.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert (limits.ca, limits.path_length) == (True, 0)
        with pytest.raises(CertificateError, match="pathlen:0"):
            create_intermediate(tmp_path / "deeper", CaName("deeper"), factory)
        with pytest.raises(CertificateError, match="same name as the CA that certifies it"):
            create_intermediate(tmp_path / "deeper", NAME, root)
        with pytest.raises(CertificateError, match="7301 days are more"):
            create_intermediate(tmp_path / "deeper", CaName("deeper"), root, days=7301)
        assert not (tmp_path / "deeper").exists()

    def test_ends_with_the_root_at_the_latest(self, root, tmp_path):
        last = root.certificate.parsed.not_valid_after_utc
        folder = create_intermediate(tmp_path / "factory", CaName("factory"), root, now=last - timedelta(days=1))
        assert folder.certificate.parsed.not_valid_after_utc == last

    def test_without_its_chain_it_issues_nothing(self, root, tmp_path):
        """A device's certificate alone would be of no use in a handshake."""
        folder = create_intermediate(tmp_path / "factory", CaName("factory"), root)
        (folder.path / "chain.pem").unlink()
        with pytest.raises(ConfigurationError, match=r"chain\.pem is missing.*copy ca\.pem to this name"):
            CertificateAuthority.open(folder.path)
        (folder.path / "chain.pem").write_bytes((folder.path / "ca.pem").read_bytes())
        assert len(CertificateAuthority.open(folder.path).issue(make_request()).chain) == 1


class TestKey:
    @pytest.mark.long
    def test_encrypted(self, tmp_path):
        create_root(tmp_path / "root", NAME, passphrase=PASSPHRASE)
        authority = CertificateAuthority.open(tmp_path / "root", PASSPHRASE)
        authority.issue(make_request())
        secret = authority._issuer.key.private_numbers().private_value.to_bytes(32, "big")
        for path in (tmp_path / "root").iterdir():
            content = path.read_bytes()
            assert PASSPHRASE not in content
            assert secret not in content
            assert secret.hex().encode() not in content.lower()
        assert (tmp_path / "root" / "ca.key").read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")

    @NEEDS_OPENSSL
    @pytest.mark.long
    def test_openssl_reads_it(self, tmp_path):
        create_root(tmp_path / "root", NAME, passphrase=PASSPHRASE)
        key = tmp_path / "root" / "ca.key"
        public = openssl("pkey", "-in", key, "-passin", f"pass:{PASSPHRASE.decode()}", "-pubout").stdout
        assert public == openssl("x509", "-in", tmp_path / "root" / "ca.pem", "-noout", "-pubkey").stdout != ""
        assert openssl("pkey", "-in", key, "-passin", "pass:another", "-pubout").returncode != 0

    @pytest.mark.long
    def test_passphrases(self, tmp_path, root):
        create_root(tmp_path / "closed", NAME, passphrase=PASSPHRASE)
        with pytest.raises(ConfigurationError, match="encrypted") as none:
            CertificateAuthority.open(tmp_path / "closed")
        for way in ("--passphrase-file", "--ask-passphrase", "OPTIGA_CA_PASSPHRASE"):
            assert way in told(none.value.hint, option_of)
        with pytest.raises(ConfigurationError, match="the passphrase does not open the key"):
            CertificateAuthority.open(tmp_path / "closed", b"wrong one")
        with pytest.raises(ConfigurationError, match="at least 12"):
            create_root(tmp_path / "short", NAME, passphrase=b"stone river")
        longest = b"stone river bus castle" * 50
        create_root(tmp_path / "longest", NAME, passphrase=longest[:1023])
        with pytest.raises(ConfigurationError, match="has 1024 bytes, but at most 1023"):
            create_root(tmp_path / "longer", NAME, passphrase=longest[:1024])
        (warning,) = CertificateAuthority.open(root.folder.path, PASSPHRASE).warnings
        assert "not encrypted" in warning

    def test_another_key_or_none(self, root, tmp_path):
        create_root(tmp_path / "other", NAME)
        key = root.folder.path / "ca.key"
        key.write_bytes((tmp_path / "other" / "ca.key").read_bytes())
        with pytest.raises(CertificateError, match="not that of its certificate"):
            CertificateAuthority.open(root.folder.path)
        key.write_bytes(b"nonsense")
        with pytest.raises(ConfigurationError, match="damaged"):
            CertificateAuthority.open(root.folder.path)
        key.unlink()
        with pytest.raises(ConfigurationError, match="no such file"):
            CertificateAuthority.open(root.folder.path)

    def test_another_certificate(self, root, tmp_path):
        (root.folder.path / "ca.pem").write_text(root.issue(make_request()).certificate.pem)
        with pytest.raises(CertificateError, match="does not hold exactly one CA certificate"):
            CertificateAuthority.open(root.folder.path)
        (root.folder.path / "ca.pem").unlink()
        with pytest.raises(ConfigurationError, match=r"ca\.pem is missing\. Restore it"):
            CertificateAuthority.open(root.folder.path)
        with pytest.raises(ConfigurationError, match="'python -m optiga ca init"):
            CertificateAuthority.open(tmp_path / "none")


class TestRevocation:
    def test_from_the_first_day_there_is_a_crl(self, root):
        crl = read_crl(root)
        assert crl.is_signature_valid(root.certificate.parsed.public_key())
        assert len(crl) == 0
        assert crl.next_update_utc - crl.last_update_utc == timedelta(days=30, minutes=5)

    @pytest.mark.parametrize("reason", REASONS)
    def test_reasons(self, root, reason):
        issued, other = root.issue(make_request()), root.issue(make_request())
        now = utc_now()
        done = root.revoke(issued.serial, reason, crl_days=7, now=now)
        record = done.record
        assert (done.is_new, record.revoked_at, record.reason, record.state(now)) == (True, now, reason, "revoked")
        crl = read_crl(root)
        (entry,) = crl
        assert (entry.serial_number, entry.revocation_date_utc) == (int(issued.serial, 16), now)
        found = [one.value.reason.value for one in entry.extensions]
        assert found == ([] if reason == "unspecified" else [reason])
        assert crl.get_revoked_certificate_by_serial_number(int(other.serial, 16)) is None
        assert crl.next_update_utc == now + timedelta(days=7)

    def test_a_reason_that_is_none(self, root):
        with pytest.raises(ConfigurationError, match="not a revocation reason"):
            root.revoke(root.issue(make_request()).serial, "certificateHold")
        assert len(read_crl(root)) == 0

    def test_twice(self, root):
        serial = root.issue(make_request()).serial
        first = root.revoke(serial, "superseded")
        again = root.revoke(serial, "affiliationChanged", now=utc_now() + timedelta(days=1))
        assert (again.record, again.is_new) == (first.record, False)

    def test_numbers_rise(self, root):
        numbers = []
        for _ in range(3):
            root.renew_crl()
            numbers.append(read_crl(root).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
        assert numbers == sorted(set(numbers))
        assert abs(numbers[0] / 1000 - utc_now().timestamp()) < 3600
        now = utc_now() + timedelta(days=1)
        root.renew_crl(now=now)
        root.renew_crl(now=now)
        last = read_crl(root).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        assert last == now.timestamp() * 1000 + 1
        assert last < 1 << 8 * 20

    def test_records_of_an_older_copy(self, root):
        records, crl = root.folder.records_path, root.folder.crl_path
        issued = root.issue(make_request())
        older = records.read_bytes()
        root.revoke(issued.serial)
        newer, published = records.read_bytes(), crl.read_bytes()
        records.write_bytes(older)
        for act in (root.renew_crl, lambda: root.revoke(issued.serial), lambda: root.issue(make_request())):
            with pytest.raises(ConfigurationError, match=r"issued\.db are older than the CRL"):
                act()
        assert (records.read_bytes(), crl.read_bytes()) == (older, published)
        records.write_bytes(newer)
        root.renew_crl()
        assert [entry.serial_number for entry in read_crl(root)] == [int(issued.serial, 16)]

    def test_records_of_another_ca(self, root, tmp_path):
        other = create_root(tmp_path / "other", NAME)
        foreign = other.records_path.read_bytes()
        root.folder.records_path.write_bytes(foreign)
        for act in (root.renew_crl, lambda: root.renew_crl(trust_records=True), lambda: root.issue(make_request())):
            with pytest.raises(ConfigurationError, match="records of another CA"):
                act()
        assert root.folder.records_path.read_bytes() == foreign

    @pytest.mark.parametrize("content", [b"", b"no CRL", None])
    def test_a_crl_that_is_lost_is_written_anew(self, root, content):
        issued = root.issue(make_request())
        root.revoke(issued.serial)
        if content is None:
            root.folder.crl_path.unlink()
        else:
            root.folder.crl_path.write_bytes(content)
        root.renew_crl()
        assert [entry.serial_number for entry in read_crl(root)] == [int(issued.serial, 16)]

    def test_a_crl_that_cannot_be_written_is_made_up_for(self, root, monkeypatch):
        serial = root.issue(make_request()).serial

        def fail(*arguments: object) -> None:
            raise ConfigurationError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr("optiga.ca.changes.write_whole", fail)
            with pytest.raises(
                ConfigurationError,
                match=r"the disk is full\. The certificate is revoked. To write the CRL, use 'python -m optiga ca crl'",
            ):
                root.revoke(serial)
        assert len(read_crl(root)) == 0
        root.renew_crl()
        assert [entry.serial_number for entry in read_crl(root)] == [int(serial, 16)]

    @NEEDS_OPENSSL
    def test_openssl_heeds_it(self, root, tmp_path):
        create_intermediate(tmp_path / "factory", CaName("factory"), root)
        factory = CertificateAuthority.open(tmp_path / "factory")
        good, bad = tmp_path / "good.pem", tmp_path / "bad.pem"
        factory.issue(make_request()).write(good)
        factory.issue(make_request()).write(bad)

        def check(leaf: Path) -> str:
            crls = [item for ca in (root, factory) for item in ("-CRLfile", ca.folder.crl_path)]
            anchor = root.folder.path / "ca.pem"
            return verify(
                leaf, "-CAfile", anchor, "-untrusted", factory.folder.path / "ca.pem", "-crl_check_all", *crls
            )

        assert (check(good), check(bad)) == ("", "")
        factory.revoke(str(bad), "keyCompromise")
        assert check(good) == ""
        assert "certificate revoked" in check(bad)
        root.revoke(str(factory.folder.path / "ca.pem"), "cACompromise")
        assert "certificate revoked" in check(good)


@pytest.mark.skipif(os.name != "posix", reason="no such permissions")
@pytest.mark.parametrize("name", ["ca.key", "ca.pem", "records.sig"])
def test_what_others_may_write_is_not_believed(tmp_path: Path, name: str) -> None:
    create_root(tmp_path / "ca", NAME)
    CertificateAuthority.open(tmp_path / "ca")
    (tmp_path / "ca" / name).chmod(0o666)
    with pytest.raises(ConfigurationError) as raised:
        CertificateAuthority.open(tmp_path / "ca")
    assert raised.value.reason is Reason.UNSAFE
    assert name in str(raised.value)
    (tmp_path / "ca" / name).chmod(0o600)
    CertificateAuthority.open(tmp_path / "ca")
