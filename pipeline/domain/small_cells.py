"""Counts of few people tell of persons: they are not shown, nor what would let them be reckoned."""

from collections.abc import Mapping

SHOWN_FROM = 5
FEW = f"<{SHOWN_FROM}"
KEPT_BACK = "*"
"""A larger count, which would tell the only small one beside it from their sum."""


def shown(counts: Mapping[str, int], *, add_up: bool) -> Mapping[str, int | str]:
    """Each count, or what stands for it. `add_up`: their sum is known from elsewhere. Where all together are few, no
    row says whether it holds any of them: a single one in each of several tables would tell of one person.
    """
    if 0 < sum(counts.values()) < SHOWN_FROM:
        return dict.fromkeys(counts, FEW)
    few = [name for name, count in counts.items() if 0 < count < SHOWN_FROM]
    found: dict[str, int | str] = {**counts, **dict.fromkeys(few, FEW)}
    others = [name for name, count in counts.items() if count >= SHOWN_FROM]
    if add_up and len(few) == 1 and others:
        found[min(others, key=lambda name: (counts[name], name))] = KEPT_BACK
    return found
