"""Variant characters of names: one representative stands for all glyphs of a character."""

from functools import lru_cache

from pipeline.data import table


def fold(text: str) -> str:
    """The text with every variant character (峯, 温, 国) as its representative (峰, 溫, 國). Folding again changes
    nothing. Characters that are names of their own in Taiwan (范 and 範, 于 and 於, 喆 and 哲) stay apart.
    """
    return text if text.isascii() else text.translate(_representatives())


@lru_cache(maxsize=1)
def _representatives() -> dict[int, str]:
    rows = (line.split(",") for line in table("variants.csv").splitlines()[1:])
    return {ord(variant): character for character, variants in rows for variant in variants}
