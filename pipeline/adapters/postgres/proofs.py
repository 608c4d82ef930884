"""What the commands change of the keys and certificates of sources: every change is one transaction."""

from collections.abc import Mapping
from typing import Any

from pipeline.adapters.postgres.database import Connection, Pool
from pipeline.adapters.postgres.enrolment import SQL as ENROLMENT
from pipeline.adapters.postgres.enrolment import tell_source_changed
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.signatures import PublicKey
from pipeline.errors import RegisterRefusedError

SQL = Queries.of("proofs")


class Proofs:
    """The source must be enrolled; every call that changes something raises RegisterRefusedError, with the reason."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add_key(self, source: str, key: PublicKey, kid: str) -> None:
        """A key that any source has or had is refused: it would stand for two."""
        async with self._pool.acquire() as db, db.transaction():
            number = await db.fetchval(ENROLMENT["next_version"])
            if await db.fetchval(SQL["add_key"], source, kid, key.jwk, key.thumbprint, number):
                await tell_source_changed(db, "key_added", [source])
                return
            held = await db.fetchrow(SQL["key_holder"], key.thumbprint, source, kid)
            state = "revoked" if held["revoked_at"] else "there already"
            raise RegisterRefusedError(f"the key {held['kid']} of {held['source']} is {state}; draw a new one")

    async def revoke_key(self, source: str, kid: str) -> None:
        async with self._pool.acquire() as db, db.transaction():
            number = await db.fetchval(ENROLMENT["next_version"])
            if not await db.fetchval(SQL["revoke_key"], source, kid, number):
                raise RegisterRefusedError(f"{source} signs with no key {kid}; see `anwang source key list {source}`")
            await tell_source_changed(db, "key_revoked", [source])

    async def keys(self, source: str | None) -> list[Mapping[str, Any]]:
        return [dict(row) for row in await self._pool.fetch(SQL["keys"], source)]

    async def require_signature(self, source: str, *, due: bool) -> None:
        await self._require("require_signature", source, due=due)

    async def add_certificate(self, source: str, fingerprint: bytes) -> None:
        """From now on the source's token alone opens nothing. One that any source has or had is refused."""
        async with self._pool.acquire() as db, db.transaction():
            number = await db.fetchval(ENROLMENT["next_version"])
            if not await db.fetchval(SQL["add_certificate"], fingerprint, source, number):
                held = await db.fetchrow(SQL["certificate_holder"], fingerprint)
                state = "revoked" if held["revoked_at"] else "there already"
                raise RegisterRefusedError(f"the certificate's key is one of {held['source']}, {state}; draw a new one")
            await tell_source_changed(db, "certificate_added", [source])
            await self._set("require_certificate", db, source, due=True, number=number)

    async def revoke_certificate(self, source: str, fingerprint: bytes) -> None:
        async with self._pool.acquire() as db, db.transaction():
            number = await db.fetchval(ENROLMENT["next_version"])
            if not await db.fetchval(SQL["revoke_certificate"], source, fingerprint, number):
                raise RegisterRefusedError(f"{source} has no such certificate; see `anwang source certificate list`")
            await tell_source_changed(db, "certificate_revoked", [source])

    async def certificates(self, source: str | None) -> list[Mapping[str, Any]]:
        return [dict(row) for row in await self._pool.fetch(SQL["certificates"], source)]

    async def require_certificate(self, source: str, *, due: bool) -> None:
        await self._require("require_certificate", source, due=due)

    async def _require(self, name: str, source: str, *, due: bool) -> None:
        async with self._pool.acquire() as db, db.transaction():
            await self._set(name, db, source, due=due, number=await db.fetchval(ENROLMENT["next_version"]))
            await tell_source_changed(db, name if due else f"{name}_no_more", [source])

    async def _set(self, name: str, db: Connection, source: str, *, due: bool, number: int) -> None:
        await db.execute(SQL[name], source, due, number)
