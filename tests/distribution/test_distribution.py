"""What is handed out: a wheel and a source archive, the same bytes from each build, with all that the tool needs."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from optiga import __version__
from tests.support.patience import LIMIT_S
from tests.support.processes import ROOT, run_process

HANDED_OUT = (
    *(".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "pyproject.toml"),
    *("configs", "man", "optiga", "optiga.py", "templates"),
)
"""As much of the checkout as a build needs."""
DATA = f"optiga_personalize-{__version__}.data/data"

SAY_WHAT_IS_MISSING = """
import sys
for name in sys.argv[2:]:
    sys.modules[name] = None
sys.path.insert(0, sys.argv[1])
from optiga.cli import main
sys.exit(main(["boards"]))
"""


def copy_checkout(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in HANDED_OUT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def build(checkout: Path, out: Path, *kinds: str) -> dict[str, bytes]:
    """The files that a build makes, by their names."""
    done = run_process([sys.executable, "-m", "hatchling", "build", "-d", str(out), *kinds], checkout)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive."""
    folder = tmp_path_factory.mktemp("built")
    build(copy_checkout(folder / "checkout"), folder / "dist")
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as an installation has it: a folder of the interpreter's path."""
    folder = tmp_path_factory.mktemp("site")
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return BytesParser().parsebytes(archive.read(name))


@pytest.mark.long
class TestSameBytes:
    def test_from_another_folder_at_another_time(self, built: Path, tmp_path: Path) -> None:
        checkout = copy_checkout(tmp_path / "a folder" / "elsewhere")
        for path in [checkout, *checkout.rglob("*")]:
            path.chmod(path.stat().st_mode & 0o700)
            os.utime(path, (1_000_000_000, 1_000_000_000))
        again = build(checkout, tmp_path / "dist")
        assert len(again) == 2
        assert again == {path.name: path.read_bytes() for path in built.iterdir()}

    def test_from_the_source_archive(self, built: Path, wheel: Path, tmp_path: Path) -> None:
        (source,) = built.glob("*.tar.gz")
        with tarfile.open(source) as archive:
            archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        (checkout,) = tmp_path.iterdir()
        again = build(checkout, tmp_path / "dist", "-t", "wheel")
        assert again == {wheel.name: wheel.read_bytes()}


@pytest.mark.long
class TestContents:
    def test_what_lies_beside_the_package_is_within_it(self, wheel: Path) -> None:
        beside = [path for folder in ("templates", "configs") for path in (ROOT / folder).iterdir()]
        assert len(beside) >= 7
        with ZipFile(wheel) as archive:
            for path in beside:
                assert archive.read(f"optiga/{path.parent.name}/{path.name}") == path.read_bytes()

    def test_all_of_the_package_and_nothing_else(self, wheel: Path) -> None:
        package = ROOT / "optiga"
        files = {path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"}
        assert {package / "py.typed", package / "emulator" / "root.pem"} <= files
        with ZipFile(wheel) as archive:
            names = archive.namelist()
        ours = {path.relative_to(ROOT).as_posix() for path in files}
        assert ours <= set(names)
        extra = {re.sub(r"^(optiga/\w+|[\w.-]+-info)/.*", r"\1", name) for name in set(names) - ours}
        extra -= {f"{DATA}/share/man/man1/{path.name}" for path in (ROOT / "man").iterdir()}
        assert extra == {
            "optiga/templates",
            "optiga/configs",
            f"optiga_personalize-{__version__}.dist-info",
        }

    def test_man_pages(self, wheel: Path) -> None:
        """pip puts them where ``man`` looks: ``share/man/man1`` beside the ``bin`` of the command."""
        pages = list((ROOT / "man").iterdir())
        assert {"optiga.1", "optiga-ca.1"} <= {path.name for path in pages}
        with ZipFile(wheel) as archive:
            for path in pages:
                assert archive.read(f"{DATA}/share/man/man1/{path.name}") == path.read_bytes()

    def test_nothing_that_lies_about_in_a_checkout(self, tmp_path: Path) -> None:
        checkout = copy_checkout(tmp_path / "checkout")
        (checkout / "my-ca").mkdir()
        for name in ("my-ca/ca.key", "bench.chip", "device.pem", "notes.txt"):
            (checkout / name).write_text("not to be handed out")
        for name, content in build(checkout, tmp_path / "dist").items():
            path = tmp_path / name
            path.write_bytes(content)
            if name.endswith(".whl"):
                with ZipFile(path) as archive:
                    names = archive.namelist()
            else:
                with tarfile.open(path) as source:
                    names = source.getnames()
            assert len(names) > 100
            assert not [each for each in names if re.search(r"my-ca|bench\.chip|device\.pem|notes\.txt", each)]

    def test_metadata(self, wheel: Path) -> None:
        told = metadata(wheel)
        assert told["Name"] == "optiga-personalize"
        assert told["Version"] == __version__
        assert told["License-Expression"] == "MIT"
        assert told["Requires-Python"] == ">=3.10"
        classifiers = told.get_all("Classifier", [])
        assert {f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 14)} <= set(classifiers)
        assert any(each.startswith("Predecessor, ") for each in told.get_all("Project-URL", []))

    def test_each_package_that_it_needs_has_a_lowest_version(self, wheel: Path) -> None:
        needed = [each for each in metadata(wheel).get_all("Requires-Dist", []) if "extra ==" not in each]
        assert len(needed) > 5
        for each in needed:
            assert re.match(r"[\w-]+>=\d+(\.\d+)+(;|$)", each), each


