"""Which policy is in force: what people activated, believed only as far as their signatures hold."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.signing import verify
from pipeline.domain.policy.book import PolicyBook
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import shipped
from pipeline.domain.policy.release import Refused, UntrustedError, as_proposed, book_of
from pipeline.domain.policy.release_records import Kind, Records, Release, Signature, Signer, Step

SQL = Queries.of("policies")

Row = Mapping[str, Any]


class InForce(NamedTuple):
    """`shadow` is a policy that judges beside the one in force, without effect."""

    book: PolicyBook
    shadow: Policy | None = None


class Policies:
    """As of the last look. A look asks one small question, and reads on only where something has changed. What may not
    be believed rings and is as if it were not there: the policy before stays in force.
    """

    def __init__(self, pool: Pool, raised_by: str) -> None:
        self._pool = pool
        self._raised_by = raised_by
        self._mark: tuple[int | None, ...] | None = None
        self._now = InForce(PolicyBook())
        self._by_digest: dict[str, Policy] = {}

    async def look(self) -> InForce:
        """One look, tried once. Raises what the database raises; what was known stays known."""
        mark = tuple(await self._pool.fetchrow(SQL["mark"]))
        if mark != self._mark:
            async with self._pool.acquire() as db:
                self._now = await self._read(db)
            self._mark = mark
        return self._now

    @property
    def known(self) -> PolicyBook:
        """As of the last look."""
        return self._now.book

    async def book(self) -> PolicyBook:
        """As `look`."""
        return (await self.look()).book

    async def by_digest(self, digest: str) -> Policy | None:
        """A policy that was ever proposed, or the shipped one, by the SHA-256 of its file. None where there is none, or
        where its stored file is another one now. Raises UnavailableError.
        """
        if digest == shipped().digest:
            return shipped()
        if digest not in self._by_digest:
            row = await with_retries(lambda: self._pool.fetchrow(SQL["release_of_digest"], digest))
            policy = _readable(_release(row)) if row else None
            if policy is None:
                return None
            self._by_digest[digest] = policy
        return self._by_digest[digest]

    async def by_version(self, version: str) -> Policy | None:
        """As `by_digest`, by the version's name."""
        row = await with_retries(lambda: self._pool.fetchrow(SQL["release_of_version"], version))
        if row is None:
            return shipped() if version == shipped().version else None
        return _readable(_release(row))

    async def _read(self, db: Connection) -> InForce:
        last = await db.fetchrow(SQL["shadow_now"])
        records = await read_records(db)
        book, refused = book_of(records, verify)
        shadow = None
        if last and last["until"] is None:
            shadow = _readable(records.releases[last["version"]])
            refused = refused if shadow else (*refused, Refused(last["version"], "it cannot run in shadow"))
        for told in refused:
            await db.execute(SQL["raise_alarm"], "policy_refused", told.subject, self._raised_by)
        return InForce(book, shadow)


def _readable(release: Release) -> Policy | None:
    try:
        return as_proposed(release)
    except UntrustedError:
        return None


async def read_records(db: Connection) -> Records:
    """Steps before what they lean on: whatever a step needs was written before it."""
    steps = [Step(**{**row, "kind": Kind(row["kind"])}) for row in await db.fetch(SQL["steps"])]
    signatures = [Signature(**row) for row in await db.fetch(SQL["signatures"])]
    signers = [Signer(**row) for row in await db.fetch(SQL["signers"])]
    releases = [_release(row) for row in await db.fetch(SQL["releases"])]
    return Records(
        {r.version: r for r in releases}, {s.public_key: s for s in signers}, tuple(signatures), tuple(steps)
    )


def _release(row: Row) -> Release:
    return Release(**row)
