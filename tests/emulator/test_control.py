"""The control of a chip that is served: each verb, what is shown of commands, and requests that are none."""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.emulator.control import Address, Control, parse_address
from optiga.emulator.control_requests import Desk, parse_request
from optiga.emulator.control_server import ControlServer
from optiga.emulator.controls import Controls
from optiga.emulator.events import Event, Events, event_of
from optiga.emulator.running import own_socket, served
from optiga.emulator.shared_chip import Executed, SharedChip
from optiga.emulator.store import MemoryStore
from optiga.errors import BoardError, ClosedError, ConfigurationError, OptigaError, Reason
from optiga.protocol.codes import ErrorCode
from tests.support.patience import LIMIT_S

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets are POSIX")
OPEN = bytes.fromhex("f0000010d27600000447656e417574684170706c")
READ = bytes.fromhex("01000002f1d0")
WRITE = bytes.fromhex("02000007f1d00000c0ffee")
SECRET = b"\xc0\xff\xee"


class Bench(NamedTuple):
    """A chip that is controlled.

    :param address: of its control.
    :param reports: what the server has said of requests that it refused.
    """

    controls: Controls
    address: Address
    reports: list[OptigaError]


@pytest.fixture(params=["unix", "tcp"] if os.name == "posix" else ["tcp"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    controls, reports = Controls(SharedChip()), []
    server = ControlServer(controls, report=reports.append)
    with own_socket() as path:
        wanted = Address(path if request.param == "unix" else None)
        with served(lambda announce, stop: server.serve(wanted, announce=announce, stop=stop)) as said:
            yield Bench(controls, parse_address(said, is_tcp=request.param == "tcp"), reports)


def test_power(bench: Bench) -> None:
    chip = bench.controls.chip
    chip.execute(OPEN)
    assert chip.execute(READ)[0] == 0
    with Control(bench.address) as control:
        control.power_cycle()
    assert chip.execute(READ)[0] != 0  # the application is closed


def test_what_is_closed_says_so(bench: Bench) -> None:
    control = Control(bench.address)
    control.close()
    for act in (control.power_cycle, control.__enter__, control.events):
        with pytest.raises(ClosedError, match="the control is closed"):
            act()


def test_faults_in_their_order(bench: Bench) -> None:
    with Control(bench.address) as control:
        control.fault("lose")
        control.fault("damage", times=2)
        control.fault("delay", milliseconds=250)
        control.fault("repeat")
    faults = bench.controls.faults
    found = [fault for _ in range(5) if (fault := faults.take_of_answer())]
    assert [fault.kind.value for fault in found] == ["lost", "damaged", "damaged", "delayed", "repeated"]
    assert found[3].seconds == 0.25
    assert not faults


def test_faults_are_cleared(bench: Bench) -> None:
    """Those that have not happened; later ones happen."""
    with Control(bench.address) as control:
        for kind, milliseconds in (("delay", None), ("lose", 5), ("delay", -1), ("delay", 3_600_001)):
            with pytest.raises(ConfigurationError, match="'milliseconds'") as caught:
                control.fault(kind, milliseconds=milliseconds)
            assert caught.value.parameter == "milliseconds"
        with pytest.raises(TypeError, match="milliseconds must be int"):
            control.fault("delay", milliseconds="5")  # type: ignore[arg-type]
        control.fault("lose", times=1000)
        control.fault("delay", milliseconds=250)
        bench.controls.faults.damage_next_command()
        control.clear_faults()
        assert not bench.controls.faults
        control.clear_faults()
        control.fault("repeat")
        assert len(bench.controls.faults) == 1
        with pytest.raises(ConfigurationError, match="times"):
            control.fault("clear", times=2)
        with pytest.raises(ConfigurationError, match="milliseconds"):
            control.fault("clear", milliseconds=2)
        assert len(bench.controls.faults) == 1


def test_state_there_and_back(bench: Bench) -> None:
    chip = bench.controls.chip
    chip.execute(OPEN)
    with Control(bench.address) as control:
        before = control.snapshot()
        chip.execute(WRITE)
        changed = control.snapshot()
        assert changed != before
        control.restore(before)
        assert control.snapshot() == before
        control.restore(changed)
        chip.execute(OPEN)
        assert SECRET in chip.execute(READ)
        with pytest.raises(ConfigurationError):
            control.restore({**before, "model": "trust-x"})
        with pytest.raises(ConfigurationError):
            control.restore({"format": "another"})
        assert control.snapshot()["objects"]["0xF1D0"] == changed["objects"]["0xF1D0"]
    assert len(bench.reports) == 2


def test_a_state_that_leaves_something_out(bench: Bench) -> None:
    """What the chip would lose is said, and it loses nothing; a state without what is as in a new chip is whole."""
    with Control(bench.address) as control:
        blank = control.snapshot()
        bench.controls.chip.execute(OPEN)
        bench.controls.chip.execute(WRITE)
        changed = control.snapshot()
        objects = dict(changed["objects"])
        part = {**changed, "objects": {oid: objects[oid] for oid in objects if oid not in ("0xF1D0", "0xF1D1")}}
        with pytest.raises(ConfigurationError, match="0xF1D0") as refused:
            control.restore(part)
        assert refused.value.reason is Reason.NOT_CONFIRMED
        assert "0xF1D1" not in str(refused.value)
        assert control.snapshot() == changed
        without_rules = {name: value for name, value in objects["0xF1D0"].items() if name != "metadata_in_words"}
        control.restore({**changed, "objects": {**objects, "0xF1D0": without_rules}})
        control.restore(part, partial=True)
        assert control.snapshot()["objects"]["0xF1D0"] == blank["objects"]["0xF1D0"]
        control.restore(part)


def test_security_counter(bench: Bench) -> None:
    with Control(bench.address) as control:
        control.set_security_counter(200)
        assert 190 < _counter(bench) <= 200
        control.power_cycle()
        assert _counter(bench) > 190  # it is in the memory that needs no power
        for wrong in (-1, 256, True):
            with pytest.raises(ConfigurationError):
                control.set_security_counter(wrong)


def test_the_disk_is_full(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has happened then, and both ends say why."""
    with Control(bench.address) as control:
        before = control.snapshot()
        with monkeypatch.context() as full:
            full.setattr(MemoryStore, "save", _fail)
            for act in (lambda: control.set_security_counter(200), lambda: control.restore(before)):
                with pytest.raises(BoardError, match="disk is full"):
                    act()
        assert _counter(bench) == 0
        assert control.snapshot() == before
    assert len(bench.reports) == 2


def _fail(*_: object) -> None:
    raise BoardError("the disk is full")


def test_the_monitor_is_off(bench: Bench) -> None:
    state = bench.controls.chip.snapshot()
    monitor = state.objects[0xE0C9]
    bench.controls.restore(
        state._replace(objects={**state.objects, 0xE0C9: monitor.with_data(b"\0" + monitor.data[1:])})
    )
    with Control(bench.address) as control, pytest.raises(ConfigurationError):
        control.set_security_counter(1)
    assert _counter(bench) == 0


def _counter(bench: Bench) -> int:
    chip = bench.controls.chip
    chip.execute(OPEN)
    return chip.execute(bytes.fromhex("01000002e0c5"))[-1]


def test_events_say_no_data(bench: Bench) -> None:
    chip = bench.controls.chip
    chip.execute(READ)
    chip.execute(OPEN)
    chip.execute(WRITE)
    with Control(bench.address) as control:
        events = control.events()
        assert [(one.command, one.object, one.result) for one in events] == [
            ("GetDataObject", "0xF1D0", f"0x{ErrorCode.COMMAND_NOT_AVAILABLE:02X} command not available"),
            ("OpenApplication", None, "done"),
            ("SetDataObject", "0xF1D0", "done"),
        ]
        assert all(one.milliseconds >= 0 for one in events)
        stream = control.follow()
        assert [next(stream) for _ in events] == events
        chip.execute(READ)
        assert next(stream).command == "GetDataObject"
        control.power_cycle()  # the same control can be used meanwhile
    assert SECRET.hex() not in str(events)


def test_followers_end_with_the_server(bench: Bench) -> None:
    controls = Controls(SharedChip())
    server = ControlServer(controls)
    heard: list[Event] = []
    with own_socket() as path:
        wanted = Address(None if bench.address.path is None else path)
        with served(lambda announce, stop: server.serve(wanted, announce=announce, stop=stop)) as said:
            address = parse_address(said, is_tcp=wanted.path is None)
            with Control(address) as control:
                controls.chip.execute(OPEN)
                stream = control.follow()
                heard.append(next(stream))
                rest = threading.Thread(target=lambda: heard.extend(stream))
                rest.start()
        rest.join(LIMIT_S)
        assert not rest.is_alive()
    assert len(heard) == 1
    with pytest.raises(BoardError):
        Control(address)


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("31110009 010001aa 030005e0f1", None),  # cut off
        ("31110009 010001aa 030002e0f1", "0xE0F1"),
        ("3803000a 010002e0f1 02000110", "0xE0F1"),
        ("38030003 070000", None),
        ("30e20009 110006 e0e0 0000 0004", "0xE0E0"),
        ("30e20005 010002 c0ff", None),
        ("14080005 e200 010000", "0xE200"),
        ("0c000002 0010", None),
        ("33010008 010002e0f0 050000", "0xE0F0"),
        ("55000002 e0f0", None),
    ],
)
def test_the_object_of_a_command(command: str, named: str | None) -> None:
    event = event_of(Executed(bytes.fromhex(command), b"\0\0\0\0", None, 0.0015))
    assert (event.object, event.milliseconds) == (named, 1.5)


def test_an_event_in_real_time() -> None:
    executed = Executed(bytes.fromhex("3803000a010002e0f102000110"), b"\0\0\0\0", None, 0.001)
    assert event_of(executed, is_slow=True).milliseconds > 10


@given(command=st.binary(max_size=24), error=st.sampled_from([None, *ErrorCode]))
def test_there_is_an_event_of_whatever_comes(command: bytes, error: ErrorCode | None) -> None:
    assert json.loads(json.dumps(event_of(Executed(command, None, error, 0.0), is_slow=True).result)) == "not executed"


class TestRequests:
    """What comes in is checked where it comes in."""

    JSON = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
        max_leaves=4,
    )

    @settings(max_examples=60, deadline=None)
    @given(line=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
    def test_damaged_lines(self, line: bytes) -> None:
        refused = ""
        try:
            assert isinstance(parse_request(line), dict)
        except ConfigurationError as error:
            refused = str(error)
        assert "\n" not in refused

    @settings(max_examples=60, deadline=None)
    @given(
        verb=st.sampled_from(["fault", "events", "restore", "security-counter", "other"]),
        values=st.dictionaries(st.sampled_from(["kind", "times", "ms", "value", "state", "follow", "x"]), JSON),
    )
    def test_damaged_values(self, verb: str, values: dict[str, object]) -> None:
        controls = Controls(_CHIP)
        before, refused = controls.chip.snapshot(), ""
        try:
            Desk(controls, Events()).answer({"verb": verb, **values})
        except ConfigurationError as error:
            refused = str(error)
        if refused:
            assert not controls.faults
            assert controls.chip.snapshot() == before
        assert "\n" not in refused
        assert len(refused) < 400

    def test_who_sends_none_is_told_and_left(self, bench: Bench) -> None:
        for line in (b"POST / HTTP/1.1", b"[]", b'{"verb": "power", "verb": "power"}', b"\xff", b"[" * 5000):
            with _connected(bench.address) as other:
                other.sendall(line + b'\n{"verb": "security-counter", "value": 9}\n')
                answer = other.makefile("rb").read()
                assert list(json.loads(answer)) == ["error"]
        assert _counter(bench) == 0
        assert len(bench.reports) == 5

    def test_a_line_without_an_end(self, bench: Bench) -> None:
        with _connected(bench.address) as other:
            try:
                other.sendall(b" " * (2 << 20))
                answer = other.makefile("rb").read()
            except ConnectionError:  # it was left before it had sent all
                answer = b""
        assert answer == b"" or b"no end" in answer
        with Control(bench.address) as control:
            control.power_cycle()


_CHIP = SharedChip()


def _connected(address: Address) -> socket.socket:
    connection = socket.socket(socket.AF_INET if address.path is None else socket.AF_UNIX)
    connection.settimeout(LIMIT_S)
    connection.connect(("127.0.0.1", address.port) if address.path is None else str(address.path))
    return connection


@POSIX
def test_nobody_else_opens_the_socket(tmp_path: Path) -> None:
    server = ControlServer(Controls(SharedChip()))
    with own_socket() as path:
        with served(lambda announce, stop: server.serve(Address(path), announce=announce, stop=stop)):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            with (
                pytest.raises(BoardError),
                served(lambda announce, stop: server.serve(Address(path), announce=announce, stop=stop)),
            ):
                pass
        assert not path.exists()
    taken = tmp_path / "file"
    taken.write_text("mine")
    with (
        pytest.raises(BoardError),
        served(lambda announce, stop: server.serve(Address(taken), announce=announce, stop=stop)),
    ):
        pass
    assert taken.read_text() == "mine"


@pytest.mark.parametrize("text", ["socket", "127.0.0.1:", "0.0.0.0:5000", "127.0.0.1:70000", "host:1", "127.0.0.1:-1"])
def test_only_this_computer_on_windows(text: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_address(text, is_tcp=True)
    assert parse_address("127.0.0.1:5000", is_tcp=True) == Address(None, 5000)
    assert parse_address(text, is_tcp=False) == Address(Path(text))


@pytest.mark.parametrize(
    "answer", [b"", b"hello\n", b"[]\n", b'{"ok": true}\n', b'{"error": 1}\n', b"{" * 3000 + b"\n"]
)
def test_what_answers_is_no_server_of_controls(answer: bytes) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(1 << 16)
                client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with Control(Address(None, listener.getsockname()[1])) as control, pytest.raises(BoardError):
            control.snapshot()
        thread.join(LIMIT_S)
