"""What an oracle reaches on the fields that survived."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.data import table
from pipeline.domain.directory import load_directory
from pipeline.domain.facts import Facts
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.local.bench.ceiling import oracle
from pipeline.local.bench.measures import Result, measure
from pipeline.local.bench.mess import messy
from pipeline.local.bench.mix import MIXES
from pipeline.local.bench.truth import Groups, groups_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIRECTORY = load_directory(table("sources.csv"))
HIM: dict[str, object] = {"role": "alleged_perpetrator", "name": "林宇翔"}


def told(number: int, *persons: dict[str, object], day: int = 1, source: str = "hotline-113", **data: object) -> Facts:
    """Report `number`, told on a day of 2025."""
    at = (datetime(2025, 1, 1, 8, tzinfo=UTC) + timedelta(days=day)).isoformat()
    report = {
        "report_no": f"N-{number}",
        "channel": "clinic",
        "received_at": at,
        "categories": ["child_protection"],
        "persons": list(persons) or [{"role": "victim"}],
        **data,
    }
    event = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": f"/sources/{source}",
        "type": "report.submitted.v1",
        "time": at,
        "data": report,
    }
    reading = read_event(json.dumps(event).encode(), (), NOW, DIRECTORY)
    assert isinstance(reading, Reading)
    return reading.facts


def victim(**known: object) -> dict[str, object]:
    return {"role": "victim", **known}


def put(reports: Iterable[Facts], *truth: tuple[str, str]) -> dict[str, Groups]:
    """Where the oracle puts them among strangers of other days; `truth` are incident and household of each."""
    strangers = [
        told(n, victim(name=f"吳{chr(0x4E00 + n)}珊", birth_date=f"{1950 + n}-02-03"), day=n) for n in range(10, 50)
    ]
    known = {f"e{number}": Groups(*groups) for number, groups in enumerate(truth)}
    alone = {facts.event_id: Groups(facts.event_id, facts.event_id) for facts in strangers}
    found = oracle([*reports, *strangers], {**known, **alone})
    return {event_id: found[event_id] for event_id in known}


def test_one_rare_mark_in_common_is_enough() -> None:
    found = put([told(0, victim(name="歐陽若彤")), told(1, victim(name="歐陽若彤"))], ("i", "h"), ("i", "h"))
    assert found["e0"] == found["e1"]


def test_reports_with_nothing_in_common_stay_apart() -> None:
    found = put([told(0, victim(name="歐陽若彤")), told(1, HIM)], ("i", "h"), ("i", "h"))
    assert found["e0"].household != found["e1"].household


def test_what_has_nothing_in_common_is_joined_through_a_third() -> None:
    first, third = told(0, victim(name="歐陽若彤")), told(1, HIM)
    between = told(2, victim(name="歐陽若彤"), HIM)
    found = put([first, third, between], *[("i", "h")] * 3)
    assert found["e0"] == found["e1"] == found["e2"]


def test_a_stranger_who_has_as_much_in_common_keeps_a_true_pair_apart() -> None:
    tower = {"address": "新北市板橋區文化路一段100號"}
    reports = [told(number, victim(**tower)) for number in range(3)]
    found = put(reports, ("i", "h"), ("i", "h"), ("j", "k"))
    assert found["e0"].household != found["e1"].household


def test_a_stranger_of_another_time_does_not() -> None:
    tower = {"address": "新北市板橋區文化路一段100號"}
    reports = [told(0, victim(**tower)), told(1, victim(**tower)), told(2, victim(**tower), day=90)]
    found = put(reports, ("i", "h"), ("i", "h"), ("j", "k"))
    assert found["e0"].household == found["e1"].household


def test_versions_of_one_report_and_a_quoted_number_always_hold_together() -> None:
    first, other = told(0, victim(sex="female")), told(1, victim(sex="female"))
    later = told(2, victim(sex="male"), report_no="N-0")
    quoting = told(3, victim(sex="male"), related_report_nos=["N-0"], source="clinic-9")
    found = put([first, other, later, quoting], ("i", "h"), ("j", "k"), ("i", "h"), ("i", "h"))
    assert found["e0"] == found["e2"] == found["e3"]
    assert found["e0"] != found["e1"]


def of_mix(mix: str, seed: int = 7) -> Result:
    mess = messy(MIXES[mix], seed, 600)
    truth = groups_of(line.truth for line in mess.lines)
    directory = DIRECTORY.with_sources(mess.sources)
    readings = [read_event(line.value, (), NOW, directory) for line in mess.lines]
    return measure(truth, oracle([r.facts for r in readings if isinstance(r, Reading)], truth))


@pytest.mark.parametrize("mix", sorted(MIXES))
def test_the_oracle_joins_nothing_wrongly_and_loses_nothing(mix: str) -> None:
    result = of_mix(mix)
    assert (result.incidents.wrong_joins, result.households.wrong_joins, result.lost) == (0, 0, 0)
    assert 0.5 < result.households.pairwise.recall <= 1


def test_the_less_survives_the_less_anybody_reaches() -> None:
    poor, rich = of_mix("poor"), of_mix("rich")
    assert poor.households.pairwise.f1 < rich.households.pairwise.f1
    assert poor.incidents.pairwise.f1 < rich.incidents.pairwise.f1