def run_unpacked(unpacked: Path, folder: Path, *options: str, program: str, words: tuple[str, ...] = ()) -> str:
    """What a program prints that runs with the unpacked wheel, and without the checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, *options, "-c", program, str(unpacked), *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.long
class TestUnpacked:
    def test_its_own_templates(self, unpacked: Path, tmp_path: Path) -> None:
        program = (
            "import sys; sys.path.insert(0, sys.argv[1]); "
            "from optiga.cloud.aws.templates import THING, own_template; print(own_template(THING))"
        )
        printed = run_unpacked(unpacked, tmp_path, program=program)
        assert Path(printed.rstrip("\n")) == unpacked / "optiga" / "templates" / "thing_policy.template"

    def test_its_own_samples(self, unpacked: Path, tmp_path: Path) -> None:
        program = (
            "import sys; sys.path.insert(0, sys.argv[1]); "
            "from optiga.identity.sample_configurations import sample_paths; print(*sample_paths().values(), sep='\\n')"
        )
        printed = run_unpacked(unpacked, tmp_path, program=program)
        samples = [unpacked / "optiga" / "configs" / path.name for path in sorted((ROOT / "configs").iterdir())]
        assert list(map(Path, printed.splitlines())) == samples

    def test_packages_to_install_are_those_of_its_metadata(self, unpacked: Path, wheel: Path, tmp_path: Path) -> None:
        """No name is advised that somebody else may have: neither the tool's own nor that of a module."""
        printed = run_unpacked(unpacked, tmp_path, "-S", program=SAY_WHAT_IS_MISSING)
        assert printed.startswith("Error: the Python package 'click' is missing")
        assert printed.count("\n") == 1
        command = re.search(r" -m pip install ([\w .-]+) \(", printed)
        assert command is not None
        needed = metadata(wheel).get_all("Requires-Dist", [])
        wanted = [each for each in map(Requirement, needed) if not each.marker or each.marker.evaluate({"extra": ""})]
        names = {each.name for each in wanted}
        assert "pyserial" in names
        assert set(command[1].split()) == names

    def test_nothing_to_install_by_name(self, unpacked: Path, tmp_path: Path) -> None:
        """All that it needs is installed, and still something is not there."""
        printed = run_unpacked(unpacked, tmp_path, program=SAY_WHAT_IS_MISSING, words=("serial",))
        assert printed.startswith("Error: the Python package 'serial' is missing")
        assert printed.count("\n") == 1
        assert "pip install" not in printed
        assert "wheel" in printed


def test_the_checkout_is_installed_from_its_folder(tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "a checkout")
    printed = run_unpacked(checkout, tmp_path, "-S", program=SAY_WHAT_IS_MISSING)
    assert printed.startswith("Error: the Python package 'click' is missing")
    assert f" -m pip install '{checkout}'" in printed or os.name == "nt"


def test_another_project_is_not_installed(tmp_path: Path) -> None:
    """The package copied into somebody's own project: nobody is told to install that."""
    shutil.copytree(ROOT / "optiga", tmp_path / "optiga")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "theirs"\n')
    printed = run_unpacked(tmp_path, tmp_path, "-S", program=SAY_WHAT_IS_MISSING)
    assert printed.startswith("Error: the Python package 'click' is missing")
    assert "pip install" not in printed


@pytest.mark.long
def test_digests_differ_where_a_file_differs(built: Path, tmp_path: Path) -> None:
    """The comparison of builds can fail."""
    checkout = copy_checkout(tmp_path / "checkout")
    (checkout / "templates" / "thing_policy.template").write_text("{}\n")
    again = build(checkout, tmp_path / "dist")
    for path in built.iterdir():
        assert hashlib.sha256(again[path.name]).digest() != hashlib.sha256(path.read_bytes()).digest()


@pytest.mark.long
class TestInstalled:
    """Beside the project of somebody else who tests with it, in an environment of their own."""

    def test_a_project_tests_its_firmware(self, wheel: Path, tmp_path: Path) -> None:
        project = shutil.copytree(ROOT / "tests" / "library" / "firmware_project", tmp_path / "project")
        python = self.environment(tmp_path / "environment", wheel, project)
        tests = [python, "-m", "pytest", "-rs", "-p", "no:randomly", "-p", "no:xdist"]
        done = run_process(tests, project, {"PYTHONPATH": "", "PYTEST_ADDOPTS": ""})
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"^\d\d passed", done.stdout, re.MULTILINE), done.stdout
        where = run_process([python, "-c", "import optiga; print(optiga.__file__)"], project, {"PYTHONPATH": ""})
        assert Path(where.stdout).is_relative_to(tmp_path / "environment")

    def environment(self, folder: Path, *installed: Path) -> str:
        """The interpreter of an environment with some packages of ours, and with those of others that are here."""
        made = run_process([sys.executable, "-m", "venv", "--without-pip", str(folder)], folder.parent)
        assert made.returncode == 0, made.stderr
        python = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
        ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
        (theirs,) = run_process([python, "-c", ask], folder).stdout.split("\n")[:-1]
        others = run_process([sys.executable, "-c", ask], folder).stdout
        (Path(theirs) / "others.pth").write_text(others, encoding="utf-8")  # the .pth files there do not count
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
        done = run_process([*pip, "--no-build-isolation", *map(str, installed)], folder, {"PYTHONPATH": ""})
        assert done.returncode == 0, done.stderr
        return python
