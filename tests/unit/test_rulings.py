"""What people decide of links: a split, a merge, and back again, in memory."""

from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import combinations
from uuid import UUID, uuid5

import pytest
from following import STAMP, Desk
from hypothesis import given
from hypothesis import strategies as st
from telling import NAMESPACE, NOON, STREAMS, TERMS, event, hours

from pipeline.contracts.case import CaseEvent, QueueRecord, RecordKind, Ruling, RulingKind
from pipeline.contracts.ids import derived
from pipeline.contracts.topics import CASE_EVENTS
from pipeline.contracts.vocabulary import CrisisFlag, Priority
from pipeline.domain.bonds import Bond, Scope
from pipeline.domain.casefile import CaseFile, CaseState
from pipeline.domain.facts import Facts
from pipeline.domain.notices import Notice, notices, ruling_notices
from pipeline.domain.refusals import MEANINGS, RulingRefusal
from pipeline.domain.regroup import CASE_REPORTS_MAX, regroup
from pipeline.domain.rulings import Ruled, is_staff_code, rule
from pipeline.errors import RulingRefusedError

CLINIC, SCHOOL = "clinic-0007", "school-001"
FIRST, SECOND = "S1024", "S2048"
GRAVE = (CrisisFlag.CHILD_URGENT,)


@dataclass
class Office(Desk):
    """A desk where people rule, too; it keeps all that was told in its order."""

    messages: list[Notice] = field(default_factory=list)
    numbers: int = 0

    def hear(self, *events: Facts) -> list[UUID]:
        """The reports of these events."""
        for facts in events:
            self.messages += notices(self.take(facts), STAMP)
        return [s.report_id for s in self.settled[-len(events) :]]

    def bind(self, one: UUID, other: UUID, household: float, incident: float = 0.0) -> None:
        """What a comparison would have found of two, and what follows."""
        self.docket.bonds.put(one, other, Bond(household, incident))
        grouped = regroup(self.docket, (one, other), TERMS)
        for gone in grouped.absorbed:
            self.docket.merge_away(gone.case)
        for change in grouped.changes:
            self.docket.file(change.after)

    def rule(
        self, kind: RulingKind, *reports: UUID, scope: str = "household", by: str = FIRST, second: str | None = SECOND
    ) -> Ruled:
        """Raises RulingRefusedError and leaves everything as it was."""
        self.numbers += 1
        ruling = Ruling(
            ruling_id=uuid5(NAMESPACE, f"ruling {self.numbers}"),
            kind=kind,
            scope=Scope(scope).value,
            reports=reports,
            ruled_by=by,
            seconded_by=second,
        )
        docket = deepcopy(self.docket)
        ruled = rule(ruling, docket, TERMS)
        self.docket = docket
        self.messages += ruling_notices(ruled, STAMP)
        return ruled

    def case(self, report_id: UUID) -> CaseFile:
        return self.docket.case_of(report_id)

    def are_one(self, *reports: UUID, scope: str = "household") -> bool:
        if scope == "household":
            return len({self.case(r).case_id for r in reports}) == 1
        return len({self.case(r).incident_of(r).incident_id for r in reports}) == 1


def quoting(event_id: str, *quoted: str, source: str = CLINIC, **more: object) -> Facts:
    return event(event_id, source, related_report_nos=tuple(f"no-{q}" for q in quoted), **more)


def two_that_were_joined(**more: object) -> tuple[Office, UUID, UUID]:
    """A light report, and a grave one whose clock began earlier, that quotes it."""
    office = Office()
    (a,) = office.hear(event("a"))
    (b,) = office.hear(quoting("b", "a", crisis_flags=GRAVE, clock_start=NOON - hours(30), **more))
    assert office.are_one(a, b)
    return office, a, b


def refusal(office: Office, kind: RulingKind, *reports: UUID, **more: str | None) -> str:
    with pytest.raises(RulingRefusedError) as told:
        office.rule(kind, *reports, **more)  # type: ignore[arg-type] # scope, by, second
    assert str(told.value) == MEANINGS[RulingRefusal(told.value.code)]
    return told.value.code


