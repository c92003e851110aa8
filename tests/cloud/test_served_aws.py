"""``python -m optiga.testing.aws`` and ``optiga.testing.served_aws``: as processes, for one has one stand-in."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from urllib.request import ProxyHandler, build_opener

import pytest

from optiga.files.activity import Activity, watch
from optiga.testing.aws import server
from optiga.testing.aws.command import how_to_use
from tests.support.cli.runner import NOT_AWS
from tests.support.patience import LIMIT_S
from tests.support.places import CONFIG, CONFIGS, ROOT
from tests.support.processes import OPTIGA, Served, run_process
from tests.support.sampling import sampled

AWS = [sys.executable, "-m", "optiga.testing.aws"]
OURS = {"PYTHONPATH": str(ROOT)}
USERS = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "users-own-token",
    "AWS_ENDPOINT_URL_IOT": "https://iot.example.com",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_ACCESS_KEY_ID": "users-own-key",
}
"""What a user has set for real work."""
SHOW = "import json, os; print(json.dumps({name: os.environ[name] for name in os.environ if name[:4] == 'AWS_'}))"
THING = "thing_per_chip"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, and a user who works with AWS."""
    for name, value in {**USERS, **OURS}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Served]:
    served = Served([*AWS, *options], folder)
    try:
        yield served
    finally:
        served.close()


def python(script: str) -> list[str]:
    return [*AWS, "--", sys.executable, "-c", script]


def lead_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the user change the settings by hand."""
    for name in USERS:
        monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "fake")
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


def fetch(url: str) -> str:
    with build_opener(ProxyHandler({})).open(url, timeout=LIMIT_S) as answer:
        return str(answer.read().decode())


@pytest.mark.long
class TestServed:
    def test_one_line_is_the_url(self, home: Path) -> None:
        with serving(home) as served:
            assert served.port.startswith("http://127.0.0.1:")
            assert "It is not AWS" in fetch(served.port)
            ended = served.end()
        assert (ended.out, ended.code) == ("", 0)
        assert "This is not AWS" in ended.err
        assert ended.err.endswith("# Stopped\n")
        assert "Traceback" not in ended.err

    @POSIX
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", 1)])
    def test_it_ends_when_asked_to(self, home: Path, number: int) -> None:
        with serving(home, "-q") as served:
            ended = served.end(number)
        assert (ended.out, ended.code, len(ended.err.splitlines())) == ("", 0, 1)

    @pytest.mark.skipif(sys.platform == "win32", reason="the lines are for a POSIX shell")
    def test_lines_to_paste(self, home: Path) -> None:
        """In a shell that has the same settings: each of them is set anew, or unset."""
        with serving(home) as served:
            lines = served.read_note("    export AWS_SHARED_CREDENTIALS_FILE")
            ask = [*OPTIGA, "-q", "--port", "emulator:chip", "provision", str(CONFIG), "--query", "thing"]
            assert any(line.startswith("# ") for line in lines)
            script = "\n".join(["set -e", *lines, 'exec "$@"'])  # all of them: what is for people is a comment
            done = run_process(["sh", "-c", script, "sh", *ask], home)
            assert (done.returncode, done.stdout) == (0, "my_thing\n"), done.stderr

    def test_two_at_a_time(self, home: Path) -> None:
        with serving(home) as one, serving(home) as other:
            assert one.port != other.port

    def test_a_port_of_ones_own_again_and_again(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        for _ in range(2):
            with serving(home, "--port", str(port)) as served:
                assert served.port == f"http://127.0.0.1:{port}"
                assert fetch(served.port)
                served.end()


class TestHowToUse:
    ENVIRONMENT: Mapping[str, str] = {
        "AWS_PROFILE": "x",
        "AWS_VPCE": "y",
        "PATH": "/bin",
        "AWS_REGION": "mine",
        "AWS_$(x)": "",
    }

    def test_in_a_posix_shell(self) -> None:
        lines = list(how_to_use({"AWS_REGION": "a b", "NO_PROXY": "127.0.0.1"}, self.ENVIRONMENT, "linux"))
        assert lines[2:4] == ["    export AWS_REGION='a b'", "    export NO_PROXY=127.0.0.1"]
        first, *names = lines[1].split()
        assert (first, "AWS_VPCE" in names, "AWS_REGION" in names) == ("unset", True, False)
        assert not any("$(" in name for name in names)

    @pytest.mark.parametrize("platform", ["linux", "win32"])
    def test_what_is_for_people_is_a_comment(self, platform: str) -> None:
        lines = list(how_to_use({"AWS_REGION": "x"}, self.ENVIRONMENT, platform))
        assert all(line.startswith(("# ", "    ")) for line in lines)
        assert not any(set(line) & set("'\"`$") for line in lines if line.startswith("#"))

    def test_what_another_terminal_may_have(self) -> None:
        """It is not known here; what counts more than the stand-in's address, or stops boto3 beside it, is unset."""
        variables = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "eu-central-1"}
        unset = list(how_to_use(variables, {}, "linux"))[1].split()[1:]
        assert {*USERS} - {"AWS_ACCESS_KEY_ID"} < {*unset}
        assert not variables.keys() & {*unset}

    def test_on_windows(self) -> None:
        lines = list(how_to_use({"AWS_REGION": "it's"}, self.ENVIRONMENT, "win32"))
        assert "    $env:AWS_REGION = 'it''s'" in lines
        assert "    Remove-Item Env:AWS_PROFILE -ErrorAction Ignore" in lines
        assert '    set "AWS_REGION=it\'s"' in lines
        assert '    set "AWS_PROFILE="' in lines
        assert not any("$(" in line for line in lines)


