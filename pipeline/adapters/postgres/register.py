"""Who may report: the sources enrolled in Postgres, above those of the file."""

import asyncpg

from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.adapters.signatures import verifier
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Directory, Source
from pipeline.domain.source_keys import SourceCertificate, SourceKey

SQL = Queries.of("register")
NEVER_LOOKED = -1


def as_source(row: asyncpg.Record) -> Source:
    told = {**row, "role": ReporterRole(row["role"])}
    return Source(**told)


def _as_key(row: asyncpg.Record) -> SourceKey:
    return SourceKey(row["source"], row["kid"], row["revoked_at"], verifier(row["jwk"]))


class Register:
    """The sources as of the last look. A look asks for the register's version and reads what has changed since."""

    def __init__(self, pool: Pool, from_file: Directory) -> None:
        self._pool = pool
        self.version = NEVER_LOOKED
        self._from_file = self.now = from_file

    async def look(self) -> Directory:
        """The sources as of now. Raises UnavailableError."""
        await with_retries(self.read)
        return self.now

    async def read(self) -> None:
        """One look, tried once. Raises what the database raises; what was known stays known."""
        version = await self._pool.fetchval(SQL["version"])
        if version < self.version:  # the database was restored
            self.version, self.now = NEVER_LOOKED, self._from_file
        if version != self.version:
            rows = await self._pool.fetch(SQL["sources_since"], self.version)
            keys = await self._pool.fetch(SQL["keys_since"], self.version)
            certificates = await self._pool.fetch(SQL["certificates_since"], self.version)
            now = self.now.with_sources(map(as_source, rows))
            self.now = now.with_proofs(map(_as_key, keys), (SourceCertificate(**row) for row in certificates))
            self.version = version
