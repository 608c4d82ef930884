"""The audit of access on a real database: what the functions of the database write, the verifier reads."""

import asyncio
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import asyncpg
import pytest
from lab import Lab
from staff import signed_in

from pipeline import wiring
from pipeline.adapters.anchors import AnchorFile, create_key, signer
from pipeline.adapters.postgres.access_log import AccessBook, AccessLog
from pipeline.adapters.postgres.database import Role, open_pool
from pipeline.adapters.timestamps import Timestamper, is_stamp_of
from pipeline.domain.access import BEGINNING, AccessKind, Deed, event_hash, keys_used
from pipeline.domain.access_check import Fault, Finding
from pipeline.domain.anchors import Anchor, mark_of, read_statement, stamped_bytes, statement_of
from pipeline.domain.posts import PostRole
from pipeline.errors import UnavailableError
from pipeline.stages.anchor import Anchoring

STRANGE = [
    {"text": '\x01 \t "quoted" \\ back', "number": 1.50, "big": 10**30, "deep": [{"雨": None}], "small": 1e-9},
    {},
    {"many": list(range(50)), "yes": True, "": "", "emoji": "🌧"},
]
"""What SQL typed by hand may hold: hashed all the same."""


async def write(lab: Lab, stream: str, events: int) -> None:
    async with lab.pools.operate.acquire() as db:
        for _ in range(events):
            await AccessLog.append(db, stream, AccessKind.READ, "S1024", {"case_id": uuid4(), "count": 1})


@asynccontextmanager
async def as_superuser_without_triggers(lab: Lab) -> AsyncIterator[asyncpg.Connection]:
    db = await asyncpg.connect(lab.settings.postgres_dsn)
    try:
        await db.execute("SET session_replication_role = replica")
        yield db
    finally:
        await db.close()


def anchoring(lab: Lab, stamp: Callable[[Anchor], Awaitable[bytes]] | None = None) -> Anchoring:
    file, sign = AnchorFile(lab.settings.anchor_file), signer(lab.settings.anchor_key_file)
    return Anchoring(AccessBook(lab.pools.auditor), file, sign, stamp=stamp, telling=lab.heard, every_s=0)


async def findings(lab: Lab) -> list[Finding]:
    return (await wiring.verify_audit(lab.settings, None, None)).findings


async def test_the_database_hashes_as_the_verifier_does_whatever_the_event_holds(lab: Lab) -> None:
    async with lab.pools.operate.acquire() as db:
        for body in STRANGE:
            await db.execute("SELECT audit_append('a.b-c_d', 'read', 'S1024:x', $1::text::jsonb)", json.dumps(body))
        numbers = await AccessLog.append_many(
            db, "e", [Deed(AccessKind.EXPORT, "S1", {"n": 1}), Deed(AccessKind.LOGOUT, "S1", {})]
        )
    rows = await AccessBook(lab.pools.auditor).stretch("a.b-c_d", 0, 10, 10)
    assert [row.number for row in rows] == [1, 2, 3]
    assert numbers == 2
    prior = BEGINNING
    for row in rows:
        assert row.prior_hash == prior
        prior = row.hash
        assert event_hash(row.prior_hash, row) == row.hash
    assert await findings(lab) == []


