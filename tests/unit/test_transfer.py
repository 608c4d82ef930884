"""A case is handed to another centre: proposed, accepted or refused; and it stays there whatever reports come."""

from dataclasses import dataclass, field, replace
from uuid import UUID, uuid5

import pytest
from following import STAMP, Desk
from hypothesis import given
from hypothesis import strategies as st
from telling import CHILD, MOTHER, NAMESPACE, NOON, STREAMS, TERMS, at, event, hours, known, victim

from pipeline.contracts.case import (
    CaseEvent,
    QueueRecord,
    RecordKind,
    Transfer,
    TransferReason,
    TransferRefusalReason,
    TransferState,
)
from pipeline.contracts.topics import CASE_EVENTS
from pipeline.contracts.vocabulary import CrisisFlag, Priority, Queue
from pipeline.domain.casefile import CaseFile, CaseState
from pipeline.domain.facts import Facts
from pipeline.domain.notices import Notice, notices, transfer_notices
from pipeline.domain.pinning import Judged, handed_to, kept
from pipeline.domain.policy.own_words import COUNTY_CONTESTED
from pipeline.domain.route import Pin, Routing
from pipeline.domain.transfer import (
    MEANINGS,
    Answer,
    Handed,
    Proposal,
    TransferRefusal,
    answer,
    is_the_same,
    propose,
)
from pipeline.errors import RulingRefusedError

HERE, THERE = "63000-family", "65000010-family"
FIRST, SECOND = "S1024", "S2048"
IN_TAIPEI = victim(national_id=MOTHER, address=at("臺北市"))


@dataclass
class Office(Desk):
    messages: list[Notice] = field(default_factory=list)

    def hear(self, *events: Facts) -> CaseFile:
        """The case of the last of these events, as it stands then."""
        for facts in events:
            self.messages += notices(self.take(facts), STAMP)
        return self.docket.case_of(self.settled[-1].report_id)

    def propose(
        self,
        case: CaseFile,
        to: str = THERE,
        *,
        by: str = FIRST,
        waits: bool = False,
        reason: TransferReason = TransferReason.VICTIM_MOVED,
    ) -> Transfer:
        wish = Proposal(uuid5(NAMESPACE, f"{case.case_id} {to}"), to, reason, by)
        return self._file(propose(wish, case, TERMS.centres, waits=waits))

    def answer(
        self, transfer: Transfer, case_id: UUID, *, by: str = SECOND, why_not: TransferRefusalReason | None = None
    ) -> Transfer:
        return self._file(answer(transfer, Answer(by, why_not), self.docket.cases[case_id], TERMS))

    def _file(self, handed: Handed) -> Transfer:
        self.docket.file(handed.change.after)
        self.messages += transfer_notices(handed, STAMP)
        return handed.transfer

    def hand_over(self, case: CaseFile, to: str = THERE) -> CaseFile:
        self.answer(self.propose(case, to), case.case_id)
        return self.docket.cases[case.case_id]

    @property
    def events(self) -> list[CaseEvent]:
        return [CaseEvent.model_validate_json(n.body) for n in self.messages if n.topic == CASE_EVENTS]

    @property
    def records(self) -> list[QueueRecord]:
        return [QueueRecord.model_validate_json(n.body) for n in self.messages if n.topic != CASE_EVENTS]


def heard() -> tuple[Office, CaseFile]:
    office = Office()
    return office, office.hear(event("a", persons=IN_TAIPEI))


def routing_of(case: CaseFile) -> Routing:
    return case.judged[1]


def refusal(act: object, *args: object, **more: object) -> str:
    with pytest.raises(RulingRefusedError) as told:
        act(*args, **more)  # type: ignore[operator] # a function
    assert str(told.value) == MEANINGS[TransferRefusal(told.value.code)]
    return told.value.code


def test_until_the_other_centre_accepts_a_case_stays_where_it_is_with_all_its_clocks() -> None:
    office, case = heard()
    transfer = office.propose(case)
    waiting = office.docket.cases[case.case_id]
    assert replace(waiting, version=case.version) == case
    assert (transfer.state, transfer.from_centre, transfer.to_county) == (TransferState.PROPOSED, HERE, "新北市")
    assert office.events[-1].type == "case.transfer_proposed.v1"
    assert office.events[-1].transfer == transfer
    assert (office.records[-1].kind, office.records[-1].centre) == (RecordKind.ASSIGNED, HERE)


def test_accepted_it_is_withdrawn_here_and_assigned_there_and_its_clocks_run_on() -> None:
    office, case = heard()
    transfer = office.answer(office.propose(case), case.case_id)
    after = office.docket.cases[case.case_id]
    assert (routing_of(after).county, routing_of(after).centre) == ("新北市", THERE)
    assert [i.clocks for i in after.incidents] == [i.clocks for i in case.incidents]
    assert (after.standing, after.state) == (case.standing, CaseState.WAITING)
    gone, come = office.records[-2:]
    assert (gone.kind, gone.centre, come.kind, come.centre) == (RecordKind.WITHDRAWN, HERE, RecordKind.ASSIGNED, THERE)
    told = office.events[-1]
    assert (told.type, told.centre, told.source, told.case_version) == ("case.transferred.v1", THERE, "desk", 3)
    assert told.transfer == transfer
    assert (transfer.proposed_by, transfer.answered_by) == (FIRST, SECOND)


