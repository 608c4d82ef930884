"""Reading values of any type where the contract wants a certain one. What is wrong is noted, never raised."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

from pipeline.contracts.jsontext import Json, canonical

FAULTS_MAX = 100
"""A report with more of them says so in its last one; a decision must stay small enough to be sent."""

ITEMS_MAX = 200
"""Of each list of a report so many are looked at one by one, which bounds what one report can cost. No form has so
many.
"""

Word = TypeVar("Word", bound=StrEnum)


class Fault(StrEnum):
    """What was wrong with a field. A fault is written `code:path`; the path is made of the contract's names and
    positions only.
    """

    TEXT_EXPECTED = "text_expected"
    LIST_EXPECTED = "list_expected"
    OBJECT_EXPECTED = "object_expected"
    BOOLEAN_EXPECTED = "boolean_expected"
    WORD_UNKNOWN = "word_unknown"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    OUT_OF_RANGE = "out_of_range"
    TIME_UNREADABLE = "time_unreadable"
    OFFSET_MISSING = "offset_missing"
    TIME_IN_FUTURE = "time_in_future"
    KNOWN_AFTER_RECEIVED = "known_after_received"
    BIRTH_DATE_UNREADABLE = "birth_date_unreadable"
    BIRTH_DATE_DOUBTFUL = "birth_date_doubtful"
    NATIONAL_ID_INVALID = "national_id_invalid"
    PHONE_UNREADABLE = "phone_unreadable"
    PERSON_WITHOUT_ROLE = "person_without_role"
    SOURCE_UNREGISTERED = "source_unregistered"
    MORE_FAULTS = "more_faults"


class Notes:
    """The faults of one report, in the order in which they were found, each once."""

    def __init__(self) -> None:
        self._faults: dict[str, None] = {}

    def add(self, fault: Fault, path: str) -> None:
        if len(self._faults) < FAULTS_MAX:
            self._faults[f"{fault}:{path}"] = None
        else:
            self._faults[str(Fault.MORE_FAULTS)] = None

    def faults(self) -> tuple[str, ...]:
        return tuple(self._faults)

    def text(self, value: Json, path: str) -> str | None:
        """The text, None where nothing stands. What is no text is taken as it is written in JSON."""
        if value is None or isinstance(value, str):
            return value
        self.add(Fault.TEXT_EXPECTED, path)
        return canonical(value).decode("ascii")

    def items(self, value: Json, path: str) -> list[Json]:
        """The first items of the list; what is no list counts as its only item."""
        if value is None:
            return []
        if not isinstance(value, list):
            self.add(Fault.LIST_EXPECTED, path)
            return [value]
        if len(value) > ITEMS_MAX:
            self.add(Fault.TOO_MANY, path)
        return value[:ITEMS_MAX]

    def texts(self, value: Json, path: str) -> Iterator[tuple[str, str]]:
        """Every filled text of a list with its own path."""
        for position, item in enumerate(self.items(value, path)):
            where = f"{path}[{position}]"
            text = self.text(item, where)
            if text is not None and text.strip():
                yield text, where

    def mapping(self, value: Json, path: str) -> Mapping[str, Json]:
        if isinstance(value, dict):
            return value
        if value is not None:
            self.add(Fault.OBJECT_EXPECTED, path)
        return {}

    def boolean(self, value: Json, path: str) -> bool:
        """Only `true` counts."""
        if value is not None and not isinstance(value, bool):
            self.add(Fault.BOOLEAN_EXPECTED, path)
        return value is True

    def word(self, kind: type[Word], value: Json, path: str) -> Word | None:
        """The word of this vocabulary, None where nothing or another word stands."""
        text = self.text(value, path)
        if text is None:
            return None
        try:
            return kind(text)
        except ValueError:
            self.add(Fault.WORD_UNKNOWN, path)
            return None
