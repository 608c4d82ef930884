"""The plans of statements that stand in functions of the database: in copies of those functions they are explained.

The copy is made of what the database holds, so that no statement is written twice.
"""

from collections.abc import Sequence

import asyncpg

EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS)"


async def explaining(db: asyncpg.Connection, name: str, changes: Sequence[tuple[str, str]]) -> None:
    """Makes `bench_<name>`, a copy of that function with these changes. Raises ValueError where a text to be changed
    does not stand in it just once.
    """
    text: str = await db.fetchval("SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = $1", name)
    for old, new in ((f"FUNCTION public.{name}(", f"FUNCTION public.bench_{name}("), *changes):
        if text.count(old) != 1:
            raise ValueError(f"{name} does not say {old!r} once")
        text = text.replace(old, new)
    await db.execute(text)


async def plan_of(db: asyncpg.Connection, token: str, call: str, *values: object) -> str:
    """What that call answers for who bears the token: the second time, when what can be cached is cached."""
    lines: list[str] = []
    for _ in range(2):
        async with db.transaction():
            await db.execute("SELECT set_config('anwang.session', $1, true)", token)
            lines = [row[0] for row in await db.fetch(call, *values)]
    return "\n".join(lines)
