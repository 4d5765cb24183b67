"""An application at work on the very rows that are being repaired: it edits, inserts and locks, and knows what it wrote.

It is a sound one: each of its transactions is right whatever else runs. So whatever of its writes is not there afterwards,
a repair has overwritten.
"""

from __future__ import annotations

import random
import threading
import time
from types import TracebackType
from typing import Any

import psycopg2
from support.row_texts import connect

_EDIT = "UPDATE customer SET phone = %s WHERE id = %s RETURNING id"
_REGISTER = """
INSERT INTO customer (user_id, phone, barcode, invited)
SELECT %s, %s, %s, true WHERE NOT EXISTS (SELECT FROM customer WHERE user_id = %s) RETURNING id
"""
_SEND = """
INSERT INTO parcel (id, customer_id, what) SELECT %s, id, %s FROM customer WHERE id = %s FOR KEY SHARE RETURNING customer_id
"""


class Application:
    """A thread with a connection of its own; ``hits`` counts the writes that it made, ``lost`` tells which are not there."""

    def __init__(self, url: str, seed: int, users: int) -> None:
        self._url, self._users = url, users
        self._chance = random.Random(f"application {seed}")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._connection = connect(url)
        self._phones: dict[int, str] = {}
        self._registered: dict[int, str] = {}
        self._parcels: dict[int, tuple[int, str]] = {}
        self._failed: list[str] = []
        self.hits = 0

    def __enter__(self) -> Application:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        self._connection.close()

    def _work(self) -> None:
        number = 0
        acts = (self._edit, self._edit, self._edit_and_back, self._register, self._send, self._hold)
        while not self._stop.is_set():
            number += 1
            try:
                self._chance.choice(acts)(number)
            except (psycopg2.errors.DeadlockDetected, psycopg2.errors.LockNotAvailable):
                self._ask("ROLLBACK")
            except Exception as error:
                self._failed.append(f"the application failed: {error}")
                return
            time.sleep(self._chance.uniform(0.02, 0.08))

    def _ask(self, sql: str, *values: Any) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def _customer(self) -> int:
        return self._chance.randint(1, self._users) + self._chance.choice((0, 0, 10_000, 20_000))

    def _edit(self, number: int) -> None:
        customer, phone = self._customer(), f"app-{number}"
        if self._ask(_EDIT, phone, customer):
            self._phones[customer] = phone
            self.hits += 1

    def _edit_and_back(self, number: int) -> None:
        """A row that is as it was again is as it was."""
        customer = self._customer()
        self._ask("BEGIN")
        was = self._ask("SELECT phone FROM customer WHERE id = %s FOR UPDATE", customer)
        if was:
            self._ask(_EDIT, f"app-{number}", customer)
            self._ask(_EDIT, was[0][0], customer)
            self.hits += 1
        self._ask("COMMIT")

    def _register(self, number: int) -> None:
        user = self._chance.randrange(5, self._users + 1, 5)
        made = self._ask(_REGISTER, user, f"new-{number}", f"X-{number}", user)
        if made:
            self._registered[user] = f"new-{number}"
            self.hits += 1

    def _send(self, number: int) -> None:
        parcel = 10_000_000 + number
        sent = self._ask(_SEND, parcel, f"sent {number}", self._customer())
        if sent:
            self._parcels[parcel] = (sent[0][0], f"sent {number}")
            self.hits += 1

    def _hold(self, _: int) -> None:
        """Two rows held for a moment, in any order, so that somebody may have to give way."""
        self._ask("BEGIN")
        for customer in (self._customer(), self._customer()):
            self._ask("SELECT FROM customer WHERE id = %s FOR UPDATE", customer)
            time.sleep(self._chance.uniform(0.0, 0.03))
        self._ask("COMMIT")

    def lost(self) -> list[str]:
        """What it wrote and is not there any more, or was written over; and users who got two rows where they had none."""
        told = list(self._failed)
        connection = connect(self._url)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT id, phone FROM customer")
                phones = dict(cursor.fetchall())
                cursor.execute("SELECT id, customer_id, what FROM parcel WHERE id >= 10000000")
                parcels = {number: (customer, what) for number, customer, what in cursor.fetchall()}
                cursor.execute("SELECT user_id, array_agg(phone ORDER BY id) FROM customer WHERE user_id % 5 = 0 GROUP BY 1")
                rows = dict(cursor.fetchall())
        finally:
            connection.close()
        told += [
            f"customer {n} was given {p!r} and has {phones.get(n)!r}" for n, p in self._phones.items() if phones.get(n) != p
        ]
        told += [f"parcel {n} was {p} and is {parcels.get(n)}" for n, p in self._parcels.items() if parcels.get(n) != p]
        told += [f"user {n} has {len(found)} rows" for n, found in rows.items() if len(found) != 1]
        told += [
            f"user {n} registered {p!r} and has {rows.get(n)}" for n, p in self._registered.items() if p not in rows.get(n, [])
        ]
        return told
