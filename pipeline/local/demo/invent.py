"""Invented reports with the faults that real ones have. The same seed, count and time give the same bytes."""

import heapq
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from pipeline.contracts.vocabulary import Category, CrisisFlag, ReporterRole, Role
from pipeline.domain.kinds import channel_of, kinds
from pipeline.local.demo import spelling, words
from pipeline.local.demo.garbage import GARBAGE, Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.domain.directory import Source

SPAN = timedelta(hours=20)
SENDING_MAX = timedelta(seconds=90)
GARBAGE_SHARE = 0.003
UNREGISTERED_SHARE = 0.001
REDELIVERY_SHARE = 0.03
AMENDMENT_SHARE = 0.08
ID_REUSED_SHARE = 0.004
NEXT_INCIDENT_SHARE = 0.10
CRISIS_SHARE = 0.06
TIPVDA_SHARE = 0.45
FIRST_SECOND_THIRD = (0.60, 0.87)
DELAY_MEAN = 40.0


class What(StrEnum):
    """How an invented message came about; nothing downstream reads it."""

    TOLD = "told"
    RETOLD = "retold"
    AMENDED = "amended"
    REDELIVERED = "redelivered"
    ID_REUSED = "id_reused"
    GARBAGE = "garbage"
    UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True)
class Invented:
    """One message. `number` counts from 0, `door` is the source by whose topic it enters, `event_id` is None where none
    can be read, `key` keeps all tellings under one report number in order.
    """

    number: int
    door: "Source"
    what: What
    event_id: str | None
    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class _Household:
    county: str
    town: str
    street: str
    kind: words.Kind
    victim: spelling.Human
    other: spelling.Human
    witness: spelling.Human | None


@dataclass(frozen=True, slots=True)
class _Incident:
    home: _Household
    occurred_at: datetime
    story: str
    indicators: tuple[str, ...]
    flags: tuple[str, ...]
    high: bool
    quotable: str | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    sender: "Source"
    document: Json
    value: bytes

    @property
    def report_no(self) -> str:
        return str(self.document["data"]["report_no"])

    def message(self, number: int, what: What) -> Invented:
        return Invented(number, self.sender, what, str(self.document["id"]), self.report_no, self.value)


@dataclass(frozen=True, slots=True)
class _Due:
    what: What
    incident: _Incident | None = None
    told: _Told | None = None
    avoid: frozenset[str] = frozenset()


def events(seed: int, count: int, *, until: datetime, sources: "Sequence[Source]") -> "Iterator[Invented]":
    """`count` messages whose times spread over the 20 hours that end at `until` (which carries an offset). At least one
    of `sources` serves the whole country.
    """
    inventor = _Inventor(seed, count, until, sources)
    return (inventor.message(number) for number in range(count))


