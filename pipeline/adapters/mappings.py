"""Where mappings lie: the shipped ones by name, a bureau's own by path."""

from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from pipeline.contracts.feeds import Feed, parse_feeds
from pipeline.contracts.mapping import ReportMapping, parse_mapping
from pipeline.errors import AnwangError


class MappingRefusedError(AnwangError):
    """A mapping is not there or will not do; the text names the file and the key."""


class Loaded(NamedTuple):
    """A mapping; `digest` is that of its text."""

    name: str
    mapping: ReportMapping
    digest: str


def shipped_names() -> tuple[str, ...]:
    return tuple(sorted(f.name.removesuffix(".toml") for f in _shipped().iterdir() if f.name.endswith(".toml")))


def load_mapping(name_or_path: str) -> Loaded:
    """Raises MappingRefusedError."""
    path = Path(name_or_path)
    if name_or_path in shipped_names():
        name, text = name_or_path, _shipped().joinpath(f"{name_or_path}.toml").read_text("utf-8")
    elif path.suffix == ".toml":
        name, text = path.stem, _read(path)
    else:
        raise MappingRefusedError(
            f"there is no mapping {name_or_path}: see `anwang mapping list`; a file's name ends in .toml"
        )
    try:
        return Loaded(name, parse_mapping(text), sha256(text.encode()).hexdigest())
    except ValueError as error:
        raise MappingRefusedError(f"the mapping {name_or_path}: {error}") from None


def load_feeds(file: Path) -> tuple[tuple[Feed, Loaded], ...]:
    """Every feed of a bureau's list with its mapping. Raises MappingRefusedError."""
    try:
        feeds = tuple((feed, load_mapping(feed.mapping)) for feed in parse_feeds(_read(file)))
    except ValueError as error:
        raise MappingRefusedError(f"the feeds {file}: {error}") from None
    for feed, loaded in feeds:
        if not (feed.source or loaded.mapping.source):
            raise MappingRefusedError(f"the feeds {file}: {feed.name} needs a source, since its mapping names none")
    return feeds


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise MappingRefusedError(f"the file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise MappingRefusedError(f"the file {path} is not UTF-8") from None


def _shipped() -> Traversable:
    return files("pipeline.data") / "mappings"
