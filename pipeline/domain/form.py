"""What somebody filled in on a site's form, and the report that it becomes: any answers at all become one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Final, TypeVar

from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.envelope import REPORT_TYPE, SPEC_VERSION
from pipeline.contracts.ids import derived
from pipeline.contracts.jsontext import Json, canonical
from pipeline.contracts.limits import NARRATIVE_CHARACTERS_MAX
from pipeline.contracts.vocabulary import Category, CrisisFlag, Indicator, Role, Sex
from pipeline.domain.directory import Source
from pipeline.domain.kinds import channel_of
from pipeline.domain.normalise.date import read_date, read_instant
from pipeline.domain.normalise.reading import SOURCE_PREFIX

TEXT_CHARACTERS_MAX = 200
OPEN_FOR_MAX = timedelta(hours=2)
"""Within it a report counts as received when its page was opened, so that sending it twice says the same twice."""
AHEAD_MAX = timedelta(minutes=5)
"""A telephone's clock may be ahead of ours by so much."""


class Sight(StrEnum):
    """What was seen, in the words of the form."""

    CHILD = "child"
    PARTNER = "partner"
    ELDER = "elder"
    DISABLED = "disabled"
    FAMILY = "family"
    SEXUAL = "sexual"
    SUICIDE = "suicide"
    ILLNESS = "illness"
    DRUGS = "drugs"
    POVERTY = "poverty"
    STREET = "street"
    YOUTH = "youth"
    BURDEN = "burden"
    NUISANCE = "nuisance"
    OTHER = "other"


CATEGORIES: Mapping[Sight, Category] = MappingProxyType(
    {
        Sight.CHILD: Category.CHILD_PROTECTION,
        Sight.PARTNER: Category.INTIMATE_PARTNER_VIOLENCE,
        Sight.ELDER: Category.ELDER_PROTECTION,
        Sight.DISABLED: Category.DISABILITY_PROTECTION,
        Sight.FAMILY: Category.OTHER_FAMILY_VIOLENCE,
        Sight.SEXUAL: Category.SEXUAL_ASSAULT,
        Sight.SUICIDE: Category.SUICIDE_RISK,
        Sight.ILLNESS: Category.MENTAL_HEALTH,
        Sight.DRUGS: Category.SUBSTANCE_USE,
        Sight.POVERTY: Category.ECONOMIC_HARDSHIP,
        Sight.STREET: Category.HOMELESSNESS,
        Sight.YOUTH: Category.YOUTH_AT_RISK,
        Sight.BURDEN: Category.VULNERABLE_FAMILY,
        Sight.NUISANCE: Category.COMMUNITY_DISTURBANCE,
        Sight.OTHER: Category.OTHER,
    }
)

SIGNS: Final = (
    Indicator.INJURY_VISIBLE,
    Indicator.NEEDS_DOCTOR_NOW,
    Indicator.TIPVDA_WEAPON,
    Indicator.TIPVDA_DEATH_THREAT,
    Indicator.CONFINEMENT,
    Indicator.ABANDONED,
    Indicator.REPEAT_HARM,
)
"""What can be seen across a counter; the rest of the vocabulary is for those who examine or know the family."""


