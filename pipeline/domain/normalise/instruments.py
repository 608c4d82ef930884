"""The filled instruments of a report: three that every source knows, and whatever scales a bureau has added."""

import re
from collections.abc import Iterator

from pipeline.contracts.jsontext import Json
from pipeline.contracts.limits import (
    DISTRESS_ITEMS,
    DISTRESS_MAX,
    FORM_FIELDS_MAX,
    SAFETY_ITEMS,
    SUICIDE_IDEA_MAX,
    TIPVDA_ITEMS,
)
from pipeline.contracts.vocabulary import SafetyResult
from pipeline.domain.facts import Answer, Form
from pipeline.domain.normalise.notes import Fault, Notes

_NAME = re.compile(r"[A-Za-z0-9_]{1,40}")
ITEMS = "items"


def read_forms(value: Json, notes: Notes) -> tuple[Form, ...]:
    """Only what is answered as the instrument asks counts; the rest is noted. Of an instrument that is not known here
    every yes, no, number and word is kept for the policy to judge.
    """
    given = notes.mapping(value, "instruments")
    forms = (_form(name, given[name], notes) for name in list(given)[:FORM_FIELDS_MAX] if _NAME.fullmatch(name))
    return tuple(form for form in forms if form.answers)


def _form(name: str, value: Json, notes: Notes) -> Form:
    readers = {"tipvda": _tipvda, "bsrs5": _bsrs5, "sdm_safety": _sdm_safety}
    path = f"instruments.{name}"
    reader = readers.get(name)
    return Form(name, tuple(reader(value, path, notes) if reader else _any(value)))


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


def _any(value: Json) -> Iterator[Answer]:
    form = value if isinstance(value, dict) else {}
    items = form.get(ITEMS)
    told = [*form.items(), *((f"{ITEMS}.{k}", v) for k, v in (items.items() if isinstance(items, dict) else ()))]
    for field, answer in told[:FORM_FIELDS_MAX]:
        if _NAME.fullmatch(field.removeprefix(f"{ITEMS}.")) is None:
            continue
        if (isinstance(answer, int) and abs(answer) <= SCALE_ABS_MAX) or (
            isinstance(answer, str) and _NAME.fullmatch(answer)
        ):
            yield Answer(field, answer)


SCALE_ABS_MAX = 1000
"""No scale has larger values; a larger number is a telephone or an ID that has gone astray."""
