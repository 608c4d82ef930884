"""Postgres' own log: no process works with a server that would write down what people told us."""

import json

import asyncpg
import pytest
from crew import run, servers_root
from lab import Lab
from seeking import found_in

from pipeline.adapters.kafka.onlooker import Onlooker
from pipeline.adapters.postgres.audit_store import AuditStore
from pipeline.adapters.postgres.database import Role, open_pool
from pipeline.adapters.postgres.quiet import QUIET, talkative_settings
from pipeline.local.servers import Servers
from pipeline.stages.audit import Auditor

TALKATIVE = {
    "log_statement": "mod",
    "log_min_duration_statement": "0",
    "log_min_duration_sample": "10",
    "log_transaction_sample_rate": "0.5",
    "log_min_messages": "warning",
    "log_min_error_statement": "error",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "64",
    "debug_print_parse": "on",
    "debug_print_rewritten": "on",
    "debug_print_plan": "on",
}
OF_OTHER_SERVERS = {
    "debug_print_raw_parse": "on",
    "auto_explain.log_min_duration": "250",
    "pgaudit.log": "read, write",
    "pgaudit.log_parameter": "on",
}
"""Of a later version, and of extensions that are not here."""

MARK, COUNTER = "讟讋龖齾", "57721566490"


async def setting(lab: Lab, name: str, value: str) -> None:
    database = await lab.pool.fetchval("SELECT current_database()")
    await lab.pool.execute(f"ALTER DATABASE {database} SET {name} = '{value}'")


async def found(lab: Lab) -> tuple[str, ...]:
    fresh = await asyncpg.connect(lab.settings.postgres_dsn)
    try:
        return await talkative_settings(fresh)
    finally:
        await fresh.close()


def test_every_setting_that_is_looked_at_is_tried_here() -> None:
    assert {*TALKATIVE, *OF_OTHER_SERVERS} == set(QUIET)


async def test_our_own_server_is_quiet(lab: Lab) -> None:
    assert await found(lab) == ()


@pytest.mark.parametrize("name", TALKATIVE)
async def test_a_setting_that_lets_something_pass_is_named(lab: Lab, name: str) -> None:
    await setting(lab, name, TALKATIVE[name])
    assert await found(lab) == (name,)


class Another:
    """A connection to a server that has these settings."""

    def __init__(self, **settings: str) -> None:
        self._settings = settings

    async def fetch(self, _statement: str, names: list[str]) -> list[dict[str, str]]:
        return [{"name": name, "setting": told} for name, told in self._settings.items() if name in names]


async def test_so_is_one_of_another_server_and_what_a_server_does_not_know_does_no_harm() -> None:
    assert set(await talkative_settings(Another(**OF_OTHER_SERVERS))) == set(OF_OTHER_SERVERS)
    quiet = {"pgaudit.log": "none", "auto_explain.log_min_duration": "-1", "work_mem": "4096"}
    assert await talkative_settings(Another(**quiet)) == ()


async def test_no_process_and_no_command_works_with_a_server_that_logs_statements(lab: Lab) -> None:
    await setting(lab, "log_statement", "all")
    for words in (("ledger",), ("run", "assess"), ("run", "relay"), ("run", "auditor"), ("run", "intake")):
        ended = await run(lab.settings, *words, ANWANG_HTTP_PORT="off")
        assert ended.exit_code == 1, words
        assert "log_statement must be ddl or none" in ended.err, words
        assert "docs/operations.md" in ended.err


async def test_no_process_works_where_the_keys_lie_on_such_a_server(lab: Lab) -> None:
    database = await lab.keys_pool.fetchval("SELECT current_database()")
    await lab.keys_pool.execute(f"ALTER DATABASE {database} SET log_min_messages = 'notice'")
    ended = await run(lab.settings, "run", "assess", ANWANG_HTTP_PORT="off")
    assert (ended.exit_code, json.loads(ended.err.splitlines()[-1])["errors"][0]["class"]) == (
        1,
        "ServerLogRefusedError",
    )


async def rings(lab: Lab) -> list[str]:
    """The open alarms after an auditor, with connections of its own, has looked."""
    pool = await open_pool(lab.settings.postgres_dsn, name="auditor", role=Role.AUDITOR)
    try:
        async with Onlooker(lab.brokers, "auditor") as onlooker:
            await Auditor(AuditStore(pool), onlooker, lab.ring, lab.heard, patience_s=0).turn()
        return [row["code"] for row in await pool.fetch("SELECT code FROM alarm WHERE settled_at IS NULL")]
    finally:
        pool.terminate()


async def test_a_server_that_begins_to_talk_while_we_run_rings_until_it_is_quiet_again(lab: Lab) -> None:
    assert await rings(lab) == []
    await setting(lab, "log_min_duration_statement", "500")
    assert await rings(lab) == ["database_log_talks"]
    assert (await lab.audit()).balances
    await setting(lab, "log_min_duration_statement", "-1")
    assert await rings(lab) == []
    assert lab.heard.alarms == [("database_log_talks", "database")]


async def test_what_such_a_server_would_have_written_is_found_in_its_log(lab: Lab, servers: Servers) -> None:
    log = (await servers_root(servers)) / "log" / "postgres.log"
    before = log.read_bytes()
    await setting(lab, "log_error_verbosity", "default")
    for name in ("log_parameter_max_length", "log_min_messages"):
        await setting(lab, name, TALKATIVE[name])
    await setting(lab, "log_statement", "all")
    talkative = await asyncpg.connect(lab.settings.postgres_dsn)
    try:
        await talkative.fetchval("SELECT $1::text", MARK)
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await talkative.execute(f"SELECT 'x{COUNTER}'::int")
    finally:
        await talkative.close()
    marks = {"value": MARK, "error": COUNTER}
    assert found_in(before, marks) == set()
    assert found_in(log.read_bytes(), marks) == {("value", "utf-8"), ("error", "utf-8")}
