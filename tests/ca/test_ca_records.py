"""A CA notices when its records are edited, cut, or come from an older copy; its CRLs keep to the clock."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from optiga.ca.authority import CertificateAuthority
from optiga.ca.chain import Head, link_digest
from optiga.ca.creation import CaName, create_root
from optiga.ca.records import create_records, open_records
from optiga.errors import CertificateError, ConfigurationError
from optiga.pki.public_keys import load_key
from tests.support.ca_helpers import NEEDS_OPENSSL, make_older, make_request, openssl
from tests.support.sampling import sampled

FILES = ("issued.db", "crl.pem", "records.sig")


@pytest.fixture
def root(tmp_path: Path) -> CertificateAuthority:
    """A CA that has issued three certificates and revoked the second."""
    create_root(tmp_path / "root", CaName("Test root"))
    authority = CertificateAuthority.open(tmp_path / "root")
    serials = [authority.issue(make_request()).serial for _ in range(3)]
    authority.revoke(serials[1], "keyCompromise")
    return authority


def change(authority: CertificateAuthority, *statements: str) -> None:
    with closing(sqlite3.connect(authority.folder.records_path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def keep(authority: CertificateAuthority, name: str = "kept", files: tuple[str, ...] = FILES) -> Path:
    """A copy of some files of a CA."""
    copy = authority.folder.path.with_name(name)
    copy.mkdir()
    for file in files:
        shutil.copy(authority.folder.path / file, copy / file)
    return copy


def put_back(authority: CertificateAuthority, copy: Path, *files: str) -> None:
    for file in files:
        shutil.copy(copy / file, authority.folder.path / file)


def contents(authority: CertificateAuthority) -> dict[str, bytes]:
    """What there is of the records and of what is written of them."""
    paths = [authority.folder.path / file for file in FILES]
    return {path.name: path.read_bytes() for path in paths if path.exists()}


def refused(authority: CertificateAuthority, words: str) -> None:
    """Nothing that changes the records is done, whoever opens the folder; the files stay."""
    before = contents(authority)
    with closing(sqlite3.connect(authority.folder.records_path)) as connection:
        (serial,) = connection.execute("SELECT serial FROM issued").fetchone()
    for one in (authority, CertificateAuthority.open(authority.folder.path)):
        for act in (lambda: one.issue(make_request()), one.renew_crl, lambda: one.revoke(serial)):  # noqa: B023
            with pytest.raises(ConfigurationError, match=words) as caught:
                act()
            assert "Restore" in caught.value.hint
        with pytest.raises(ConfigurationError, match=words):
            one.find_issued(b"request")
    assert contents(authority) == before


class TestEdits:
    @pytest.mark.parametrize(
        "statement",
        sampled(
            [
                "UPDATE issued SET revoked_at = NULL, reason = NULL",
                "UPDATE issued SET revoked_at = NULL",
                "UPDATE issued SET reason = 'superseded' WHERE revoked_at IS NOT NULL",
                "UPDATE issued SET revoked_at = '2020-01-01T00:00:00+00:00' WHERE revoked_at IS NOT NULL",
                "UPDATE issued SET revoked_at = '2020-01-01T00:00:00+00:00' WHERE rowid = 1",
                "UPDATE issued SET subject = 'CN=another' WHERE rowid = 3",
                "UPDATE issued SET not_after = '2020-01-01T00:00:00+00:00' WHERE rowid = 3",
                "UPDATE issued SET key_sha256 = '00' WHERE rowid = 2",
                "UPDATE issued SET request_sha256 = '00' WHERE rowid = 2",
                "UPDATE issued SET certificate = x'3000' WHERE rowid = 3",
                "UPDATE issued SET certificate = 'text' WHERE rowid = 3",
                "UPDATE issued SET serial = 'ff' WHERE rowid = 3",
                "DELETE FROM issued WHERE rowid = 3",
                "DELETE FROM issued WHERE rowid = 2",
                "INSERT INTO issued SELECT 'ff', 'CN=x', not_before, not_after, '', '', '', NULL, NULL FROM issued "
                "LIMIT 1",
                "DELETE FROM chain WHERE sequence = 2",
                "DELETE FROM chain WHERE sequence = (SELECT max(sequence) FROM chain)",
                "DELETE FROM chain",
                "UPDATE chain SET event = replace(event, 'keyCompromise', 'superseded')",
                "UPDATE chain SET event = 7 WHERE sequence = 1",
                "UPDATE chain SET hash = 'ff' WHERE sequence = 3",
                "UPDATE head SET signature = x'00'",
                "UPDATE head SET signature = 'text'",
                "UPDATE head SET sequence = 2",
                "DELETE FROM head",
            ],
            keep=8,
        ),
    )
    def test_noticed(self, root: CertificateAuthority, statement: str) -> None:
        change(root, statement)
        refused(root, "the records .* have been changed by another program")

    def test_a_chain_made_anew(self, root: CertificateAuthority) -> None:
        """Hashes anybody can make; the signature of the last one is the CA's."""
        with closing(sqlite3.connect(root.folder.records_path, isolation_level=None)) as connection:
            connection.execute("UPDATE issued SET revoked_at = NULL, reason = NULL")
            events = [row[0] for row in connection.execute("SELECT event FROM chain ORDER BY sequence")]
            connection.execute("DELETE FROM chain")
            digest = ""
            kept = [event for event in events if '"revoked"' not in event]
            for number, event in enumerate(kept, 1):
                digest = link_digest(digest, event)
                connection.execute("INSERT INTO chain VALUES (?, ?, ?)", (number, event, digest))
            connection.execute("UPDATE head SET sequence = ?, hash = ?", (len(kept), digest))
        refused(root, "the signature of the last entry is not the CA's")

    def test_a_chain_taken_away(self, root: CertificateAuthority) -> None:
        """As if the records were an earlier version's."""
        change(root, "DROP TABLE chain", "DROP TABLE head", "PRAGMA user_version = 1")
        refused(root, "has no hash chain")
        change(root, "DELETE FROM crls")
        refused(root, "has no CRL and no hash chain")

    @pytest.mark.parametrize("days", [0, -1, 36501])
    def test_a_crl_for_days_that_are_none(self, root: CertificateAuthority, days: int) -> None:
        with pytest.raises(ConfigurationError, match=f"a CRL cannot be valid for {days} days"):
            root.renew_crl(days=days)

    def test_another_crl(self, root: CertificateAuthority) -> None:
        with closing(sqlite3.connect(root.folder.records_path)) as connection:
            (older,) = connection.execute("SELECT crl FROM crls").fetchone()
        root.renew_crl()
        with closing(sqlite3.connect(root.folder.records_path, isolation_level=None)) as connection:
            connection.execute("UPDATE crls SET crl = ?", (older,))
        root.folder.crl_path.unlink()
        with pytest.raises(ConfigurationError, match="changed by another program: the CRL"):
            root.renew_crl()

    def test_taken_as_they_are(self, root: CertificateAuthority) -> None:
        """If the owner says so: what is revoked in them counts, and the chain begins anew."""
        change(root, "DELETE FROM issued WHERE rowid = 3")
        with pytest.raises(ConfigurationError, match="'trust_records'"):
            root.renew_crl()
        root.renew_crl(trust_records=True)
        root.issue(make_request())
        assert len(x509.load_pem_x509_crl(root.folder.crl_path.read_bytes())) == 1


