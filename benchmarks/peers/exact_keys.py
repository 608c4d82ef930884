"""The baseline: two reports belong together when they share a valid national ID, or one person's birth date with the
name or a telephone.
"""

from collections.abc import Iterator, Sequence

from peers.columns import Report
from peers.grouping import Pair


def pairs(reports: Sequence[Report]) -> Iterator[Pair]:
    """As many as join all that bear a key."""
    first: dict[str, int] = {}
    for position, report in enumerate(reports):
        for key in _keys(report):
            bearer = first.setdefault(key, position)
            if bearer != position:
                yield bearer, position


def _keys(report: Report) -> Iterator[str]:
    for told in report.versions:
        for person in told.facts.persons:
            if person.national_id:
                yield person.national_id
            if person.birth_date:
                name = (person.name,) if person.name and not person.masked else ()
                yield from (f"{known} {person.birth_date}" for known in (*name, *person.phones))
