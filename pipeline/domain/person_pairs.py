"""Who of one report is who of the other: the most alike first, each person once."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Final, NamedTuple

from pipeline.contracts.vocabulary import Role
from pipeline.domain.name_share import Share, has_common_given_name, surname_share
from pipeline.domain.normalise.birth_agreement import BirthAgreement as Births
from pipeline.domain.normalise.birth_agreement import compare_births
from pipeline.domain.normalise.identity import IdentityAgreement as Identities
from pipeline.domain.normalise.identity import compare_identities
from pipeline.domain.normalise.name_agreement import NameAgreement as Names
from pipeline.domain.normalise.name_agreement import compare_names
from pipeline.domain.normalise.phone import PhoneAgreement as Phones
from pipeline.domain.normalise.phone import compare_phones
from pipeline.domain.profile import Profile, Somebody

OF_NAMES: Final = {
    Names.EQUAL: 6.0,
    Names.VARIANT: 6.0,
    Names.ROMAN_ORDER: 5.0,
    Names.SOUND: 4.0,
    Names.SOUND_NEAR: 3.5,
    Names.MARRIED: 3.0,
    Names.MASK_FITS: 3.0,
    Names.MASK_SOUND: 2.5,
    Names.SWAPPED: 3.0,
    Names.ONE_CHARACTER_OFF: 2.5,
    Names.GIVEN_EQUAL: 1.0,
    Names.PART: 1.5,
    Names.NICKNAME: 1.0,
    Names.SURNAME_ONLY: 1.2,
    Names.SURNAME_SOUND: 0.3,
    Names.SURNAME_SAME: -1.5,
    Names.DIFFERENT: -4.0,
    Names.UNKNOWN: 0.0,
}
OF_BIRTHS: Final = {
    Births.EQUAL: 7.0,
    Births.ALTERNATIVE: 5.0,
    Births.SWAPPED: 5.0,
    Births.ERA_OFF: 5.0,
    Births.ONE_DIGIT_OFF: 3.5,
    Births.YEAR_BESIDE: 0.0,
    Births.MONTH_EQUAL: 0.5,
    Births.YEAR_EQUAL: 0.0,
    Births.YEAR_NEAR: 0.0,
    Births.DIFFERENT: -4.0,
    Births.UNKNOWN: 0.0,
}
OF_IDENTITIES: Final = {
    Identities.EQUAL: 12.0,
    Identities.SWAPPED: 8.0,
    Identities.ONE_OFF: 8.0,
    Identities.MASK_FITS: 4.0,
    Identities.NEIGHBOUR: 1.0,
    Identities.DIFFERENT: -6.0,
    Identities.UNKNOWN: 0.0,
}
OF_PHONES: Final = {
    Phones.EQUAL: 4.0,
    Phones.EXTENSION_DIFFERS: 2.0,
    Phones.LOCAL_FITS: 2.0,
    Phones.MASK_FITS: 1.0,
    Phones.ONE_DIGIT_OFF: 2.0,
    Phones.DIFFERENT: -0.3,
    Phones.UNKNOWN: 0.0,
}
OF_SAME_ROLE, OF_OTHER_SEX = 0.4, -2.0
OF_RARE_NAME, OF_COMMON_NAME = 1.0, -1.0


class Couple(NamedTuple):
    """A person of each report, and how far they agree. `likeness` only ranks: it is about the bits that the agreements
    weigh by themselves.
    """

    a: Somebody
    b: Somebody
    likeness: float
    name: Names
    birth: Births
    identity: Identities
    phone: Phones


class Couples(NamedTuple):
    """`matched`: each person once, the most alike first. `victims` and `perpetrators` are the most alike of these
    roles, whoever else they are alike to.
    """

    matched: Sequence[Couple]
    victims: Couple | None
    perpetrators: Couple | None


def couples(one: Profile, other: Profile) -> Couples:
    """Bystanders of both are no couple: one village head stands in many reports."""
    found = sorted(
        (
            (couple(a, b), i, j)
            for (i, a), (j, b) in product(enumerate(one.people), enumerate(other.people))
            if not a.role is b.role is Role.OTHER
        ),
        key=_closest_first,
    )
    return Couples(
        _each_once(found),
        next((c for c, _, _ in found if c.a.role is c.b.role is Role.VICTIM), None),
        next((c for c, _, _ in found if c.a.role is c.b.role is Role.ALLEGED_PERPETRATOR), None),
    )


def _closest_first(found: tuple[Couple, int, int]) -> tuple[object, ...]:
    """The same whichever report comes first."""
    c, i, j = found
    roles = sorted((c.a.role, c.b.role))
    sexes = c.a.sex is c.b.sex, c.a.sex is None or c.b.sex is None
    return -c.likeness, c.name, c.birth, c.identity, c.phone, roles, sexes, min(i, j), max(i, j)


def _each_once(found: Iterable[tuple[Couple, int, int]]) -> list[Couple]:
    matched, ours, theirs = [], set(), set()
    for c, i, j in found:
        if i not in ours and j not in theirs:
            ours.add(i)
            theirs.add(j)
            matched.append(c)
    return matched


def couple(a: Somebody, b: Somebody) -> Couple:
    name = compare_names(a.name, b.name) if a.name and b.name else Names.UNKNOWN
    birth = compare_births(a.birth, b.birth) if a.birth and b.birth else Births.UNKNOWN
    identity = compare_identities(a.identity, b.identity) if a.identity and b.identity else Identities.UNKNOWN
    phone = compare_phones(a.lines, b.lines) if a.lines and b.lines else Phones.UNKNOWN
    likeness = OF_NAMES[name] + OF_BIRTHS[birth] + OF_IDENTITIES[identity] + OF_PHONES[phone]
    if name is Names.EQUAL and a.name:
        likeness += _of_share(a)
    if a.role is b.role:
        likeness += OF_SAME_ROLE
    if a.sex and b.sex and a.sex is not b.sex:
        likeness += OF_OTHER_SEX
    return Couple(a, b, likeness, name, birth, identity, phone)


def _of_share(person: Somebody) -> float:
    """Of an equal name: more where few bear it."""
    name = person.name
    if name is None:
        return 0.0
    few = surname_share(name.surname) in (Share.FEW, Share.NONE)
    common = has_common_given_name(name)
    if few != common:
        return OF_RARE_NAME if few else OF_COMMON_NAME
    return 0.0
