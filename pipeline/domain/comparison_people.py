"""The levels that tell how the people of two reports agree."""

from collections.abc import Iterator
from typing import Final

from pipeline.contracts.vocabulary import Role, Sex
from pipeline.domain.comparison_levels import NONE, UNKNOWN, Level, among
from pipeline.domain.name_share import Share, has_common_given_name, surname_share
from pipeline.domain.normalise.birth_agreement import BirthAgreement as Births
from pipeline.domain.normalise.identity import IdentityAgreement as Identities
from pipeline.domain.normalise.name_agreement import NameAgreement as Names
from pipeline.domain.normalise.phone import PhoneAgreement as Phones
from pipeline.domain.person_pairs import Couple, Couples
from pipeline.domain.profile import Age, Profile

NAME: Final = {
    Names.EQUAL: "exact",
    Names.VARIANT: "exact",
    Names.ROMAN_ORDER: "exact",
    Names.SOUND: "alike",
    Names.SOUND_NEAR: "alike",
    Names.MARRIED: "alike",
    Names.MASK_FITS: "alike",
    Names.MASK_SOUND: "weak",
    Names.SWAPPED: "alike",
    Names.ONE_CHARACTER_OFF: "off",
    Names.GIVEN_EQUAL: "off",
    Names.PART: "weak",
    Names.NICKNAME: "weak",
    Names.SURNAME_ONLY: "surname",
    Names.SURNAME_SOUND: "weak",
    Names.SURNAME_SAME: "relative",
    Names.DIFFERENT: "different",
    Names.UNKNOWN: UNKNOWN,
}
BIRTH: Final = {
    Births.EQUAL: "same",
    Births.ALTERNATIVE: "same",
    Births.SWAPPED: "same",
    Births.ERA_OFF: "same",
    Births.ONE_DIGIT_OFF: "near",
    Births.YEAR_BESIDE: "near",
    Births.MONTH_EQUAL: "part",
    Births.YEAR_EQUAL: "part",
    Births.YEAR_NEAR: "part",
    Births.DIFFERENT: "different",
    Births.UNKNOWN: UNKNOWN,
}
PHONE: Final = {
    Phones.EQUAL: "phone",
    Phones.LOCAL_FITS: "phone",
    Phones.EXTENSION_DIFFERS: "phone",
    Phones.MASK_FITS: "phone_near",
    Phones.ONE_DIGIT_OFF: "phone_near",
    Phones.DIFFERENT: "phone_differs",
    Phones.UNKNOWN: "no_phone",
}
_NEAR_IDENTITIES = frozenset({Identities.SWAPPED, Identities.ONE_OFF, Identities.MASK_FITS})
_OTHER_IDENTITIES = frozenset({Identities.DIFFERENT, Identities.NEIGHBOUR})

_FOR = (0.5, 1.5, 3, 5, 6.5, 8, 10, 12, 15, 19, 24)
_FOR_ABOUT = (0.5, 1.5, 3, 5, 8, 12)
_AGAINST = (-14, -8, -5, -3, -1.2, -0.2)
_THIRD = (-4, -1, 0.5, 3, 6, 9)
_AGAINST_SHOWS = -1.2
_SIZE_MAX = 4
_SHARES: Final = tuple(Share)


def levels(found: Couples, one: Profile, other: Profile) -> Iterator[Level]:
    """Of the two people most alike, the two next, all together, and of the victims."""
    for place, couple in zip(("first", "second"), found.matched, strict=False):
        yield from _of_couple(place, couple)
    if found.matched:
        yield "first", _in_short(found.matched[0])
    if len(found.matched) > 2:  # noqa: PLR2004 - the third
        yield "third", among(found.matched[2].likeness, _THIRD)
    yield "likeness", likeness_in_full(found)
    yield "unlikeness", among(_against(found), _AGAINST)
    yield "victims", _in_short(found.victims) if found.victims else NONE
    yield "perpetrators", _in_short(found.perpetrators) if found.perpetrators else NONE
    yield "kin", _kin(one, other)
    sizes = sorted((min(len(one.people), _SIZE_MAX), min(len(other.people), _SIZE_MAX)))
    yield "size", f"{sizes[0]}-{sizes[1]}"


