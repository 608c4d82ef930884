"""The filled instruments of a report: three that every source knows, and whatever scales a bureau has added."""

import re
from collections.abc import Callable, Iterator, Mapping

from pipeline.contracts.jsontext import Json
from pipeline.contracts.limits import (
    DISTRESS_ITEMS,
    DISTRESS_MAX,
    FORM_FIELDS_MAX,
    FORM_NAME_CHARACTERS_MAX,
    FORMS_MAX,
    SAFETY_ITEMS,
    SCALE_MAX,
    SUICIDE_IDEA_MAX,
    TIPVDA_ITEMS,
)
from pipeline.contracts.vocabulary import SafetyResult
from pipeline.domain.facts import Answer, Form
from pipeline.domain.normalise.notes import Fault, Notes

_NAME = re.compile(rf"[A-Za-z0-9_]{{1,{FORM_NAME_CHARACTERS_MAX}}}")
_FIELD = re.compile(rf"(items\.)?{_NAME.pattern}")
ITEMS = "items"


def read_forms(value: Json, notes: Notes) -> tuple[Form, ...]:
    """Only what is answered as the instrument asks counts; the rest is noted. Of an instrument that is not known here
    every yes, no, number and word is kept for the policy to judge. Forms stand in one order, however they are told.
    """
    given = notes.mapping(value, "instruments")
    own = sorted(name for name in given if name not in _READERS and _NAME.fullmatch(name))
    if len(own) > FORMS_MAX:
        notes.add(Fault.TOO_MANY, "instruments")
    forms = (
        *(Form(name, tuple(read(given.get(name), f"instruments.{name}", notes))) for name, read in _READERS.items()),
        *(Form(name, tuple(_any(given[name], notes))) for name in own[:FORMS_MAX]),
    )
    return tuple(form for form in forms if form.answers)


def _tipvda(value: Json, path: str, notes: Notes) -> Iterator[Answer]:
    form = notes.mapping(value, path)
    yield from _yes_items(form.get(ITEMS), path, TIPVDA_ITEMS, notes)
    if notes.boolean(form.get("judged_high"), f"{path}.judged_high"):
        yield Answer("judged_high", value=True)


def _bsrs5(value: Json, path: str, notes: Notes) -> Iterator[Answer]:
    form = notes.mapping(value, path)
    answers = notes.mapping(form.get(ITEMS), f"{path}.items")
    for number in map(str, range(1, DISTRESS_ITEMS + 1)):
        yield from _scale(answers.get(number), f"items.{number}", path, DISTRESS_MAX, notes)
    yield from _scale(form.get("suicide_idea"), "suicide_idea", path, SUICIDE_IDEA_MAX, notes)


def _sdm_safety(value: Json, path: str, notes: Notes) -> Iterator[Answer]:
    form = notes.mapping(value, path)
    yield from _yes_items(form.get(ITEMS), path, SAFETY_ITEMS, notes)
    if result := notes.word(SafetyResult, form.get("result"), f"{path}.result"):
        yield Answer("result", result.value)


def _yes_items(value: Json, path: str, items: int, notes: Notes) -> Iterator[Answer]:
    answers = notes.mapping(value, f"{path}.items")
    numbers = [str(number) for number in range(1, items + 1)]
    if not answers.keys() <= set(numbers):
        notes.add(Fault.OUT_OF_RANGE, f"{path}.items")
    for number in numbers:
        if notes.boolean(answers.get(number), f"{path}.items.{number}"):
            yield Answer(f"items.{number}", value=True)


def _scale(value: Json, field: str, path: str, highest: int, notes: Notes) -> Iterator[Answer]:
    if value is None:
        return
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= highest:
        yield Answer(field, value)
    else:
        notes.add(Fault.OUT_OF_RANGE, f"{path}.{field}")


_READERS: Mapping[str, Callable[[Json, str, Notes], Iterator[Answer]]] = {
    "tipvda": _tipvda,
    "bsrs5": _bsrs5,
    "sdm_safety": _sdm_safety,
}


def _any(value: Json, notes: Notes) -> Iterator[Answer]:
    form = value if isinstance(value, dict) else {}
    items = form.get(ITEMS)
    told = {**form, **{f"{ITEMS}.{n}": answer for n, answer in (items.items() if isinstance(items, dict) else ())}}
    answers = sorted(
        Answer(field, answer)
        for field, answer in told.items()
        if _FIELD.fullmatch(field)
        and (
            (isinstance(answer, int) and abs(answer) <= SCALE_MAX)
            or (isinstance(answer, str) and _NAME.fullmatch(answer))
        )
    )
    if len(answers) > FORM_FIELDS_MAX:
        notes.add(Fault.TOO_MANY, "instruments")
    yield from answers[:FORM_FIELDS_MAX]
