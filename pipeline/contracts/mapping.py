"""A mapping: how the columns of somebody's table become reports. It is data, written as TOML, and runs nothing."""

import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from pipeline.contracts.targets import EVERY_REPORT_NEEDS, LISTS, REPORT, Holds, Target, target_of
from pipeline.contracts.vocabulary import Role

FAULTS_COLUMN = "faults"
"""The column in which lines that were set aside say why; it is never read."""

EXAMPLES_MAX = 2
_DATED = frozenset({Holds.INSTANT, Holds.BIRTH_DATE})
_CODED = frozenset({Holds.TEXT, Holds.TEXTS, Holds.WORD, Holds.WORDS})

Filled = Annotated[str, StringConstraints(min_length=1)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
SourceCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]


class FileKind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    NDJSON = "ndjson"


class Encoding(StrEnum):
    """How a text file writes Chinese. A byte order mark always means UTF-8."""

    UTF8 = "utf-8"
    CP950 = "cp950"


class Spelling(StrEnum):
    """How a column writes a day. A cell of Excel that holds a real date is always understood."""

    ROC = "roc"
    """113/5/6, 113-05-06, 民國113年5月6日, 民前5年3月2日."""
    ROC_COMPACT = "roc-compact"
    """1130506, 0990506, 990506."""
    ISO = "iso"
    """2024-05-06, 2024/5/6."""
    ISO_COMPACT = "iso-compact"
    """20240506."""
    EXCEL = "excel"
    """45418: the days that Excel counts, where a date was left as a number."""


class Part(StrEnum):
    """What a column tells of a moment."""

    WHOLE = "whole"
    DATE = "date"
    TIME = "time"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trailer(_Strict):
    """The last line of a batch that says how many lines there are: without it, or with another count, part of the
    batch is missing.
    """

    mark: Filled
    """What stands in its first cell."""
    count_cell: Annotated[int, Field(ge=1, le=100)]
    """Which of its cells, from 1, holds the count of lines."""


class FileForm(_Strict):
    """What kind of file it is."""

    kinds: Annotated[tuple[FileKind, ...], Field(min_length=1)]
    encodings: Annotated[tuple[Encoding, ...], Field(min_length=1)] = (Encoding.UTF8, Encoding.CP950)
    """Tried in this order: the first under which the header row can be found."""
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    header_row: Annotated[int, Field(ge=0, le=100)] = 1
    """The row that names the columns; 0 means that there is none and the columns come in the mapping's order."""
    sheet: Filled | None = None
    """The sheet of a workbook; the first one if not said."""
    trailer: Trailer | None = None


class Somebody(_Strict):
    """A person of each row. `always`: also where no cell tells of this person."""

    role: Role | None = None
    always: bool = False


class Column(_Strict):
    """One column and the field that it fills. Two entries may read one column, and several may fill one field: lists
    grow, texts are joined in order.
    """

    header: Filled
    """As the header row, or the key in NDJSON, has it."""
    to: Filled
    """The field: `report_no`, or `victim.name` where the mapping has a person `victim`."""
    required: bool = False
    dates: tuple[Spelling, ...] = ()
    part: Part = Part.WHOLE
    codes: Filled | None = None
    """The code table by which its cells are read."""
    separators: str | None = None
    """Each of these characters parts several codes, phones or texts in one cell."""
    area_code: bool = False
    """An official area code of 5, 8, 10 or 11 digits; the name of the place is what goes in."""
    yes: tuple[Filled, ...] = ("是", "有", "y", "yes", "true", "t", "1", "v", "✓", "○")
    no: tuple[Filled, ...] = ("否", "無", "沒有", "n", "no", "false", "f", "0", "✗", "╳")
    about: str = ""
    """What a person who fills it in should know."""
    examples: Annotated[tuple[str, ...], Field(max_length=EXAMPLES_MAX)] = ()
    """Invented cells, for `anwang mapping template`."""


CodeTable = Mapping[Filled, Filled | tuple[Filled, ...]]


