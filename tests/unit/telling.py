"""Builds what reports say in as few words as a test needs: a report of nothing, and to it the danger in question."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st

from pipeline.contracts.ids import event_key
from pipeline.contracts.vocabulary import Category, CrisisFlag, Indicator, Role, SafetyResult
from pipeline.domain.dangers import IncidentView, ReportView
from pipeline.domain.facts import Answer, Facts, Form, Person, Place
from pipeline.domain.normalise.birth import read_birth
from pipeline.domain.normalise.identity import read_identity
from pipeline.domain.normalise.name import read_name_form
from pipeline.domain.normalise.phone import read_lines
from pipeline.domain.policy.reading import shipped
from pipeline.domain.terms import shipped_terms

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Noon of 2 March 2026 in Taipei."""

POLICY = shipped()
TERMS = shipped_terms().at(NOON)
"""The shipped policy, in force at noon."""

NAMESPACE = UUID("7f7b4a62-36f3-4f0a-9a63-4c3a3b7ac0de")

NOTHING = Facts(
    event_key=uuid5(NAMESPACE, "event"),
    event_id="event",
    content_key=b"",
    source="hotline-113",
    source_county=None,
    report_no="h-1",
    related_report_nos=(),
    sent_at=NOON,
    received_at=NOON,
    clock_start=NOON,
    occurred_at=None,
    occurred_place=None,
    categories=(Category.OTHER,),
    crisis_flags=(),
    indicators=(),
    forms=(),
    persons=(Person(0, Role.VICTIM),),
    faults=(),
)


def told(*categories: Category, **more: Any) -> Facts:  # noqa: ANN401 - any field of Facts
    named: dict[str, Any] = {"categories": categories} if categories else {}
    return replace(NOTHING, **named, **more)


def form(instrument: str, answers: Mapping[str, bool | int | str]) -> tuple[Form, ...]:
    """One filled form as it is read: one without any answer is none."""
    return (Form(instrument, tuple(Answer(field, value) for field, value in answers.items())),) if answers else ()


def tipvda(*yes: int, judged_high: bool = False) -> tuple[Form, ...]:
    judged = {"judged_high": True} if judged_high else {}
    return form("tipvda", {f"items.{item}": True for item in sorted(yes)} | judged)


def suicide_idea(answer: int) -> tuple[Form, ...]:
    return form("bsrs5", {"suicide_idea": answer})


def safety(result: SafetyResult) -> tuple[Form, ...]:
    return form("sdm_safety", {"result": result.value})


def born(*births: date | None) -> tuple[Person, ...]:
    return tuple(Person(i, Role.VICTIM, birth_date=birth) for i, birth in enumerate(births))


def at(*counties: str, town: str | None = None) -> Place:
    return Place(counties, town, "")


def incident(*reports: Facts, **more: Any) -> IncidentView:  # noqa: ANN401 - any field of IncidentView
    """One incident whose reports have one version each, arriving in this order."""
    return IncidentView(tuple(ReportView((facts,), n) for n, facts in enumerate(reports)), **more)


def amended(*versions: Facts) -> IncidentView:
    return IncidentView((ReportView(versions),))


CATEGORIES = st.sampled_from(list(Category))
FLAGS = st.sampled_from(list(CrisisFlag))
INDICATORS = st.one_of(st.sampled_from([i.value for i in Indicator]), st.sampled_from(["seen_crying", "no_heating"]))
CONDITIONS = st.sampled_from(["pregnant", "disability", "mental_illness", "alcohol", "drugs", "suicidal", "deaf"])
BIRTHS = st.none() | st.dates(date(1930, 1, 1), date(2027, 1, 1))
INSTANTS = st.integers(0, 60 * 24 * 20).map(lambda minutes: NOON - timedelta(minutes=minutes))
PLACES = st.none() | st.sampled_from(
    [at("臺北市"), at("新北市"), at(), at("臺北市", "基隆市", "臺中市", town="中正區")]
)

FORMS = st.builds(
    lambda *told: tuple(form for forms in told for form in forms),
    st.builds(tipvda, judged_high=st.booleans())
    | st.frozensets(st.integers(1, 15), min_size=1).flatmap(
        lambda yes: st.booleans().map(lambda judged: tipvda(*yes, judged_high=judged))
    ),
    st.just(()) | st.integers(0, 4).map(suicide_idea),
    st.just(()) | st.sampled_from(list(SafetyResult)).map(safety),
)


@st.composite
def persons(draw: st.DrawFn) -> tuple[Person, ...]:
    roles = draw(st.lists(st.sampled_from(list(Role)), min_size=1, max_size=3))
    return tuple(
        Person(
            index,
            role,
            birth_date=draw(BIRTHS),
            address=draw(PLACES),
            registered_address=draw(PLACES),
            current_place=draw(PLACES),
            conditions=tuple(draw(st.lists(CONDITIONS, max_size=2))),
        )
        for index, role in enumerate(roles)
    )


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    received = draw(INSTANTS)
    return told(
        source_county=draw(st.none() | st.sampled_from(["臺北市", "基隆市"])),
        received_at=received,
        clock_start=min(received, draw(INSTANTS)),
        occurred_at=draw(st.none() | INSTANTS),
        occurred_place=draw(PLACES),
        categories=tuple(draw(st.lists(CATEGORIES, max_size=3))),
        crisis_flags=tuple(draw(st.lists(FLAGS, max_size=2))),
        indicators=tuple(draw(st.lists(INDICATORS, max_size=4))),
        forms=draw(FORMS),
        persons=draw(persons()),
    )


@st.composite
def any_incident(draw: st.DrawFn) -> IncidentView:
    versions = st.lists(any_facts(), min_size=1, max_size=2).map(tuple)
    reports = draw(st.lists(versions, min_size=1, max_size=3))
    return IncidentView(tuple(ReportView(r, n) for n, r in enumerate(reports)))


