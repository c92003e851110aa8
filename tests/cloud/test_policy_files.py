"""Policies in files, and what is said of files that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from optiga.cloud.aws.policies import (
    PolicyTemplate,
    find_default_template,
    load_template,
    passed_over,
)
from optiga.cloud.aws.templates import THING, own_template
from optiga.errors import ConfigurationError

GOOD: dict[str, Any] = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:*:*:client/lamp"}


def policy(*statements: object, **members: object) -> str:
    """A policy's text with these statements, or the good one."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements or (GOOD,)), **members})


class TestFiles:
    def test_a_byte_order_mark(self, tmp_path: Path) -> None:
        path = tmp_path / "lamp.template"
        path.write_bytes(b"\xef\xbb\xbf" + policy().encode())
        assert load_template(path) == PolicyTemplate(str(path), policy())

    def test_not_utf_8(self, tmp_path: Path) -> None:
        path = tmp_path / "lamp.template"
        path.write_bytes(policy(Id="Lämpchen").encode("utf-16"))
        with pytest.raises(ConfigurationError, match=r"lamp\.template is not UTF-8"):
            load_template(path)

    def test_not_there_a_folder_too_big(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=r"cannot read the policy template .*no such file"):
            load_template(tmp_path / "none")
        with pytest.raises(ConfigurationError, match="it is a folder"):
            load_template(tmp_path)
        path = tmp_path / "big"
        path.write_bytes(b" " * 65537)
        with pytest.raises(ConfigurationError, match="larger than 65536 bytes"):
            load_template(path)

    def test_the_default_is_ours_whatever_lies_in_the_current_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("my_policy.template", "thing_policy.template"):
            Path(name).write_text(policy())
        assert find_default_template() == own_template(THING)

    @pytest.mark.parametrize("name", ["my_policy.template", "thing_policy.template"])
    def test_what_is_passed_over(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.chdir(tmp_path)
        assert passed_over(own_template(THING)) == passed_over(own_template(name)) == ""
        Path(name).write_text(policy())
        assert f"'policy_template' ./{name}" in passed_over(own_template(name))
        assert bool(passed_over(own_template(THING)))
        assert passed_over(Path("another.template")) == passed_over(Path(name)) == ""
        monkeypatch.chdir(own_template(name).parent)
        assert passed_over(own_template(name)) == ""
