"""Lists and tables of words, written as text."""

from collections.abc import Iterator


def listed(text: str) -> tuple[str, ...]:
    """Words apart by white space."""
    return tuple(text.split())


def paired(text: str) -> Iterator[tuple[str, str]]:
    """Entries apart by a comma, each of two words."""
    for entry in text.split(","):
        key, value = entry.split()
        yield key, value
