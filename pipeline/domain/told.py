"""A report that somebody told by telephone, fax, letter or at the counter: the event that the desk makes of it."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pipeline.contracts.envelope import REPORT_TYPE, SPEC_VERSION
from pipeline.contracts.ids import derived
from pipeline.contracts.jsontext import Json
from pipeline.contracts.vocabulary import Channel
from pipeline.domain.normalise.reading import SOURCE_PREFIX


class How(StrEnum):
    """By which way it was told."""

    PHONE = "phone"
    FAX = "fax"
    LETTER = "letter"
    IN_PERSON = "in_person"


def told_id(staff: str, key: str) -> UUID:
    """The same key of the same person is the same report, however often it is entered."""
    return derived("told-report", staff, key)


def desk_source(centre: str) -> str:
    """The code of the source by which a centre's desk enters reports; `note_told_report` says the same."""
    return f"desk-{centre}"


def told_event(which: UUID, source: str, data: Mapping[str, Json], received_at: datetime, made_at: datetime) -> bytes:
    """The same inputs give the same bytes. `received_at` of the control record stands for that of `data`; a report
    without a number is called by its own id.
    """
    filled = {"report_no": str(which), "channel": Channel.PARTNER.value, **data, "received_at": received_at.isoformat()}
    event = {
        "specversion": SPEC_VERSION,
        "id": str(which),
        "source": f"{SOURCE_PREFIX}{source}",
        "type": REPORT_TYPE,
        "time": made_at.isoformat(),
        "data": filled,
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
