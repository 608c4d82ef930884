"""One repeatable source of chance, with the questions that inventing asks of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


class Chance(Random):
    """The same seed answers the same."""

    def happens(self, share: float) -> bool:
        return self.random() < share

    def weighted(self, weights: Mapping[Item, float]) -> Item:
        return self.choices(tuple(weights), tuple(weights.values()))[0]

    def early(self, items: Sequence[Item], mean: float = 4.0) -> Item:
        """Rather one of the first: they stand in the order of how common they are."""
        return items[int(self.expovariate(1 / mean)) % len(items)]

    def hours(self, low: float, high: float) -> timedelta:
        return timedelta(hours=self.uniform(low, high))

    def lag(self, mean_hours: float) -> timedelta:
        return timedelta(hours=self.expovariate(1 / mean_hours))
