"""National numbers, telephones and days of birth, as they are written and mistaken."""

from datetime import date
from typing import NamedTuple

from pipeline.local.bench.chance import Chance
from pipeline.local.bench.spell_name import Pen

FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
NUMERALS = "〇一二三四五六七八九"
REPUBLIC = 1911
DEFAULT_ID = "A123456789"
DEFAULT_BIRTHS = ("1911-01-01", "1900/1/1", "1912-01-01", "1970-01-01")
UNKNOWN_BIRTHS = ("不詳", "000", "0000000", "未知")
DAY_OR_MONTH = 12


class _Day(NamedTuple):
    """What is written, which no calendar need have."""

    year: int
    month: int
    day: int


def written_id(pen: Pen, number: str) -> str:
    chance, faults = pen.chance, pen.faults
    if chance.happens(faults.id_default):
        return DEFAULT_ID
    if chance.happens(faults.id_slip):
        number = slipped(chance, number, first=2)
    ways = (number, number.lower(), number.translate(FULL_WIDTH), f"{number[0]} {number[1:]}", f" {number}")
    return chance.choices(ways, (84, 8, 4, 2, 2))[0]


def slipped(chance: Chance, digits: str, first: int = 0) -> str:
    """One digit from `first` on is another, or changed places with the next."""
    places = [at for at, c in enumerate(digits) if c.isdigit() and at >= first]
    at = chance.choice(places)
    follows = digits[at + 1 : at + 2]
    if follows.isdigit() and follows != digits[at] and chance.happens(0.35):
        return digits[:at] + follows + digits[at] + digits[at + 2 :]
    return digits[:at] + chance.choice([d for d in "0123456789" if d != digits[at]]) + digits[at + 1 :]


def written_phone(pen: Pen, number: str) -> str:
    chance = pen.chance
    if chance.happens(pen.faults.phone_slip):
        number = slipped(chance, number, first=2)
    return chance.choices(*_mobile_ways(number) if number.startswith("09") else _landline_ways(chance, number))[0]


def _mobile_ways(n: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    ways = (
        n,
        f"{n[:4]}-{n[4:7]}-{n[7:]}",
        f"{n[:4]}-{n[4:]}",
        f"{n[:4]} {n[4:7]} {n[7:]}",
        f"+886{n[1:]}",
        f"+886-{n[1:4]}-{n[4:]}",
        n.translate(FULL_WIDTH),
        f"手機{n}",
        n[1:],
    )
    return ways, (36, 22, 10, 9, 8, 6, 4, 3, 2)


def _landline_ways(chance: Chance, n: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    area = next(a for a in ("0836", "037", "049", "089", "082", n[:2]) if n.startswith(a))
    rest = n.removeprefix(area)
    ways = (
        f"{area}-{rest}",
        f"({area}){rest[:-4]}-{rest[-4:]}",
        n,
        f"{area} {rest[:-4]} {rest[-4:]}",
        f"+886-{area[1:]}-{rest}",
        rest,
        f"{area}-{rest}#{chance.randint(10, 299)}",
    )
    return ways, (34, 22, 18, 10, 5, 6, 5)


def written_birth(pen: Pen, born: date) -> str:
    chance, faults = pen.chance, pen.faults
    if chance.happens(faults.birth_default):
        return chance.choice(DEFAULT_BIRTHS)
    if chance.happens(0.015):
        return chance.choice(UNKNOWN_BIRTHS)
    republic = chance.happens(pen.habit.republic) and born.year > REPUBLIC
    if chance.happens(faults.birth_in_part):
        return _in_part(chance, born, pen.today)
    day = _Day(born.year, born.month, born.day)
    if chance.happens(faults.birth_slip):
        day, republic = _mistaken(chance, day, republic=republic)
    return _in_the_republic(chance, day) if republic else _in_the_common_era(chance, day)


def _mistaken(chance: Chance, day: _Day, *, republic: bool) -> tuple[_Day, bool]:
    """Another day, and in which era it is written."""
    year, month, number = day
    kind = chance.choices(("swapped", "era", "day", "year", "ten", "month"), (25, 20, 25, 15, 7, 8))[0]
    if kind == "swapped" and number <= DAY_OR_MONTH and number != month:
        return _Day(year, number, month), republic
    if kind == "era":
        mixed = (year - REPUBLIC + 1900, False) if republic else (year - 1900 + REPUBLIC, True)
        if REPUBLIC < mixed[0] <= REPUBLIC + 115:
            return _Day(mixed[0], month, number), mixed[1]
    if kind == "year":
        return _Day(year + chance.choice((-1, 1)), month, number), republic
    if kind == "ten":
        return _Day(year - 10, month, number), republic
    if kind == "month":
        return _Day(year, month % 12 + 1, min(number, 28)), republic
    return _Day(year, month, number % 28 + 1 if chance.happens(0.4) else (number + 9) % 28 + 1), republic


def _in_part(chance: Chance, born: date, today: date) -> str:
    age = today.year - born.year
    year = born.year - REPUBLIC
    of_month = (f"{born.year}-{born.month:02d}", f"{year}年{born.month}月")
    return chance.choice((f"{born.year}", f"民國{year}年", f"{year}年次", f"約{max(age, 1)}歲", *of_month))


def _in_the_common_era(chance: Chance, day: _Day) -> str:
    y, m, d = day
    ways = (
        f"{y}-{m:02d}-{d:02d}",
        f"{y}/{m}/{d}",
        f"{y}/{m:02d}/{d:02d}",
        f"{y}{m:02d}{d:02d}",
        f"{y}.{m}.{d}",
        f"西元{y}年{m}月{d}日",
    )
    return chance.choices(ways, (55, 14, 14, 8, 6, 3))[0]


def _in_the_republic(chance: Chance, day: _Day) -> str:
    y, m, d = day.year - REPUBLIC, day.month, day.day
    ways = (
        f"{y}/{m}/{d}",
        f"{y}.{m}.{d}",
        f"{y:03d}{m:02d}{d:02d}",
        f"民國{y}年{m}月{d}日",
        f"{y}年{m}月{d}日",
        f"{y}-{m:02d}-{d:02d}",
        f"民國{_numeral(y)}年{_numeral(m)}月{_numeral(d)}日",
        f"民{y}.{m:02d}.{d:02d}",
        f"{y}／{m}／{d}".translate(FULL_WIDTH),
        f"R.O.C. {y}/{m}/{d}",
    )
    return chance.choices(ways, (20, 12, 18, 14, 12, 6, 3, 3, 2, 1))[0]


def _numeral(number: int) -> str:
    """Up to 199."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    said = "一百" if hundreds else ""
    if tens:
        said += ("" if tens == 1 and not hundreds else NUMERALS[tens]) + "十"
    elif hundreds and ones:
        said += "零"
    return said + (NUMERALS[ones] if ones or not number else "")