def test_a_split_rebuilds_both_cases_with_priorities_and_clocks_from_their_own_reports() -> None:
    office, a, b = two_that_were_joined()
    alone = Office()
    (light,) = alone.hear(event("a"))
    (grave,) = alone.hear(event("b", CLINIC, crisis_flags=GRAVE, clock_start=NOON - hours(30)))
    office.rule(RulingKind.SPLIT, b)
    for here, there in ((office.case(a), alone.case(light)), (office.case(b), alone.case(grave))):
        assert here.standing == there.standing
        assert [i.clocks for i in here.incidents] == [i.clocks for i in there.incidents]
        assert (here.case_id, here.household_id) == (there.case_id, there.household_id)


def test_a_split_by_which_something_sinks_needs_a_second_person() -> None:
    office, a, b = two_that_were_joined()
    assert refusal(office, RulingKind.SPLIT, b, second=None) == "needs_a_second"
    assert refusal(office, RulingKind.SPLIT, b, second=FIRST.lower()) == "second_is_first"
    assert office.are_one(a, b)
    ruled = office.rule(RulingKind.SPLIT, b)
    assert (ruled.ruling.ruled_by, ruled.ruling.seconded_by) == (FIRST, SECOND)


def test_a_split_by_which_only_a_clock_moves_later_needs_a_second_person_too() -> None:
    office = Office()
    (a,) = office.hear(event("a"))
    office.hear(quoting("b", "a", clock_start=NOON - hours(30)))
    assert refusal(office, RulingKind.SPLIT, a, second=None) == "needs_a_second"


def test_a_split_by_which_nothing_sinks_needs_one_person() -> None:
    office = Office()
    (a,) = office.hear(event("a"))
    (b,) = office.hear(event("b", CLINIC))
    office.rule(RulingKind.MERGE, a, b)
    office.rule(RulingKind.SPLIT, b, second=None)
    assert not office.are_one(a, b)


def test_a_merge_takes_the_earliest_clock_and_the_gravest_priority_and_keeps_the_older_id() -> None:
    office = Office()
    (a,) = office.hear(event("a"))
    (b,) = office.hear(event("b", CLINIC, crisis_flags=GRAVE, clock_start=NOON - hours(30)))
    older, younger = office.case(a), office.case(b)
    ruled = office.rule(RulingKind.MERGE, b, a, second=None)
    case = office.case(a)
    assert (case.case_id, len(case.incidents)) == (older.case_id, 2)
    assert case.judged[0].priority is Priority.IMMEDIATE
    assert case.incident_of(b).clocks == younger.incident_of(b).clocks
    assert [(gone.case.case_id, gone.into) for gone in ruled.absorbed] == [(younger.case_id, older.case_id)]
    assert office.docket.aliases[younger.case_id].state is CaseState.MERGED
    office.rule(RulingKind.MERGE, a, b, scope="incident", second=None)
    (incident,) = office.case(a).incidents
    assert incident.clocks["dispatch"] == min(c.incidents[0].clocks["dispatch"] for c in (older, younger))
    assert older.incidents[0].clocks.keys() | younger.incidents[0].clocks.keys() <= incident.clocks.keys()


def test_a_merge_of_incidents_of_two_cases_joins_the_cases() -> None:
    office = Office()
    a, b = office.hear(event("a"), event("b", CLINIC))
    office.rule(RulingKind.MERGE, a, b, scope="incident")
    assert office.are_one(a, b, scope="incident")


def test_split_then_merge_then_split_ends_where_the_first_split_ended() -> None:
    office, a, b = two_that_were_joined()
    versions = [office.case(a).version]
    office.rule(RulingKind.SPLIT, b)
    parted = (office.case(a), office.case(b))
    office.rule(RulingKind.MERGE, a, b)
    assert office.are_one(a, b, scope="incident"), "the number that b quotes holds again"
    assert office.case(a).judged[0].priority is Priority.IMMEDIATE
    office.rule(RulingKind.SPLIT, b)
    for before, now in zip(parted, (office.case(a), office.case(b)), strict=True):
        assert (before.case_id, before.standing) == (now.case_id, now.standing)
        assert [i.clocks for i in before.incidents] == [i.clocks for i in now.incidents]
    versions += [office.case(a).version, office.case(b).version]
    assert versions == [2, 5, 3], "b's case: made by the first split, gone up, and there again"


