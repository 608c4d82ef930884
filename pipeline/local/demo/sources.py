"""The registered sources that the package ships."""

from pipeline.data import table
from pipeline.domain.directory import Source, load_directory


def registered_sources() -> tuple[Source, ...]:
    return tuple(load_directory(table("sources.csv")).sources.values())
