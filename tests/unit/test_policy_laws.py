"""The laws that no policy may break: of the shipped one, and of whatever else passes the checks."""

from dataclasses import replace
from datetime import date

import policies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policies import any_policy
from telling import (
    POLICY,
    answer_to,
    answering,
    any_facts,
    form,
    incident,
)

from pipeline.contracts.decision import in_taipei
from pipeline.contracts.vocabulary import Category, CrisisFlag, Priority, Queue, Role
from pipeline.domain.facts import Facts, Person
from pipeline.domain.policy.policy import Policy
from pipeline.domain.score import Standing, judge

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

lawful = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))

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


def without_fields(found: Standing) -> Standing:
    """Where a reason is told depends on the order of what is told; nothing else does."""
    return replace(found, reasons=tuple(sorted((replace_field(r) for r in found.reasons), key=repr)))


def replace_field(reason):
    return reason.model_copy(update={"field": ""})


@lawful
@given(POLICIES, reports(), st.data())
def test_one_danger_more_never_lowers_queue_priority_grade_or_score(
    policy: Policy, facts: Facts, data: st.DataObject
) -> None:
    before = judge(policy, (incident(facts),))
    after = judge(policy, (incident(data.draw(more_danger(facts))),))

    assert is_not_lower(after, before)
    assert after.also >= before.also
    assert after.tags | {"raised_to_protective"} >= before.tags
