"""Names: a form in which two spellings of one name are equal."""

import re
import unicodedata
from typing import NamedTuple

from pipeline.domain.normalise.text import plain, unspaced

HIDDEN = "○"
"""Stands in a comparable name for one character that was hidden."""

_HAN = r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
_HAS_HAN = re.compile(_HAN)
_MASK = re.compile(r"[○◯◎●□■〇*_?某]|(?<![A-Za-z])[OoXx0×]+(?![A-Za-z])")
_ASIDE = re.compile(r"[(\[{〔【《〈「『][^)\]}〕】》〉」』]*[)\]}〕】》〉」』]?")
_UNKNOWN = re.compile(
    r"(?:姓名)?(?:不詳|不明|未知|未提供|無名氏|無|匿名|拒答|保密|unknown|none|null|n/?a|nil|anonymous)?", re.IGNORECASE
)
_TITLE = (
    r"姓?(?:小弟弟|小妹妹|小朋友|弟弟|妹妹|同學|小姐|先生|女士|太太|媽媽|爸爸|伯伯|阿姨|阿嬤|阿公|奶奶|爺爺|老師|婦人|女子|男子|"
    r"[女男]童|女嬰|男嬰|嬰兒|童|嬰|女|男|婦|母|父|氏|嫌|翁|嫗)"
)
_COMPOUND = "歐陽|司馬|諸葛|上官|司徒|張簡|范姜|端木|夏侯|皇甫|令狐|慕容|尉遲|公孫|宇文|鍾離|長孫|張廖|周黃|余陳|江謝"
_SURNAME_ONLY = re.compile(rf"({_COMPOUND}|{_HAN}){_TITLE}")
_TITLED = re.compile(rf"((?:{_COMPOUND}|{_HAN}){_HAN}{{1,3}})(?:小弟弟|小妹妹|小朋友|同學|小姐|先生|女士|太太)")
_VARIANTS = str.maketrans("台峯羣啓恒舘床裏綉豔温淸靑敎", "臺峰群啟恆館牀裡繡艷溫清青教")
_APOSTROPHES = re.compile(r"['’‘`ʼ]")
_ROMAN_MASK = re.compile(r"[◯●*]")
_NO_LETTER = re.compile(r"[\W_]+")


class Name(NamedTuple):
    """`masked`: some characters are hidden (○), or only the surname is known."""

    text: str
    masked: bool


def read_name(text: str) -> Name | None:
    """A Chinese name without spaces, symbols, asides and titles, its commonest variant characters as one; a Roman one
    in lower case, words apart by one space. None where the text says that the name is unknown.
    """
    whole = plain(text)
    outside = _ASIDE.sub("", whole).strip() or whole
    if _UNKNOWN.fullmatch(outside):
        return None
    return _chinese(outside) if _HAS_HAN.search(outside) or HIDDEN in outside else _roman(outside)


def _chinese(text: str) -> Name | None:
    hidden = _MASK.sub(lambda mask: HIDDEN * len(mask.group()), unspaced(text))
    kept = "".join(c for c in hidden.casefold() if c == HIDDEN or _is_letter(c)).translate(_VARIANTS)
    surname = _SURNAME_ONLY.fullmatch(kept)
    if surname:
        return Name(surname[1], masked=True)
    titled = _TITLED.fullmatch(kept)
    if titled:
        return _chinese(titled[1])
    return Name(kept, masked=HIDDEN in kept or len(kept) == 1) if kept.strip(HIDDEN) else None


def _is_letter(character: str) -> bool:
    """Also true of private-use characters, by which older systems write rare names."""
    category = unicodedata.category(character)
    return category[0] in "LN" or category == "Co" or bool(_HAS_HAN.match(character))


def _roman(text: str) -> Name | None:
    composed = unicodedata.normalize("NFKC", _ROMAN_MASK.sub("", text).casefold())
    letters = "".join(c for c in composed if unicodedata.category(c)[0] != "M")
    words = _NO_LETTER.sub(" ", _APOSTROPHES.sub("", letters)).strip()
    return Name(words, masked=bool(_ROMAN_MASK.search(text))) if words else None
