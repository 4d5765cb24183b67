"""Looks at a database that nobody has described yet, and guesses its mapping: the way of `mendbook init`.

One reading snapshot, a few catalogue queries, samples of rows by sampling.py; the guesses are guessing/'s, the text is
starter_file.py's. It writes mendbook.toml where there is none, and never over one that is there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from mendbook.config import Settings, Source, Users, load
from mendbook.database import DJANGO_RIGHTS, Database
from mendbook.dialects import Generic, Relation
from mendbook.errors import ConfigError, MappingError
from mendbook.files.publish import output_error
from mendbook.guessing import Ask, Block, Line, Sample, Start, readable, unasked
from mendbook.guessing.blocks import children_notes, fits, judge, nearly_all, profile_blocks, users_block
from mendbook.guessing.profile_rows import telling_columns
from mendbook.guessing.profile_tables import candidates as profile_candidates
from mendbook.guessing.profile_tables import children, reversed_references
from mendbook.guessing.references import Soft, rights, soft, soft_rights
from mendbook.guessing.user_tables import candidates, choose
from mendbook.settings.types import plain_name
from mendbook.starting.sampling import MOST_BELONGING, MOST_ROWS, SECONDS, Sampler

#: Options of a URL whose value is nobody's to read.
SECRET_OPTIONS = frozenset({"password", "passwd", "sslpassword", "ssl_key_password"})
#: Tables that may hold profiles are looked into up to this many.
MOST_PROFILES = 40
#: Columns that may be soft references likewise; and so many of those that are none are told.
MOST_SOFT, MOST_TOLD = 40, 10


@dataclass(frozen=True, slots=True)
class Given:
    """Where the URL comes from: the variable that holds it from now on, and whether it stood on the command line itself."""

    url: str
    variable: str
    typed: bool


def given_url(text: str, source: str) -> Given:
    """The URL that ``text`` is, or that the variable it names holds (``env:SHOP_URL`` or ``$SHOP_URL``)."""
    named = re.fullmatch(r"(?:env:|\$)\{?([A-Za-z_][A-Za-z0-9_]*)\}?", text)
    if named:
        value = os.environ.get(named[1], "").strip()
        if not value:
            raise ConfigError(
                f"The environment variable {named[1]} is not set.", f"export {named[1]}='postgresql://USER@HOST/DATABASE'"
            )
        return Given(value, named[1], typed=False)
    if "://" not in text:
        raise ConfigError(
            "The first argument is not a database URL.",
            f"For example: mendbook init postgresql://USER@HOST/DATABASE --source {source}, or env:NAME in place of the URL.",
        )
    return Given(text, variable_for(source), typed=True)


def variable_for(source: str) -> str:
    """The environment variable that is to hold the URL of ``source``."""
    name = re.sub(r"[^A-Za-z0-9]", "_", source).upper() + "_URL"
    return name if not name[0].isdigit() else f"DB_{name}"


def password_in(url: str) -> bool:
    """The URL holds a password, before its host or among its options."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "@" in url
    return parsed.password is not None or any(name.lower() in SECRET_OPTIONS for name in parsed.query)


def without_password(url: str) -> str:
    """The same URL with PASSWORD in place of the password."""
    parsed = make_url(url)
    query = {name: "PASSWORD" if name.lower() in SECRET_OPTIONS else value for name, value in parsed.query.items()}
    if parsed.password is not None:
        parsed = parsed.set(password="PASSWORD")
    return parsed.set(query=query).render_as_string(hide_password=False)


def refuse_overwriting(config: Path, source: str) -> None:
    """ConfigError where mendbook.toml is there already: what to type instead loses nothing of it."""
    if not config.exists():
        return
    settings = load(config)
    if source in settings.sources:
        raise ConfigError(
            f"{settings.path} has a source {source!r} already; nothing was changed.",
            "Take another name with --source, write another file with --config, or look at the guesses with --print.",
        )
    raise ConfigError(
        f"{settings.path} is there already; nothing was changed.",
        f"Add the new source to it: the same command with --print, and >> {config} behind it. "
        "Or write another file with --config.",
    )