class Danger(StrEnum):
    """Whether somebody is in danger at this moment."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class Age(StrEnum):
    """A guess, in years."""

    UNDER_6 = "0-5"
    UNDER_12 = "6-11"
    UNDER_18 = "12-17"
    ADULT = "18-64"
    OLD = "65+"


CHILDREN = frozenset({Age.UNDER_6, Age.UNDER_12, Age.UNDER_18})


class Relation(StrEnum):
    """Who the other is to the one in need."""

    PARTNER = "partner"
    PARENT = "parent"
    CHILD = "child"
    RELATIVE = "relative"
    ACQUAINTANCE = "acquaintance"
    STRANGER = "stranger"


class When(StrEnum):
    NOW = "now"
    EARLIER = "earlier"


class Where(StrEnum):
    HERE = "here"
    ELSEWHERE = "elsewhere"


class Field(StrEnum):
    """The fields of the form, by their names in HTML."""

    SUBMISSION = "submission"
    OPENED_AT = "opened_at"
    DANGER = "danger"
    SIGHTS = "sights"
    SIGNS = "signs"
    NARRATIVE = "narrative"
    WHEN = "when"
    DATE = "date"
    TIME = "time"
    WHERE = "where"
    PLACE = "place"
    AGE = "age"
    SEX = "sex"
    NAME = "name"
    ADDRESS = "address"
    PHONE = "phone"
    SAFE_WAY = "safe_way"
    RELATION = "relation"
    OTHER_NAME = "other_name"
    REPORTER_NAME = "reporter_name"
    REPORTER_PHONE = "reporter_phone"


class Complaint(StrEnum):
    """What has to be mended before a form is sent."""

    NOTHING_TOLD = "nothing_told"
    DATE_UNREADABLE = "date_unreadable"
    TIME_UNREADABLE = "time_unreadable"
    TIME_IN_FUTURE = "time_in_future"
    TOO_LONG = "too_long"


Word = TypeVar("Word", bound=StrEnum)
Written = Mapping[str, Sequence[str]]

LENGTHS: Mapping[Field, int] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *(Field.PLACE, Field.NAME, Field.ADDRESS, Field.PHONE, Field.SAFE_WAY),
                *(Field.OTHER_NAME, Field.REPORTER_NAME, Field.REPORTER_PHONE),
            ),
            TEXT_CHARACTERS_MAX,
        ),
        Field.NARRATIVE: NARRATIVE_CHARACTERS_MAX,
    }
)
"""How many characters the texts of the form may have."""


class Answers:
    """What was filled in. A field that is missing, or a choice that the form does not offer, counts as left empty."""

    def __init__(self, written: Written) -> None:
        self._written = written

    def text(self, field: Field) -> str:
        return next((text for text in self.texts(field) if text), "")

    def texts(self, field: Field) -> tuple[str, ...]:
        return tuple(text.replace("\r\n", "\n").strip() for text in self._written.get(field, ()))

    def choice(self, field: Field, words: type[Word]) -> Word | None:
        return next(iter(self.choices(field, words)), None)

    def choices(self, field: Field, words: type[Word]) -> tuple[Word, ...]:
        """In the order of the vocabulary, each once."""
        ticked = frozenset(self.texts(field))
        return tuple(word for word in words if word.value in ticked)


def complaints(answers: Answers, now: datetime) -> Mapping[Field, Complaint]:
    """What has to be mended, by field. Somebody in danger is told enough."""
    found: dict[Field, Complaint] = {}
    told = answers.choices(Field.SIGHTS, Sight) or answers.text(Field.NARRATIVE)
    if not told and answers.choice(Field.DANGER, Danger) is not Danger.YES:
        found[Field.SIGHTS] = Complaint.NOTHING_TOLD
    for field, length in LENGTHS.items():
        if len(answers.text(field)) > length:
            found[field] = Complaint.TOO_LONG
    return found | dict(_of_time(answers, now))


def _of_time(answers: Answers, now: datetime) -> Iterator[tuple[Field, Complaint]]:
    if answers.choice(Field.WHEN, When) is When.NOW:
        return
    if answers.text(Field.DATE) and _day(answers, now) is None:
        yield Field.DATE, Complaint.DATE_UNREADABLE
    if answers.text(Field.TIME) and _time(answers) is None:
        yield Field.TIME, Complaint.TIME_UNREADABLE
    occurred_at = _occurred_at(answers, now)
    if occurred_at and occurred_at > now + AHEAD_MAX:
        yield Field.TIME, Complaint.TIME_IN_FUTURE


def event_of(answers: Answers, source: Source, now: datetime) -> dict[str, Json]:
    """The CloudEvent of a form that `source` sent. The same answers from the same page give the same id and data."""
    received_at = _received_at(answers, now)
    data: dict[str, Json] = {
        "report_no": _report_no(answers, received_at),
        "channel": channel_of(source.kind),
        "known_at": received_at.isoformat(timespec="seconds"),
        "received_at": received_at.isoformat(timespec="seconds"),
        **_filled(occurred_at=_told_time(answers, received_at), occurred_place=_place(answers, source)),
        "categories": [CATEGORIES[sight] for sight in answers.choices(Field.SIGHTS, Sight)] or [Category.OTHER],
        "reporter": _reporter(answers, source),
        "persons": list(_persons(answers)),
        **_filled(narrative=answers.text(Field.NARRATIVE)),
        "crisis_flags": list(_flags(answers)),
        "indicators": list(_indicators(answers)),
    }
    return {
        "specversion": SPEC_VERSION,
        "id": str(derived("form", source.code, sha256(canonical(data)).hexdigest())),
        "source": f"{SOURCE_PREFIX}{source.code}",
        "type": REPORT_TYPE,
        "time": now.astimezone(TAIPEI).isoformat(timespec="seconds"),
        "datacontenttype": "application/json",
        "data": data,
    }


def _filled(**fields: Json) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if value}


def _received_at(answers: Answers, now: datetime) -> datetime:
    opened_at, assumed = read_instant(answers.text(Field.OPENED_AT))
    is_ours = opened_at is not None and not assumed and now - OPEN_FOR_MAX <= opened_at <= now
    return opened_at if opened_at and is_ours else now.astimezone(TAIPEI)


def _report_no(answers: Answers, received_at: datetime) -> str:
    """One number for all that is sent from one page: what is sent again with a change amends it."""
    page = answers.text(Field.SUBMISSION) or received_at.isoformat()
    return f"F-{derived('form page', page).hex[:16].upper()}"


def _told_time(answers: Answers, received_at: datetime) -> str | None:
    if answers.choice(Field.WHEN, When) is When.NOW:
        return received_at.isoformat(timespec="seconds")
    occurred_at = _occurred_at(answers, received_at)
    return min(occurred_at, received_at).isoformat(timespec="seconds") if occurred_at else None


def _occurred_at(answers: Answers, now: datetime) -> datetime | None:
    """A day without an hour is told by its noon, from which no hour is further than half a day."""
    day, hour = _day(answers, now), _time(answers)
    if day is None and (answers.text(Field.DATE) or hour is None):
        return None
    today = now.astimezone(TAIPEI).date()
    if hour is None and day == today:
        return now.astimezone(TAIPEI)
    return datetime.combine(day or today, hour or time(12), tzinfo=TAIPEI)


def _day(answers: Answers, now: datetime) -> date | None:
    """Tomorrow can be read, too: that it has not come yet is another complaint."""
    tomorrow = now.astimezone(TAIPEI).date() + timedelta(days=1)
    return read_date(answers.text(Field.DATE), tomorrow).date


def _time(answers: Answers) -> time | None:
    try:
        return time.fromisoformat(answers.text(Field.TIME)).replace(tzinfo=None)
    except ValueError:
        return None


def _place(answers: Answers, source: Source) -> str:
    here = answers.choice(Field.WHERE, Where) is Where.HERE
    site = f"{source.county or ''}{source.name or ''}" if here else ""
    return " ".join(part for part in (site, answers.text(Field.PLACE)) if part)


def _reporter(answers: Answers, source: Source) -> dict[str, Json]:
    name, phone = answers.text(Field.REPORTER_NAME), answers.text(Field.REPORTER_PHONE)
    return {
        "role": source.role,
        **_filled(organisation=source.name, name=name, phone=phone),
        "anonymous": not (name or phone),
    }


def _persons(answers: Answers) -> Iterator[dict[str, Json]]:
    phone, way = answers.text(Field.PHONE), answers.text(Field.SAFE_WAY)
    yield {
        "role": Role.VICTIM,
        **_filled(
            name=answers.text(Field.NAME),
            sex=answers.choice(Field.SEX, Sex),
            age_guess=answers.choice(Field.AGE, Age),
            address=answers.text(Field.ADDRESS),
            phones=[phone] if phone else [],
            safe_contact={"way": way} if way else None,
        ),
    }
    name, relation = answers.text(Field.OTHER_NAME), answers.choice(Field.RELATION, Relation)
    if name or relation:
        yield {"role": Role.ALLEGED_PERPETRATOR, **_filled(name=name, relationship_to_victim=relation)}


def _flags(answers: Answers) -> Iterator[CrisisFlag]:
    if answers.choice(Field.DANGER, Danger) is Danger.YES:
        yield CrisisFlag.URGENT_MATTER
        if answers.choice(Field.AGE, Age) in CHILDREN:
            yield CrisisFlag.CHILD_URGENT


def _indicators(answers: Answers) -> Iterator[Indicator]:
    ticked = answers.choices(Field.SIGNS, Indicator)
    yield from (sign for sign in SIGNS if sign in ticked)
    if answers.choice(Field.AGE, Age) is Age.UNDER_6:
        yield Indicator.AGE_UNDER_6
