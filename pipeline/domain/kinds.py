"""The kinds of source that the field knows, and what is usual of each. `pipeline/data/kinds.toml` holds them."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from pipeline.contracts.vocabulary import Category, Channel, Indicator, ReporterRole
from pipeline.data import table

Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]


class Door(StrEnum):
    """How reports of a kind usually come in."""

    KAFKA = "kafka"
    HTTP = "http"
    FORM = "form"
    FILE = "file"


class _Datum(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(_Datum):
    """In Taiwan's Chinese and in English."""

    zh: Filled
    en: Filled


class Known(_Datum):
    """A source of the shipped register that shows the kind."""

    names: Names


class Kind(_Datum):
    """`role`, `channel`, `door`, `categories` and `indicators` are the usual ones; no report is judged by them.
    `sources` are examples, by their code in the shipped register.
    """

    code: Code
    names: Names
    role: ReporterRole
    channel: Channel
    door: Door
    categories: Annotated[tuple[Category, ...], Field(min_length=1)]
    indicators: tuple[Indicator, ...]
    looks: Filled
    """What such a report looks like, in one sentence."""
    trap: Filled
    """What to beware of."""
    sources: Annotated[Mapping[Code, Known], Field(min_length=1)]


_KINDS = TypeAdapter(dict[str, Kind])


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, Kind]:
    """Every known kind by its code, in the order of the file."""
    return load_kinds(table("kinds.toml"))


def load_kinds(toml: str) -> Mapping[str, Kind]:
    """Raises ValueError for what is no TOML, an unknown key or a word outside the vocabulary."""
    found = _KINDS.validate_python({code: _named(code, told) for code, told in tomllib.loads(toml).items()})
    return MappingProxyType(found)


def _named(code: str, told: object) -> object:
    return {**told, "code": code} if isinstance(told, dict) else told


def channel_of(kind: str) -> Channel:
    """The channel that a report of this kind names. A kind of a bureau's own is a partner."""
    known = kinds().get(kind)
    return known.channel if known else Channel.PARTNER