class TestProgram:
    @pytest.mark.long
    def test_it_gets_none_of_the_users_settings(self, home: Path) -> None:
        done = run_process(python(SHOW), home)
        assert done.returncode == 0, done.stderr
        shown = json.loads(done.stdout)
        assert not USERS.items() & shown.items()
        assert "AWS_PROFILE" not in shown
        assert shown["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
        assert "not AWS" in done.stderr
        assert "fake" in done.stderr

    @pytest.mark.long
    @pytest.mark.parametrize("code", [7, 0])
    def test_its_exit_code_and_its_output_are_passed_on(self, home: Path, code: int) -> None:
        done = run_process(python(f"import sys; print('said'); sys.exit({code})"), home)
        assert (done.returncode, done.stdout) == (code, "said\n")

    @pytest.mark.long
    @POSIX
    @pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGKILL", 137)])
    def test_a_signal_ends_it(self, home: Path, name: str, code: int) -> None:
        done = run_process(python(f"import os, signal; os.kill(os.getpid(), signal.{name})"), home)
        assert done.returncode == code

    @pytest.mark.long
    @POSIX
    def test_a_request_to_end_is_the_programs(self, home: Path) -> None:
        script = (
            "import signal, sys, threading\n"
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(21))\n"
            "print('ready', flush=True)\n"
            "while True: threading.Event().wait(1)"
        )
        process = subprocess.Popen(python(script), cwd=home, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGTERM)
            assert process.wait(LIMIT_S) == 21

    @pytest.mark.long
    @POSIX
    def test_killed_while_it_runs(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The program finds nobody any more, and says so; nothing else is left."""
        script = "import os, sys; print(os.environ['AWS_ENDPOINT_URL'], flush=True); sys.stdin.read()"
        process = subprocess.Popen(python(script), cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdin is not None
        with process.stdout, process.stdin:
            url = process.stdout.readline().strip()
            assert "It is not AWS" in fetch(url)
            process.kill()
            assert process.wait(LIMIT_S) == -signal.SIGKILL
            with pytest.raises(OSError, match="refused"):
                fetch(url)
        lead_to(url, monkeypatch)
        done = run_process([*OPTIGA, "-q", "--port", "emulator:chip", "provision", str(CONFIG)], home)
        assert done.returncode == 6, done.stderr
        assert url in done.stderr

    @pytest.mark.long
    @pytest.mark.skipif(shutil.which("aws") is None, reason="the aws command is not installed")
    def test_the_aws_command(self, home: Path) -> None:
        done = run_process([*AWS, "--", "aws", "iot", "create-thing", "--thing-name", "lamp"], home)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["thingName"] == "lamp"

    @pytest.mark.long
    @pytest.mark.parametrize("arguments", ["s3 ls", "lambda list-functions", "dynamodb list-tables"])
    @pytest.mark.skipif(shutil.which("aws") is None, reason="the aws command is not installed")
    def test_another_service(self, home: Path, arguments: str) -> None:
        done = run_process([*AWS, "-q", "--", "aws", *arguments.split()], home)
        assert done.returncode != 0
        last = done.stderr.splitlines()[-1]
        assert f"AWS IoT and AWS STS only, not {arguments.split(maxsplit=1)[0]}" in last
        assert "<" not in last


class TestMistakes:
    """One line, and an exit code of its family."""

    @pytest.mark.long
    def test_a_port_in_use(self, home: Path) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            self.check(home, f"127.0.0.1:{port}: .*--port 0", "--port", str(port))

    @pytest.mark.long
    @pytest.mark.skipif(os.name != "posix", reason="Windows looks for a program when it is started")
    @pytest.mark.parametrize("program", ["no-such-program", "./nothing"])
    def test_no_such_program_is_said_before_anything_starts(self, home: Path, program: str) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            self.check(home, f"{program} cannot be run", "--port", str(port), "--", program)

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ("--port 65536", "--port"),
            ("--port x", "--port"),
            ("--prot 1", "Did you mean '--port'"),
            ("--port -1", "--port"),
            ("--file x.jsn", "No such option '--file'"),
            ("--csr x --foo", "No such option '--csr'"),
            ("--baud 9600", "No such option '--baud'. Try"),
        ],
    )
    def test_usage(self, home: Path, words: str, said: str) -> None:
        self.check(home, said, *words.split())

    @pytest.mark.parametrize(
        "missing", sampled([["moto"], ["flask", "flask_cors"], ["moto", "flask", "flask_cors"]], keep=1)
    )
    def test_the_extra_is_not_installed(self, home: Path, missing: list[str]) -> None:
        gone = f"import sys; sys.modules.update(dict.fromkeys({missing}))"
        script = f"{gone}; from optiga.cli import main; sys.exit(main([], 'optiga.testing.aws.command:command'))"
        done = run_process([sys.executable, "-c", script], home)
        (line,) = done.stderr.splitlines()
        assert (done.returncode, done.stdout) == (2, "")
        assert "[testing]" in line
        assert line.count(" and ") == (len(missing) > 1)
        assert f"pip install {' '.join(missing).replace('_', '-')}" in line

    def check(self, folder: Path, said: str, *words: str) -> None:
        done = run_process([*AWS, *words], folder)
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith("Error: ")
        assert re.search(said, line), line


@pytest.mark.long
class TestEndToEnd:
    """A chip becomes a device, and is taken back, as a newcomer would do it."""

    @pytest.mark.parametrize("issuer", ["AWS", "a CA", "a CA that AWS knows"])
    def test_provision_and_deprovision(self, home: Path, monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
        config = str(CONFIGS / f"config_nistp256_ecdsa_{THING}.jsn")
        chip = ("--port", "emulator:chip")
        own = [] if issuer == "AWS" else ["--ca", "my-ca"]
        with serving(home) as served:
            lead_to(served.port, monkeypatch)

            def run(*words: str) -> str:
                done = run_process([*OPTIGA, *words], home)
                assert done.returncode == 0, done.stderr
                told = [line for line in done.stderr.replace(NOT_AWS, "").splitlines() if "Warning" in line]
                assert all("stays valid unless its CA has revoked it" in line for line in told if own)
                assert own or not told
                return done.stdout.strip()

            if own:
                run("ca", "init", "my-ca", "--no-passphrase")
            if issuer == "a CA that AWS knows":
                run("ca", "register", "my-ca")
            thing = run("-q", *chip, "provision", config, *own, "--query", "thing")
            assert thing.startswith("thing_")
            assert "deprovisioned" in run(*chip, "deprovision", "--delete-thing", "--delete-policy", "--yes")


PROGRAM = """
import json, os
from optiga import testing
from optiga.errors import ConfigurationError

before = dict(os.environ)
with testing.served_aws() as cloud:
    assert dict(os.environ) == before
    cloud.iot.create_thing(thingName="lamp")
    os.environ.clear()
    os.environ.update(cloud.environment)
    import boto3
    (thing,) = boto3.client("iot").list_things()["things"]
    assert cloud.calls == ["ListThings"], cloud.calls
    try:
        with testing.served_aws():
            raise SystemExit("two")
    except ConfigurationError as error:
        print(error.reason)
    for wrong in ({"times": -1}, {"skip": -1}):
        try:
            cloud.fail("CreateThing", testing.CloudFault.THROTTLE, **wrong)
            raise SystemExit("a negative number")
        except ValueError:
            pass
    for call, how in ((cloud.fail, testing.CloudFault.THROTTLE), (cloud.falsify, dict)):
        try:
            call("CreateThingy", how)
            raise SystemExit("a name that AWS does not have")
        except ValueError as error:
            assert "CreateThingy" in str(error)
    cloud.fail("AssumeRole", testing.CloudFault.THROTTLE)
    print(cloud)
with testing.served_aws() as cloud:
    assert cloud.iot.list_things()["things"] == []
for port in (-1, 65536):
    try:
        with testing.served_aws(port=port):
            raise SystemExit("no port")
    except ConfigurationError as error:
        print(error.reason)
"""


def test_who_waits_for_its_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Watcher:
        def begin(self, activity: Activity) -> None:
            assert activity.note is not None, "nothing is said where there is no terminal"
            assert activity.note().startswith("# "), "it cannot be pasted into a shell"
            told.append(activity.say())

        def end(self, activity: Activity) -> None:
            told.append(f"{activity.say()}: done")

    @contextmanager
    def start(_: object) -> Iterator[str]:
        told.append("starts")
        yield "the stand-in"

    monkeypatch.setattr(server, "_serving", start)
    monkeypatch.setattr(server, "_ONE", Lock())  # another one may be served here
    stop = watch(Watcher())
    try:
        with server.served_aws() as cloud:
            assert cloud == "the stand-in"  # type: ignore[comparison-overlap]
    finally:
        stop()
    first, *others = told
    assert others == ["starts", f"{first}: done"]


@pytest.mark.long
def test_in_a_program(home: Path) -> None:
    done = run_process([sys.executable, "-c", PROGRAM], home)
    assert done.returncode == 0, done.stderr
    first, shown, *others = done.stdout.splitlines()
    assert (first, others) == ("busy", ["bad_value", "bad_value"])
    assert shown.startswith("<Cloud at 'http://127.0.0.1:")
    assert done.stderr == ""


@pytest.mark.long
def test_a_suite_without_the_extra(home: Path) -> None:
    """The fixture fails with one line that says what to install."""
    (home / "conftest.py").write_text(
        "import sys\nsys.modules['moto'] = None\npytest_plugins = ['optiga.testing.pytest_plugin']\n"
    )
    (home / "test_it.py").write_text("def test_it(optiga_aws): pass\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly"]
    done = run_process(command, home, {"PYTEST_ADDOPTS": ""})
    assert done.returncode == 1
    said, _, _ = done.stdout.partition("short test summary")  # which has all of it again where CI is set
    assert said.count("[testing]") == 1
    assert "Traceback" not in done.stdout
