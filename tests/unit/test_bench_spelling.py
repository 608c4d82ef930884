"""How invented people are written: without a fault everything can be read again, with one it is another."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.vocabulary import Sex
from pipeline.domain.normalise.birth import read_birth
from pipeline.domain.normalise.identity import read_identity
from pipeline.domain.normalise.name import read_name_form
from pipeline.domain.normalise.phone import read_lines
from pipeline.domain.normalise.place import read_place
from pipeline.local.bench import names, people
from pipeline.local.bench.chance import Chance
from pipeline.local.bench.habits import Habit, habit_of
from pipeline.local.bench.mix import Faults, World
from pipeline.local.bench.people import Human, Name
from pipeline.local.bench.places import Door, Map
from pipeline.local.bench.roman import spelt, wade_giles
from pipeline.local.bench.spell_name import Pen, written_name
from pipeline.local.bench.spell_numbers import slipped, written_birth, written_id, written_phone
from pipeline.local.bench.spell_place import written_place

TODAY = date(2025, 6, 1)
NO_FAULT = Faults(**dict.fromkeys(Faults.__slots__, 0.0))
seeds = st.integers(0, 10**9)


def pen(seed: int, faults: Faults = NO_FAULT) -> Pen:
    return Pen(Chance(seed), faults, Habit(), TODAY)


def someone(seed: int, world: World | None = None) -> Human:
    return people.adult(Chance(seed), world or World(), TODAY, Sex.FEMALE, (20, 64))


def door(seed: int, **world: float) -> Door:
    return Map(Chance(seed), World(towns=3, **world), 20).door()  # type: ignore[arg-type] # rates


@given(seeds)
def test_a_name_without_a_fault_reads_as_the_name(seed: int) -> None:
    human = someone(seed, World(newcomers=0, indigenous=0))
    read, whole = read_name_form(written_name(pen(seed), human)), read_name_form(human.name.whole)
    assert read
    assert whole
    assert read.folded == whole.folded


@given(seeds)
def test_a_number_without_a_fault_passes_its_check(seed: int) -> None:
    number = someone(seed, World(without_id=0, newcomers=0.5)).national_id
    assert number
    read = read_identity(written_id(pen(seed), number))
    assert read
    assert (read.text, read.valid) == (number, True)


@given(seeds)
def test_a_birth_date_without_a_fault_reads_as_the_day_or_as_unknown(seed: int) -> None:
    born = someone(seed).birth
    read = read_birth(written_birth(pen(seed), born), TODAY)
    assert read is None or read.date == born or born in read.alternatives


@given(seeds)
def test_a_telephone_reads_as_the_telephone_or_as_the_part_without_its_area(seed: int) -> None:
    chance = Chance(seed)
    number = chance.choice(
        (people.mobile(chance), people.landline(chance, chance.choice(("臺北市", "苗栗縣", "南投縣"))))
    )
    read = read_lines(written_phone(pen(seed), number))
    assert [number.endswith(line.number.lstrip("0")) for line in read] == [True]


@given(seeds)
def test_an_address_without_a_fault_reads_as_its_county_town_and_number(seed: int) -> None:
    home = door(seed)
    read = read_place(written_place(pen(seed), home))
    assert read
    assert home.county in read.counties or not read.counties
    assert read.parts.street.number in {str(home.number), f"{home.number}-{home.sub}"}


@given(seeds, st.sampled_from(["A123456789", "0912345678", "1987"]))
def test_a_slip_changes_one_digit_or_two_neighbours_at_most(seed: int, digits: str) -> None:
    new = slipped(Chance(seed), digits, first=1)
    differ = [at for at, (a, b) in enumerate(zip(digits, new, strict=True)) if a != b]
    assert len(differ) <= 2
    assert all(b - a == 1 for a, b in pairwise(differ))


@pytest.mark.parametrize(
    "fault", ["titled", "masked", "homophone", "variant", "wrong_character", "roman", "nickname", "code_name"]
)
def test_every_fault_of_a_name_is_another_writing(fault: str) -> None:
    human = Human(Name("陳", "美玲"), Sex.FEMALE, date(1980, 1, 1), None)
    share = 60.0 if fault == "roman" else 1.0
    written = {written_name(pen(seed, Faults(**(_none() | {fault: share}))), human) for seed in range(40)}
    assert all(not text.replace(" ", "").replace("　", "").startswith("陳美玲") for text in written)


@pytest.mark.parametrize("fault", ["birth_slip", "birth_in_part", "birth_default"])
def test_every_fault_of_a_birth_date_is_another_day_or_none(fault: str) -> None:
    born = date(1980, 5, 9)
    texts = [written_birth(pen(seed, Faults(**(_none() | {fault: 1.0}))), born) for seed in range(60)]
    read = [read_birth(text, TODAY) for text in texts]
    assert sum(1 for birth in read if birth and birth.date == born) <= 1


@pytest.mark.parametrize("fault", ["floor_lost", "landmark", "place_slip"])
def test_every_fault_of_an_address_loses_or_changes_something(fault: str) -> None:
    home = door(5, in_towers=1, floorless=0)
    assert home.floor
    shares = _none() | {fault: 1.0}
    read = [read_place(written_place(pen(seed, Faults(**shares)), home)) for seed in range(40)]
    whole = (str(home.floor), str(home.number) if not home.sub else f"{home.number}-{home.sub}")
    assert all((r.parts.street.floor, r.parts.street.number) != whole or not r.town for r in read if r)


def test_an_address_in_part_lacks_its_county_or_its_number() -> None:
    home = door(5, in_towers=1, floorless=0)
    shares = _none() | {"place_in_part": 1.0}
    written = [written_place(pen(seed, Faults(**shares)), home).replace("台", "臺") for seed in range(40)]
    assert not any(home.county in text and f"{home.number}號" in text for text in written)


def test_former_counties_are_written_with_their_former_towns() -> None:
    home = next(d for seed in range(400) if (d := door(seed)).town.name == "三重區" or d.town.name == "淡水區")
    written = written_place(pen(1, Faults(**(_none() | {"old_county": 1.0}))), home)
    assert written.startswith(("台北縣三重市", "台北縣淡水鎮"))


@pytest.mark.parametrize(
    ("syllable", "told"),
    [("xin", "hsin"), ("jun", "chun"), ("zi", "tzu"), ("yan", "yen"), ("hong", "hung"), ("yi", "yi")],
)
def test_syllables_are_written_as_passports_have_them(syllable: str, told: str) -> None:
    assert wade_giles(syllable) == told


def test_a_roman_name_stands_either_way_round() -> None:
    assert spelt("chen", ("yi", "jun"), pinyin=False, surname_last=False) == "CHEN, YI-CHUN"
    assert spelt("chen", ("yi", "jun"), pinyin=True, surname_last=True) == "Yi-Jun Chen"


def test_no_character_sounds_two_ways_and_common_names_can_be_misheard() -> None:
    common = {c for _, women, men in names.GIVEN_BORN_BEFORE for c in (women + men).replace(" ", "")}
    sounding = [c for c in common if c in names.SYLLABLES]
    assert len(sounding) > 0.7 * len(common)


def test_a_kind_of_source_that_is_not_listed_has_no_habits_of_its_own() -> None:
    assert habit_of("proactive-list") == Habit()


def _none() -> dict[str, float]:
    return dict.fromkeys(Faults.__slots__, 0.0)
