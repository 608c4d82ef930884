"""What staff write of a case: who writes and reads it, where it goes with its case, and that it is sealed."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from lab import Lab
from staff import people_pool, signed_in
from test_desk_acts import act
from test_erasure import erase
from test_keys_rotated import ring_now
from test_rulings_live import hear, homes, reports_of, say, told
from test_who_sees_what import centre_of, one_case, said

from pipeline import wiring
from pipeline.adapters.postgres.database import Pool
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.notes import NewNote, Note, NoteRefused, Notes
from pipeline.adapters.vault import KeyPurpose
from pipeline.contracts.case import RulingKind
from pipeline.domain.notes import NoteKind
from pipeline.domain.posts import PostRole

TEXT = "筆記標記:她說晚上會躲到阿姨家"
OPEN = "SELECT open_case($1, $2, 'handling')"


@pytest.fixture
async def people(lab: Lab) -> Pool:
    return await people_pool(lab)


@pytest.fixture
def notes(lab: Lab, people: Pool) -> Notes:
    return notes_of(lab, people)


def notes_of(lab: Lab, people: Pool) -> Notes:
    return Notes(people, lab.pools.operate, CaseKeys(lab.pools.keys, lab.ring), lab.ring)


def note(text: str = TEXT, fence: int | None = None) -> NewNote:
    return NewNote(uuid4(), NoteKind.CONTACT, text, fence)


async def held(lab: Lab, people: Pool, case: UUID) -> tuple[str, int]:
    """The token of who holds the case and has opened it, and the fence of that."""
    token = await signed_in(lab, "s1", PostRole.SCREENER, await centre_of(lab, case))
    claimed = await act(people, token, case, "claim")
    assert await said(people, token, OPEN, case, "claim") == "done"
    return token, claimed["fence"]


async def texts(notes: Notes, token: str, case: UUID) -> list[str | None]:
    found = await notes.read(token, case)
    assert not isinstance(found, NoteRefused), found
    return [one.text for one in found]


async def audited(lab: Lab, kind: str) -> list[dict[str, Any]]:
    rows = await lab.pool.fetch("SELECT body FROM access_event WHERE kind = $1 ORDER BY at", kind)
    return [row["body"] for row in rows]


async def test_who_holds_a_case_writes_a_note_and_who_has_opened_it_reads_it(
    lab: Lab, people: Pool, notes: Notes
) -> None:
    case = await one_case(lab)
    holder, fence = await held(lab, people, case)
    first = note(fence=fence)
    written_at = await notes.write(holder, case, first)
    assert await notes.write(holder, case, first) == written_at
    assert await notes.read(holder, case) == [Note(first.note_id, "contact", "s1", "screener", written_at, TEXT)]
    lead = await signed_in(lab, "v1", PostRole.SUPERVISOR, await centre_of(lab, case))
    assert not isinstance(await notes.write(lead, case, note("second")), NoteRefused)
    assert await notes.read(lead, case) == NoteRefused("not_opened")
    assert await said(people, lead, OPEN, case, "break_glass") == "done"
    assert await texts(notes, lead, case) == [TEXT, "second"]
    (told, _) = await audited(lab, "note")
    assert told == {"kind": "contact", "note_id": str(first.note_id), "case_id": str(case), "role": "screener"}
    assert [body["reports"] for body in await audited(lab, "read")] == [1, 2]


@pytest.mark.parametrize(
    ("role", "code"),
    [
        (PostRole.SCREENER, "held_by_another"),
        (PostRole.PROTECTIVE_WORKER, "held_by_another"),
        (PostRole.DISPATCHER, "not_your_work"),
        (PostRole.FAMILY_WORKER, "unknown_case"),
    ],
)
async def test_nobody_else_writes_a_note_and_no_key_is_made_for_them(
    lab: Lab, people: Pool, notes: Notes, role: PostRole, code: str
) -> None:
    case = await one_case(lab)
    _, fence = await held(lab, people, case)
    other = await signed_in(lab, "o1", role, await centre_of(lab, case))
    assert await notes.write(other, case, note(fence=fence)) == NoteRefused(code)
    assert await lab.keys_pool.fetchval("SELECT count(*) FROM case_key WHERE purpose = 'note'") == 0
    assert await lab.count("case_note") == 0
    if code != "held_by_another":
        assert (await audited(lab, "refusal"))[-1]["act"] == "note"


async def test_a_stale_tab_writes_no_note(lab: Lab, people: Pool, notes: Notes) -> None:
    case = await one_case(lab)
    holder, fence = await held(lab, people, case)
    assert await notes.write(holder, case, note(fence=fence - 1)) == NoteRefused("fence_stale")
    assert (await act(people, holder, case, "give_back", fence))["code"] == "done"
    assert await notes.write(holder, case, note(fence=fence)) == NoteRefused("not_held")


async def test_whoever_is_a_party_to_the_case_neither_writes_nor_reads(lab: Lab, people: Pool, notes: Notes) -> None:
    case = await one_case(lab)
    lead = await signed_in(lab, "v1", PostRole.SUPERVISOR, await centre_of(lab, case))
    assert await said(people, lead, OPEN, case, "break_glass") == "done"
    assert not isinstance(await notes.write(lead, case, note()), NoteRefused)
    await lab.pool.execute("INSERT INTO staff_tie (staff, token) SELECT DISTINCT 'v1', token FROM link_key")
    assert await notes.write(lead, case, note()) == NoteRefused("unknown_case")
    assert await notes.read(lead, case) == NoteRefused("unknown_case")
    assert await said(people, lead, "SELECT count(*) FROM revealed_notes($1)", case) == 0
    assert (await audited(lab, "refusal"))[-1]["code"] == "conflict_of_interest"


async def test_a_family_worker_learns_of_no_note_of_a_protective_case(lab: Lab, people: Pool, notes: Notes) -> None:
    case = await one_case(lab)
    centre = await centre_of(lab, case)
    lead = await signed_in(lab, "v1", PostRole.SUPERVISOR, centre)
    await notes.write(lead, case, note())
    await lab.pool.execute("UPDATE case_file SET queue = 'family' WHERE case_id = $1", case)
    await notes.write(lead, case, note("since it is a family case"))
    worker = await signed_in(lab, "f1", PostRole.FAMILY_WORKER, centre)
    assert await said(people, worker, OPEN, case, "break_glass") == "done"
    assert await texts(notes, worker, case) == ["since it is a family case"]
    await lab.pool.execute("UPDATE case_file SET is_sexual = true WHERE case_id = $1", case)
    assert await texts(notes, worker, case) == [None]


async def test_of_sexual_violence_a_screener_reads_a_note_by_breaking_the_glass_alone(
    lab: Lab, people: Pool, notes: Notes
) -> None:
    case = await one_case(lab)
    holder, fence = await held(lab, people, case)
    await lab.pool.execute("UPDATE case_file SET is_sexual = true WHERE case_id = $1", case)
    await notes.write(holder, case, note(fence=fence))
    assert await texts(notes, holder, case) == [None]
    assert await said(people, holder, OPEN, case, "break_glass") == "done"
    assert await texts(notes, holder, case) == [TEXT]


async def test_the_same_note_again_is_one_and_another_text_under_its_id_is_refused(lab: Lab, people: Pool) -> None:
    case = await one_case(lab)
    notes, lead = notes_of(lab, people), await signed_in(lab, "lead1", PostRole.SUPERVISOR, await centre_of(lab, case))
    first = note("the first")
    written = [await notes.write(lead, case, first) for _ in range(2)]
    assert written[0] == written[1]
    assert await notes.write(lead, case, first._replace(text="the second")) == NoteRefused("key_reused")
    assert await lab.count("case_note") == 1


async def test_a_note_goes_with_its_case_into_another_and_stands_with_it_again(
    lab: Lab, people: Pool, notes: Notes
) -> None:
    await hear(lab, told(0), told(5))
    one, two = await reports_of(lab, 0, 5)
    older, younger = await homes(lab, one, two)
    lead = await signed_in(lab, "v1", PostRole.SUPERVISOR)
    for case, text in ((older, "of the older"), (younger, "of the younger")):
        await notes.write(lead, case, note(text))
    await say(lab, RulingKind.MERGE, one, two)
    assert await homes(lab, one, two) == [older, older]
    assert await said(people, lead, OPEN, older, "break_glass") == "done"
    assert await texts(notes, lead, older) == ["of the older", "of the younger"]
    assert await notes.read(lead, younger) == NoteRefused("unknown_case")
    await say(lab, RulingKind.SPLIT, two)
    assert await homes(lab, one, two) == [older, younger]
    assert await texts(notes, lead, older) == ["of the older"]
    assert await said(people, lead, OPEN, younger, "break_glass") == "done"
    assert await texts(notes, lead, younger) == ["of the younger"]


async def test_the_notes_of_an_erased_case_and_of_what_went_up_in_it_open_no_more(
    lab: Lab, people: Pool, notes: Notes
) -> None:
    await hear(lab, told(0), told(5))
    one, two = await reports_of(lab, 0, 5)
    older, younger = await homes(lab, one, two)
    lead = await signed_in(lab, "v1", PostRole.SUPERVISOR)
    for case in (older, younger):
        await notes.write(lead, case, note())
        assert await said(people, lead, OPEN, case, "break_glass") == "done"
    await say(lab, RulingKind.MERGE, one, two)
    assert await texts(notes, lead, older) == [TEXT, TEXT]
    record = await erase(lab, "event-0")
    assert {older, younger} <= set(record.owners)
    assert await notes.read(lead, older) == NoteRefused("unknown_case")
    assert await notes.write(lead, older, note()) == NoteRefused("unknown_case")
    assert await lab.keys_pool.fetchval("SELECT count(*) FROM case_key WHERE purpose = 'note'") == 0


@pytest.mark.parametrize("purpose", [KeyPurpose.WRAPPING, KeyPurpose.CASE, KeyPurpose.DATA])
async def test_notes_are_put_under_the_new_keys_and_written_under_them(
    lab: Lab, people: Pool, notes: Notes, purpose: KeyPurpose
) -> None:
    case = await one_case(lab)
    lead = await signed_in(lab, "v1", PostRole.SUPERVISOR, await centre_of(lab, case))
    assert await said(people, lead, OPEN, case, "break_glass") == "done"
    await notes.write(lead, case, note("before"))
    before = await lab.pool.fetchrow("SELECT sealed, wrapped_key FROM case_note")
    async with wiring.rotation(lab.settings) as rotation:
        assert await rotation.rotate(purpose, lambda _done: None) == 2
        assert {row.values for row in await rotation.status() if (row.purpose, row.version) == (purpose, 1)} == {0}
    after = await lab.pool.fetchrow("SELECT sealed, wrapped_key FROM case_note")
    assert (after["sealed"] != before["sealed"]) == (purpose is KeyPurpose.DATA)
    assert (after["wrapped_key"] != before["wrapped_key"]) == (purpose is not KeyPurpose.WRAPPING)
    await notes.write(lead, case, note("with the old keys in memory"))
    again = Notes(people, lab.pools.operate, CaseKeys(lab.pools.keys, await ring_now(lab)), await ring_now(lab))
    assert await texts(again, lead, case) == ["before", "with the old keys in memory"]
    versions = await lab.pool.fetch(
        "SELECT sealed_under(sealed) AS data, sealed_under(wrapped_key) AS key FROM case_note"
    )
    assert {tuple(row) for row in versions} == {(1 + (purpose is KeyPurpose.DATA), 1 + (purpose is KeyPurpose.CASE))}


async def test_a_note_stands_nowhere_in_the_open(lab: Lab, people: Pool, notes: Notes) -> None:
    case = await one_case(lab)
    holder, fence = await held(lab, people, case)
    await notes.write(holder, case, note(fence=fence))
    tables = await lab.pool.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    for name in (row["relname"] for row in tables):
        found = await lab.pool.fetchval(
            f"SELECT count(*) FROM {name} t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0",  # noqa: S608
            "筆記標記",
            "筆記標記".encode().hex(),
        )
        assert found == 0, name
    assert await lab.count("case_note") == 1