class _Inventor:
    def __init__(self, seed: int, count: int, until: datetime, sources: "Sequence[Source]") -> None:
        self._rng = Random(seed)  # noqa: S311 - repeatable invention, nothing secret
        self._begin = until - SPAN - SENDING_MAX
        self._step = SPAN / max(count, 1)
        self._everywhere = tuple(s for s in sources if s.county is None)
        self._local = {county: tuple(s for s in sources if s.county == county) for county in words.TOWNS}
        self._due: list[tuple[float, int, _Due]] = []
        self._order = 0
        self._reports = 0

    def message(self, number: int) -> Invented:
        roll = self._rng.random()
        if roll < GARBAGE_SHARE:
            return self._garbage(number)
        if roll < GARBAGE_SHARE + UNREGISTERED_SHARE:
            return self._unregistered(number)
        if self._due and self._due[0][0] <= number:
            return self._settle(number, heapq.heappop(self._due)[2])
        return self._begin_incident(number, self._household())

    def _later(self, number: int, due: _Due, mean: float = DELAY_MEAN) -> None:
        self._order += 1
        heapq.heappush(self._due, (number + 1 + self._rng.expovariate(1 / mean), self._order, due))

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share

    def _now(self, number: int) -> datetime:
        return self._begin + self._step * (number + self._rng.random())

    def _settle(self, number: int, due: _Due) -> Invented:
        if due.what is What.RETOLD and due.incident:
            sender = self._sender(due.incident.home, due.avoid)
            return self._tell(number, due.incident, sender, What.RETOLD)
        if due.what is What.TOLD and due.incident:
            return self._begin_incident(number, due.incident.home)
        if due.told is None:
            raise AssertionError
        if due.what is What.REDELIVERED:
            return due.told.message(number, due.what)
        return self._revise(number, due.told, due.what)

    # incidents

    def _household(self) -> _Household:
        rng, today = self._rng, self._begin.date()
        kind = rng.choices(words.KINDS, [k.weight for k in words.KINDS])[0]
        county = rng.choice(tuple(words.TOWNS))
        victim = spelling.human(rng, today, kind.ages)
        other = spelling.human(rng, today, (22, 64), surname=victim.name[0] if self._chance(0.4) else None)
        witness = spelling.human(rng, today, (4, 15), surname=other.name[0]) if self._chance(0.15) else None
        street = spelling.street(rng)
        return _Household(county, rng.choice(words.TOWNS[county]), street, kind, victim, other, witness)

    def _begin_incident(self, number: int, home: _Household) -> Invented:
        rng, kind = self._rng, home.kind
        incident = _Incident(
            home=home,
            occurred_at=self._now(number) - timedelta(minutes=rng.expovariate(1 / 240)),
            story=rng.choice(kind.stories).format(v=home.victim.name[0], o=home.other.name[0]),
            indicators=tuple(i for i in kind.indicators if self._chance(0.3)),
            flags=(rng.choice(tuple(CrisisFlag)),) if self._chance(CRISIS_SHARE) else (),
            high=self._chance(0.25),
        )
        first = self._sender(home, frozenset())
        message = self._tell(number, incident, first, What.TOLD)
        roll = rng.random()
        quoting = replace(incident, quotable=message.key if self._chance(0.5) else None)
        for share in FIRST_SECOND_THIRD:
            if roll >= share:
                self._later(number, _Due(What.RETOLD, quoting, avoid=frozenset({first.code})))
        if self._chance(NEXT_INCIDENT_SHARE):
            self._later(number, _Due(What.TOLD, incident), mean=4 * DELAY_MEAN)
        return message

    def _sender(self, home: _Household, avoid: frozenset[str]) -> "Source":
        pool = self._everywhere if self._chance(0.4) or not self._local[home.county] else self._local[home.county]
        told_by = [s for s in pool if s.code not in avoid and _tells(s, home.kind.category)]
        fresh = told_by or list(self._everywhere)
        return self._rng.choices(fresh, [words.busy(s) for s in fresh])[0]

    # one telling

    def _tell(self, number: int, incident: _Incident, sender: "Source", what: What) -> Invented:
        received = self._now(number)
        told = self._told(sender, self._document(sender, received, self._data(incident, sender, received)))
        if self._chance(AMENDMENT_SHARE):
            self._later(number, _Due(What.AMENDED, told=told))
        if self._chance(REDELIVERY_SHARE):
            self._later(number, _Due(What.REDELIVERED, told=told), mean=4)
        if self._chance(ID_REUSED_SHARE):
            self._later(number, _Due(What.ID_REUSED, told=told))
        return told.message(number, what)

    def _told(self, sender: "Source", document: Json) -> _Told:
        return _Told(sender, document, json.dumps(document, ensure_ascii=False).encode())

    def _document(self, sender: "Source", received: datetime, data: Json) -> Json:
        return {
            "specversion": "1.0",
            "id": str(UUID(int=self._rng.getrandbits(128), version=4)),
            "source": f"/sources/{sender.code}",
            "type": "report.submitted.v1",
            "time": (received + SENDING_MAX * self._rng.random()).isoformat(timespec="seconds"),
            "datacontenttype": "application/json",
            "data": data,
        }

    def _data(self, incident: _Incident, sender: "Source", received: datetime) -> Json:
        home = incident.home
        self._reports += 1
        data: Json = {
            "report_no": f"{sender.code}-{received:%Y%m%d}-{self._reports:05d}",
            "report_type": "initial",
            "channel": channel_of(sender.kind),
            "received_at": received.isoformat(timespec="seconds"),
            "categories": [home.kind.category],
            "reporter": self._reporter(sender),
            "persons": self._persons(home, sender),
            "narrative": incident.story,
            "indicators": [i for i in incident.indicators if self._chance(0.85)],
        }
        self._add_times(data, incident, received)
        if self._chance(0.5):
            data["occurred_place"] = spelling.address(self._rng, home.county, home.town, home.street)
        if incident.flags:
            data["crisis_flags"] = list(incident.flags)
        if incident.quotable:
            data["related_report_nos"] = [incident.quotable]
        if instruments := self._instruments(incident, sender):
            data["instruments"] = instruments
        return _terse(data) if sender.kind in words.MACHINES else data

    def _add_times(self, data: Json, incident: _Incident, received: datetime) -> None:
        if self._chance(0.9):
            early = self._rng.expovariate(1 / 45) if not self._chance(0.005) else -30.0
            data["known_at"] = (received - timedelta(minutes=early)).isoformat(timespec="seconds")
        if self._chance(0.45):
            data["occurred_at"] = incident.occurred_at.isoformat(timespec="seconds")

    def _reporter(self, sender: "Source") -> Json:
        reporter: Json = {"role": sender.role, "mandated": sender.role != ReporterRole.SAFETY_SITE}
        if self._chance(0.3):
            named = spelling.human(self._rng, self._begin.date(), (25, 60))
            title = words.SENDER_TITLES.get(sender.role, "承辦人")
            reporter |= {"name": named.name, "title": title, "phone": named.phone, "wants_reply": True}
        return reporter

    def _persons(self, home: _Household, sender: "Source") -> list[Json]:
        anonymous_site = sender.role == ReporterRole.SAFETY_SITE
        persons = [self._person(home, Role.VICTIM, home.victim, 0.4 if anonymous_site else 1.0)]
        if self._chance(0.75):
            persons.append(self._person(home, home.kind.other, home.other, 0.6))
        if home.witness and self._chance(0.6):
            persons.append(self._person(home, Role.CHILD_WITNESS, home.witness, 0.5))
        return persons

    def _person(self, home: _Household, role: Role, human: spelling.Human, detail: float) -> Json:
        rng = self._rng
        person: Json = {"role": role, "sex": human.sex}
        if self._chance(0.92):
            person["name"] = spelling.name(rng, human)
        if self._chance(0.55 * detail):
            person["national_id"] = spelling.national_id(rng, human)
        if self._chance(0.7 * detail):
            person["birth_date"] = spelling.birth_date(rng, human)
        if self._chance(0.5 * detail):
            person["phones"] = [spelling.phone(rng, human)]
        if self._chance(0.75 * detail):
            person["address"] = spelling.address(rng, home.county, home.town, home.street)
        if role is Role.VICTIM and self._chance(0.06):
            person["safe_contact"] = {"time": "平日上午", "way": "簡訊"}
        if role is not Role.VICTIM and self._chance(0.12):
            person["conditions"] = [rng.choice(("alcohol", "drugs", "mental_illness"))]
        return person

    def _instruments(self, incident: _Incident, sender: "Source") -> Json:
        category, rng = incident.home.kind.category, self._rng
        trained = sender.role in (ReporterRole.POLICE, ReporterRole.MEDICAL)
        if category == Category.INTIMATE_PARTNER_VIOLENCE and trained and self._chance(TIPVDA_SHARE):
            share = 0.62 if incident.high else 0.3
            return {"tipvda": {"items": {str(item): self._chance(share) for item in range(1, 16)}}}
        if category == Category.SUICIDE_RISK:
            moods = {str(item): rng.randrange(5) for item in range(1, 6)}
            return {"bsrs5": {"items": moods, "suicide_idea": rng.randrange(5)}}
        return {}

    # what goes wrong

    def _revise(self, number: int, told: _Told, what: What) -> Invented:
        """The same report told better: more is known, nothing is taken back. Reusing the id is a source's fault."""
        data = dict(told.document["data"])
        data["narrative"] = f"{data.get('narrative', '')}（補充）"
        data["report_type"] = "follow_up"
        if self._chance(0.4):
            data["indicators"] = list(dict.fromkeys([*data.get("indicators", ()), "repeat_harm"]))
        document = self._document(told.sender, self._now(number), data)
        if what is What.ID_REUSED:
            document["id"] = told.document["id"]
        return self._told(told.sender, document).message(number, what)

    def _stray(self, number: int) -> _Told:
        home = self._household()
        incident = _Incident(home, self._now(number), home.kind.stories[0].format(v="某", o="某"), (), (), high=False)
        sender, received = self._sender(home, frozenset()), self._now(number)
        return self._told(sender, self._document(sender, received, self._data(incident, sender, received)))

    def _garbage(self, number: int) -> Invented:
        stray = self._stray(number)
        spoilt = self._rng.choice(GARBAGE)(stray.document)
        return Invented(number, stray.sender, What.GARBAGE, None, stray.report_no, spoilt)

    def _unregistered(self, number: int) -> Invented:
        stray = self._stray(number)
        document = stray.document | {"source": f"/sources/unknown-{self._rng.randrange(100):02d}"}
        return self._told(stray.sender, document).message(number, What.UNREGISTERED)


def _tells(source: "Source", category: Category) -> bool:
    known = kinds().get(source.kind)
    return source.kind in words.TELL_ALL or known is None or category in known.categories


def _terse(data: Json) -> Json:
    """What a machine or a list tells: no story, no reporter, one person by number, birth date and address."""
    (victim, *_) = data["persons"]
    person = {name: victim[name] for name in words.MACHINE_FIELDS if name in victim}
    return {name: data[name] for name in data if name not in {"narrative", "reporter"}} | {"persons": [person]}
