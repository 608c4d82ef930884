"""How two reports agree, aspect by aspect: the levels that weights are learnt for. Each level is made of fixed words, +
and /, and of ranges (3..6); `link_words` tells what they mean.
"""

from collections.abc import Iterator

from pipeline.domain import comparison_people as of_people
from pipeline.domain import comparison_places as of_places
from pipeline.domain import comparison_time as of_time
from pipeline.domain.comparison_levels import UNKNOWN, Level, among
from pipeline.domain.name_share import is_common
from pipeline.domain.normalise.story import Story
from pipeline.domain.person_pairs import couples
from pipeline.domain.profile import Profile

PAIRS_MIN = 7
"""A story of fewer pairs of characters (遭家人毆打) is told of many."""

_ALIKE = (0.01, 0.1, 0.25, 0.5, 0.8)
_WEIGHT_MAX, _OTHERS_MAX = 4, 3


def levels(one: Profile, other: Profile) -> Iterator[Level]:
    """Every aspect with its level, the same whichever report comes first."""
    people, places, time = couples(one, other), of_places.compare(one, other), of_time.compare(one, other)
    surnames, story, category = _surnames(one, other), _story(one.story, other.story), _category(one, other)
    best = of_people.best(people)
    yield from of_people.levels(people, one, other)
    yield from of_places.levels(places)
    yield from of_time.levels(time)
    yield "surnames", surnames
    yield "surnames_place", f"{surnames}/{places.kind}"
    yield "surnames_first", f"{surnames}/{best}"
    yield "story_surnames", _story_surnames(one.story, other.story)
    yield "story_category", f"{story}/{category}"
    yield "place_likeness", f"{places.kind}/{of_people.likeness(people)}"
    yield "told_likeness", f"{time.told_about}/{of_people.likeness_in_full(people)}"
    yield "told_place", f"{time.told_about}/{places.kind}"
    yield "time_story", f"{time.about}/{story}"
    yield "time_category", f"{time.about}/{category}"
    yield "time_scene", f"{time.about}/{places.kind_of_scene}"
    yield "time_victims", f"{time.about}/{of_people.victims(people)}"
    yield "about", time.about


def _surnames(one: Profile, other: Profile) -> str:
    """What the surnames in common weigh, a rarer one double, and how many others there are."""
    if not (one.surnames and other.surnames):
        return UNKNOWN
    weight = sum(1 if is_common(surname) else 2 for surname in one.surnames & other.surnames)
    return f"{min(weight, _WEIGHT_MAX)}-{min(len(one.surnames ^ other.surnames), _OTHERS_MAX)}"


def _story(one: Story | None, other: Story | None) -> str:
    """The share of the shorter story's pairs of characters that stand in the other, too."""
    if not (one and other):
        return UNKNOWN
    shorter = min(len(one.pairs), len(other.pairs))
    return among(len(one.pairs & other.pairs) / shorter, _ALIKE) if shorter >= PAIRS_MIN else UNKNOWN


def _story_surnames(one: Story | None, other: Story | None) -> str:
    if not (one and other and one.surnames and other.surnames):
        return UNKNOWN
    return f"{len(one.surnames & other.surnames)}-{min(len(one.surnames ^ other.surnames), _OTHERS_MAX)}"


def _category(one: Profile, other: Profile) -> str:
    if one.categories == other.categories:
        return "same"
    return "other" if one.categories.isdisjoint(other.categories) else "overlapping"
