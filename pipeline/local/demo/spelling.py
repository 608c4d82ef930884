"""Invented people, and the ways in which sources write one person's name, number, birth date, phone and address."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipeline.contracts.vocabulary import Sex
from pipeline.local.demo import words

if TYPE_CHECKING:
    from random import Random

LETTER_VALUES = {letter: 10 + at for at, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO")}
WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1)
YEAR_DAYS = 365.25
ROC_OFFSET = 1911
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True, slots=True)
class Human:
    name: str
    sex: Sex
    national_id: str
    birth: date
    phone: str


def human(rng: "Random", today: date, ages: tuple[int, int], surname: str | None = None) -> Human:
    """Someone of `ages` (years, both inclusive) on the day `today`."""
    sex = rng.choice((Sex.FEMALE, Sex.MALE))
    given = rng.choice(words.GIVEN_FEMALE if sex is Sex.FEMALE else words.GIVEN_MALE)
    youngest, oldest = int(ages[0] * YEAR_DAYS) + 1, int((ages[1] + 1) * YEAR_DAYS) - 1
    return Human(
        name=(surname or rng.choice(words.SURNAMES)) + given,
        sex=sex,
        national_id=_valid_id(rng, sex),
        birth=today - timedelta(days=rng.randrange(youngest, oldest)),
        phone=f"09{rng.randrange(10**8):08d}",
    )


def _valid_id(rng: "Random", sex: Sex) -> str:
    letter = rng.choice("ABCDEFGHJKMNPQTUVXWZIO")
    body = ("1" if sex is Sex.MALE else "2") + f"{rng.randrange(10**7):07d}"
    return letter + body + str(check_digit(letter, body))


def check_digit(letter: str, body: str) -> int:
    """The last digit of a national ID whose letter and next eight digits are given."""
    digits = [*divmod(LETTER_VALUES[letter], 10), *map(int, body)]
    return -sum(w * d for w, d in zip(WEIGHTS, digits, strict=True)) % 10


def street(rng: "Random") -> str:
    road, section = rng.choice(words.ROADS), rng.choice(("", "一段", "二段", "三段"))
    lane = f"{rng.randrange(2, 400)}巷" if rng.random() < 0.3 else ""  # noqa: PLR2004 - three of ten live in a lane
    return f"{road}{section}{lane}{rng.randrange(1, 500)}號"


def name(rng: "Random", person: Human) -> str:
    hidden = f"{person.name[0]}○{person.name[2:]}"
    titled = person.name[0] + ("小姐" if person.sex is Sex.FEMALE else "先生")
    return rng.choices((person.name, hidden, titled, f"{person.name[0]} {person.name[1:]}"), (80, 10, 7, 3))[0]


def national_id(rng: "Random", person: Human) -> str:
    number = person.national_id
    mistyped = number[:-1] + str((int(number[-1]) + 1) % 10)
    return rng.choices((number, number.lower(), number.translate(FULL_WIDTH), mistyped), (88, 5, 4, 3))[0]


def birth_date(rng: "Random", person: Human) -> str:
    born = person.birth
    year, month, day = born.year - ROC_OFFSET, born.month, born.day
    ways = (
        born.isoformat(),
        f"{year}/{month}/{day}",
        f"{year:03d}{month:02d}{day:02d}",
        f"民國{year}年{month}月{day}日",
        f"{year}.{month}.{day}",
        f"{born:%Y/%m/%d}",
        "不詳",
    )
    return rng.choices(ways, (60, 10, 8, 9, 4, 7, 2))[0]


def phone(rng: "Random", person: Human) -> str:
    digits = person.phone
    ways = (
        digits,
        f"{digits[:4]}-{digits[4:7]}-{digits[7:]}",
        f"+886{digits[1:]}",
        f"{digits[:4]} {digits[4:7]} {digits[7:]}",
        digits.translate(FULL_WIDTH),
    )
    return rng.choices(ways, (45, 30, 12, 10, 3))[0]


def address(rng: "Random", county: str, town: str, road: str) -> str:
    ways = (
        f"{county}{town}{road}",
        f"{county.replace('臺', '台')}{town}{road}",
        f"{words.SHORT_COUNTY[county]}{town}{road}",
        f"{county}{town}{road.translate(FULL_WIDTH)}",
        f"{town}{road}",
        f"{county}{town}",
    )
    return rng.choices(ways, (45, 25, 8, 7, 8, 7))[0]
