"""Registration as it was: look first, then insert; whoever looks at the same moment sees nothing either."""

from __future__ import annotations

from django.db import IntegrityError
from django.db.models import Q

from racelab.registration import slow_call
from racelab.website.models import Account

EXISTS = {"detail": "User with this username or email already exists."}


def register(username: str, email: str, password: str) -> tuple[int, dict]:
    """Status and answer."""
    if Account.objects.filter(Q(username__iexact=username) | Q(email__iexact=email)).exists():
        return 400, EXISTS
    slow_call()  # does the address receive mail?
    account = Account(username=username, email=email)
    account.set_password(password)
    try:
        account.save()
    except IntegrityError:  # also when it was this very person's other click that made the account
        return 400, EXISTS
    return 201, {"id": account.pk, "username": account.username}
