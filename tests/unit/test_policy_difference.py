from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.policy import PolicyFile
from pipeline.domain.policy.difference import Change, Kind, changes
from pipeline.domain.policy.reading import shipped

TABLES = shipped().tables


def with_rows(table: str, rows: Sequence[object]) -> PolicyFile:
    return TABLES.model_copy(update={table: tuple(rows)})


def found(new: PolicyFile) -> list[Change]:
    return list(changes(TABLES, new))


def test_a_policy_does_not_differ_from_itself() -> None:
    assert found(TABLES) == []


def test_a_changed_value_is_told_with_both_values() -> None:
    rows = [r.model_copy(update={"points": 9}) if r.code == "neglect" else r for r in TABLES.indicator]
    assert found(with_rows("indicator", rows)) == [
        Change("indicator", Kind.CHANGED, "neglect", "points", 5, 9),
    ]


def test_rows_that_are_new_or_gone_are_told_whole() -> None:
    gone, *rest = TABLES.indicator
    new = gone.model_copy(update={"code": "public_danger"})
    told = found(with_rows("indicator", [*rest, new]))
    assert [(c.kind, c.row) for c in told] == [(Kind.REMOVED, "injury_visible"), (Kind.ADDED, "public_danger")]
    assert told[1].new == {"code": "public_danger", "points": 8, "zh": "可見傷勢", "en": "A visible injury"}


def test_of_a_condition_only_the_word_that_differs_is_told() -> None:
    row = next(r for r in TABLES.also if r.code == "family")
    text = row.model_dump(mode="json", by_alias=True, exclude_unset=True)
    text["when"]["all"][1]["any"][1]["any_of"].remove("utilities_cut")
    rows = [type(row).model_validate(text) if r is row else r for r in TABLES.also]
    assert found(with_rows("also", rows)) == [
        Change("also", Kind.REMOVED, "family", "when all 2 any 2 any_of", old="utilities_cut"),
    ]


def test_a_question_of_an_instrument_is_told_by_its_field() -> None:
    one, *others = TABLES.instrument
    item = one.item[0].model_copy(update={"points": 1})
    instruments = [one.model_copy(update={"item": (item, *one.item[1:])}), *others]
    assert found(with_rows("instrument", instruments)) == [
        Change("instrument", Kind.CHANGED, "tipvda item items.1", "points", 20, 1),
    ]


def test_days_of_the_calendar_are_told_one_by_one() -> None:
    off = {**TABLES.calendar.off, 2026: (*TABLES.calendar.off[2026], "07-10")}
    calendar = TABLES.calendar.model_copy(update={"off": off})
    assert found(TABLES.model_copy(update={"calendar": calendar})) == [
        Change("calendar", Kind.ADDED, "off 2026-07-10"),
    ]


def test_heads_are_told() -> None:
    new = TABLES.model_copy(update={"version": "city-1", "effective_to": date(2027, 12, 31)})
    assert found(new) == [
        Change("", Kind.CHANGED, "", "version", "default-2026.1", "city-1"),
        Change("", Kind.CHANGED, "", "effective_to", None, "2027-12-31"),
    ]


@pytest.mark.parametrize("table", ["indicator", "tag", "rule"])
def test_where_order_decides_nothing_it_is_not_told(table: str) -> None:
    assert found(with_rows(table, list(reversed(getattr(TABLES, table))))) == []


@given(st.integers(0, 10), st.integers(0, 10))
def test_a_row_that_moved_is_the_only_one_that_is_told_of(was: int, now: int) -> None:
    rows = list(TABLES.priority)
    rows.insert(now, rows.pop(was))
    told = found(with_rows("priority", rows))
    if was == now:
        assert told == []
    elif abs(was - now) == 1:
        assert [c.kind for c in told] == [Kind.MOVED]
    else:
        assert told == [Change("priority", Kind.MOVED, TABLES.priority[was].name, old=was + 1, new=now + 1)]
