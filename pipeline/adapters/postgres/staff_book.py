"""Who works here: what `anwang staff` changes. Each change is told to the audit in its own transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pipeline.adapters.postgres.access_log import AccessLog
from pipeline.adapters.postgres.database import Connection, Pool, with_retries
from pipeline.adapters.postgres.sql import Queries
from pipeline.domain.access import AccessKind, Body, as_code
from pipeline.domain.posts import Post, PostRole
from pipeline.domain.refusals import RulingRefusal, refused
from pipeline.domain.rulings import is_staff_code
from pipeline.errors import StaffRefusedError

SQL = Queries.of("staff")
STREAM = "staff"
BY_COMMAND = "operate"
"""Who changes it: whoever may run commands on the machine. The machine knows no more of them."""


class Member(NamedTuple):
    staff: str
    posts: tuple[str, ...]
    signs_in_by: str
    added_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class StaffBook:
    """Every change raises StaffRefusedError for a code that nobody has, UnavailableError while the database is away."""

    pool: Pool

    async def put(self, code: str, password_hash: str | None) -> None:
        """A new member, or a new password of one: all sessions of theirs end. Raises RulingRefusedError for what is no
        staff code.
        """
        if not is_staff_code(code):
            raise refused(RulingRefusal.NOT_A_STAFF_CODE)
        await with_retries(lambda: self._put(code, password_hash))

    async def _put(self, code: str, password_hash: str | None) -> None:
        async with self.pool.acquire() as db, db.transaction():
            known = await db.fetchrow(SQL["find"], code)
            if known and known["staff"] != code:
                raise StaffRefusedError("code_taken", "this staff code is taken, in other letters")
            await db.execute(SQL["put"], code, password_hash)
            await db.execute(SQL["end_sessions"], code)
            await db.execute(SQL["unlock"], code)
            await tell_staff_changed(db, code, "password" if known else "added")

    async def bind(self, code: str, issuer: str, subject: str) -> None:
        """From now on they sign in there as this subject."""
        await with_retries(lambda: self._bind(code, issuer, subject))

    async def _bind(self, code: str, issuer: str, subject: str) -> None:
        async with self.pool.acquire() as db, db.transaction():
            if await db.fetchval(SQL["is_subject_taken"], issuer, subject, code):
                raise StaffRefusedError("subject_taken", "somebody else signs in there as this subject")
            _require(await db.execute(SQL["set_subject"], code, issuer, subject), _nobody(code))
            await tell_staff_changed(db, code, "subject")

    async def give(self, code: str, post: Post) -> None:
        await with_retries(lambda: self._give(code, post))

    async def _give(self, code: str, post: Post) -> None:
        async with self.pool.acquire() as db, db.transaction():
            known = await db.fetchrow(SQL["find"], code)
            if known is None or known["staff"] != code or known["has_ended"]:
                raise _nobody(code)
            await db.execute(SQL["add_post"], code, post.role, post.scope)
            await tell_staff_changed(db, code, "post", _of_post(post))

    async def take_back(self, code: str, post: Post) -> None:
        """Its sessions end at once, and what was claimed in it is free."""
        await with_retries(lambda: self._take_back(code, post))

    async def _take_back(self, code: str, post: Post) -> None:
        async with self.pool.acquire() as db, db.transaction():
            ended = await db.execute(SQL["end_post"], code, post.role, post.scope)
            _require(ended, StaffRefusedError("no_such_post", f"{code} has no post {post}"))
            for name in ("end_sessions_in", "free_claims_in"):
                await db.execute(SQL[name], code, post.role, post.scope)
            await tell_staff_changed(db, code, "post_end", _of_post(post))

    async def end(self, code: str) -> None:
        """They work here no more: posts, sessions and claims of theirs end at once."""
        await with_retries(lambda: self._end(code))

    async def _end(self, code: str) -> None:
        async with self.pool.acquire() as db, db.transaction():
            _require(await db.execute(SQL["end"], code), _nobody(code))
            for name in ("end_posts", "end_sessions", "free_claims"):
                await db.execute(SQL[name], code)
            await tell_staff_changed(db, code, "ended")

    async def list(self) -> list[Member]:
        return [_member(row) for row in await with_retries(lambda: self.pool.fetch(SQL["list"]))]


def _member(row: Mapping[str, Any]) -> Member:
    ways = [word for word, holds in (("password", row["has_password"]), ("oidc", row["has_subject"])) if holds]
    return Member(row["staff"], tuple(row["posts"]), "+".join(ways) or "-", row["added_at"], row["ended_at"])


def _nobody(code: str) -> StaffRefusedError:
    return StaffRefusedError("nobody", f"nobody who works here has the staff code {code}")


def _require(status: str, error: StaffRefusedError) -> None:
    """`status` is Postgres's word, such as `UPDATE 1`."""
    if status.endswith(" 0"):
        raise error


def _of_post(post: Post) -> Body:
    return {"role": post.role.value, "scope": _plain(post.scope)}


def _plain(scope: str) -> str:
    return "all" if scope == "*" else scope if scope.isascii() else "county"


async def tell_staff_changed(db: Connection, code: str, what: str, more: Body | None = None) -> None:
    """Tells the audit in the caller's transaction."""
    body: Body = {"staff": as_code(code), "what": what, **(more or {})}
    await AccessLog.append(db, STREAM, AccessKind.STAFF_CHANGED, BY_COMMAND, body)


def scope_of(text: str, centres: frozenset[str], counties: frozenset[str]) -> str:
    """Raises StaffRefusedError for what is no centre, county or `*`."""
    if text not in centres | counties | {"*"}:
        raise StaffRefusedError(
            "unknown_scope", "a scope is the code of a centre, the name of a county such as 臺北市, or *"
        )
    return text


def post_of(role: str, scope: str) -> Post:
    return Post(PostRole(role), scope)
