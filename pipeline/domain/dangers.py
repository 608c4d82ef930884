"""What the policy looks at: each danger that any version of any report of a case tells, and where it is told first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pipeline.domain.ages import Ages, ages_of
from pipeline.domain.facts import Facts, Form

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class ReportView:
    """All versions of one report, at least one, in their order. The smaller `arrival_no` arrived earlier."""

    versions: tuple[Facts, ...]
    arrival_no: int = 0

    @property
    def newest(self) -> Facts:
        return self.versions[-1]


@dataclass(frozen=True, slots=True)
class IncidentView:
    """One happening: its reports, at least one, in order of arrival, and the clocks that have started. `incident_id`
    is None for one that is in no case.
    """

    reports: tuple[ReportView, ...]
    clocks: Mapping[str, datetime] = field(default_factory=dict)
    incident_id: UUID | None = None

    @property
    def versions(self) -> tuple[Facts, ...]:
        return tuple(facts for report in self.reports for facts in report.versions)


@dataclass(frozen=True, slots=True)
class Dangers:
    """Each danger maps to the path inside `data` where it is told first. `indicators` holds unknown codes, too.
    `forms` are all that were filled of each instrument, `ages` one entry for each incident.
    """

    categories: Mapping[str, str]
    crisis_flags: Mapping[str, str]
    indicators: Mapping[str, str]
    forms: Mapping[str, tuple[Form, ...]]
    roles: Mapping[str, str]
    conditions: Mapping[tuple[str, str], str]
    ages: tuple[Ages, ...]


def gather(incidents: Sequence[IncidentView], stand_in: str | None = None) -> Dangers:
    """The dangers of all these incidents together. `stand_in` is the indicator of age."""
    versions = [facts for incident in incidents for facts in incident.versions]
    return Dangers(
        categories=_first((w, f"categories[{i}]") for f in versions for i, w in enumerate(f.categories)),
        crisis_flags=_first((w, f"crisis_flags[{i}]") for f in versions for i, w in enumerate(f.crisis_flags)),
        indicators=_first((w, f"indicators[{i}]") for f in versions for i, w in enumerate(f.indicators)),
        forms=_forms(versions),
        roles=_first((p.role, f"persons[{p.index}].role") for f in versions for p in f.persons),
        conditions=_first(_conditions(versions)),
        ages=tuple(ages_of(incident.versions, stand_in) for incident in incidents),
    )


def worst_told(incidents: Sequence[IncidentView]) -> Mapping[str, int]:
    """How bad it is beyond which dangers are told: the highest value of each answer on a scale, the most answers of yes
    on one form of each instrument, and how many victims one report tells of, or their birth dates tell apart.
    """
    versions = [facts for incident in incidents for facts in incident.versions]
    worst: dict[str, int] = {}
    for facts in versions:
        for form in facts.forms:
            yes = sum(answer is True for _, answer in form.answers)
            numbers = ((f, a) for f, a in form.answers if isinstance(a, int) and not isinstance(a, bool))
            for path, value in ((form.instrument, yes), *((f"{form.instrument}.{f}", a) for f, a in numbers)):
                worst[path] = max(value, worst.get(path, value))
        worst["victims"] = max(len(facts.victims), worst.get("victims", 0))
    births = {victim.birth_date for facts in versions for victim in facts.victims if victim.birth_date}
    return worst | {"births": len(births)}


def _first(found: Iterable[tuple[K, str]]) -> Mapping[K, str]:
    first: dict[K, str] = {}
    for danger, path in found:
        first.setdefault(danger, path)
    return first


def _forms(versions: Sequence[Facts]) -> Mapping[str, tuple[Form, ...]]:
    forms: dict[str, tuple[Form, ...]] = {}
    for facts in versions:
        for form in facts.forms:
            forms[form.instrument] = (*forms.get(form.instrument, ()), form)
    return forms


def _conditions(versions: Sequence[Facts]) -> Iterator[tuple[tuple[str, str], str]]:
    return (
        ((person.role, condition), f"persons[{person.index}].conditions[{i}]")
        for facts in versions
        for person in facts.persons
        for i, condition in enumerate(person.conditions)
    )
