"""Invented people: a name, a number, a day of birth, telephones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from pipeline.contracts.vocabulary import Sex
from pipeline.local.bench import names
from pipeline.local.bench.chance import Chance
from pipeline.local.bench.mix import World

FIRST_LETTERS = "AABBCDEEFFFFGHHHJKMNNPQSTTUVXWZILR"
"""Of national numbers, by where people were first registered."""
NEWCOMERS_BORN_FROM = 1965
NEW_RESIDENT_NUMBERS = 0.7
AREA_CODES: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        **dict.fromkeys(("臺北市", "新北市", "基隆市"), ("02", 8)),
        **dict.fromkeys(("臺南市", "澎湖縣"), ("06", 7)),
        **dict.fromkeys(("雲林縣", "嘉義縣", "嘉義市"), ("05", 7)),
        "臺中市": ("04", 8),
        "彰化縣": ("04", 7),
        "苗栗縣": ("037", 6),
        "南投縣": ("049", 7),
        "高雄市": ("07", 7),
        "屏東縣": ("08", 7),
        "臺東縣": ("089", 6),
        "金門縣": ("082", 6),
        "連江縣": ("0836", 5),
    }
)
"""And how many digits follow; elsewhere 03 and 7."""
YEAR_DAYS = 365.2425
_LETTER_VALUES = {letter: 10 + at for at, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO")}
_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1)


class Origin(StrEnum):
    HAN = "han"
    VIETNAMESE = "vietnamese"
    SOUTHERN = "southern"
    INDIGENOUS = "indigenous"


@dataclass(frozen=True, slots=True)
class Name:
    """`roman` is None where it follows from the characters."""

    surname: str
    given: str
    origin: Origin = Origin.HAN
    roman: str | None = None

    @property
    def whole(self) -> str:
        match self.origin:
            case Origin.SOUTHERN | Origin.INDIGENOUS:
                return f"{self.given}·{self.surname}"
            case Origin.HAN | Origin.VIETNAMESE:
                return self.surname + self.given
            case _:
                assert_never(self.origin)


@dataclass(frozen=True, slots=True)
class Human:
    """`national_id` is None for who has none. `phones` may be shared with others."""

    name: Name
    sex: Sex
    birth: date
    national_id: str | None
    phones: tuple[str, ...] = ()

    def age(self, on: date) -> int:
        return on.year - self.birth.year - ((on.month, on.day) < (self.birth.month, self.birth.day))


def birth(chance: Chance, today: date, ages: tuple[int, int]) -> date:
    """A day of birth of who is of `ages` (years, both inclusive) on the day `today`."""
    return today - timedelta(days=chance.randrange(int(ages[0] * YEAR_DAYS) + 1, int((ages[1] + 1) * YEAR_DAYS)))


def adult(chance: Chance, world: World, today: date, sex: Sex, ages: tuple[int, int]) -> Human:
    born = birth(chance, today, ages)
    name = _name(chance, world, sex, born)
    resident = name.origin in (Origin.VIETNAMESE, Origin.SOUTHERN) and chance.happens(0.7)
    return Human(name, sex, born, _number(chance, world, sex, resident=resident), (mobile(chance),))


def child(chance: Chance, world: World, born: date, parents: Sequence[Human], siblings: Sequence[Human] = ()) -> Human:
    """A child with the surname of the last parent, and no sibling's name. It is reached by its parents' telephones."""
    sex = chance.choice((Sex.FEMALE, Sex.MALE))
    taken = {sibling.name.given for sibling in siblings}
    name = next(
        n for n in iter(lambda: _childs_name(chance, world, sex, born, parents[-1]), None) if n.given not in taken
    )
    return Human(name, sex, born, _number(chance, world, sex, resident=False), parents[0].phones)


def _childs_name(chance: Chance, world: World, sex: Sex, born: date, parent: Human) -> Name:
    match parent.name.origin:
        case Origin.INDIGENOUS:
            given, roman = chance.choice(names.INDIGENOUS)
            fathers = (parent.name.roman or "").split()[0]
            return Name(parent.name.given, given, Origin.INDIGENOUS, f"{roman} {fathers}")
        case Origin.SOUTHERN:
            return Name(chance.weighted(names.SURNAME_WEIGHTS), _given(chance, world, sex, born))
        case Origin.HAN | Origin.VIETNAMESE:
            return Name(parent.name.surname, _given(chance, world, sex, born))
        case _:
            assert_never(parent.name.origin)


def mobile(chance: Chance) -> str:
    return f"09{chance.choice('0112233578')}{chance.randrange(10**7):07d}"


def landline(chance: Chance, county: str) -> str:
    area, digits = AREA_CODES.get(county, ("03", 7))
    return f"{area}{chance.choice('2345678')}{chance.randrange(10 ** (digits - 1)):0{digits - 1}d}"


def _name(chance: Chance, world: World, sex: Sex, born: date) -> Name:
    if chance.happens(world.indigenous):
        (given, roman), (father, father_roman) = chance.sample(names.INDIGENOUS, 2)
        return Name(father, given, Origin.INDIGENOUS, f"{roman} {father_roman}")
    if sex is Sex.FEMALE and born.year >= NEWCOMERS_BORN_FROM and chance.happens(2 * world.newcomers):
        return _newcomer(chance)
    return Name(chance.weighted(names.SURNAME_WEIGHTS), _given(chance, world, sex, born))


def _newcomer(chance: Chance) -> Name:
    if chance.happens(0.65):
        surname, roman = chance.early(tuple(names.VIETNAMESE_SURNAMES.items()), 2.0)
        given, given_roman = chance.choice(tuple(names.VIETNAMESE_GIVEN.items()))
        return Name(surname, f"氏{given}", Origin.VIETNAMESE, f"{roman} THI {given_roman}")
    given, roman = chance.choice(names.SOUTHERN)
    family, family_roman = chance.choice(names.SOUTHERN_FAMILY)
    return Name(family, given, Origin.SOUTHERN, f"{roman} {family_roman}")


def _given(chance: Chance, world: World, sex: Sex, born: date) -> str:
    if world.uncommon and chance.happens(world.uncommon):
        return "".join(chance.sample(tuple(names.SYLLABLES), 2))
    _, women, men = next(row for row in names.GIVEN_BORN_BEFORE if born.year < row[0])
    common = (women if sex is Sex.FEMALE else men).split()
    if chance.happens(names.COMPOSED_SHARE):
        first, second = chance.choice(common)[0], chance.choice(common)[-1]
        return first + second if first != second else first + chance.choice("安恩宜家真")
    return chance.early(common, 6.0)


def _number(chance: Chance, world: World, sex: Sex, *, resident: bool) -> str | None:
    if chance.happens(world.without_id):
        return None
    letter, body = chance.choice(FIRST_LETTERS), f"{chance.randrange(10**7):07d}"
    male = sex is Sex.MALE
    if not resident:
        return numbered(letter, ("1" if male else "2") + body)
    if chance.happens(NEW_RESIDENT_NUMBERS):
        return numbered(letter, ("8" if male else "9") + body)
    return numbered(letter, ("C" if male else "D") + body)


def numbered(letter: str, body: str) -> str:
    """The letter and eight more characters with the digit that checks them; the first of the eight is a digit, or the
    letter of an old resident number.
    """
    second = str(_LETTER_VALUES[body[0]] % 10) if body[0].isalpha() else body[0]
    digits = [*divmod(_LETTER_VALUES[letter], 10), int(second), *map(int, body[1:])]
    return f"{letter}{body}{-sum(w * d for w, d in zip(_WEIGHTS, digits, strict=True)) % 10}"
