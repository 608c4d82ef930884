"""The levels that tell whether two reports can be of one moment: when it happened by each, and when each was told. All
ranges are hours.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pipeline.domain.comparison_levels import Level, among
from pipeline.domain.profile import Profile

HOUR_S = 3600
AT_ONCE_S = 15 * 60
"""A happening that is dated by the minute of its telling is perhaps only a form's default."""

_TOLD = (24, 48, 96, 168, 336, 720, 2160, 4320)
_TOLD_ABOUT = (12, 48, 120, 336)
_BETWEEN = (1, 2, 3, 4.5, 6, 8, 12, 18, 24, 36, 48, 72, 120, 240, 480)
_LAGS = (-480, -168, -96, -48, -24, -12, -8, -5, -3, -1.5, -0.5, 0, 1.5, 3, 6, 9, 12, 18, 24, 36, 48, 72, 96, 120, 168)
_LAGS = (*_LAGS, 240, 480)
_TOLD_FINE = (3, 6, 12, 24, 48, 72, 96, 120)
_BEFORE_SHOWS = -3


class Time(NamedTuple):
    """`told` and `told_about` are the time between the tellings. `about` is all in short, for what it is crossed with;
    `aspects` are the levels of time alone.
    """

    told: str
    told_about: str
    about: str
    aspects: tuple[Level, ...]


def compare(one: Profile, other: Profile) -> Time:
    told = abs(one.told - other.told) / HOUR_S
    if one.occurred is not None and other.occurred is not None:
        about, aspects = _both_dated(one, other, one.occurred, other.occurred)
    elif one.occurred is not None:
        about, aspects = _one_dated(one, other, one.occurred)
    elif other.occurred is not None:
        about, aspects = _one_dated(other, one, other.occurred)
    else:
        about = f"none/{among(told, (6, 12, 24, 48, 72, 120))}"
        aspects = (("occurred", "none"), ("time", f"none/{among(told, _BETWEEN)}"))
    return Time(among(told, _TOLD), among(told, _TOLD_ABOUT), about, aspects)


def levels(time: Time) -> Iterator[Level]:
    yield from time.aspects
    yield "told", time.told


def _both_dated(one: Profile, other: Profile, ours: float, theirs: float) -> tuple[str, tuple[Level, ...]]:
    between = abs(ours - theirs) / HOUR_S
    told = abs(one.told - other.told) / HOUR_S
    lag = min(one.told - theirs, other.told - ours) / HOUR_S
    aspects = (
        ("occurred", f"both/{among(between, _BETWEEN)}"),
        ("occurred_lag", f"both/{among(lag, _LAGS)}{_at_once(lag, (one, other))}"),
        (
            "time",
            f"both/{among(between, (3, 6, 12, 24, 48, 96))}/{among(lag, (-48, -24, -12, -6, -3, -1, 0, 3, 6, 12))}",
        ),
        ("time_told", f"both/{among(between, (1.5, 3, 6, 12, 24, 48, 96))}/{among(told, _TOLD_FINE)}"),
    )
    return f"both/{among(between, (3, 6, 12, 24, 48))}", aspects


def _one_dated(dated: Profile, undated: Profile, occurred: float) -> tuple[str, tuple[Level, ...]]:
    """`lag` is negative where it happened after the other was told."""
    lag = (undated.told - occurred) / HOUR_S
    told = abs(dated.told - undated.told) / HOUR_S
    side = "one/later" if undated.told >= dated.told else "one/earlier"
    lags = (-24, -12, -6, -3, 0, 3, 6, 12, 24, 48, 72, 96, 120)
    aspects = (
        ("occurred", f"{side}/{among(lag, _LAGS)}{_at_once(lag, (dated,))}"),
        ("time_told", f"{side}/{among(lag, lags)}/{among(told, _TOLD_FINE)}"),
    )
    return f"{side}/{among(lag, (-12, -3, 0, 12, 48, 120))}", aspects


def _at_once(lag: float, dated: tuple[Profile, ...]) -> str:
    if lag >= _BEFORE_SHOWS:
        return ""
    at_once = any(p.occurred is not None and abs(p.told - p.occurred) < AT_ONCE_S for p in dated)
    return "/at_once" if at_once else ""
