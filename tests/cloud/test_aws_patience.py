"""A bad network between here and AWS: each call ends, and what stands in between is named."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from botocore.signers import RequestSigner

from optiga.cloud.aws import patience
from optiga.cloud.aws.connection import AwsOptions, connect
from optiga.cloud.aws.errors import AwsError
from optiga.files.activity import Activity, watch
from tests.support.makers import make_certificate, make_key
from tests.support.patience import LIMIT_S
from tests.support.sampling import sampled

Answer = Callable[[socket.socket, int], None]
IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>A</UserId><Account>123456789012</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "A")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "S")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr("time.sleep", lambda _: None)  # between two attempts


class Server:
    """Answers each connection as a test says.

    :ivar port: on 127.0.0.1.
    :ivar count: how many connections there were.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.count = 0
        self.is_over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.count += 1
                self._open.append(connection)
                threading.Thread(target=self._talk, args=(connection, self.count), daemon=True).start()

    def _talk(self, connection: socket.socket, count: int) -> None:
        with closing(connection), suppress(OSError):
            self._answer(connection, count)

    def close(self) -> None:
        self.is_over.set()
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    with closing(Server(answer)) as server:
        yield server


def receive(connection: socket.socket) -> bytes:
    """One request, body included."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(4096)
    head, body = data.split(b"\r\n\r\n", 1)
    lengths = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < lengths[0]:
        body += connection.recv(4096)
    return data


def response(body: bytes, status: str = "200 OK", *fields: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answer(connection: socket.socket, _: int) -> None:
    """As STS does."""
    receive(connection)
    connection.sendall(response(IDENTITY))


def _reset(connection: socket.socket, _: int) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _answer_as_ssh(connection: socket.socket, _: int) -> None:
    connection.recv(4096)
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


def _cut_off(connection: socket.socket, _: int) -> None:
    connection.recv(4096)
    connection.sendall(response(IDENTITY, length=len(IDENTITY) + 1))


def refusal(url: str, **options: float) -> str:
    with pytest.raises(AwsError) as raised:
        connect(AwsOptions(endpoint_url=url, **options))  # type: ignore[arg-type]
    return str(raised.value)


class TestTime:
    @pytest.mark.long
    def test_half_open(self) -> None:
        """Nobody answers, and nobody hangs up."""
        with serving(lambda connection, _: connection.recv(1) and server.is_over.wait()) as server:  # type: ignore[arg-type,return-value]
            assert "has not completed sts:GetCallerIdentity within 1 seconds" in refusal(server.url, timeout_s=1)

    @pytest.mark.parametrize(
        "head",
        [b"", pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", marks=pytest.mark.long)],
        ids=["head", "body"],
    )
    @pytest.mark.long
    def test_a_byte_now_and_then(self, head: bytes) -> None:
        def trickle(connection: socket.socket, _: int) -> None:
            receive(connection)
            connection.sendall(head)
            while not server.is_over.wait(0.1):
                connection.sendall(b"H")

        with serving(trickle) as server:
            assert "has not completed sts:GetCallerIdentity within 1 seconds" in refusal(server.url, timeout_s=1)
            assert server.count == 1

    @pytest.mark.long
    def test_a_word_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(patience, "_SILENCE_S", 0.1)
        said: list[str] = []

        def wait(connection: socket.socket, count: int) -> None:
            heard.wait()
            answer(connection, count)

        def notice(text: str) -> None:
            said.append(text)
            heard.set()

        heard = threading.Event()
        with serving(wait) as server:
            assert connect(AwsOptions(endpoint_url=server.url), notice).account == "123456789012"
        assert [text.startswith("AWS has not answered sts:GetCallerIdentity for ") for text in said[:1]] == [True]


class Person:
    """Hears what takes its time.

    :param hears: is called as something begins.
    """

    def __init__(self, hears: Callable[[], object] = lambda: None, *, sees: bool = False) -> None:
        self._hears, self._sees = hears, sees
        self.said: list[str] = []
        self.began: list[float] = []
        self.counted: list[float] = []
        self.going_on = 0

    def begin(self, activity: Activity) -> None:
        self.said.append(activity.say())
        self.began.append(activity.began)
        self.going_on += 1
        activity.is_shown = self._sees
        self._hears()

    def end(self, activity: Activity) -> None:
        self.counted.append(activity.began)
        self.going_on -= 1


@contextmanager
def heard_by(person: Person) -> Iterator[Person]:
    stop = watch(person)
    try:
        yield person
    finally:
        stop()


class TestSaid:
    """A person sees what AWS is asked, as long as it is waited for."""

    def test_in_words(self) -> None:
        words = [patience.in_words(one) for one in ("CreateCertificateFromCsr", "RegisterCACertificate", "ListThings")]
        assert words == ["create certificate from CSR", "register CA certificate", "list things"]

    def test_until_it_is_answered(self) -> None:
        asked = threading.Event()

        def late(connection: socket.socket, count: int) -> None:
            asked.wait(LIMIT_S)
            answer(connection, count)

        with serving(late) as server, heard_by(Person(asked.set)) as person:
            connect(AwsOptions(endpoint_url=server.url))
        assert (person.said, person.going_on) == (["Waiting for AWS: get caller identity"], 0)

    def test_seconds_count_from_the_first_attempt(self) -> None:
        def cut(connection: socket.socket, count: int) -> None:
            receive(connection)
            connection.sendall(response(IDENTITY, length=len(IDENTITY) + (count < 3)))

        with serving(cut) as server, heard_by(Person()) as person:
            assert connect(AwsOptions(endpoint_url=server.url)).account == "123456789012"
        assert (len(person.said), len(set(person.began)), person.going_on) == (3, 3, 0)
        assert len(set(person.counted)) == 1

    def test_nothing_is_left_of_a_call_that_fails(self) -> None:
        with serving(lambda connection, _: connection.sendall(response(b"<html>"))) as server:
            with heard_by(Person()) as person:
                refusal(server.url)
            assert person.said
            assert person.going_on == 0

    def test_not_while_credentials_are_fetched(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """They may ask for a code at the terminal."""
        sign, meanwhile = RequestSigner.sign, []

        def signed(self: RequestSigner, *args: object, **options: object) -> None:
            meanwhile.append(person.going_on)
            sign(self, *args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(RequestSigner, "sign", signed)

        def cut_once(connection: socket.socket, count: int) -> None:
            receive(connection)
            connection.sendall(response(IDENTITY, length=len(IDENTITY) + (count < 2)))

        with serving(cut_once) as server, heard_by(Person()) as person:
            connect(AwsOptions(endpoint_url=server.url))
        assert meanwhile == [0, 0]

    @pytest.mark.long
    def test_no_second_word_where_a_line_says_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(patience, "_SILENCE_S", 0.0)

        def late(connection: socket.socket, _: int) -> None:
            receive(connection)
            server.is_over.wait(LIMIT_S)

        with serving(late) as server, heard_by(Person(sees=True)):
            said: list[str] = []
            with pytest.raises(AwsError):
                connect(AwsOptions(endpoint_url=server.url, timeout_s=1), said.append)
        assert said == []


class TestAskedAgain:
    @pytest.mark.parametrize("is_reset", [False, pytest.param(True, marks=pytest.mark.long)], ids=["closed", "reset"])
    def test_an_answer_that_is_cut(self, is_reset: bool) -> None:
        def cut(connection: socket.socket, count: int) -> None:
            receive(connection)
            if count > 2:
                connection.sendall(response(IDENTITY))
                return
            connection.sendall(response(IDENTITY[:40], length=len(IDENTITY)))
            if is_reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

        with serving(cut) as server:
            assert connect(AwsOptions(endpoint_url=server.url)).account == "123456789012"
            assert server.count == 3


class TestNotAskedAgain:
    """What will not change."""

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("407 Proxy Authentication Required", "user name and password"),
            ("403 Forbidden", "NO_PROXY"),
            pytest.param("302 Found", "NO_PROXY", marks=pytest.mark.long),
        ],
    )
    def test_a_proxy_that_lets_nothing_through(self, status: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(connection: socket.socket, _: int) -> None:
            receive(connection)
            connection.sendall(response(b"", status))

        with serving(refuse) as server:
            monkeypatch.setenv("HTTPS_PROXY", server.url)
            said = refusal("https://aws.example")
            assert server.count == 1
        assert f"the proxy does not let sts:GetCallerIdentity through: HTTP {status}" in said
        assert words in said

    @pytest.mark.parametrize(
        "answered",
        sampled(
            [
                response(b"", "302 Found", "Location: http://login.example/"),
                response(b"<html>Log in</html>", "302 Found", "Location: http://login.example/"),
                response(b"<!DOCTYPE html><title>Log in</title>"),
                response(b"<html>Log in</html>", "511 Network Authentication Required"),
            ],
            keep=1,
        ),
    )
    def test_a_network_that_wants_its_user_to_log_in(self, answered: bytes) -> None:
        def portal(connection: socket.socket, _: int) -> None:
            receive(connection)
            connection.sendall(answered)

        with serving(portal) as server:
            said = refusal(server.url)
            assert "with a web page" in said or "an invalid answer" in said
            assert "login in the browser" in said
            assert server.count <= 3

    def test_a_certificate_that_is_not_awss(self, tmp_path: Path) -> None:
        key = make_key()
        (tmp_path / "it.pem").write_bytes(key.pem + make_certificate(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "it.pem")

        def greet(connection: socket.socket, _: int) -> None:
            with suppress(ssl.SSLError):
                context.wrap_socket(connection, server_side=True).close()

        with serving(greet) as server:
            said = refusal(f"https://127.0.0.1:{server.port}")
            assert server.count == 1
        assert "no trusted connection to AWS at sts:GetCallerIdentity" in said
        assert "AWS_CA_BUNDLE" in said

    @pytest.mark.parametrize(
        ("number", "times", "words"),
        [
            (socket.EAI_NONAME, 1, "the host name in https://aws.example"),
            pytest.param(
                *(socket.EAI_AGAIN, 3, "AWS cannot be reached at sts:GetCallerIdentity"), marks=pytest.mark.long
            ),
        ],
    )
    def test_a_name_that_nobody_knows(
        self, number: int, times: int, words: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[object] = []

        def find(*words: object, **_: object) -> None:
            asked.append(words)
            raise socket.gaierror(number, "it is not known")

        monkeypatch.setattr(socket, "getaddrinfo", find)
        assert words in refusal("https://aws.example")
        assert len(asked) == times

    def test_nobody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        said = refusal(f"http://127.0.0.1:{port}")
        assert f"http://127.0.0.1:{port}" in said
        assert "start its server" in said
        assert "'python -m optiga.testing.aws') has a new address" in said

    @pytest.mark.parametrize("attempts", ["2", "8"], ids=["asked to the end", "out of time"])
    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.parametrize(
        "answered",
        [lambda *_: None, _reset, _answer_as_ssh, _cut_off],
        ids=["dropped", "reset", "no HTTP", "cut off"],
    )
    def test_a_server_on_this_computer_that_runs(
        self, answered: Answer, scheme: str, attempts: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It need not be started."""
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", attempts)
        with serving(answered) as server:
            timeout_s = 60 if attempts == "2" else 1.5
            said = refusal(f"{scheme}://127.0.0.1:{server.port}", timeout_s=timeout_s)
        assert "start its server" not in said
        assert "proxy" not in said
        assert "look at its log" in said

    @pytest.mark.parametrize("timeout_s", [0.5, 1, 2, 2.9])
    def test_nobody_listens_and_there_is_no_time_to_ask_again(self, timeout_s: float) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        said = refusal(f"http://127.0.0.1:{port}", timeout_s=timeout_s)
        assert f"http://127.0.0.1:{port}" in said
        assert "cannot be reached" in said
        assert "has not completed" not in said

    def test_the_line_breaks_and_there_is_no_time_to_ask_again(self) -> None:
        """What has happened is said, not that nothing was answered."""
        with serving(lambda connection, _: connection.close()) as server:
            said = refusal(server.url, timeout_s=1)
        assert "no answer" not in said
        assert "has not completed sts:GetCallerIdentity" in said
        assert "onnection" in said


def test_no_json_of_an_answer_that_is_whole() -> None:
    """An answer that has its length, and is none."""
    with serving(answer) as server:
        aws = connect(AwsOptions(endpoint_url=server.url))

        def lie(connection: socket.socket, _: int) -> None:
            receive(connection)
            connection.sendall(response(json.dumps(["no", "answer"]).encode()))

        server._answer = lie
        with pytest.raises(AwsError, match="an invalid answer"):
            aws.endpoint()
