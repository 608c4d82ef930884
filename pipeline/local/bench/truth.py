"""The truth beside a file of reports, and where a program put them: CSV in the form of the example data."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import AnwangError


class TruthError(AnwangError):
    """A truth file cannot be used; the text names it and why."""


class Groups(NamedTuple):
    """Which incident and which household an event is of."""

    incident: str
    household: str


class TruthRow(NamedTuple):
    """`what` is new, resend or amendment."""

    event_id: str
    report_no: str
    incident: str
    household: str
    what: str


def write_truth(path: Path, rows: Iterable[TruthRow]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(TruthRow._fields)
        writer.writerows(rows)


def read_truth(path: Path) -> dict[str, Groups]:
    """By event id. Raises TruthError."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if not {"event_id", *Groups._fields} <= set(rows.fieldnames or ()):
                raise TruthError(f"{path} needs the columns event_id, incident and household")
            return {row["event_id"]: Groups(row["incident"], row["household"]) for row in rows}
    except OSError as error:
        raise TruthError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise TruthError(f"{path} is not UTF-8") from None


def groups_of(rows: Iterable[TruthRow]) -> Mapping[str, Groups]:
    return {row.event_id: Groups(row.incident, row.household) for row in rows}
