"""Notifications on their way out, in a real Postgres, to real servers: nothing lost, nobody told twice under two ids,
nobody shown what is not theirs.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from lab import Lab
from staff import people_pool, signed_in
from test_sending import SECRET, Mailbox, Receiver, always, mail_server, receiving
from test_who_sees_what import centre_of, one_case

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.database import Pool, Role, open_pool
from pipeline.adapters.postgres.noticeboard import Noticeboard, Shown, Since
from pipeline.adapters.postgres.notification_book import NotificationBook, NotificationRefusedError
from pipeline.domain.notify import TRIES_MAX
from pipeline.domain.posts import PostRole
from pipeline.settings import Settings
from pipeline.stages.notify import EACH_MAX, Notifying
from pipeline.wiring.notify import notifying

DUE = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)


@pytest.fixture
async def watch(lab: Lab) -> Pool:
    pool = await open_pool(lab.settings.postgres_dsn, name="watch", role=Role.WATCH)
    lab.stack.callback(pool.terminate)
    return pool


async def ring(  # noqa: PLR0913 - the columns that matter here
    watch: Pool,
    case: UUID,
    centre: str,
    *,
    audience: str = "supervisor",
    staff: str | None = None,
    priority: str = "immediate",
    county: str | None = None,
) -> UUID:
    """As the clocks write it."""
    one = uuid4()
    await watch.execute(
        """
        INSERT INTO notification (notification_id, case_id, kind, subject, code, rung, audience, staff, centre, county,
            priority, due_at, needs_ack)
        VALUES ($1, $2, 'stage', $9, 'unclaimed', 1, $3, $4, $5, $6, $7, $8, true)
        """,
        *(one, case, audience, staff, centre, county, priority, DUE, str(case)),
    )
    return one


def targets(folder: Path, *rows: str, smtp_port: int | None = None) -> Path:
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    mail = (
        f'[smtp]\nhost = "127.0.0.1"\nport = {smtp_port}\ntls = "none"\nsender = "anwang@example.gov.tw"\n'
        if smtp_port
        else ""
    )
    file = folder / "notify.toml"
    file.write_text('link = "https://desk.example/{case_id}"\n' + mail + "".join(rows))
    return file


def hook(folder: Path, url: str, name: str = "duty", audience: str = "supervisor", where: str = "*") -> str:
    head = f'[[target]]\nname = "{name}"\naudience = "{audience}"\nwhere = "{where}"\n'
    return f'{head}webhook = "{url}"\nsecret_file = "{folder / "secret"}"\n'


def mail(name: str = "box", audience: str = "supervisor", where: str = "*") -> str:
    head = f'[[target]]\nname = "{name}"\naudience = "{audience}"\nwhere = "{where}"\n'
    return f'{head}email = "{name}@example.gov.tw"\n'


@asynccontextmanager
async def sender(lab: Lab, watch: Pool, file: Path | None) -> AsyncIterator[Notifying]:
    settings = Settings(**{**lab.settings.model_dump(), "notify_file": file})
    async with notifying(settings, watch, lab.heard, lambda code: (code, code)) as found:
        yield found


async def turn(one: Notifying) -> int:
    sent = await one.turn()
    await one.drain()
    return sent


async def state(lab: Lab, one: UUID) -> str:
    return str(await lab.pool.fetchval("SELECT state FROM notification WHERE notification_id = $1", one))


async def hasten(lab: Lab) -> None:
    """As if the wait were over."""
    await lab.pool.execute("UPDATE delivery SET next_at = now() WHERE state = 'waiting'")


def ids(receiver: Receiver) -> list[str]:
    return [headers["webhook-id"] for _, headers, _ in receiver.got]


async def test_whoever_must_be_told_is_told_by_all_targets_that_fit_and_it_is_noted_when(
    lab: Lab, watch: Pool, tmp_path: Path
) -> None:
    case = await one_case(lab)
    centre, box = await centre_of(lab, case), Mailbox()
    async with receiving(always(204)) as receiver, mail_server(box) as port:
        rows = (hook(tmp_path, receiver.url, where=centre), mail(where=centre), mail("far", where="*"))
        async with sender(lab, watch, targets(tmp_path, *rows, smtp_port=port)) as notify:
            one = await ring(watch, case, centre)
            assert await turn(notify) == 2
            assert await turn(notify) == 0
    assert ids(receiver) == [str(one)]
    assert [message_from_bytes(bytes(e.content or b""))["message-id"] for e in box.got] == [f"<{one}@example.gov.tw>"]
    assert await state(lab, one) == "sent"
    tries = await lab.pool.fetch("SELECT target, attempt, outcome FROM delivery_try ORDER BY target")
    assert [tuple(row) for row in tries] == [("box", 1, "sent"), ("duty", 1, "sent")]
    assert lab.heard.told == {("webhook", "sent"): 1, ("email", "sent"): 1}
    assert lab.heard.alarms == []


async def test_what_fails_is_tried_again_under_the_same_id_then_it_is_a_dead_letter_that_rings(
    lab: Lab, watch: Pool, tmp_path: Path
) -> None:
    case = await one_case(lab)
    async with receiving(always(500)) as receiver:
        file = targets(tmp_path, hook(tmp_path, receiver.url))
        async with sender(lab, watch, file) as notify:
            one = await ring(watch, case, await centre_of(lab, case))
            assert await turn(notify) == 1
            assert await turn(notify) == 0, "it waits first"
            for _ in range(TRIES_MAX - 1):
                assert await state(lab, one) == "sending"
                await hasten(lab)
                assert await turn(notify) == 1
            assert await state(lab, one) == "dead"
            assert lab.heard.alarms == [("notification_dead", "duty")]
            await hasten(lab)
            assert await turn(notify) == 0
            assert set(ids(receiver)) == {str(one)}
            assert len(receiver.got) == TRIES_MAX
            receiver.answer = always(200)
            book = NotificationBook(lab.pools.operate)
            assert await book.send_again(one)
            assert await turn(notify) == 1
            assert await state(lab, one) == "sent"
            assert not await book.send_again(one)
            whole = await book.show(one)
    assert [row["outcome"] for row in whole.tries] == ["http_500"] * TRIES_MAX + ["sent"]
    assert len(receiver.got) == TRIES_MAX + 1


async def test_an_audience_that_nobody_is_named_for_rings_and_is_told_once_somebody_is(
    lab: Lab, watch: Pool, tmp_path: Path
) -> None:
    case = await one_case(lab)
    centre = await centre_of(lab, case)
    one = await ring(watch, case, centre, audience="bureau")
    async with sender(lab, watch, None) as notify:
        await turn(notify)
    assert (await state(lab, one), lab.heard.alarms) == ("no_target", [("notification_no_target", "notify_file")])
    async with receiving(always(200)) as receiver:
        file = targets(tmp_path, hook(tmp_path, receiver.url))
        async with sender(lab, watch, file) as notify:
            await turn(notify)
            assert await state(lab, one) == "no_target"
            assert lab.heard.alarms[-1] == ("notification_no_target", f"bureau {centre}")
        file = targets(tmp_path, hook(tmp_path, receiver.url, audience="bureau"))
        async with sender(lab, watch, file) as notify:
            await turn(notify)
    assert (await state(lab, one), ids(receiver)) == ("sent", [str(one)])


async def test_two_senders_at_once_tell_each_target_once(lab: Lab, watch: Pool, tmp_path: Path) -> None:
    case = await one_case(lab)
    centre = await centre_of(lab, case)
    async with receiving(always(200)) as receiver:
        file = targets(tmp_path, hook(tmp_path, receiver.url))
        async with sender(lab, watch, file) as first, sender(lab, watch, file) as second:
            made = [await ring(watch, case, centre) for _ in range(40)]
            for _ in range(10):
                await asyncio.gather(turn(first), turn(second))
    assert sorted(ids(receiver)) == sorted(map(str, made))


async def test_a_target_that_answers_late_keeps_no_other_waiting(lab: Lab, watch: Pool, tmp_path: Path) -> None:
    case = await one_case(lab)
    centre, never = await centre_of(lab, case), asyncio.Event()

    async def late() -> tuple[int, dict[str, str]]:
        await never.wait()
        return 200, {}

    async with receiving(late) as slow, receiving(always(200)) as quick:
        rows = (hook(tmp_path, slow.url, "slow"), hook(tmp_path, quick.url, "quick", "bureau"))
        async with sender(lab, watch, targets(tmp_path, *rows)) as notify:
            for _ in range(3 * EACH_MAX):
                await ring(watch, case, centre)
            await notify.turn()
            told = await ring(watch, case, centre, audience="bureau")
            await notify.turn()
            await quick.heard(1)
            assert ids(quick) == [str(told)]
            assert len(slow.got) <= 2 * EACH_MAX
            never.set()
            await notify.drain()


async def test_the_gravest_goes_first(lab: Lab, watch: Pool, tmp_path: Path) -> None:
    case = await one_case(lab)
    centre = await centre_of(lab, case)
    async with receiving(always(200)) as receiver:
        file = targets(tmp_path, hook(tmp_path, receiver.url))
        async with sender(lab, watch, file) as notify:
            for _ in range(EACH_MAX):
                await ring(watch, case, centre, priority="routine")
            grave = await ring(watch, case, centre, priority="immediate")
            assert await turn(notify) == EACH_MAX
    assert str(grave) in ids(receiver)


CHILD = """
import asyncio, sys
from pathlib import Path
from pipeline.adapters.postgres.database import Role, open_pool
from pipeline.adapters.telemetry import Telemetry
from pipeline.settings import Settings
from pipeline.wiring.notify import notifying

