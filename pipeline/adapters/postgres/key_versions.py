"""Which versions of keys are live, as the databases say, and whether the keys here are those they were sealed with."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from pipeline.adapters.postgres.database import Connection, Pool
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.vault import FIRST_VERSION, IN_THE_RING, KeyPurpose, KeyRing, Slot, lives
from pipeline.errors import KeysRefusedError

SQL = Queries.of("keys")
WRAPPING = KeyPurpose.WRAPPING

_CONSTANT = b"anwang key check".ljust(32)

Row = Mapping[str, Any]


async def prove_keys(db: Connection, ring: KeyRing) -> None:
    """The first process to come leaves proofs of its keys; whoever comes later with others, or without one that is
    needed, is refused. Where they lie already, nothing is written: a copy that may only be read serves, too.

    Raises KeysRefusedError.
    """
    rows = await db.fetch(SQL["live"])
    if unproven := [KeyPurpose(r["purpose"]) for r in rows if r["proof"] is None and r["purpose"] in IN_THE_RING]:
        first = await db.fetchval(SQL["first_proof"])
        if first is not None and first != ring.first_proof:
            raise ring.refuse(KeyPurpose.INDEX, FIRST_VERSION)
        for purpose in unproven:
            await db.execute(SQL["leave_proof"], purpose, FIRST_VERSION, ring.proof(purpose, FIRST_VERSION))
        rows = await db.fetch(SQL["live"])
    _adopt(rows, ring)
    _verify(rows, ring)


async def look_at_keys(db: Connection | Pool, ring: KeyRing) -> bool:
    """Takes over what the database says of versions; whether anything is new. Raises KeysRefusedError."""
    rows = await db.fetch(SQL["live"])
    is_new = _adopt(rows, ring)
    if is_new:
        _verify(rows, ring)
    return is_new


def _adopt(rows: Iterable[Row], ring: KeyRing) -> bool:
    return ring.adopt(lives((r["purpose"], r["version"], r["is_current"]) for r in rows))


def _verify(rows: Iterable[Row], ring: KeyRing) -> None:
    for row in rows:
        purpose = KeyPurpose(row["purpose"])
        if row["proof"] is not None and row["proof"] != ring.proof(purpose, row["version"]):
            raise ring.refuse(purpose, row["version"])


async def prove_wrapping(db: Connection, ring: KeyRing) -> None:
    """As `prove_keys`, for the key that wraps case keys; asks the database of those. Raises KeysRefusedError."""
    rows = await db.fetch(SQL["live_wrapping"])
    for row in rows:
        if row["proof"] is None:
            await leave_wrapping_proof(db, ring, row["version"])
    for row in await db.fetch(SQL["live_wrapping"]):
        version = row["version"]
        if version not in await ring.wrapping.versions():
            raise KeysRefusedError(f"the wrapping key, version {version}, is missing, which stored case keys need")
        try:
            (opened,) = await ring.wrapping.unwrap([(row["proof"], _slot(version))])
        except KeysRefusedError as error:
            raise ring.refuse(WRAPPING, version) from error
        if opened != _CONSTANT:
            raise ring.refuse(WRAPPING, version)
    await look_at_wrapping(db, ring)


async def leave_wrapping_proof(db: Connection, ring: KeyRing, version: int) -> None:
    (proof,) = await ring.wrapping.wrap([(_CONSTANT, _slot(version))], version)
    await db.execute(SQL["leave_wrapping_proof"], version, proof)


async def look_at_wrapping(db: Connection | Pool, ring: KeyRing) -> bool:
    """As `look_at_keys`, of the database of case keys."""
    rows = await db.fetch(SQL["live_wrapping"])
    return ring.adopt(lives((WRAPPING, r["version"], r["is_current"]) for r in rows))


def _slot(version: int) -> Slot:
    return Slot("wrapping_version", "proof", UUID(int=version))
