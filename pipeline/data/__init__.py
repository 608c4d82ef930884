"""Open data that travels with the package; `README.md` beside it names every source."""

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple


class Town(NamedTuple):
    county_code: str
    county: str
    town_code: str
    town: str


def table(name: str) -> str:
    """The text of one CSV file of this folder."""
    return files(__name__).joinpath(name).read_text("utf-8-sig")


def deployed_files(folder: str, ending: str) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file below a folder of `deploy/` whose name ends so, in order of names."""
    yield from _below(deployed(folder), folder, ending)


def _below(folder: Traversable, name: str, ending: str) -> Iterator[tuple[str, bytes]]:
    for inner in sorted(folder.iterdir(), key=lambda f: (f.is_dir(), f.name)):
        if inner.is_dir():
            yield from _below(inner, f"{name}/{inner.name}", ending)
        elif inner.name.endswith(ending):
            yield f"deploy/{name}/{inner.name}", inner.read_bytes()


@lru_cache(maxsize=1)
def towns() -> tuple[Town, ...]:
    """Every town of Taiwan with its county and both official codes, in the order of their codes."""
    return tuple(Town(*line.split(",")) for line in table("towns.csv").splitlines()[1:])


def deployed(name: str) -> Traversable:
    """A folder of what a bureau may change, as it is shipped: in the wheel it lies here, in a checkout it is the one
    in `deploy/`. Raises FileNotFoundError.
    """
    shipped, in_checkout = files(__name__).joinpath(name), files("pipeline").joinpath("..", "deploy", name)
    found = next((folder for folder in (shipped, in_checkout) if folder.is_dir()), None)
    if found is None:
        raise FileNotFoundError(f"this package was built without its folder {name}")
    return found
