"""How old the victims were on the day of the happening, in Taipei's calendar days."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from pipeline.contracts.decision import in_taipei
from pipeline.domain.facts import Facts


class Age(NamedTuple):
    """Full years, and the path of what tells so."""

    years: int
    path: str


@dataclass(frozen=True, slots=True)
class Ages:
    """The victims of one incident. `stand_in` is the path of the indicator that stands in where no victim's birth date
    can be read.
    """

    youngest: Age | None = None
    oldest: Age | None = None
    stand_in: str | None = None

    def below(self, years: int, stand_in_below: int) -> str | None:
        """What tells of a victim younger than this; the stand-in speaks for whoever is younger than its own age."""
        if self.youngest is None:
            return self.stand_in if years >= stand_in_below else None
        return self.youngest.path if self.youngest.years < years else None

    def at_least(self, years: int) -> str | None:
        return self.oldest.path if self.oldest and self.oldest.years >= years else None


def years_old(birth: date, day: date) -> int:
    """Full years on that day; whoever was born on 29 February turns on 1 March in a common year."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def ages_of(versions: Iterable[Facts], stand_in: str | None) -> Ages:
    """Of one incident, by all versions of its reports. `stand_in` is the indicator that stands in."""
    versions = tuple(versions)
    known = sorted(_ages(versions), key=lambda age: age.years)
    if known:
        return Ages(known[0], known[-1])
    return Ages(stand_in=_first_path(versions, stand_in) if stand_in else None)


def youngest_years(versions: tuple[Facts, ...]) -> int | None:
    """The age of an incident's youngest victim, in full years on its day; None where no birth date can be read."""
    return min((age.years for age in _ages(versions)), default=None)


def _ages(versions: tuple[Facts, ...]) -> Iterator[Age]:
    """A future birth date counts as missing; of an erased report nothing is known."""
    if not versions:
        return
    day = _day_of(versions)
    for facts in versions:
        for person in facts.victims:
            if person.birth_date and person.birth_date <= day:
                yield Age(years_old(person.birth_date, day), f"persons[{person.index}].birth_date")


def victim_years(versions: tuple[Facts, ...]) -> frozenset[int]:
    """The ages of an incident's victims, in full years on its day, by every birth date that was told of one."""
    return frozenset(age.years for age in _ages(versions))


def _day_of(versions: tuple[Facts, ...]) -> date:
    occurred: list[datetime] = [facts.occurred_at for facts in versions if facts.occurred_at]
    return in_taipei(min(occurred or (facts.received_at for facts in versions))).date()


def _first_path(versions: tuple[Facts, ...], indicator: str) -> str | None:
    return next((f"indicators[{f.indicators.index(indicator)}]" for f in versions if indicator in f.indicators), None)
