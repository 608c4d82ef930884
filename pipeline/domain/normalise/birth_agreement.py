"""How far two dates of birth agree: what linking weighs instead of asking whether they are equal."""

from datetime import date
from enum import StrEnum

from pipeline.domain.normalise.birth import REPUBLIC, Birth
from pipeline.domain.normalise.closeness import differ_by_one, neighbours_swapped

_TWO_DIGITS_OFF = REPUBLIC - 1900
"""Years by which a year of two digits is wrong in the other calendar."""

_ABOUT_YEARS = 2


class BirthAgreement(StrEnum):
    """From the closest to the least; the two last say nothing and the contrary."""

    EQUAL = "equal"
    ALTERNATIVE = "alternative"  # another reading of what one side wrote is the other's day
    SWAPPED = "swapped"  # day and month in each other's place
    ERA_OFF = "era_off"  # the years of the two calendars mixed up: 11 years apart, the same day and month
    ONE_DIGIT_OFF = "one_digit_off"  # one digit mistyped, or two neighbours changed places, in either calendar
    YEAR_BESIDE = "year_beside"  # the same day and month, one year apart
    MONTH_EQUAL = "month_equal"  # one tells no day; year and month agree
    YEAR_EQUAL = "year_equal"  # one tells the year alone, which agrees
    YEAR_NEAR = "year_near"  # one tells an age; the years are at most two apart
    DIFFERENT = "different"
    UNKNOWN = "unknown"


def compare_births(one: Birth | None, other: Birth | None) -> BirthAgreement:
    """How far two dates agree, whichever comes first."""
    if one is None or other is None:
        return BirthAgreement.UNKNOWN
    a, b = one.date, other.date
    if a and a == b:
        return BirthAgreement.EQUAL
    if _may_be(one, other):
        return BirthAgreement.ALTERNATIVE
    return _days(a, b) if a and b else _parts(one, other)


def _may_be(one: Birth, other: Birth) -> bool:
    ours, theirs = {one.date, *one.alternatives} - {None}, {other.date, *other.alternatives} - {None}
    return not ours.isdisjoint(theirs)


def _days(a: date, b: date) -> BirthAgreement:
    if (a.year, a.month, a.day) == (b.year, b.day, b.month):
        return BirthAgreement.SWAPPED
    apart = abs(a.year - b.year)
    same_day = (a.month, a.day) == (b.month, b.day)
    if same_day and apart == _TWO_DIGITS_OFF:
        return BirthAgreement.ERA_OFF
    if _slip(a.isoformat(), b.isoformat()) or _slip(_republican(a), _republican(b)):
        return BirthAgreement.ONE_DIGIT_OFF
    return BirthAgreement.YEAR_BESIDE if same_day and apart == 1 else BirthAgreement.DIFFERENT


def _slip(one: str, other: str) -> bool:
    return differ_by_one(one, other) or neighbours_swapped(one, other)


def _republican(day: date) -> str:
    return f"{day.year - REPUBLIC:03}-{day:%m-%d}"


def _parts(one: Birth, other: Birth) -> BirthAgreement:
    if one.year is None or other.year is None:
        return BirthAgreement.UNKNOWN
    if one.about or other.about:
        near = abs(one.year - other.year) <= _ABOUT_YEARS
        return BirthAgreement.YEAR_NEAR if near else BirthAgreement.DIFFERENT
    if one.year != other.year:
        return BirthAgreement.DIFFERENT
    if one.month and other.month:
        return BirthAgreement.MONTH_EQUAL if one.month == other.month else BirthAgreement.DIFFERENT
    return BirthAgreement.YEAR_EQUAL
