"""The laws that no policy may break: of the shipped one, and of whatever else passes the checks."""

from dataclasses import replace
from datetime import date
from typing import TypeVar

import policies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policies import any_policy
from telling import NOON, POLICY, answer_to, answering, any_facts, form, incident

from pipeline.contracts.decision import in_taipei
from pipeline.contracts.vocabulary import Category, CrisisFlag, Priority, Queue, Role
from pipeline.domain.centres import NATIONAL
from pipeline.domain.clocks import start_clocks
from pipeline.domain.counties import COUNTY_CODES
from pipeline.domain.facts import Facts, Person
from pipeline.domain.policy.own_words import RAISED, UNKNOWN_INDICATOR
from pipeline.domain.policy.policy import Policy
from pipeline.domain.route import place
from pipeline.domain.score import Standing, judge
from pipeline.domain.terms import shipped_terms

T = TypeVar("T")

PRIORITIES, QUEUES = list(Priority), list(Queue)
POLICIES = st.just(POLICY) | any_policy()
SCALES = {
    ("bsrs5", "suicide_idea"): 4,
    ("bsrs5", "items.1"): 4,
    ("elder_screen", "items.3"): 5,
    ("elder_screen", "fear"): 4,
}
YES = [("tipvda", f"items.{n}") for n in range(1, 16)] + [("tipvda", "judged_high"), ("sdm_safety", "items.1")]
OWN_YES = [("elder_screen", field) for field in ("items.1", "items.2", "judged_high")]

lawful = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

SCREENS = st.dictionaries(st.sampled_from(["items.1", "items.2", "judged_high"]), st.booleans()).flatmap(
    lambda yes: st.fixed_dictionaries(
        {},
        optional={"items.3": st.integers(0, 7), "fear": st.integers(-1, 5), "home": st.sampled_from(["own", "none"])},
    ).map(lambda more: form("elder_screen", {**yes, **more}))
)


CATEGORIES = st.sampled_from([Category(word) for word in policies.CATEGORIES])
FLAGS = st.sampled_from([CrisisFlag(word) for word in policies.FLAGS])
INDICATORS = st.sampled_from([*policies.INDICATORS, "seen_crying"])
CONDITIONS = st.sampled_from([*policies.CONDITIONS, "deaf"])


@st.composite
def reports(draw: st.DrawFn) -> Facts:
    """Of the few words that the invented policies ask for."""
    facts = draw(any_facts())
    return replace(
        facts,
        categories=tuple(draw(st.lists(CATEGORIES, max_size=2))),
        crisis_flags=tuple(draw(st.lists(FLAGS, max_size=1))),
        indicators=tuple(draw(st.lists(INDICATORS, max_size=2))),
        forms=(*facts.forms, *draw(SCREENS)),
    )


def _condition(facts: Facts, where: int, word: str) -> Facts:
    persons = list(facts.persons)
    person = persons[where % len(persons)]
    persons[where % len(persons)] = replace(person, conditions=(*person.conditions, word))
    return replace(facts, persons=tuple(persons))


def day_of(facts: Facts) -> date:
    return in_taipei(facts.occurred_at or facts.received_at).date()


def births(facts: Facts) -> list[date]:
    """Of the victims, as far as they can be read on the day."""
    return [p.birth_date for p in facts.victims if p.birth_date and p.birth_date <= day_of(facts)]


def with_victim(facts: Facts, birth: date) -> Facts:
    index = max(p.index for p in facts.persons) + 1
    return replace(facts, persons=(*facts.persons, Person(index, Role.VICTIM, birth_date=birth)))


def younger(facts: Facts) -> st.SearchStrategy[Facts]:
    """One more victim, younger than all whose age is known; where none is, one who is born that day."""
    known, day = births(facts), day_of(facts)
    dates = st.dates(max(known), day) if known else st.just(day)
    return dates.map(lambda birth: with_victim(facts, birth))


def higher(facts: Facts, scale: tuple[str, str]) -> st.SearchStrategy[Facts]:
    told = answer_to(facts, *scale)
    known = told if isinstance(told, int) and 0 <= told <= SCALES[scale] else 0
    return st.integers(known, SCALES[scale]).map(lambda value: answering(facts, *scale, value))


def more_danger(facts: Facts) -> st.SearchStrategy[Facts]:
    """The same report with one danger more. A first category is none: it can say that adults are meant."""
    more = [
        FLAGS.map(lambda word: replace(facts, crisis_flags=(*facts.crisis_flags, word))),
        INDICATORS.map(lambda word: replace(facts, indicators=(*facts.indicators, word))),
        st.sampled_from(YES + OWN_YES).map(lambda item: answering(facts, *item, value=True)),
        st.sampled_from(list(SCALES)).flatmap(lambda scale: higher(facts, scale)),
        st.tuples(st.integers(0, 5), CONDITIONS).map(lambda told: _condition(facts, *told)),
        younger(facts),
    ]
    if facts.categories:
        more.append(CATEGORIES.map(lambda word: replace(facts, categories=(*facts.categories, word))))
    return st.one_of(more)


def rank(found: Standing) -> tuple[int, int, int]:
    return QUEUES.index(found.queue), PRIORITIES.index(found.priority), -(found.child_grade or 3)


def is_not_lower(found: Standing, before: Standing) -> bool:
    return all(a >= b for a, b in zip(rank(found), rank(before), strict=True)) and found.score >= before.score


