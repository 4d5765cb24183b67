"""Registration as it should be: the insert decides, and each step is logged.

The answer to a repeated registration holds the id of the account that exists, as the real fix's did. That tells a
stranger who has an account; mendbook's report says so. The lock keeps people apart where the index is missing.
"""

from __future__ import annotations

import logging

from django.db import IntegrityError, transaction

from racelab.registration import account_of, one_at_a_time, slow_call
from racelab.website.models import Account

log = logging.getLogger(__name__)


def register(username: str, email: str, password: str) -> tuple[int, dict]:
    """Status and answer: 201, or 200 with the account that exists."""
    log.info("registration: received")
    slow_call()
    try:
        with transaction.atomic():
            one_at_a_time(username, email)
            existing = account_of(username, email)
            if existing is None:
                account = Account(username=username.strip(), email=email.strip())
                account.set_password(password)
                account.save()
                log.info("registration: account %s made", account.pk)
                return 201, {"id": account.pk, "username": account.username}
    except IntegrityError:
        log.warning("registration: the insert was refused, looking for the account that exists")
        existing = account_of(username, email)
    log.info("registration: account %s exists", existing and existing.pk)
    return 200, {"detail": "User already exists. Please log in instead.", "id": existing and existing.pk}
