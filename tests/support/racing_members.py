"""A very small application that registers people in the database of own_database.sql, and lets two requests race."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import psycopg2

ACCOUNT = """
INSERT INTO member (login, email, password_hash) VALUES (%s, %s, '!') ON CONFLICT (login) DO UPDATE SET login = excluded.login
RETURNING id
"""
#: Looks, and then makes: whoever looks at the same moment makes another one.
PROFILE = """
INSERT INTO customer_profile (member_id, phone) SELECT %s, %s
WHERE NOT EXISTS (SELECT FROM customer_profile, pg_sleep(0.05) WHERE member_id = %s)
"""


@contextlib.contextmanager
def registering(url: str) -> Iterator[str]:
    """The address of the application on this machine; it answers 201 to whoever registers."""

    class Registration(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            with contextlib.closing(psycopg2.connect(url)) as connection:
                connection.autocommit = True
                with connection.cursor() as cursor:
                    cursor.execute(ACCOUNT, (form["username"][0], form["email"][0]))
                    [member] = cursor.fetchone() or (None,)
                    cursor.execute(PROFILE, (member, form["phone"][0], member))
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Registration)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