def look(
    given: Given,
    source: str,
    logs: Sequence[str] = (),
    users: str | None = None,
    ask: Ask = unasked,
) -> Start:
    """Everything that is guessed of the database: reads, and changes nothing.

    Raises MappingError where no table looks like the users', ConnectionFailed, Refused.
    """
    try:
        plain_name(source)
    except ValueError as error:
        raise ConfigError(f"{source!r} cannot be a source's name: {error}.", "Take another one with --source.") from None
    stand_in = Source(name=source, url_env=given.variable, users=Users(table="unknown"), statement_timeout=SECONDS)
    settings = Settings(path=Path.cwd() / "mendbook.toml", sources={source: stand_in})
    database = _database(stand_in, settings, given)
    with database.connection() as connection:
        names = database.dialect.tables(connection)
        if not names:
            if database.dialect.no_roles:
                raise MappingError("That database has no table at all.", "Is it the right one? Check the path in the URL.")
            raise MappingError(
                "This role sees no table at all in that database.", "Is it the right database? Else GRANT USAGE on the schema."
            )
        relations = database.dialect.catalogue(connection, names).relations
        now = f"{database.dialect.moment(connection).now.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        sampler = Sampler(database, connection, relations)
        first = candidates(relations)
        samples = {each.table: sampler.sample(each.table) for each in first}
        chosen, others = choose(first, samples, relations, users, ask)
        generic = database.dialect.generic(connection, chosen.relation.schema)
        block, warnings = users_block(chosen, others, sampler.sample(chosen.table), bool(logs))
        blocks, notes, more = _profiles(relations, block, sampler, ask, now)
        lines = _source_lines(relations, block, blocks, sampler, logs)
    notes += _generic_notes(generic)
    warnings += [*more, *_closed(relations, sampler)]
    return Start(
        source,
        given.variable,
        tuple(lines),
        block,
        tuple(blocks),
        tuple(notes),
        tuple(warnings),
        sampler.read,
        len(relations),
        (MOST_ROWS, MOST_BELONGING),
    )


def _database(source: Source, settings: Settings, given: Given) -> Database:
    """The database behind the URL; an error speaks of the URL where that was typed, else of its variable."""
    try:
        return Database(source, settings, url=given.url)
    except ConfigError as error:
        if not given.typed:
            raise
        message = error.message.replace(f"The value of {given.variable}", "The URL").replace(given.variable, "The URL")
        raise ConfigError(message, error.hint.replace(f"export {given.variable}=", "For example: ")) from None


def _profiles(
    relations: Mapping[str, Relation], users: Block, sampler: Sampler, ask: Ask, now: str
) -> tuple[list[Block], list[str], list[str]]:
    """The blocks of profiles, what is said before them in the file, and what people should be told."""
    relation, key = relations[users.table], str(users.value("key"))
    sample = sampler.sample(users.table) if relation.columns[key].readable else Sample()
    keys = [row[key] for row in sample.rows if row.get(key) is not None]
    inherited = children(relations, relation)
    sizes = {child.table: len(sampler.belonging(child.table, child.key, keys).counts) for child in inherited}
    found = profile_candidates(relations, relation, key, inherited)
    spare = [str(users.value(role)) for role in ("username", "email", "password", "created", "last_login", "active")]
    telling = telling_columns(relation, sample, spare)
    judged = []
    for each in found[:MOST_PROFILES]:
        belonging = sampler.belonging(each.table, each.user, keys)
        one = judge(each, belonging, sample, key, telling, now)
        if fits(one, sample, key):
            nobodys = each.relation.columns[each.user].nullable
            judged.append(replace(one, whole=sampler.sample(each.table)) if nobodys else one)
    blocks, warnings = profile_blocks(judged, sample, key, ask)
    if found[MOST_PROFILES:]:
        warnings.append(f"{len(found) - MOST_PROFILES} more tables name users; the {MOST_PROFILES} likeliest were looked into.")
    notes = [*children_notes(inherited, sizes, sample), *reversed_references(relations, relation)]
    return blocks, notes, warnings


