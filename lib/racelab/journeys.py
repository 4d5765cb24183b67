"""What people do on each of the four sites, over HTTP, as their browsers do it: one coroutine a behaviour.

Nobody here knows a database: the damage comes from how the applications take these requests.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from racelab.browser import Answer, Browser
from racelab.people import Journey, Person

Doing = Callable[[Browser, Journey], Awaitable[None]]
CODE = re.compile(r"ST-\d{6}")


async def twice(first: Awaitable[Answer], second: Awaitable[Answer], gap: float) -> tuple[Answer, Answer]:
    """Two requests in flight at once, the second ``gap`` seconds after the first."""

    async def later() -> Answer:
        await asyncio.sleep(gap)
        return await second

    one, two = await asyncio.gather(first, later())
    return one, two


def chosen(person: Person, *names: str) -> dict[str, str]:
    every = asdict(person) | {"phone_number": person.phone, "employee_id": f"E-{person.phone[-6:]}"}
    return {name: every[name] for name in ("username", "email", "password", *names)}


# -- attendance --------------------------------------------------------------------------------------------------------


async def attendance(browser: Browser, journey: Journey) -> None:
    """Register (once, by a double click, or again after an error), look at one's code, and have it scanned."""

    def form(person: Person) -> dict[str, str]:
        return chosen(person, "department", "phone")

    await browser.open("/register/")
    if journey.behaviour == "double_click":
        one, two = form(journey.person), form(journey.person)
        _, answer = await twice(browser.submit("/register/", one), browser.submit("/register/", two), journey.gap)
    else:
        answer = await browser.submit("/register/", form(journey.person))
    if journey.behaviour == "retry":
        another = Browser(browser.traffic)  # at home, on another machine
        await another.open("/register/")
        await another.submit("/register/", form(journey.spelling))
    page = await browser.open("/")
    await browser.open("/my-barcode/")
    code = CODE.search(page.text)
    if code:
        await browser.open("/barcode-scan/")
        answer = await browser.submit("/barcode-scan/", {"code": code.group()})
        if answer.status == 200 and journey.behaviour == "once":
            await browser.submit("/barcode-scan/", {"code": code.group()})


# -- logistics ---------------------------------------------------------------------------------------------------------


async def logistics(browser: Browser, journey: Journey) -> None:
    """Customers and staff register; who meets an error gives up, tries again, or finds that logging in works."""
    if journey.behaviour.startswith("staff"):
        path, form = "/accounts/staff/register/", chosen(journey.person, "employee_id", "department")
        await browser.open(path)
        if journey.behaviour == "staff_double_click":
            await twice(browser.submit(path, form), browser.submit(path, dict(form)), journey.gap)
        else:
            await browser.submit(path, form)
        return
    path, wanted = "/accounts/customer/register/", ("phone_number", "address", "company")
    await browser.open(path)
    answer = await browser.submit(path, chosen(journey.person, *wanted))
    if journey.behaviour == "same_again":
        await browser.submit(path, chosen(journey.person, *wanted))
    if journey.behaviour == "retry":
        await browser.submit(path, chosen(journey.spelling, *wanted))
        await _customer_logs_in(browser, journey.spelling)
    if journey.behaviour == "log_in" or answer.status < 400:
        await _customer_logs_in(browser, journey.person)


async def _customer_logs_in(browser: Browser, person: Person) -> None:
    await browser.open("/accounts/login/")
    await browser.submit("/accounts/login/", {"username": person.username, "password": person.password})
    await browser.open("/accounts/profile/")
    if not person.username.endswith(" "):  # those have had enough of forms
        everything = chosen(person, "phone_number", "address", "company")
        await browser.submit("/accounts/profile/", {name: everything[name] for name in list(everything)[3:]})
    await browser.open("/shipments/new/")
    await browser.submit("/shipments/new/", {"goods": "two pallets"})


# -- academy -----------------------------------------------------------------------------------------------------------


async def academy(browser: Browser, journey: Journey) -> None:
    """Register by JSON: once, again, twice at once, with an invitation, or two people with one invitation's link."""
    path, person = "/api/users/register/", journey.person
    body = chosen(person, "role", "bio")
    if journey.behaviour == "double_click":
        await twice(browser.send(path, body), browser.send(path, body), journey.gap)
        await _accept_an_invitation(browser, person)
    elif journey.behaviour in ("invited", "shared_link"):
        token = await _invitation(browser, person)
        with_link = {**body, "invitation": token}
        if journey.behaviour == "shared_link":
            friend = {**chosen(journey.friend, "role", "bio"), "invitation": token}
            await twice(browser.send(path, with_link), browser.send(path, friend), journey.gap)
        else:
            await browser.send(path, with_link)
    else:
        await browser.send(path, body)
        if journey.behaviour == "same_again":
            await browser.send(path, body)
        elif journey.behaviour == "retry":
            await browser.send(path, chosen(journey.spelling, "role", "bio"))
        elif journey.behaviour == "guide":
            names = {"username": person.username, "password": person.password}
            application = (await browser.send("/api/users/guide-applications/", names)).json().get("id")
            if application:
                await browser.send(f"/api/users/guide-applications/{application}/approve/", {})


async def _invitation(browser: Browser, person: Person) -> str:
    return str((await browser.send("/api/users/invitations/", {"email": person.email})).json().get("token", ""))


async def _accept_an_invitation(browser: Browser, person: Person) -> None:
    names = {"username": person.username, "password": person.password}
    await browser.send("/api/users/invitations/accept/", {"token": await _invitation(browser, person), **names})


# -- website -----------------------------------------------------------------------------------------------------------


async def website(browser: Browser, journey: Journey) -> None:
    """Register by JSON: once, twice at once, in two spellings at once, or again, spelled otherwise, after an error."""
    path, person, spelling = "/api/v1/accounts/register", journey.person, journey.spelling
    if journey.behaviour == "double_click":
        await twice(browser.send(path, chosen(person)), browser.send(path, chosen(person)), journey.gap)
    elif journey.behaviour == "two_spellings":
        await twice(browser.send(path, chosen(person)), browser.send(path, chosen(spelling)), journey.gap)
        await _shop(browser, spelling)
    else:
        await browser.send(path, chosen(person))
        if journey.behaviour == "retry":
            await browser.send(path, chosen(spelling))
            await _shop(browser, spelling)
    if journey.behaviour != "double_click":  # they read that the account exists already, and never come back
        await _shop(browser, person)


async def _shop(browser: Browser, person: Person) -> None:
    path = "/api/v1/accounts/login"
    answer = await browser.send(path, {"username": person.username, "password": person.password})
    if answer.status == 200:
        await browser.send("/api/v1/orders", {"article": "a lamp"})
        await browser.send("/api/v1/comments", {"text": "Arrived well."})


JOURNEYS: dict[str, Doing] = {
    "attendance": attendance,
    "logistics": logistics,
    "academy": academy,
    "website": website,
}