def in_short(found: Standing) -> tuple[object, ...]:
    """Without where each reason is told, which follows the order of telling."""
    worth = sorted((reason.code, reason.points) for reason in found.reasons)
    return rank(found), found.also, found.tags, found.score, worth


def worth(policy: Policy, code: str) -> set[int]:
    """What the policy's tables give for this reason."""
    tables = policy.tables
    rows = (*tables.category, *tables.indicator, *tables.role, *tables.person, *tables.age, *tables.danger)
    return (
        {row.points for row in rows if row.code == code}
        | {row.points for row in tables.crisis_flag if (row.reason or row.code) == code}
        | {item.points for form in tables.instrument for item in form.item if item.reason == code}
    )


def is_told(field: str, facts: Facts) -> bool:
    """Whether this path leads to something that the report tells."""
    match field.replace("]", "").replace("[", ".").split("."):
        case ["instruments", name, *rest]:
            fields = {a.field for f in facts.forms if f.instrument == name for a in f.answers}
            return "items" in rest or ".".join(rest) in fields
        case ["persons", index, *_]:
            return any(p.index == int(index) for p in facts.persons)
        case [table, place]:
            return int(place) < len(getattr(facts, table))
        case _:
            return False


@lawful
@given(POLICIES, reports(), st.data())
def test_one_danger_more_never_lowers_queue_priority_grade_or_score(
    policy: Policy, facts: Facts, data: st.DataObject
) -> None:
    before = judge(policy, (incident(facts),))
    after = judge(policy, (incident(data.draw(more_danger(facts))),))

    assert is_not_lower(after, before)
    assert after.also >= before.also
    assert after.tags | {RAISED} >= before.tags


@lawful
@given(POLICIES, reports(), reports())
def test_one_report_more_takes_nothing_back_and_moves_no_clock_later(policy: Policy, one: Facts, more: Facts) -> None:
    first = incident(one)
    before, clocks = judge(policy, (first,)), start_clocks(policy, first)
    grown = replace(incident(one, more), clocks=clocks)

    for views in ((grown,), (first, incident(more))):
        after = judge(policy, views, before)
        points = {reason.code: reason.points for reason in after.reasons}
        assert is_not_lower(after, before)
        assert after.also >= before.also
        assert after.tags >= before.tags
        assert all(points[reason.code] >= reason.points for reason in before.reasons)
    found = start_clocks(policy, grown)
    assert all(found[clock] <= at for clock, at in clocks.items())


@lawful
@given(POLICIES, st.lists(reports(), min_size=1, max_size=3), st.data())
def test_the_order_of_telling_changes_neither_the_standing_nor_a_clock(
    policy: Policy, told: list[Facts], data: st.DataObject
) -> None:
    def mixed(words: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(data.draw(st.permutations(words)))

    turned = mixed(
        tuple(
            replace(
                facts,
                categories=mixed(facts.categories),
                crisis_flags=mixed(facts.crisis_flags),
                indicators=mixed(facts.indicators),
                forms=mixed(facts.forms),
                persons=mixed(facts.persons),
            )
            for facts in told
        )
    )

    assert in_short(judge(policy, (incident(*told),))) == in_short(judge(policy, (incident(*turned),)))
    assert start_clocks(policy, incident(*told)) == start_clocks(policy, incident(*turned))


@lawful
@given(POLICIES, reports())
def test_the_score_is_the_exact_sum_of_reasons_that_the_policy_gives_and_the_report_tells(
    policy: Policy, facts: Facts
) -> None:
    found = judge(policy, (incident(facts),))
    known = [reason for reason in found.reasons if reason.code != UNKNOWN_INDICATOR]

    assert found.score == sum(reason.points for reason in known)
    assert len({reason.code for reason in known}) == len(known)
    assert all(reason.points in worth(policy, reason.code) for reason in known)
    assert all(is_told(reason.field, facts) for reason in found.reasons)
    assert all(reason.zh and reason.en for reason in found.reasons)


@lawful
@given(POLICIES, reports(), st.lists(st.text(max_size=20), max_size=5))
def test_an_unknown_indicator_is_kept_and_shown_once(policy: Policy, facts: Facts, words: list[str]) -> None:
    facts = replace(facts, indicators=(*facts.indicators, *words))
    unknown = {word for word in facts.indicators if word and word not in policy.indicator_points}
    shown = [r for r in judge(policy, (incident(facts),)).reasons if r.code == UNKNOWN_INDICATOR]

    assert {facts.indicators[int(r.field.removeprefix("indicators[")[:-1])] for r in shown} == unknown
    assert len(shown) == len(unknown)


@lawful
@given(POLICIES, reports(), reports())
def test_every_case_gets_a_queue_a_priority_a_county_or_none_a_centre_and_a_clock(
    policy: Policy, one: Facts, other: Facts
) -> None:
    own, others = incident(one), (incident(other),)
    standing = judge(policy, (own, *others))
    routing = place(shipped_terms().under(policy, NOON), own, others, standing)

    assert standing.queue in Queue
    assert standing.priority in Priority
    assert routing.county is None or routing.county in COUNTY_CODES
    assert routing.centre
    assert (routing.county is None) == (routing.centre == NATIONAL)
    assert any(at > one.clock_start for at in start_clocks(policy, own).values())