def _source_lines(
    relations: Mapping[str, Relation], users: Block, blocks: Sequence[Block], sampler: Sampler, logs: Sequence[str]
) -> list[Line]:
    """The lines of [sources.NAME]: logs, references, rights."""
    none = "none were named (--log): ghost_user is left out, and incidents come from the rows alone."
    some = 'as --log named them; zone = "Europe/Berlin" says what times without a zone mean.'
    lines = [Line("logs", list(logs), some) if logs else Line("logs", None, none, active=False)]
    referring = _references(soft(relations, users, [block for block in blocks if block.active]), sampler)
    lines += referring
    said = [each for line in referring if line.active for each in line.value]
    granting = sorted({*rights(relations, relations[users.table]), *soft_rights(relations, said, users)})
    usual = [name for name in DJANGO_RIGHTS if name in relations]
    if sorted(granting) != sorted(usual):
        lines.append(Line("rights", granting, "they join users with groups, roles or permissions: rows there grant rights."))
    return lines


def _references(found: Sequence[Soft], sampler: Sampler) -> list[Line]:
    """The line of soft references, with those that the sampled values do not bear out."""
    taken: list[tuple[str, str]] = []
    doubtful: list[tuple[str, str]] = []
    for each in found[:MOST_SOFT]:
        reference, said = _accepted(each, sampler)
        (taken if reference else doubtful).append((reference or each.reference(each.targets[0]), said))
    told = [f"{reference} ({said})" for reference, said in doubtful[:MOST_TOLD]]
    left = len(doubtful[MOST_TOLD:]) + len(found[MOST_SOFT:])
    told += [f"{left:,} more columns, {len(found[MOST_SOFT:]):,} of them not looked into"] if left else []
    if taken:
        said = "; ".join(said for _, said in taken)
        return [
            Line("references", [reference for reference, _ in taken], f"no foreign key declares them: {said}.", tuple(told))
        ]
    return [Line("references", None, f"none is sure. Looked at: {'; '.join(told)}.", active=False)] if told else []


def _accepted(each: Soft, sampler: Sampler) -> tuple[str, str]:
    """The reference that the sampled values bear out, or nothing, and what they showed."""
    values = {value for value in sampler.sample(each.table).values(each.column) if value not in (None, "")}
    if len(values) < 3:
        return "", "too few values to tell"
    found = [(sampler.there(table, key, values), (table, key)) for table, key in each.targets]
    count, target = max(found, key=lambda one: one[0])
    said = f"{count} of {len(values)} values read in {each.table}.{each.column} are keys of {target[0]}"
    return (each.reference(target) if nearly_all(count, len(values)) else ""), said


def _generic_notes(generic: Generic | None) -> list[str]:
    if generic is None:
        return []
    return ["Django's content types are here: mendbook finds generic relations by itself, and nothing need be written of them."]


def _closed(relations: Mapping[str, Relation], sampler: Sampler) -> list[str]:
    """What this role may not read, so that the guesses are made without it."""
    closed = sorted(table for table, relation in relations.items() if not readable(relation))
    warnings = [f"{table} could not be sampled: {why}" for table, why in sampler.unread.items() if table not in closed]
    if closed:
        shown = ", ".join(closed[:10]) + (f" and {len(closed) - 10} more" if len(closed) > 10 else "")
        warnings.append(
            f"This role may not read {len(closed)} of {len(relations)} tables, whose names alone were looked at: {shown}. An "
            "administrator grants it SELECT on them, and in PostgreSQL USAGE of their schemas."
        )
    return warnings


def write_new(config: Path, text: str) -> Path:
    """Write ``config`` where there is no such file; ConfigError where there is one by now, whoever made it."""
    path = config.absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            try:
                file.write(text)
                file.flush()
            except OSError:  # a full disk: half a file would be read as a whole one
                path.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise ConfigError(f"{path} is there already; nothing was changed.", "Write another file with --config.") from None
    except OSError as failure:
        raise output_error(path, failure) from failure
    return path


def relative_logs(logs: Sequence[str], config: Path) -> list[str]:
    """Globs as mendbook.toml wants them: relative to its own folder, where they were typed in another one."""
    here, home = Path.cwd(), config.absolute().parent
    return [glob if Path(glob).is_absolute() or here == home else os.path.relpath(here / glob, home) for glob in logs]
