"""Where a drill may go: this machine, a host of one's own, and nowhere else, whatever a URL looks like or a name leads to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from mendbook.drills import target as drill_target
from mendbook.drills.target import target
from mendbook.errors import ConfigError, ConnectionFailed, Refused

STAGING = "https://staging.example.com"


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine at which somebody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def leads_to(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets names lead to other addresses, and everybody listen."""

    def lead(*addresses: str) -> list[str]:
        asked: list[str] = []

        def look_up(host: str, port: int, **_: Any) -> list[Any]:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        monkeypatch.setattr(drill_target, "_listening", lambda addresses, _: str(next(iter(addresses))))
        return asked

    return lead


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_this_machine(port: int, host: str) -> None:
    aimed = target(f"http://{host}:{port}/shop/", ())
    assert (aimed.base, aimed.port, aimed.address) == (f"http://{host}:{port}/shop", port, "127.0.0.1")
    assert (aimed.loopback, aimed.tls) == (True, False)


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "[::ffff:127.0.0.1]"])
def test_this_machine_by_its_other_addresses(leads_to: Any, host: str) -> None:
    asked = leads_to()
    assert target(f"http://{host}:8000", ()).loopback
    assert asked == [], "an address is not looked up"


OTHERS = [
    "http://192.0.2.1",
    "http://example.com",
    "http://localhost.evil.example.com",
    "http://localhost.localdomain",
    "http://127.0.0.1.evil.example.com",
    "http://[2001:db8::1]:8000",
    "http://[::ffff:192.0.2.1]",
    "http://0.0.0.0:8000",
    "http://[::]:8000",
    "http://169.254.169.254",
    "http://10.0.0.1",
    f"{STAGING}:8443",
    "http://staging.example.com",
    "https://other.staging.example.com",
]


@pytest.mark.parametrize("url", OTHERS)
def test_any_other_host_is_refused_before_it_is_looked_up(leads_to: Any, url: str) -> None:
    asked = leads_to("127.0.0.1")
    with pytest.raises(Refused) as error:
        target(url, (STAGING,))
    assert "i_own_this = true" in error.value.hint
    assert asked == []


STRANGE = [
    "127.0.0.1:8000",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
    "http://",
    "http:///register",
    "http://127.0.0.1:0",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:port",
    "http://2130706433",
    "http://0x7f000001",
    "http://0x7f.1",
    "http://127.1",
    "http://127.0.0.1.",
    "http://localhost.",
    "http://0177.0.0.1",
    "http://ana:s3cr3t@127.0.0.1",
    "http://127.0.0.1@example.com",
    "http://127.0.0.1\\@example.com",
    "http://127.0.0.1#@example.com",
    "http://127.0.0.1?x=1",
    "http://127.0.0.1/a/../b",
    "http://127.0.0.1/%2e%2e",
    "http://127.0.0.1 .example.com",
    "http://127.0.0.1\n.example.com",
    "http://[fe80::1%25eth0]",
    "http://[fe80::1%eth0]",
    "http://l\u043ecalhost",
    "http://\u2460\u2461\u2466.0.0.1",
    "http://-.example.com",
    "http://[::1",
]


@pytest.mark.parametrize("url", STRANGE)
def test_a_url_that_means_different_things_is_refused(leads_to: Any, url: str) -> None:
    asked = leads_to("127.0.0.1")
    with pytest.raises((ConfigError, Refused)) as error:
        target(url, ())
    assert error.value.hint
    assert "s3cr3t" not in str(error.value)
    assert asked == []


def test_a_host_of_ones_own_is_pinned_to_where_it_leads(leads_to: Any) -> None:
    asked = leads_to("192.0.2.7", "192.0.2.8")
    aimed = target(f"{STAGING}/shop", (STAGING,))
    assert (aimed.address, aimed.port, aimed.tls, aimed.loopback) == ("192.0.2.7", 443, True, False)
    assert asked == ["staging.example.com"], "it is looked up once"
    assert target("https://STAGING.example.com:443", (STAGING,)).address == "192.0.2.7"


@pytest.mark.parametrize("addresses", [("192.0.2.1",), ("127.0.0.1", "192.0.2.1")])
def test_localhost_that_leads_elsewhere_is_refused(leads_to: Any, addresses: tuple[str, ...]) -> None:
    leads_to(*addresses)
    with pytest.raises(Refused, match=r"localhost leads to 192\.0\.2\.1"):
        target("http://localhost", ())


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1"])
def test_a_name_of_ones_own_that_leads_to_nobodys_host_is_refused(leads_to: Any, address: str) -> None:
    leads_to("192.0.2.7", address)
    with pytest.raises(Refused, match="no host of anybody's own"):
        target(STAGING, (STAGING,))


@pytest.mark.parametrize("named", ["staging.example.com", f"{STAGING}/shop", "https://*.example.com", "*"])
def test_a_host_that_mendbook_toml_names_in_another_way_is_told(leads_to: Any, named: str) -> None:
    leads_to("192.0.2.7")
    with pytest.raises(ConfigError, match=r"drill\.hosts"):
        target(STAGING, (named,))


def test_nobody_there() -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionFailed, match="Nobody listens"):
            target(f"http://127.0.0.1:{taken.getsockname()[1]}", ())
