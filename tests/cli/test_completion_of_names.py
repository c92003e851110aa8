"""What completion finds by itself: CAs, templates, chips of a journal, and what a certificate is of."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga.cli.completion.offers import _name_first
from tests.support.cli.runner import Ask, Cli
from tests.support.places import CONFIGS


def test_the_name_comes_first() -> None:
    """All certificates of a maker have the rest of the subject alike, and shells show only the beginning."""
    assert _name_first("C=DE, ST=Bayern, O=A\\, B, CN=lamp 7") == "CN=lamp 7, C=DE, ST=Bayern, O=A\\, B"
    assert _name_first("O=Somebody, CN=a\\, b, OU=x") == "CN=a\\, b, O=Somebody, OU=x"
    for subject in ("CN=device, O=Somebody", "O=Somebody", ""):
        assert _name_first(subject) == subject


def test_folders_of_cas(ask: Ask, cli: Cli) -> None:
    """Other folders only where no CA begins as is typed."""
    for name in ("factory", "lines/one"):
        Path(name).mkdir(parents=True)
        (Path(name) / "ca.pem").write_text("")
    Path("devices").mkdir()
    for before in ("ca sign x.csr --ca ", "ca revoke 7 --ca ", "provision x.jsn --ca ", "ca renew "):
        assert ask(f"optiga {before}") == [["word", "factory", ""]]
        assert ask(f"optiga {before}lines/") == [["word", "lines/one", ""]]
        assert ask(f"optiga {before}d") == [["folders", "", ""]]


def test_built_in_templates(ask: Ask) -> None:
    templates = [["word", name, "built-in template"] for name in ("thing_policy.template", "my_policy.template")]
    files = ["files", "", "template json"]
    assert ask("optiga provision x.jsn --policy-template ") == [*templates, files]
    assert ask("optiga provision x.jsn --policy-template th") == [templates[0], files]
    assert ask("optiga provision x.jsn --policy-template x") == [files]


def test_chips_of_a_journal(ask: Ask, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_OPTIGA_COMPLETE", raising=False)
    config = str(CONFIGS / "config_nistp256_ecdsa_secondslot.jsn")
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    assert cli("--port", port, "provision", config, "--ca", "root", "--no-cloud", "--journal", "a.db").code == 0
    uid = cli("--port", port, "info", "--query", "uid").out.strip()
    assert ask("optiga journal show --journal a.db --uid ") == [["word", uid, ""]]
    assert ask(f"optiga deprovision --journal a.db --uid {uid[:4]}") == [["word", uid, ""]]
    assert ask(f"optiga deprovision --journal a.db --uid {uid[-8:]}") == [["word", uid, ""]]
    assert ask("optiga deprovision --journal a.db --uid 00") == []
    assert ask("optiga journal show --uid ") == []
    assert not Path("personalization.db").exists()
