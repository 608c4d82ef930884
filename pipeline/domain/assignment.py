"""Which centre takes a case, and why this one: by district, then hours, then capacity; and which others work along."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from pipeline.contracts.decision import in_taipei
from pipeline.contracts.vocabulary import Queue
from pipeline.domain.centres import KIND_OF, Centre, CentreBook, Load
from pipeline.domain.jurisdiction import Tell, Told
from pipeline.domain.needs import Needs
from pipeline.domain.whereabouts import PlaceTold


class WhyCode(StrEnum):
    """Each has its words in `data/assignment_words.csv`."""

    NO_COUNTY = "no_county"
    PROTECTIVE_OF_COUNTY = "protective_of_county"
    TOWN_CURRENT = "town_current"
    TOWN_RESIDENCE = "town_residence"
    TOWN_REGISTERED = "town_registered"
    TOWN_OCCURRED = "town_occurred"
    TOWN_TOLD = "town_told"
    NO_TOWN = "no_town"
    TRANSFERRED = "transferred"
    CLOSED_PRESSING = "closed_pressing"
    CLOSED_WAITS = "closed_waits"
    BACK_FROM_DUTY = "back_from_duty"
    FULL_OVERFLOW = "full_overflow"
    FULL_EVERYWHERE = "full_everywhere"
    STAYS = "stays"
    FAMILY_ALONG = "family_along"
    ALONG = "along"
    NONE_ALONG = "none_along"
    TELL_RECEIVING = "tell_receiving"
    TELL_REGISTERED = "tell_registered"
    LATER_COUNTY = "later_county"
    COST_COUNTY = "cost_county"


class Why(NamedTuple):
    """`params` are words of data alone: codes of centres, counties, towns, counts, times; nothing personal."""

    code: WhyCode
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Assigned:
    """`centre` takes the case; `home` is the one it belongs to. They differ while the home is full, or closed though
    the case is pressing: then `held_until` tells when it opens. `sub_dispatch` work along, `also_tell` are told.
    """

    centre: str
    home: str
    county: str | None
    town: str | None
    queue: Queue
    sub_dispatch: tuple[str, ...] = ()
    also_tell: tuple[str, ...] = ()
    later_county: str | None = None
    cost_county: str | None = None
    held_until: datetime | None = None
    is_pressing: bool = False
    why: tuple[Why, ...] = ()
    directory: str = ""


class _Choice(NamedTuple):
    centre: Centre
    why: tuple[Why, ...] = ()
    held_until: datetime | None = None


_TOWN_BY = {
    PlaceTold.CURRENT: WhyCode.TOWN_CURRENT,
    PlaceTold.RESIDENCE: WhyCode.TOWN_RESIDENCE,
    PlaceTold.REGISTERED: WhyCode.TOWN_REGISTERED,
    PlaceTold.OCCURRED: WhyCode.TOWN_OCCURRED,
}
_CHOICES = frozenset(
    {
        WhyCode.CLOSED_PRESSING,
        WhyCode.BACK_FROM_DUTY,
        WhyCode.FULL_OVERFLOW,
        WhyCode.FULL_EVERYWHERE,
    }
)
"""Why a centre was chosen at one moment: told on as long as the case stays there."""


def assign(  # noqa: PLR0913 - everything that it depends on, and nothing beside
    county: str | None,
    town: str | None,
    queue: Queue,
    needs: Needs,
    *,
    at: datetime,
    load: Load,
    book: CentreBook,
    before: Assigned | None = None,
    taken_by: str | None = None,
) -> Assigned:
    """Total: whatever is told, a centre of the book takes the case. `at` is the moment of the decision. `taken_by` is
    the centre that accepted the case in a transfer: it belongs there whatever its town, while the centre is of this
    county and for this queue.

    What was assigned stays while county, queue and home centre are the same, so that no report that comes twice moves a
    case to and fro. It moves all the same where the duty centre has held it until its home opened, and where it has
    become pressing while its centre is closed.
    """
    known = county if county in book.counties else None
    here = town if known and book.family(known, town) else None
    accepted = book.find(taken_by) if taken_by else None
    is_there = accepted is not None and (accepted.county, accepted.kind) == (known, KIND_OF[queue])
    return _Assigning(known, here, queue, needs, at, load, book, before, accepted if is_there else None).done()


_TELL_BY = {Told.RECEIVING: WhyCode.TELL_RECEIVING, Told.REGISTERED: WhyCode.TELL_REGISTERED}


@dataclass(frozen=True, slots=True)
class _Assigning:
    """`county` and `town` are of the book, or None."""

    county: str | None
    town: str | None
    queue: Queue
    needs: Needs
    at: datetime
    load: Load
    book: CentreBook
    before: Assigned | None
    accepted: Centre | None

    def done(self) -> Assigned:
        home, at_home = self._home()
        choice = self._kept(home) or self._returned(self._choose(home))
        along = tuple(self._along())
        told = self._to_tell()
        later, cost = self.needs.onward.later, self.needs.onward.cost
        return Assigned(
            centre=choice.centre.code,
            home=home.code,
            county=self.county,
            town=self.town,
            queue=self.queue,
            sub_dispatch=tuple(centre.code for centre, _ in along if centre),
            also_tell=tuple(dict.fromkeys(self.book.duty(t.county).code for t in told)),
            later_county=later[0] if later else None,
            cost_county=cost[0] if cost else None,
            held_until=choice.held_until,
            is_pressing=self.needs.is_pressing,
            why=(at_home, *choice.why, *(why for _, why in along), *self._beyond(told)),
            directory=self.book.edition,
        )

    def _home(self) -> tuple[Centre, Why]:
        if self.county is None:
            return self.book.national, _why(WhyCode.NO_COUNTY, centre=self.book.national.code)
        if self.accepted:
            return self.accepted, _why(WhyCode.TRANSFERRED, centre=self.accepted.code, county=self.county)
        if self.queue is Queue.PROTECTIVE:
            return self.book.duty(self.county), _why(WhyCode.PROTECTIVE_OF_COUNTY, county=self.county)
        centre = self.book.family(self.county, self.town)
        if centre is None or self.town is None:
            return self.book.family_window(self.county), _why(WhyCode.NO_TOWN, county=self.county)
        code = _TOWN_BY[self.needs.place] if self.needs.place else WhyCode.TOWN_TOLD
        return centre, _why(code, centre=centre.code, county=self.county, town=self.town)

    def _kept(self, home: Centre) -> _Choice | None:
        """Where the case is already, if it stays there."""
        before = self.before
        centre = self.book.find(before.centre) if before else None
        if before is None or centre is None:
            return None
        if (before.county, before.queue, before.home) != (self.county, self.queue, home.code) or self._is_released:
            return None
        has_become_pressing = self.needs.is_pressing and not before.is_pressing
        if has_become_pressing and not self.book.is_open(centre, self.at):
            return None
        told = tuple(why for why in before.why if why.code in _CHOICES)
        stays = _why(WhyCode.STAYS, centre=centre.code)
        return _Choice(centre, (*told, stays, *self._waiting_at(centre)), before.held_until)

    @property
    def _is_released(self) -> bool:
        """Whether a duty centre held the case, and no longer needs to."""
        return self.before is not None and self.before.held_until is not None and self.at >= self.before.held_until

    def _returned(self, choice: _Choice) -> _Choice:
        if self.before is None or not self._is_released or self.before.centre == choice.centre.code:
            return choice
        back = _why(WhyCode.BACK_FROM_DUTY, home=self.before.centre, centre=choice.centre.code)
        return choice._replace(why=(back, *choice.why))

    def _choose(self, home: Centre) -> _Choice:
        if self.needs.is_pressing and self.county and not self.book.is_open(home, self.at):
            opens, duty = self.book.opens(home, self.at), self.book.duty(self.county)
            why = _why(WhyCode.CLOSED_PRESSING, home=home.code, centre=duty.code, until=_moment(opens))
            return _Choice(duty, (why,), opens)
        centre, full = self._with_room(home)
        return _Choice(centre, (*full, *self._waiting_at(centre)))

    def _waiting_at(self, centre: Centre) -> tuple[Why, ...]:
        if self.book.is_open(centre, self.at):
            return ()
        until = _moment(self.book.opens(centre, self.at))
        return (_why(WhyCode.CLOSED_WAITS, centre=centre.code, until=until),)

    def _with_room(self, home: Centre) -> tuple[Centre, tuple[Why, ...]]:
        """A full centre's cases go to the first of those it names that is not full, and open if the centre itself is;
        of these to the first that is prepared for the most of what is told.
        """
        if not home.is_full(self.load):
            return home, ()
        named = {"home": home.code, "open": str(self.load[home.code]), "capacity": str(home.capacity)}
        must_be_open = self.book.is_open(home, self.at)
        others = (self.book.centres[code] for code in home.overflow_to)
        free = [c for c in others if not c.is_full(self.load) and (self.book.is_open(c, self.at) or not must_be_open)]
        if not free:
            return home, (_why(WhyCode.FULL_EVERYWHERE, **named),)
        best = max(free, key=self._skills_met)
        return best, (_why(WhyCode.FULL_OVERFLOW, centre=best.code, **named),)

    def _skills_met(self, centre: Centre) -> int:
        return len(centre.skills & self.needs.skills)

    def _along(self) -> Iterator[tuple[Centre | None, Why]]:
        """Specialised centres beside the family service centre, which keeps the lead of what they do."""
        if self.county is None or not (self.queue is Queue.FAMILY or self.needs.with_family):
            return
        if self.queue is not Queue.FAMILY:
            lead = self.book.family(self.county, self.town) or self.book.family_window(self.county)
            yield lead, _why(WhyCode.FAMILY_ALONG, centre=lead.code)
        for kind in self.needs.along:
            there = self.book.working_along(kind, self.county, self.town)
            best = min(there, key=self._worse) if there else None
            named = {"centre": best.code} if best else {"county": self.county}
            yield best, _why(WhyCode.ALONG if best else WhyCode.NONE_ALONG, kind=kind, **named)

    def _worse(self, centre: Centre) -> tuple[bool, bool, int, int, str]:
        """Who works along already goes before the others, then whoever has room, the skills, the fewest cases."""
        is_new = self.before is None or centre.code not in self.before.sub_dispatch
        open_cases = self.load.get(centre.code, 0)
        return is_new, centre.is_full(self.load), -self._skills_met(centre), open_cases, centre.code

    def _to_tell(self) -> Sequence[Tell]:
        """Counties that must learn of the case, beside the one that takes it."""
        return [t for t in self.needs.onward.tell if t.county != self.county and t.county in self.book.counties]

    def _beyond(self, told: Sequence[Tell]) -> Iterator[Why]:
        """Whom else the law names."""
        for t in told:
            yield _why(_TELL_BY[t.told], area=t.area, centre=self.book.duty(t.county).code, county=t.county)
        onward = self.needs.onward
        for code, found in ((WhyCode.LATER_COUNTY, onward.later), (WhyCode.COST_COUNTY, onward.cost)):
            if found and found[0] != self.county:
                yield _why(code, area=found[1], county=found[0])


def _why(code: WhyCode, **params: str) -> Why:
    return Why(code, tuple(sorted(params.items())))


def _moment(at: datetime | None) -> str:
    return in_taipei(at).isoformat(timespec="minutes") if at else ""
