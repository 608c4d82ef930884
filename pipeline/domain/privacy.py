"""What may leave: ids that can hold nothing personal, bands instead of ages."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.contracts.case import AgeBand
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.ages import youngest_years
from pipeline.domain.facts import Facts
from pipeline.domain.normalise.identity import read_national_id
from pipeline.domain.normalise.phone import read_phone

_UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_HEX = re.compile(r"(?=[0-9]*[a-fA-F])[0-9a-fA-F]{16,64}")
_WORD = r"(?:event|evt?|e|report|rep|r|message|msg|m|id|nr|no|n|test|sample)[-_.:]?"
_NUMBERED = re.compile(rf"({_WORD})?([0-9]+(?:[-_.:][0-9]+)*)", re.ASCII | re.IGNORECASE)
DIGITS_MAX = 20
DIGITS_ALONE_MAX = 7
"""Where no word stands before them; one more may be a telephone or the day of a birth."""
_ALONE_LIKE_AN_ID = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][1289A-Da-d]\d{8}(?!\d)")
_LIKE_AN_ID = re.compile(r"(?=([A-Za-z][1289A-Da-d]\d{8}))")
_LIKE_A_PHONE = re.compile(
    r"(?:(?<!\d)886-?0?|(?<!\d)0)9\d{2}[.-]?\d{3}[.-]?\d{3}(?!\d)"
    r"|(?<!\d)0[2-8]\d{0,2}[.-]\d{3,4}[.-]?\d{3,4}(?!\d)"
    r"|(?<!\d)0[2-8]\d{7,8}(?!\d)"
)
"""A mobile, or a telephone with its area code."""


def public_event_id(event_id: str, event_key: UUID, *, source: str) -> str:
    """The id as sent where it can hold no name and no number of a person, else the derived one.

    That is an id as machines draw it (UUID, ULID, 16 to 64 hexadecimal digits), or a few numbers, behind a neutral
    word or the code of its own source.
    """
    if _UUID.fullmatch(event_id):
        return event_id
    is_drawn = _ULID.fullmatch(event_id) or _HEX.fullmatch(event_id)
    if (is_drawn or _is_numbered(event_id, source)) and not _looks_personal(event_id):
        return event_id
    return str(event_key)


def _is_numbered(event_id: str, source: str) -> bool:
    is_own = bool(source) and event_id.startswith(source) and event_id[len(source) :][:1] in {"-", "_", ".", ":"}
    found = _NUMBERED.fullmatch(event_id[len(source) + 1 :] if is_own else event_id)
    if not found or (is_own and found[1]):
        return False
    word = source if is_own else (found[1] or "").rstrip("-_.:")
    numbers = re.split(r"[-_.:]", found[2])
    digits_max = DIGITS_MAX if word else DIGITS_ALONE_MAX
    return len("".join(numbers)) <= digits_max and not _looks_split(word, numbers)


def _looks_split(word: str, numbers: Sequence[str]) -> bool:
    """Whether numbers that stand beside each other make a telephone, or behind a letter a national ID."""
    joined = ["".join(numbers[:end]) for end in range(1, len(numbers) + 1)]
    if any(_ALONE_LIKE_AN_ID.fullmatch(word + number) for number in joined):
        return True
    if any(read_national_id(word[-1:] + number) for number in joined):
        return True
    return any(read_phone("".join(numbers[i:j])) for i in range(len(numbers)) for j in range(i + 1, len(numbers) + 1))


def _looks_personal(text: str) -> bool:
    """Inside a longer word only a number whose checksum holds is taken for a national ID."""
    if _ALONE_LIKE_AN_ID.search(text) or _LIKE_A_PHONE.search(text):
        return True
    return any(read_national_id(found[1]) for found in _LIKE_AN_ID.finditer(text))


def guarded(facts: Facts, digest: Callable[[bytes], bytes]) -> Facts:
    """The facts with an event key that cannot be guessed. Who tries out national IDs would else know again the key, and
    all ids derived from it, of an event whose id is one. `digest` is keyed; 16 of its bytes are used.
    """
    if public_event_id(facts.event_id, facts.event_key, source=facts.source) == facts.event_id:
        return facts
    return replace(facts, event_key=guarded_key(digest(facts.event_key.bytes)))


def guarded_key(digest: bytes) -> UUID:
    """The event key that a keyed digest of an event's own key stands for."""
    return UUID(bytes=digest[:16], version=5)


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


class Parted(NamedTuple):
    """An event without its narrative, and that apart; None where it has none."""

    document: Mapping[str, Any]
    story: Any


def parted(document: Mapping[str, Any]) -> Parted:
    """`data` stands last in the document, so that a narrative can be put back into its text."""
    data = document["data"]
    kept = {name: value for name, value in data.items() if name != "narrative"}
    rest = {name: value for name, value in document.items() if name != "data"}
    return Parted({**rest, "data": kept}, data.get("narrative"))


def rejoined(document: bytes, story: bytes) -> bytes:
    """The text of the whole event again; `document` and `story` are the JSON texts of what `parted` gave."""
    return document[: -len(_END)] + b',"narrative":' + story + _END


_END = b"}}"


def _unnamed(reporter: Mapping[str, Any]) -> Iterator[tuple[str, str | bool]]:
    """What cannot hold a name: a word of the vocabulary, yes or no."""
    role = reporter.get("role")
    if isinstance(role, str) and role in _ROLES:
        yield "role", role
    for name in ("mandated", "anonymous", "wants_reply"):
        if isinstance(reporter.get(name), bool):
            yield name, reporter[name]
