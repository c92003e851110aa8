"""Names and purposes: what a CA certifies beside a subject, and how it says what it leaves out."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from optiga.ca.naming import MAX_NAMES, check_patterns, is_dns_name
from optiga.errors import ConfigurationError
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, verify
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

ALLOWED = ("--allow-dns", "*.dev.example", "--allow-dns", "Gateway.example")
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


@pytest.fixture
def ca(cli: Cli) -> str:
    """Folder of a CA that certifies some names."""
    assert cli("ca", "init", "--no-passphrase", "root", *ALLOWED).code == 0
    return "root"


def ask(*names: str | x509.GeneralName, **more: Any) -> None:
    """Put a CSR that asks for names into a file."""
    general = [
        x509.DNSName(
            name,
        )
        if isinstance(name, str)
        else name
        for name in names
    ]
    Path("device.csr").write_bytes(make_request(x509.SubjectAlternativeName(general), **more))


def sign(cli: Cli, ca: str, *words: str) -> dict[str, Any]:
    done = cli("ca", "sign", "device.csr", "--ca", ca, "--output", "json", "--force", *words)
    assert done.code == 0, done.err
    result: dict[str, Any] = json.loads(done.out)
    return {**result, "said": done.err}


def issued(cli: Cli, ca: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(cli("ca", "list", "--ca", ca, "--output", "json").out)["certificates"]
    return found


class TestNames:
    def test_allowed_ones(self, cli: Cli, ca: str) -> None:
        ask("a.dev.example", "B.Dev.Example", "gateway.example")
        result = sign(cli, ca)
        assert result["names"] == ["DNS:a.dev.example", "DNS:B.Dev.Example", "DNS:gateway.example"]
        certificate = x509.load_pem_x509_certificate(Path("device.pem").read_bytes())
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert found.get_values_for_type(x509.DNSName) == ["a.dev.example", "B.Dev.Example", "gateway.example"]
        assert [one["names"] for one in issued(cli, ca)] == [result["names"]]
        shown = json.loads(cli("ca", "show", result["serial"], "--ca", ca, "--output", "json").out)
        assert (shown["names"], shown["purposes"]) == (result["names"], ["clientAuth"])

    @pytest.mark.parametrize(
        "name",
        sampled(
            [
                "*",
                "*.com",
                "*.dev.example",
                "a.b.dev.example",
                "dev.example",
                "adev.example",
                "a.dev.example.evil.example",
                "broker.example",
                "a.gateway.example",
                "a_b.dev.example",
                "-a.dev.example",
                "a.dev.example.",
                ".dev.example",
                f"{'a' * 64}.dev.example",
                "",
                "a b.dev.example",
                "a\0.dev.example",
                "a\n.dev.example",
                "192.0.2.7",
                x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
                x509.IPAddress(ipaddress.ip_network("192.0.2.0/24")),
                x509.UniformResourceIdentifier("https://a.dev.example/"),
                x509.RFC822Name("a@a.dev.example"),
                x509.DirectoryName(x509.Name([])),
                x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a\nb")])),
                x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
                x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01a"),
            ],
            keep=12,
        ),
    )
    def test_others(self, cli: Cli, ca: str, name: str | x509.GeneralName) -> None:
        ask("a.dev.example", name)
        fails(cli, 5, "ca", "sign", "device.csr", "--ca", ca)
        assert issued(cli, ca) == []
        assert not Path("device.pem").exists()
        result = sign(cli, ca, "--ignore-names")
        assert result["names"] == ["DNS:a.dev.example"]
        assert "Left out" in result["said"]
        assert result["said"].strip().isprintable()

    def test_thousands_of_them_are_counted(self, cli: Cli, ca: str) -> None:
        usage = x509.ExtendedKeyUsage([x509.ObjectIdentifier(f"1.2.3.{place}") for place in range(500)])
        names = [x509.UniformResourceIdentifier(f"urn:a:{place}") for place in range(1000)]
        Path("device.csr").write_bytes(make_request(x509.SubjectAlternativeName(names), usage))
        said = sign(cli, ca, "--ignore-names")["said"]
        assert f"and {1000 - MAX_NAMES} more" in said
        assert f"and {500 - MAX_NAMES} more" in said
        assert max(map(len, said.splitlines())) < 1000

    def test_none_by_default(self, cli: Cli) -> None:
        cli("ca", "init", "--no-passphrase", "root")
        ask("a.dev.example")
        assert "--allow-dns" in fails(cli, 5, "ca", "sign", "device.csr", "--ca", "root")
        result = sign(cli, "root", "--ignore-names")
        assert result["names"] == []
        assert "a.dev.example" in result["said"]

    def test_nobody_is_left(self, cli: Cli, ca: str) -> None:
        ask("other.example", name=None)
        assert "has an empty subject" in fails(cli, 5, "ca", "sign", "device.csr", "--ca", ca, "--ignore-names")
        ask("a.dev.example", name=None)
        assert sign(cli, ca)["subject"] == "nobody"

    def test_too_many(self, cli: Cli, ca: str) -> None:
        many = [f"n{number}.dev.example" for number in range(MAX_NAMES + 1)]
        ask(*many)
        assert "at most 16" in fails(cli, 5, "ca", "sign", "device.csr", "--ca", ca)
        ask(*many[:-1], many[0].upper())
        assert len(sign(cli, ca)["names"]) == MAX_NAMES

    def test_an_intermediate_keeps_its_own(self, cli: Cli, ca: str) -> None:
        assert (
            cli("ca", "intermediate", "factory", "--ca", ca, "--no-passphrase", "--allow-dns", "*.dev.example").code
            == 0
        )
        assert json.loads(Path("factory", "settings.json").read_text())["allow_dns"] == ["*.dev.example"]
        own = x509.load_pem_x509_certificate(Path("factory", "ca.pem").read_bytes())
        constraints = own.extensions.get_extension_for_class(x509.NameConstraints).value
        assert [name.value for name in constraints.permitted_subtrees or []] == ["dev.example"]
        ask("gateway.example")
        fails(cli, 5, "ca", "sign", "device.csr", "--ca", "factory")
        ask("a.dev.example")
        assert sign(cli, "factory")["names"] == ["DNS:a.dev.example"]

    @pytest.mark.parametrize(
        "pattern", ["", "*", "*.", "*.com", "*.*.example", "a*.example", "a_b.example", "ä.example"]
    )
    def test_what_is_no_pattern(self, cli: Cli, pattern: str) -> None:
        assert "*.dev.example" in fails(cli, 2, "ca", "init", "root", "--no-passphrase", "--allow-dns", pattern)
        assert not Path("root").exists()

    def test_patterns(self) -> None:
        assert check_patterns(["A.example", "a.EXAMPLE", "*.b.example"]) == ("a.example", "*.b.example")
        with pytest.raises(ConfigurationError, match="at most 64"):
            check_patterns(f"n{number}.example" for number in range(65))

    def test_lengths(self) -> None:
        label = "a" * 63
        longest = f"{label}.{label}.{label}.{'a' * 61}"
        assert len(longest) == 253
        assert is_dns_name(longest)
        assert not is_dns_name(f"{longest}a")
        assert not is_dns_name(f"{label}a.example")


class TestPurposes:
    def test_a_server_only_if_it_is_said(self, cli: Cli, ca: str) -> None:
        Path("device.csr").write_bytes(make_request(SERVER))
        result = sign(cli, ca)
        assert result["purposes"] == ["clientAuth"]
        (said,) = [line for line in result["said"].splitlines() if "serverAuth" in line]
        assert "For serverAuth, use --server" in said
        result = sign(cli, ca, "--server")
        assert result["purposes"] == ["clientAuth", "serverAuth"]
        assert "serverAuth" not in result["said"]
        assert [one["purposes"] for one in issued(cli, ca)] == [["clientAuth"], ["clientAuth", "serverAuth"]]

    def test_a_client_does_not_become_a_server(self, cli: Cli, ca: str) -> None:
        Path("device.csr").write_bytes(make_request())
        assert sign(cli, ca, "--server")["purposes"] == ["clientAuth"]

    def test_others_are_left_out(self, cli: Cli, ca: str) -> None:
        wishes = [ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        )
        ca_usage = x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False)
        Path("device.csr").write_bytes(make_request(x509.ExtendedKeyUsage(wishes), ca_usage))
        result = sign(cli, ca, "--server")
        assert result["purposes"] == ["clientAuth"]
        assert all(oid.dotted_string in result["said"] for oid in wishes)
        certificate = x509.load_pem_x509_certificate(Path("device.pem").read_bytes())
        found = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        assert (found.key_cert_sign, found.crl_sign, found.digital_signature) == (False, False, True)


class TestText:
    """What people read of purposes and names."""

    def test_list(self, cli: Cli, ca: str) -> None:
        ask("a.dev.example", "b.dev.example")
        serial = sign(cli, ca)["serial"]
        Path("device.csr").write_bytes(make_request(SERVER))
        sign(cli, ca, "--server")
        _, first, second = cli("ca", "list", "--ca", ca).out.splitlines()
        assert first.startswith(f"{serial}  valid  ")
        assert first.endswith("  CN=device  clientAuth; DNS:a.dev.example, DNS:b.dev.example")
        assert second.endswith("  CN=device  clientAuth, serverAuth")

    def test_show(self, cli: Cli, ca: str) -> None:
        """Beside what goes into a file: a note, which --quiet leaves out."""
        ask("a.dev.example")
        serial = sign(cli, ca)["serial"]
        shown = cli("ca", "show", serial, "--ca", ca)
        assert shown.out == Path("device.pem").read_text()
        assert shown.err.splitlines() == [f"{serial}  CN=device  [clientAuth; DNS:a.dev.example]"]
        assert cli("ca", "show", serial, "--ca", ca, "-q").err == ""

    def test_many_names(self, cli: Cli, ca: str) -> None:
        ask(*[f"n{number}.dev.example" for number in range(5)])
        sign(cli, ca)
        _, line = cli("ca", "list", "--ca", ca).out.splitlines()
        assert line.endswith("clientAuth; DNS:n0.dev.example, DNS:n1.dev.example, DNS:n2.dev.example, 2 more")

    def test_an_intermediate(self, cli: Cli, ca: str) -> None:
        assert cli("ca", "intermediate", "factory", "--ca", ca, "--no-passphrase").code == 0
        _, line = cli("ca", "list", "--ca", ca).out.splitlines()
        assert line.endswith("  CN=factory  clientAuth, serverAuth")

    def test_nothing_of_it_moves_the_terminal(self, cli: Cli, ca: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Records of another program: names that this one does not certify."""
        names = [x509.DNSName("a\x1b[2Jb.example\nc"), x509.UniformResourceIdentifier("urn:\x07")]
        monkeypatch.setattr("optiga.ca.judging.grant_names", lambda *_, **__: ((str(names[0].value),), ()))
        monkeypatch.setattr("optiga.ca.authority.check_device", lambda *_: None)
        ask(*names)
        serial = sign(cli, ca)["serial"]
        for words in (("list",), ("show", serial)):
            result = cli("ca", *words, "--ca", ca)
            assert result.code == 0
            assert all(line.isprintable() for line in (result.out + result.err).splitlines())
        assert len(cli("ca", "list", "--ca", ca).out.splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [("sensor.other.example", "OpenSSL"), ("a.dev.example", ""), ("x.a.dev.example", ""), ("lamp", "")],
)
@NEEDS_OPENSSL
def test_a_name_that_openssl_refuses_below_an_intermediate(cli: Cli, ca: str, name: str, words: str) -> None:
    """It holds a common name like a host's against nameConstraints, where there is no DNS name."""
    assert cli("ca", "intermediate", "factory", "--ca", ca, "--no-passphrase", "--allow-dns", "*.dev.example").code == 0
    Path("device.csr").write_bytes(make_request(name=name))
    said = sign(cli, "factory")["said"]
    assert ("OpenSSL will refuse" in said) is bool(words)
    problem = verify(Path("device.pem"), "-CAfile", "root/ca.pem", "-untrusted", "factory/ca.pem")
    assert ("permitted subtree violation" in problem) is bool(words)
    assert "OpenSSL" not in sign(cli, ca)["said"]  # a root has no nameConstraints
