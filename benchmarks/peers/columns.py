"""Reports as flat rows, one for each report with all its versions, for engines that compare columns. Every value has
gone through our own normalisation.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from pipeline.contracts.envelope import Unreadable
from pipeline.contracts.vocabulary import Role
from pipeline.domain.directory import Directory
from pipeline.domain.facts import Facts, Person, Place
from pipeline.domain.normalise.name import HIDDEN
from pipeline.domain.normalise.place_agreement import building_key, door_key, road_key
from pipeline.domain.normalise.reading import read_event
from pipeline.domain.normalise.sound import blurred
from pipeline.domain.normalise.text import plain, unspaced

GRAM = 2
SECONDS_AN_HOUR = 3600
_HIM = frozenset({Role.ALLEGED_PERPETRATOR, Role.CAREGIVER})


class Told(NamedTuple):
    """One event as it was read; the story is of no use to anybody but a comparison."""

    facts: Facts
    story: str


@dataclass(frozen=True, slots=True)
class Report:
    """All versions of one report, each once."""

    versions: tuple[Told, ...]

    @property
    def event_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(v.facts.event_id for v in self.versions))

    @property
    def number(self) -> str:
        return _quotable(self.versions[0].facts.report_no)

    @property
    def quoted(self) -> frozenset[str]:
        return frozenset(_quotable(n) for v in self.versions for n in v.facts.related_report_nos)


def read(lines: Iterable[bytes], directory: Directory, arrived_at: datetime) -> tuple[Report, ...]:
    """In the order of arrival. What cannot be read is left out; what was sent again is there once."""
    reports: dict[tuple[str, str], dict[str, Told]] = {}
    for line in lines:
        reading = read_event(line, (), arrived_at, directory)
        if not isinstance(reading, Unreadable):
            facts = reading.facts
            data: Any = reading.document["data"]
            versions = reports.setdefault((facts.source, facts.report_no), {})
            versions.setdefault(facts.event_id, Told(facts, str(data.get("narrative") or "")))
    return tuple(Report(tuple(versions.values())) for versions in reports.values())


def columns(position: int, report: Report) -> dict[str, Any]:
    """A list is empty, and a single value None, where nothing is told."""
    newest = report.versions[-1].facts
    persons = [p for told in report.versions for p in told.facts.persons]
    victims = [p for p in persons if p.role is Role.VICTIM]
    him = [p for p in persons if p.role in _HIM]
    others = [p for p in persons if p.role is not Role.VICTIM and p.role not in _HIM]
    places = list(_homes(report))
    return {
        "unique_id": position,
        **_people("victim", victims),
        **_people("him", him),
        **_people("other", others),
        **_people("any", persons),
        "phones": _distinct(line.number for p in persons for line in p.lines if not line.says_nothing),
        "doors": _keys(door_key, places),
        "buildings": _keys(building_key, places),
        "roads": _keys(road_key, places),
        "towns": _distinct(p.town for p in places),
        "victim_sex": _distinct(p.sex.value for p in victims if p.sex),
        "told_h": newest.clock_start.timestamp() / SECONDS_AN_HOUR,
        "occurred_h": newest.occurred_at.timestamp() / SECONDS_AN_HOUR if newest.occurred_at else None,
        "category": newest.categories[0].value if newest.categories else None,
        "story": _grams(report.versions[-1].story),
    }


def _people(role: str, persons: Sequence[Person]) -> dict[str, Any]:
    forms = [p.name_form for p in persons if p.name_form]
    full = [form for form in forms if not form.masked]
    names = _distinct(form.folded for form in full)
    births = [p.birth for p in persons if p.birth and not p.birth.is_filler]
    days = _distinct(str(b.date) for b in births if b.date)
    return {
        f"{role}_name": names[0] if names else None,
        f"{role}_names": names,
        f"{role}_sounds": _distinct("-".join(blurred(form.sound)) for form in full if len(form.sound) > 1),
        f"{role}_masks": _distinct(form.folded.replace(HIDDEN, ".") for form in forms if HIDDEN in form.folded),
        f"{role}_surnames": _distinct(form.surname for form in forms),
        f"{role}_births": days,
        f"{role}_birth": days[0] if days else None,
        f"{role}_years": _distinct(str(b.year) for b in births if b.year),
        f"{role}_ids": _distinct(p.identity.text for p in persons if p.identity and not p.identity.is_specimen),
    }


def _homes(report: Report) -> Iterator[Place]:
    for told in report.versions:
        people = (p.address or p.current_place for p in told.facts.persons)
        yield from (place for place in chain(people, (told.facts.occurred_place,)) if place)


def _keys(key: Callable[[Place], str | None], places: Iterable[Place]) -> list[str]:
    return _distinct(map(key, places))


def _distinct(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _grams(story: str) -> list[str]:
    text = unspaced(plain(story))
    return _distinct(text[i : i + GRAM] for i in range(len(text) - GRAM + 1))


def _quotable(number: str) -> str:
    return unspaced(plain(number)).casefold()
