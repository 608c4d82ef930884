"""Nothing that a statement says may reach the log of a server that somebody else reads."""

from collections.abc import Mapping

import asyncpg

from pipeline.adapters.postgres.sql import Queries
from pipeline.errors import ServerLogRefusedError

SQL = Queries.of("quiet")

OFF = frozenset({"off"})
NO_TIME = frozenset({"-1"})
ABOVE_ERRORS = frozenset({"fatal", "panic"})

QUIET: Mapping[str, frozenset[str]] = {
    "log_statement": frozenset({"none", "ddl"}),
    "log_min_duration_statement": NO_TIME,
    "log_min_duration_sample": NO_TIME,
    "log_transaction_sample_rate": frozenset({"0"}),
    "log_min_messages": ABOVE_ERRORS | {"log"},
    "log_min_error_statement": ABOVE_ERRORS,
    "log_parameter_max_length": frozenset({"0"}),
    "log_parameter_max_length_on_error": frozenset({"0"}),
    "debug_print_raw_parse": OFF,
    "debug_print_parse": OFF,
    "debug_print_rewritten": OFF,
    "debug_print_plan": OFF,
    "auto_explain.log_min_duration": NO_TIME,
    "pgaudit.log": frozenset({"", "none"}),
    "pgaudit.log_parameter": OFF,
}
"""By setting, what lets nothing pass: an error's text may hold the value that caused it, a statement's or a plan's its
parameters. One that a server does not know does no harm. pg_stat_statements keeps statements without their values.
"""


async def talkative_settings(connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy) -> tuple[str, ...]:
    """Each that would write personal data into the server's log, as it holds for this role, database and session."""
    rows = await connection.fetch(SQL["settings"], list(QUIET))
    return tuple(row["name"] for row in rows if row["setting"] not in QUIET[row["name"]])


async def refuse_talkative_log(connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy) -> None:
    """Raises ServerLogRefusedError, which names each setting and what it must be."""
    found = await talkative_settings(connection)
    if found:
        wanted = "; ".join(f"{name} must be {_told(QUIET[name])}" for name in found)
        raise ServerLogRefusedError(
            f"Postgres would write what people told us into its log: {wanted}. See docs/operations.md, Postgres's log"
        )


def _told(values: frozenset[str]) -> str:
    return " or ".join(sorted(value or "empty" for value in values))
