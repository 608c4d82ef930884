"""What can be wrong with a row of a table, told by line, column and code, never by what stands in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class RowFault(StrEnum):
    """Why a person must look at a row."""

    EMPTY = "empty"
    DATE_UNREADABLE = "date_unreadable"
    DATE_IN_FUTURE = "date_in_future"
    DATE_TOO_OLD = "date_too_old"
    TIME_UNREADABLE = "time_unreadable"
    CODE_UNKNOWN = "code_unknown"
    WORD_UNKNOWN = "word_unknown"
    BOOLEAN_UNREADABLE = "boolean_unreadable"
    NUMBER_UNREADABLE = "number_unreadable"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    AREA_UNKNOWN = "area_unknown"
    NOT_DECODED = "not_decoded"
    FORMULA_FAILED = "formula_failed"
    NO_PERSON = "no_person"
    COLUMNS_WRONG = "columns_wrong"
    QUOTE_OPEN = "quote_open"
    NOT_JSON = "not_json"
    COLUMN_UNKNOWN = "column_unknown"
    LINE_NOT_WHOLE = "line_not_whole"
    TOO_LARGE = "too_large"


WORDS: Mapping[RowFault, str] = MappingProxyType(
    {
        RowFault.EMPTY: "this cell must be filled",
        RowFault.DATE_UNREADABLE: "this is no date as the column spells it",
        RowFault.DATE_IN_FUTURE: "this date has not come yet",
        RowFault.DATE_TOO_OLD: "this date is too long ago",
        RowFault.TIME_UNREADABLE: "this is no time of day",
        RowFault.CODE_UNKNOWN: "this code is not in the column's table",
        RowFault.WORD_UNKNOWN: "this word is not in the vocabulary",
        RowFault.BOOLEAN_UNREADABLE: "this is neither yes nor no",
        RowFault.NUMBER_UNREADABLE: "this is no whole number",
        RowFault.NUMBER_OUT_OF_RANGE: "this number is out of its bounds",
        RowFault.AREA_UNKNOWN: "no place has this area code",
        RowFault.NOT_DECODED: "this holds bytes that are no characters of the file's encoding",
        RowFault.FORMULA_FAILED: "this formula gives an error",
        RowFault.NO_PERSON: "no column tells of any person",
        RowFault.COLUMNS_WRONG: "this line has more or fewer columns than the header",
        RowFault.QUOTE_OPEN: "a quotation mark is not closed",
        RowFault.NOT_JSON: "this line is no JSON object of texts, numbers and lists of them",
        RowFault.COLUMN_UNKNOWN: "this line has a key that the mapping does not know",
        RowFault.LINE_NOT_WHOLE: "the file breaks off in this line",
        RowFault.TOO_LARGE: "this line is too large for one report",
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault and the header of its column; None where it is the whole row's."""

    fault: RowFault
    column: str | None = None

    def said(self) -> str:
        """For a person."""
        return f"{self.column or 'the line'}: {WORDS[self.fault]} ({self.fault})"


@dataclass(frozen=True, slots=True)
class LineFinding:
    """`line` as an editor or Excel counts it."""

    line: int
    finding: Finding
