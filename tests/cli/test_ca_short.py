"""A certificate that ends with its CA, long before it would otherwise: it is said."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificates

import optiga
from optiga.ca.creation import CaName, create_root
from optiga.ca.profile import choose_validity, find_shortening
from optiga.ca.records import utc_now
from optiga.errors import CertificateError
from tests.support.ca_helpers import make_request
from tests.support.cli.runner import Cli
from tests.support.other_ca import OtherCa
from tests.support.places import CONFIG

OPEN = "--no-passphrase"


@pytest.fixture
def root(cli: Cli) -> str:
    assert cli("ca", "init", "root", "--days", "5", OPEN).code == 0
    Path("device.csr").write_bytes(make_request())
    return "root"


def sign(ca: str, *words: str) -> tuple[str, ...]:
    return ("ca", "sign", "device.csr", "--ca", ca, *words)


def test_a_device(cli: Cli, root: str) -> None:
    result = cli(*sign(root, "-q"))
    assert result.code == 0
    assert "Warning: the certificate expires on" in result.err
    assert "after 5 days instead of 3650" in result.err
    assert "CN=root" in result.err


def test_an_intermediate_ca(cli: Cli, root: str) -> None:
    result = cli("ca", "intermediate", "factory", "--ca", root, OPEN, "-q")
    assert "after 5 days instead of 3650" in result.err
    assert cli("ca", "intermediate", "other", "--ca", root, "--days", "2", OPEN, "-q").err == ""
    assert "instead of 3650" in cli("ca", "renew", "other", "--ca", root, "-q").err


def test_below_one_that_ends_first(cli: Cli) -> None:
    """A root that is renewed for long does not help a device below an intermediate CA that is not."""
    cli("ca", "init", "root", OPEN)
    cli("ca", "intermediate", "factory", "--ca", "root", "--days", "40", OPEN)
    Path("device.csr").write_bytes(make_request())
    assert "because the certificate of CN=factory expires then" in cli(*sign("factory")).err


def test_what_was_asked_for(cli: Cli, root: str) -> None:
    assert cli(*sign(root, "--days", "4")).err == ""


def test_a_little_shorter(cli: Cli) -> None:
    """A device's certificate and its CA's are as long by default: the CA is always the older one."""
    cli("ca", "init", "root", OPEN)
    cli("ca", "intermediate", "factory", "--ca", "root", OPEN)
    Path("device.csr").write_bytes(make_request())
    assert cli(*sign("factory")).err == ""


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0, "At most 1 day is possible"), (1, "To renew the CA, use 'python -m optiga ca renew'")],
)
def test_the_most_that_is_possible(tmp_path: Path, hours: int, words: str) -> None:
    now = utc_now()
    folder = create_root(tmp_path / "root", CaName("root"), days=1, now=now)
    with pytest.raises(CertificateError, match=words):
        choose_validity(now + timedelta(hours=hours), 2, 2, folder.certificate.parsed)


@pytest.mark.parametrize(("hours", "said"), [(5, "5 hours"), (1, "1 hour"), (30, "30 hours"), (72, "3 days")])
def test_hours(root: str, hours: int, said: str) -> None:
    """What ends today is not told to be valid for 0 days."""
    above = optiga.open_ca(root).folder.certificate
    start = above.not_after - timedelta(hours=hours)
    told = find_shortening(start, above.not_after, (above,), 3650)
    assert f"after {said} instead of 3650" in told
    assert ("3650 days" in told) is (hours < 36)


@pytest.mark.parametrize(("minutes", "said"), [(30, "30 minutes"), (1, "1 minute")])
def test_minutes(root: str, minutes: int, said: str) -> None:
    above = optiga.open_ca(root).folder.certificate
    told = find_shortening(above.not_after - timedelta(minutes=minutes), above.not_after, (above,), 3650)
    assert f"expires on {above.not_after:%Y-%m-%d %H:%M} UTC, after {said} instead of 3650 days" in told


def test_the_time_of_the_day_is_told_where_it_matters(tmp_path: Path) -> None:
    now = utc_now()
    issuer = create_root(tmp_path / "root", CaName("root"), days=2, now=now).certificate
    with pytest.raises(CertificateError, match=rf"expires on {issuer.not_after:%Y-%m-%d %H:%M} UTC"):
        choose_validity(now + timedelta(hours=20), 2, 2, issuer.parsed)


class TestAnAuthorityAbove:
    """The issuer was made elsewhere, and is valid for longer than the CA above it."""

    @pytest.fixture
    def lower(self, cli: Cli) -> str:
        root = OtherCa("top", days=(-30, 90))
        middle = OtherCa("middle", issuer=root, days=(-30, 60))
        lower = OtherCa("lower", issuer=middle, days=(-30, 3000))
        Path("lower.pem").write_bytes(lower.pem)
        Path("lower.key").write_bytes(lower.key_pem())
        Path("lower.key").chmod(0o600)
        Path("above.pem").write_bytes(middle.pem + root.pem)
        Path("device.csr").write_bytes(make_request())
        words = ("--certificate", "lower.pem", "--key", "lower.key", "--chain", "above.pem", OPEN)
        result = cli("ca", "import", "low", *words)
        assert result.code == 0
        told = [line for line in result.err.splitlines() if "expires first" in line]
        assert ["CN=middle" in line for line in told] == [True, False]
        assert "CN=top" in told[1]
        return "low"

    @pytest.mark.parametrize("is_provisioned", [False, True])
    def test_a_device_ends_with_the_first_of_its_chain(
        self, cli: Cli, port: str, lower: str, is_provisioned: bool
    ) -> None:
        if is_provisioned:
            result = cli("--port", port, "provision", CONFIG, "--ca", lower, "--no-cloud", "-q")
        else:
            result = cli(*sign(lower, "-q"))
        assert result.code == 0
        assert "because the certificate of CN=middle expires then" in result.err
        path = next(one for one in Path().glob("*.pem") if one.name not in ("lower.pem", "above.pem"))
        leaf, *chain = load_pem_x509_certificates(path.read_bytes())
        assert leaf.not_valid_after_utc == min(one.not_valid_after_utc for one in chain)

    @pytest.mark.long
    def test_no_more_days_than_that(self, cli: Cli, lower: str) -> None:
        result = cli(*sign(lower, "--days", "70"))
        assert result.code == 5
        assert not Path("device.pem").exists()
