"""What makes an instrument sound: bands in order, and questions that a report can answer."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from pipeline.contracts.limits import (
    DISTRESS_ITEMS,
    DISTRESS_MAX,
    FORM_FIELDS_MAX,
    FORM_NAME_CHARACTERS_MAX,
    SAFETY_ITEMS,
    SCALE_MAX,
    SUICIDE_IDEA_MAX,
    TIPVDA_ITEMS,
)
from pipeline.contracts.policy import Instrument, Item
from pipeline.contracts.vocabulary import SafetyResult
from pipeline.domain.policy.condition_checks import Complaint
from pipeline.domain.policy.forms import highest_sum
from pipeline.domain.policy.guessing import guess
from pipeline.domain.policy.located import Path

Values = tuple[int | str, ...]
YES_OR_NO: Values = ()

KNOWN_FORMS: Mapping[str, Mapping[str, Values]] = {
    "tipvda": {f"items.{n}": YES_OR_NO for n in range(1, TIPVDA_ITEMS + 1)} | {"judged_high": YES_OR_NO},
    "bsrs5": {f"items.{n}": (0, DISTRESS_MAX) for n in range(1, DISTRESS_ITEMS + 1)}
    | {"suicide_idea": (0, SUICIDE_IDEA_MAX)},
    "sdm_safety": {f"items.{n}": YES_OR_NO for n in range(1, SAFETY_ITEMS + 1)} | {"result": tuple(SafetyResult)},
}
"""The instruments that every report is read by, with what each field can hold. Of all others any answer is kept."""


def instrument_faults(instruments: Sequence[Instrument]) -> Iterator[Complaint]:
    for place, instrument in enumerate(instruments):
        path: Path = ("instrument", place)
        yield from each_once((*path, "item"), [item.field for item in instrument.item], "field")
        yield from each_once((*path, "band"), [band.code for band in instrument.band], "code")
        yield from _items(instrument, path)
        yield from _bands(instrument, path)
        yield from _override(instrument, path)


def each_once(path: Path, words: Sequence[str], field: str) -> Iterator[Complaint]:
    """A word that stands a second time, at that row's `field`."""
    for place, word in enumerate(words):
        if word in words[:place]:
            yield (*path, place, field), f"{word} is there twice"


def _items(instrument: Instrument, path: Path) -> Iterator[Complaint]:
    known = KNOWN_FORMS.get(instrument.code)
    if known is None and len(instrument.code) > FORM_NAME_CHARACTERS_MAX:
        yield (*path, "code"), f"reports name instruments with at most {FORM_NAME_CHARACTERS_MAX} characters"
    if known is None and len(instrument.item) > FORM_FIELDS_MAX:
        yield (*path, "item"), f"of one form at most {FORM_FIELDS_MAX} answers are looked at"
    for place, item in enumerate(instrument.item):
        where = (*path, "item", place)
        if item.low < 0:
            yield (*where, "values"), "a scale begins at 0 or above: an answer may not lower the sum"
        elif known is None:
            yield from _can_be_told(item, where)
        elif item.field not in known:
            yield (*where, "field"), f"reports have no {instrument.code}.{item.field}{guess(item.field, list(known))}"
        else:
            yield from _as_reported(item, known[item.field], where)


def _can_be_told(item: Item, path: Path) -> Iterator[Complaint]:
    if item.high > SCALE_MAX:
        yield (*path, "values"), f"values above {SCALE_MAX} are not kept of a report"
    for word in item.values or ():
        if isinstance(word, str) and len(word) > FORM_NAME_CHARACTERS_MAX:
            yield (
                (*path, "values"),
                f"words of more than {FORM_NAME_CHARACTERS_MAX} characters are not kept",
            )


def _as_reported(item: Item, told: Values, path: Path) -> Iterator[Complaint]:
    if told == YES_OR_NO:
        if item.values is not None:
            yield (*path, "values"), "reports answer this with yes or no"
    elif item.is_scale or isinstance(told[0], int):
        if item.values != told:
            yield (path if item.values is None else (*path, "values")), f"reports answer this with {_listed(told)}"
    elif item.values is None or not set(item.values) <= set(told):
        yield (path if item.values is None else (*path, "values")), f"reports answer this with {_listed(told)}"


def _listed(values: Values) -> str:
    return f"{values[0]} to {values[-1]}" if isinstance(values[0], int) else ", ".join(map(str, values))


def _bands(instrument: Instrument, path: Path) -> Iterator[Complaint]:
    for place, (one, other) in enumerate(pairwise(instrument.band), 1):
        if other.at_least <= one.at_least:
            yield (*path, "band", place, "at_least"), "bands go from the lightest to the gravest"
    for place, band in enumerate(instrument.band):
        if band.at_least > highest_sum(instrument):
            yield (*path, "band", place, "at_least"), f"the sum is at most {highest_sum(instrument)}"


def _override(instrument: Instrument, path: Path) -> Iterator[Complaint]:
    override = instrument.override
    if override is None:
        return
    if override.band not in {band.code for band in instrument.band}:
        yield (*path, "override"), f"there is no band {override.band}"
    known = KNOWN_FORMS.get(instrument.code)
    asked = next((item for item in instrument.item if item.field == override.field), None)
    if (asked and asked.values is not None) or (known and known.get(override.field) != YES_OR_NO):
        yield (*path, "override", "field"), f"{override.field} is no question of yes and no"