def test_a_case_in_hand_is_split_and_merged_by_people_though_no_machine_touches_it() -> None:
    office = Office()
    a, b, c, d = office.hear(*(event(name, f"clinic-000{n}") for n, name in enumerate("abcd", 1)))
    office.set_state(office.case(a), CaseState.CLAIMED)
    office.set_state(office.case(c), CaseState.CLAIMED)
    office.rule(RulingKind.MERGE, a, b, c, d)
    assert office.are_one(a, b, c, d)
    assert (office.case(a).state, len(office.case(a).incidents)) == (CaseState.CLAIMED, 4)
    for one, other in combinations((a, b, c, d), 2):
        office.rule(RulingKind.MERGE, one, other, scope="incident")
        assert office.are_one(one, other, scope="incident")
        office.rule(RulingKind.SPLIT, one, scope="incident")
        assert not office.are_one(one, other, scope="incident")
    assert refusal(office, RulingKind.PART, a, b) == "say_a_split"
    office.rule(RulingKind.SPLIT, c, b)
    assert (office.are_one(a, d), office.are_one(b, c), office.are_one(a, b)) == (True, True, False)


def test_a_report_that_comes_later_never_joins_again_what_a_person_split() -> None:
    office, a, b = two_that_were_joined()
    office.rule(RulingKind.SPLIT, b)
    (c,) = office.hear(quoting("c", "a", "b", source=SCHOOL))
    assert not office.are_one(a, b)
    assert office.are_one(a, c) != office.are_one(b, c)
    office.hear(quoting("d", "a", report_no="no-b", sent_at=NOON + hours(1)))
    assert len(office.docket.report(b).versions) == 2
    assert not office.are_one(a, b)


def test_a_part_puts_two_asunder_and_leaves_the_others_to_the_evidence() -> None:
    office = Office()
    a, b, c = office.hear(*(event(name, f"clinic-000{n}") for n, name in enumerate("abc", 1)))
    office.bind(a, b, 0.9)
    office.bind(b, c, 0.95)
    office.bind(a, c, 0.5)
    assert office.are_one(a, b, c)
    office.rule(RulingKind.PART, a, c)
    assert office.are_one(b, c)
    assert not office.are_one(a, c)


def test_a_confirmed_pair_of_two_cases_brings_the_whole_of_both() -> None:
    office = Office()
    a, b, c, d = office.hear(*(event(name, f"clinic-000{n}") for n, name in enumerate("abcd", 1)))
    office.bind(a, b, 0.9)
    office.bind(c, d, 0.9)
    office.rule(RulingKind.CONFIRM, b, c, second=None)
    assert office.are_one(a, b, c, d)


def test_what_a_person_confirmed_stays_though_the_evidence_falls_away() -> None:
    office = Office()
    a, b = office.hear(event("a"), event("b", CLINIC))
    office.bind(a, b, 0.9)
    case = office.case(a)
    office.rule(RulingKind.CONFIRM, a, b, second=None)
    assert office.case(a).version == case.version + 1, "the word stands in the history"
    office.bind(a, b, 0.06)
    assert office.are_one(a, b)


def test_confirming_one_pair_does_not_undo_a_split_of_others_but_a_merge_does() -> None:
    office = Office()
    a, b, c, d = office.hear(*(event(name, f"clinic-000{n}") for n, name in enumerate("abcd", 1)))
    office.rule(RulingKind.MERGE, a, b, c, d)
    office.rule(RulingKind.SPLIT, b, d)
    assert refusal(office, RulingKind.CONFIRM, a, b) == "parted_by_people"
    office.rule(RulingKind.MERGE, a, b)
    assert office.are_one(a, b, c, d)


