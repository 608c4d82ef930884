"""Numbered forward-only migrations, one transaction each, under an advisory lock, checked by checksum."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

import asyncpg

from pipeline.adapters.postgres.database import Role, connect
from pipeline.errors import SchemaRefusedError

MIGRATION_LOCK = 7_240_113
MIGRATION_TIMEOUT_MS = 600_000
"""A table that has grown takes its time; another program that migrates is waited for."""

DATA, KEYS = "migrations", "keys_migrations"

_BOOK = """
CREATE TABLE IF NOT EXISTS schema_migration (
    number     int PRIMARY KEY,
    name       text NOT NULL,
    checksum   bytea NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    text: str

    @property
    def checksum(self) -> bytes:
        return sha256(self.text.encode()).digest()


def shipped(folder: str) -> tuple[Migration, ...]:
    """The migrations that this program ships, in order of number."""
    found = [f for f in (files("pipeline.adapters.postgres") / folder).iterdir() if f.name.endswith(".sql")]
    return tuple(
        sorted((Migration(int(f.name[:4]), f.name, f.read_text("utf-8")) for f in found), key=lambda m: m.number)
    )


async def migrate(dsn: str, folder: str) -> tuple[str, ...]:
    """Applies what is missing and returns the names of it. Raises SchemaRefusedError when an applied one has changed
    or is unknown.
    """
    connection = await connect(dsn, name="anwang-migrate", role=None, timeout_ms=MIGRATION_TIMEOUT_MS)
    try:
        await connection.execute(f"SET lock_timeout = {MIGRATION_TIMEOUT_MS}")
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        await _provide_roles(connection)
        await connection.execute(_BOOK)
        applied = {
            row["number"]: row for row in await connection.fetch("SELECT number, checksum FROM schema_migration")
        }
        ours = {m.number: m for m in shipped(folder)}
        _refuse_strange(applied, ours)
        missing = [m for number, m in sorted(ours.items()) if number not in applied]
        for migration in missing:
            await _apply(connection, migration)
        return tuple(m.name for m in missing)
    finally:
        await connection.close()


async def _provide_roles(connection: asyncpg.Connection) -> None:
    """Makes the server's roles where this user may; else they must be there. Raises SchemaRefusedError."""
    if await connection.fetchval("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"):
        await connection.execute((files("pipeline.adapters.postgres") / "roles.sql").read_text("utf-8"))
    names = [role.value for role in Role]
    missing = await connection.fetch(
        """
        SELECT name FROM unnest($1::text[]) AS name LEFT JOIN pg_roles ON rolname = name
        WHERE rolname IS NULL OR NOT pg_has_role(current_user, rolname, 'MEMBER') ORDER BY name
        """,
        names,
    )
    if missing:
        raise SchemaRefusedError(
            f"this user of the database is no member of {', '.join(r['name'] for r in missing)}: let an administrator"
            " run pipeline/adapters/postgres/roles.sql and grant them"
        )


def _refuse_strange(applied: dict[int, asyncpg.Record], ours: dict[int, Migration]) -> None:
    for number, row in applied.items():
        if number not in ours:
            raise SchemaRefusedError(f"the database has migration {number:04d}, which this program does not know")
        if row["checksum"] != ours[number].checksum:
            raise SchemaRefusedError(f"migration {ours[number].name} was changed after it had been applied")


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.text)
        await connection.execute(
            "INSERT INTO schema_migration (number, name, checksum) VALUES ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.checksum,
        )


async def refuse_other_schema(connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy, folder: str) -> None:
    """Raises SchemaRefusedError unless exactly the shipped migrations are applied."""
    try:
        rows = await connection.fetch("SELECT number, checksum FROM schema_migration")
    except asyncpg.UndefinedTableError as error:
        raise SchemaRefusedError("the database is empty: run `anwang migrate` first") from error
    applied = {row["number"]: row for row in rows}
    ours = {m.number: m for m in shipped(folder)}
    _refuse_strange(applied, ours)
    if len(applied) != len(ours):
        raise SchemaRefusedError("the database is behind this program: run `anwang migrate` first")
