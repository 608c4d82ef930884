"""Another policy tried on history: who moves, counted so that it adds up and tells of nobody."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import combinations
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.vocabulary import Queue
from pipeline.domain.assess import Settlement, assess
from pipeline.domain.casefile import CaseFile, Report
from pipeline.domain.directory import Directory
from pipeline.domain.docket import Docket
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import read_policy, shipped, shipped_text
from pipeline.domain.policy.simulate import Aspect, End, History, Move, Told, Trial, Turn, moves, replay
from pipeline.domain.policy.tally import Cell, Column, Group, Side, Tally
from pipeline.domain.small_cells import FEW, KEPT_BACK, SHOWN_FROM, shown
from pipeline.domain.terms import shipped_terms
from pipeline.local.bench.mess import messy
from pipeline.local.bench.mix import MIXES

LATER = datetime(2027, 3, 1, tzinfo=UTC)
NOBODY = Directory({})


def policy(*changes: tuple[str, str]) -> Policy:
    """The shipped policy with these texts of it replaced."""
    text = shipped_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read_policy(text)


def always(one: Policy) -> Any:  # noqa: ANN401 - a course
    return partial(shipped_terms().under, one)


def tell(number: int, *, day: int = 1, incident: int = 1, victim: dict[str, Any] | None = None, **data: Any) -> Told:  # noqa: ANN401 - any field of data
    """One report of the day of March 2026, by a source of its own."""
    at = f"2026-03-{day:02d}T12:00:00+08:00"
    given = {"categories": ["other"], "received_at": at, "channel": "partner", "report_no": f"n-{number}"}
    event = {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": f"/sources/clinic-{number}",
        "type": "report.submitted.v1",
        "time": at,
        "data": {**given, "persons": [{"role": "victim", **(victim or {})}], **data},
    }
    reading = read_event(json.dumps(event).encode(), (), LATER, NOBODY)
    assert isinstance(reading, Reading)
    return Told(reading.facts.received_at, UUID(int=number), UUID(int=incident), reading.facts, reading.facts.event_id)


def case(*told: Told) -> History:
    return History(told)


def found(history: History, new: Policy, old: Policy | None = None) -> set[Move]:
    ends = Trial(always(old or shipped()), always(new)).ends(history)
    assert ends
    return set(moves(ends[1], ends[2]))


# --- the law of no change


class Stood(NamedTuple):
    """A case as one report left it, by the ids of reports: all of them, and those of each incident."""

    reports: frozenset[UUID]
    incidents: frozenset[frozenset[UUID]]

    @classmethod
    def of(cls, now: CaseFile) -> "Stood":
        return cls(_ids(now.reports), frozenset(_ids(i.reports) for i in now.incidents))

    def among(self, reports: frozenset[UUID]) -> "Stood":
        """As it would be if only these had come."""
        return Stood(self.reports & reports, frozenset(i & reports for i in self.incidents if i & reports))


def _ids(reports: Iterable[Report]) -> frozenset[UUID]:
    return frozenset(report.report_id for report in reports)


@cache
def decided(seed: int) -> Sequence[tuple[History, CaseFile, bool]]:
    """Messy reports as `anwang assess` files them at last, and whether a case only ever grew, by one report after the
    other.
    """
    mess, docket, took = messy(MIXES["sample"], seed, 700), Docket(), list[tuple[Settlement, list[Stood]]]()
    directory = Directory({source.code: source for source in mess.sources})
    for line in mess.lines:
        reading = read_event(line.value, (), LATER, directory)
        assert isinstance(reading, Reading)
        settled = assess(reading.facts, docket, shipped_terms().at(reading.facts.received_at))
        if settled.filed:
            took.append((settled, [Stood.of(change.after) for change in settled.filed.changes]))
    by_case: dict[UUID, list[tuple[Settlement, list[Stood]]]] = {}
    for settled, stood in took:
        by_case.setdefault(docket.case_of(settled.report_id).case_id, []).append((settled, stood))
    everywhere = [state for _, stood in took for state in stood]
    strangers = {r for s in everywhere for r in s.reports if len({docket.case_of(o).case_id for o in s.reports}) > 1}
    return [
        (history(steps, docket), docket.cases[case_id], _only_grew(steps, docket.cases[case_id], strangers))
        for case_id, steps in by_case.items()
    ]


def history(steps: Iterable[tuple[Settlement, list[Stood]]], docket: Docket) -> History:
    told = []
    for settled, _ in steps:
        incident = docket.case_of(settled.report_id).incident_of(settled.report_id)
        facts = settled.facts
        told.append(Told(facts.received_at, settled.report_id, incident.incident_id, facts, facts.event_id))
    return History(tuple(told))


def _only_grew(steps: Iterable[tuple[Settlement, list[Stood]]], now: CaseFile, strangers: set[UUID]) -> bool:
    at_last, come = Stood.of(now), frozenset[UUID]()
    for settled, stood in steps:
        come |= {settled.report_id}
        if stood[-1] != at_last.among(come) or settled.report_id in strangers:
            return False
    return True


def test_a_replay_ends_where_assess_ended_for_cases_that_only_grew() -> None:
    for seed in (1, 2):
        grown = [(told, decision) for told, decision, only_grew in decided(seed) if only_grew]
        assert len(grown) > 0.9 * len(decided(seed))
        assert sum(len(told.told) > 1 for told, _ in grown) > 80
        for told, decision in grown:
            end = replay(told.told, always(shipped()))
            assert (end.standing, end.routing) == decision.judged
            assert end.clocks == {i.incident_id: i.clocks for i in decision.incidents}


def test_the_same_policy_moves_nobody() -> None:
    tally = Tally()
    trial = Trial(always(policy()), always(policy()))
    for told, _, _ in decided(1):
        ends = trial.ends(told)
        assert ends
        tally.add(*ends)
    assert tally.columns == {Column.CASES: len(decided(1))}
    assert not tally.kinds
    assert not tally.aspects
    assert tally.pairs[0] == 0 < tally.pairs[1]
    assert {key[:2]: n for key, n in tally.levels.items() if key[2] is Side.OLD} == {
        key[:2]: n for key, n in tally.levels.items() if key[2] is Side.NEW
    }


# --- what moves, and which way

NEGLECT = ('code = "neglect", points = 5', 'code = "neglect", points = 9')


def test_more_points_make_a_higher_score_and_nothing_else() -> None:
    told = case(tell(1, indicators=["neglect"]))
    assert found(told, policy(NEGLECT)) == {Move(Aspect.SCORE, "", "higher", Turn.UP)}
    assert found(told, shipped(), policy(NEGLECT)) == {Move(Aspect.SCORE, "", "lower", Turn.DOWN)}
    assert found(case(tell(1)), policy(NEGLECT)) == set()


HOMELESS = (
    'when = { rule = "signs_of_lethality" }',
    'when = { any = [{ rule = "signs_of_lethality" }, { told = "category", any_of = ["homelessness"] }] }',
)
"""Wherever signs of lethality count, a homeless victim counts."""


def test_a_graver_row_moves_queue_priority_centre_and_tags() -> None:
    home = {"current_place": "臺北市文山區木柵路一段1號"}
    told = case(tell(1, categories=["homelessness"], victim=home))
    assert found(told, policy(HOMELESS)) == {
        Move(Aspect.PRIORITY, "", "routine → urgent", Turn.UP),
        Move(Aspect.TAG, "lethality_signs", "gained"),
        Move(Aspect.COUNTY, "", "unknown → 臺北市"),
        Move(Aspect.CENTRE, "", "another"),
        Move(Aspect.TAG, "county_unknown", "lost"),
    }


def test_a_shorter_clock_is_sooner_and_one_less_is_gone() -> None:
    told = case(tell(1, categories=["disability_protection"]))
    sooner = policy(('due = { calendar_days = 4 }\nlaw = "Rights', 'due = { calendar_days = 3 }\nlaw = "Rights'))
    assert found(told, sooner) == {Move(Aspect.CLOCK, "disability_report", "sooner", Turn.UP)}
    assert found(told, shipped(), sooner) == {Move(Aspect.CLOCK, "disability_report", "later", Turn.DOWN)}


CONFINED_IN_FAMILY = (
    'when = { any = [{ rule = "signs_of_lethality" }, { told = "indicator", any_of = ["confinement"] }] }',
    'when = { rule = "signs_of_lethality" }',
)


def test_another_queue_brings_clocks_and_takes_services() -> None:
    told = case(tell(1, categories=["vulnerable_family"], indicators=["confinement"]))
    assert found(told, policy(CONFINED_IN_FAMILY)) == {
        Move(Aspect.QUEUE, "", "protective → family", Turn.DOWN),
        Move(Aspect.CLOCK, "family_visit", "new", Turn.UP),
        Move(Aspect.CLOCK, "family_report", "new", Turn.UP),
        Move(Aspect.TAG, "raised_to_protective", "lost"),
        Move(Aspect.SERVICE, "family", "lost"),
    }
    back = found(told, shipped(), policy(CONFINED_IN_FAMILY))
    assert {move for move in back if move.aspect in {Aspect.QUEUE, Aspect.CLOCK, Aspect.SERVICE}} == {
        Move(Aspect.QUEUE, "", "family → protective", Turn.UP),
        Move(Aspect.CLOCK, "family_visit", "gone", Turn.DOWN),
        Move(Aspect.CLOCK, "family_report", "gone", Turn.DOWN),
        Move(Aspect.SERVICE, "family", "gained"),
    }


def test_a_child_grade_rises_from_none_to_two_to_one() -> None:
    ends = [
        replay((tell(1, categories=categories, crisis_flags=flags),), always(shipped()))
        for categories, flags in ((["other"], []), (["child_protection"], []), (["child_protection"], ["child_urgent"]))
    ]
    for place, (old, new) in enumerate(((ends[0], ends[1]), (ends[1], ends[2]), (ends[0], ends[2]))):
        words = ("none → 2", "2 → 1", "none → 1")[place]
        assert Move(Aspect.CHILD_GRADE, "", words, Turn.UP) in set(moves(old, relinked(new, old)))
        back = " → ".join(reversed(words.split(" → ")))
        assert Move(Aspect.CHILD_GRADE, "", back, Turn.DOWN) in set(moves(new, relinked(old, new)))


def relinked(end: End, other: End) -> End:
    """As if it were another end of the same case."""
    return End(end.standing, end.routing, dict(zip(other.clocks, end.clocks.values(), strict=True)))


# --- a stretch of time


def test_what_came_before_the_trial_is_judged_by_the_old_policy_and_never_sinks_by_the_new() -> None:
    told = (tell(1, day=1, indicators=["confinement"]), tell(2, day=5))
    new = policy(CONFINED_IN_FAMILY)
    trial = Trial(always(shipped()), always(new), begin=datetime(2026, 3, 3, tzinfo=TAIPEI))
    ends = trial.ends(case(*told))
    assert ends
    assert ends[2].standing.queue is Queue.PROTECTIVE
    assert replay(told, always(new)).standing.queue is Queue.FAMILY


def test_a_case_of_which_nothing_came_in_the_time_does_not_count() -> None:
    noon = tell(1, day=3).arrived_at
    for begin, end, counts in (
        (noon, None, True),
        (noon + timedelta(microseconds=1), None, False),
        (None, noon, False),
        (None, noon + timedelta(microseconds=1), True),
    ):
        assert (
            Trial(always(shipped()), always(shipped()), begin, end).ends(case(tell(1, day=3))) is not None
        ) is counts


def test_what_came_after_the_time_is_left_out() -> None:
    told = (tell(1, day=1), tell(2, day=5, indicators=["confinement"]))
    ends = Trial(always(shipped()), always(shipped()), end=datetime(2026, 3, 3, tzinfo=TAIPEI)).ends(case(*told))
    assert ends
    assert ends[0].told == told[:1]
    assert ends[1].standing.queue is Queue.FAMILY


def test_each_report_is_judged_by_the_policy_that_was_in_force_when_it_came() -> None:
    change = datetime(2026, 3, 3, tzinfo=TAIPEI)
    sooner = policy(('due = { hours = 24 }\nlaw = "Child', 'due = { hours = 12 }\nlaw = "Child'))
    told = (tell(1, day=1), tell(2, day=5, incident=2))
    end = replay(told, lambda at: shipped_terms().under(sooner if at >= change else shipped(), at))
    assert end.standing.policy_version == sooner.version
    assert set(end.clocks) == {UUID(int=1), UUID(int=2)}


def test_an_event_that_comes_again_changes_nothing() -> None:
    one = tell(1, indicators=["neglect"])
    assert replay((one, one), always(shipped())) == replay((one,), always(shipped()))


# --- counts

TRIALS = (Trial(always(shipped()), always(policy(NEGLECT, HOMELESS, CONFINED_IN_FAMILY))),)


@cache
def ends_of(seed: int) -> Sequence[tuple[History, End, End]]:
    ends = (TRIALS[0].ends(told) for told, _, _ in decided(seed))
    return [found for found in ends if found]


def tally_of(parts: Iterable[tuple[History, End, End]], examples: int = 2) -> Tally:
    tally = Tally(examples)
    for part in parts:
        tally.add(*part)
    return tally


@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_parts_add_up_however_the_cases_are_shared_out(seed: int, parts: int) -> None:
    ends = ends_of(1)
    whole, joined = tally_of(ends), Tally(2)
    shares: list[list[tuple[History, End, End]]] = [[] for _ in range(parts)]
    for place, part in enumerate(ends):
        shares[(place * 2654435761 + seed) % 4093 % parts].append(part)
    for share in shares:
        joined.join(tally_of(share))
    assert joined == whole
    assert whole.columns[Column.MOVED] > 0


def test_a_case_is_counted_once_where_a_table_adds_up() -> None:
    whole = tally_of(ends_of(1))
    cases = whole.columns[Column.CASES]
    for group in (Group.COUNTY, Group.AGE, Group.SEX):
        for column in Column:
            counted = sum(n for (g, _, c), n in whole.groups.items() if (g, c) == (group, column))
            assert counted == whole.columns[column], (group, column)
    assert sum(n for (aspect, _, side), n in whole.levels.items() if (aspect, side) == ("queue", Side.NEW)) == cases


def test_the_levels_tell_of_both_policies() -> None:
    home = tally_of([ends for n in range(1, 4) if (ends := TRIALS[0].ends(case(tell(n, categories=["homelessness"]))))])
    assert home.levels[Aspect.PRIORITY, "routine", Side.OLD] == 3
    assert home.levels[Aspect.PRIORITY, "urgent", Side.NEW] == 3
    assert home.levels[Aspect.PRIORITY, "urgent", Side.OLD] == 0


Scores = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12)


@given(st.lists(Scores, min_size=1, max_size=3))
def test_pairs_that_swap_are_those_that_a_person_would_count(queues: list[list[tuple[int, int]]]) -> None:
    tally = Tally()
    for number, scores in enumerate(queues):
        tally.scores.update((Cell("family", f"centre-{number}", "routine"), *both) for both in scores)
    pairs = [pair for scores in queues for pair in combinations(scores, 2)]
    swapped = sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in pairs)
    assert tally.pairs == (swapped, len(pairs))


def test_the_youngest_victim_gives_band_and_sex() -> None:
    persons = [
        {"role": "victim", "sex": "male", "birth_date": "1980-01-01"},
        {"role": "victim", "sex": "female", "birth_date": "2020-01-01"},
        {"role": "alleged_perpetrator", "sex": "male", "birth_date": "2024-01-01"},
        {"role": "victim", "sex": "other", "birth_date": "2031-01-01"},
    ]
    assert groups(tell(1, persons=persons)) >= {(Group.AGE, "6-11"), (Group.SEX, "female")}
    assert groups(tell(1, persons=[{"role": "victim", "sex": "male"}])) >= {(Group.AGE, "unknown"), (Group.SEX, "male")}
    both = [{"role": "victim", "sex": sex} for sex in ("male", "female")]
    assert (Group.SEX, "unknown") in groups(tell(1, persons=both))


def groups(*told: Told) -> set[tuple[Group, str]]:
    ends = TRIALS[0].ends(case(*told))
    assert ends
    return {key[:2] for key in tally_of([ends]).groups}


def test_a_case_counts_under_each_of_its_sources_and_categories() -> None:
    told = tell(1, categories=["homelessness", "other"]), tell(2, categories=["mental_health"])
    assert {word for group, word in groups(*told) if group is Group.SOURCE} == {"clinic-1", "clinic-2"}
    assert {word for group, word in groups(*told) if group is Group.CATEGORY} == {
        "homelessness",
        "other",
        "mental_health",
    }


def test_examples_are_the_first_by_id_and_no_more_than_asked_for() -> None:
    ends = [e for n in (3, 1, 2) if (e := TRIALS[0].ends(case(tell(n, indicators=["neglect"]))))]
    assert [e.name for e in tally_of(ends).examples[Aspect.SCORE, "", "higher"]] == ["event-1", "event-2"]
    assert tally_of(ends, examples=0).examples[Aspect.SCORE, "", "higher"] == []


# --- few people


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 30), max_size=8), st.booleans())
def test_few_people_are_never_told_of_nor_reckoned(counts: dict[str, int], add_up: bool) -> None:  # noqa: FBT001 - drawn
    told = shown(counts, add_up=add_up)
    assert told.keys() == counts.keys()
    hidden = {name for name, count in told.items() if isinstance(count, str)}
    assert all(told[name] == counts[name] for name in counts.keys() - hidden)
    few = {name for name, count in counts.items() if 0 < count < SHOWN_FROM}
    all_are_few = 0 < sum(counts.values()) < SHOWN_FROM
    assert {name for name in hidden if told[name] == FEW} == (counts.keys() if all_are_few else few)
    if add_up and few and any(count >= SHOWN_FROM for count in counts.values()):
        assert len(hidden) > 1
    assert len([name for name in hidden if told[name] == KEPT_BACK]) <= (add_up and len(few) == 1)


def test_where_all_together_are_few_no_row_says_whether_it_holds_one() -> None:
    assert shown({"a": 0, "b": 1, "c": 0}, add_up=True) == {"a": FEW, "b": FEW, "c": FEW}
    assert shown({"a": 0, "b": 0}, add_up=True) == {"a": 0, "b": 0}