def test_refused_it_stays_and_the_reason_is_told() -> None:
    office, case = heard()
    transfer = office.answer(office.propose(case), case.case_id, why_not=TransferRefusalReason.VICTIM_NOT_THERE)
    assert routing_of(office.docket.cases[case.case_id]) == case.routing
    assert (transfer.state, transfer.refused_for) == (TransferState.REFUSED, "victim_not_there")
    assert office.events[-1].type == "case.transfer_refused.v1"
    assert office.propose(office.docket.cases[case.case_id]).state is TransferState.PROPOSED


def test_a_case_that_was_claimed_waits_to_be_claimed_at_the_other_centre() -> None:
    office, case = heard()
    office.set_state(case, CaseState.CLAIMED)
    assert office.hand_over(office.docket.cases[case.case_id]).state is CaseState.WAITING


def test_later_reports_do_not_move_a_transferred_case_back() -> None:
    office, case = heard()
    office.hand_over(case)
    again = office.hear(event("b", persons=IN_TAIPEI))
    assert (again.case_id, routing_of(again).county, routing_of(again).centre) == (case.case_id, "新北市", THERE)
    assert routing_of(again).tags == frozenset()


def test_where_the_law_then_names_a_third_county_a_person_is_asked_and_the_case_stays() -> None:
    office, case = heard()
    office.hand_over(case)
    moved = office.hear(
        event("a2", report_no="no-a", sent_at=NOON + hours(1), persons=victim(national_id=MOTHER, address=at("高雄市")))
    )
    assert moved.case_id == case.case_id
    assert (routing_of(moved).county, routing_of(moved).centre) == ("新北市", THERE)
    assert routing_of(moved).tags == {COUNTY_CONTESTED}
    assert COUNTY_CONTESTED in office.records[-1].tags


def test_a_transferred_case_that_becomes_protective_goes_to_that_countys_protective_centre() -> None:
    office, case = heard()
    office.hand_over(case)
    grave = office.hear(event("b", persons=IN_TAIPEI, crisis_flags=(CrisisFlag.CHILD_URGENT,)))
    assert (routing_of(grave).county, routing_of(grave).centre) == ("新北市", "65000-protective")
    again = office.hear(event("c", persons=IN_TAIPEI))
    assert (routing_of(again).centre, routing_of(again).pin) == ("65000-protective", routing_of(grave).pin)


def test_a_case_that_takes_a_transferred_one_in_stays_where_that_one_was_taken() -> None:
    office, _ = heard()
    other = office.hear(event("b", persons=victim(national_id=CHILD, address=at("臺北市"))))
    office.hand_over(other)
    both = office.hear(event("c", persons=(known(0, national_id=MOTHER), known(1, national_id=CHILD))))
    assert both.case_id != other.case_id
    assert routing_of(both).centre == THERE


def test_nothing_is_proposed_to_a_centre_that_cannot_take_it() -> None:
    office, case = heard()
    assert refusal(office.propose, case, "nowhere") == "unknown_centre"
    assert refusal(office.propose, case, "national") == "unknown_centre"
    assert refusal(office.propose, case, HERE) == "already_there"
    assert refusal(office.propose, case, "65000-protective") == "other_queue"
    assert refusal(office.propose, case, "65000-elder") == "other_queue"
    assert refusal(office.propose, case, by="王小明") == "not_a_staff_code"
    assert refusal(office.propose, case, waits=True) == "already_proposed"
    office.set_state(case, CaseState.CLOSED)
    assert refusal(office.propose, office.docket.cases[case.case_id]) == "case_not_open"


def test_who_proposed_it_does_not_accept_it_but_may_take_it_back() -> None:
    office, case = heard()
    transfer = office.propose(case)
    assert refusal(office.answer, transfer, case.case_id, by=FIRST.lower()) == "one_person"
    assert refusal(office.answer, transfer, case.case_id, by="nobody") == "not_a_staff_code"
    taken_back = office.answer(transfer, case.case_id, by=FIRST, why_not=TransferRefusalReason.PAPERS_MISSING)
    assert refusal(office.answer, taken_back, case.case_id) == "answered_before"


def test_a_child_in_immediate_danger_whose_place_nobody_knows_is_not_passed_on() -> None:
    office, there = Office(), "65000-protective"
    missing = office.hear(event("a", source_county="臺北市", crisis_flags=(CrisisFlag.CHILD_URGENT,)))
    for reason in (TransferReason.SENT_WRONGLY, TransferReason.HAPPENED_THERE, TransferReason.SERVED_THERE):
        assert refusal(office.propose, missing, there, reason=reason) == "stays_with_first"
    office.propose(missing, there, reason=TransferReason.PLACED_THERE)
    found = office.hear(event("b", persons=IN_TAIPEI, crisis_flags=(CrisisFlag.CHILD_URGENT,)))
    office.propose(found, there, reason=TransferReason.SENT_WRONGLY)


