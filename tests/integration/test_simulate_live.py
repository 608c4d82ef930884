"""A simulation over what is really stored: it ends where the workers ended, and writes nothing."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID  # noqa: TC003 - one import is enough

import pytest
from crew import Ended, run
from lab import Lab, event

from pipeline import wiring
from pipeline.adapters.postgres.docket_reader import ROUTING, STANDING
from pipeline.adapters.postgres.history import EVER, Stretch, slices
from pipeline.contracts.decision import TAIPEI
from pipeline.domain.policy.reading import shipped_text
from pipeline.domain.policy.simulate import End, History, replay
from pipeline.domain.terms import shipped_terms
from pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
HOUSEHOLDS = 14
SECRETS = ("測試", "木柵路", "F252907845")
CLOCKS = "SELECT incident_id, name, due_at FROM clock JOIN incident USING (incident_id)"
FILED = """
    SELECT event_id, incident_id, case_id FROM report_version JOIN report USING (report_id)
    JOIN incident USING (incident_id)
"""
CHANGES = (
    ('version = "default-2026.1"', 'version = "trial-1"'),
    ('code = "neglect", points = 5', 'code = "neglect", points = 9'),
    (
        'when = { told = "indicator", any_of = ["confinement"] }\n',
        'when = { told = "indicator", any_of = ["confinement", "neglect"] }\n',
    ),
)


def told(number: int) -> list[dict[str, Any]]:
    """All that is told of one household: by one source, mended by it, told by a second one, and another happening."""
    data: dict[str, Any] = {"categories": ["child_protection" if number % 2 else "vulnerable_family"]}
    first = event(number, indicators=["neglect"] if number % 3 else [], **data)
    persons, hour = first["data"]["persons"], first["data"]["received_at"]
    mended = {**first, "id": f"event-{100 + number}"}
    mended["data"] = {**first["data"], "crisis_flags": ["child_urgent"] if number % 5 == 0 else []}
    second = event(200 + number, source="clinic-0001", persons=persons, received_at=hour, occurred_at=hour, **data)
    later = (datetime.fromisoformat(hour) + timedelta(days=40)).isoformat()
    another = event(300 + number, persons=persons, received_at=later, occurred_at=later, **data)
    return [first, *[mended] * (number % 2), *[second] * (number % 3 != 1), *[another] * (number % 4 == 0)]


async def fill(lab: Lab) -> list[dict[str, Any]]:
    events = [one for number in range(HOUSEHOLDS) for one in told(number)]
    for one in events:
        await lab.send([one])
    await lab.settle_all(len(events))
    return events


async def histories(settings: Settings, stretch: Stretch = EVER, parts: int = 3) -> tuple[list[History], int]:
    async with wiring.past(settings, stretch) as past:
        read = [await past.histories.read(part) for part in slices(parts)]
    return [history for part in read for history in part.histories], sum(part.erased for part in read)


async def read_only(settings: Settings) -> Settings:
    """Sessions that the database lets write nothing, once the first process has left the proof of its keys."""
    async with wiring.past(settings):
        pass
    names = "postgres_dsn", "keys_dsn"
    dsns = {name: f"{getattr(settings, name)}&default_transaction_read_only=on" for name in names}
    return settings.model_copy(update=dsns)


async def stored(lab: Lab) -> Mapping[str, End]:
    """Where the workers left each case."""
    ends = {}
    for row in await lab.pool.fetch("SELECT * FROM case_file WHERE state <> 'merged'"):
        clocks: dict[UUID, dict[str, datetime]] = {}
        dues = await lab.pool.fetch(f"{CLOCKS} WHERE case_id = $1", row["case_id"])
        for due in dues:
            clocks.setdefault(due["incident_id"], {})[due["name"]] = due["due_at"]
        standing, routing = STANDING.validate_python(row["standing"]), ROUTING.validate_python(row["routing"])
        ends[str(row["case_id"])] = End(standing, routing, clocks)
    return ends


async def anwang(settings: Settings, *argv: str) -> Ended:
    return await run(settings, *argv, PYTHONPATH=str(ROOT))


def trial(folder: Path) -> Path:
    text = shipped_text()
    for old, new in CHANGES:
        assert old in text
        text = text.replace(old, new)
    file = folder / "trial.toml"
    file.write_text(text, "utf-8")
    return file


async def test_a_replay_of_what_is_stored_ends_where_the_workers_ended(lab: Lab) -> None:
    events = await fill(lab)
    found, erased = await histories(await read_only(lab.settings))
    ends = await stored(lab)
    assert (len(ends), erased) == (HOUSEHOLDS, 0)
    assert sum(len(history.told) for history in found) == len(events)
    assert {h.case_id: replay(h.told, shipped_terms().at) for h in found} == ends
    assert {told.name for history in found for told in history.told} == {one["id"] for one in events}


async def test_the_command_counts_the_same_from_the_database_and_from_a_file_and_tells_of_nobody(
    lab: Lab, tmp_path: Path
) -> None:
    events = await fill(lab)
    new = str(trial(tmp_path))
    file, links = tmp_path / "reports.ndjson", tmp_path / "links.csv"
    file.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in events), "utf-8")
    rows = await lab.pool.fetch(FILED)
    told = [f"{row['event_id']},{row['incident_id']},{row['case_id']}" for row in rows]
    links.write_text("\n".join(("event_id,incident_id,case_id", *told)), "utf-8")
    live = await anwang(await read_only(lab.settings), "policy", "simulate", new, "--json")
    assert (live.exit_code, live.err) == (0, "")
    offline = await anwang(
        lab.settings, "policy", "simulate", new, "--reports", str(file), "--decisions", str(links), "--json"
    )
    assert (offline.exit_code, offline.err) == (0, "")
    assert counts(live) == counts(offline)
    assert counts(live)["cases"]["moved"] > 0
    ids = {example["case_id"] for move in json.loads(live.out)["moves"] for example in move["examples"]}
    assert ids
    assert ids <= {str(row["case_id"]) for row in rows}
    shown = await anwang(lab.settings, "policy", "simulate", new)
    assert "trial-1 instead of the policy in force then" in shown.out
    assert not [secret for secret in SECRETS if secret in live.out + shown.out]


def counts(ended: Ended) -> dict[str, Any]:
    """All but the centres: which of them are open depends on the hour at which a report arrives."""
    found = json.loads(ended.out)
    moves = [
        {name: value for name, value in move.items() if name != "examples"}
        for move in found["moves"]
        if move["aspect"] != "centre"
    ]
    aspects = {aspect: cases for aspect, cases in found["aspects"].items() if aspect != "centre"}
    by = {group: [_without_centre(row) for row in rows] for group, rows in found["by"].items()}
    same = {name: found[name] for name in ("levels", "reports")}
    return {"moves": moves, "aspects": aspects, "cases": _without_centre(found["cases"]), "by": by, **same}


def _without_centre(counted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in counted.items() if name != "centre"}


async def test_an_erased_case_is_counted_and_passed_over(lab: Lab) -> None:
    await fill(lab)
    gone = await lab.pool.fetchval("SELECT case_id FROM incident ORDER BY case_id LIMIT 1")
    await lab.keys_pool.execute("DELETE FROM case_key WHERE owner_id = $1", gone)
    found, erased = await histories(lab.settings)
    assert (len(found), erased) == (HOUSEHOLDS - 1, 1)
    assert str(gone) not in {history.case_id for history in found}


async def test_a_stretch_of_time_brings_its_cases_with_what_came_before_and_nothing_later(lab: Lab) -> None:
    await fill(lab)
    rows = await lab.pool.fetch("SELECT arrived_at, event_id FROM report_version ORDER BY arrived_at, event_id")
    begin, end = rows[5]["arrived_at"], rows[-5]["arrived_at"]
    found, _ = await histories(lab.settings, Stretch(begin, end))
    before_end = {row["event_id"] for row in rows if row["arrived_at"] < end}
    names = {told.name for history in found for told in history.told}
    assert {row["event_id"] for row in rows if begin <= row["arrived_at"] < end} <= names <= before_end
    assert all(any(told.arrived_at >= begin for told in history.told) for history in found)
    nothing, _ = await histories(lab.settings, Stretch(datetime(2000, 1, 1, tzinfo=TAIPEI), begin - timedelta(days=1)))
    assert nothing == []


@pytest.mark.parametrize("count", [1, 3, 7, 250])
def test_slices_hold_every_id_once(count: int) -> None:
    parts = list(slices(count))
    assert len(parts) == count
    assert parts[0].first.int == 0
    assert parts[-1].last.int == 2**128 - 1
    assert all(one.last.int + 1 == other.first.int for one, other in pairwise(parts))
