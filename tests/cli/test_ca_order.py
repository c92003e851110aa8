"""In which order commands of ``ca`` look, ask, and open the key: a passphrase is typed only for what can be done."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from optiga.ca import keys
from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_intermediate, create_root
from optiga.ca.records import utc_now
from optiga.cli.support import passphrase
from optiga.files.passphrases import read_passphrase_file
from tests.support.ca_helpers import make_request
from tests.support.cli.runner import Cli
from tests.support.cli.sitting import sit_down
from tests.support.places import CONFIG

WORDS, BELOW = "violet anchor tundra", "another anchor in the bay"


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch, cli: Cli) -> str:
    """A CA whose key is encrypted, with a certificate, an intermediate CA and a CSR."""
    monkeypatch.setattr(keys, "ROUNDS", 1000)
    monkeypatch.delenv("OPTIGA_CA_PASSPHRASE", raising=False)
    create_root(Path("closed"), CaName("closed"), passphrase=WORDS.encode())
    from_words = Path("words")
    from_words.write_text(WORDS)
    from_words.chmod(0o600)
    Path("device.csr").write_bytes(make_request())
    assert cli("ca", "sign", "device.csr", "--ca", "closed", "--passphrase-file", "words").code == 0
    from_words.unlink()
    return "closed"


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked, in its order: hidden input, which gets the passphrases, and questions, which get yes."""
    answers = iter((WORDS, BELOW, BELOW))
    asked = sit_down(monkeypatch)

    def hidden(text: str) -> str:
        asked.append(f"hidden {text}")
        return next(answers)

    def question(text: str) -> bool:
        asked.append(f"question {text}")
        return True

    monkeypatch.setattr("click.termui.hidden_prompt_func", hidden)
    monkeypatch.setattr("optiga.cli.support.confirm.answered_yes", question)
    return asked


@pytest.mark.parametrize("option", [(), ("--ask-passphrase",)])
def test_revoke_shows_and_asks_before_the_passphrase(
    cli: Cli, closed: str, order: list[str], option: tuple[str, ...]
) -> None:
    result = cli("ca", "revoke", "device.pem", "--ca", closed, "--reason", "superseded", *option)
    assert result.code == 0
    assert [one.split()[0] for one in order] == ["question", "hidden"]
    assert len(order[0]) < 80  # the line before it has said what
    assert "CN=device" in result.err
    assert "(superseded)" in result.err


