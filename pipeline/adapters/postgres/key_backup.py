"""Writes the store of case keys to a file, and reads it back into a store that already knows what was erased."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from pipeline.adapters.key_backups import LINES_AT_ONCE, KeyBackupRefusedError, Line, lines_of, new_backup
from pipeline.adapters.postgres.database import Connection, Pool
from pipeline.adapters.postgres.key_versions import prove_wrapping
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.vault import KeyRing

SQL = Queries.of("key_backup")
VERSION, KEY, END = "wrapping_version", "case_key", "end"

Row = Mapping[str, Any]


async def write_backup(pool: Pool, folder: Path, now: datetime) -> tuple[Path, int]:
    """The file, and how many keys are in it, all as of one moment. Raises KeyBackupRefusedError."""
    keys = 0
    with new_backup(folder, now) as (path, file):
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            file.write(b"".join(_line(VERSION, row) for row in await db.fetch(SQL["wrapping_versions"])))
            cursor = await db.cursor(SQL["case_keys"])
            while rows := await cursor.fetch(LINES_AT_ONCE):
                file.write(b"".join(_line(KEY, row) for row in rows))
                keys += len(rows)
        file.write(_line(END, {"keys": keys}))
    return path, keys


async def read_backup(pool: Pool, ring: KeyRing, path: Path) -> int:
    """How many keys the file holds; those that are there, and those of what was erased, stay as they are. All of it or
    nothing. Raises KeyBackupRefusedError, and KeysRefusedError where this key ring does not open them.
    """
    keys, is_whole = 0, False
    async with pool.acquire() as db, db.transaction():
        await db.execute(SQL["forget_wrapping"])
        for lines in lines_of(path):
            for told in _of(lines, VERSION):
                await _put_version(db, told)
            found = _of(lines, KEY)
            await _put_keys(db, found)
            keys += len(found)
            is_whole = is_whole or any(told["keys"] == keys for told in _of(lines, END))
        if not is_whole:
            raise KeyBackupRefusedError(f"{path} is no whole backup of case keys")
        await prove_wrapping(db, ring)
    return keys


def _line(what: str, row: Row) -> bytes:
    told = {name: value.hex() if isinstance(value, bytes) else _plain(value) for name, value in row.items()}
    return orjson.dumps({what: told}, option=orjson.OPT_APPEND_NEWLINE)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value


def _of(lines: Sequence[Line], what: str) -> list[dict[str, Any]]:
    return [line[what] for line in lines if what in line]


async def _put_version(db: Connection, told: Row) -> None:
    proof = bytes.fromhex(told["proof"]) if told["proof"] else None
    since, retired = datetime.fromisoformat(told["since"]), told["retired_at"]
    ended = datetime.fromisoformat(retired) if retired else None
    await db.execute(SQL["put_wrapping"], told["version"], proof, told["is_current"], since, ended)


async def _put_keys(db: Connection, found: Sequence[Row]) -> None:
    await db.execute(
        SQL["put_keys"],
        *([UUID(told["owner_id"]) for told in found], [told["purpose"] for told in found]),
        *([told["generation"] for told in found], [told["key_version"] for told in found]),
        *([bytes.fromhex(told["wrapped"]) for told in found], [datetime.fromisoformat(t["made_at"]) for t in found]),
    )
