"""The instruments of a report: partner-violence danger, distress, child safety."""

from pipeline.contracts.jsontext import Json
from pipeline.contracts.limits import SUICIDE_IDEA_MAX, TIPVDA_ITEMS
from pipeline.contracts.vocabulary import SafetyResult
from pipeline.domain.facts import Instruments, Tipvda
from pipeline.domain.normalise.notes import Fault, Notes

_TIPVDA_NUMBERS = {str(number): number for number in range(1, TIPVDA_ITEMS + 1)}


def read_instruments(value: Json, notes: Notes) -> Instruments:
    """Only what is answered as the instrument asks counts; the rest is noted."""
    given = notes.mapping(value, "instruments")
    if not given:
        return Instruments()
    distress = notes.mapping(given.get("bsrs5"), "instruments.bsrs5")
    safety = notes.mapping(given.get("sdm_safety"), "instruments.sdm_safety")
    return Instruments(
        tipvda=_tipvda(given.get("tipvda"), notes),
        suicide_idea=_suicide_idea(distress.get("suicide_idea"), notes),
        safety_result=notes.word(SafetyResult, safety.get("result"), "instruments.sdm_safety.result"),
    )


def _tipvda(value: Json, notes: Notes) -> Tipvda:
    path = "instruments.tipvda"
    form = notes.mapping(value, path)
    answers = notes.mapping(form.get("items"), f"{path}.items")
    if not answers.keys() <= _TIPVDA_NUMBERS.keys():
        notes.add(Fault.OUT_OF_RANGE, f"{path}.items")
    yes = frozenset(
        number for text, number in _TIPVDA_NUMBERS.items() if notes.boolean(answers.get(text), f"{path}.items.{text}")
    )
    return Tipvda(yes, notes.boolean(form.get("judged_high"), f"{path}.judged_high"))


def _suicide_idea(value: Json, notes: Notes) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= SUICIDE_IDEA_MAX:
        return value
    notes.add(Fault.OUT_OF_RANGE, "instruments.bsrs5.suicide_idea")
    return None
