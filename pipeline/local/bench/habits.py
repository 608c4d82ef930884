"""How each kind of source tells: what it knows, what it leaves out, which faults are its own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Habit(NamedTuple):
    """Factors on the shares of a mix, 1 where a kind is like the others. `republic` is the share of dates in the
    Republic's years, `lag` a factor on the time from the happening to the first telling.
    """

    name: float = 1
    national_id: float = 1
    birth: float = 1
    phone: float = 1
    address: float = 1
    occurred: float = 1
    perpetrator: float = 1
    others: float = 1
    titled: float = 1
    masked: float = 1
    by_ear: float = 1
    landmark: float = 1
    registered: float = 0.3
    school: float = 0
    republic: float = 0.45
    floor_lost: float = 1
    lag: float = 1


_USUAL = Habit()
_HABITS: Mapping[str, Habit] = MappingProxyType(
    {
        "hotline": Habit(
            national_id=0.75,
            birth=0.9,
            phone=1.1,
            titled=1.6,
            by_ear=1.7,
            landmark=2,
            others=1.1,
            republic=0.4,
            lag=0.6,
        ),
        "clinic": Habit(
            national_id=1.7, birth=1.3, perpetrator=0.9, others=0.8, titled=0.4, by_ear=0.4, registered=2, republic=0.6
        ),
        "pharmacy": Habit(
            name=0.8, national_id=0.2, birth=0.4, phone=0.8, address=0.6, perpetrator=0.6, titled=2, landmark=3
        ),
        "safety-site": Habit(
            name=0.9,
            national_id=0.4,
            birth=0.6,
            phone=0.7,
            address=0.85,
            perpetrator=0.9,
            titled=1.5,
            by_ear=1.5,
            landmark=3,
            floor_lost=1.3,
        ),
        "school": Habit(
            national_id=0.7, birth=1.2, phone=1.1, perpetrator=1, others=1.3, masked=3, titled=0.8, school=6, lag=1.6
        ),
        "kindergarten": Habit(national_id=0.6, birth=1.3, phone=1.3, others=1.2, masked=2, school=6, lag=1.3),
        "village-office": Habit(
            national_id=0.7, birth=0.7, phone=0.8, address=1.3, occurred=0.7, by_ear=1.5, floor_lost=0.7, lag=2
        ),
        "police": Habit(
            name=1.1,
            national_id=2.2,
            birth=1.4,
            phone=1.3,
            address=1.2,
            occurred=1.6,
            titled=0.2,
            masked=0.2,
            by_ear=0.5,
            republic=0.8,
            lag=0.5,
            floor_lost=0.6,
        ),
        "national-form": Habit(
            national_id=1.6, birth=1.3, phone=1.3, address=1.2, occurred=1.5, others=1.2, registered=1, republic=0.6
        ),
    }
)


def habit_of(kind: str) -> Habit:
    return _HABITS.get(kind, _USUAL)
