"""Who may report: the sources enrolled in Postgres, above those of the file."""

import asyncpg

from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Directory, Source

SQL = Queries.of("register")
NEVER_LOOKED = -1


def as_source(row: asyncpg.Record) -> Source:
    told = {**row, "role": ReporterRole(row["role"])}
    return Source(**told)


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
            self.now = self.now.with_sources(map(as_source, rows))
            self.version = version
