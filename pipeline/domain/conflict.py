"""By what a report would tell of a member of staff, or of somebody at their address: the same keys as reports find each
other by.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.vocabulary import Role
from pipeline.domain.facts import Facts, Person, Place, Street
from pipeline.domain.link import Key, KeyKind, household_keys
from pipeline.domain.normalise.notes import Notes
from pipeline.domain.normalise.person import read_persons

TELLING: Final = frozenset(
    {
        KeyKind.IDENTITY,
        KeyKind.PHONE,
        KeyKind.SURNAME_AND_BIRTH,
        KeyKind.NAME_AND_YEAR,
        KeyKind.NAME_AND_TOWN,
        KeyKind.DOOR,
        KeyKind.SURNAME_AND_BUILDING,
    }
)
"""Keys that strangers seldom share. A building alone is one only where it has no floors: a tower has many families."""

ADDRESSES_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class AboutStaff:
    """What a member of staff says of themselves, as they write it. Of addresses three count."""

    national_id: str = ""
    name: str = ""
    birth_date: str = ""
    phones: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "AboutStaff()"


def tie_keys(about: AboutStaff, today: date) -> frozenset[Key]:
    """What leads to this person in a report, however it is spelled. Empty where nothing of it can be read."""
    home = (*about.addresses[:ADDRESSES_MAX], *[""] * ADDRESSES_MAX)
    told: dict[str, Any] = {
        "role": Role.OTHER.value,
        "name": about.name,
        "national_id": about.national_id,
        "birth_date": about.birth_date,
        "phones": list(about.phones),
        "address": home[0],
        "registered_address": home[1],
        "current_place": home[2],
    }
    persons = read_persons([told], Notes(), today)
    telling = TELLING | ({KeyKind.BUILDING} if all(map(_is_a_house, persons)) else frozenset())
    return frozenset(key for key in household_keys(_as_told(persons, today)) if key.kind in telling)


def _is_a_house(person: Person) -> bool:
    """Whether none of their addresses tells a floor or a flat."""
    inside = Street._fields.index("block")
    return not any(any(place.parts.street[inside:]) for place in _places(person))


def _places(person: Person) -> Iterator[Place]:
    return (p for p in (person.address, person.registered_address, person.current_place) if p)


def _as_told(persons: tuple[Person, ...], today: date) -> Facts:
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=TAIPEI)
    return Facts(
        event_key=UUID(int=0),
        event_id="",
        content_key=b"",
        source="",
        source_county=None,
        report_no="",
        related_report_nos=(),
        sent_at=noon,
        received_at=noon,
        clock_start=noon,
        occurred_at=None,
        occurred_place=None,
        categories=(),
        crisis_flags=(),
        indicators=(),
        forms=(),
        persons=persons,
        faults=(),
    )
