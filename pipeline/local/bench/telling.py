"""One source's report of one incident: what it keeps, what it leaves out, what it gets wrong."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pipeline.contracts.vocabulary import Category, CrisisFlag, ReporterRole, Role
from pipeline.domain.kinds import channel_of
from pipeline.local.bench.chance import Chance
from pipeline.local.bench.habits import habit_of
from pipeline.local.bench.happenings import Incident
from pipeline.local.bench.households import Outsider
from pipeline.local.bench.mix import Mix
from pipeline.local.bench.people import Human
from pipeline.local.bench.places import Door
from pipeline.local.bench.register import Teller
from pipeline.local.bench.spell_name import Pen, written_name
from pipeline.local.bench.spell_numbers import written_birth, written_id, written_phone
from pipeline.local.bench.spell_place import written_place
from pipeline.local.bench.stories import CONFLICTS, PLOTS, called

GROWN = 18
CODE_NAMED = 0.3
"""Of victims of sexual assault."""
SCHOOLS = ((7, 12, "國小"), (13, 15, "國中"), (16, 17, "高中"))
SECOND_PHONE, CRISIS, TIPVDA = 0.15, 0.05, 0.4
WHO = ("個案", "案主", "該員", "民眾")
OTHERS = ("家人", "對方", "照顧者", "同住者")

Json = dict[str, Any]


def tell(chance: Chance, mix: Mix, incident: Incident, teller: Teller, received: datetime) -> Json:
    """The `data` of one report, without its number. `received` carries an offset."""
    return _Telling(chance, mix, incident, teller, received).data()


class _Telling:
    def __init__(self, chance: Chance, mix: Mix, incident: Incident, teller: Teller, received: datetime) -> None:
        habit = habit_of(teller.source.kind)
        self._chance, self._mix, self._incident, self._teller = chance, mix, incident, teller
        self._received, self._habit = received, habit
        self._pen = Pen(chance, mix.faults, habit, received.date())
        self._of_relatives = chance.happens(mix.faults.relative_instead)

    def data(self) -> Json:
        chance, kept, incident = self._chance, self._mix.kept, self._incident
        known = self._received - chance.lag(0.4)
        data: Json = {
            "channel": channel_of(self._teller.source.kind),
            "known_at": known.isoformat(timespec="seconds"),
            "received_at": self._received.isoformat(timespec="seconds"),
            "categories": [self._category()],
            "reporter": self._reporter(),
            "persons": self._persons(),
            "narrative": self._narrative(),
            "indicators": [i.value for i in incident.scene.indicators if chance.happens(0.6)],
        }
        if chance.happens(kept.occurred_at * self._habit.occurred):
            data["occurred_at"] = self._occurred_at().isoformat(timespec="seconds")
        if chance.happens(kept.occurred_place):
            data["occurred_place"] = written_place(self._pen, incident.place)
        if chance.happens(CRISIS):
            data["crisis_flags"] = [chance.choice(tuple(CrisisFlag)).value]
        is_trained = self._teller.source.role in (ReporterRole.POLICE, ReporterRole.MEDICAL)
        if is_trained and data["categories"] == [Category.INTIMATE_PARTNER_VIOLENCE] and chance.happens(TIPVDA):
            data["instruments"] = {"tipvda": {"items": {str(n): chance.happens(0.35) for n in range(1, 16)}}}
        return data

    def _reporter(self) -> Json:
        role = self._teller.source.role
        return {"role": role.value, "mandated": role not in (ReporterRole.SAFETY_SITE, ReporterRole.HOTLINE_WORKER)}

    def _category(self) -> str:
        plot = self._incident.plot
        other = self._chance.happens(self._mix.faults.other_category)
        return (self._chance.choice(plot.others) if other else plot.category).value

    def _occurred_at(self) -> datetime:
        """Right, roughly right, or wrong by half a day, by days, by months; seldom after it was told."""
        chance, at = self._chance, self._incident.at
        if chance.happens(self._mix.faults.occurred_wrong):
            earlier = (at - timedelta(days=1), at - timedelta(days=7), _turned(at))
            return min(chance.choice((*earlier, at + timedelta(hours=12), self._received)), self._received)
        if chance.happens(0.45):
            return at
        about = at + timedelta(hours=chance.gauss(0, 1.3))
        return about.replace(minute=chance.choice((0, 0, 30)), second=0)

    # people

    def _persons(self) -> list[Json]:
        incident, chance, kept = self._incident, self._chance, self._mix.kept
        persons = [self._person(Role.VICTIM, Outsider(h, incident.home), kept.name) for h in self._victims()]
        him = incident.cast.perpetrator
        if him and chance.happens(kept.perpetrator * self._habit.perpetrator):
            role = Role.ALLEGED_PERPETRATOR if incident.plot.category in CONFLICTS else Role.CAREGIVER
            persons.append(self._person(role, self._at_home(him), kept.name))
        others = 1.0 if self._of_relatives else kept.others * self._habit.others
        for role, who in incident.witnesses:
            if chance.happens(others / (1 if role is not Role.OTHER else 3)):
                persons.append(self._person(role, who, kept.name))
        if len(persons) > 1 and chance.happens(self._mix.faults.roles_mistaken):
            _swap_roles(persons[0], persons[-1])
        return persons

    def _victims(self) -> tuple[Human, ...]:
        victims = self._incident.cast.victims
        if len(victims) > 1 and self._chance.happens(0.45):
            return (self._chance.choice(victims),)
        return victims

    def _at_home(self, who: Outsider) -> Outsider:
        lives_there = who.human in self._incident.family.members
        return replace(who, door=self._incident.home) if lives_there else who

    def _person(self, role: Role, who: Outsider, named: float) -> Json:
        chance, kept, habit, human = self._chance, self._mix.kept, self._habit, who.human
        person: Json = {"role": role.value}
        if chance.happens(kept.sex):
            person["sex"] = human.sex.value
        if role is Role.VICTIM and self._of_relatives:
            return person
        if chance.happens(named * habit.name):
            person["name"] = written_name(self._pen_for(role), human)
        if chance.happens(kept.birth * habit.birth):
            person["birth_date"] = written_birth(self._pen, human.birth)
        if human.national_id and chance.happens(kept.national_id * habit.national_id):
            person["national_id"] = written_id(self._pen, human.national_id)
        if phones := self._phones(human, young=human.age(self._received.date()) < GROWN):
            person["phones"] = phones
        self._add_places(person, who.door, human)
        return person

    def _pen_for(self, role: Role) -> Pen:
        if role is Role.VICTIM and self._incident.plot.category is Category.SEXUAL_ASSAULT:
            return self._pen._replace(faults=replace(self._pen.faults, code_name=CODE_NAMED))
        return self._pen

    def _phones(self, human: Human, *, young: bool) -> list[str]:
        chance = self._chance
        share = self._mix.kept.phone * self._habit.phone
        if not chance.happens(share / 2 if young else share):
            return []
        if chance.happens(self._mix.faults.phone_of_another):
            return [written_phone(self._pen, self._phone_of_another())]
        count = 2 if chance.happens(SECOND_PHONE) else 1
        own = human.phones or (self._teller.phone,)
        return [written_phone(self._pen, n) for n in chance.sample(own, min(count, len(own)))]

    def _phone_of_another(self) -> str:
        """A relative's, the landlord's, or the one of who tells."""
        family = self._incident.family
        near = [number for human in family.members for number in human.phones]
        if family.relative:
            near += family.relative.human.phones
        if family.desk:
            near += [family.desk, family.desk]
        return self._chance.choice([*near, self._teller.phone])

    def _add_places(self, person: Json, door: Door, human: Human) -> None:
        chance, kept, incident = self._chance, self._mix.kept, self._incident
        if incident.former and door == incident.home and chance.happens(self._mix.faults.place_left):
            door = incident.former
        registered = incident.family.registered
        if registered and chance.happens(0.25 * self._habit.registered):
            person["registered_address"] = written_place(self._pen, registered)
        if chance.happens(kept.address * self._habit.address):
            wrong = registered and chance.happens(self._mix.faults.registered_elsewhere * self._habit.registered)
            person["address"] = written_place(self._pen, registered if registered and wrong else door)
        level = _school(human.age(self._received.date()))
        if level and chance.happens(kept.school * self._habit.school):
            person["school"] = door.town.name[:-1] + level

    # the story

    def _narrative(self) -> str:
        chance, incident = self._chance, self._incident
        scene, detail = incident.scene, incident.detail
        if chance.happens(self._mix.faults.other_story):
            scene = chance.choice(chance.choice(PLOTS).scenes)
            detail = chance.choice(scene.details)
        victim, him = incident.cast.victims[0], incident.cast.perpetrator
        told = chance.choice(scene.tellings)
        return told.format(v=self._called(victim, WHO), o=self._called(him.human if him else None, OTHERS), d=detail)

    def _called(self, human: Human | None, unnamed: tuple[str, ...]) -> str:
        if human is None or self._chance.happens(self._mix.faults.surname_lost):
            return self._chance.choice(unnamed)
        return called(human.name.surname[:2], human.sex, child=human.age(self._received.date()) < GROWN)


def _school(age: int) -> str | None:
    return next((level for first, last, level in SCHOOLS if first <= age <= last), None)


def _swap_roles(one: Json, other: Json) -> None:
    one["role"], other["role"] = other["role"], one["role"]


def _turned(at: datetime) -> datetime:
    """Day and month in each other's place, where that is a date."""
    return at.replace(day=at.month, month=at.day) if at.day <= 12 else at - timedelta(days=2)  # noqa: PLR2004
