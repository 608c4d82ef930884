"""The one way in which a person reads or does anything: a transaction first, then the identity, for that transaction
alone.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pipeline.adapters.postgres.database import Connection, Pool
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.posts import Post, PostRole
from pipeline.errors import NobodyActsError

SQL = Queries.of("acting")


@dataclass(frozen=True, slots=True)
class Acting:
    """A person in one of their posts, inside a transaction whose every statement Postgres narrows to that post."""

    db: Connection
    staff: str
    post: Post


@asynccontextmanager
async def acting_as(pool: Pool, token: str, *, second: str | None = None) -> AsyncIterator[Acting]:
    """`pool` logs in as `Role.PEOPLE`, which may read nothing. `token` is that of a session, `second` that of another
    person who agrees. Raises NobodyActsError where the session is unknown, over, or of a person or post that has ended.

    The identity ends with the transaction, however that ends; it is looked up by the database from the token, so that
    no statement can put another in its place.
    """
    async with pool.acquire() as db, db.transaction():
        found = await db.fetchrow(SQL["take_up"], token, second or "")
        if found is None:
            raise NobodyActsError
        yield Acting(db, found["staff"], Post(PostRole(found["role"]), found["scope"]))
