"""Open data that travels with the package; `README.md` beside it names every source."""

from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple


class Town(NamedTuple):
    county_code: str
    county: str
    town_code: str
    town: str


def table(name: str) -> str:
    """The text of one CSV file of this folder."""
    return files(__name__).joinpath(name).read_text("utf-8-sig")


@lru_cache(maxsize=1)
def towns() -> tuple[Town, ...]:
    """Every town of Taiwan with its county and both official codes, in the order of their codes."""
    return tuple(Town(*line.split(",")) for line in table("towns.csv").splitlines()[1:])
