"""The clock of a CA's computer goes back, or is wrong."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_intermediate, create_root
from optiga.ca.integrity import read_crl_file
from optiga.ca.profile import CLOCK_TOLERANCE
from optiga.ca.records import open_records, utc_now
from optiga.errors import CertificateError
from tests.support.ca_helpers import make_request

FILES = ("issued.db", "crl.pem", "records.sig")


@pytest.fixture
def root(tmp_path: Path) -> CertificateAuthority:
    """A CA that has issued three certificates and revoked the second."""
    create_root(tmp_path / "root", CaName("Test root"))
    authority = CertificateAuthority.open(tmp_path / "root")
    serials = [authority.issue(make_request()).serial for _ in range(3)]
    authority.revoke(serials[1], "keyCompromise")
    return authority


class TestClock:
    def last(self, authority: CertificateAuthority) -> datetime:
        crl = read_crl_file(authority.folder)
        assert crl is not None
        return crl.this_update

    def test_a_little_early(self, root: CertificateAuthority) -> None:
        """As certificates are, for those whose clock is slow."""
        now = utc_now() + timedelta(hours=1)
        root.renew_crl(7, now=now)
        crl = read_crl_file(root.folder)
        assert crl is not None
        assert (crl.this_update, crl.next_update) == (now - CLOCK_TOLERANCE, now + timedelta(days=7))

    def test_never_before_the_last_one(self, root: CertificateAuthority) -> None:
        now = utc_now() + timedelta(hours=1)
        root.renew_crl(now=now)
        root.renew_crl(now=now - timedelta(minutes=3))
        assert self.last(root) == now - CLOCK_TOLERANCE

    def test_never_before_the_ca(self, root: CertificateAuthority, tmp_path: Path) -> None:
        folder = create_intermediate(tmp_path / "factory", CaName("factory"), root)
        crl = read_crl_file(folder)
        assert crl is not None
        assert crl.this_update == folder.certificate.parsed.not_valid_before_utc

    @pytest.mark.parametrize(
        ("when", "words"),
        [
            (datetime(2020, 1, 1, tzinfo=timezone.utc), r"is not valid before .*Check this computer's clock"),
            (datetime(2120, 1, 1, tzinfo=timezone.utc), "expired on"),
        ],
    )
    def test_outside_the_cas_time(self, root: CertificateAuthority, when: datetime, words: str) -> None:
        self.is_refused(root, when, words)

    def test_before_the_last_crl(self, root: CertificateAuthority) -> None:
        root.renew_crl(now=utc_now() + timedelta(days=2))
        self.is_refused(root, utc_now(), r"before the date of the last CRL.*Check this computer's clock")

    def is_refused(self, root: CertificateAuthority, when: datetime, words: str) -> None:
        before = {file: (root.folder.path / file).read_bytes() for file in FILES}
        with open_records(root.folder.records_path) as records:
            serial = records.all()[0].serial
        for act in (lambda: root.renew_crl(now=when), lambda: root.revoke(serial, now=when)):
            with pytest.raises(CertificateError, match=words):
                act()
        assert {file: (root.folder.path / file).read_bytes() for file in FILES} == before

    @pytest.mark.parametrize(
        ("days", "left", "words"),
        [
            (30, timedelta(days=8), ""),
            (30, timedelta(days=7), "expires on"),
            (4, timedelta(days=2), ""),
            (4, timedelta(hours=20), "expires on"),
            (30, timedelta(0), "expired on"),
            (30, -timedelta(days=1), "expired on"),
        ],
    )
    def test_its_end(self, root: CertificateAuthority, days: int, left: timedelta, words: str) -> None:
        root.renew_crl(days)
        crl = read_crl_file(root.folder)
        assert crl is not None
        assert crl.next_update is not None
        warning = crl.find_warning(crl.next_update - left)
        assert words in warning
        assert bool(warning) is bool(words)
