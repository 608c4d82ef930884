"""What a filled instrument adds up to. Each form is taken by itself: answers are never added up over two."""

from pipeline.contracts.policy import Instrument, Item
from pipeline.domain.facts import Form


def sum_of(form: Form, instrument: Instrument) -> int:
    """Yes counts 1, a value on a scale as much as it says, one above the scale as its highest; what is missing or below
    the scale counts 0.
    """
    return sum(_worth(form, item) for item in instrument.item if item.sums)


def highest_sum(instrument: Instrument) -> int:
    """What a form adds up to where every question is answered with the most."""
    return sum(item.high for item in instrument.item if item.sums and (item.values is None or item.is_scale))


def stands_in_band(form: Form, instrument: Instrument, band: str) -> list[str]:
    """The fields by which a form stands in this band or in a graver one."""
    floors = {b.code: b.at_least for b in instrument.band}
    fields = ["items"] if sum_of(form, instrument) >= floors[band] else []
    override = instrument.override
    if override and floors[override.band] >= floors[band] and form.answer(override.field) is True:
        fields.append(override.field)
    return fields


def _worth(form: Form, item: Item) -> int:
    answer = form.answer(item.field)
    if item.values is None:
        return int(answer is True)
    if not item.is_scale or isinstance(answer, bool) or not isinstance(answer, int):
        return 0
    return min(answer, item.high) if answer >= item.low else 0