async def main() -> None:
    dsn, file = sys.argv[1:]
    settings = Settings(postgres_dsn=dsn, notify_file=Path(file))
    pool = await open_pool(dsn, name="watch", role=Role.WATCH)
    async with notifying(settings, pool, Telemetry("watch", "error"), lambda code: (code, code)) as notify:
        await notify.turn()
        await notify.drain()

asyncio.run(main())
"""


async def test_killed_between_sending_and_noting_it_comes_again_under_the_same_id_and_no_other(
    lab: Lab, watch: Pool, tmp_path: Path
) -> None:
    case = await one_case(lab)
    one = await ring(watch, case, await centre_of(lab, case))
    child: asyncio.subprocess.Process | None = None

    async def kills() -> tuple[int, dict[str, str]]:
        if child is not None and child.returncode is None:
            os.kill(child.pid, signal.SIGKILL)
            await child.wait()
        return 200, {}

    async with receiving(kills) as receiver:
        file = targets(tmp_path, hook(tmp_path, receiver.url))
        told = (sys.executable, "-c", CHILD, lab.settings.postgres_dsn, str(file))
        child = await asyncio.create_subprocess_exec(*told, env={**os.environ})
        assert await child.wait() == -signal.SIGKILL
        assert (await state(lab, one), await lab.count("delivery_try")) == ("sending", 0)
        async with sender(lab, watch, file) as notify:
            assert await turn(notify) == 0, "until the lease of the dead one ends, it may be on its way"
            await hasten(lab)
            assert await turn(notify) == 1
    assert ids(receiver) == [str(one), str(one)]
    assert await state(lab, one) == "sent"
    assert [row["attempt"] for row in await lab.pool.fetch("SELECT attempt FROM delivery_try")] == [2]


async def test_a_late_failure_takes_nothing_back_and_a_late_success_counts(
    lab: Lab, watch: Pool, tmp_path: Path
) -> None:
    case = await one_case(lab)
    answers: list[asyncio.Future[int]] = [asyncio.get_running_loop().create_future() for _ in range(2)]
    asked = iter(answers)

    async def held() -> tuple[int, dict[str, str]]:
        return await next(asked), {}

    async with receiving(held) as receiver:
        file = targets(tmp_path, hook(tmp_path, receiver.url))
        async with sender(lab, watch, file) as first, sender(lab, watch, file) as second:
            one = await ring(watch, case, await centre_of(lab, case))
            for number, notify in enumerate((first, second)):
                await hasten(lab)
                await notify.turn()
                await receiver.heard(number + 1)
            answers[1].set_result(200)
            await second.drain()
            assert await state(lab, one) == "sent"
            answers[0].set_result(500)
            await first.drain()
    assert await state(lab, one) == "sent"
    rows = await lab.pool.fetch("SELECT attempt, outcome FROM delivery_try ORDER BY attempt")
    assert [tuple(row) for row in rows] == [(1, "http_500"), (2, "sent")]


async def test_a_target_that_was_taken_out_of_the_file_is_a_dead_letter(lab: Lab, watch: Pool, tmp_path: Path) -> None:
    case = await one_case(lab)
    async with receiving(always(500)) as receiver:
        async with sender(lab, watch, targets(tmp_path, hook(tmp_path, receiver.url, "old"))) as notify:
            one = await ring(watch, case, await centre_of(lab, case))
            await turn(notify)
        await hasten(lab)
        async with sender(lab, watch, targets(tmp_path, hook(tmp_path, receiver.url, "new"))) as notify:
            await turn(notify)
    assert (await state(lab, one), lab.heard.alarms) == ("dead", [("notification_dead", "old")])


# --- who sees and acknowledges


@pytest.fixture
async def people(lab: Lab) -> Pool:
    return await people_pool(lab)


async def seen(board: Noticeboard, token: str, *, unacknowledged: bool = False) -> set[UUID]:
    return {one.row["notification_id"] for one in await board.mine(token, None, 100, unacknowledged=unacknowledged)}


async def test_only_those_who_were_told_see_it_and_acknowledge_it(lab: Lab, watch: Pool, people: Pool) -> None:
    case = await one_case(lab)
    centre, board = await centre_of(lab, case), Noticeboard(people)
    county = str(await lab.pool.fetchval("SELECT county FROM case_file WHERE case_id = $1", case))
    tokens = {
        "worker": await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, centre),
        "colleague": await signed_in(lab, "w2", PostRole.PROTECTIVE_WORKER, centre),
        "supervisor": await signed_in(lab, "v1", PostRole.SUPERVISOR, centre),
        "bureau": await signed_in(lab, "b1", PostRole.SUPERVISOR, county),
        "everywhere": await signed_in(lab, "b2", PostRole.SUPERVISOR, "*"),
        "elsewhere": await signed_in(lab, "v2", PostRole.SUPERVISOR, "09007-protective"),
        "other_queue": await signed_in(lab, "f1", PostRole.FAMILY_WORKER, centre),
        "analyst": await signed_in(lab, "a1", PostRole.ANALYST, "*"),
        "party": await signed_in(lab, "v3", PostRole.SUPERVISOR, centre),
    }
    await lab.pool.execute("INSERT INTO staff_tie (staff, token) SELECT DISTINCT 'v3', token FROM link_key")
    sees = {
        ("holder", "w1"): {"worker"},
        ("holder", None): {"worker", "colleague", "supervisor", "bureau", "everywhere"},
        ("supervisor", None): {"supervisor", "bureau", "everywhere"},
        ("centre_head", None): {"supervisor", "bureau", "everywhere"},
        ("bureau", None): {"bureau", "everywhere"},
    }
    for (audience, staff), whom in sees.items():
        one = await ring(watch, case, centre, audience=audience, staff=staff, county=county)
        for who, token in tokens.items():
            if who == "analyst":
                continue
            assert (one in await seen(board, token)) == (who in whom), (audience, staff, who)
            if who not in whom:
                assert await board.acknowledge(token, one) == {"code": "unknown_notification"}, (audience, who)
        assert await lab.pool.fetchval("SELECT acked_at FROM notification WHERE notification_id = $1", one) is None
        for who in sorted(whom)[:2]:
            said = await board.acknowledge(tokens[who], one)
            assert said["code"] == "done"
            assert said["acked_by"] == (
                await lab.pool.fetchval("SELECT acked_by FROM notification WHERE notification_id = $1", one)
            )
        assert one not in await seen(board, tokens[min(whom)], unacknowledged=True)
    unknown = await board.acknowledge(tokens["worker"], uuid4())
    assert unknown == {"code": "unknown_notification"}


async def test_the_first_who_acknowledges_stays_and_the_audit_is_told_once(lab: Lab, watch: Pool, people: Pool) -> None:
    case = await one_case(lab)
    centre, board = await centre_of(lab, case), Noticeboard(people)
    one = await ring(watch, case, centre)
    first = await signed_in(lab, "v1", PostRole.SUPERVISOR, centre)
    second = await signed_in(lab, "v2", PostRole.SUPERVISOR, centre)
    said = await board.acknowledge(first, one)
    assert (said["acked_by"], await board.acknowledge(second, one), await board.acknowledge(first, one)) == (
        "v1",
        said,
        said,
    )
    rows = await lab.pool.fetch("SELECT kind, actor, body FROM access_event WHERE kind = 'acknowledged'")
    assert [(r["actor"], r["body"]["notification_id"], r["body"]["case_id"]) for r in rows] == [
        ("v1", str(one), str(case))
    ]


async def test_a_person_cannot_write_a_notification_by_hand(lab: Lab, watch: Pool, people: Pool) -> None:
    case = await one_case(lab)
    centre = await centre_of(lab, case)
    one = await ring(watch, case, centre)
    token = await signed_in(lab, "v1", PostRole.SUPERVISOR, centre)
    for statement in (
        "UPDATE notification SET acked_at = now(), acked_by = 'v1' WHERE notification_id = $1",
        "DELETE FROM notification WHERE notification_id = $1",
        "UPDATE delivery SET state = 'sent' WHERE notification_id = $1",
    ):
        async with acting_as(people, token) as acting:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await acting.db.execute(statement, one)


async def test_pages_follow_each_other_without_a_gap_or_a_double(lab: Lab, watch: Pool, people: Pool) -> None:
    case = await one_case(lab)
    centre, board = await centre_of(lab, case), Noticeboard(people)
    county = str(await lab.pool.fetchval("SELECT county FROM case_file WHERE case_id = $1", case))
    made = [await ring(watch, case, centre, county=county) for _ in range(7)]
    for scope in (centre, county, "*"):
        token = await signed_in(lab, "v1", PostRole.SUPERVISOR, scope)
        found: list[Shown] = []
        since: Since | None = None
        while page := await board.mine(token, since, 3, unacknowledged=False):
            found += page
            since = Since(page[-1].row["made_at"], page[-1].row["notification_id"])
        assert [one.row["notification_id"] for one in found] == made[::-1], scope


async def test_an_operator_acknowledges_for_somebody_who_works_here_and_may(lab: Lab, watch: Pool) -> None:
    case = await one_case(lab)
    book, one = NotificationBook(lab.pools.operate), await ring(watch, case, await centre_of(lab, case))
    await signed_in(lab, "v1", PostRole.SUPERVISOR)
    await signed_in(lab, "p1", PostRole.SUPERVISOR)
    await lab.pool.execute("INSERT INTO staff_tie (staff, token) SELECT DISTINCT 'p1', token FROM link_key")
    for who in ("nobody", "p1"):
        with pytest.raises(NotificationRefusedError, match="may acknowledge"):
            await book.acknowledge(one, who)
    with pytest.raises(NotificationRefusedError, match="no notification"):
        await book.acknowledge(uuid4(), "v1")
    assert [await book.acknowledge(one, "v1"), await book.acknowledge(one, "v1")] == [True, False]
    rows = await book.listed(None, case, 10, unacknowledged=False)
    assert [(r["notification_id"], r["acked_by"]) for r in rows] == [(one, "v1")]
    assert await book.listed(None, case, 10, unacknowledged=True) == []
    assert await lab.pool.fetchval("SELECT count(*) FROM access_event WHERE kind = 'acknowledged'") == 1


async def test_nothing_personal_leaves(lab: Lab, watch: Pool, tmp_path: Path) -> None:
    """What is sent has the fields of its contract alone, and no name, address or source of the report."""
    case, box = await one_case(lab), Mailbox()
    async with receiving(always(200)) as receiver, mail_server(box) as port:
        file = targets(tmp_path, hook(tmp_path, receiver.url), mail(), smtp_port=port)
        async with sender(lab, watch, file) as notify:
            await ring(watch, case, await centre_of(lab, case))
            await turn(notify)
    message = message_from_bytes(bytes(box.got[0].content or b"")).get_payload(decode=True)
    assert isinstance(message, bytes)
    left = receiver.got[0][2].decode() + message.decode()
    assert str(case) in left
    assert not [word for word in ("測試", "木柵路", "hotline", "event-") if word in left]


async def test_it_takes_no_longer_than_it_must(lab: Lab, watch: Pool, tmp_path: Path) -> None:
    case = await one_case(lab)
    async with receiving(always(200)) as receiver:
        file = targets(tmp_path, hook(tmp_path, receiver.url))
        async with sender(lab, watch, file) as notify:
            one = await ring(watch, case, await centre_of(lab, case))
            await turn(notify)
    row = await lab.pool.fetchrow(
        "SELECT ended_at - made_at AS took FROM delivery JOIN notification USING (notification_id)"
        " WHERE notification_id = $1",
        one,
    )
    assert row["took"] < timedelta(seconds=5)
