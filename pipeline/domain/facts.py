"""What one report says once it has been read: the values that linking, scoring and routing look at."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from pipeline.contracts.vocabulary import Category, CrisisFlag, Role, Sex
from pipeline.domain.normalise.birth import Birth
from pipeline.domain.normalise.identity import Identity
from pipeline.domain.normalise.name import NameForm
from pipeline.domain.normalise.phone import Line
from pipeline.domain.normalise.story import Story


class Trust(StrEnum):
    """How a part of an address is known. Given: it is written, and the register has it. Inferred: other parts leave
    only this. Ambiguous: the register has several. Contradicted: another part that is written lies elsewhere. Unknown:
    it is not written, or not in the register.
    """

    GIVEN = "given"
    INFERRED = "inferred"
    AMBIGUOUS = "ambiguous"
    CONTRADICTED = "contradicted"
    UNKNOWN = "unknown"


class NoAddress(StrEnum):
    """What stands where an address should: one told elsewhere, one that nobody tells, or that there is none."""

    TOLD_ELSEWHERE = "told_elsewhere"
    NOT_TOLD = "not_told"
    NO_ABODE = "no_abode"


class Street(NamedTuple):
    """A door, in digits. `road` is what the numbers count in: a road with its 路 or 街, or a hamlet, an estate, a named
    lane. `number` is 32-3, 臨5, 12附3; `floor` is 3, B1 or R (the roof); `unit` is the 1 of 3樓之1.
    """

    road: str | None = None
    section: str | None = None
    lane: str | None = None
    alley: str | None = None
    number: str | None = None
    block: str | None = None
    floor: str | None = None
    unit: str | None = None
    room: str | None = None


class Parts(NamedTuple):
    """An address in its parts. `remark` is what else is written; `near` tells that it puts the place beside the
    address, not at it.
    """

    village: str | None = None
    neighbourhood: str | None = None
    street: Street = Street()
    remark: str = ""
    near: bool = False
    postcode: str | None = None
    no_address: NoAddress | None = None
    county_trust: Trust = Trust.UNKNOWN
    town_trust: Trust = Trust.UNKNOWN
    village_trust: Trust = Trust.UNKNOWN


@dataclass(frozen=True, slots=True)
class Place:
    """An address as far as it could be read. `counties` holds the one county that was read, or every county that has a
    town of this name, or nothing. `detail` is what follows county and town, normalised for comparison; `parts` are the
    same and what was left out of it, and do not make two places different.
    """

    counties: tuple[str, ...]
    town: str | None
    detail: str
    parts: Parts = field(default=Parts(), compare=False)

    @property
    def county(self) -> str | None:
        return self.counties[0] if len(self.counties) == 1 else None


@dataclass(frozen=True, slots=True)
class Person:
    """`index` is the position in `data.persons`. `national_id` is set only when its checksum holds; `name` is the
    comparable form, `masked` tells that some of its characters were hidden. A code name never links and is not kept
    here. `name_form`, `identity`, `birth` and `lines` are what the same four fields tell to a comparison that weighs:
    also numbers that fail their checksum, dates known in part, telephones that are incomplete. They do not make two
    people different.
    """

    index: int
    role: Role
    name: str | None = None
    masked: bool = False
    national_id: str | None = None
    birth_date: date | None = None
    sex: Sex | None = None
    phones: tuple[str, ...] = ()
    address: Place | None = None
    registered_address: Place | None = None
    current_place: Place | None = None
    conditions: tuple[str, ...] = ()
    name_form: NameForm | None = field(default=None, compare=False)
    identity: Identity | None = field(default=None, compare=False)
    birth: Birth | None = field(default=None, compare=False)
    lines: tuple[Line, ...] = field(default=(), compare=False)


class Answer(NamedTuple):
    """What stands at `field` of a form, such as `items.4` or `judged_high`."""

    field: str
    value: bool | int | str


class Form(NamedTuple):
    """A filled instrument, such as `tipvda`, with what was answered as it asks."""

    instrument: str
    answers: tuple[Answer, ...]

    def answer(self, field: str) -> bool | int | str | None:
        return next((a.value for a in self.answers if a.field == field), None)


RELEASED = "released:"
"""Stands among the faults, with the code of the doubt."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One version of one report. Times carry an offset. `event_key` is derived from source, id and content;
    `content_key` is a digest of `data` alone, so that the same content is known again whatever its spacing.
    `categories`, `crisis_flags` and `indicators` stand at the same positions as in `data` (an unknown category or
    flag as `other`), so that a reason can name its field. `story` is what the narrative tells to a comparison.
    `clock_start` is `known_at`, or `received_at` where that is missing or later.
    """

    event_key: UUID
    event_id: str
    content_key: bytes
    source: str
    source_county: str | None
    report_no: str
    related_report_nos: tuple[str, ...]
    sent_at: datetime
    received_at: datetime
    clock_start: datetime
    occurred_at: datetime | None
    occurred_place: Place | None
    categories: tuple[Category, ...]
    crisis_flags: tuple[CrisisFlag, ...]
    indicators: tuple[str, ...]
    forms: tuple[Form, ...]
    persons: tuple[Person, ...]
    faults: tuple[str, ...]
    story: Story | None = field(default=None, compare=False)

    @property
    def released(self) -> str | None:
        """Why it had been doubted, where people believe it after all."""
        return next((f.removeprefix(RELEASED) for f in self.faults if f.startswith(RELEASED)), None)

    @property
    def victims(self) -> tuple[Person, ...]:
        return tuple(p for p in self.persons if p.role is Role.VICTIM)
