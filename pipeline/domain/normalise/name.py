"""Names: a form in which two spellings of one name are equal, and what else a written name tells."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from pipeline.domain.normalise.sound import sounds
from pipeline.domain.normalise.surname import HIDDEN, Parts, split, surname_sounds
from pipeline.domain.normalise.text import LENGTH_MAX, plain, unspaced
from pipeline.domain.normalise.title import Title, is_pseudonym, names_nobody, titled, without_title
from pipeline.domain.normalise.variants import fold

__all__ = ["HIDDEN", "Name", "NameForm", "read_name", "read_name_form"]

_HAN = r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
_HAS_HAN = re.compile(_HAN)
_HAN_ONLY = re.compile(rf"[{HIDDEN}{_HAN[1:-1]}]+")
_MASK = re.compile(r"[○◯◎●□■〇*_?某]|(?<![A-Za-z])[OoXx0×]+(?![A-Za-z])")
_ASIDE = re.compile(r"[(\[{〔【《〈「『][^)\]}〕】》〉」』]*[)\]}〕】》〉」』]?")
_UNKNOWN = re.compile(
    r"(?:姓名)?(?:不詳|不明|未知|未提供|不知|不便透露|無名氏|無|匿名|拒答|保密|待查|unknown|none|null|n/?a|nil|anonymous)?",
    re.IGNORECASE,
)
_SEPARATED = re.compile(rf"{_HAN}{{2,}}\s*[·‧•・∙⋅．.]\s*{_HAN}|{_HAN}\s*[·‧•・∙⋅．.]\s*{_HAN}{{3,}}")
_BOPOMOFO_ONE = str.maketrans("ㄧ", "一")
_NICKNAME = re.compile(rf"阿({_HAN}{{1,2}}?)仔?|小({_HAN})|({_HAN})\3")
_APOSTROPHES = re.compile(r"['’‘`ʼ]")
_ROMAN_MASK = re.compile(r"[◯●*]")
_NO_LETTER = re.compile(r"[\W_]+")
_ROMAN_WORDS = re.compile(r"[^\W\d_][^\W\d_'’\-,. ]*(?:[\s'’\-,.]+[^\W\d_'’\-,. ]+)*")
_PLAIN_LETTERS = str.maketrans({"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"})


class Name(NamedTuple):
    """`masked`: some characters are hidden (○), or only the surname is known."""

    text: str
    masked: bool


class NameForm(NamedTuple):
    """A name as it can be compared.

    `text` is what was written without spaces, symbols, asides and titles; `folded` the same with variant characters as
    one, hidden ones as ○, Roman letters in lower case. `surname` and `given` are parts of `folded`, None where not
    told; `own` is the name without the first of two surnames (陳林美玉: 林美玉). `sound` has one syllable for each
    character, `roman` the words in Roman letters without marks. A `nickname` (阿明, 小美) is no one's legal name.
    """

    text: str
    folded: str
    surname: str | None = None
    given: str | None = None
    own: str | None = None
    masked: bool = False
    nickname: bool = False
    title: Title | None = None
    sound: tuple[str, ...] = ()
    roman: str | None = None


def read_name(text: str) -> Name | None:
    """A Chinese name without spaces, symbols, asides and titles, its variant characters as one; a Roman one in lower
    case, words apart by one space. None where the text names nobody.
    """
    form = read_name_form(text)
    return Name(form.folded, form.masked) if form else None


def read_name_form(text: str) -> NameForm | None:
    """Everything that a written name tells; None where it says that the name is unknown, says only what somebody is to
    somebody (阿嬤), or is a pseudonym or a code.
    """
    return _form(text[:LENGTH_MAX])


@lru_cache(maxsize=16_384)
def _form(text: str) -> NameForm | None:
    whole = plain(text).translate(_BOPOMOFO_ONE)
    if is_pseudonym(whole):
        return None
    outside = _ASIDE.sub("", whole).strip() or whole
    if _UNKNOWN.fullmatch(outside):
        return None
    return _chinese(outside, whole) if _HAS_HAN.search(outside) or HIDDEN in outside else _roman(outside)


def _chinese(outside: str, whole: str) -> NameForm | None:
    hidden = _MASK.sub(lambda mask: HIDDEN * len(mask.group()), unspaced(outside))
    letters = "".join(c for c in hidden.casefold() if c == HIDDEN or _is_letter(c))
    folded = fold(letters)
    if is_pseudonym(folded) or names_nobody(folded) or _UNKNOWN.fullmatch(folded):
        return None
    roman = _roman_beside(whole)
    surname_alone = titled(folded)
    if surname_alone:
        surname, title = surname_alone
        if surname == HIDDEN or names_nobody(surname):
            return None
        return NameForm(
            surname, surname, surname, masked=True, title=title, sound=_sound(surname, surname), roman=roman
        )
    kept = without_title(folded)
    if kept != folded and (titled(kept) or names_nobody(kept) or is_pseudonym(kept) or without_title(kept) != kept):
        return _chinese(letters[: len(kept)], whole)
    if not kept.strip(HIDDEN) or _UNKNOWN.fullmatch(kept):
        return None
    parts = _parts(kept, separated=_SEPARATED.search(outside) is not None)
    return NameForm(
        text=letters[: len(kept)],
        folded=kept,
        surname=parts.surname,
        given=parts.given,
        own=parts.own,
        masked=HIDDEN in kept or len(kept) == 1 or parts.surname == kept,
        nickname=_NICKNAME.fullmatch(kept) is not None,
        sound=_sound(kept, parts.surname),
        roman=roman,
    )


def _parts(kept: str, *, separated: bool) -> Parts:
    if separated or not _HAN_ONLY.fullmatch(kept):
        return Parts(None, kept)
    nickname = _NICKNAME.fullmatch(kept)
    return Parts(None, nickname[1] or nickname[2] or nickname[3]) if nickname else split(kept)


def _sound(kept: str, surname: str | None) -> tuple[str, ...]:
    family = [readings[0] for readings in surname_sounds(surname)] if surname else []
    return (*family, *(sounds(c)[0] for c in kept[len(family) :]))


def _is_letter(character: str) -> bool:
    """Also true of private-use characters, by which older systems write rare names."""
    category = unicodedata.category(character)
    return category[0] in "LN" or category == "Co" or bool(_HAS_HAN.match(character))


def _roman(text: str) -> NameForm | None:
    composed = unicodedata.normalize("NFKC", _ROMAN_MASK.sub("", text).casefold())
    letters = "".join(c for c in composed if unicodedata.category(c)[0] != "M")
    words = _NO_LETTER.sub(" ", _APOSTROPHES.sub("", letters)).strip()
    if _UNKNOWN.fullmatch(words) or any(c.isdigit() for c in words):
        return None
    return NameForm(words, words, masked=bool(_ROMAN_MASK.search(text)), roman=_without_marks(words))


def _roman_beside(whole: str) -> str | None:
    """The name in Roman letters that stands beside a Chinese one: 瓦歷斯 Walis, 阮氏梅(Nguyen Thi Mai)."""
    words = [_NO_LETTER.sub(" ", w).strip() for w in _ROMAN_WORDS.findall(_HAS_HAN.sub(" | ", whole))]
    long = [word for word in words if len(word) > 1]
    return _without_marks(_APOSTROPHES.sub("", long[0]).casefold()) if long else None


def _without_marks(words: str) -> str:
    apart = unicodedata.normalize("NFKD", words.translate(_PLAIN_LETTERS))
    return "".join(c for c in apart if unicodedata.category(c)[0] != "M")
