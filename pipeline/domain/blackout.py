"""Takes out of written text whatever tells how certain people can be reached."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pipeline.domain.facts import Place, Street
from pipeline.domain.normalise.gazetteer import comparable
from pipeline.domain.normalise.identity import read_identity
from pipeline.domain.normalise.phone import Line, PhoneAgreement, compare_phones, read_lines
from pipeline.domain.normalise.place import read_place
from pipeline.domain.normalise.place_agreement import PlaceAgreement, compare_places
from pipeline.domain.normalise.street import digits, written
from pipeline.domain.normalise.text import LENGTH_MAX, plain, unspaced
from pipeline.domain.normalise.variants import fold

BLACK: Final = "▇▇▇"
SHOWS_FROM: Final = 3
"""Characters of a text by which it can be found in another."""

_AGREE: Final = frozenset(PhoneAgreement) - {PhoneAgreement.DIFFERENT, PhoneAgreement.UNKNOWN}
_ONE_PLACE: Final = frozenset(
    {
        *(PlaceAgreement.SAME_ROOM, PlaceAgreement.SAME_FLOOR, PlaceAgreement.SAME_BUILDING),
        *(PlaceAgreement.BUILDING_IN_OTHER_TOWN, PlaceAgreement.SAME_LANDMARK),
    }
)
_END = "，。；、！？：\n\r;,!?"
_PIECE = re.compile(rf"[^{_END}]+")
_DIGIT_WORDS: Final = str.maketrans("〇零一二三四五六七八九", "00123456789")
_NUMBER = re.compile(r"\+?\d(?:[\s\-‐‑‒–—―−─－﹣ー().（）~_/轉#*]{0,3}\d){6,23}")
_LIKE_AN_ID = re.compile(r"(?<![A-Za-z])[A-Za-zＡ-Ｚａ-ｚ][\s\-]?(?:[\dＡ-Ｚa-zA-Z０-９][\s\-.]?){8,10}")
CORE_SHOWS_FROM: Final = 7
ID_LENGTH: Final = 10
_CORE = re.compile(r"^(?:\+886|0)")
_STEP: Final = LENGTH_MAX // 2


def lines_of(text: str) -> tuple[Line, ...]:
    """The telephones of a text, their digits in whatever writing."""
    return read_lines(text.translate(_DIGIT_WORDS))


def same_line(ours: tuple[Line, ...], theirs: tuple[Line, ...]) -> bool:
    """Whether any telephone of the one may be one of the other."""
    return compare_phones(ours, theirs) in _AGREE


def same_place(a: Place, b: Place) -> bool:
    """Whether two addresses are one building or landmark."""
    return compare_places(a, b) in _ONE_PLACE


def looks(text: str) -> str:
    """A text as it is found in another, whatever its widths, spaces and variant characters."""
    return unspaced(fold(comparable(plain(text)))).casefold()


@dataclass(frozen=True)
class Hidden:
    """What must not be read in a text: telephones, places, other words and national IDs, each as it was written."""

    phones: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()

    def black_out(self, text: str) -> str:
        """The text with `▇▇▇` for each number, and for each piece between two marks of punctuation, that tells of what
        is hidden.
        """
        if not (self.phones or self.places or self.words or self.identities):
            return text
        return _PIECE.sub(lambda piece: "".join(self._pieces(piece[0])), self._without_numbers(text))

    def is_in(self, text: str) -> bool:
        return self.black_out(text) != text

    @cached_property
    def _lines(self) -> tuple[Line, ...]:
        return tuple(line for phone in self.phones for line in lines_of(phone) if not line.says_nothing)

    @cached_property
    def _cores(self) -> frozenset[str]:
        """The digits of each telephone without the 0 or the country in front."""
        cores = (_CORE.sub("", line.number) for line in self._lines)
        return frozenset(core for core in cores if len(core) >= CORE_SHOWS_FROM and core.isdecimal())

    @cached_property
    def _numbers(self) -> frozenset[str]:
        return frozenset(i.text for i in map(read_identity, self.identities) if i)

    @cached_property
    def _doors(self) -> frozenset[str]:
        """Road to number of each address, in digits."""
        return frozenset(filter(None, (_door(read_place(text)) for text in self.places)))

    @cached_property
    def _texts(self) -> frozenset[str]:
        """What is searched for as it stands; a county or a town alone tells nobody's place."""
        told = {looks(text) for text in (*self.words, *self.phones, *self.identities)}
        told |= {looks(text) for text in self.places if not _is_vague(read_place(text))}
        return frozenset(text for text in told if len(text) >= SHOWS_FROM)

    def _without_numbers(self, text: str) -> str:
        """Digits may be written wide, or in Chinese."""
        same_length = text.translate(_DIGIT_WORDS)
        spans = [found.span() for found in _NUMBER.finditer(same_length) if self._is_line(found[0])]
        spans += [found.span() for found in _LIKE_AN_ID.finditer(text) if self._is_identity(found[0])]
        for begin, end in sorted(spans, reverse=True):
            text = text[:begin] + BLACK + text[end:]
        return text

    def _is_line(self, number: str) -> bool:
        bare = "".join(c for c in plain(number.translate(_DIGIT_WORDS)) if c.isdecimal())
        return any(core in bare for core in self._cores) or same_line(lines_of(number), self._lines)

    def _is_identity(self, number: str) -> bool:
        read = (read_identity(part) for part in (number, unspaced(number)[:ID_LENGTH]))
        return any(identity and identity.text in self._numbers for identity in read)

    def _pieces(self, piece: str) -> Iterator[str]:
        """A piece that is too long for the readers is looked at through windows that overlap."""
        if len(piece) <= LENGTH_MAX:
            yield BLACK if self._tells(piece) else piece
            return
        starts = range(0, len(piece), _STEP)
        told = [self._tells(piece[start : start + LENGTH_MAX]) for start in starts]
        for position, start in enumerate(starts):
            is_covered = told[position] or (position > 0 and told[position - 1])
            yield BLACK if is_covered else piece[start : start + _STEP]

    def _tells(self, piece: str) -> bool:
        folded = looks(piece)
        if any(text in folded for text in self._texts):
            return True
        in_digits = digits(comparable(unspaced(plain(piece)))) if self._doors else ""
        return any(door in in_digits for door in self._doors)


def _door(place: Place) -> str | None:
    street = place.parts.street
    if not (street.road and street.number):
        return None
    return unspaced(written(Street(*street[: Street._fields.index("block")])))


def _is_vague(place: Place) -> bool:
    return place.parts.street == Street() and not place.parts.remark and not place.parts.village


def any_same_place(one: str, others: Iterable[str]) -> bool:
    """Whether an address is, or may be, one of these others."""
    place, text = read_place(one), looks(one)
    return any(text == looks(other) or same_place(place, read_place(other)) for other in others)
