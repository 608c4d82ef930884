"""How old a victim was on the day of the happening, in Taipei's calendar days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.contracts.decision import in_taipei
from pipeline.contracts.vocabulary import Indicator
from pipeline.domain.facts import Facts

SMALL_CHILD_BELOW_YEARS = 6
MINOR_BELOW_YEARS = 18


@dataclass(frozen=True, slots=True)
class Ages:
    """`under_6` and `under_18` are the path of what tells so, or None.

    `adults_only`: a victim's birth date could be read, and no victim is known to be a minor.
    """

    under_6: str | None
    under_18: str | None
    adults_only: bool


def years_old(birth: date, day: date) -> int:
    """Full years on that day; whoever was born on 29 February turns on 1 March in a common year."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def ages_of(incidents: Iterable[tuple[Facts, ...]]) -> Ages:
    """The ages of a case's victims, each incident (all versions of its reports) taken at its own day."""
    found = [_ages_in(versions) for versions in incidents]
    under_18 = next((a.under_18 for a in found if a.under_18), None)
    return Ages(
        under_6=next((a.under_6 for a in found if a.under_6), None),
        under_18=under_18,
        adults_only=under_18 is None and any(a.adults_only for a in found),
    )


def _ages_in(versions: tuple[Facts, ...]) -> Ages:
    day = _day_of(versions)
    youngest = _youngest(versions, day)
    if youngest is None:
        stand_in = _age_under_6(versions)
        return Ages(stand_in, stand_in, adults_only=False)
    birth, path = youngest
    years = years_old(birth, day)
    return Ages(
        under_6=path if years < SMALL_CHILD_BELOW_YEARS else None,
        under_18=path if years < MINOR_BELOW_YEARS else None,
        adults_only=years >= MINOR_BELOW_YEARS,
    )


def youngest_years(versions: tuple[Facts, ...]) -> int | None:
    """The age of an incident's youngest victim, in full years on its day; None where no birth date can be read."""
    day = _day_of(versions)
    youngest = _youngest(versions, day)
    return years_old(youngest[0], day) if youngest else None


def victim_years(versions: tuple[Facts, ...]) -> frozenset[int]:
    """The ages of an incident's victims, in full years on its day, by every birth date that was told of one."""
    day = _day_of(versions)
    births = (person.birth_date for facts in versions for person in facts.victims)
    return frozenset(years_old(birth, day) for birth in births if birth and birth <= day)


def _youngest(versions: tuple[Facts, ...], day: date) -> tuple[date, str] | None:
    births = (
        (person.birth_date, f"persons[{person.index}].birth_date")
        for facts in versions
        for person in facts.victims
        if person.birth_date and person.birth_date <= day
    )
    return max(births, key=lambda born: born[0], default=None)


def _day_of(versions: tuple[Facts, ...]) -> date:
    occurred: list[datetime] = [facts.occurred_at for facts in versions if facts.occurred_at]
    return in_taipei(min(occurred or (facts.received_at for facts in versions))).date()


def _age_under_6(versions: tuple[Facts, ...]) -> str | None:
    return next(
        (
            f"indicators[{facts.indicators.index(Indicator.AGE_UNDER_6)}]"
            for facts in versions
            if Indicator.AGE_UNDER_6 in facts.indicators
        ),
        None,
    )
