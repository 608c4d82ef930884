"""Messy reports with the truth beside them, in the order of their arrival. The same mix, seed and count give the same
bytes on any day.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from pipeline.contracts.decision import TAIPEI
from pipeline.domain.directory import Source
from pipeline.local.bench.chance import Chance
from pipeline.local.bench.happenings import Fate, Incident
from pipeline.local.bench.households import Families
from pipeline.local.bench.mix import Mix
from pipeline.local.bench.places import Map
from pipeline.local.bench.register import Register, Teller, as_csv
from pipeline.local.bench.spell_numbers import slipped
from pipeline.local.bench.telling import Json, tell
from pipeline.local.bench.truth import TruthRow, write_truth

BEGIN = datetime(2025, 1, 6, tzinfo=TAIPEI)
FIRST_TOLD_H, NEXT_TOLD_H = 7.0, 4.0
SAME_SOURCE_AGAIN = 0.15
MENDED = 0.4
SPARE = 1.05
"""More is invented than asked for, so that the last days are as full as the others."""


class Line(NamedTuple):
    at: datetime
    value: bytes
    truth: TruthRow


@dataclass(frozen=True, slots=True)
class Mess:
    """Lines in order of arrival, and the sources that sent them."""

    lines: tuple[Line, ...]
    sources: tuple[Source, ...]

    def write(self, folder: Path) -> tuple[Path, Path, Path]:
        """reports.ndjson, truth.csv and sources.csv; the folder is made."""
        folder.mkdir(parents=True, exist_ok=True)
        reports, truth, sources = folder / "reports.ndjson", folder / "truth.csv", folder / "sources.csv"
        reports.write_bytes(b"".join(line.value + b"\n" for line in self.lines))
        write_truth(truth, (line.truth for line in self.lines))
        sources.write_text(as_csv(self.sources), "utf-8")
        return reports, truth, sources


def messy(mix: Mix, seed: int, events: int) -> Mess:
    """`events` lines, resent and amended ones included."""
    chance = Chance(seed)
    ground = Map(chance, mix.world, _families(mix, events))
    register = Register(chance, ground.towns, mix.sources)
    families = Families(chance, mix.world, ground, BEGIN.date())
    inventor = _Inventor(chance, mix, register)
    fate = Fate(chance, mix, BEGIN)
    told = (line for family in families for incident in fate.of(family) for line in inventor.told(incident))
    lines = sorted(islice(told, int(events * SPARE) + 20), key=lambda line: (line.at, line.value))
    return Mess(tuple(lines[:events]), register.sources())


def _families(mix: Mix, events: int) -> int:
    """About how many families such a count of events takes."""
    time = mix.time
    told = sum(n * share for n, share in enumerate(time.told, 1)) / sum(time.told)
    return max(1, round(events * (1 - time.again) / (told * (1 + time.amended + time.resent))))


class _Inventor:
    def __init__(self, chance: Chance, mix: Mix, register: Register) -> None:
        self._chance, self._mix, self._register = chance, mix, register
        self._reports = 0

    def told(self, incident: Incident) -> Iterator[Line]:
        """All that is told of one incident, by however many."""
        chance, time = self._chance, self._mix.time
        count = chance.choices(range(1, len(time.told) + 1), time.told)[0]
        earlier: list[Teller] = []
        numbers: list[str] = []
        for at in self._moments(incident.at, count):
            teller = self._teller(incident, earlier)
            data = {"report_no": self._number(teller, at), **tell(chance, self._mix, incident, teller, at)}
            if numbers and chance.happens(time.quoting):
                data["related_report_nos"] = [numbers[0]]
            earlier.append(teller)
            numbers.append(data["report_no"])
            yield from self._sent(incident, teller, data, at)

    def _teller(self, incident: Incident, earlier: list[Teller]) -> Teller:
        """Seldom one that has told before."""
        teller = self._register.teller(incident.home.town)
        if teller in earlier and not self._chance.happens(SAME_SOURCE_AGAIN):
            teller = self._register.teller(incident.home.town)
        return teller

    def _moments(self, happened: datetime, count: int) -> Iterator[datetime]:
        """When it is told: the first time, and later on the same day or some days after that."""
        chance, time = self._chance, self._mix.time
        first = happened + chance.lag(FIRST_TOLD_H)
        yield first.replace(microsecond=0)
        for _ in range(count - 1):
            slow = chance.happens(time.slow)
            lag = timedelta(days=chance.uniform(0.2, time.slow_days)) if slow else chance.lag(NEXT_TOLD_H)
            yield (first + lag).replace(microsecond=0)

    def _number(self, teller: Teller, at: datetime) -> str:
        self._reports += 1
        return f"{teller.source.code}-{at:%Y%m%d}-{self._reports:05d}"

    def _sent(self, incident: Incident, teller: Teller, data: Json, at: datetime) -> Iterator[Line]:
        chance, time = self._chance, self._mix.time
        line = self._line(incident, teller, data, at, "new")
        yield line
        if chance.happens(time.resent):
            yield line._replace(at=at + chance.lag(2), truth=line.truth._replace(what="resend"))
        if chance.happens(time.amended):
            later = (at + chance.lag(6)).replace(microsecond=0)
            yield self._line(incident, teller, self._amended(incident, data, later), later, "amendment")

    def _amended(self, incident: Incident, data: Json, at: datetime) -> Json:
        """The same report, with a word more and sometimes a number that was missing or wrong."""
        persons = [dict(person) for person in data["persons"]]
        number = incident.cast.victims[0].national_id
        if number and len(incident.cast.victims) == 1 and self._chance.happens(MENDED):
            wrong = self._chance.happens(self._mix.faults.id_slip)
            victim = next((p for p in persons if p["role"] == "victim"), persons[0])
            if victim is persons[0]:
                victim["national_id"] = slipped(self._chance, number, first=2) if wrong else number
        said = self._chance.choice(("（更正資料）", "（補充：社工已聯繫）", "（後續：送醫）"))
        return {
            **data,
            "received_at": at.isoformat(timespec="seconds"),
            "persons": persons,
            "narrative": data["narrative"] + said,
        }

    def _line(self, incident: Incident, teller: Teller, data: Json, at: datetime, what: str) -> Line:
        event_id = str(UUID(int=self._chance.getrandbits(128), version=4))
        document = {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/sources/{teller.source.code}",
            "type": "report.submitted.v1",
            "time": at.isoformat(timespec="seconds"),
            "datacontenttype": "application/json",
            "data": data,
        }
        truth = TruthRow(event_id, data["report_no"], incident.incident_id, incident.household_id, what)
        return Line(at, json.dumps(document, ensure_ascii=False).encode(), truth)
