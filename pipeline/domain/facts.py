"""What one report says once it has been read: the values that linking, scoring and routing look at."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pipeline.contracts.vocabulary import Category, CrisisFlag, Role, SafetyResult, Sex


@dataclass(frozen=True, slots=True)
class Place:
    """An address as far as it could be read. `counties` holds the one county that was read, or every county that has a
    town of this name, or nothing. `detail` is what follows county and town, normalised for comparison.
    """

    counties: tuple[str, ...]
    town: str | None
    detail: str

    @property
    def county(self) -> str | None:
        return self.counties[0] if len(self.counties) == 1 else None


@dataclass(frozen=True, slots=True)
class Person:
    """`index` is the position in `data.persons`. `national_id` is set only when its checksum holds; `name` is the
    comparable form, `masked` tells that some of its characters were hidden. A code name never links and is not kept
    here.
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


@dataclass(frozen=True, slots=True)
class Tipvda:
    """`yes` holds the numbers (1 to 15) of the items that were answered with true."""

    yes: frozenset[int] = frozenset()
    judged_high: bool = False


@dataclass(frozen=True, slots=True)
class Instruments:
    """`suicide_idea` is BSRS-5's extra item, 0 to 4."""

    tipvda: Tipvda = Tipvda()
    suicide_idea: int | None = None
    safety_result: SafetyResult | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """One version of one report. Times carry an offset. `event_key` is derived from source, id and content;
    `content_key` is a digest of `data` alone, so that the same content is known again whatever its spacing.
    `categories`, `crisis_flags` and `indicators` stand at the same positions as in `data` (an unknown category or
    flag as `other`), so that a reason can name its field. `clock_start` is `known_at`, or `received_at` where that
    is missing or later.
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
    instruments: Instruments
    persons: tuple[Person, ...]
    faults: tuple[str, ...]

    @property
    def victims(self) -> tuple[Person, ...]:
        return tuple(p for p in self.persons if p.role is Role.VICTIM)
