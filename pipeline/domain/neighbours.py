"""Which earlier reports a report would be compared with, where all lie in memory."""

from collections import Counter, defaultdict

from pipeline.domain.facts import Facts
from pipeline.domain.link import Key, linking_keys, stored_keys

NEWEST_MAX, NEIGHBOURS_MAX = 64, 40


class Neighbours:
    """Filled in order of arrival."""

    def __init__(self) -> None:
        self._bearers: defaultdict[Key, list[int]] = defaultdict(list)

    def of(self, facts: Facts) -> list[int]:
        """Numbers of the reports that share the most keys with this one, each key leading to the newest."""
        shared = Counter(number for key in linking_keys(facts) for number in self._bearers[key][-NEWEST_MAX:])
        return sorted(shared, key=lambda number: (-shared[number], -number))[:NEIGHBOURS_MAX]

    def add(self, number: int, facts: Facts) -> None:
        for key in stored_keys(facts):
            self._bearers[key].append(number)
