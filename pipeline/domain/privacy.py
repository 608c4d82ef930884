"""What may leave: ids that can hold nothing personal, bands instead of ages."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from pipeline.contracts.case import AgeBand
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.ages import youngest_years
from pipeline.domain.facts import Facts
from pipeline.domain.normalise.identity import read_national_id

_UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_OPAQUE = re.compile(r"[A-Za-z0-9._:~-]{1,64}")
_ALONE_LIKE_AN_ID = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][1289A-Da-d]\d{8}(?!\d)")
_LIKE_AN_ID = re.compile(r"(?=([A-Za-z][1289A-Da-d]\d{8}))")
_LIKE_A_PHONE = re.compile(
    r"(?:(?<!\d)886-?0?|(?<!\d)0)9\d{2}[.-]?\d{3}[.-]?\d{3}(?!\d)"
    r"|(?<!\d)0[2-8]\d{0,2}[.-]\d{3,4}[.-]?\d{3,4}(?!\d)"
    r"|(?<!\d)0[2-8]\d{7,8}(?!\d)"
)
"""A mobile, or a telephone with its area code."""


def public_event_id(event_id: str, event_key: UUID) -> str:
    """The id as sent where it is opaque, else the derived one: a source that put a name or a number into an id must
    not publish it.
    """
    if _UUID.fullmatch(event_id) or (_OPAQUE.fullmatch(event_id) and not _looks_personal(event_id)):
        return event_id
    return str(event_key)


def _looks_personal(text: str) -> bool:
    """Inside a longer word only a number whose checksum holds is taken for a national ID."""
    if _ALONE_LIKE_AN_ID.search(text) or _LIKE_A_PHONE.search(text):
        return True
    return any(read_national_id(found[1]) for found in _LIKE_AN_ID.finditer(text))


_ROLES = frozenset(ReporterRole)
_BANDS = ((6, AgeBand.UNDER_6), (12, AgeBand.UNDER_12), (18, AgeBand.UNDER_18), (65, AgeBand.UNDER_65))


def age_band(incidents: Iterable[tuple[Facts, ...]]) -> AgeBand:
    years = [y for y in map(youngest_years, incidents) if y is not None]
    if not years:
        return AgeBand.UNKNOWN
    return next((band for below, band in _BANDS if min(years) < below), AgeBand.FROM_65)


def without_reporter(document: Mapping[str, Any]) -> dict[str, Any]:
    """The event without what tells who reported; the role and what the reporter wished for stay."""
    data = document.get("data")
    reporter = data.get("reporter") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or reporter is None:
        return dict(document)
    kept = dict(_unnamed(reporter)) if isinstance(reporter, Mapping) else None
    return {**document, "data": {**data, "reporter": kept}}


def _unnamed(reporter: Mapping[str, Any]) -> Iterator[tuple[str, str | bool]]:
    """What cannot hold a name: a word of the vocabulary, yes or no."""
    role = reporter.get("role")
    if isinstance(role, str) and role in _ROLES:
        yield "role", role
    for name in ("mandated", "anonymous", "wants_reply"):
        if isinstance(reporter.get(name), bool):
            yield name, reporter[name]
