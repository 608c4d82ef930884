"""Levels that are ranges."""

from bisect import bisect_right
from collections.abc import Sequence

Level = tuple[str, str]
"""An aspect, and how two reports agree in it."""

UNKNOWN = "unknown"
NONE = "none"


def among(amount: float, edges: Sequence[float]) -> str:
    """The range between two edges that the amount lies in: `3..6` is from 3 to below 6, `..3` all below, `6..` the
    rest.
    """
    at = bisect_right(edges, amount)
    low = f"{edges[at - 1]:g}" if at else ""
    return f"{low}..{edges[at]:g}" if at < len(edges) else f"{low}.."
