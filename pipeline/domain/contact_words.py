"""Rules of safe contact in the words of those who wrote them, read only where nothing is left over: what is not
understood whole is not understood at all.
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from pipeline.domain.normalise.text import LENGTH_MAX, plain, unspaced

DAY_MIN: Final = 24 * 60
NOON_MIN: Final = 12 * 60
_MORNING_FROM_MIN: Final = 7 * 60
"""An hour below, without a word for the part of the day, may be one of the afternoon."""


class WayKind(StrEnum):
    """How word reaches a person."""

    CALL = "call"
    MESSAGE = "message"
    LETTER = "letter"
    VISIT = "visit"


class Days(StrEnum):
    """Which days a window is for. Workdays and days off are the calendar's, not those of the week."""

    EVERY = "every"
    WORK = "work"
    OFF = "off"
    NAMED = "named"


class Window(NamedTuple):
    """Minutes of a day, from `begin` until before `end`, on such days; `weekdays` count from Monday as 0."""

    days: Days
    weekdays: frozenset[int]
    begin: int
    end: int


_WEEK: Final = frozenset(range(7))
_ANY = re.compile(r"隨時(?:皆可|都可以?|可)?|任何時間(?:皆可|都可以?|可)?|(?:時間)?不限|any ?time|always|24小時")
_OF_DAYS: Final = (
    (re.compile(r"平日|週間|周間|上班日|工作日|weekdays?|workdays?|workingdays?"), Days.WORK),
    (re.compile(r"假日|weekends?|休假日"), Days.OFF),
    (re.compile(r"每天|每日|天天|daily|everyday"), Days.EVERY),
)
_CHINESE_DAYS: Final = {
    c: number for number, names in enumerate(("一1", "二2", "三3", "四4", "五5", "六6", "日天7")) for c in names
}
_DAY = "[一二三四五六日天]"
_WEEK_WORD = "(?:星期|禮拜|週|周)"
_NAMED = re.compile(rf"{_WEEK_WORD}({_DAY})(?:(?:至|到|-|~){_WEEK_WORD}?({_DAY})|((?:[、及和]?{_WEEK_WORD}?{_DAY})*))")
_WEEKEND = re.compile(r"週末|周末")
_ENGLISH_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ENGLISH = re.compile(
    r"(mon|tue|wed|thu|fri|sat|sun)(?:days?|sdays?|nesdays?|rsdays?|urdays?)?"
    r"(?:(?:-|~|to)(mon|tue|wed|thu|fri|sat|sun)(?:days?|sdays?|nesdays?|rsdays?|urdays?)?)?"
)
_PART = "(上午|早上|早晨|中午|下午|午後|傍晚|晚上|夜間|晚間)?"
_HOUR = r"(\d{1,2})(?::(\d{2})|[點時](?:(\d{1,2})分?|(半))?)?(am|pm)?"
_RANGE = re.compile(rf"{_PART}{_HOUR}(?:至|到|-|~|to){_PART}{_HOUR}(?:之間)?")
_AFTERNOON: Final = frozenset({"下午", "午後", "傍晚", "晚上", "夜間", "晚間", "pm"})
_FORENOON: Final = frozenset({"上午", "早上", "早晨", "am"})
_NOON: Final = 12
_MIDNIGHTS: Final = frozenset({("am", _NOON), *((part, _NOON) for part in ("傍晚", "晚上", "夜間", "晚間"))})
_BETWEEN = re.compile(r"[,、;/及和或]|and|or")
_CHINESE_HOUR = re.compile(r"(二十[一二三四]?|十[一二]|十|[一二兩三四五六七八九])(?=[點時])")
_HOURS: Final = {c: n for n, c in enumerate("一二三四五六七八九十", start=1)} | {"兩": 2}


def read_windows(text: str) -> tuple[Window, ...] | None:
    """When somebody may be reached; None where the words, or some of them, are not understood. No window at all is
    never told: who may be reached at any time has one of all days.
    """
    if len(text) > LENGTH_MAX:
        return None
    rest = _normal(text)
    if _ANY.fullmatch(rest):
        return (Window(Days.EVERY, _WEEK, 0, DAY_MIN),)
    found: list[Window] = []
    whole_days = 0
    while rest:
        days, rest = _days(rest)
        ranges, rest = _ranges(rest)
        if (days is None and not ranges) or ranges is None:
            return None
        kind, weekdays = days or (Days.EVERY, _WEEK)
        whole_days += not ranges
        found += [Window(kind, weekdays, *minutes) for minutes in ranges or [(0, DAY_MIN)]]
        rest, before = _after_joint(rest), rest
        if rest and rest == before:
            return None
    return None if whole_days and len(found) > 1 else tuple(found) or None


def _normal(text: str) -> str:
    words = unspaced(plain(text)).casefold().replace("~", "-").rstrip("。.")
    return _CHINESE_HOUR.sub(lambda hour: str(_hour_in_words(hour[1])), words)


def _hour_in_words(words: str) -> int:
    tens, _, ones = words.rpartition("十")
    if not _:
        return _HOURS[words]
    return 10 * (_HOURS[tens] if tens else 1) + (_HOURS[ones] if ones else 0)


