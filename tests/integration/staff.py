"""People at work: who signs in for a test, in which post."""

import json
from hashlib import sha256
from uuid import UUID

from lab import Lab

from pipeline.adapters.postgres.database import Pool, Role, open_pool
from pipeline.domain.posts import Post, PostRole

CLAIM = "SELECT act_on_case($1, 'claim', NULL, '{}') ->> 'code'"
GIVE_BACK = "SELECT act_on_case($1, 'give_back', (SELECT fence FROM claim WHERE case_id = $1), '{}') ->> 'code'"


async def people_pool(lab: Lab, connections_max: int = 4) -> Pool:
    pool = await open_pool(lab.settings.postgres_dsn, name="people", role=Role.PEOPLE, connections_max=connections_max)
    lab.stack.callback(pool.terminate)
    return pool


async def signed_in(lab: Lab, staff: str, role: PostRole, scope: str = "*", *, for_s: int = 3600) -> str:
    """The token of a session of this person, who is added where the desk does not know them."""
    token = f"token-of-{staff}-{role}-{scope.encode().hex()}"
    post = Post(role, scope)
    async with lab.pool.acquire() as db, db.transaction():
        await db.execute("INSERT INTO staff (staff) VALUES ($1) ON CONFLICT DO NOTHING", staff)
        await db.execute(
            "INSERT INTO post (staff, role, scope) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", staff, role, post.scope
        )
        await db.execute(
            """
            INSERT INTO staff_session (digest, staff, role, scope, ends_at)
            VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5)) ON CONFLICT DO NOTHING
            """,
            sha256(token.encode()).digest(),
            staff,
            role,
            scope,
            float(for_s),
        )
    return token


async def acts_of(lab: Lab, case: UUID) -> list[tuple[str, str]]:
    """(act, staff code) of what was done with the case at the desk, from its own chain."""
    rows = await lab.pool.fetch(
        "SELECT body FROM case_event WHERE case_id = $1 AND kind = 'case.handled.v1' ORDER BY version", case
    )
    handled = [json.loads(row["body"])["handled"] for row in rows]
    return [(one["act"], one["by"]) for one in handled]
