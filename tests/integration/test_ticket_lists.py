"""Every list at the desk, page by page, against what a plain look at all tickets finds."""

from itertools import product
from uuid import UUID, uuid4

import pytest
from lab import Lab
from staff import people_pool, signed_in

from pipeline.adapters.postgres.acting import acting_as
from pipeline.adapters.postgres.database import Pool
from pipeline.domain.chain import BEGINNING
from pipeline.domain.posts import PostRole

PLACES = (
    ("t-protective", "臺北市", "protective"),
    ("t-family", "臺北市", "family"),
    ("k-protective", "高雄市", "protective"),
)
PRIORITIES = ("immediate", "urgent", "standard", "routine")
STAGES = ("waiting", "claimed", "screened", "in_service", "disputed", "closed")
HELD = ("claimed", "in_service")
PAGE = 3

ADD = """
INSERT INTO case_file (case_id, household_id, version, state, queue, priority, county, centre, standing, routing,
    head_hash)
VALUES ($1, $1, 1, 'waiting', $2, $3, $4, $5,
    jsonb_build_object('reasons', jsonb_build_array(jsonb_build_object('points', $6::int))), '{}', $7)"""
STAND = "UPDATE ticket SET stage = $2, dispute_level = CASE WHEN $2 = 'disputed' THEN 'district' END WHERE case_id = $1"
HOLD = "INSERT INTO claim (case_id, staff, role, scope) VALUES ($1, $2, 'protective_worker', 't-protective')"
LIST = "SELECT * FROM tickets_of_mine($1, $2, $3, $4, $5, $6, $7, $8, $9)"
CLOSED = "SELECT * FROM cases_of_mine('closed', $1, $2, $3, 'anyone', $4, $5, $6, $7)"
PLAIN_CLOSED = """
SELECT t.case_id FROM ticket t
WHERE t.stage = 'closed' AND ($1 = '*' OR $1 = t.centre OR $1 = t.county) AND t.queue = ANY ($2)
  AND ($3::text IS NULL OR t.centre = $3) AND ($4::text IS NULL OR t.priority = $4)
ORDER BY t.since DESC, t.case_id"""
PLAIN = """
SELECT t.case_id FROM ticket t LEFT JOIN claim k USING (case_id)
WHERE t.stage <> 'closed' AND ($1 = '*' OR $1 = t.centre OR $1 = t.county) AND t.queue = ANY ($2)
  AND ($3::text IS NULL OR t.centre = $3) AND ($4::text[] IS NULL OR t.stage = ANY ($4))
  AND ($5::text IS NULL OR t.priority = $5)
  AND CASE $6 WHEN 'anyone' THEN true WHEN 'nobody' THEN k.staff IS NULL WHEN 'me' THEN k.staff = $7 END
ORDER BY t.place, t.opened_at, t.case_id"""


@pytest.fixture
async def people(lab: Lab) -> Pool:
    """A desk with each stage, priority and place once, and two of them of one score."""
    await signed_in(lab, "w1", PostRole.PROTECTIVE_WORKER, "t-protective")
    await signed_in(lab, "w2", PostRole.PROTECTIVE_WORKER, "t-protective")
    for number, ((centre, county, queue), priority, stage) in enumerate(product(PLACES, PRIORITIES, STAGES)):
        case = uuid4()
        await lab.pool.execute(ADD, case, queue, priority, county, centre, number % 7, BEGINNING)
        if stage in HELD:
            await lab.pool.execute(HOLD, case, "w1" if number % 2 else "w2")
        await lab.pool.execute(STAND, case, stage)
    return await people_pool(lab)


async def pages(people: Pool, token: str, *wanted: object, statement: str = LIST, at: str = "opened_at") -> list[UUID]:
    """All of a list, page by page."""
    found: list[UUID] = []
    place: tuple[object, ...] = (None, None, None)
    while True:
        async with acting_as(people, token) as acting:
            rows = await acting.db.fetch(statement, *wanted, *place, PAGE)
        found += [row["case_id"] for row in rows]
        if len(rows) < PAGE:
            return found
        place = (rows[-1]["place"], rows[-1][at], rows[-1]["case_id"])


@pytest.mark.parametrize(
    ("role", "scope", "queues"),
    [
        (PostRole.SCREENER, "t-protective", ["protective", "family"]),
        (PostRole.SCREENER, "臺北市", ["protective", "family"]),
        (PostRole.SUPERVISOR, "*", ["protective", "family"]),
        (PostRole.PROTECTIVE_WORKER, "臺北市", ["protective"]),
        (PostRole.FAMILY_WORKER, "*", ["family"]),
    ],
)
async def test_the_pages_of_each_list_are_the_tickets_that_a_plain_look_finds(
    lab: Lab, people: Pool, role: PostRole, scope: str, queues: list[str]
) -> None:
    token = await signed_in(lab, "w1", role, scope)
    for queue, centre, stages, priority, held in product(
        (None, "family"),
        (None, "t-protective", "k-protective"),
        (None, ["disputed", "waiting"], ["claimed"], ["closed"]),
        (None, "routine", "immediate"),
        ("anyone", "nobody", "me"),
    ):
        shown = [q for q in queues if queue in (None, q)]
        plain = await lab.pool.fetch(PLAIN, scope, shown, centre, stages, priority, held, "w1")
        assert await pages(people, token, queue, centre, stages, priority, held) == [row["case_id"] for row in plain]


@pytest.mark.parametrize(
    ("role", "scope", "queues"),
    [
        (PostRole.SCREENER, "t-family", ["protective", "family"]),
        (PostRole.SUPERVISOR, "臺北市", ["protective", "family"]),
        (PostRole.PROTECTIVE_WORKER, "*", ["protective"]),
    ],
)
async def test_the_pages_of_closed_cases_are_those_that_a_plain_look_finds(
    lab: Lab, people: Pool, role: PostRole, scope: str, queues: list[str]
) -> None:
    token = await signed_in(lab, "w1", role, scope)
    await lab.pool.execute("UPDATE ticket SET since = (SELECT min(since) FROM ticket) WHERE place % 2 = 0")
    for queue, centre, priority in product((None, "family"), (None, "t-family"), (None, "routine", "immediate")):
        shown = [q for q in queues if queue in (None, q)]
        plain = await lab.pool.fetch(PLAIN_CLOSED, scope, shown, centre, priority)
        found = await pages(people, token, queue, centre, priority, statement=CLOSED, at="since")
        assert found == [row["case_id"] for row in plain]


async def test_a_case_in_which_the_reader_is_a_party_is_on_no_page_of_theirs(lab: Lab, people: Pool) -> None:
    token = await signed_in(lab, "s1", PostRole.SUPERVISOR, "*")
    whole = await pages(people, token, None, None, None, None, "anyone")
    await lab.pool.execute("INSERT INTO past_conflict (staff, household_id) VALUES ('s1', $1)", whole[1])
    assert await pages(people, token, None, None, None, None, "anyone") == [whole[0], *whole[2:]]


async def test_a_page_holds_no_more_than_it_was_asked_for_and_a_list_of_a_centre_of_another_post_is_empty(
    lab: Lab, people: Pool
) -> None:
    token = await signed_in(lab, "s1", PostRole.SCREENER, "高雄市")
    assert await pages(people, token, None, "t-protective", None, None, "anyone") == []
    async with acting_as(people, token) as acting:
        assert len(await acting.db.fetch(LIST, None, None, None, None, "anyone", None, None, None, 2)) == 2
