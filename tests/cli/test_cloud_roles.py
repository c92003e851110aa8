"""Credentials of roles that the ``aws`` command and this one share, codes of MFA devices, profiles of ``aws login``."""

from __future__ import annotations

import io
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import botocore.credentials
import pytest

from optiga.testing import Cloud
from tests.support.cli.cloud_helpers import CHIP, CLOUD, CONFIG, refused
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

ROLE = "arn:aws:iam::123456789012:role/factory"
DEVICE = "arn:aws:iam::123456789012:mfa/operator"
PROFILE = f"[profile factory]\nrole_arn = {ROLE}\nmfa_serial = {DEVICE}\ncredential_source = Environment\n"
DRY = ("--port", CHIP, "-q", "provision", CONFIG, "--profile", "factory", "--dry-run")


@pytest.fixture(autouse=True)
def _home(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home with a profile whose role asks for a code; nobody sits at the terminal."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "config").write_text(PROFILE)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "config"))
    monkeypatch.setattr(sys, "stdin", io.StringIO())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def sit_down(monkeypatch: pytest.MonkeyPatch, answer: str | None) -> list[str]:
    """Be at the terminal and type a code, or nothing at all; returns what is asked."""
    asked: list[str] = []

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", getpass)
    return asked


def cache(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "home" / ".aws" / "cli" / "cache").glob("*"))


def awscli_session(cloud: Cloud) -> Any:
    """A session as the ``aws`` command makes one: its own cache, botocore's own names."""
    import botocore.session
    from botocore.utils import JSONFileCache

    session = botocore.session.Session(profile="factory")
    provider = session.get_component("credential_provider").get_provider("assume-role")
    provider.cache = JSONFileCache(str(Path("~/.aws/cli/cache").expanduser()))
    return session


class TestMfa:
    def test_nobody_can_be_asked(self, cli: Cli, cloud: Cloud) -> None:
        said = refused(cli, cloud, CLOUD, "provision", CONFIG, "--profile", "factory")
        assert DEVICE in said
        assert "aws sts get-caller-identity" in said
        assert cloud.calls == []

    @pytest.mark.long
    def test_nothing_is_typed(self, cli: Cli, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        sit_down(monkeypatch, None)
        assert "no code was entered" in refused(cli, cloud, CLOUD, "provision", CONFIG, "--profile", "factory")

    def test_one_code_serves_both(
        self, cli: Cli, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = sit_down(monkeypatch, "123456")
        assert cli(*DRY).code == 0
        assert cli(*DRY).code == 0
        assert len(asked) == 1
        assert DEVICE in asked[0]
        (kept,) = cache(tmp_path)
        assert kept.stat().st_mode & 0o077 == 0 or sys.platform == "win32"
        key = json.loads(kept.read_text())["Credentials"]["AccessKeyId"]
        monkeypatch.setattr("getpass.getpass", lambda _: pytest.fail("asked again"))
        assert awscli_session(cloud).get_credentials().get_frozen_credentials().access_key == key

    @pytest.mark.long
    def test_a_code_that_was_typed_for_aws(
        self, cli: Cli, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        session = awscli_session(cloud)
        provider = session.get_component("credential_provider").get_provider("assume-role")
        monkeypatch.setattr(provider, "_prompter", lambda _: "123456")
        assert session.get_credentials().get_frozen_credentials().access_key
        assert len(cache(tmp_path)) == 1
        before = cloud.calls.count("AssumeRole")
        assert cli(*DRY).code == 0, "without a terminal"
        assert cloud.calls.count("AssumeRole") == before == 1

    @pytest.mark.long
    @pytest.mark.parametrize("content", sampled([*("expired", "no JSON", "[]", '{"Credentials": {}}')], 2))
    def test_a_cache_that_is_no_good(
        self, cli: Cli, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
    ) -> None:
        asked = sit_down(monkeypatch, "123456")
        assert cli(*DRY).code == 0
        (kept,) = cache(tmp_path)
        if content == "expired":
            value = json.loads(kept.read_text())
            value["Credentials"]["Expiration"] = (datetime.now(timezone.utc) - timedelta(hours=1)).isoformat()
            content = json.dumps(value)
        kept.write_text(content)
        assert cli(*DRY).code == 0
        assert len(asked) == 2

    @pytest.mark.long
    def test_a_home_that_cannot_be_written(
        self, cli: Cli, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = sit_down(monkeypatch, "123456")
        (tmp_path / "home" / ".aws").write_text("in the way")
        assert cli(*DRY).code == 0
        assert len(asked) == 1


@pytest.mark.skipif(not hasattr(botocore.credentials, "EC"), reason="this botocore knows no 'aws login'")
class TestLogin:
    @pytest.fixture(autouse=True)
    def _profile(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "home" / "config").write_text(
            "[profile factory]\nlogin_session = arn:aws:iam::123456789012:user/me\n"
        )
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)

    def test_the_extra_is_named(self, cli: Cli, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("botocore.credentials.EC", None)
        said = refused(cli, cloud, 2, "provision", CONFIG, "--profile", "factory")
        assert "login" in said
        assert "[login]" in said

    def test_whoever_has_logged_in(
        self, cli: Cli, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As ``aws login`` leaves it; only a token that has expired needs what the extra brings."""
        from botocore.utils import JSONFileCache, LoginTokenLoader

        monkeypatch.setattr("botocore.credentials.EC", object())
        monkeypatch.delenv("AWS_LOGIN_CACHE_DIRECTORY", raising=False)
        until = (datetime.now(timezone.utc) + timedelta(hours=8)).isoformat()
        access = {"accessKeyId": "AKIALOGIN", "secretAccessKey": "s", "sessionToken": "t", "accountId": "123456789012"}
        token = {"accessToken": {**access, "expiresAt": until}, "refreshToken": "r", "dpopKey": "k", "clientId": "c"}
        folder = tmp_path / "home" / ".aws" / "login" / "cache"
        LoginTokenLoader(JSONFileCache(str(folder))).save_token("arn:aws:iam::123456789012:user/me", token)
        assert cli(*DRY).code == 0

    def test_nobody_has_logged_in(self, cli: Cli, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("botocore.credentials.EC", object())
        assert "aws login" in refused(cli, cloud, CLOUD, "provision", CONFIG, "--profile", "factory")
