"""What the policy looks at: each danger that any version of any report of a case tells, and where it is told first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pipeline.contracts.vocabulary import Category, Clock, CrisisFlag, Role, SafetyResult
from pipeline.domain.ages import Ages, ages_of
from pipeline.domain.facts import Facts
from pipeline.domain.indicators import SUICIDE_IDEA_MIN, TIPVDA_HIGH_MIN

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
    """One happening: its reports, at least one, in order of arrival, and the clocks that have started."""

    reports: tuple[ReportView, ...]
    clocks: Mapping[Clock, datetime] = field(default_factory=dict)

    @property
    def versions(self) -> tuple[Facts, ...]:
        return tuple(facts for report in self.reports for facts in report.versions)


@dataclass(frozen=True, slots=True)
class Dangers:
    """Each danger maps to the path inside `data` where it is told first. `indicators` holds unknown codes, too."""

    categories: Mapping[Category, str]
    crisis_flags: Mapping[CrisisFlag, str]
    indicators: Mapping[str, str]
    tipvda_items: Mapping[int, str]
    tipvda_high: str | None
    judged_high: str | None
    suicide_idea: str | None
    safety_results: Mapping[SafetyResult, str]
    roles: Mapping[Role, str]
    conditions: Mapping[tuple[Role, str], str]
    ages: Ages


def gather(incidents: Sequence[IncidentView]) -> Dangers:
    """The dangers of all these incidents together. TIPVDA counts by form: eight answers on one, never over several."""
    told = [incident.versions for incident in incidents]
    versions = [facts for one in told for facts in one]
    return Dangers(
        categories=_first(_categories(versions)),
        crisis_flags=_first(_crisis_flags(versions)),
        indicators=_first(_indicators(versions)),
        tipvda_items=_first(_tipvda_items(versions)),
        tipvda_high=_told(
            "instruments.tipvda.items", (len(f.instruments.tipvda.yes) >= TIPVDA_HIGH_MIN for f in versions)
        ),
        judged_high=_told("instruments.tipvda.judged_high", (f.instruments.tipvda.judged_high for f in versions)),
        suicide_idea=_told(
            "instruments.bsrs5.suicide_idea", ((f.instruments.suicide_idea or 0) >= SUICIDE_IDEA_MIN for f in versions)
        ),
        safety_results=_first(_safety_results(versions)),
        roles=_first(_roles(versions)),
        conditions=_first(_conditions(versions)),
        ages=ages_of(told),
    )


def _first(found: Iterable[tuple[K, str]]) -> Mapping[K, str]:
    first: dict[K, str] = {}
    for danger, path in found:
        first.setdefault(danger, path)
    return first


def _told(path: str, holds: Iterable[bool]) -> str | None:
    return path if any(holds) else None


def _categories(versions: Sequence[Facts]) -> Iterator[tuple[Category, str]]:
    return ((word, f"categories[{i}]") for facts in versions for i, word in enumerate(facts.categories))


def _crisis_flags(versions: Sequence[Facts]) -> Iterator[tuple[CrisisFlag, str]]:
    return ((word, f"crisis_flags[{i}]") for facts in versions for i, word in enumerate(facts.crisis_flags))


def _indicators(versions: Sequence[Facts]) -> Iterator[tuple[str, str]]:
    return ((word, f"indicators[{i}]") for facts in versions for i, word in enumerate(facts.indicators))


def _tipvda_items(versions: Sequence[Facts]) -> Iterator[tuple[int, str]]:
    return ((n, f"instruments.tipvda.items.{n}") for facts in versions for n in sorted(facts.instruments.tipvda.yes))


def _safety_results(versions: Sequence[Facts]) -> Iterator[tuple[SafetyResult, str]]:
    results = (facts.instruments.safety_result for facts in versions)
    return ((result, "instruments.sdm_safety.result") for result in results if result)


def _roles(versions: Sequence[Facts]) -> Iterator[tuple[Role, str]]:
    return ((person.role, f"persons[{person.index}].role") for facts in versions for person in facts.persons)


def _conditions(versions: Sequence[Facts]) -> Iterator[tuple[tuple[Role, str], str]]:
    return (
        ((person.role, condition), f"persons[{person.index}].conditions[{i}]")
        for facts in versions
        for person in facts.persons
        for i, condition in enumerate(person.conditions)
    )