def _of_couple(place: str, c: Couple) -> Iterator[Level]:
    yield f"{place}_name", f"{c.name}+{_share(c)}" if c.name is Names.EQUAL else str(c.name)
    yield f"{place}_birth", str(c.birth)
    yield f"{place}_identity", str(c.identity)
    yield f"{place}_phone", str(c.phone)
    yield f"{place}_who", _who(c)
    yield f"{place}_sex", UNKNOWN if not (c.a.sex and c.b.sex) else "same" if c.a.sex is c.b.sex else "other"


def _share(c: Couple) -> str:
    """How many bear an equal name."""
    if c.a.name is None:
        return UNKNOWN
    return f"{surname_share(c.a.name.surname)}+{'common' if has_common_given_name(c.a.name) else 'rare'}"


def _name(c: Couple) -> str:
    level = NAME[c.name]
    if level == "exact":
        return f"exact+{_share(c)}"
    if level == "surname" and c.a.name and c.b.name:
        return f"surname+{min(surname_share(c.a.name.surname), surname_share(c.b.name.surname), key=_SHARES.index)}"
    return level


def _in_short(c: Couple) -> str:
    return f"{_name(c)}+{BIRTH[c.birth]}+{_mark(c)}"


def _mark(c: Couple) -> str:
    if c.identity is Identities.EQUAL:
        return "identity"
    if c.identity in _NEAR_IDENTITIES:
        return "identity_near"
    phone = PHONE[c.phone]
    if c.identity in _OTHER_IDENTITIES:
        return "identity_differs+phone" if phone == "phone" else "identity_differs"
    return phone


def _who(c: Couple) -> str:
    if c.a.role is c.b.role:
        return str(c.a.role) if c.a.role in (Role.VICTIM, Role.ALLEGED_PERPETRATOR) else "same_role"
    roles = {c.a.role, c.b.role}
    if Role.VICTIM in roles:
        return "victim_and_perpetrator" if Role.ALLEGED_PERPETRATOR in roles else "victim_and_other"
    return "perpetrator_and_other" if Role.ALLEGED_PERPETRATOR in roles else "others"


def best(found: Couples) -> str:
    """Name and birth of the two people most alike."""
    if not found.matched:
        return NONE
    c = found.matched[0]
    birth = BIRTH[c.birth]
    return f"{_name(c)}+{birth if birth in ('same', 'different') else UNKNOWN}"


def victims(found: Couples) -> str:
    c = found.victims
    return f"{NAME[c.name]}+{BIRTH[c.birth]}" if c else NONE


def likeness(found: Couples) -> str:
    """What speaks for all matched people, and whether something speaks against one."""
    against = "+against" if _against(found) < _AGAINST_SHOWS else ""
    return f"{among(_for(found), _FOR_ABOUT)}{against}"


def likeness_in_full(found: Couples) -> str:
    return among(_for(found), _FOR)


def _for(found: Couples) -> float:
    return sum(c.likeness for c in found.matched if c.likeness > 0)


def _against(found: Couples) -> float:
    return sum(c.likeness for c in found.matched if c.likeness < 0)


_CLOSEST: Final = ("same", UNKNOWN, "other")


def _kin(one: Profile, other: Profile) -> str:
    """Sex and age of the two victims that may best be one, as far as they are told."""
    pairs = (
        (_agree(a.sex, b.sex, None), _agree(a.age, b.age, Age.UNKNOWN)) for a in one.victims for b in other.victims
    )
    closest = min(pairs, key=lambda p: (p[0] == "other", p[1] == "other", _CLOSEST.index(p[0]), p[1]), default=None)
    return f"{closest[0]}+{closest[1]}" if closest else NONE


def _agree(a: Sex | Age | None, b: Sex | Age | None, nothing: Age | None) -> str:
    if a is nothing or b is nothing:
        return UNKNOWN
    return "same" if a is b else "other"
