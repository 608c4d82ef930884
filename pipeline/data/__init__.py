"""Open data that travels with the package; `README.md` beside it names every source."""

from collections.abc import Iterator
from functools import lru_cache
from importlib.abc import Traversable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

_IN_SOURCE = Path(__file__).parents[2] / "deploy"


class Town(NamedTuple):
    county_code: str
    county: str
    town_code: str
    town: str


def table(name: str) -> str:
    """The text of one CSV file of this folder."""
    return files(__name__).joinpath(name).read_text("utf-8-sig")


def deployed(name: str) -> str:
    """The text of a file of `deploy/`, which a bureau may change in its own copy: such as `policy/default-2026.1.toml`.
    A built package carries these files; a source tree has them beside it.
    """
    packed = files(__name__).joinpath("deploy", *name.split("/"))
    return packed.read_text("utf-8") if packed.is_file() else _IN_SOURCE.joinpath(name).read_text("utf-8")


def deployed_files(folder: str, ending: str) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file below a folder of `deploy/` whose name ends so, in order of names."""
    packed = files(__name__).joinpath("deploy", *folder.split("/"))
    root: Traversable = packed if packed.is_dir() else _IN_SOURCE.joinpath(folder)
    yield from _below(root, folder, ending)


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
