"""What each level of each aspect weighs, and from where on reports are joined or asked about: data with a version."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from pipeline.data import table

Bits = tuple[float, float]
"""For one household, and for one incident given one household."""


@dataclass(frozen=True, slots=True)
class Weights:
    """`household_join` and `incident_join` are the mean probabilities from which on two groups are one. `unseen` stands
    for a pair that was never compared. From `review_from` up to the join a person is asked.
    """

    version: str
    prior_household: float
    prior_incident: float
    household_join: float
    incident_join: float
    unseen: float
    review_from: float
    table: Mapping[tuple[str, str], Bits]


@lru_cache(maxsize=1)
def weights() -> Weights:
    """Those that travel with the package."""
    return read_weights(table("weights.json"))


def read_weights(text: str) -> Weights:
    """Raises ValueError where something is missing or no number."""
    read = json.loads(text)
    try:
        levels = {
            (aspect, level): (float(bits[0]), float(bits[1]))
            for aspect, of_level in read["aspects"].items()
            for level, bits in of_level.items()
        }
        return Weights(
            version=str(read["version"]),
            prior_household=float(read["prior"]["household"]),
            prior_incident=float(read["prior"]["incident"]),
            household_join=float(read["household_join"]),
            incident_join=float(read["incident_join"]),
            unseen=float(read["unseen"]),
            review_from=float(read["review_from"]),
            table=MappingProxyType(levels),
        )
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"weights: {error!r}") from None