def answering(facts: Facts, instrument: str, field: str, value: bool | int | str) -> Facts:  # noqa: FBT001 - an answer as it was given
    """The same report with this answer on its form, whatever stood there."""
    own = next((f for f in facts.forms if f.instrument == instrument), Form(instrument, ()))
    answers = (*(a for a in own.answers if a.field != field), Answer(field, value))
    others = (f for f in facts.forms if f.instrument != instrument)
    return replace(facts, forms=(*others, Form(instrument, answers)))


def answer_to(facts: Facts, instrument: str, field: str) -> bool | int | str | None:
    return next((f.answer(field) for f in facts.forms if f.instrument == instrument), None)


def _with_condition(facts: Facts, condition: str) -> Facts:
    first, *rest = facts.persons
    return replace(facts, persons=(replace(first, conditions=(*first.conditions, condition)), *rest))


def one_danger_more(facts: Facts) -> st.SearchStrategy[Facts]:
    """The same report with one more category, flag, indicator, answer or condition."""
    idea = answer_to(facts, "bsrs5", "suicide_idea") or 0
    assert isinstance(idea, int)
    return st.one_of(
        CATEGORIES.map(lambda word: replace(facts, categories=(*facts.categories, word))),
        FLAGS.map(lambda word: replace(facts, crisis_flags=(*facts.crisis_flags, word))),
        INDICATORS.map(lambda word: replace(facts, indicators=(*facts.indicators, word))),
        st.integers(1, 15).map(lambda item: answering(facts, "tipvda", f"items.{item}", value=True)),
        st.just(answering(facts, "tipvda", "judged_high", value=True)),
        st.integers(idea, 4).map(lambda answer: answering(facts, "bsrs5", "suicide_idea", answer)),
        st.just(answering(facts, "sdm_safety", "result", SafetyResult.UNSAFE.value)),
        CONDITIONS.map(lambda word: _with_condition(facts, word)),
    )


def event(event_id: str, source: str = "hotline-113", **more: Any) -> Facts:  # noqa: ANN401 - any field of Facts
    """One event with ids as they are derived for a real one; its number is that of the event unless said."""
    facts = told(event_id=event_id, source=source, **({"report_no": f"no-{event_id}"} | more))
    content = sha256(repr(replace(facts, event_id="", sent_at=NOON)).encode()).digest()
    return replace(facts, event_key=event_key(source, event_id), content_key=content)


def known(index: int = 0, role: Role = Role.VICTIM, **more: Any) -> Person:  # noqa: ANN401 - any field of Person
    """With what name, number, birth date and telephones tell to a comparison that weighs."""
    person = Person(index, role, **more)
    return replace(
        person,
        name_form=read_name_form(person.name) if person.name else None,
        identity=read_identity(person.national_id) if person.national_id else None,
        birth=read_birth(person.birth_date.isoformat(), NOON.date()) if person.birth_date else None,
        lines=tuple(line for phone in person.phones for line in read_lines(phone)),
    )


def victim(**more: Any) -> tuple[Person, ...]:  # noqa: ANN401 - any field of Person
    return (known(**more),)


def hours(amount: float) -> timedelta:
    return timedelta(hours=amount)


MOTHER = "F252907845"
CHILD = "H129986498"
FATHER = "N175691933"

_SOURCES = ("hotline-113", "clinic-0007", "partner-01")
_PEOPLE = (
    {"name": "林怡君", "national_id": MOTHER, "birth_date": date(1990, 5, 5)},
    {"name": "林○○", "national_id": MOTHER, "masked": True},
    {"name": "林小寶", "birth_date": date(2021, 8, 1), "phones": ("+886928713605",)},
    {"name": "林大寶", "national_id": CHILD, "birth_date": date(2019, 2, 3), "phones": ("+886928713605",)},
    {"name": "張志豪", "national_id": FATHER, "birth_date": date(1988, 1, 9)},
    {"name": "周玉蘭", "birth_date": date(1990, 5, 5), "phones": ("+886928713605",)},
    {},
)
_HAPPENED = st.none() | st.sampled_from([0, 3, 5, 10, 20, 200]).map(lambda h: NOON - hours(h))


@st.composite
def any_event(draw: st.DrawFn) -> Facts:
    """An event out of so small a world that it often meets another: same id, same number, same people, quotes."""
    roles = st.sampled_from([Role.VICTIM, Role.VICTIM, Role.ALLEGED_PERPETRATOR, Role.CAREGIVER, Role.CHILD_WITNESS])
    people = draw(st.lists(st.tuples(roles, st.sampled_from(_PEOPLE)), min_size=1, max_size=3))
    received = NOON + hours(draw(st.integers(0, 9)))
    return event(
        f"e{draw(st.integers(0, 9))}",
        draw(st.sampled_from(_SOURCES)),
        report_no=f"n{draw(st.integers(0, 5))}",
        related_report_nos=tuple(draw(st.lists(st.integers(0, 5).map(lambda n: f"n{n}"), max_size=2))),
        sent_at=received,
        received_at=received,
        clock_start=received - hours(draw(st.integers(0, 30))),
        occurred_at=draw(_HAPPENED),
        occurred_place=draw(PLACES),
        categories=tuple(draw(st.lists(CATEGORIES, max_size=2))),
        crisis_flags=tuple(draw(st.lists(FLAGS, max_size=1))),
        indicators=tuple(draw(st.lists(INDICATORS, max_size=2))),
        persons=tuple(known(i, role, **person) for i, (role, person) in enumerate(people)),
    )


STREAMS = st.lists(any_event(), min_size=1, max_size=10)
