"""One person's name, as many ways as sources have of writing it."""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from pipeline.contracts.vocabulary import Sex
from pipeline.local.bench import names
from pipeline.local.bench.chance import Chance
from pipeline.local.bench.habits import Habit
from pipeline.local.bench.mix import Faults
from pipeline.local.bench.people import Human, Name, Origin
from pipeline.local.bench.roman import spelt

MASKS = "○○○OＯ〇*＊ＸX某"
DOTS = "·‧．・• "
CHILD_TITLES = {
    Sex.FEMALE: ("小妹妹", "妹妹", "女童", "童", "同學"),
    Sex.MALE: ("小弟弟", "弟弟", "男童", "童", "同學"),
}
TITLES = {Sex.FEMALE: ("小姐", "女士", "小姐", "太太"), Sex.MALE: ("先生", "先生", "男子")}
ELDER_TITLES = {Sex.FEMALE: ("阿嬤", "奶奶", "老太太", "女士"), Sex.MALE: ("阿公", "伯伯", "老先生", "先生")}
GROWN, OLD = 18, 65
SPACED, TITLE_BEHIND, SURNAME_BY_EAR = 0.03, 0.02, 0.3

Change = Callable[[Chance, str], str]


class Pen(NamedTuple):
    """Who writes: the rates of the mix and of the source's kind, and the day of writing."""

    chance: Chance
    faults: Faults
    habit: Habit
    today: date


def written_name(pen: Pen, human: Human) -> str:
    """Something else instead of the name, or the name with its faults."""
    chance, faults, habit = pen.chance, pen.faults, pen.habit
    if chance.happens(faults.code_name):
        return chance.choice(names.CODE_NAMES)
    if chance.happens(faults.nickname):
        return chance.choice(names.SMALL_NAMES)
    if chance.happens(faults.titled * habit.titled):
        return human.name.surname[:2] + chance.choice(_titles(human, pen.today))
    roman = chance.happens(_roman_share(human.name, faults))
    return _in_roman(chance, human.name) if roman else _in_characters(pen, human)


def _in_characters(pen: Pen, human: Human) -> str:
    chance, faults, habit = pen.chance, pen.faults, pen.habit
    text = _mistaken(pen, human.name)
    if chance.happens(faults.masked * habit.masked):
        return _masked(chance, human.name, text)
    if chance.happens(SPACED):
        return f"{text[0]}{chance.choice(' 　')}{text[1:]}"
    return text + chance.choice(_titles(human, pen.today)[:1]) if chance.happens(TITLE_BEHIND) else text


def _titles(human: Human, today: date) -> tuple[str, ...]:
    age = human.age(today)
    titles = CHILD_TITLES if age < GROWN else ELDER_TITLES if age >= OLD else TITLES
    return titles[human.sex]


def _roman_share(name: Name, faults: Faults) -> float:
    return faults.roman if name.roman else faults.roman / 60


def _in_roman(chance: Chance, name: Name) -> str:
    if name.roman:
        return chance.choice((name.roman, name.roman.upper(), name.roman.title()))
    syllables = tuple(names.SYLLABLES.get(c, "") for c in name.given)
    surname = names.SURNAME_SYLLABLES.get(name.surname)
    if surname is None or not all(syllables):
        return name.whole
    return spelt(surname, syllables, pinyin=chance.happens(0.3), surname_last=chance.happens(0.4))


def _mistaken(pen: Pen, name: Name) -> str:
    chance, faults = pen.chance, pen.faults
    if name.origin in (Origin.SOUTHERN, Origin.INDIGENOUS):
        return name.whole.replace("·", chance.choice(DOTS))
    text = name.whole
    if chance.happens(faults.homophone * pen.habit.by_ear):
        text = _by_ear(chance, text)
    if chance.happens(faults.variant):
        text = _replaced(chance, text, lambda _, c: names.VARIANTS.get(c, c))
    if chance.happens(faults.wrong_character):
        text = _replaced(chance, text, lambda _, c: names.LOOKS_LIKE.get(c, c))
    return text


def _by_ear(chance: Chance, text: str) -> str:
    if text[0] in names.SURNAME_BY_EAR and chance.happens(SURNAME_BY_EAR):
        return names.SURNAME_BY_EAR[text[0]] + text[1:]
    return text[0] + _replaced(chance, text[1:], _same_sound)


def _same_sound(chance: Chance, character: str) -> str:
    syllable = names.SYLLABLES.get(character)
    alike = [c for c, s in names.SYLLABLES.items() if s == syllable and c != character] if syllable else []
    return chance.choice(alike) if alike else character


def _replaced(chance: Chance, text: str, change: Change) -> str:
    """One character changed, if there is one that can be."""
    places = [(at, new) for at, c in enumerate(text) if (new := change(chance, c)) != c]
    if not places:
        return text
    at, new = chance.choice(places)
    return text[:at] + new + text[at + 1 :]


def _masked(chance: Chance, name: Name, text: str) -> str:
    mask, first = chance.choice(MASKS), len(name.surname) if name.origin is Origin.HAN else 1
    if chance.happens(0.2):
        return text[:first] + mask * (len(text) - first)
    return text[:first] + mask + text[first + 1 :]
