from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from telling import POLICY, amended, any_facts, any_incident, born, incident, one_danger_more, tipvda, told

from pipeline.contracts.decision import Reason
from pipeline.contracts.vocabulary import Category, CrisisFlag, Indicator, Priority, Queue
from pipeline.domain.dangers import IncidentView, ReportView
from pipeline.domain.facts import Facts
from pipeline.domain.policy.own_words import UNKNOWN_INDICATOR
from pipeline.domain.score import Standing, judge, rise

ROUTINE = judge(POLICY, (incident(told()),))
PRIORITIES, QUEUES = list(Priority), list(Queue)

LATER_ADULT = told(persons=born(date(1980, 1, 1)), indicators=(Indicator.UNEMPLOYMENT,))


def not_lower(found: Standing, before: Standing) -> bool:
    return (
        QUEUES.index(found.queue) >= QUEUES.index(before.queue)
        and PRIORITIES.index(found.priority) >= PRIORITIES.index(before.priority)
        and (found.child_grade or 3) <= (before.child_grade or 3)
        and found.also >= before.also
        and found.score >= before.score
    )


def nothing_taken_back(found: Standing, before: Standing) -> bool:
    points = {reason.code: reason.points for reason in found.reasons}
    return (
        not_lower(found, before)
        and found.tags >= before.tags
        and all(points[reason.code] >= reason.points for reason in before.reasons)
    )


def judged(facts: Facts, before: Standing | None = None) -> Standing:
    return judge(POLICY, (incident(facts),), before)


def test_the_graver_of_two_standings_stays_in_every_part() -> None:
    child = judged(told(Category.VULNERABLE_FAMILY, crisis_flags=(CrisisFlag.CHILD_URGENT,)))
    partner = judged(told(Category.INTIMATE_PARTNER_VIOLENCE, forms=tipvda(judged_high=True)))

    risen = rise(child, partner)

    assert (risen.queue, risen.priority, risen.child_grade) == (Queue.PROTECTIVE, Priority.IMMEDIATE, 1)
    assert risen.also == {"family"}
    assert risen.tags == {"raised_to_protective", "ipv_high_danger", "high_danger"}
    assert {r.code for r in risen.reasons} == {r.code for r in (*child.reasons, *partner.reasons)}


def test_a_first_standing_is_taken_as_it_is() -> None:
    assert rise(None, ROUTINE) is ROUTINE


def test_of_one_reason_told_twice_the_one_with_more_points_stays_and_else_the_older() -> None:
    old = replace(ROUTINE, reasons=(Reason(code="a", points=3, field="x"), Reason(code="b", points=3, field="x")))
    new = replace(ROUTINE, reasons=(Reason(code="a", points=3, field="y"), Reason(code="b", points=4, field="y")))

    assert rise(old, new).reasons == (
        Reason(code="b", points=4, field="y"),
        Reason(code="a", points=3, field="x"),
    )


def test_a_later_report_that_names_an_adult_takes_nothing_back() -> None:
    first = incident(told(indicators=(Indicator.ABANDONED,)))
    before = judge(POLICY, (first,))
    both = incident(told(indicators=(Indicator.ABANDONED,)), LATER_ADULT)

    assert judge(POLICY, (both,)).queue is Queue.FAMILY
    assert judge(POLICY, (both,), before).queue is Queue.PROTECTIVE
    assert judge(POLICY, (both,), before).child_grade == 1


def test_other_services_follow_the_queue_that_the_case_has_risen_to() -> None:
    before = judged(told(indicators=(Indicator.ABANDONED,)))
    both = incident(told(indicators=(Indicator.ABANDONED,)), LATER_ADULT)

    assert "family" in judge(POLICY, (both,), before).also


def test_the_tag_of_a_raised_case_stays_when_its_category_is_named_later() -> None:
    first = told(crisis_flags=(CrisisFlag.LIFE_THREATENED,))
    later = told(Category.CHILD_PROTECTION)

    assert "raised_to_protective" in judge(POLICY, (amended(first, later),), judged(first)).tags


def test_an_unknown_indicator_is_listed_once_for_each_code_with_no_points() -> None:
    first = told(indicators=("no_heating", "seen_crying", "no_heating"))
    later = told(indicators=("seen_crying",))

    found = [r for r in judge(POLICY, (amended(first, later),), judged(first)).reasons if r.code == UNKNOWN_INDICATOR]

    zh, en = POLICY.labels[UNKNOWN_INDICATOR]
    assert found == [
        Reason(code=UNKNOWN_INDICATOR, points=0, field="indicators[0]", zh=zh, en=en),
        Reason(code=UNKNOWN_INDICATOR, points=0, field="indicators[1]", zh=zh, en=en),
    ]


