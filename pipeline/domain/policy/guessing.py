"""What may have been meant by a word that is not known."""

import re
from collections.abc import Collection
from difflib import get_close_matches

_MEANT = re.compile(r": is (\S+) meant\?")


def guess(word: str, known: Collection[str]) -> str:
    """The end of a sentence; nothing where no known word is near."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.75)
    return f": is {near[0]} meant?" if near else ""


def meant(words: str) -> str | None:
    """The word that a sentence with such an end takes for the meant one."""
    found = _MEANT.search(words)
    return found[1] if found else None
