"""Signing in and out: sessions live in the database alone, by the digest of their token."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple, NoReturn

from pipeline.adapters import passwords
from pipeline.adapters.postgres.access_log import AccessLog
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.access import AccessKind
from pipeline.domain.posts import Post, PostRole
from pipeline.domain.rulings import is_staff_code
from pipeline.errors import StaffRefusedError

SQL = Queries.of("sign_in")
STREAM = "desk.sign-in"
NOBODY = "nobody"
TOKEN_BYTES = 32
FAILURES_MAX, LOCKED_FOR = 10, timedelta(minutes=15)
ASK_FOR_S = 3.0
"""Somebody waits for the answer."""


class Seat(NamedTuple):
    """Who sits at the desk, in which post, by which token, and until when at most."""

    token: str
    staff: str
    post: Post
    ends_at: datetime
    idle_for: timedelta


class PostWanted(NamedTuple):
    """None is the only one that there is."""

    role: PostRole | None = None
    scope: str | None = None

    def is_met(self, post: Post) -> bool:
        return self.role in (None, post.role) and self.scope in (None, post.scope)


class PostsOpenError(StaffRefusedError):
    """More than one post is meant; they are told to whoever has shown that they are this person."""

    def __init__(self, posts: Sequence[Post]) -> None:
        super().__init__("post_ambiguous", "say in which post: role and scope")
        self.posts = tuple(posts)


class Flow(NamedTuple):
    """A sign-in that is with the provider now."""

    nonce: str
    verifier: str
    wanted: PostWanted


@dataclass(frozen=True, slots=True)
class Sessions:
    """`lasts` is the longest that a session lives, `idle_for` how long without use. Each sign-in makes a new token.

    Every call raises UnavailableError while the database is away.
    """

    pool: Pool
    lasts: timedelta
    idle_for: timedelta

    async def by_password(self, code: str, password: str, wanted: PostWanted) -> Seat:
        """Raises StaffRefusedError: `sign_in_refused` whatever is wrong of code and password, `sign_in_locked` after
        too many failures, `no_post`, or PostsOpenError.
        """
        code = code if is_staff_code(code) else ""
        known = await with_retries(lambda: self.pool.fetchrow(SQL["find"], code), for_s=ASK_FOR_S)
        if code and await with_retries(lambda: self.pool.fetchval(SQL["is_locked"], code), for_s=ASK_FOR_S):
            await self._refuse(known["staff"] if known else NOBODY, "sign_in_locked")
        if not await _verified(known and known["password_hash"], password) or not known or known["has_ended"]:
            await self._failed(code, known["staff"] if known else NOBODY)
        return await with_retries(lambda: self._begin(known["staff"], wanted, "password"), for_s=ASK_FOR_S)

    async def by_subject(self, issuer: str, subject: str, wanted: PostWanted) -> Seat:
        """As `by_password`, for whom the provider vouches."""
        found = await with_retries(lambda: self.pool.fetchval(SQL["find_subject"], issuer, subject), for_s=ASK_FOR_S)
        if found is None:
            await self._refuse(NOBODY, "subject_unknown")
        return await with_retries(lambda: self._begin(found, wanted, "oidc"), for_s=ASK_FOR_S)

    async def refuse_subject(self, code: str) -> NoReturn:
        """What the provider sent will not do: told to the audit. Raises StaffRefusedError."""
        await self._refuse(NOBODY, code)

    async def _failed(self, code: str, actor: str) -> NoReturn:
        if code:
            note = (SQL["note_failure"], code, FAILURES_MAX, LOCKED_FOR)
            await with_retries(lambda: self.pool.fetchval(*note), for_s=ASK_FOR_S)
            await self.pool.execute(SQL["forget_old_failures"])
        await self._refuse(actor, "sign_in_refused")

    async def _refuse(self, actor: str, code: str) -> NoReturn:
        event = (STREAM, AccessKind.LOGIN_REFUSED, actor, {"code": code})
        await with_retries(lambda: AccessLog.append(self.pool, *event), for_s=ASK_FOR_S)
        raise StaffRefusedError(code, "nobody is signed in by this")

    async def _begin(self, staff: str, wanted: PostWanted, way: str) -> Seat:
        async with self.pool.acquire() as db, db.transaction():
            rows = await db.fetch(SQL["posts_of"], staff)
            posts = [Post(PostRole(row["role"]), row["scope"]) for row in rows]
            meant = [post for post in posts if wanted.is_met(post)]
            if not meant:
                raise StaffRefusedError("no_post", "this person has no such post")
            if len(meant) > 1:
                raise PostsOpenError(meant)
            token = secrets.token_urlsafe(TOKEN_BYTES)
            values = (digest(token), staff, meant[0].role, meant[0].scope, self.lasts, self.idle_for)
            ends_at = await db.fetchval(SQL["begin_session"], *values)
            await db.execute(SQL["unlock"], staff)
            said = {"role": meant[0].role.value, "way": way}
            await AccessLog.append(db, STREAM, AccessKind.LOGIN, staff, said)
        return Seat(token, staff, meant[0], ends_at, self.idle_for)

    async def find(self, token: str) -> Seat | None:
        """Who sits there; it counts as use. None where the session is over, or its person or post has ended."""
        row = await with_retries(lambda: self.pool.fetchrow(SQL["session"], digest(token)), for_s=ASK_FOR_S)
        if row is None:
            return None
        await with_retries(lambda: self.pool.execute(SQL["seen"], digest(token)), for_s=ASK_FOR_S)
        return Seat(token, row["staff"], Post(PostRole(row["role"]), row["scope"]), row["ends_at"], row["idle_for"])

    async def end(self, token: str) -> None:
        await with_retries(lambda: self._end(token), for_s=ASK_FOR_S)

    async def _end(self, token: str) -> None:
        async with self.pool.acquire() as db, db.transaction():
            row = await db.fetchrow(SQL["end_session"], digest(token))
            if row:
                await AccessLog.append(db, STREAM, AccessKind.LOGOUT, row["staff"], {"role": row["role"]})

    async def begin_flow(self, state: str, flow: Flow) -> None:
        role, scope = flow.wanted
        values = (digest(state), flow.nonce, flow.verifier, role, scope)
        await with_retries(lambda: self.pool.execute(SQL["begin_flow"], *values), for_s=ASK_FOR_S)
        await self.pool.execute(SQL["drop_old_flows"])

    async def take_flow(self, state: str) -> Flow | None:
        """Once: whoever comes again with the same state finds nothing."""
        row = await with_retries(lambda: self.pool.fetchrow(SQL["take_flow"], digest(state)), for_s=ASK_FOR_S)
        if row is None or not row["is_open"]:
            return None
        role = PostRole(row["role"]) if row["role"] else None
        return Flow(row["nonce"], row["verifier"], PostWanted(role, row["scope"]))


def digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


async def _verified(password_hash: str | None, password: str) -> bool:
    """Apart from the loop: it is made to take long."""
    return await asyncio.to_thread(passwords.opens, password_hash, password)
