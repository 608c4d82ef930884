"""What one person may see of an opened case on one card: everybody's name and part in it, the contacts of one side
alone, and nothing that tells who reported.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias, assert_never

from pipeline.contracts.jsontext import Json
from pipeline.contracts.vocabulary import Queue
from pipeline.domain.blackout import Hidden, any_same_place, lines_of, looks, same_line
from pipeline.domain.posts import PostRole
from pipeline.domain.safe_contact import Answer, Refused, Rules, Way, WayKind, WhyNot, may_reach, rules_of
from pipeline.domain.sides import Entry, Group, Party, Side, Told, parties

RELATION_CHARACTERS_MAX = 20
"""A longer one is a story, which not everybody may read."""

_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")

Card: TypeAlias = Mapping[str, Any]


class ContactKind(StrEnum):
    PHONE = "phone"
    ADDRESS = "address"
    REGISTERED_ADDRESS = "registered_address"
    CURRENT_PLACE = "current_place"
    SCHOOL = "school"


PLACES: Final = frozenset({ContactKind.ADDRESS, ContactKind.REGISTERED_ADDRESS, ContactKind.CURRENT_PLACE})


class Withheld(StrEnum):
    """Why a contact is not on this card."""

    SHARED = "shared_with_the_other_side"
    ON_VICTIMS_CARD = "on_the_victims_card"
    NAMES_THE_OTHER_SIDE = "names_the_other_side"
    NOT_FOR_THIS_ROLE = "not_for_this_role"


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks, at what, and when. `side` is that whose contacts are asked for; with `Side.OWN`, `person` is the
    number of somebody who stands on both. `has_broken_glass`: not by a claim alone. `protective_lead` is the centre
    of an open protective case of the household.
    """

    role: PostRole
    queue: Queue
    is_sexual: bool
    at: datetime
    side: Side
    person: int | None = None
    has_broken_glass: bool = False
    is_workday: bool | None = None
    protective_lead: str | None = None

    @property
    def group(self) -> Group:
        return self.person or 0 if self.side is Side.OWN else self.side

    @property
    def may_read_story(self) -> bool:
        """As the function of this name in Postgres, which does not hand out the others in the first place."""
        match self.role:
            case PostRole.PROTECTIVE_WORKER | PostRole.SUPERVISOR:
                return True
            case PostRole.FAMILY_WORKER:
                return self.queue is Queue.FAMILY and not self.is_sexual
            case PostRole.SCREENER:
                return not self.is_sexual or self.has_broken_glass
            case (
                PostRole.DISPATCHER
                | PostRole.POLICY_OWNER
                | PostRole.ANALYST
                | PostRole.OPERATOR
                | PostRole.AUDIT_READER
            ):
                return False
            case _:
                assert_never(self.role)


class _Means(NamedTuple):
    """A way to somebody, as a version of a report has it."""

    kind: ContactKind
    text: str


def card(told: Sequence[Told], looking: Looking) -> Card:
    """The card of a case of which all versions of all reports are told, in their order. Texts are as they were written,
    but for what would tell where the people of another side can be found.
    """
    people = parties(told)
    sight = _Sight.of(people or (), looking)
    shown = [_person(party, sight) for party in people or ()]
    return {
        "side": looking.side,
        **({"person": looking.person} if looking.side is Side.OWN else {}),
        "persons": shown,
        **({} if people is not None else {"persons_withheld": "too_many_to_tell_apart"}),
        "reports": [_report(version, sight) for version in told if version.is_newest] if people is not None else [],
        "story": "shown" if sight.shows_story else "withheld",
        **_household(looking),
    }


class Asked(NamedTuple):
    """Whom to reach: a person of the card and one of their contacts there, both counted from 1, and by which way."""

    person: int
    contact: int
    way: WayKind


WAYS: Final[Mapping[ContactKind, frozenset[WayKind]]] = {
    ContactKind.PHONE: frozenset({WayKind.CALL, WayKind.MESSAGE}),
    **dict.fromkeys(PLACES, frozenset({WayKind.LETTER, WayKind.VISIT})),
    ContactKind.SCHOOL: frozenset({WayKind.LETTER, WayKind.VISIT}),
}