def test_two_unknown_indicators_at_the_same_place_of_two_reports_are_both_listed() -> None:
    one, other = told(indicators=("no_heating",)), told(indicators=("seen_crying",))

    found = judge(POLICY, (incident(one, other),), judged(one))

    assert [r.code for r in found.reasons] == [UNKNOWN_INDICATOR, UNKNOWN_INDICATOR]


def test_reasons_stand_with_the_most_points_first_then_by_code_and_field() -> None:
    found = judged(told(indicators=("z", "a", Indicator.NEGLECT, Indicator.UTILITIES_CUT, Indicator.UNEMPLOYMENT)))

    assert [(r.code, r.field) for r in found.reasons] == [
        ("neglect", "indicators[2]"),
        ("unemployment", "indicators[4]"),
        ("utilities_cut", "indicators[3]"),
        (UNKNOWN_INDICATOR, "indicators[0]"),
        (UNKNOWN_INDICATOR, "indicators[1]"),
    ]


@given(any_incident())
def test_the_score_is_the_sum_of_its_reasons_and_no_danger_counts_twice(view: IncidentView) -> None:
    found = judge(POLICY, (view,))
    known = [reason.code for reason in found.reasons if reason.code != UNKNOWN_INDICATOR]

    assert found.score == sum(reason.points for reason in found.reasons)
    assert len(known) == len(set(known))


@given(any_incident())
def test_the_priority_is_at_least_what_the_queue_and_the_grade_ask_for(view: IncidentView) -> None:
    found = judge(POLICY, (view,))

    assert found.priority is not Priority.ROUTINE or found.queue is Queue.FAMILY
    assert found.priority is Priority.IMMEDIATE or found.child_grade != 1
    assert found.child_grade is None or found.queue is Queue.PROTECTIVE


@given(any_facts(), st.data())
def test_one_danger_more_in_an_amendment_takes_nothing_back(facts: Facts, data: st.DataObject) -> None:
    before = judged(facts)
    amendment = data.draw(one_danger_more(facts))

    assert nothing_taken_back(judge(POLICY, (amended(facts, amendment),), before), before)


@given(any_facts(), st.data())
def test_one_danger_more_never_lowers_queue_priority_grade_or_score(facts: Facts, data: st.DataObject) -> None:
    more = data.draw(one_danger_more(facts))
    before, after = judged(facts), judged(more)
    first_category = not facts.categories and more.categories

    assert after.score >= before.score
    assert first_category or not_lower(after, before)


@given(any_incident(), any_incident())
def test_one_incident_more_takes_nothing_back(one: IncidentView, other: IncidentView) -> None:
    before = judge(POLICY, (one,))

    assert nothing_taken_back(judge(POLICY, (one, other), before), before)


@given(any_incident(), any_facts())
def test_one_report_more_takes_nothing_back(view: IncidentView, facts: Facts) -> None:
    before = judge(POLICY, (view,))
    grown = replace(view, reports=(*view.reports, ReportView((facts,))))

    assert nothing_taken_back(judge(POLICY, (grown,), before), before)


@given(any_facts(), st.data())
def test_the_order_of_indicators_does_not_matter(facts: Facts, data: st.DataObject) -> None:
    turned = replace(facts, indicators=tuple(data.draw(st.permutations(facts.indicators))))
    one, other = judged(facts), judged(turned)

    assert (one.queue, one.priority, one.child_grade, one.also, one.tags, one.score) == (
        other.queue,
        other.priority,
        other.child_grade,
        other.also,
        other.tags,
        other.score,
    )


@given(any_incident(), any_incident(), any_incident())
def test_rising_is_the_same_in_any_order_but_for_the_field_of_equal_reasons(
    one: IncidentView, two: IncidentView, three: IncidentView
) -> None:
    a, b, c = judge(POLICY, (one,)), judge(POLICY, (two,)), judge(POLICY, (three,))

    assert rise(a, a) == a
    assert rise(a, rise(b, c)) == rise(rise(a, b), c)
    assert replace(rise(a, b), reasons=()) == replace(rise(b, a), reasons=())
    assert rise(a, b).score == rise(b, a).score


@given(any_incident())
def test_the_same_inputs_give_the_same_standing_and_judging_again_changes_nothing(view: IncidentView) -> None:
    found = judge(POLICY, (view,))

    assert judge(POLICY, (view,)) == found
    assert judge(POLICY, (view,), found) == found
