"""Whether, when and how a person may be reached without danger: the one place where a telephone number or an address
becomes something that a call, a message or a letter can be made with.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias, assert_never

from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.jsontext import Json
from pipeline.domain.contact_words import Days, WayKind, Window, names_nobody_else, read_ways, read_windows

__all__ = ["Allowed", "Contact", "Refused", "Rule", "Rules", "Way", "WayKind", "WhyNot", "may_reach", "rules_of"]


class Rule(NamedTuple):
    """What one report says of how a person may be reached, in its own words."""

    time: str | None = None
    way: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """All that is told of one person: each rule binds, so that the narrowest of all is left. `is_readable` is false
    where something stands there that is no rule.
    """

    told: tuple[Rule, ...] = ()
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class Way:
    """A telephone number or an address as a report has it. `is_withheld`: the other side has it, too."""

    kind: WayKind
    to: str
    is_withheld: bool = False

    def __repr__(self) -> str:
        return f"Way({self.kind})"


class WhyNot(StrEnum):
    WITHHELD = "withheld"
    ASK_A_PERSON = "ask_a_person"
    THROUGH_ANOTHER = "through_another"
    NOT_THIS_WAY = "not_this_way"
    NOT_NOW = "not_now"


_OURS: Final = object()


class Contact:
    """Leave to reach a person by this way at this moment. `may_reach` alone can make one (TypeError for anybody
    else): whatever calls, writes or sends takes this and no text.
    """

    __slots__ = ("_at", "_way")

    def __init__(self, way: Way, at: datetime, *, by: object) -> None:
        if by is not _OURS:
            raise TypeError("a Contact is made by may_reach alone")
        self._way, self._at = way, at

    @property
    def kind(self) -> WayKind:
        return self._way.kind

    @property
    def to(self) -> str:
        return self._way.to

    @property
    def at(self) -> datetime:
        return self._at

    def __repr__(self) -> str:
        return f"Contact({self.kind})"

    def __reduce__(self) -> Any:  # noqa: ANN401 - as object has it
        raise TypeError("a Contact is not copied or stored: ask again")


class Allowed(NamedTuple):
    contact: Contact


class Refused(NamedTuple):
    code: WhyNot


Answer: TypeAlias = Allowed | Refused


def rules_of(written: Iterable[Json]) -> Rules:
    """The rules in the `safe_contact` of every report of one person."""
    told: dict[Rule, None] = {}
    is_readable = True
    for one in written:
        if one is None:
            continue
        rule = _rule(one)
        is_readable = is_readable and rule is not None
        if rule is not None and any(rule):
            told[rule] = None
    return Rules(tuple(told), is_readable)


def _rule(written: Json) -> Rule | None:
    if not isinstance(written, Mapping):
        return None
    parts = [written.get(name) for name in Rule._fields]
    if any(part is not None and not isinstance(part, str) for part in parts):
        return None
    return Rule(*(part if isinstance(part, str) and part.strip() else None for part in parts))


def may_reach(rules: Rules, way: Way, at: datetime, *, is_workday: bool | None = None) -> Answer:
    """Leave to use this way at this moment (with its offset), or why there is none. `is_workday`: of the day of `at` in
    Taipei; where that is not known, a rule that speaks of workdays asks for a person.
    """
    code = _why_not(rules, way, at, is_workday)
    return Refused(code) if code else Allowed(Contact(way, at, by=_OURS))


def _why_not(rules: Rules, way: Way, at: datetime, is_workday: bool | None) -> WhyNot | None:  # noqa: FBT001 - as may_reach has it
    if way.is_withheld:
        return WhyNot.WITHHELD
    ways = [read_ways(rule.way) for rule in rules.told if rule.way]
    windows = [read_windows(rule.time) for rule in rules.told if rule.time]
    if not rules.is_readable or None in ways or None in windows:
        return WhyNot.ASK_A_PERSON
    if any(rule.person and not names_nobody_else(rule.person) for rule in rules.told):
        return WhyNot.THROUGH_ANOTHER
    if any(way.kind not in allowed for allowed in ways if allowed is not None):
        return WhyNot.NOT_THIS_WAY
    local = at.astimezone(TAIPEI)
    open_now = [_is_open(told, local, is_workday) for told in windows if told is not None]
    if None in open_now:
        return WhyNot.ASK_A_PERSON
    return None if all(open_now) else WhyNot.NOT_NOW


def _is_open(windows: tuple[Window, ...], at: datetime, is_workday: bool | None) -> bool | None:  # noqa: FBT001 - as may_reach has it
    """None where the calendar decides and is not known."""
    minute = at.hour * 60 + at.minute
    of_day = [_is_day(w, at.date(), is_workday) for w in windows if w.begin <= minute < w.end]
    return True if True in of_day else None if None in of_day else False


def _is_day(window: Window, day: date, is_workday: bool | None) -> bool | None:  # noqa: FBT001 - as may_reach has it
    match window.days:
        case Days.EVERY:
            return True
        case Days.WORK:
            return is_workday
        case Days.OFF:
            return None if is_workday is None else not is_workday
        case Days.NAMED:
            return day.weekday() in window.weekdays
        case _:
            assert_never(window.days)