def may_call_out(told: Sequence[Told], looking: Looking, asked: Asked) -> Answer | None:
    """Whether the rules of safe contact allow it at `looking.at`; None where the card has no such contact."""
    people = parties(told) or ()
    party = next((p for p in people if p.number == asked.person and p.group == looking.group), None)
    if party is None:
        return None
    means = list(_means(_newest(party)))[asked.contact - 1 : asked.contact]
    if not means:
        return None
    if asked.way not in WAYS[means[0].kind]:
        return Refused(WhyNot.NOT_THIS_WAY)
    rules = rules_of(e.written.get("safe_contact") for e in party.entries)
    withheld = _Sight.of(people, looking).why_withheld(means[0])
    way = Way(asked.way, means[0].text, is_withheld=withheld is not None)
    return may_reach(rules, way, looking.at, is_workday=looking.is_workday)


def _household(looking: Looking) -> Card:
    if looking.role is not PostRole.FAMILY_WORKER or looking.protective_lead is None:
        return {}
    return {"protective_case_open": True, "call": looking.protective_lead}


@dataclass(frozen=True, slots=True)
class _Sight:
    """What is on this card and what must not be. `others` are all means of other groups, in any version."""

    looking: Looking
    others: tuple[_Means, ...]
    victims: tuple[_Means, ...]
    hidden: Hidden

    @classmethod
    def of(cls, people: Sequence[Party], looking: Looking) -> "_Sight":
        own = tuple(m for p in people if p.group == looking.group for m in _means(p.entries))
        others = tuple(m for p in people if p.group != looking.group for m in _means(p.entries))
        victims = tuple(m for p in people if p.group is Side.VICTIM for m in _means(p.entries))
        safe = tuple(t for p in people if p.group != looking.group for t in _safe_texts(p.entries))
        ids = tuple(t for p in people if p.group != looking.group for t in _texts(p.entries, "national_id"))
        own_ids = {looks(t) for p in people if p.group == looking.group for t in _texts(p.entries, "national_id")}
        keeps = looking.side is Side.VICTIM
        secret = [m for m in own if m.kind is ContactKind.CURRENT_PLACE and _is_safe_place(m, own)]
        if looking.role is not PostRole.FAMILY_WORKER:
            secret = []
        elsewhere = [m for m in others if not (keeps and m.kind in PLACES and _is_shared(m, own))]
        elsewhere += secret
        hidden = Hidden(
            phones=(*(m.text for m in elsewhere if m.kind is ContactKind.PHONE), *safe),
            places=tuple(m.text for m in elsewhere if m.kind in PLACES),
            words=tuple(m.text for m in elsewhere if m.kind is ContactKind.SCHOOL),
            identities=tuple(t for t in ids if looks(t) not in own_ids),
        )
        return cls(looking, others, victims, hidden)

    @property
    def shows_story(self) -> bool:
        """On the victims' card alone: a story tells where the victim is."""
        return self.looking.side is Side.VICTIM and self.looking.may_read_story

    def free(self, text: str) -> str:
        return self.hidden.black_out(text)

    def why_withheld(self, means: _Means) -> Withheld | None:
        if means.kind is ContactKind.CURRENT_PLACE and self.looking.role is PostRole.FAMILY_WORKER:
            return Withheld.NOT_FOR_THIS_ROLE
        if _is_shared(means, self.others):
            if means.kind not in PLACES:
                return Withheld.SHARED
            if self.looking.side is not Side.VICTIM:
                return Withheld.ON_VICTIMS_CARD if _is_shared(means, self.victims) else Withheld.SHARED
        return Withheld.NAMES_THE_OTHER_SIDE if self.hidden.is_in(means.text) else None


def _means(entries: Iterable[Entry]) -> Iterator[_Means]:
    """Every way to a person that any version tells, each once."""
    told = (_Means(kind, text) for e in entries for kind in ContactKind for text in _told_as(e, kind))
    return iter(dict.fromkeys(told))


def _told_as(entry: Entry, kind: ContactKind) -> Iterator[str]:
    match kind:
        case ContactKind.PHONE:
            phones = entry.written.get("phones")
            yield from (t for one in (phones if isinstance(phones, list) else [phones]) for t in _text(one))
        case ContactKind.ADDRESS | ContactKind.REGISTERED_ADDRESS | ContactKind.CURRENT_PLACE | ContactKind.SCHOOL:
            yield from _text(entry.written.get(kind.value))
        case _:
            assert_never(kind)


