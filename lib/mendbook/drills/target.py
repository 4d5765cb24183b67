"""Where a drill may go: this machine, or a host that mendbook.toml names as one's own; looked up once, and pinned.

A URL is read strictly, because what it looks like and where it leads can be two things. It sends no request; it only sees
whether somebody listens.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from mendbook.errors import ConfigError, ConnectionFailed, Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
PORTS = {"http": 80, "https": 443}
#: The one name that everybody takes for this machine; it is looked up all the same.
LOCALHOST = "localhost"
#: Seconds for somebody to answer a first call.
PATIENCE = 5.0
_EXAMPLE = "Write it as http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Target:
    """An application to send people to: ``base`` is its URL without a slash at the end, ``address`` the machine that it is."""

    base: str
    host: str
    port: int
    tls: bool
    address: str
    loopback: bool


def target(url: str, owned: Collection[str]) -> Target:
    """The target that ``url`` names. ``owned`` are URLs of hosts besides this machine that may be drilled.

    Raises ConfigError where it is no plain URL, Refused where it may not be drilled, ConnectionFailed where nobody is there.
    """
    parts = _read(url)
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    literal = _literal(host)
    loopback = host == LOCALHOST or (literal is not None and _plain(literal).is_loopback)
    if not loopback and (parts.scheme, host, port) not in {_origin(each) for each in owned}:
        raise Refused(
            f"{host} is not this machine, and mendbook.toml does not say that it is yours.",
            f'If it is, and nobody works with it now: [drill.hosts."{parts.scheme}://{parts.netloc}"] with i_own_this = true',
        )
    addresses = [literal] if literal is not None else _looked_up(host, port)
    _check(host, addresses, loopback)
    address = _listening(addresses, port)
    if address is None:
        raise ConnectionFailed(f"Nobody listens at {url}.", "Start the application first, and check the port.")
    return Target(
        f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", host, port, parts.scheme == "https", address, loopback
    )


def _read(url: str) -> SplitResult:
    """The parts of ``url``, where it is one that means the same to everybody who reads it."""
    if not url.isascii() or not url.isprintable() or re.search(r"[\s\\<>\"'`{}|^]", url):
        raise ConfigError(
            "The URL holds letters that do not belong there.", f"{_EXAMPLE}; a name in other letters in its xn-- form."
        )
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError:
        raise ConfigError("That is no URL of an application.", f"{_EXAMPLE}.") from None
    if parts.scheme not in PORTS or not parts.hostname or not port_is_fine:
        raise ConfigError("That is no URL of an application.", f"{_EXAMPLE}; http and https are known.")
    if "@" in parts.netloc:
        raise ConfigError(
            "A user or a password in the URL would be shown and kept.", "Name a secret header in headers_env instead."
        )
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise ConfigError("The URL goes on after its path.", f"{_EXAMPLE}; the paths stand in the form's description.")
    if not re.fullmatch(r"[A-Za-z0-9/_.~-]*", parts.path) or ".." in parts.path or "//" in parts.path:
        raise ConfigError("The URL's path is not a plain one.", f"{_EXAMPLE} or http://127.0.0.1:8000/shop.")
    _check_host(parts.hostname)
    return parts


def _check_host(host: str) -> None:
    if "%" in host:
        raise ConfigError(f"{host} names a zone, or hides a letter.", f"{_EXAMPLE} or http://[::1]:8000.")
    if _literal(host) is None and re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)", host.rstrip(".").rpartition(".")[2]):
        # 2130706433, 0x7f.1 and 127.1 are addresses to some programs, and names to others
        raise ConfigError(f"{host} is no address as everybody writes it.", f"{_EXAMPLE}.")
    if _literal(host) is None and not re.fullmatch(r"([a-z0-9_]([a-z0-9_-]{0,62})\.)*[a-z0-9_][a-z0-9_-]{0,62}", host):
        raise ConfigError(f"{host} is no name of a host.", f"{_EXAMPLE}, without a dot at the end.")


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _plain(address: Address) -> Address:
    """An IPv4 address that is written as an IPv6 one, as what it is."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _origin(url: str) -> tuple[str, str, int] | None:
    """What tells one host from another in a URL of mendbook.toml; ConfigError where it says more than that, or less."""
    try:
        parts = _read(url)
    except ConfigError as error:
        raise ConfigError(f"drill.hosts: {url!r}: {error.message}", error.hint) from None
    if parts.path.strip("/"):
        raise ConfigError(f"drill.hosts: {url!r} has a path.", 'Name the host alone, as "https://staging.example.com".')
    return parts.scheme, str(parts.hostname), parts.port or PORTS[parts.scheme]


def _looked_up(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectionFailed(f"The name {host} leads nowhere: {error}.", "Check the URL.") from None
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _check(host: str, addresses: Iterable[Address], loopback: bool) -> None:
    """Every address that a name leads to is one that may be drilled: which of them is taken is not left to chance."""
    for address in map(_plain, addresses):
        if loopback and not address.is_loopback:
            raise Refused(f"On this machine {host} leads to {address}.", f"{_EXAMPLE}.")
        if not loopback and (address.is_unspecified or address.is_multicast or address.is_link_local):
            raise Refused(f"{host} leads to {address}, which is no host of anybody's own.", "Check the name server.")


def _listening(addresses: Iterable[Address], port: int) -> str | None:
    """The first of ``addresses`` at which somebody listens: "localhost" often means two, and an application takes one."""
    for address in dict.fromkeys(addresses):
        try:
            with closing(socket.create_connection((str(address), port), timeout=PATIENCE)):
                return str(address)
        except OSError:
            continue
    return None