def _after_joint(rest: str) -> str:
    joint = _BETWEEN.match(rest)
    return rest[joint.end() :] if joint else rest


def _days(rest: str) -> tuple[tuple[Days, frozenset[int]] | None, str]:
    for words, kind in _OF_DAYS:
        if told := words.match(rest):
            return (kind, _WEEK), rest[told.end() :].lstrip("的:,、")
    if told := _WEEKEND.match(rest):
        return (Days.NAMED, frozenset({5, 6})), rest[told.end() :].lstrip("的:,、")
    if told := _NAMED.match(rest):
        first, last, more = told.groups()
        return (Days.NAMED, _named(first, last, more or "")), rest[told.end() :].lstrip("的:,、")
    if told := _ENGLISH.match(rest):
        days = [_ENGLISH_DAYS.index(day) for day in told.groups() if day]
        return (Days.NAMED, _span(days[0], days[-1])), rest[told.end() :].lstrip(":,")
    return None, rest


def _named(first: str, last: str | None, more: str) -> frozenset[int]:
    if last:
        return _span(_CHINESE_DAYS[first], _CHINESE_DAYS[last])
    return frozenset(_CHINESE_DAYS[c] for c in first + more if c in _CHINESE_DAYS)


def _span(first: int, last: int) -> frozenset[int]:
    return frozenset((first + n) % 7 for n in range((last - first) % 7 + 1))


def _ranges(rest: str) -> tuple[list[tuple[int, int]] | None, str]:
    """None where a range of hours may mean two things."""
    found: list[tuple[int, int]] = []
    while told := _RANGE.match(rest):
        minutes = _minutes(*told.groups())
        if minutes is None:
            return None, rest
        found.append(minutes)
        rest = rest[told.end() :]
        further = _after_joint(rest)
        if further == rest or not _RANGE.match(further):
            break
        rest = further
    return found, rest


def _minutes(*told: str | None) -> tuple[int, int] | None:
    begin_part, end_part = told[0] or told[5], told[6] or told[11]
    is_afternoon = begin_part in _AFTERNOON
    begin = _minute(told[1:5], begin_part or end_part, is_named=told[0] is not None or told[5] is not None)
    end = _minute(told[7:11], end_part or begin_part, is_named=end_part is not None or is_afternoon)
    if begin is None or end is None or not begin < end <= DAY_MIN:
        return None
    return begin, end


def _minute(told: tuple[str | None, ...], part: str | None, *, is_named: bool) -> int | None:
    hour, minutes, more, half = told
    if hour is None or (part, int(hour)) in _MIDNIGHTS or (part in _FORENOON and int(hour) > _NOON):
        return None
    value = int(hour) * 60 + int(minutes or more or 0) + (30 if half else 0)
    if (part in _AFTERNOON and int(hour) < _NOON) or (part == "中午" and int(hour) < _NOON - 1):
        return value + NOON_MIN
    is_clock_time = minutes is not None or (part is not None and is_named)
    if part is None and not (is_clock_time and (value >= _MORNING_FROM_MIN or hour.startswith("0"))):
        return None
    return value


_WAYS: Final = {
    WayKind.CALL: re.compile(
        r"(?:打|撥|以|用)?(?:電話|手機)(?:聯絡|聯繫)?|來電|致電|(?:phone)?calls?|(?:by)?(?:tele)?phone|mobile"
    ),
    WayKind.MESSAGE: re.compile(r"(?:傳|發|以|用)?(?:手機)?(?:簡訊|短訊)|(?:by)?(?:sms|text|textmessages?)"),
    WayKind.LETTER: re.compile(r"(?:寄)?(?:信|信件|書信)|郵寄|寄信|(?:by)?(?:letters?|mail|post)"),
    WayKind.VISIT: re.compile(r"面訪|家訪|訪視|當面|面談|親自|親訪|in-?person|(?:home)?visits?"),
}
_ONLY = re.compile(r"^(?:僅限?|只能?|限|請|only)(?:以|用)?|(?:only)$")
_NO_MATTER = re.compile(r"不限|皆可|都可以?|anyway|any")


def read_ways(text: str) -> frozenset[WayKind] | None:
    """By which ways somebody may be reached; None where the words, or some of them, are not understood."""
    if len(text) > LENGTH_MAX:
        return None
    words = _ONLY.sub("", unspaced(plain(text)).casefold().rstrip("。."))
    if _NO_MATTER.fullmatch(words):
        return frozenset(WayKind)
    told = [_way(word) for word in _BETWEEN.split(words)]
    return frozenset(way for way in told if way) if told and None not in told else None


def _way(word: str) -> WayKind | None:
    return next((way for way, words in _WAYS.items() if words.fullmatch(word)), None)


_SELF = re.compile(r"(?:被害人|案主|當事人)?(?:本人|自己)|被害人|案主|self|herself|himself|(?:the)?victim(?:only)?")


def names_nobody_else(text: str) -> bool:
    """Whether the person through whom somebody is reached is that person."""
    return len(text) <= LENGTH_MAX and _SELF.fullmatch(unspaced(plain(text)).casefold()) is not None