def test_a_case_that_has_left_the_centre_since_is_not_handed_on_by_an_old_proposal() -> None:
    office, case = heard()
    transfer = office.propose(case)
    office.hear(event("b", persons=IN_TAIPEI, crisis_flags=(CrisisFlag.CHILD_URGENT,)))
    assert refusal(office.answer, transfer, case.case_id) == "moved_since"
    office.answer(transfer, case.case_id, why_not=TransferRefusalReason.NOT_OURS_BY_LAW)


def test_an_answer_that_comes_again_is_known() -> None:
    office, case = heard()
    transfer = office.propose(case)
    assert not is_the_same(transfer, Answer(SECOND))
    accepted = office.answer(transfer, case.case_id)
    assert is_the_same(accepted, Answer(SECOND))
    assert not is_the_same(accepted, Answer("S3072"))
    assert not is_the_same(accepted, Answer(SECOND, TransferRefusalReason.NOT_YET_SAFE))


COUNTIES = st.none() | st.sampled_from(["臺北市", "新北市", "高雄市"])


@given(decided=COUNTIES, queue=st.sampled_from(list(Queue)), by_law=COUNTIES)
def test_a_pinned_case_never_leaves_its_county_and_asks_only_about_a_new_one(
    decided: str | None, queue: Queue, by_law: str | None
) -> None:
    _, case = heard()
    views = tuple(i.view for i in case.incidents)
    now = Judged(views, replace(case.judged[0], queue=queue), TERMS)
    there = handed_to(THERE, "新北市", Routing(by_law, HERE), Judged(views, case.judged[0], TERMS))
    found = kept(Routing(decided, "elsewhere"), [replace(case, routing=there)], now)
    assert found.county == "新北市"
    assert found.centre == (THERE if queue is Queue.FAMILY else "65000-protective")
    assert found.assigned
    assert found.assigned.centre == found.centre
    assert (COUNTY_CONTESTED in found.tags) is (decided not in {None, "新北市", by_law})
    assert kept(Routing(decided, "elsewhere"), [replace(case, routing=found)], now).centre == found.centre
    assert kept(Routing(decided, "elsewhere"), [case], now) == Routing(decided, "elsewhere")


def test_a_centre_that_accepts_a_case_has_it_full_or_closed_and_says_why() -> None:
    _, case = heard()
    centres = TERMS.centres.centres
    full = replace(TERMS.centres, centres={**centres, THERE: replace(centres[THERE], capacity=1)})
    night = replace(TERMS, centres=full, at=NOON + hours(10), load={THERE: 7})
    views = tuple(i.view for i in case.incidents)
    urgent = replace(case.judged[0], priority=Priority.URGENT)
    there = handed_to(THERE, "新北市", routing_of(case), Judged(views, urgent, night))
    assert (there.centre, there.pin) == (THERE, Pin("臺北市", THERE))
    assert there.assigned
    assert (there.assigned.centre, there.assigned.home) == (THERE, THERE)
    assert [why.code for why in there.assigned.why] == ["transferred", "closed_waits"]


def test_a_transferred_case_that_becomes_pressing_at_night_is_held_by_that_countys_duty_centre() -> None:
    office, case = heard()
    held = office.hand_over(case)
    views = tuple(i.view for i in held.incidents)
    urgent = replace(held.judged[0], priority=Priority.URGENT)
    night, noon = (replace(TERMS, at=NOON + hours(n)) for n in (10, 24))
    found = kept(routing_of(case), [held], Judged(views, urgent, night))
    assert (found.county, found.centre) == ("新北市", "65000-protective")
    assert kept(routing_of(case), [replace(held, routing=found)], Judged(views, urgent, noon)).centre == THERE


@given(events=STREAMS, after=st.integers(0, 5))
def test_whatever_comes_after_a_transfer_each_case_waits_at_one_place_alone(events: list[Facts], after: int) -> None:
    office = Office()
    for number, facts in enumerate(events):
        case = office.hear(facts)
        if number == after:
            queue = case.judged[0].queue
            office.hand_over(case, "09007-family" if queue is Queue.FAMILY else "09007-protective")
    waiting: set[tuple[object, str, str]] = set()
    for record in office.records:
        where = (record.case_id, record.queue.value, record.centre)
        waiting = waiting | {where} if record.kind is RecordKind.ASSIGNED else waiting - {where}
    judged = {case.case_id: case.judged for case in office.docket.cases.values()}
    assert waiting == {(c, standing.queue.value, routing.centre) for c, (standing, routing) in judged.items()}


def test_every_refusal_has_its_meaning() -> None:
    assert MEANINGS.keys() == set(TransferRefusal)