async def test_an_event_is_never_changed_or_removed_and_only_added_by_the_function(lab: Lab) -> None:
    await write(lab, "desk.tpe", 2)
    await anchoring(lab).turn()
    for statement in (
        "UPDATE access_event SET actor = 'S9' WHERE number = 1",
        "DELETE FROM access_event",
        "TRUNCATE access_event",
        "UPDATE access_anchor SET statement = ''",
        "DELETE FROM access_anchor",
        "TRUNCATE access_head",
        "DELETE FROM access_head",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await lab.pool.execute(statement)
    assert await findings(lab) == []


async def test_events_of_many_at_once_stand_in_one_chain(lab: Lab) -> None:
    await asyncio.gather(*(write(lab, "desk.tpe", 20) for _ in range(6)))
    verified = await wiring.verify_audit(lab.settings, None, None)
    assert (verified.events, verified.streams, verified.findings) == (120, 1, [])


async def test_what_is_rolled_back_leaves_no_gap(lab: Lab) -> None:
    await write(lab, "desk.tpe", 1)
    async with lab.pools.operate.acquire() as db:
        deed = db.transaction()
        await deed.start()
        assert await AccessLog.append(db, "desk.tpe", AccessKind.REVEAL, "S1024", {}) == 2
        await deed.rollback()
    await write(lab, "desk.tpe", 1)
    assert await findings(lab) == []


FORGERIES = {
    "changed": (
        ["UPDATE access_event SET actor = 'S9999' WHERE stream = 'desk.tpe' AND number = 3"],
        Finding("desk.tpe", 3, Fault.CHANGED),
    ),
    "changed by one microsecond": (
        ["UPDATE access_event SET at = at + interval '1 us' WHERE stream = 'desk.tpe' AND number = 3"],
        Finding("desk.tpe", 3, Fault.CHANGED),
    ),
    "changed and hashed anew": (
        [
            """UPDATE access_event
            SET actor = 'S9999', hash = access_hash(prior_hash, stream, number, at, kind, 'S9999', body)
            WHERE stream = 'desk.tpe' AND number = 3"""
        ],
        Finding("desk.tpe", 3, Fault.REWRITTEN),
    ),
    "removed": (
        ["DELETE FROM access_event WHERE stream = 'desk.tpe' AND number IN (2, 3)"],
        Finding("desk.tpe", 2, Fault.REMOVED, 3),
    ),
    "cut off": (
        ["DELETE FROM access_event WHERE stream = 'desk.tpe' AND number > 4"],
        Finding("desk.tpe", 5, Fault.CUT_OFF, 6),
    ),
    "cut off with its head": (
        [
            "DELETE FROM access_event WHERE stream = 'desk.tpe' AND number > 4",
            """UPDATE access_head h SET number = 4, hash = e.hash
            FROM access_event e WHERE e.stream = h.stream AND e.number = 4 AND h.stream = 'desk.tpe'""",
        ],
        Finding("desk.tpe", 5, Fault.CUT_OFF, 6),
    ),
    "gone altogether": (
        ["DELETE FROM access_event WHERE stream = 'desk.tpe'", "DELETE FROM access_head WHERE stream = 'desk.tpe'"],
        Finding("desk.tpe", 1, Fault.CUT_OFF, 6),
    ),
    "chained anew as a whole": (
        [
            "DELETE FROM access_event WHERE stream = 'desk.tpe'",
            "DELETE FROM access_head WHERE stream = 'desk.tpe'",
            "SELECT audit_append('desk.tpe', 'read', 'S9999', '{}') FROM generate_series(1, 8)",
        ],
        Finding("desk.tpe", 1, Fault.UNLIKE_ANCHOR, 6),
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_what_a_superuser_forges_with_the_triggers_off_is_named(lab: Lab, forgery: str) -> None:
    await write(lab, "desk.ntp", 3)
    await write(lab, "desk.tpe", 6)
    await anchoring(lab).turn()
    assert await findings(lab) == []
    statements, finding = FORGERIES[forgery]
    async with as_superuser_without_triggers(lab) as db:
        for statement in statements:
            await db.execute(statement)
    assert await findings(lab) == [finding]


async def test_two_events_that_a_superuser_swapped_are_named_both(lab: Lab) -> None:
    await write(lab, "desk.tpe", 6)
    async with as_superuser_without_triggers(lab) as db:
        for here, there in ((2, 99), (5, 2), (99, 5)):
            await db.execute("UPDATE access_event SET number = $2 WHERE number = $1", here, there)
    assert await findings(lab) == [
        Finding("desk.tpe", 2, Fault.MISPLACED, belongs=5),
        Finding("desk.tpe", 5, Fault.MISPLACED, belongs=2),
    ]


async def test_anchors_forged_together_with_the_table_are_found_by_the_file_and_by_the_key(
    lab: Lab, tmp_path: Path
) -> None:
    await write(lab, "desk.tpe", 6)
    await anchoring(lab).turn()
    create_key(tmp_path / "thief.pem")
    thief = signer(tmp_path / "thief.pem")
    async with as_superuser_without_triggers(lab) as db:
        for table in ("access_event", "access_head", "access_anchor"):
            await db.execute(f"DELETE FROM {table}")  # noqa: S608 - three tables of ours
        await db.execute("SELECT audit_append('desk.tpe', 'read', 'S9999', '{}') FROM generate_series(1, 6)")
    heads = await AccessBook(lab.pools.auditor).heads()
    forged = thief(1, statement_of(1, "2026-01-01T00:00:00.000000Z", BEGINNING, heads))
    await AccessBook(lab.pools.auditor).add_anchor(forged)
    assert await findings(lab) == [
        Finding("anchors", 1, Fault.ANCHOR_UNLIKE_FILE),
        Finding("desk.tpe", 1, Fault.UNLIKE_ANCHOR, 6),
    ]
    lab.settings.anchor_file.unlink()
    assert await findings(lab) == [Finding("anchors", 1, Fault.ANCHOR_UNSIGNED)]


async def test_only_what_moved_is_anchored_and_each_anchor_follows_the_one_before(lab: Lab) -> None:
    signing = anchoring(lab)
    assert await signing.turn() is None
    await write(lab, "desk.tpe", 2)
    await write(lab, "keys", 1)
    one = await signing.turn()
    assert one is not None
    assert await signing.turn() is None
    await write(lab, "desk.tpe", 3)
    two = await anchoring(lab).turn()  # another auditor, started after the first
    assert two is not None
    said = [read_statement(anchor.statement) for anchor in (one, two)]
    assert [{s: h.number for s, h in one_said.heads.items()} for one_said in said if one_said] == [
        {"desk.tpe": 2, "keys": 1},
        {"desk.tpe": 5},
    ]
    assert said[1] is not None
    assert said[1].prior == mark_of(one)
    assert AnchorFile(lab.settings.anchor_file).read() == [one, two] == await AccessBook(lab.pools.auditor).anchors()


async def test_a_stream_that_was_forged_since_the_last_anchor_is_not_signed_but_rings(lab: Lab) -> None:
    await write(lab, "desk.ntp", 2)
    await write(lab, "desk.tpe", 2)
    signing = anchoring(lab)
    await signing.turn()
    await write(lab, "desk.ntp", 2)
    await write(lab, "desk.tpe", 2)
    async with as_superuser_without_triggers(lab) as db:
        await db.execute("UPDATE access_event SET kind = 'logout' WHERE stream = 'desk.tpe' AND number = 3")
    anchor = await signing.turn()
    assert anchor is not None
    said = read_statement(anchor.statement)
    assert said is not None
    assert list(said.heads) == ["desk.ntp"]
    assert lab.heard.alarms == [("audit_broken", "stream desk.tpe 3")]


async def test_a_line_that_a_crash_cut_short_or_kept_out_of_the_file_is_added_again(lab: Lab) -> None:
    file = lab.settings.anchor_file
    await write(lab, "desk.tpe", 1)
    await anchoring(lab).turn()
    whole = file.read_text()
    file.write_text(whole[:-20])
    assert await anchoring(lab).turn() is None
    assert file.read_text() == whole
    assert await findings(lab) == []


async def test_a_table_that_went_back_behind_the_file_rings_and_nothing_more_is_signed(lab: Lab) -> None:
    await write(lab, "desk.tpe", 1)
    await anchoring(lab).turn()
    async with as_superuser_without_triggers(lab) as db:
        await db.execute("DELETE FROM access_anchor")
    assert await anchoring(lab).turn() is None
    assert lab.heard.alarms == [("audit_anchors_gone", "stream anchors")]
    assert await findings(lab) == [Finding("anchors", 1, Fault.ANCHOR_REMOVED)]


async def test_a_file_that_cannot_be_written_rings_and_is_made_good_later(lab: Lab) -> None:
    await write(lab, "desk.tpe", 1)
    lab.settings.anchor_file.mkdir()
    signing = anchoring(lab)
    await signing.turn()
    assert {code for code, _ in lab.heard.alarms} == {"audit_anchors_gone"}
    lab.settings.anchor_file.rmdir()
    anchor = await signing.turn()
    assert anchor is not None
    assert AnchorFile(lab.settings.anchor_file).read() == [anchor]


AUTHORITY = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/tsa.crt
certs = {folder}/tsa.crt
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


class Authority(NamedTuple):
    """The command that asks it, and whom to believe."""

    command: str
    certificate: Path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A time-stamping authority of our own."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the program openssl")
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "serial").write_text("01\n")
    (folder / "tsa.conf").write_text(AUTHORITY.format(folder=folder))
    extension = ["-addext", "extendedKeyUsage=critical,timeStamping"]
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test tsa", "-days", "2", *extension]
    subprocess.run([*made, "-keyout", folder / "tsa.key", "-out", folder / "tsa.crt"], check=True, capture_output=True)
    script = f"import os; os.execv({openssl!r}, [{openssl!r}, 'ts', '-reply', '-config', '{folder}/tsa.conf', "
    script += "'-queryfile', '/dev/stdin'])"
    return Authority(shlex.join([sys.executable, "-c", script]), folder / "tsa.crt")


async def test_an_anchor_bears_the_timestamp_of_an_authority_and_openssl_believes_it(
    lab: Lab, authority: Authority, tmp_path: Path
) -> None:
    await write(lab, "desk.tpe", 1)
    anchor = await anchoring(lab, Timestamper(authority.command).stamp).turn()
    assert anchor is not None
    assert anchor.timestamp_token
    assert is_stamp_of(anchor)
    assert not is_stamp_of(anchor._replace(statement=anchor.statement + " "))
    assert await AccessBook(lab.pools.auditor).anchors() == [anchor] == AnchorFile(lab.settings.anchor_file).read()
    assert await findings(lab) == []
    assert lab.heard.alarms == []
    (tmp_path / "stamped").write_bytes(stamped_bytes(anchor))
    (tmp_path / "answer").write_bytes(anchor.timestamp_token)
    asked = ["openssl", "ts", "-verify", "-data", tmp_path / "stamped", "-in", tmp_path / "answer"]
    verified = subprocess.run([*asked, "-CAfile", authority.certificate], check=False, capture_output=True)  # noqa: ASYNC221 - short, ours
    assert verified.returncode == 0, verified.stderr


BAD_COMMANDS = {
    "none": "/nowhere/to/be/found",
    "refuses": f"{sys.executable} -c 'raise SystemExit(1)'",
    "prints something else": f"{sys.executable} -c 'print(12345)'",
    "prints nothing": f"{sys.executable} -c ''",
    "hangs": f"{sys.executable} -c 'import time; time.sleep(600)'",
}


@pytest.mark.parametrize("command", BAD_COMMANDS)
async def test_a_timestamp_that_cannot_be_had_rings_and_the_anchor_stands_without(lab: Lab, command: str) -> None:
    await write(lab, "desk.tpe", 1)
    stamper = Timestamper(BAD_COMMANDS[command], timeout_s=1.0)
    anchor = await anchoring(lab, stamper.stamp).turn()
    assert anchor is not None
    assert anchor.timestamp_token is None
    assert lab.heard.alarms == [("audit_unstamped", "stream anchors")]
    assert await findings(lab) == []


async def test_a_timestamp_of_another_anchor_is_not_taken_and_is_found_where_somebody_put_it(
    lab: Lab, authority: Authority
) -> None:
    await write(lab, "desk.tpe", 1)
    first = await anchoring(lab, Timestamper(authority.command).stamp).turn()
    assert first is not None
    assert first.timestamp_token is not None
    kept = lab.settings.data_dir / "answer"
    kept.write_bytes(first.timestamp_token)
    again = Timestamper(
        shlex.join([sys.executable, "-c", f"import sys; sys.stdout.buffer.write(open({str(kept)!r}, 'rb').read())"])
    )
    with pytest.raises(UnavailableError, match="something else"):
        await again.stamp(first)  # even of the same anchor: its nonce is another
    await write(lab, "desk.tpe", 1)
    await anchoring(lab).turn()
    async with as_superuser_without_triggers(lab) as db:
        await db.execute("UPDATE access_anchor SET timestamp_token = $1 WHERE anchor_no = 2", first.timestamp_token)
    assert await findings(lab) == [Finding("anchors", 2, Fault.STAMP_OF_ANOTHER)]


async def anwang(lab: Lab, *args: str, **beside: str) -> tuple[int, str, str]:
    told = {f"ANWANG_{k}": str(getattr(lab.settings, k.lower())) for k in ("POSTGRES_DSN", "KEYS_DSN", "DATA_DIR")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pipeline.cli",
        *args,
        env={**os.environ, **told, **beside},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_command_says_whole_and_exits_0_or_names_the_fault_and_exits_1(lab: Lab) -> None:
    await write(lab, "desk.tpe", 4)
    assert await anwang(lab, "verify", "audit") == (
        0,
        "4 events of 1 streams, 0 anchors: whole; no file of anchors was compared\n",
        "",
    )
    await anchoring(lab).turn()
    assert await anwang(lab, "verify", "audit") == (0, "4 events of 1 streams, 1 anchors: whole\n", "")
    async with as_superuser_without_triggers(lab) as db:
        await db.execute("UPDATE access_event SET actor = 'S9' WHERE number = 2")
    code, out, _ = await anwang(lab, "verify", "audit")
    assert code == 1
    assert out == (
        "desk.tpe 2: it is not what was written: its hash is another\n4 events of 1 streams, 1 anchors: 1 FAULTS\n"
    )
    code, out, _ = await anwang(lab, "verify", "audit", "--json")
    assert code == 1
    assert json.loads(out) == {
        "events": 4,
        "streams": 1,
        "anchors": 1,
        "has_file": True,
        "findings": [{"stream": "desk.tpe", "number": 2, "last": None, "fault": "changed", "belongs": None}],
        "whole": False,
    }


async def test_a_file_or_a_key_that_was_named_and_is_not_there_is_an_error_not_a_silence(lab: Lab) -> None:
    code, _, err = await anwang(lab, "verify", "audit", "--anchors", "/nowhere/anchors")
    assert (code, err) == (1, "anwang: the file of anchors /nowhere/anchors is not there\n")
    code, _, err = await anwang(lab, "verify", "audit", "--public-key", "/nowhere/key")
    assert (code, err) == (1, "anwang: the public key /nowhere/key of the anchors cannot be read\n")


async def test_only_an_auditor_reads_the_audit_and_leaves_an_event_by_it(lab: Lab) -> None:
    case, other = uuid4(), uuid4()
    async with lab.pools.operate.acquire() as db:
        await AccessLog.append(db, "desk.tpe", AccessKind.READ, "S1", {"case_id": case, "fields": ["name", "phone"]})
        await AccessLog.append(db, "assess", AccessKind.KEYS_USED, "assess", keys_used({case, other}))
        await AccessLog.append(db, "desk.tpe", AccessKind.REFUSAL, "S2", {"case_id": other, "code": "conflict"})
    token = await signed_in(lab, "S7", PostRole.AUDIT_READER)

    async def show(*args: str, session: str = token) -> tuple[int, list[str]]:
        code, out, _ = await anwang(lab, "audit", "show", *args, ANWANG_SESSION=session)
        return code, out.splitlines()

    code, lines = await show("--case", str(case))
    told = [line.split("  ", 1)[1] for line in lines]
    assert code == 0
    assert told[0] == f"desk.tpe 1  S1 read  case_id={case} fields=name,phone"
    assert told[1].startswith("assess 1  assess keys_used  count=2 digest=")
    assert told[2] == f"audit 1  S7 audit_read  case_id={case}"
    assert len(told) == 3
    code, lines = await show("--actor", "S2", "--json")
    assert [json.loads(line)["body"] for line in lines] == [{"case_id": str(other), "code": "conflict"}]
    assert len((await show("--stream", "audit", "--events", "1"))[1]) == 1
    assert await show("--since", "2020-01-01", "--actor", "nobody") == (0, [])
    assert await show(session="guessed") == (1, [])
    assert await show(session="") == (2, [])
    for role in set(PostRole) - {PostRole.AUDIT_READER}:
        assert await show(session=await signed_in(lab, "S7", role)) == (1, []), role
    assert await lab.count("access_event") == 3 + 4
    assert await findings(lab) == []


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.AUDITOR}))
async def test_no_process_but_the_auditor_reads_events_and_none_writes_past_the_function(lab: Lab, role: Role) -> None:
    await write(lab, "desk.tpe", 1)
    pool = await open_pool(lab.settings.postgres_dsn, name="test", role=role, connections_max=1)
    try:
        for statement in (
            "SELECT FROM access_event",
            "SELECT FROM access_anchor",
            "INSERT INTO access_event SELECT * FROM access_event",
            "UPDATE access_head SET number = 0",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement)
    finally:
        pool.terminate()


async def test_even_the_auditor_only_reads_what_it_did_not_write_through_the_function(lab: Lab) -> None:
    await write(lab, "desk.tpe", 1)
    for statement in (
        "INSERT INTO access_event SELECT stream, 2, at, kind, actor, body, prior_hash, hash FROM access_event",
        "UPDATE access_event SET actor = 'S9'",
        "UPDATE access_head SET number = 0",
        "DELETE FROM access_head",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await lab.pools.auditor.execute(statement)
