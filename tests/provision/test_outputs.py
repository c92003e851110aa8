"""A layout for the files of many chips: none overwrites another's, and no link leads out of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga.cli import main
from optiga.errors import ConfigurationError
from optiga.provision.job import Job
from optiga.provision.outputs import OutputLayout
from optiga.testing import Cloud
from tests.support.places import CONFIG
from tests.support.provision_jobs import Place, configuration

UID, OTHER = "ab" * 27, "cd" * 27


class TestLayout:
    def test_the_documents_names(self) -> None:
        files = OutputLayout(Path("out")).of_chip(UID, "second", "my_policy")
        assert files.folder == Path("out")
        assert files.arn == Path("out/optiga.aws_arn")
        assert files.policy == Path("out/my_policy.aws_iot_policy")

    def test_fields(self) -> None:
        layout = OutputLayout(Path("line/{uid}/{slot}"), "{uid}.aws_arn", "{slot}-{policy}.aws_iot_policy")
        files = layout.of_chip(UID, "second", "p")
        assert files.arn == Path(f"line/{UID}/second/{UID}.aws_arn")
        assert files.policy == Path(f"line/{UID}/second/second-p.aws_iot_policy")
        assert layout.shared == Path("line")

    def test_other_braces_stand_for_themselves(self) -> None:
        layout = OutputLayout(Path("{x}/{}"))
        assert layout.shared == layout.of_chip(UID, "second").folder == Path("{x}/{}")

    def test_no_policy_no_file(self) -> None:
        assert OutputLayout().of_chip(UID, "second").policy is None

    @pytest.mark.parametrize(
        "names",
        [
            ("", "x"),
            ("a/b.aws_arn", "x.aws_iot_policy"),
            ("..", "x"),
            ("personalization.db", "x"),
            ("x.aws_arn", "y.db"),
        ],
    )
    def test_names_that_are_none(self, names: tuple[str, str]) -> None:
        with pytest.raises(ConfigurationError, match="cannot be the name"):
            OutputLayout(Path(), *names)

    def test_folders_are_made(self, tmp_path: Path) -> None:
        layout = OutputLayout(tmp_path / "{uid}" / "{slot}")
        for _ in range(2):
            layout.of_chip(UID, "second").make_folder()
        assert (tmp_path / UID / "second").is_dir()

    def test_no_link_is_followed(self, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "line").mkdir()
        (tmp_path / "line" / UID).symlink_to(tmp_path / "elsewhere")
        layout = OutputLayout(tmp_path / "line" / "{uid}" / "x")
        files = layout.of_chip(UID, "second")
        for refuse in (files.check, files.make_folder):
            with pytest.raises(ConfigurationError, match="symbolic link"):
                refuse()
        assert list((tmp_path / "elsewhere").iterdir()) == []

    def test_a_file_of_the_folders_name(self, tmp_path: Path) -> None:
        (tmp_path / UID).write_text("")
        layout = OutputLayout(tmp_path / "{uid}")
        files = layout.of_chip(UID, "second")
        for refuse in (files.check, files.make_folder):
            with pytest.raises(ConfigurationError, match="not a folder"):
                refuse()

    def test_a_folder_of_a_files_name(self, tmp_path: Path) -> None:
        layout = OutputLayout(tmp_path, "{uid}.aws_arn")
        (tmp_path / f"{UID}.aws_arn").mkdir()
        layout.of_chip(OTHER, "second").check()
        with pytest.raises(ConfigurationError, match="folder"):
            layout.of_chip(UID, "second").check()


class TestManyChips:
    @pytest.mark.long
    @pytest.mark.parametrize("layout", ["{uid}", pytest.param("flat", marks=pytest.mark.long)])
    def test_three_in_one_folder(self, cloud: Cloud, tmp_path: Path, layout: str) -> None:
        """Each chip's files are its own; the policy that they share is written three times, the same each time."""
        folder = tmp_path / "line"
        folder.mkdir()
        outputs = OutputLayout(folder / "{uid}") if layout == "{uid}" else OutputLayout(folder, "{uid}.aws_arn")
        place, job = Place(tmp_path), Job.new_identity(configuration(), outputs=outputs)
        arns = {}
        for name in ("one", "two", "three"):
            entry = place.provision(job, name)
            arns[entry.uid] = entry.certificate_arn
        for uid, arn in arns.items():
            files = outputs.of_chip(uid, "second", "my_policy")
            assert json.loads(files.arn.read_text()) == arn
            assert files.policy is not None
            assert files.policy.is_file()
        assert len(set(arns.values())) == len(list(folder.rglob("*.csr"))) == len(list(folder.rglob("*.pem"))) == 3
        assert len(list(folder.rglob("*.aws_arn"))) == 3

    @pytest.mark.long
    def test_the_command(self, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "out").mkdir()
        words = ("-q", "--port", "emulator:one", "provision", str(CONFIG), "--out-dir")
        assert main([*words, "out/{uid}"]) == 0
        assert len(list(Path("out").glob("*/optiga.aws_arn"))) == 1
        assert (tmp_path / "out" / "personalization.db").is_file()
        assert main([*words, "none/{uid}"]) == 2
