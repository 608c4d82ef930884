"""How a slip of the hand changes a row of characters."""


def differ_by_one(one: str, other: str) -> bool:
    """Whether exactly one character was mistyped, left out or added."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = _common_start(one, other)
    if len(one) == len(other):
        return one[start + 1 :] == other[start + 1 :]
    shorter, longer = sorted((one, other), key=len)
    return shorter[start:] == longer[start + 1 :]


def neighbours_swapped(one: str, other: str) -> bool:
    """Whether exactly two neighbours have changed places."""
    start = _common_start(one, other)
    a, b = one[start : start + 2], other[start : start + 2]
    return len(one) == len(other) and one != other and a == b[::-1] and one[start + 2 :] == other[start + 2 :]


def mask_fits(one: str, other: str, hidden: str) -> bool:
    """Whether two texts of one length agree wherever neither hides its character."""
    return len(one) == len(other) and all(x == y or hidden in (x, y) for x, y in zip(one, other, strict=True))


def _common_start(one: str, other: str) -> int:
    return next((i for i, (x, y) in enumerate(zip(one, other, strict=False)) if x != y), min(len(one), len(other)))
