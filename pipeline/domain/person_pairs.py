"""Who of one report is who of the other: a greedy matching, each person at most once."""

from itertools import product
from typing import NamedTuple

from pipeline.contracts.vocabulary import Role
from pipeline.domain.normalise.birth_agreement import BirthAgreement, compare_births
from pipeline.domain.normalise.identity import IdentityAgreement, compare_identities
from pipeline.domain.normalise.name_agreement import NameAgreement, compare_names
from pipeline.domain.normalise.phone import PhoneAgreement, compare_phones
from pipeline.domain.profile import Profile, Somebody
from pipeline.domain.name_share import Commonness

_N, _B, _I, _P = NameAgreement, BirthAgreement, IdentityAgreement, PhoneAgreement

LIKENESS_OF_NAMES = {
    _N.EQUAL: 6.0, _N.VARIANT: 6.0, _N.ROMAN_ORDER: 5.0, _N.SOUND: 4.0, _N.SOUND_NEAR: 3.5, _N.MARRIED: 3.0,
    _N.MASK_FITS: 3.0, _N.MASK_SOUND: 2.5, _N.SWAPPED: 3.0, _N.ONE_CHARACTER_OFF: 2.5, _N.GIVEN_EQUAL: 1.0,
    _N.PART: 1.5, _N.NICKNAME: 1.0, _N.SURNAME_ONLY: 1.2, _N.SURNAME_SOUND: 0.3, _N.SURNAME_SAME: -1.5,
    _N.DIFFERENT: -4.0, _N.UNKNOWN: 0.0,
}  # fmt: skip
LIKENESS_OF_BIRTHS = {
    _B.EQUAL: 7.0, _B.ALTERNATIVE: 5.0, _B.SWAPPED: 5.0, _B.ERA_OFF: 5.0, _B.ONE_DIGIT_OFF: 3.5, _B.YEAR_BESIDE: 0.0,
    _B.MONTH_EQUAL: 0.5, _B.YEAR_EQUAL: 0.0, _B.YEAR_NEAR: 0.0, _B.DIFFERENT: -4.0, _B.UNKNOWN: 0.0,
}  # fmt: skip
LIKENESS_OF_IDENTITIES = {
    _I.EQUAL: 12.0, _I.SWAPPED: 8.0, _I.ONE_OFF: 8.0, _I.MASK_FITS: 4.0, _I.NEIGHBOUR: 1.0, _I.DIFFERENT: -6.0,
    _I.UNKNOWN: 0.0,
}  # fmt: skip
LIKENESS_OF_PHONES = {
    _P.EQUAL: 4.0, _P.EXTENSION_DIFFERS: 2.0, _P.LOCAL_FITS: 2.0, _P.MASK_FITS: 1.0, _P.ONE_DIGIT_OFF: 2.0,
    _P.DIFFERENT: -0.3, _P.UNKNOWN: 0.0,
}  # fmt: skip
SAME_ROLE = 0.4
OTHER_SEX = -2.0
RARE, COMMON = 1.0, -1.0


class Couple(NamedTuple):
    a: Somebody
    b: Somebody
    likeness: float
    name: NameAgreement
    birth: BirthAgreement
    identity: IdentityAgreement
    phone: PhoneAgreement


def couple(a: Somebody, b: Somebody) -> Couple:
    name = compare_names(a.name, b.name) if a.name and b.name else _N.UNKNOWN
    birth = compare_births(a.birth, b.birth) if a.birth and b.birth else _B.UNKNOWN
    identity = compare_identities(a.identity, b.identity) if a.identity and b.identity else _I.UNKNOWN
    phone = compare_phones(a.lines, b.lines) if a.lines and b.lines else _P.UNKNOWN
    likeness = (
        LIKENESS_OF_NAMES[name] + LIKENESS_OF_BIRTHS[birth] + LIKENESS_OF_IDENTITIES[identity]
        + LIKENESS_OF_PHONES[phone]
    )
    if a.role is b.role:
        likeness += SAME_ROLE
    if a.sex and b.sex and a.sex is not b.sex:
        likeness += OTHER_SEX
    if name in (_N.EQUAL, _N.VARIANT):
        common = a.common if a.common == b.common else Commonness.USUAL
        likeness += RARE if common is Commonness.RARE else COMMON if common is Commonness.COMMON else 0.0
    return Couple(a, b, likeness, name, birth, identity, phone)


def couples(one: Profile, other: Profile):
    """Matched; and all"""
    all_ = [(couple(a, b), i, j) for (i, a), (j, b) in product(enumerate(one.people), enumerate(other.people)) if not (a.role is b.role is Role.OTHER)]
    matched = []
    left, right = set(), set()
    for c, i, j in sorted(all_, key=_rank):
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
            matched.append(c)
    return matched, [c for c, _, _ in all_]


def _rank(t):
    c = t[0]
    return (-c.likeness, c.name, c.birth, c.identity, c.phone)
