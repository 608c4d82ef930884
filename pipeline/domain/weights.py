"""What each level of each aspect weighs, and from where on reports are joined or asked about: data with a version."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType

from pipeline.data import table

WEIGHS_FROM_BITS = 0.02

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
    digest: str = ""

    @property
    def edition(self) -> str:
        """The version with the beginning of the file's SHA-256: other numbers under one name are another edition."""
        return f"{self.version}-{self.digest[:8]}"


_chosen: list[Weights] = []


def weights() -> Weights:
    """Those that this process was told to use, else those that travel with the package."""
    return _chosen[0] if _chosen else _shipped()


def choose(told: Weights) -> None:
    """For this process, before it decides anything."""
    _chosen[:] = [told]


@lru_cache(maxsize=1)
def _shipped() -> Weights:
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
            digest=sha256(text.encode()).hexdigest(),
        )
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"weights: {error!r}") from None


def written(known: Weights) -> str:
    """The text that reads as these weights: each level on a line of its own, bits to a hundredth, what weighs nothing
    left out.
    """
    head = {
        "version": known.version,
        "prior": {"household": round(known.prior_household, 3), "incident": round(known.prior_incident, 3)},
        "household_join": known.household_join,
        "incident_join": known.incident_join,
        "unseen": known.unseen,
        "review_from": known.review_from,
    }
    aspects: dict[str, dict[str, Bits]] = {}
    for (aspect, level), bits in sorted(known.table.items()):
        rounded = (round(bits[0], 2), round(bits[1], 2))
        if any(abs(b) >= WEIGHS_FROM_BITS for b in rounded):
            aspects.setdefault(aspect, {})[level] = rounded
    levels = ",\n".join(f"{json.dumps(aspect)}: {{\n{_lines(of_level)}\n}}" for aspect, of_level in aspects.items())
    return f'{json.dumps(head, indent=1)[:-2]},\n "aspects": {{\n{levels}\n}}}}\n'


def _lines(of_level: Mapping[str, Bits]) -> str:
    return ",\n".join(f" {json.dumps(level)}: {json.dumps(bits)}" for level, bits in of_level.items())