def _text(value: Json) -> Iterator[str]:
    """What is no text tells nobody where somebody is, and is not shown."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, str) and value.strip():
        yield value


def _texts(entries: Iterable[Entry], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t for e in entries for t in _text(e.written.get(name))))


def _safe_texts(entries: Iterable[Entry]) -> Iterator[str]:
    """Rules of safe contact name numbers, people and places, too."""
    for rule in rules_of(e.written.get("safe_contact") for e in entries).told:
        yield from (part for part in (rule.way, rule.person) if part and lines_of(part))


def _is_safe_place(means: _Means, own: Iterable[_Means]) -> bool:
    """Whether somebody is elsewhere than where they live: that place is kept from whoever has no need of it."""
    homes = (m.text for m in own if m.kind in PLACES and m.kind is not ContactKind.CURRENT_PLACE)
    return not any_same_place(means.text, homes)


def _is_shared(means: _Means, others: Iterable[_Means]) -> bool:
    """Whether somebody of the others can be found by the same means."""
    if means.kind is ContactKind.PHONE:
        lines, text = lines_of(means.text), looks(means.text)
        told = (m.text for m in others if m.kind is ContactKind.PHONE)
        return any(looks(t) == text or same_line(lines, lines_of(t)) for t in told)
    if means.kind in PLACES:
        return any_same_place(means.text, (m.text for m in others if m.kind in PLACES))
    return any(looks(m.text) == looks(means.text) for m in others if m.kind is means.kind)


def _person(party: Party, sight: _Sight) -> Card:
    is_on_card = party.group == sight.looking.group
    told = {
        "person": party.number,
        "side": party.side,
        "roles": list(party.roles),
        **_named(party, sight, is_on_card=is_on_card),
        "sex": next((e.person.sex for e in party.entries if e.person.sex), None),
        "births": [sight.free(t) for t in _texts(_newest(party), "birth_date")],
        "relationships": [
            sight.free(t) for t in _texts(_newest(party), "relationship_to_victim") if len(t) <= RELATION_CHARACTERS_MAX
        ],
    }
    return {**told, **_contacts(party, sight)} if is_on_card else told


def _newest(party: Party) -> Iterator[Entry]:
    return (entry for entry in party.entries if entry.told.is_newest)


def _named(party: Party, sight: _Sight, *, is_on_card: bool) -> Card:
    """On another side's card, a code name stands for whoever has one."""
    codes = _texts(party.entries, "code_name")
    names = _texts(party.entries, "name") if is_on_card or not codes else ()
    return {"names": [sight.free(t) for t in names], "code_names": [sight.free(t) for t in codes]}


def _contacts(party: Party, sight: _Sight) -> Card:
    rules = rules_of(e.written.get("safe_contact") for e in party.entries)
    return {
        "national_ids": [sight.free(t) for t in _texts(_newest(party), "national_id")],
        "conditions": sorted({c for e in _newest(party) for c in e.person.conditions if _CODE.fullmatch(c)}),
        "safe_contact": [
            {name: sight.free(part) for name, part in rule._asdict().items() if part} for rule in rules.told
        ],
        "contacts": [_contact(means, rules, sight) for means in _means(_newest(party))],
    }


def _contact(means: _Means, rules: Rules, sight: _Sight) -> Card:
    """A contact with whether the rules allow it at this moment, or why it is not here."""
    withheld = sight.why_withheld(means)
    if withheld:
        return {"kind": means.kind, "withheld": withheld}
    way = Way(WayKind.CALL if means.kind is ContactKind.PHONE else WayKind.VISIT, means.text)
    answer = may_reach(rules, way, sight.looking.at, is_workday=sight.looking.is_workday)
    return {
        "kind": means.kind,
        "value": means.text,
        "now": answer.code if isinstance(answer, Refused) else "allowed",
    }


def _report(version: Told, sight: _Sight) -> Card:
    """What happened, as codes; a code that the policy does not know may be anything, and is not shown."""
    facts, place = version.facts, version.data.get("occurred_place")
    is_victims = sight.looking.side is Side.VICTIM
    return {
        "categories": list(facts.categories),
        "crisis_flags": list(facts.crisis_flags),
        "indicators": [code for code in facts.indicators if _CODE.fullmatch(code)],
        "occurred_at": facts.occurred_at.isoformat() if facts.occurred_at else None,
        "occurred_places": [sight.free(t) for t in _text(place)] if is_victims else [],
        "story": sight.free(version.story) if sight.shows_story and version.story else None,
    }
