"""One row of a table as one report."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from pipeline.contracts.envelope import REPORT_TYPE, SPEC_VERSION
from pipeline.contracts.ids import derived
from pipeline.contracts.jsontext import Json
from pipeline.contracts.targets import EVERY_REPORT_NEEDS
from pipeline.domain.importing.days import Cell, text_of
from pipeline.domain.importing.faults import Finding, RowFault
from pipeline.domain.importing.fields import Filled, read_field
from pipeline.domain.importing.plan import Field, Plan, Told
from pipeline.domain.normalise.reading import SOURCE_PREFIX
from pipeline.domain.normalise.text import plain

UNDECODED: Final = re.compile(r"[\ud800-\udfff]")
"""A byte that no character of the file's encoding begins with is held so until it is looked at."""

FORMULA_ERRORS: Final = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
ROW_CHARACTERS_MAX: Final = 1_500_000
"""Of all that goes into its report: whatever they are, a message holds them."""

_INSTEAD = "\ufffd"


@dataclass(frozen=True, slots=True)
class Row:
    """`line` as an editor or Excel counts it; `fault` is that of a row whose cells cannot be told apart."""

    line: int
    cells: tuple[Cell, ...] = field(repr=False)
    fault: RowFault | None = None

    @property
    def is_blank(self) -> bool:
        return self.fault is None and all(cell is None or text_of(cell).strip() == "" for cell in self.cells)


@dataclass(frozen=True, slots=True)
class ReadRow:
    """`event` is the CloudEvent, with what cannot be read as it is written; None where the row cannot be a report."""

    line: int
    event: Mapping[str, Json] | None = field(repr=False)
    findings: tuple[Finding, ...]


def read_row(plan: Plan, row: Row, today: date) -> ReadRow:
    """Never raises. The same row of the same source gives the same event, byte for byte, whatever the day."""
    if row.fault is not None:
        return ReadRow(row.line, None, (Finding(row.fault),))
    if len(row.cells) != plan.width:
        return ReadRow(row.line, None, (Finding(RowFault.COLUMNS_WRONG),))
    if sum(len(text_of(row.cells[told.at])) for each in plan.fields for told in each.told) > ROW_CHARACTERS_MAX:
        return ReadRow(row.line, None, (Finding(RowFault.TOO_LARGE),))
    findings: dict[Finding, None] = {}
    told: dict[str, Json] = {}
    for each in plan.fields:
        filled = list(_filled(each, row, plan, findings))
        value = read_field(each, filled, today)
        findings.update(dict.fromkeys(value.findings))
        if value.value is not None:
            told[each.path] = value.value
    findings.update(dict.fromkeys(_lacking(plan, told)))
    return ReadRow(row.line, _event(plan, row, told, findings), tuple(findings))


def _filled(each: Field, row: Row, plan: Plan, findings: dict[Finding, None]) -> Iterator[Filled]:
    for told in each.told:
        cell = row.cells[told.at]
        text = text_of(cell).strip()
        if text in FORMULA_ERRORS:
            findings[_of(told, RowFault.FORMULA_FAILED)] = None
        elif plain(text) not in plan.blank:
            if UNDECODED.search(text):
                findings[_of(told, RowFault.NOT_DECODED)] = None
                text = UNDECODED.sub(_INSTEAD, text)
            yield Filled(told, text if isinstance(cell, str) else cell, text)
            continue
        if told.column.required:
            findings[_of(told, RowFault.EMPTY)] = None


def _of(told: Told, fault: RowFault) -> Finding:
    return Finding(fault, told.column.header)


def _lacking(plan: Plan, told: Mapping[str, Json]) -> Iterator[Finding]:
    for path in EVERY_REPORT_NEEDS:
        if path not in told and path not in plan.mapping.constants:
            column = next((f.told[0].column.header for f in plan.fields if f.path == path), None)
            yield Finding(RowFault.EMPTY, column)


def _event(plan: Plan, row: Row, told: Mapping[str, Json], findings: dict[Finding, None]) -> Mapping[str, Json] | None:
    data, persons = _data(plan, told)
    if not persons:
        findings[Finding(RowFault.NO_PERSON)] = None
    if not persons or not data.get("report_no") or not data.get("channel"):
        return None
    data = {"received_at": "", "categories": [], **data, "persons": persons}
    sent_at = told.get("time") or told.get("received_at")
    return {
        "specversion": SPEC_VERSION,
        "id": str(event_id(plan, row)),
        "source": SOURCE_PREFIX + plan.source,
        "type": REPORT_TYPE,
        **({"time": sent_at} if sent_at else {}),
        "datacontenttype": "application/json",
        "data": data,
    }


def event_id(plan: Plan, row: Row) -> object:
    """Of the source and what stands in the row, in whatever order its columns come: the same row is the same event."""
    cells = ((header, text_of(row.cells[at])) for header, at in plan.identity)
    return derived("row", plan.source, *(part for header, text in cells if text for part in (header, text)))


def _data(plan: Plan, told: Mapping[str, Json]) -> tuple[dict[str, Json], list[Json]]:
    persons: dict[str, dict[str, Json]] = {
        who: {"role": somebody.role} if somebody.role else {} for who, somebody in plan.mapping.persons.items()
    }
    data: dict[str, Json] = {}
    seen = {who for who, somebody in plan.mapping.persons.items() if somebody.always}
    for path, constant in plan.mapping.constants.items():
        _put(data, persons, path, list(constant) if isinstance(constant, tuple) else constant)
    for path, value in told.items():
        if path != "time":
            _put(data, persons, path, value)
            seen.add(path.partition(".")[0])
    return data, [person for who, person in persons.items() if who in seen and person.get("role")]


def _put(data: dict[str, Json], persons: Mapping[str, dict[str, Json]], path: str, value: Json) -> None:
    """Where the path points; lists and items grow, anything else is replaced."""
    who, _, rest = path.partition(".")
    into, parts = (persons[who], rest.split(".")) if who in persons else (data, path.split("."))
    for part in parts[:-1]:
        deeper = into.setdefault(part, {})
        if not isinstance(deeper, dict):
            return
        into = deeper
    last, there = parts[-1], into.get(parts[-1])
    if isinstance(there, list) and isinstance(value, list):
        into[last] = [*there, *(item for item in value if item not in there)]
    elif isinstance(there, dict) and isinstance(value, dict):
        into[last] = {**there, **value}
    else:
        into[last] = value
