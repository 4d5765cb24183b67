"""An application that answers a drill with whatever it likes: endless, huge, slow, broken, or pointing elsewhere."""

from __future__ import annotations

import contextlib
import gc
import gzip
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mendbook.drills import browser as drill_browser
from mendbook.drills.browser import MOST_BYTES
from mendbook.drills.drill import prepare
from mendbook.drills.people import Journey, Person, new_mark, plan
from mendbook.drills.target import Target, target
from mendbook.drills.traffic import Bounds, Traffic, send
from mendbook.errors import ConfigError
from mendbook.settings.drill import DrillForm

FORM = DrillForm(path="/register", send="json", fields={"email": "{email}", "password": "{password}"}, ok=[201], refused=[400])
Talk = Callable[[socket.socket, bytes], None]


@contextlib.contextmanager
def talking(talk: Talk, family: int = socket.AF_INET, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that reads a request and then says what ``talk`` says."""

    def serve(plain: socket.socket) -> None:
        with plain, contextlib.suppress(OSError), tls.wrap_socket(plain, server_side=True) if tls else plain as connection:
            connection.settimeout(120)
            asked = b""
            while b"\r\n\r\n" not in asked:
                chunk = connection.recv(65_536)
                if not chunk:
                    return  # whoever only looked whether somebody listens
                asked += chunk
            length = re.search(rb"(?i)content-length: (\d+)", asked)
            while length and len(asked.partition(b"\r\n\r\n")[2]) < int(length[1]):
                asked += connection.recv(65_536)
            talk(connection, asked)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.socket(family) as listener:
        listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        listener.listen(64)
        threading.Thread(target=accept, daemon=True).start()
        host = "[::1]" if family == socket.AF_INET6 else "127.0.0.1"
        yield f"http://{host}:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def drilled(url: str, form: DrillForm = FORM, people: int = 4, seconds: float = 180, told: Any = None) -> Traffic:
    mark = new_mark()
    return send(target(url, ()), form, mark, plan(form, mark, people, 1), Bounds(people, 8, seconds), told or (lambda _: None))


def head(status: str = "201 Created", *lines: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode()


def huge(connection: socket.socket, _: bytes) -> None:
    connection.sendall(head("201 Created", f"Content-Length: {10**12}"))
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(b"x" * 65_536)


def endless(connection: socket.socket, _: bytes) -> None:
    connection.sendall(head("201 Created", "Transfer-Encoding: chunked"))
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")


def bomb(connection: socket.socket, _: bytes) -> None:
    packed = gzip.compress(b"\0" * 50_000_000)
    connection.sendall(head("201 Created", "Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed)


def no_http(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"SSH-2.0-nothing\r\n")


def hangs_up(connection: socket.socket, _: bytes) -> None:
    """It has read the request, and says nothing."""


def endless_header(connection: socket.socket, _: bytes) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 201 Created\r\nX: ")
        while True:
            connection.sendall(b"x" * 65_536)


def cookies(connection: socket.socket, _: bytes) -> None:
    lines = [f"Set-Cookie: c={n}; Domain=evil.example.com; Path=/{n}" for n in range(500)]
    connection.sendall(head("201 Created", *lines, "Content-Length: 0"))


def not_unicode(connection: socket.socket, _: bytes) -> None:
    connection.sendall(head("201 Created", "Content-Type: text/html; charset=utf-99", "Content-Length: 3") + b"\xff\xfe\x00")


@pytest.mark.parametrize(
    ("talk", "status", "cut"),
    [
        (huge, 201, True),
        (endless, 201, True),
        (bomb, 201, False),
        (no_http, 0, False),
        (hangs_up, 0, False),
        (endless_header, 0, False),
        (cookies, 201, False),
        (not_unicode, 201, False),
    ],
)
def test_whatever_comes_back_is_survived(talk: Talk, status: int, cut: bool) -> None:
    with talking(talk) as url:
        traffic = drilled(url)
    assert traffic.complete
    assert {(each.status, each.cut) for each in traffic.exchanges} == {(status, cut)}
    assert traffic.exchanges


def test_no_more_is_read_than_a_page_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    read = drill_browser._read

    async def measuring(response: Any) -> tuple[bytes, bool]:
        body, cut = await read(response)
        sizes.append(len(body))
        return body, cut

    monkeypatch.setattr(drill_browser, "_read", measuring)
    for talk in (endless, bomb):
        with talking(talk) as url:
            drilled(url)
    assert max(sizes) == MOST_BYTES
    assert min(sizes) < 100_000, "nothing is unpacked"


def test_redirects_are_answers_and_lead_nowhere() -> None:
    visited: list[bytes] = []

    def elsewhere(connection: socket.socket, asked: bytes) -> None:
        visited.append(asked.split()[1])
        connection.sendall(head("302 Found", "Location: http://192.0.2.1/register", "Content-Length: 0"))

    def loop(connection: socket.socket, asked: bytes) -> None:
        visited.append(asked.split()[1])
        connection.sendall(head("307 Temporary Redirect", "Location: /register", "Content-Length: 0"))

    for talk, status in ((elsewhere, 302), (loop, 307)):
        visited.clear()
        with talking(talk) as url:
            traffic = drilled(url)
        assert {each.status for each in traffic.exchanges} == {status}
        assert len(visited) == len(traffic.exchanges)


def test_a_slow_one_costs_no_more_than_the_time_that_there_is() -> None:
    def slow(connection: socket.socket, _: bytes) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(head("201 Created", "Content-Length: 100000"))
            for _byte in range(600):
                connection.sendall(b"x")
                time.sleep(0.2)

    heard: list[Traffic] = []
    with talking(slow) as url:
        traffic = drilled(url, people=12, seconds=1, told=heard.append)
    assert traffic.seconds < 60
    assert not traffic.complete
    assert heard == [traffic]
    assert traffic.exchanges, "what was sent is told, though nobody waited for the answer"
    assert {each.status for each in traffic.exchanges} == {0}


def test_one_request_takes_no_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drill_browser, "REQUEST_SECONDS", 0.3)

    def drips(connection: socket.socket, _: bytes) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(head("201 Created", "Content-Length: 100000"))
            for _byte in range(600):
                connection.sendall(b"x")
                time.sleep(0.1)

    with talking(drips) as url:
        traffic = drilled(url)
    assert traffic.complete
    assert {each.status for each in traffic.exchanges} == {0}


def test_never_more_requests_than_were_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fine(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head("201 Created", "Content-Length: 0"))

    monkeypatch.setattr(Bounds, "check", lambda *_: 5)
    with talking(fine) as url:
        traffic = drilled(url, people=20)
    assert len(traffic.exchanges) == 5
    assert not traffic.complete


def test_proxies_and_passwords_of_the_environment_are_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    heard: list[bytes] = []

    def listens(connection: socket.socket, asked: bytes) -> None:
        heard.append(asked)
        connection.sendall(head("201 Created", "Content-Length: 0"))

    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ana password s3cr3t\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://192.0.2.1:3128")
    with talking(listens) as url:
        assert {each.status for each in drilled(url).exchanges} == {201}
    assert not any(b"Authorization" in asked for asked in heard)


def test_a_name_that_leads_elsewhere_by_now_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts: list[bytes] = []

    def listens(connection: socket.socket, asked: bytes) -> None:
        hosts.append(next(line for line in asked.split(b"\r\n") if line.lower().startswith(b"host:")))
        connection.sendall(head("201 Created", "Content-Length: 0"))

    with talking(listens) as url:
        named = target(url.replace("127.0.0.1", "localhost"), ())

        def rebound(*_: Any, **__: Any) -> Any:
            raise AssertionError("a pinned target is looked up again")

        monkeypatch.setattr(socket, "getaddrinfo", rebound)
        mark = new_mark()
        traffic = send(named, FORM, mark, plan(FORM, mark, 4, 1), Bounds(4, 4, 20), lambda _: None)
    assert {each.status for each in traffic.exchanges} == {201}
    assert {host.partition(b":")[2].strip().partition(b":")[0] for host in hosts} == {b"localhost"}


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_the_loopback_of_ipv6() -> None:
    def fine(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head("201 Created", "Content-Length: 0"))

    try:
        with talking(fine, socket.AF_INET6) as url:
            assert {each.status for each in drilled(url).exchanges} == {201}
    except OSError:
        pytest.skip("this machine has no ::1")


def test_a_token_of_the_page_and_a_secret_header_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []

    def page(connection: socket.socket, asked: bytes) -> None:
        heard.append(asked)
        body = b'<meta name="other" content="x"><input name="token" value="t&amp;1">'
        connection.sendall(head("200 OK", "Set-Cookie: session=s1", f"Content-Length: {len(body)}") + body)

    form = DrillForm.model_validate(
        {
            "path": "/register",
            "fields": {"email": "{email}", "terms": True},
            "headers_env": {"X-Key": "DRILL_TEST_KEY"},
            "csrf": {"page": "/form", "field": "token", "header": "X-Token"},
            "ok": [200],
        }
    )
    monkeypatch.setenv("DRILL_TEST_KEY", "k3y")
    with talking(page) as url:
        drilled(url, form, people=1)
    sent = [asked for asked in heard if asked.startswith(b"POST")]
    assert len(sent) == 2, "a double click"
    for asked in sent:
        assert b"X-Key: k3y" in asked
        assert b"X-Token: t&1" in asked
        assert b"Cookie: session=s1" in asked
        assert b"token=t%261" in asked
        assert b"terms=true" in asked
        assert b"User-Agent: mendbook-drill" in asked
    for value in ("two\r\nlines", "", "k\u00e9y"):
        monkeypatch.setenv("DRILL_TEST_KEY", value)
        with talking(page) as url, pytest.raises(ConfigError, match="DRILL_TEST_KEY"):
            prepare(url, form, (), Bounds(), 1)


@pytest.mark.parametrize(("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_whoever_stops_it_is_told_what_was_sent(
    number: signal.Signals, raised: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[Traffic] = []

    def stops(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head("201 Created", "Content-Length: 0"))
        if not once.locked() and once.acquire(blocking=False):
            os.kill(os.getpid(), number)

    once = threading.Lock()
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    interrupted = signal.signal(signal.SIGINT, signal.default_int_handler)  # as a person's own process has it
    try:
        with talking(stops) as url, pytest.raises(raised):
            drilled(url, people=200, told=heard.append)
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, interrupted)
    assert heard[0].exchanges
    gc.collect()
    assert capsys.readouterr().err == "", "and nothing else is told"


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
def test_a_certificate_must_be_the_name_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=staging.example.com"]
    files = ["-addext", "subjectAltName=DNS:staging.example.com", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*made, *files], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def fine(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head("201 Created", "Content-Length: 0"))

    def drill_as(host: str, loopback: bool) -> Traffic:
        aimed, mark = Target(f"https://{host}:{port}", host, port, True, "127.0.0.1", loopback), new_mark()
        return send(aimed, FORM, mark, plan(FORM, mark, 2, 1), Bounds(2, 2, 180), lambda _: None)

    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    with talking(fine, tls=context) as url:
        port = int(url.rpartition(":")[2])
        assert {each.status for each in drill_as("staging.example.com", False).exchanges} == {201}
        assert names[-1] == "staging.example.com"
        other = drill_as("other.example.com", False)
        assert {each.status for each in other.exchanges} == {0}
        assert any("certificate" in why.lower() for why in other.failures), other.failures
        assert {each.status for each in drill_as("localhost", True).exchanges} == {201}, "made by whoever sits here"


def test_nobodys_password_is_shown() -> None:
    person = Person(1, "a", "a@example.com", "p4ssword")
    assert "p4ssword" not in repr(Journey("once", person, person, 0.0))
    assert "p4ssword" not in json.dumps(str(person))