class TestRollback:
    def test_against_the_crl_at_hand(self, root: CertificateAuthority) -> None:
        copy = keep(root)
        root.renew_crl()
        put_back(root, copy, "issued.db", "records.sig")
        refused(root, r"issued\.db are older than the CRL")

    def test_against_the_signature_at_hand(self, root: CertificateAuthority) -> None:
        """A certificate that was issued since the last CRL could not be revoked."""
        copy = keep(root)
        root.issue(make_request())
        put_back(root, copy, "issued.db")
        refused(root, r"issued\.db are older than .*records\.sig")

    def test_against_a_crl_that_is_given(self, root: CertificateAuthority, tmp_path: Path) -> None:
        """The whole folder comes from a copy; whoever checks the devices has a newer CRL."""
        copy = keep(root)
        root.renew_crl()
        published = tmp_path / "published.pem"
        shutil.copy(root.folder.crl_path, published)
        root.check_published(published)
        put_back(root, copy, *FILES)
        again = CertificateAuthority.open(root.folder.path)
        with pytest.raises(ConfigurationError, match=r"are older than the CRL .*published\.pem"):
            again.check_published(published)
        again.renew_crl()  # nothing at hand shows it; but its number is not given twice
        with pytest.raises(ConfigurationError, match=r"do not have the CRL .*published\.pem"):
            again.check_published(published)
        numbers = [
            x509.load_pem_x509_crl(path.read_bytes()).extensions.get_extension_for_class(x509.CRLNumber).value
            for path in (published, root.folder.crl_path)
        ]
        assert numbers[0].crl_number < numbers[1].crl_number

    def test_a_given_crl_in_der(self, root: CertificateAuthority, tmp_path: Path) -> None:
        crl = x509.load_pem_x509_crl(root.folder.crl_path.read_bytes())
        (tmp_path / "crl.der").write_bytes(crl.public_bytes(Encoding.DER))
        root.check_published(tmp_path / "crl.der")
        other = create_root(tmp_path / "other", CaName("Test root"))
        for path, said in (
            (other.crl_path, "no CRL that this CA has signed"),
            (root.folder.path / "ca.pem", "holds a certificate, not a CRL"),
        ):
            with pytest.raises(CertificateError, match=said):
                root.check_published(path)
        with pytest.raises(ConfigurationError, match="no such file"):
            root.check_published(tmp_path / "none")

    def test_a_crl_of_another_history(self, root: CertificateAuthority) -> None:
        """Two copies of a folder have gone on, each without the other."""
        twin = root.folder.path.with_name("twin")
        shutil.copytree(root.folder.path, twin)
        CertificateAuthority.open(twin).renew_crl()
        root.renew_crl()
        root.renew_crl()
        shutil.copy(twin / "crl.pem", root.folder.crl_path)
        refused(root, "do not have the CRL")

    def test_what_a_kill_leaves_is_none(self, root: CertificateAuthority) -> None:
        """The files beside the records are written after them."""
        copy = keep(root)
        root.issue(make_request())
        root.renew_crl()
        put_back(root, copy, "crl.pem", "records.sig")
        CertificateAuthority.open(root.folder.path).issue(make_request())

    @pytest.mark.parametrize("content", [None, b"[1]", b'{"version": 1, "sequence": "1"}', b"9" * 9999])
    def test_a_signature_that_is_lost(self, root: CertificateAuthority, content: bytes | None) -> None:
        """Who took it away may have put an older copy of the records back, too."""
        path, copy = root.folder.head_path, keep(root)
        root.issue(make_request())
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        refused(root, r"records\.sig is missing or damaged")
        put_back(root, copy, "records.sig")  # an older one does
        root.issue(make_request())

    def test_all_that_shows_it_is_taken_away(self, root: CertificateAuthority) -> None:
        """What has been issued and revoked since the copy is not in the records any more."""
        copy = keep(root)
        serial = root.issue(make_request()).serial
        root.revoke(serial, "keyCompromise")
        put_back(root, copy, "issued.db")
        root.folder.head_path.unlink()
        root.folder.crl_path.unlink()
        refused(root, r"records\.sig is missing or damaged")
        assert "records.sig is missing" in root.renew_crl(trust_records=True).objection
        head = Head.parse(root.folder.head_path.read_bytes())
        assert head is not None
        assert head.is_of(load_key(root.certificate.public_key))
        assert root.renew_crl(trust_records=True).objection == ""
        root.issue(make_request())

    def test_trust_in_records_that_need_none(self, root: CertificateAuthority) -> None:
        """Their chain goes on, with the CRLs that it knows."""
        published = keep(root) / "crl.pem"
        assert root.renew_crl(trust_records=True).objection == ""
        root.check_published(published)
        with closing(sqlite3.connect(root.folder.records_path)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM chain WHERE event LIKE '%\"crl\"%'").fetchone()
        assert count == 3

    def test_records_of_a_ca_that_is_being_made(self, root: CertificateAuthority) -> None:
        """Nothing issued, nothing revoked: a folder appears with its first CRL, never without."""
        for path in (root.folder.records_path, root.folder.crl_path, root.folder.head_path):
            path.unlink()
        create_records(root.folder.records_path)
        for act in (lambda: root.issue(make_request()), root.renew_crl):
            with pytest.raises(ConfigurationError, match="has no CRL and no hash chain"):
                act()

    @NEEDS_OPENSSL
    def test_openssl_verifies_the_signature(self, root: CertificateAuthority, tmp_path: Path) -> None:
        head = Head.parse(root.folder.head_path.read_bytes())
        assert head is not None
        (tmp_path / "signed").write_bytes(f"optiga CA records\n{head.sequence}\n{head.digest}\n".encode())
        (tmp_path / "signature").write_bytes(head.signature)
        key = openssl("x509", "-in", root.folder.path / "ca.pem", "-noout", "-pubkey").stdout
        (tmp_path / "key").write_text(key)
        words = ("dgst", "-sha256", "-verify", tmp_path / "key", "-signature", tmp_path / "signature")
        assert "Verified OK" in openssl(*words, tmp_path / "signed").stdout


class TestEarlierVersions:
    @pytest.fixture
    def old(self, root: CertificateAuthority) -> CertificateAuthority:
        make_older(root.folder.path)
        return CertificateAuthority.open(root.folder.path)

    def test_is_read_as_it_is(self, old: CertificateAuthority) -> None:
        before = old.folder.records_path.read_bytes()
        assert old.warnings == ()
        with open_records(old.folder.records_path) as records:
            assert [bool(record.revoked_at) for record in records.all()] == [False, True, False]
            assert not records.is_chained
        assert old.find_issued(b"none") is None
        assert old.folder.records_path.read_bytes() == before

    @pytest.mark.long
    @pytest.mark.parametrize("act", ["issue", "revoke", "renew"])
    def test_has_a_chain_from_the_next_change_on(self, old: CertificateAuthority, act: str, tmp_path: Path) -> None:
        shutil.copy(old.folder.crl_path, tmp_path / "published.pem")
        with open_records(old.folder.records_path) as records:
            first = records.all()[0].serial
        if act == "issue":
            old.issue(make_request())
        elif act == "revoke":
            old.revoke(first)
        else:
            old.renew_crl()
        with open_records(old.folder.records_path) as records:
            assert records.is_chained
        assert old.folder.head_path.exists()
        old.issue(make_request())
        old.check_published(tmp_path / "published.pem")
        change(old, "UPDATE issued SET revoked_at = NULL WHERE rowid = 2")
        refused(old, "changed by another program")

    def test_an_older_copy_of_it(self, old: CertificateAuthority) -> None:
        copy = keep(old, files=("issued.db",))
        old.renew_crl()
        put_back(old, copy, "issued.db")
        refused(old, r"issued\.db are older than the CRL")
        old.folder.crl_path.unlink()
        refused(old, r"issued\.db are older than .*records\.sig")

    def test_a_signature_written_before_the_chain(self, old: CertificateAuthority) -> None:
        """So a run leaves them that ends while the chain begins; it begins with the next one."""
        copy = keep(old, files=("issued.db",))
        old.issue(make_request())
        with closing(sqlite3.connect(old.folder.records_path)) as connection:
            (link,) = connection.execute("SELECT hash FROM chain WHERE sequence = 5").fetchone()
        key = load_pem_private_key(old.folder.key_pem, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        put_back(old, copy, "issued.db")
        old.folder.head_path.write_bytes(Head.sign(5, link, key).document)
        assert old.find_issued(b"none") is None
        old.issue(make_request())
        change(old, "DELETE FROM issued WHERE rowid = 1")
        refused(old, "changed by another program")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("subject", "x'00'"), ("serial", "x'00'"), ("certificate", "9223372036854775807"), ("certificate", "'text'")),
        *(
            ("not_after", "'2030-01-01T00:00:00'"),
            ("revoked_at", "'2020-01-01T00:00:00'"),
            ("revoked_at", "''"),
            ("reason", "x'00'"),
        ),
    ],
)
def test_values_of_another_kind(root: CertificateAuthority, column: str, value: str) -> None:
    change(root, f"UPDATE OR REPLACE issued SET {column} = {value}")
    with open_records(root.folder.records_path) as records, pytest.raises(ConfigurationError, match="did not write"):
        records.all()
    with pytest.raises(ConfigurationError, match="did not write"):
        root.renew_crl(trust_records=True)


def test_a_certificate_that_is_none(root: CertificateAuthority) -> None:
    change(root, "UPDATE issued SET certificate = x'3000'")
    with open_records(root.folder.records_path) as records:
        record = records.all()[0]
    with pytest.raises(ConfigurationError, match="did not write"):
        _ = record.certificate


@pytest.mark.parametrize("value", ["9223372036854775807", "'text'", "0.5"])
def test_a_crl_of_another_kind(root: CertificateAuthority, value: str) -> None:
    """As a number it would have been the room for as many bytes."""
    change(root, f"UPDATE crls SET crl = {value}")
    with pytest.raises(ConfigurationError, match="did not write"):
        root.issue(make_request())


@pytest.mark.parametrize("setting", ["serial = '00'", "serial = 'zz'", "reason = 'boredom'"])
def test_a_revocation_that_no_list_can_hold(root: CertificateAuthority, setting: str) -> None:
    change(root, f"UPDATE issued SET {setting} WHERE revoked_at IS NOT NULL", "DELETE FROM crls")
    root.folder.crl_path.unlink()  # from which a reason is restored
    with pytest.raises(ConfigurationError, match="did not write"):
        root.renew_crl(trust_records=True)
