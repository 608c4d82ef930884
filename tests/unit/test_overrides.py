"""How people put a case elsewhere than its reports do, and what later reports make of that."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any, get_args
from uuid import UUID, uuid5

import pytest
from following import STAMP
from hypothesis import given
from hypothesis import strategies as st
from telling import (
    MOTHER,
    NAMESPACE,
    NOON,
    POLICY,
    STREAMS,
    TERMS,
    any_facts,
    at,
    event,
    hours,
    known,
    suicide_idea,
    tipvda,
    told,
)
from test_rulings import CLINIC, FIRST, GRAVE, KINDS, SECOND, Office, quoting

from pipeline import cli_case
from pipeline.contracts.case import (
    CaseEvent,
    GradeWanted,
    OverrideKind,
    OverrideReason,
    Part,
    QueueRecord,
    RecordKind,
    RulingKind,
)
from pipeline.contracts.topics import CASE_EVENTS
from pipeline.contracts.vocabulary import Category, CrisisFlag, Priority, Queue
from pipeline.domain.casefile import CaseState
from pipeline.domain.dangers import IncidentView, ReportView, worst_told
from pipeline.domain.facts import Facts
from pipeline.domain.notices import override_notices
from pipeline.domain.overrides import REASONS, Overridden, OverrideWish, override
from pipeline.domain.parts import Parts, Rows, Said, Wanted, grade_told
from pipeline.domain.refusals import MEANINGS, RulingRefusal
from pipeline.domain.score import Standing, judge, raise_to, rise
from pipeline.errors import RulingRefusedError

RAISE, LOWER = OverrideKind.RAISE, OverrideKind.LOWER
URGENT, IMMEDIATE, STANDARD, ROUTINE = Priority.URGENT, Priority.IMMEDIATE, Priority.STANDARD, Priority.ROUTINE
PROTECTIVE, FAMILY = Queue.PROTECTIVE, Queue.FAMILY
LATER = NOON + hours(700)
ALARM = (CrisisFlag.LIFE_THREATENED,)
HER = (known(name="林怡君", national_id=MOTHER, birth_date=date(1990, 5, 5)),)


class Duty(Office):
    """A desk where people rule and override."""

    def put(
        self,
        kind: OverrideKind,
        report_id: UUID,
        *,
        reason: OverrideReason = OverrideReason.JUDGEMENT,
        by: str = FIRST,
        second: str | None = SECOND,
        **wanted: object,
    ) -> Overridden:
        """Raises RulingRefusedError and leaves everything as it was."""
        self.numbers += 1
        override_id = uuid5(NAMESPACE, f"override {self.numbers}")
        wish = OverrideWish(override_id, kind, Wanted(**wanted), reason, by, second)  # type: ignore[arg-type] # as named
        done = override(wish, self.case(report_id), TERMS)
        self.docket.file(done.change.after)
        self.messages += override_notices(done, STAMP)
        return done

    def higher(self, report_id: UUID, **wanted: object) -> Overridden:
        return self.put(RAISE, report_id, second=None, **wanted)  # type: ignore[arg-type] # as named

    def lower(self, report_id: UUID, **wanted: object) -> Overridden:
        return self.put(LOWER, report_id, **wanted)  # type: ignore[arg-type] # as named

    def parts(self, report_id: UUID) -> Parts:
        return self.case(report_id).judged[0].parts

    def clocks(self, report_id: UUID) -> dict[str, float]:
        """Hours after noon."""
        clocks = self.case(report_id).incident_of(report_id).clocks
        return {clock: (due - NOON) / hours(1) for clock, due in clocks.items()}


def one(*events: Facts) -> tuple[Duty, UUID]:
    duty = Duty()
    return duty, duty.hear(*events)[0]


def again(event_id: str = "b", **more: object) -> Facts:
    """The same happening, told by a clinic that quotes the first report."""
    return quoting(event_id, "a", occurred_at=NOON - hours(2), **more)


def first(**more: object) -> Facts:
    return event("a", occurred_at=NOON - hours(2), **more)


# --- raising


def test_one_person_raises_at_once_and_no_part_that_is_not_wanted_changes() -> None:
    duty, a = one(first())
    assert duty.parts(a) == Parts(FAMILY, ROUTINE, None)
    duty.higher(a, priority=URGENT)
    assert duty.parts(a) == Parts(FAMILY, URGENT, None)
    duty.higher(a, queue=PROTECTIVE)
    assert duty.parts(a) == Parts(PROTECTIVE, URGENT, None)


def test_a_case_that_is_raised_to_the_protective_queue_goes_to_a_protective_centre() -> None:
    here = known(address=at("臺中市", town="北屯區"))
    duty, a = one(first(persons=(here,)))
    left = duty.case(a).judged[1].centre
    duty.higher(a, queue=PROTECTIVE)
    records = [QueueRecord.model_validate_json(n.body) for n in duty.messages if n.topic != CASE_EVENTS]
    assert [(r.kind, r.queue) for r in records] == [
        (RecordKind.ASSIGNED, FAMILY),
        (RecordKind.WITHDRAWN, FAMILY),
        (RecordKind.ASSIGNED, PROTECTIVE),
    ]
    assert records[1].centre == left != records[2].centre
    assert records[2].county == "臺中市"


def test_what_the_policy_says_of_a_case_that_stands_so_follows_a_raise() -> None:
    duty, a = one(first(categories=(Category.VULNERABLE_FAMILY,)))
    duty.higher(a, child_grade=1)
    standing = duty.case(a).judged[0]
    assert standing.parts == Parts(FAMILY, IMMEDIATE, 1)
    assert "high_danger" in standing.tags
    other, b = one(first(categories=(Category.VULNERABLE_FAMILY,)))
    other.higher(b, queue=PROTECTIVE)
    assert other.parts(b) == Parts(PROTECTIVE, STANDARD, None)
    assert other.case(b).judged[0].also == {"family"}


def test_a_raise_to_a_child_grade_starts_its_clocks_for_every_incident_from_the_incidents_own_start() -> None:
    duty = Duty()
    (a,) = duty.hear(first(clock_start=NOON - hours(10)))
    (b,) = duty.hear(event("b", "clinic-0007", clock_start=NOON - hours(30)))
    duty.rule(RulingKind.MERGE, a, b)
    assert len(duty.case(a).incidents) == 2
    assert duty.clocks(a).keys() == {"dispatch"}
    duty.higher(a, child_grade=1)
    assert duty.clocks(a) == {"dispatch": 14, "child_grading": 14, "child_visit": 14, "child_report": 86}
    assert duty.clocks(b) == {"dispatch": -6, "child_grading": -6, "child_visit": -6, "child_report": 66}


def test_a_raise_of_priority_alone_starts_no_clock() -> None:
    duty, a = one(first())
    before = duty.clocks(a)
    duty.higher(a, priority=IMMEDIATE, queue=PROTECTIVE)
    assert duty.clocks(a) == before


def test_no_report_takes_a_raise_back() -> None:
    duty, a = one(first())
    duty.higher(a, priority=URGENT)
    duty.hear(again(), again("c", crisis_flags=(CrisisFlag.OTHER,)))
    assert duty.parts(a) == Parts(FAMILY, URGENT, None)
    duty.hear(again("d", crisis_flags=ALARM))
    assert duty.parts(a) == Parts(PROTECTIVE, IMMEDIATE, None)


# --- lowering


def test_two_people_lower_what_is_wanted_and_the_rest_stays_with_tags_reasons_and_clocks() -> None:
    duty, a = one(first(categories=(Category.CHILD_PROTECTION,), crisis_flags=GRAVE))
    before, clocks = duty.case(a).judged[0], duty.clocks(a)
    assert before.parts == Parts(PROTECTIVE, IMMEDIATE, 1)
    duty.lower(a, priority=STANDARD)
    assert duty.parts(a) == Parts(PROTECTIVE, STANDARD, 1)
    duty.lower(a, child_grade="none", queue=FAMILY)
    after = duty.case(a).judged[0]
    assert after.parts == Parts(FAMILY, STANDARD, None)
    assert (after.tags, after.reasons, after.also) == (before.tags, before.reasons, before.also)
    assert duty.clocks(a) == clocks


def test_nobody_lowers_alone_and_not_twice_in_one_person() -> None:
    duty, a = one(first(crisis_flags=ALARM))
    for second, code in ((None, "needs_a_second"), (FIRST.lower(), "second_is_first"), ("王小明", "not_a_staff_code")):
        assert refusal(duty, LOWER, a, second=second, priority=ROUTINE) == code
    assert duty.parts(a) == Parts(PROTECTIVE, IMMEDIATE, None)


def test_a_later_report_that_tells_nothing_new_leaves_a_case_lowered() -> None:
    duty, a = one(first(crisis_flags=ALARM))
    duty.lower(a, priority=ROUTINE, queue=FAMILY)
    (b,) = duty.hear(again(crisis_flags=ALARM))
    assert duty.are_one(a, b, scope="incident")
    assert duty.parts(a) == Parts(FAMILY, ROUTINE, None)


@pytest.mark.parametrize(
    ("known_then", "told_now"),
    [
        ({"forms": suicide_idea(2)}, {"forms": suicide_idea(4)}),
        ({"forms": tipvda(*range(2, 10))}, {"forms": tipvda(*range(1, 12))}),
        ({"persons": HER}, {"persons": (*HER, known(1, birth_date=date(2020, 1, 1)))}),
    ],
    ids=["a worse answer", "more answers of yes", "one more victim"],
)
def test_what_is_told_worse_of_a_lowered_case_puts_all_that_its_reports_say_back(
    known_then: dict[str, Any], told_now: dict[str, Any]
) -> None:
    duty, a = one(first(crisis_flags=ALARM, **known_then))
    duty.lower(a, priority=ROUTINE, queue=FAMILY)
    (b,) = duty.hear(again(crisis_flags=ALARM, **known_then))
    assert duty.are_one(a, b)
    assert duty.parts(a).priority is ROUTINE
    duty.hear(again("c", crisis_flags=ALARM, **told_now))
    assert duty.parts(a).priority is IMMEDIATE


@pytest.mark.parametrize(
    "news",
    [
        again(indicators=("repeat_harm",)),
        again(indicators=("nobody_knows_this_one",)),
        again(categories=(Category.SUICIDE_RISK,)),
        event("b", CLINIC, crisis_flags=ALARM, persons=HER, occurred_at=LATER, received_at=LATER, clock_start=LATER),
    ],
    ids=["a known indicator", "an unknown indicator", "a category", "another happening"],
)
def test_whatever_is_newly_told_of_a_lowered_case_puts_all_that_its_reports_say_back(news: Facts) -> None:
    duty, a = one(first(crisis_flags=ALARM, persons=HER))
    duty.lower(a, priority=ROUTINE, queue=FAMILY)
    (b,) = duty.hear(news)
    assert duty.are_one(a, b)
    assert duty.parts(a) == Parts(PROTECTIVE, IMMEDIATE, None)
    assert duty.case(a).judged[0].said is None


def test_of_two_cases_that_are_joined_the_lowered_one_stands_by_its_reports_again() -> None:
    duty = Duty()
    (a,) = duty.hear(event("a", crisis_flags=ALARM))
    (b,) = duty.hear(event("b", "clinic-0007"))
    duty.lower(a, priority=ROUTINE, queue=FAMILY)
    duty.rule(RulingKind.MERGE, a, b)
    assert duty.are_one(a, b)
    assert duty.parts(a) == Parts(PROTECTIVE, IMMEDIATE, None)


def test_a_split_ends_a_lowering_and_leaves_a_raise_on_both_sides() -> None:
    duty = Duty()
    a, b = duty.hear(first(crisis_flags=ALARM), again(crisis_flags=ALARM))
    duty.lower(a, priority=ROUTINE, queue=FAMILY)
    duty.higher(a, child_grade=2)
    duty.rule(RulingKind.SPLIT, b, second=None)
    for report_id in (a, b):
        assert duty.parts(report_id) == Parts(PROTECTIVE, IMMEDIATE, 2)
        assert {"child_grading", "child_report"} <= duty.clocks(report_id).keys()


def test_a_raise_that_two_people_took_back_does_not_come_again_with_a_later_report() -> None:
    duty, a = one(first())
    duty.higher(a, priority=IMMEDIATE)
    duty.lower(a, priority=STANDARD)
    assert duty.parts(a) == Parts(FAMILY, STANDARD, None)
    duty.hear(again(indicators=("repeat_harm",)))
    assert duty.parts(a).priority is STANDARD
    duty.lower(a, priority=ROUTINE)
    (c,) = duty.hear(again("c", indicators=("unemployment",)))
    assert duty.parts(a) == Parts(FAMILY, ROUTINE, None)
    duty.rule(RulingKind.SPLIT, c)
    assert {duty.parts(report_id) for report_id in (a, c)} == {Parts(FAMILY, ROUTINE, None)}


def test_a_policy_that_finds_known_words_graver_puts_a_lowered_case_back() -> None:
    views = (view([told(crisis_flags=ALARM)]),)
    by_an_earlier_policy = replace(judge(POLICY, views), priority=URGENT)
    after = judge(POLICY, views, lowered(by_an_earlier_policy))
    assert (after.parts, after.said) == (Parts(PROTECTIVE, IMMEDIATE, None), None)


def test_one_person_raises_a_lowered_case_again_only_as_far_as_is_wanted() -> None:
    duty, a = one(first(crisis_flags=ALARM))
    duty.lower(a, priority=ROUTINE, queue=FAMILY)
    duty.higher(a, queue=PROTECTIVE)
    assert duty.parts(a) == Parts(PROTECTIVE, STANDARD, None), (
        "as any protective case, and not as its flag would have it"
    )
    duty.hear(again(crisis_flags=ALARM))
    assert duty.parts(a) == Parts(PROTECTIVE, STANDARD, None)
    duty.higher(a, child_grade=1)
    assert duty.parts(a) == Parts(PROTECTIVE, IMMEDIATE, 1)


# --- what is told of it


def test_the_history_of_a_case_names_who_said_so_why_and_against_which_row() -> None:
    duty, a = one(first(crisis_flags=ALARM))
    duty.put(LOWER, a, priority=STANDARD, child_grade=2, reason=OverrideReason.NOT_SUBSTANTIATED)
    *_, told_last = (CaseEvent.model_validate_json(n.body) for n in duty.messages if n.topic == CASE_EVENTS)
    assert (told_last.type, told_last.source, told_last.priority) == ("case.overridden.v1", "desk", STANDARD)
    assert told_last.override
    assert told_last.event_id == str(told_last.override.override_id)
    assert (told_last.override.said_by, told_last.override.seconded_by) == (FIRST, SECOND)
    assert told_last.override.reason is OverrideReason.NOT_SUBSTANTIATED
    assert [tuple(p.model_dump().values()) for p in told_last.override.parts] == [
        (Part.PRIORITY, "immediate", "standard", "flag_now")
    ]


def test_each_part_names_the_row_that_had_put_it_there_unless_people_had() -> None:
    duty, a = one(first())
    done = duty.higher(a, priority=URGENT, queue=PROTECTIVE, child_grade=2)
    assert done.policy_version == POLICY.version
    assert [p.rule for p in done.override.parts] == ["all_the_rest_to_family_service", "all_the_rest", "no_child"]
    assert [p.was for p in done.override.parts] == ["family", "routine", "none"]
    more = duty.higher(a, priority=IMMEDIATE)
    assert [(p.was, p.rule) for p in more.override.parts] == [("urgent", None)]


def test_a_row_is_named_only_if_it_accounts_for_where_the_case_stands() -> None:
    duty, a = one(first(crisis_flags=ALARM))
    assert duty.case(a).judged[0].rows == Rows("crisis_flag", "flag_now", "no_child")
    view = IncidentView((ReportView((told(),)),))
    calmer = judge(POLICY, (view,), duty.case(a).judged[0])
    assert calmer.rows == Rows(None, None, "no_child")


def test_every_reason_is_for_a_raise_or_a_lowering_and_has_words_in_both_languages() -> None:
    assert {reason for words in REASONS.values() for reason in words} == set(OverrideReason)
    words = [w for told_by in REASONS.values() for w in told_by.values()]
    assert all(w.zh and w.en for w in words)


def test_the_commands_offer_what_there_is() -> None:
    assert [word.value for word in cli_case.WhyRaise] == [reason.value for reason in REASONS[RAISE]]
    assert [word.value for word in cli_case.WhyLower] == [reason.value for reason in REASONS[LOWER]]
    assert [word.value for word in cli_case.Queues] == [queue.value for queue in Queue]
    assert [word.value for word in cli_case.Priorities] == [priority.value for priority in Priority]
    assert [grade_told(word) for word in cli_case.Grades] == list(get_args(GradeWanted))


# --- what cannot be done


def refusal(duty: Duty, kind: OverrideKind, report_id: UUID, **more: object) -> str:
    with pytest.raises(RulingRefusedError) as refused:
        duty.put(kind, report_id, **more)  # type: ignore[arg-type] # as named
    assert str(refused.value) == MEANINGS[RulingRefusal(refused.value.code)]
    return refused.value.code


def test_what_cannot_be_done_says_why_and_changes_nothing() -> None:
    duty, a = one(first(crisis_flags=ALARM))
    before = duty.case(a)
    told_before = len(duty.messages)
    assert refusal(duty, RAISE, a, priority=URGENT) == "nothing_rises"
    assert refusal(duty, LOWER, a, child_grade=2) == "nothing_sinks"
    assert refusal(duty, RAISE, a) == "nothing_wanted"
    assert refusal(duty, RAISE, a, child_grade=1, reason=OverrideReason.SAFE_NOW) == "reason_of_the_other_kind"
    assert refusal(duty, LOWER, a, queue=FAMILY, reason=OverrideReason.TOLD_MORE) == "reason_of_the_other_kind"
    assert refusal(duty, RAISE, a, child_grade=1, by="Wang") == "not_a_staff_code"
    assert (duty.case(a), len(duty.messages)) == (before, told_before)


@pytest.mark.parametrize("state", [CaseState.CLOSED, CaseState.MERGED])
def test_a_case_that_is_not_open_is_not_overridden(state: CaseState) -> None:
    duty, a = one(first())
    duty.set_state(duty.case(a), state)
    assert refusal(duty, RAISE, a, priority=URGENT) == "case_closed"


def test_a_case_in_somebodys_hand_is_raised_and_lowered_too() -> None:
    duty, a = one(first())
    duty.set_state(duty.case(a), CaseState.CLAIMED)
    duty.higher(a, priority=URGENT)
    duty.lower(a, priority=STANDARD)
    assert (duty.case(a).state, duty.parts(a).priority) == (CaseState.CLAIMED, STANDARD)


def test_a_grade_is_read_as_a_person_writes_it() -> None:
    assert [grade_told(text) for text in (None, "1", "2", "none")] == [None, 1, 2, "none"]
    with pytest.raises(ValueError, match="1, 2 or none"):
        grade_told("3")


# --- laws

WANTED = st.fixed_dictionaries(
    {},
    optional={
        "queue": st.sampled_from(list(Queue)),
        "priority": st.sampled_from(list(Priority)),
        "child_grade": st.sampled_from([1, 2, "none"]),
    },
).filter(bool)
OVERRIDES = st.tuples(st.sampled_from(list(OverrideKind)), st.integers(0, 9), WANTED)
RULINGS = st.tuples(
    KINDS, st.sampled_from(["household", "incident"]), st.lists(st.integers(0, 9), min_size=1, max_size=3)
)
WORDS = st.lists(OVERRIDES | RULINGS, max_size=8)

PRIORITIES, QUEUES = list(Priority), list(Queue)


def is_at_least(parts: Parts, other: Parts) -> bool:
    return parts.graver(other) == parts


def say(duty: Duty, word: tuple[object, ...]) -> tuple[OverrideKind, UUID, Wanted] | None:
    """What was done of it, if it was an override that could be done."""
    reports = sorted({s.report_id for s in duty.settled})
    kind, which, more = word
    with suppress(RulingRefusedError):
        if isinstance(kind, OverrideKind) and isinstance(which, int) and isinstance(more, dict):
            report_id = reports[which % len(reports)]
            duty.put(kind, report_id, **more)
            return kind, report_id, Wanted(**more)
        if isinstance(kind, RulingKind) and isinstance(more, list):
            duty.rule(kind, *(reports[i % len(reports)] for i in more), scope=str(which))
    return None


@given(STREAMS, WORDS)
def test_no_report_lowers_a_case_or_moves_a_clock_later_whatever_people_said(
    events: list[Facts], words: Sequence[tuple[object, ...]]
) -> None:
    duty = Duty()
    for n in range(max(len(events), len(words))):
        standing = {s.report_id: duty.parts(s.report_id) for s in duty.settled}
        clocks = {s.report_id: duty.clocks(s.report_id) for s in duty.settled}
        duty.hear(*events[n : n + 1])
        for report_id, before in standing.items():
            assert is_at_least(duty.parts(report_id), before)
            after = duty.clocks(report_id)
            assert all(after[clock] <= due for clock, due in clocks[report_id].items())
        for word in words[n : n + 1]:
            say(duty, word)


@given(STREAMS, WORDS)
def test_a_raise_holds_through_reports_merges_and_splits_until_two_people_lower_the_case(
    events: list[Facts], words: Sequence[tuple[object, ...]]
) -> None:
    duty = Duty()
    raised: dict[UUID, Wanted] = {}
    for n in range(max(len(events), len(words))):
        duty.hear(*events[n : n + 1])
        done = next((done for word in words[n : n + 1] if (done := say(duty, word))), None)
        if done and done[0] is RAISE:
            raised[done[1]] = done[2].and_also(raised.get(done[1], Wanted()))
        elif done:
            case, parts = duty.case(done[1]), duty.parts(done[1])
            assert done[2].over(parts).lighter(parts) == parts
            raised = {r: wanted for r, wanted in raised.items() if duty.case(r).case_id != case.case_id}
        for report_id, wanted in raised.items():
            assert is_at_least(duty.parts(report_id), wanted.over(duty.parts(report_id)))


@given(STREAMS, WORDS)
def test_each_case_waits_at_one_place_and_its_history_counts_up_by_one_whatever_people_said(
    events: list[Facts], words: Sequence[tuple[object, ...]]
) -> None:
    duty = Duty()
    for n in range(max(len(events), len(words))):
        duty.hear(*events[n : n + 1])
        for word in words[n : n + 1]:
            say(duty, word)
    waiting: set[tuple[UUID, str, str]] = set()
    versions: dict[UUID, int] = {}
    for notice in duty.messages:
        if notice.topic == CASE_EVENTS:
            assert notice.case_version == versions.get(notice.case_id, 0) + 1
            versions[notice.case_id] = notice.case_version
            continue
        record = QueueRecord.model_validate_json(notice.body)
        place = (record.case_id, record.queue.value, record.centre)
        (waiting.add if record.kind is RecordKind.ASSIGNED else waiting.remove)(place)
    judged = {case.case_id: case.judged for case in duty.docket.cases.values()}
    assert waiting == {(c, standing.queue.value, routing.centre) for c, (standing, routing) in judged.items()}


VIEWS = st.lists(any_facts(), min_size=1, max_size=3)
KNOWN = UUID(int=1)


def view(reports: Sequence[Facts]) -> IncidentView:
    return IncidentView(tuple(ReportView((facts,), n) for n, facts in enumerate(reports)), incident_id=KNOWN)


def lowered(standing: Standing, *reports: Facts) -> Standing:
    """As low as a case with these reports can stand."""
    said = Said(standing.parts, known=frozenset({KNOWN}), worst=worst_told([view(reports)]))
    return standing.at(Parts(FAMILY, ROUTINE, None), said)


@given(VIEWS, any_facts())
def test_a_lowered_case_stands_either_where_it_was_put_or_by_all_that_its_reports_say(
    reports: list[Facts], more: Facts
) -> None:
    full = judge(POLICY, (view(reports),))
    low = lowered(full, *reports)
    assert judge(POLICY, (view(reports),), low).parts == low.parts
    after, by_reports = judge(POLICY, (view([*reports, more]),), low), judge(POLICY, (view([*reports, more]),), full)
    assert (after.reasons, after.tags, after.also) == (by_reports.reasons, by_reports.tags, by_reports.also)
    is_worse = any(
        value > worst_told([view(reports)]).get(path, 0) for path, value in worst_told([view([*reports, more])]).items()
    )
    is_news = is_worse or {r.code for r in by_reports.reasons} > {r.code for r in full.reasons}
    assert after.parts == (by_reports.parts if is_news or after.said is None else low.parts)
    other = replace(view([more]), incident_id=UUID(int=2))
    assert is_at_least(judge(POLICY, (view(reports), other), low).parts, full.parts)


@given(VIEWS, VIEWS, WANTED)
def test_two_standings_rise_to_the_same_in_either_order_whatever_people_said_of_them(
    one_case: list[Facts], other_case: list[Facts], wanted: dict[str, object]
) -> None:
    low = lowered(judge(POLICY, (view(one_case),)), *one_case)
    views = (view(other_case),)
    high = raise_to(POLICY, views, judge(POLICY, views), Wanted(**wanted))  # type: ignore[arg-type] # as named
    assert rise(low, high).parts == rise(high, low).parts
    assert rise(low, high).said == rise(high, low).said
    for standing in (low, high):
        assert is_at_least(rise(low, high).parts, standing.parts.graver(standing.told))


@given(VIEWS, WANTED, any_facts())
def test_a_raised_case_stands_as_if_its_reports_had_raised_it_and_never_below_them(
    reports: list[Facts], wanted: dict[str, object], more: Facts
) -> None:
    views, wish = (view(reports),), Wanted(**wanted)  # type: ignore[arg-type] # as named
    by_reports = judge(POLICY, views)
    high = raise_to(POLICY, views, by_reports, wish)
    assert high.told == by_reports.parts
    assert high.reasons == by_reports.reasons
    assert is_at_least(high.parts, wish.over(high.parts).graver(by_reports.parts))
    later = judge(POLICY, (view([*reports, more]),), high)
    assert is_at_least(later.parts, high.parts.graver(judge(POLICY, (view([*reports, more]),), by_reports).parts))
    assert judge(POLICY, views, high) == high
