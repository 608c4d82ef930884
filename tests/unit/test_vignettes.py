"""Worked examples: events, and what the decision of the last one must say. `absent` lists what must not be there;
`same` and `other` compare an id with that of an earlier event's decision, by position.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.contracts.decision import Decision
from pipeline.contracts.envelope import Unreadable
from pipeline.contracts.vocabulary import Outcome, ReporterRole
from pipeline.domain.assess import assess
from pipeline.domain.directory import Directory, Source
from pipeline.domain.docket import Docket
from pipeline.domain.normalise.reading import read_event
from pipeline.domain.terms import shipped_terms

HERE = Path(__file__).parent
LATER = datetime(2027, 6, 1, tzinfo=UTC)
TERMS = shipped_terms().at(LATER)
SOURCES = Directory(
    {
        "hotline-113": Source("hotline-113", "hotline", ReporterRole.HOTLINE_WORKER, own_topic=True),
        "clinic-0007": Source("clinic-0007", "clinic", ReporterRole.MEDICAL, "新北市"),
        "clinic-0008": Source("clinic-0008", "clinic", ReporterRole.MEDICAL, "臺中市"),
    }
)


@dataclass(frozen=True)
class Vignette:
    name: str
    events: Sequence[Mapping[str, Any]]
    expect: Mapping[str, Any]


def vignettes(file: str) -> list[Vignette]:
    return [Vignette(**json.loads(line)) for line in (HERE / file).read_text(encoding="utf-8").splitlines()]


ALL = [*vignettes("given_vignettes.ndjson"), *vignettes("own_vignettes.ndjson")]


def decide(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    docket, decisions = Docket(), []
    for event in events:
        reading = read_event(json.dumps(event).encode(), (), LATER, SOURCES)
        if isinstance(reading, Unreadable):
            decision = Decision(event_id=reading.event_id, outcome=Outcome.DEAD_LETTER)
        else:
            decision = assess(reading.facts, docket, TERMS).decision
        decisions.append(decision.model_dump(mode="json"))
    return decisions


def differences(expect: Mapping[str, Any], decisions: Sequence[Mapping[str, Any]]) -> list[str]:
    found, said = decisions[-1], []
    for field, wanted in expect.items():
        if field == "absent":
            said += [f"{w} in {f}" for f, words in wanted.items() for w in words if w in found[f]]
        elif field in {"same", "other"}:
            equal = {name: found[name] == decisions[at][name] for name, at in wanted.items()}
            said += [f"{name}: not {field}" for name, is_equal in equal.items() if is_equal is not (field == "same")]
        elif field == "tags":
            said += [f"no tag {tag}" for tag in wanted if tag not in found["tags"]]
        elif field == "clocks":
            said += [
                f"{name}: {found[field].get(name)}" for name, due in wanted.items() if found[field].get(name) != due
            ]
        elif found[field] != wanted:
            said.append(f"{field}: {found[field]}")
    return said


@pytest.mark.parametrize("vignette", ALL, ids=lambda v: v.name.replace(" ", "_"))
def test_the_last_decision_says_what_the_vignette_expects(vignette: Vignette) -> None:
    assert not differences(vignette.expect, decide(vignette.events))


@pytest.mark.parametrize("vignette", ALL, ids=lambda v: v.name.replace(" ", "_"))
def test_every_vignette_decides_the_same_a_second_time(vignette: Vignette) -> None:
    assert decide(vignette.events) == decide(vignette.events)


def test_each_vignette_has_a_name_of_its_own() -> None:
    assert len({v.name for v in ALL}) == len(ALL) > 50
