"""A CRL that was made while the clock was far ahead: what the user sees, and the way out."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509

from optiga.ca.authority import CertificateAuthority
from optiga.ca.records import utc_now
from optiga.ca.renewal import renew
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, openssl
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli

AHEAD = timedelta(days=3650)
TOLERANCE = timedelta(minutes=5)


@pytest.fixture
def root(cli: Cli) -> str:
    """A CA that has issued two certificates, and revoked one of them and made a CRL with a clock ten years ahead."""
    assert cli("ca", "init", "root", "--no-passphrase", "--days", "9000").code == 0
    for name in ("device", "other"):
        Path(f"{name}.csr").write_bytes(make_request(name=name))
        assert cli("ca", "sign", f"{name}.csr", "--ca", "root", "--days", "8000").code == 0
    CertificateAuthority.open(Path("root")).revoke(Path("other.pem"), now=utc_now() + AHEAD)
    return "root"


def load_crl() -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(Path("root", "crl.pem").read_bytes())


def number_of(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_the_way_out_is_named(cli: Cli, root: str) -> None:
    for words in (("crl",), ("revoke", "--yes", "device.pem")):
        error = fails(cli, 5, "ca", *words, "--ca", root)
        assert "before the date of the last CRL" in error
        assert "ca crl --trust-clock --ca " in error
    for words in (("list",), ("sign", "device.csr")):  # they go on, for they make no CRL
        result = cli("ca", *words, "--ca", root)
        assert result.code == 0
        assert "Warning: the CRL does not begin before" in result.err
        assert "ca crl --trust-clock --ca " in result.err
    assert "valid" in next(line for line in cli("ca", "list", "--ca", root).out.splitlines() if "CN=device" in line)


def test_a_ca_that_was_renewed_with_a_clock_ahead(cli: Cli) -> None:
    """The way out is named, folder and all, and works."""
    assert cli("ca", "init", "early", "--no-passphrase", "--days", "30").code == 0
    renew(CertificateAuthority.open(Path("early")), now=utc_now() + AHEAD)
    Path("device.csr").write_bytes(make_request(name="device"))
    error = fails(cli, 5, "ca", "sign", "device.csr", "--ca", "early")
    assert "is not valid before" in error
    (command,) = re.findall(r"'(ca renew early --days \d+)'", error)
    assert cli(*command.split()).code == 0
    assert cli("ca", "sign", "device.csr", "--ca", "early").code == 0


def test_a_crl_from_now_on(cli: Cli, root: str) -> None:
    before = load_crl()
    result = cli("ca", "crl", "--ca", root, "--trust-clock", "--yes")
    assert result.code == 0
    assert f"{before.last_update_utc:%Y-%m-%d %H:%M:%S}" in result.err  # what comes of it is said
    assert str(number_of(before)) in result.err
    after, now = load_crl(), datetime.now(timezone.utc)
    assert number_of(after) > number_of(before)
    assert abs(now - TOLERANCE - after.last_update_utc) < timedelta(minutes=2)
    assert after.next_update_utc is not None
    assert timedelta(days=29) < after.next_update_utc - now <= timedelta(days=30)
    (entry,) = after
    assert entry.revocation_date_utc <= now  # an entry of a time to come does not count yet for some
    assert cli("ca", "list", "--ca", root).err == ""


def test_what_comes_after_it(cli: Cli, root: str) -> None:
    assert cli("ca", "crl", "--ca", root, "--trust-clock", "--yes").code == 0
    second = load_crl()
    assert cli("ca", "revoke", "--yes", "device.pem", "--ca", root).code == 0
    assert cli("ca", "crl", "--ca", root).code == 0
    third = load_crl()
    assert number_of(third) > number_of(second)
    assert third.last_update_utc >= second.last_update_utc
    assert len(third) == 2


@pytest.mark.long
def test_a_number_is_never_used_again(cli: Cli, root: str) -> None:
    """With the CRL of the wrong time back in the folder, or given out, too."""
    shutil.copy(Path("root", "crl.pem"), "ahead.pem")
    numbers = [number_of(load_crl())]
    assert cli("ca", "crl", "--ca", root, "--trust-clock", "--yes", "--crl", "ahead.pem").code == 0
    numbers.append(number_of(load_crl()))
    shutil.copy("ahead.pem", Path("root", "crl.pem"))
    assert "ca crl --trust-clock --ca " in fails(cli, 5, "ca", "crl", "--ca", root)
    assert cli("ca", "crl", "--ca", root, "--trust-clock", "--yes").code == 0
    numbers.append(number_of(load_crl()))
    assert cli("ca", "crl", "--ca", root).code == 0
    numbers.append(number_of(load_crl()))
    assert numbers == sorted(set(numbers))


def test_it_asks(cli: Cli, root: str) -> None:
    before = {path.name: path.read_bytes() for path in Path("root").iterdir()}
    error = fails(cli, 2, "ca", "crl", "--ca", root, "--trust-clock")
    assert "--yes" in error
    assert {path.name: path.read_bytes() for path in Path("root").iterdir()} == before


def test_nothing_to_ask_with_a_clock_that_is_right(cli: Cli) -> None:
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    first = number_of(load_crl())
    result = cli("ca", "crl", "--ca", "root", "--trust-clock")
    assert result.code == 0, result.err
    assert "never be undone" not in result.err
    assert "--trust-clock was not needed" in result.err
    assert number_of(load_crl()) > first


def test_records_that_are_not_the_newest_stay_refused(cli: Cli, root: str) -> None:
    """The option says something of the clock, nothing of the records."""
    shutil.copytree(root, "copy")
    assert cli("ca", "crl", "--ca", root, "--trust-clock", "--yes").code == 0
    words = ("ca", "crl", "--ca", "copy", "--trust-clock", "--yes")
    assert "older than the CRL" in fails(cli, 2, *words, "--crl", "root/crl.pem")


def test_a_ca_that_is_not_valid_yet_stays_refused(cli: Cli, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("authority", "changes"):
        monkeypatch.setattr(f"optiga.ca.{module}.utc_now", lambda: utc_now() - timedelta(days=400))
    assert cli("ca", "crl", "--ca", root, "--trust-clock", "--yes").code == 5


@pytest.mark.long
@NEEDS_OPENSSL
def test_openssl(cli: Cli, root: str) -> None:
    check = ("verify", "-x509_strict", "-crl_check", "-CAfile", "root/ca.pem", "-CRLfile", "root/crl.pem")
    assert "CRL is not yet valid" in openssl(*check, "device.pem").stderr
    assert cli("ca", "crl", "--ca", root, "--trust-clock", "--yes").code == 0
    assert openssl(*check, "device.pem").returncode == 0
    assert "certificate revoked" in openssl(*check, "other.pem").stderr


def test_json(cli: Cli, root: str) -> None:
    result = cli("ca", "crl", "--ca", root, "--trust-clock", "--yes", "--output", "json")
    assert set(json.loads(result.out)) == {"ca", "crl_file", "crl_days", "completed", "warnings"}
