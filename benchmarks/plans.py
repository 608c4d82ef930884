"""The plans that the database itself chose, of all that a call runs inside: auto_explain, told to this session."""

from collections.abc import Awaitable, Callable

import asyncpg

_ON = """
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_analyze = on;
SET auto_explain.log_buffers = on;
SET auto_explain.log_timing = on;
SET auto_explain.log_level = notice;
SET client_min_messages = notice
"""


async def plans_of(dsn: str, call: Callable[[asyncpg.Connection], Awaitable[object]], *, told_ms: float) -> list[str]:
    """Of a superuser's connection, those that took at least so many milliseconds, in the order in which they ended."""
    db, heard = await asyncpg.connect(dsn), list[str]()
    try:
        await call(db)  # what is cached is cached
        await db.execute(_ON)
        db.add_log_listener(lambda _, message: heard.append(str(message.message)))
        await call(db)
    finally:
        await db.close()
    return [plan for plan in heard if _took_ms(plan) >= told_ms]


def _took_ms(plan: str) -> float:
    first = plan.split(" ms", 1)[0].removeprefix("duration: ")
    return float(first) if " ms" in plan else 0.0
