"""``provision --ca``: purposes and names as ``ca sign`` grants them, and what is refused before a key is made."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from optiga.ca.records import utc_now
from optiga.provision.issuers import CaIssuer, Request
from tests.support.ca_helpers import make_request
from tests.support.cli.mistakes import fails
from tests.support.cli.provisioned import Bench, result_of
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
LEFT_OUT = "The certificate is for a TLS client, without this from the CSR: serverAuth"


@pytest.fixture
def ca(cli: Cli) -> str:
    """Folder of a CA that certifies some names."""
    assert cli("ca", "init", "--no-passphrase", "root", "--allow-dns", "*.dev.example").code == 0
    return "root"


def asking(config: Path, *names: str, common_name: str = "lamp") -> str:
    """A configuration that asks for names, in the current folder; for serverAuth, too, as all do."""
    value = json.loads(config.read_text())
    value["csr_config"]["certificate_info"]["common_name"] = common_name
    value["csr_config"]["extensions"] = {"subject_alt_names": [{"dns": name} for name in names]}
    Path("asking.jsn").write_text(json.dumps(value))
    return "asking.jsn"


def issued(cli: Cli, ca: str) -> list[tuple[list[str], list[str]]]:
    """Names and purposes of what a CA has issued."""
    found: list[dict[str, Any]] = json.loads(cli("ca", "list", "--ca", ca, "--output", "json").out)["certificates"]
    return [(one["names"], one["purposes"]) for one in found]


class TestPurposes:
    def test_a_client_unless_it_is_said(self, run: Cli, cli: Cli, ca: str) -> None:
        result = run("--ca", ca, "--no-cloud")
        result_of(result)
        assert LEFT_OUT in result.err
        assert issued(cli, ca) == [([], ["clientAuth"])]

    def test_a_server(self, run: Cli, cli: Cli, ca: str) -> None:
        result = run("--ca", ca, "--no-cloud", "--server")
        result_of(result)
        assert LEFT_OUT not in result.err
        assert issued(cli, ca) == [([], ["clientAuth", "serverAuth"])]

    def test_a_dry_run_says_it(self, run: Cli, cli: Cli, bench: Bench, ca: str) -> None:
        assert LEFT_OUT in run("--ca", ca, "--no-cloud", "--dry-run").err
        assert LEFT_OUT not in run("--ca", ca, "--no-cloud", "--dry-run", "--server").err
        assert issued(cli, ca) == []
        assert not bench.chip.exists()

    @pytest.mark.long
    @pytest.mark.parametrize(("first", "then"), [("--server", ()), (None, ("--server",)), ("--server", ("--server",))])
    def test_a_run_that_goes_on_says_what_the_first_asked(
        self, run: Cli, cli: Cli, ca: str, monkeypatch: pytest.MonkeyPatch, first: str | None, then: tuple[str, ...]
    ) -> None:
        """The CA issues no second certificate for the CSR."""
        certify = CaIssuer.certify

        def interrupted(issuer: CaIssuer, request: Request) -> None:
            certify(issuer, request)
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(CaIssuer, "certify", interrupted)
            assert run("--ca", ca, "--no-cloud", *filter(None, [first])).code == 130
        result = run("--ca", ca, "--no-cloud", *then)
        result_of(result)
        assert issued(cli, ca) == [([], ["clientAuth", "serverAuth"] if first else ["clientAuth"])]
        assert ("as the interrupted run asked" in result.err) is (bool(first) != bool(then))

    @pytest.mark.long
    @pytest.mark.parametrize("host", ["broker.example", "*.dev.example", "192.0.2.7"])
    def test_a_server_that_is_called_like_a_host(
        self, cli: Cli, bench: Bench, config: Path, ca: str, host: str
    ) -> None:
        words = ("--port", bench.port, "provision", asking(config, common_name=host), "--ca", ca, "--no-cloud")
        for more in ((), ("--dry-run",)):
            error = fails(cli, 5, *words, "--server", *more)
            assert "common name" in error
            assert "--server" in error
        assert not bench.chip.exists()
        assert cli(*words).code == 0
        assert issued(cli, ca) == [([], ["clientAuth"])]


class TestNames:
    @pytest.mark.parametrize("more", [(), ("--dry-run",), ("--renew",)])
    def test_others_are_refused(self, cli: Cli, bench: Bench, config: Path, ca: str, more: tuple[str, ...]) -> None:
        wanted = asking(config, "a.dev.example", "broker.example")
        error = fails(cli, 5, "--port", bench.port, "provision", wanted, "--ca", ca, "--no-cloud", *more)
        assert "broker.example" in error
        assert "--ignore-names" in error
        assert not bench.chip.exists()
        assert issued(cli, ca) == []

    def test_others_are_left_out(self, cli: Cli, bench: Bench, config: Path, ca: str) -> None:
        wanted = asking(config, "{uid}.dev.example", "broker.example")
        words = ("--port", bench.port, "provision", wanted, "--ca", ca, "--no-cloud", "--ignore-names")
        assert "broker.example" in cli(*words, "--dry-run").err
        result = cli(*words)
        uid = result_of(result)["uid"]
        assert "broker.example" in result.err
        assert issued(cli, ca) == [([f"DNS:{uid}.dev.example"], ["clientAuth"])]

    @pytest.mark.long
    def test_all_into_the_cloud(self, cli: Cli, bench: Bench, config: Path, ca: str) -> None:
        wanted = asking(config, "a.dev.example")
        result_of(cli("--port", bench.port, "provision", wanted, "--ca", ca, "--server", "--ignore-names"))
        assert issued(cli, ca) == [(["DNS:a.dev.example"], ["clientAuth", "serverAuth"])]
        assert len(bench.active()) == 1


@pytest.mark.parametrize("option", ["--server", "--ignore-names"])
def test_they_go_with_a_ca(run: Cli, bench: Bench, option: str) -> None:
    for more in ((), ("--dry-run",)):
        result = run(option, *more)
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)
        assert f"{option} requires --ca" in result.errors[0]
    assert bench.cloud.calls == []
    assert not bench.chip.exists()


@pytest.mark.long
@pytest.mark.parametrize(
    ("days", "what"), [(-1, "does not begin before"), (25, "the CRL expires on"), (31, "the CRL expired on")]
)
def test_a_crl_that_is_no_good(run: Cli, ca: str, monkeypatch: pytest.MonkeyPatch, days: int, what: str) -> None:
    assert "CRL" not in run("--ca", ca, "--no-cloud", "--dry-run").err
    later = utc_now() + timedelta(days=days)
    with monkeypatch.context() as patch:
        patch.setattr("optiga.cli.support.passphrase.utc_now", lambda: later)
        for more in (("--dry-run",), ()):
            result = run("--ca", ca, "--no-cloud", *more)
            assert result.code == 0
            assert f"Warning: {what}" in result.err or f"Warning: the CRL {what}" in result.err


class TestHostsAsCommonNames:
    """``ca sign --server`` of a CSR whose common name a client may take for a host's."""

    def sign(self, cli: Cli, name: str, *more: str, asked: tuple[x509.ExtensionType, ...] = (SERVER,)) -> Any:
        Path("device.csr").write_bytes(make_request(*asked, name=name))
        return cli("ca", "sign", "device.csr", "--ca", "root", "--force", *more)

    @pytest.mark.parametrize(
        "name",
        sampled(
            [
                "lamp",
                "lamp 7",
                "OPTIGA(TM) Trust IoT",
                "a.dev.example",
                "B.DEV.Example",
                "lamp no. 7",
                "a@broker.example",
                "https://broker.example/",
                "lamp-7",
            ],
            keep=4,
        ),
    )
    def test_granted(self, cli: Cli, ca: str, name: str) -> None:
        assert self.sign(cli, name, "--server").code == 0
        assert issued(cli, ca) == [([], ["clientAuth", "serverAuth"])]

    @pytest.mark.long
    @pytest.mark.parametrize(
        "name",
        sampled(
            [
                "broker.example",
                "BROKER.Example",
                "broker.example.",
                "*.dev.example",
                "*.example",
                "b*.dev.example",
                "a.b.dev.example",
                "dev.example",
                "a_b.dev.example",
                " broker.example",
                "broker.example ",
                "bröker.example",
                "xn--brker-jua.example",
                "192.0.2.7",
                "2001:db8::7",
                "[2001:db8::7]",
                "::1",
            ],
            keep=7,
        ),
    )
    def test_refused(self, cli: Cli, ca: str, name: str) -> None:
        for more in ((), ("--ignore-names",)):
            result = self.sign(cli, name, "--server", *more)
            assert (result.code, result.out, len(result.errors)) == (5, "", 1)
            assert "--allow-dns" in result.errors[0]
            assert "--server" in result.errors[0]
        assert issued(cli, ca) == []
        assert not Path("device.pem").exists()
        assert self.sign(cli, name).code == 0  # a client may be called so
        assert self.sign(cli, name, "--server", asked=()).code == 0
        assert issued(cli, ca) == [([], ["clientAuth"])] * 2

    def test_one_of_several(self, cli: Cli, ca: str) -> None:
        names = [x509.NameAttribute(x509.NameOID.COMMON_NAME, name) for name in ("lamp", "broker.example")]
        Path("device.csr").write_bytes(make_request(SERVER, subject=x509.Name(names)))
        assert "broker.example" in fails(cli, 5, "ca", "sign", "device.csr", "--ca", ca, "--server")


@pytest.mark.long
@pytest.mark.parametrize(("left", "told"), [("2", "Warning: t"), ("2000", "Warning: t"), ("4000", None)])
def test_a_certificate_that_ends_with_its_ca(cli: Cli, run: Cli, left: str, told: str | None) -> None:
    """It is said of a new certificate, before there is a key, and not of a chip that is finished."""
    assert cli("ca", "init", "short", "--days", left, "--no-passphrase").code == 0
    command = ("--ca", "short", "--no-cloud")
    for options in (("--dry-run",), ()):
        result = run(*command, *options)
        assert result.code == 0
        said = [line for line in result.err.splitlines() if "he certificate expires on" in line]
        assert [line.partition("he certificate")[0] for line in said] == ([] if told is None else [told])
    for options in (("--dry-run",), ()):
        assert "expires on" not in run(*command, *options).err
    assert "expires on" not in run(*command, "--renew", "--days", "1").err
