"""What names of tables and columns tell: their words, and which words mean a person, a profile, an event or a form's field.

English words, as nearly all schemas have them; a table in other words is found by its shape. Looks at no row.
"""

from __future__ import annotations

import re
from functools import cache


def listed(text: str) -> list[str]:
    """Words of a text, in their order: the lists here are written as they are read."""
    return text.split()


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


PERSON_WORDS = _set("""
    user account member login person people customer identity principal subscriber client employee participant
    player student teacher patient staff author citizen tenant seller vendor buyer driver donor candidate guest
    agent
""")
PROFILE_WORDS = _set("""
    profile staff customer employee student teacher member person patient detail info information setting preference
    extra extension client driver vendor seller buyer donor candidate guest agent worker contractor volunteer
    trainee tutor pupil resident operator instructor parent guardian doctor nurse author account attribute option
    profil perfil profilo
""")
#: What happens to people or is kept for machines, time and again: never the one row that each person has.
EVENT_WORDS = _set("""
    log session token history audit event order comment message notification address email group permission role
    link login attempt invitation invite request application vote like follow follower favorite favourite payment
    invoice device key oauth social code version membership wishlist basket cart review otp totp backup document
    upload file image photo post topic entry card alert search view visit subscription track stat statistic state
    result deletion expiry migration attachment booking reservation ticket task job report answer question score
    grade enrollment enrolment submission change revision snapshot archive authenticator credential passkey secret
    challenge verification confirmation reset mfa webauthn sign shipment transaction transfer queue outbox cache
    lock note tag bookmark rating share read badge reply form phone server spawner consent grant blacklist whitelist
    ban block report scan passage presence attendance tracking apikey lookup alias retirement suspension limit quota
""")
#: Of these, what may be kept once for each person, and then is a profile of sorts where nearly everybody has a row.
ONCE_EACH = _set("""
    address stat statistic state result score view visit image photo file cart basket wallet card
""")
#: A table that holds these anywhere in its name holds no people of its own, however much it looks like them.
NEVER_PEOPLE = _set("""
    historical history log audit backup bak archive archived old tmp temp copy import export staging pending
    registration register unconfirmed signup invitation invite session token oauth social password otp totp mfa
    version revision deleted anonymous newsletter lead
""")
ACTOR_WORDS = _set("""
    by creator created updater updated changed modified deleted inviter invited manager supervisor referrer referer
    parent approver approved author editor sender recipient poster voter assignee reporter reviewer from to mentor
    boss scanned accepted owner resolved locked finished requested uploaded
""")
#: What a form asks of a person.
FORM_WORDS = _set("""
    phone mobile telephone tel fax address street city town zip postcode postal country department company
    organisation organization employer employee title position job birth birthday dob gender middle
    surname forename fullname firstname lastname phonenumber occupation school university degree major nationality
    passport emergency
""")
#: Of these, what many leave open.
OPEN_WORDS = _set(
    "company organisation organization fax title middle position occupation nationality employer school degree major"
)
#: What people set later, if ever, or what programs keep: its absence is no loss.
OPTION_WORDS = _set("""
    language locale lang timezone zone theme avatar image picture photo file path signature slug token hash uuid
    guid currency format password secret key ip agent notes note comment color colour layout digest url link website
    homepage setting extra data config configuration metadata meta option preference json cache
""")
CODE_WORDS = _set("""
    code barcode qrcode number serial reference ref card matricule ticket badge no nr num pin
""")
NO_CODE_WORDS = _set("""
    phone telephone tel mobile fax postal zip post country language currency house street vat tax area color colour
    discount coupon promo referral error sort bank iban swift state region dial dialling calling status zone
""")
#: What people are members of: its members are rows of a join, one for each of several groups.
GROUP_WORDS = _set("""
    organization organisation group team project workspace company tenant club guild committee community household
""")
#: A flag called so says what somebody is or may do; of any other, NULL may well be an answer: not chosen yet.
GRANTING_WORDS = _set("can may is has allow allowed")
KIND_WORDS = _set("role type kind category level usertype tier plan status class")
GENERAL = _set("entity table tbl data model t app core base")

_NAMES = _set("firstname lastname fullname middlename givenname familyname")
_VOCABULARY = sorted(
    (
        word
        for word in PERSON_WORDS | PROFILE_WORDS | EVENT_WORDS | {"historical", "user", "product", "forum", "record"}
        if len(word) > 3
    ),
    key=len,
    reverse=True,
)


def singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


@cache
def words(name: str) -> tuple[str, ...]:
    """A name's words, small and singular: ``accounts_customerProfiles`` is account, customer, profile."""
    bare = name.rpartition(".")[2]
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", bare)
    found: list[str] = []
    for part in re.split(r"[^a-z]+", spaced.lower()):
        found += _parted(singular(part)) if part else []
    return tuple(found)


def _parted(word: str) -> list[str]:
    """``customerprofile`` as customer, profile: known words are taken off its end."""
    ends: list[str] = []
    while word:
        known = next((each for each in _VOCABULARY if word != each and word.endswith(each)), None)
        if known is None or word in PERSON_WORDS | PROFILE_WORDS | EVENT_WORDS:
            break
        ends.insert(0, known)
        word = singular(word[: -len(known)])
    return [word, *ends] if word else ends


def plain(column: str) -> str:
    """A column's name as the lists here write it: ``createdAt`` and ``created_at`` are one."""
    return re.sub(r"[^a-z0-9]", "", column.lower())


def asked_for(column: str) -> bool:
    """A form asks people for it, by its name."""
    said = set(words(column))
    return bool(said & FORM_WORDS and not said & {"ip", "mac", "email", "url"}) or plain(column) in _NAMES


def head(table: str) -> str:
    """The word that says what a row is: the last of the table's name, general ones left out."""
    meaning = [word for word in words(table) if word not in GENERAL]
    return meaning[-1] if meaning else ""


#: What only says that a table holds profiles: buyer_details are the buyers'.
_ONLY_PROFILES = frozenset({"profile", "profil", "perfil", "profilo", "detail", "info", "information"})
#: One row of these holds several.
_SEVERAL = frozenset({"setting", "detail", "preference", "option"})


def short_name(table: str) -> str:
    """What a profile may be called: the last meaningful words of its table, without what only says that it is one."""
    bare = re.split(r"[^A-Za-z0-9]+", table.rpartition(".")[2])[-1] or table
    own = [word for word in words(bare) if word != "user"]
    if singular(bare.lower()) in _ONLY_PROFILES:  # staff_profile: what stands before says whose
        own = [word for word in words(table.rpartition(".")[2]) if word != "user"]
    if len(own) > 1 and own[-1] in _ONLY_PROFILES:
        own = own[:-1]
    return "_".join(f"{word}s" if word in _SEVERAL else word for word in own) or "profile"