def test_a_word_that_changes_nothing_stands_in_the_history_of_each_case_it_is_about() -> None:
    office = Office()
    a, b = office.hear(event("a"), event("b", CLINIC))
    office.rule(RulingKind.PART, a, b, second=None)
    assert [office.case(r).version for r in (a, b)] == [2, 2]
    told = [CaseEvent.model_validate_json(n.body) for n in office.messages if n.topic == CASE_EVENTS][-2:]
    assert {(e.type, e.ruling and e.ruling.kind) for e in told} == {("case.ruled.v1", RulingKind.PART)}


def test_the_records_that_follow_a_split_and_a_merge_withdraw_what_left_and_assign_what_stands() -> None:
    office, a, b = two_that_were_joined()
    del office.messages[:]
    office.rule(RulingKind.SPLIT, b)
    office.rule(RulingKind.MERGE, a, b)
    told = [(n.topic.split(".")[1], n.kind, n.case_version) for n in office.messages]
    whose = [n.case_id for n in office.messages]
    older, younger = derived("case", a.hex), derived("case", b.hex)
    assert list(zip(told, whose, strict=True)) == [
        (("events", "case.ruled.v1", 3), older),
        (("protective", "withdrawn", 3), older),
        (("family", "assigned", 3), older),
        (("events", "case.ruled.v1", 1), younger),
        (("protective", "assigned", 1), younger),
        (("events", "case.merged.v1", 2), younger),
        (("protective", "withdrawn", 2), younger),
        (("events", "case.ruled.v1", 4), older),
        (("family", "withdrawn", 4), older),
        (("protective", "assigned", 4), older),
    ]


def test_what_cannot_be_done_says_why_in_plain_words() -> None:
    office, a, b = two_that_were_joined()
    (c,) = office.hear(event("c", SCHOOL))
    nobody = UUID(int=1)
    assert refusal(office, RulingKind.SPLIT, nobody) == "unknown_report"
    assert refusal(office, RulingKind.SPLIT) == "unknown_report"
    assert refusal(office, RulingKind.SPLIT, a, b) == "nothing_stays"
    assert refusal(office, RulingKind.SPLIT, a, c) == "not_one_case"
    assert refusal(office, RulingKind.PART, a, b, c) == "not_two_reports"
    assert refusal(office, RulingKind.CONFIRM, a, a) == "too_few_reports"
    assert refusal(office, RulingKind.MERGE, a, b) == "already_one"
    assert refusal(office, RulingKind.MERGE, a, c, by="王小明") == "not_a_staff_code"
    office.rule(RulingKind.MERGE, a, c)
    assert refusal(office, RulingKind.SPLIT, a, c, scope="incident") == "not_one_incident"
    office.set_state(office.case(a), CaseState.CLOSED)
    assert refusal(office, RulingKind.SPLIT, a) == "case_closed"


def test_cases_do_not_grow_beyond_the_bound_by_a_merge() -> None:
    office = Office()
    many = office.hear(*(event(f"m{n}", report_no=f"m{n}") for n in range(3)))
    case = office.case(many[0])
    assert len({office.case(r).case_id for r in many}) == 3
    report = case.incidents[0].reports[0]
    crowd = [deepcopy(report) for _ in range(CASE_REPORTS_MAX)]
    object.__setattr__(case.incidents[0], "reports", (report, *crowd))
    assert refusal(office, RulingKind.MERGE, many[0], many[1]) == "too_large"


@pytest.mark.parametrize("code", ["S1024", "tpe-sw-0042", "u7", "113.night-2"])
def test_a_staff_code_is_letters_and_digits(code: str) -> None:
    assert is_staff_code(code)


@pytest.mark.parametrize("text", ["", "7", "王小明", "wang", "Wang Hsiao-ming 1", "A123456789", "0912345678", "a1\n"])
def test_a_name_an_id_or_a_telephone_is_no_staff_code(text: str) -> None:
    assert not is_staff_code(text)


KINDS = st.sampled_from(list(RulingKind))
WORDS = st.tuples(
    KINDS,
    st.sampled_from(["household", "incident"]),
    st.lists(st.integers(0, 9), min_size=1, max_size=3),
    st.booleans(),
)
STEPS = st.lists(WORDS, max_size=6)


