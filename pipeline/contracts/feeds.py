"""The folders in which others leave files of reports, as a bureau writes them down (TOML, `[[feed]]`)."""

import tomllib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from pipeline.contracts.mapping import Filled, SourceCode, complaints_of

FeedName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]

SETTLE_S = 10.0


class Feed(BaseModel):
    """One folder, and how its files are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: FeedName
    folder: Filled
    mapping: Filled
    """A shipped mapping, or the path of one."""
    source: SourceCode | None = None
    """Whose reports they are, unless the mapping says it."""
    expected_by: TimeOfDay | None = None
    """Each day by this time, in Taiwan, a file must have come."""
    settle_s: Annotated[float, Field(ge=0, le=3600)] = SETTLE_S
    """So long a file's size must stand still before it counts as complete."""
    marker: bool = False
    """A file is complete when NAME.done lies beside it, and not before."""


class Feeds(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    feed: Annotated[tuple[Feed, ...], Field(min_length=1)]

    @field_validator("feed")
    @classmethod
    def _each_once(cls, feeds: tuple[Feed, ...]) -> tuple[Feed, ...]:
        for what in ("name", "folder"):
            told = [getattr(feed, what) for feed in feeds]
            if len(set(told)) != len(told):
                raise ValueError(f"two feeds have one {what}")
        return feeds


def parse_feeds(text: str) -> tuple[Feed, ...]:
    """Raises ValueError, which says by its key what will not do."""
    try:
        return Feeds.model_validate(tomllib.loads(text)).feed
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"this is not TOML: {error}") from None
    except ValidationError as error:
        raise ValueError("; ".join(complaints_of(error))) from None
