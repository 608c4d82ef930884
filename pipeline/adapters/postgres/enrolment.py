"""What the commands change in the register: every change is one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pipeline.adapters.credentials import Credential, Purpose, digest_of, drawn
from pipeline.adapters.postgres.access_log import AccessLog
from pipeline.adapters.postgres.database import Connection, Pool
from pipeline.adapters.postgres.register import as_source
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.access import OWNERS_NAMED_MAX, AccessKind, Body, as_code
from pipeline.domain.directory import Source, not_enrolled
from pipeline.errors import RegisterRefusedError

SQL = Queries.of("enrolment")


@dataclass(frozen=True, slots=True)
class Issued:
    """Who was enrolled, each with the secret that is shown this once; who was there already, unchanged."""

    secrets: Mapping[str, str] = field(repr=False)
    unchanged: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def _described(source: Source) -> Source:
    """As a list describes it, which does not say what proofs are due."""
    return replace(source, signature_due=False, certificate_due=False)


class Enrolment:
    """What the commands change in the register. Every change is one transaction."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, code: str) -> Source | None:
        return (await self._known([code])).get(code)

    async def _known(self, codes: Sequence[str]) -> dict[str, Source]:
        return {row["code"]: as_source(row) for row in await self._pool.fetch(SQL["enrolled"], codes)}

    async def plan(self, sources: Sequence[Source], purpose: Purpose | None) -> Issued:
        """What enrolling these would change; the secrets are drawn, nothing is written."""
        known = await self._known([s.code for s in sources])
        there = {code for code, source in known.items() if source.revoked_at is None}
        others = [s for s in sources if s.code in there]
        return Issued(
            secrets={s.code: drawn(purpose) if purpose else "" for s in sources if s.code not in there},
            unchanged=tuple(s.code for s in others if _described(known[s.code]) == s),
            changed=tuple(s.code for s in others if _described(known[s.code]) != s),
        )

    async def enrol(
        self, sources: Sequence[Source], issued: Issued, purpose: Purpose | None, expires_at: datetime | None
    ) -> None:
        """Writes the sources that `plan` found fresh or changed, and the credentials of the fresh ones."""
        written = [s for s in sources if s.code in issued.secrets or s.code in issued.changed]
        columns = zip(*((s.code, s.kind, s.role, s.county, s.name, s.own_topic) for s in written), strict=True)
        async with self._pool.acquire() as db, db.transaction():
            number = await db.fetchval(SQL["next_version"])
            if written:
                await db.execute(SQL["enrol"], *(list(column) for column in columns), number)
            if purpose:
                told = {secret: Credential(code, purpose, expires_at) for code, secret in issued.secrets.items()}
                await add_credentials(db, number, told)
            await tell_source_changed(db, "enrolled", [source.code for source in written])

    async def rotate(
        self, code: str, purpose: Purpose, *, ends_at: datetime | None, expires_at: datetime | None
    ) -> str:
        """A new credential; earlier ones of this purpose end at `ends_at`, or stay as they are where it is None. Raises
        RegisterRefusedError.
        """
        await self._require(code)
        secret = drawn(purpose)
        async with self._pool.acquire() as db, db.transaction():
            number = await db.fetchval(SQL["next_version"])
            if ends_at:
                await db.execute(SQL["end_credentials"], code, purpose, ends_at, number)
            await add_credentials(db, number, {secret: Credential(code, purpose, expires_at)})
            await tell_source_changed(db, "rotated", [code])
        return secret

    async def revoke(self, code: str, at: datetime) -> None:
        """From `at` on nothing of it is believed and none of its credentials, keys and certificates is good. Raises
        RegisterRefusedError.
        """
        await self._require(code)
        async with self._pool.acquire() as db, db.transaction():
            number = await db.fetchval(SQL["next_version"])
            await db.execute(SQL["revoke"], code, at, number)
            await db.execute(SQL["end_credentials"], code, None, at - timedelta(microseconds=1), number)
            await db.execute(SQL["end_keys"], code, at, number)
            await db.execute(SQL["end_certificates"], code, at, number)
            await tell_source_changed(db, "revoked", [code])

    async def _require(self, code: str) -> None:
        source = await self.find(code)
        if source is None:
            raise RegisterRefusedError(not_enrolled(code))
        if source.revoked_at is not None:
            raise RegisterRefusedError(f"{code} is revoked already; `anwang source add` enrols it anew")

    async def list(self) -> list[Mapping[str, Any]]:
        return [dict(row) for row in await self._pool.fetch(SQL["list"])]

    async def counts(self, code: str | None) -> Sequence[Mapping[str, Any]]:
        """Reports of each source and month, and how many of them a centre took in hand. Exact: for those inside."""
        return [dict(row) for row in await self._pool.fetch(SQL["counts"], code)]


async def add_credentials(db: Connection, number: int, told: Mapping[str, Credential]) -> None:
    if not told:
        return
    rows = [(digest_of(secret), c.source, c.purpose, c.expires_at) for secret, c in told.items()]
    await db.execute(SQL["add_credentials"], *(list(column) for column in zip(*rows, strict=True)), number)


async def tell_source_changed(db: Connection, step: str, codes: Sequence[str]) -> None:
    """Adds to the audit of access, in the caller's transaction. Of thousands, the first are named."""
    named = [as_code(code) for code in sorted(codes)[:OWNERS_NAMED_MAX]]
    body: Body = {"step": step, "count": len(codes), "sources": [*named]}
    await AccessLog.append(db, "operate", AccessKind.SOURCE_CHANGED, "operate", body)