def live(office: Office, events: Sequence[Facts], words: Sequence[tuple[RulingKind, str, list[int], bool]]) -> None:
    """An event, then a word, then an event, as long as there are any."""
    for n in range(max(len(events), len(words))):
        office.hear(*events[n : n + 1])
        for kind, scope, which, seconded in words[n : n + 1]:
            reports = sorted({s.report_id for s in office.settled})
            told = (reports[i % len(reports)] for i in which)
            with suppress(RulingRefusedError):
                office.rule(kind, *told, scope=scope, second=SECOND if seconded else None)


@given(STREAMS, STEPS)
def test_every_report_stands_in_one_incident_of_one_live_case(
    events: list[Facts], words: list[tuple[RulingKind, str, list[int], bool]]
) -> None:
    office = Office()
    live(office, events, words)
    standing = [r.report_id for c in office.docket.cases.values() for i in c.incidents for r in i.reports]
    assert sorted(standing) == sorted({s.report_id for s in office.settled})
    versions = {v.event_key for c in office.docket.cases.values() for r in c.reports for v in r.versions}
    assert versions == {s.facts.event_key for s in office.settled}
    for case in office.docket.cases.values():
        oldest = min(case.reports, key=lambda r: (r.arrival_no, r.report_id))
        assert case.case_id == derived("case", oldest.report_id.hex)
    assert not office.docket.cases.keys() & office.docket.aliases.keys()


@given(STREAMS, STEPS)
def test_what_people_parted_stays_apart_whatever_comes(
    events: list[Facts], words: list[tuple[RulingKind, str, list[int], bool]]
) -> None:
    office = Office()
    live(office, events, words)
    reports = {s.report_id for s in office.settled}
    for one, other in office.docket.bonds.ties_among(reports, Scope.HOUSEHOLD).apart:
        assert not office.are_one(one, other)
    for one, other in office.docket.bonds.ties_among(reports, Scope.INCIDENT).apart:
        assert not office.are_one(one, other, scope="incident")


@given(STREAMS, STEPS)
def test_only_the_present_place_of_each_case_is_left_and_each_history_counts_up_by_one(
    events: list[Facts], words: list[tuple[RulingKind, str, list[int], bool]]
) -> None:
    office = Office()
    live(office, events, words)
    waiting: set[tuple[UUID, str, str]] = set()
    versions: dict[UUID, int] = {}
    for notice in office.messages:
        if notice.topic == CASE_EVENTS:
            told = CaseEvent.model_validate_json(notice.body)
            assert told.case_version == versions.get(told.case_id, 0) + 1
            versions[told.case_id] = told.case_version
            continue
        record = QueueRecord.model_validate_json(notice.body)
        where = (record.case_id, record.queue.value, record.centre)
        if record.kind is RecordKind.ASSIGNED:
            waiting.add(where)
        else:
            assert where in waiting, "only what was assigned is withdrawn"
            waiting.remove(where)
    judged = {case.case_id: case.judged for case in office.docket.cases.values()}
    assert waiting == {(c, standing.queue.value, routing.centre) for c, (standing, routing) in judged.items()}
    assert len({n.message_id for n in office.messages}) == len(office.messages)
    assert {c: f.version for c, f in (office.docket.cases | office.docket.aliases).items()} == versions


@given(STREAMS, STEPS)
def test_nothing_sinks_without_a_second_person(
    events: list[Facts], words: list[tuple[RulingKind, str, list[int], bool]]
) -> None:
    office = Office()
    live(office, events, [(kind, scope, which, False) for kind, scope, which, _ in words])
    highest: dict[UUID, int] = {}
    order = list(Priority)
    for notice in office.messages:
        if notice.topic == CASE_EVENTS:
            told = CaseEvent.model_validate_json(notice.body)
            for report_id in told.reports:
                assert order.index(told.priority) >= highest.get(report_id, 0)
                highest[report_id] = order.index(told.priority)