def test_revoke_that_is_not_confirmed(cli: Cli, closed: str, order: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optiga.cli.support.confirm.answered_yes", lambda _: False)
    assert cli("ca", "revoke", "device.pem", "--ca", closed).code == 2
    assert order == []
    assert cli("ca", "list", "--ca", closed, "--query", "certificates[0].state").out == "valid\n"


def test_revoke_of_records_that_change_while_it_asks(
    cli: Cli, closed: str, order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was confirmed is what is done: another outcome is asked about again."""

    def meanwhile(text: str) -> bool:
        order.append(f"question {text}")
        if len(order) == 1:
            Path("words").write_text(WORDS)
            Path("words").chmod(0o600)
            by = ("--passphrase-file", "words", "--yes", "--reason", "superseded")
            assert cli("ca", "revoke", "device.pem", "--ca", closed, *by).code == 0
        return len(order) == 1

    monkeypatch.setattr("optiga.cli.support.confirm.answered_yes", meanwhile)
    result = cli("ca", "revoke", "device.pem", "--ca", closed, "--reason", "keyCompromise")
    assert result.code == 2
    assert [one.split()[0] for one in order] == ["question", "hidden", "question"]
    assert cli("ca", "list", "--ca", closed, "--query", "certificates[0].reason").out == "superseded\n"


def test_a_crl_of_edited_records(cli: Cli, closed: str, order: list[str]) -> None:
    with closing(sqlite3.connect(Path(closed, "issued.db"))) as connection, connection:
        connection.execute("UPDATE issued SET subject = 'CN=other'")
    assert cli("ca", "crl", "--ca", closed, "--trust-records").code == 0
    assert [one.split()[0] for one in order] == ["question", "hidden"]


def test_a_crl_after_one_of_the_future(
    cli: Cli, closed: str, order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = utc_now() + timedelta(days=400)
    CertificateAuthority.open(Path(closed), WORDS.encode()).renew_crl(now=later)
    assert cli("ca", "crl", "--ca", closed, "--trust-clock").code == 0
    assert [one.split()[0] for one in order] == ["question", "hidden"]


@pytest.mark.parametrize(
    "words",
    [
        "crl --crl nosuch.pem",
        "revoke device.pem --crl nosuch.pem",
        "sign device.csr --crl nosuch.pem",
        "revoke nosuch.pem",
        "sign small.csr",
        "sign device.csr --days 999999",
        "sign device.csr --out device.csr",
        "intermediate below --no-passphrase --crl-url ftp://x",
        "intermediate below --no-passphrase --allow-dns a..b",
    ],
)
def test_nothing_is_asked_for_what_is_refused(cli: Cli, closed: str, order: list[str], words: str) -> None:
    Path("small.csr").write_text("no CSR")
    result = cli("ca", *words.split(), "--ca", closed)
    assert (result.code != 0, result.out, len(result.errors), order) == (True, "", 1, [])


def test_a_csr_that_the_ca_does_not_grant(cli: Cli, closed: str, order: list[str]) -> None:
    Path("name.csr").write_bytes(make_request(x509.SubjectAlternativeName([x509.DNSName("not.allowed.example")])))
    result = cli("ca", "sign", "name.csr", "--ca", closed)
    assert (result.code != 0, order) == (True, [])
    assert "not.allowed.example" in result.errors[0]


@pytest.mark.parametrize("words", ["closed --ca other", "closed --days 1", "below", "below --ca other"])
def test_a_renewal_that_is_refused(cli: Cli, closed: str, order: list[str], words: str) -> None:
    create_root(Path("other"), CaName("other"))
    create_intermediate(
        Path("below"),
        CaName("below"),
        CertificateAuthority.open(Path("closed"), WORDS.encode()),
        passphrase=BELOW.encode(),
    )
    result = cli("ca", "renew", *words.split())
    assert (result.code != 0, len(result.errors), order) == (True, 1, [])


def test_each_passphrase_says_what_it_opens(cli: Cli, closed: str, order: list[str]) -> None:
    assert cli("ca", "intermediate", "below", "--ca", closed).code == 0
    assert len(order) == 3
    if not order[0].startswith("hidden"):  # as an older click asks, which prints the words itself
        assert closed in order[0]
        assert all("below" in one for one in order[1:])


@pytest.mark.parametrize("words", ["init new", "passphrase open", "import new --certificate open.pem --key open.key"])
def test_each_new_passphrase_says_of_what_it_is(cli: Cli, order: list[str], words: str) -> None:
    create_root(Path("open"), CaName("open"))
    for name in ("pem", "key"):
        Path(f"open.{name}").write_bytes(Path(f"open/ca.{name}").read_bytes())
    Path("open.key").chmod(0o600)
    result = cli("ca", *words.split())
    assert order
    name = words.split()[1]
    assert all(name in one or (one.startswith("hidden") and f" of {name}:" in result.err) for one in order)


@pytest.mark.parametrize(
    "words",
    [
        "ca crl --ca closed",
        "ca sign device.csr --ca closed --out again.pem",
        "ca revoke device.pem --ca closed --yes",
        f"provision {CONFIG} --ca closed --no-cloud",
    ],
)
def test_a_passphrase_is_read_once_from_a_pipe(cli: Cli, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """As of ``--passphrase-file <(…)`` and ``/dev/stdin``: nothing is in it the second time."""
    Path("words").write_text(WORDS)
    Path("words").chmod(0o600)
    read: list[Path] = []

    def once(path: Path) -> object:
        read.append(path)
        return read_passphrase_file(path)

    monkeypatch.setattr(passphrase, "read_passphrase_file", once)
    if words.startswith("provision"):
        words = f"--port emulator:chip {words}"
        assert cli(*words.split(), "--passphrase-file", "words").code == 0
    read.clear()
    cli(*words.split(), "--passphrase-file", "words")
    assert read == [Path("words")]
