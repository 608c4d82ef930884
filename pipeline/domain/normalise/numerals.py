"""The numbers of an address, however they are written, in ASCII digits; the number in a road's name in characters."""

import re

from pipeline.domain.normalise.text import chinese_number

_FORMAL = str.maketrans("壹貳貮參叁肆伍陸柒捌玖拾佰○Ｏ", "一二二三三四五六七八九十百〇〇")
_SCORES = (("廿", "二十"), ("卅", "三十"))
_NUMERALS = "〇零○一二三四五六七八九十百廿卅壹貳貮參叁肆伍陸柒捌玖拾佰"
_WRITTEN = rf"(?<![{_NUMERALS}])[{_NUMERALS}]++"
_BEFORE_UNIT = re.compile(
    rf"第?({_WRITTEN})(?=[段巷弄鄰號樓衖室層棟]|之[\d{_NUMERALS}]++號)|第(?=\d{{1,5}}[段巷弄鄰號樓棟])",
    re.ASCII,
)
_BEFORE_NUMBER = re.compile(rf"第?({_WRITTEN})(?=號)")
_BEHIND_UNIT = re.compile(rf"((?:[號樓層附臨\d][之-]|[附臨]|地下))({_WRITTEN})(?![路街段])")
_DASHED_ONE = re.compile(r"(?<=[路街道])-(?=段)|(?<=[號巷弄段])-(?=[號樓])")
_LETTER_ZERO = re.compile(r"(?<=[\d一二三四五六七八九])[Oo○〇]{1,3}(?=[\d一二三四五六七八九號巷弄樓段之-])", re.ASCII)
_FLOOR = re.compile(r"(?<=\d)[fF](?:[lL]\.?)?(?![a-zA-Z])樓?|(?<=\d)層(?!次)")
_ROAD_NUMBER = re.compile(r"(?<![\d之-])([1-9]\d?)(?=[路街](?!口))")
_LEADING_ZEROS = re.compile(r"(?<![\d.])0+(?=\d)")
_DIGITS = "〇一二三四五六七八九"


def arabic(text: str) -> str:
    """Section, lane, number and floor in digits (第三段 is 3段, 12F is 12樓), and 光明6路 as 光明六路. Whatever is no
    part of an address stays as it is.
    """
    text = _BEHIND_UNIT.sub(_behind, _BEFORE_UNIT.sub(_value, text))
    return _ROAD_NUMBER.sub(_characters, _FLOOR.sub("樓", _LEADING_ZEROS.sub("", text)))


def arabic_numbers(text: str) -> str:
    """Only what stands before 號, and what stands for a zero or a one."""
    return _BEFORE_NUMBER.sub(_value, _LETTER_ZERO.sub(_zeros, _DASHED_ONE.sub("一", text)))


def _value(numeral: re.Match[str]) -> str:
    return str(_number(numeral[1])) if numeral[1] else ""


def _zeros(found: re.Match[str]) -> str:
    return ("0" if found.string[found.start() - 1].isascii() else "〇") * len(found[0])


def _behind(found: re.Match[str]) -> str:
    return f"{found[1]}{_number(found[2])}"


def _number(numeral: str) -> int:
    plain = numeral.translate(_FORMAL)
    for character, spelled in _SCORES:
        plain = plain.replace(character, spelled)
    return chinese_number(plain)


def _characters(number: re.Match[str]) -> str:
    tens, ones = divmod(int(number[1]), 10)
    return ("" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十") + (_DIGITS[ones] if ones else "")
