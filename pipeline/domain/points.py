"""What each danger adds to the score, which orders a queue within one priority. No danger counts twice, however often
it is told, and none takes points away.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from pipeline.contracts.decision import Reason
from pipeline.domain.dangers import Dangers
from pipeline.domain.policy.conditions import Situation
from pipeline.domain.policy.own_words import UNKNOWN_INDICATOR, UNKNOWN_INDICATOR_LABELS
from pipeline.domain.policy.policy import Points, Policy


def reasons(policy: Policy, dangers: Dangers) -> Iterator[Reason]:
    """Each danger once, with the most points that a table gives it, in the order of the report's fields; each unknown
    indicator once, with 0 points.
    """
    told: dict[str, Reason] = {}
    for danger, path in _all(policy, dangers):
        known = told.get(danger.code)
        if known is None or danger.points > known.points:
            told[danger.code] = Reason(code=danger.code, points=danger.points, field=path, zh=danger.zh, en=danger.en)
    yield from told.values()
    zh, en = UNKNOWN_INDICATOR_LABELS
    for code, path in dangers.indicators.items():
        if code and code not in policy.indicator_points:
            yield Reason(code=UNKNOWN_INDICATOR, points=0, field=path, zh=zh, en=en)


def _all(policy: Policy, d: Dangers) -> Iterator[tuple[Points, str]]:
    for table, told in (
        (policy.category_points, d.categories),
        (policy.flag_points, d.crisis_flags),
        (policy.indicator_points, d.indicators),
    ):
        yield from ((table[word], path) for word, path in told.items() if word in table and table[word].points)
    yield from _by_item(policy, d)
    yield from ((policy.person_points[k], path) for k, path in d.conditions.items() if k in policy.person_points)
    yield from ((policy.role_points[role], path) for role, path in d.roles.items() if role in policy.role_points)
    yield from _by_age(policy, d)
    for met in policy.dangers(Situation(d)):
        yield Points(met.row.code, met.row.points, met.row.zh, met.row.en), met.paths[0]


def _by_item(policy: Policy, d: Dangers) -> Iterator[tuple[Points, str]]:
    for instrument, forms in d.forms.items():
        for form in forms:
            for field, answer in form.answers:
                points = policy.item_points.get((instrument, field))
                if points and answer is True:
                    yield points, f"instruments.{instrument}.{field}"


def _by_age(policy: Policy, d: Dangers) -> Iterator[tuple[Points, str]]:
    below = policy.words.stand_in_below
    for row in policy.tables.age:
        for ages in d.ages:
            path = ages.below(row.below, below) if row.below else ages.at_least(row.at_least or 0)
            if path:
                yield Points(row.code, row.points, row.zh, row.en), path


def joined(old: Iterable[Reason], new: Iterable[Reason]) -> tuple[Reason, ...]:
    """Of a reason that both have, the one with more points stays, else the older. Unknown indicators are counted."""
    old_unknown, old_known = _parted(old)
    new_unknown, new_known = _parted(new)
    for code, reason in new_known.items():
        known = old_known.get(code)
        if known is None or reason.points > known.points:
            old_known[code] = reason
    return in_order((*old_known.values(), *(old_unknown | new_unknown).elements()))


def _parted(told: Iterable[Reason]) -> tuple[Counter[Reason], dict[str, Reason]]:
    unknown: Counter[Reason] = Counter()
    known: dict[str, Reason] = {}
    for reason in told:
        if reason.code == UNKNOWN_INDICATOR:
            unknown[reason] += 1
        else:
            known[reason.code] = reason
    return unknown, known


def in_order(told: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(told, key=lambda reason: (-reason.points, reason.code, reason.field)))