class ReportMapping(_Strict):
    """How each row of a table becomes one report."""

    title: Filled
    about: str = ""
    source: SourceCode | None = None
    """Who sends such files, unless the command or the feed says so."""
    timezone: Literal["Asia/Taipei"] = "Asia/Taipei"
    """The clock that all times are told by."""
    blank: tuple[Filled, ...] = ()
    """Texts that mean that nothing is known, such as 不詳."""
    ignore: tuple[Filled, ...] = ()
    """Columns that are known and not read."""
    file: FileForm
    persons: Annotated[Mapping[Slug, Somebody], Field(min_length=1)]
    constants: Mapping[Filled, bool | int | str | tuple[str, ...]] = Field(default_factory=dict)
    """Fields that are the same in every report."""
    codes: Mapping[Filled, CodeTable] = Field(default_factory=dict)
    column: Annotated[tuple[Column, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        complaints = [*self._of_columns(), *self._of_constants(), *self._of_the_whole()]
        if complaints:
            raise ValueError("; ".join(complaints))
        return self

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns, each once, in the mapping's order."""
        return tuple(dict.fromkeys(column.header for column in self.column))

    def target(self, path: str) -> Target | None:
        return target_of(path, self.persons)

    def _of_columns(self) -> Iterator[str]:
        for number, column in enumerate(self.column, 1):
            target = self.target(column.to)
            for complaint in _misfits(column, target, self.codes) if target else ["this is no field of a report"]:
                yield f"column {number} ({column.header} to {column.to}): {complaint}"
            if column.header == FAULTS_COLUMN or column.header in self.ignore:
                yield f"column {number} ({column.header}): this column is not read"

    def _of_constants(self) -> Iterator[str]:
        for path, value in self.constants.items():
            target = self.target(path)
            if target is None:
                yield f"constants.{path}: this is no field of a report"
            elif target.words is not None and not target.words.issuperset(_listed(value)):
                yield f"constants.{path}: not a word of the vocabulary"
            elif isinstance(value, tuple) != (target.holds in LISTS) or (
                isinstance(value, bool) != (target.holds is Holds.BOOLEAN)
            ):
                yield f"constants.{path}: this field holds {target.holds}"

    def _of_the_whole(self) -> Iterator[str]:
        told = {column.to for column in self.column} | set(self.constants)
        if self.file.trailer and FileKind.NDJSON in self.file.kinds:
            yield "file.trailer: NDJSON has none"
        for path in EVERY_REPORT_NEEDS:
            if path not in told:
                yield f"nothing fills {path}, which every report needs"
        for who, somebody in self.persons.items():
            if somebody.role is None and f"{who}.role" not in told:
                yield f"persons.{who}: nothing tells the role"
            if who in {path.partition(".")[0] for path in REPORT}:
                yield f"persons.{who}: this is the name of a field of a report"


def parse_mapping(text: str) -> ReportMapping:
    """Raises ValueError, which says by its key what will not do."""
    try:
        return ReportMapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"this is not TOML: {error}") from None
    except ValidationError as error:
        raise ValueError("; ".join(complaints_of(error))) from None


def complaints_of(error: ValidationError) -> Iterator[str]:
    """Each with the key that it is about, none with a value."""
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        where = ".".join(str(part) for part in fault["loc"])
        words = "unknown key" if fault["type"] == "extra_forbidden" else fault["msg"].removeprefix("Value error, ")
        yield f"{where}: {words}" if where else words


def _misfits(column: Column, target: Target, codes: Mapping[str, CodeTable]) -> Iterator[str]:
    if (target.holds in _DATED) != bool(column.dates) and column.part is not Part.TIME:
        yield "a date needs `dates`, and nothing else does"
    if column.part is not Part.WHOLE and target.holds is not Holds.INSTANT:
        yield "only a moment has a `part`"
    if column.separators is not None and target.holds not in LISTS:
        yield "only a list has `separators`"
    if column.area_code and (target.holds is not Holds.TEXT or column.codes):
        yield "only a text can be an `area_code`"
    if column.codes is None:
        return
    if column.codes not in codes:
        yield f"there is no table codes.{column.codes}"
    elif target.holds not in _CODED:
        yield "only texts and words have `codes`"
    else:
        yield from _strange_words(codes[column.codes], target, column.codes)


def _strange_words(table: CodeTable, target: Target, name: str) -> Iterator[str]:
    for code, value in table.items():
        if target.words is not None and not target.words.issuperset(_listed(value)):
            yield f"codes.{name}.{code}: not a word of the vocabulary"
        if isinstance(value, tuple) and target.holds not in LISTS:
            yield f"codes.{name}.{code}: this field holds only one"


def _listed(value: bool | int | str | tuple[str, ...]) -> tuple[str, ...]:  # noqa: FBT001 - a value, not a switch
    return value if isinstance(value, tuple) else (str(value),)
