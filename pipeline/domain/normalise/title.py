"""What is written instead of a name: titles (林小姐, 張先生), kinship (阿嬤), pseudonyms (A女, 甲男)."""

import re
from typing import NamedTuple

from pipeline.contracts.vocabulary import Sex
from pipeline.data import table
from pipeline.domain.normalise.surname import HIDDEN, surnames


class Title(NamedTuple):
    """What a title tells of its bearer. `by_marriage`: the surname before it may be the husband's or a child's."""

    sex: Sex | None = None
    is_child: bool | None = None
    by_marriage: bool = False


def _title(sex: str, is_child: str, by_marriage: str) -> Title:
    return Title(Sex(sex) if sex else None, is_child == "1" if is_child else None, by_marriage == "1")


_ROWS = (line.split(",") for line in table("titles.csv").splitlines()[1:])
_TITLES = {title: _title(*told) for title, *told in _ROWS}
_AFTER_A_NAME = ("小弟弟", "小妹妹", "小朋友", "同學", "小姐", "先生", "女士", "太太", "老師", "老太太", "老先生")
_LONGEST_FIRST = "|".join(sorted(_TITLES, key=len, reverse=True))
_TITLED = re.compile(rf"姓?(..??)姓?({_LONGEST_FIRST})|姓(..?)|(..?)姓")
_NAMED = re.compile(rf"(.{{2,6}})(?:{'|'.join(_AFTER_A_NAME)})")

_OF_A_CASE = "[案個被相加對][主案害嫌人方]?[大二三長次么]?"
_KIN = (
    "阿[嬤公婆姨伯叔嬸姑舅]|爸|媽|父親?|母親?|[祖外][父母公婆]|姊姊|姐姐|哥哥|男友|女友|同居人|前夫|前妻|配偶|本人|自己|同上|"
    f"{_LONGEST_FIRST}"
)
_NO_NAME = re.compile(
    rf"(?:{_OF_A_CASE})?(?:{_KIN})|{_OF_A_CASE}[夫妻子女孫兄弟姊妹]|案家|被害人|相對人|加害人|嫌疑人|當事人|路人|民眾|鄰居|"
    f"[a-z甲乙丙戊己庚辛壬癸{HIDDEN}][男女童父母婦嬰嫌員]|{HIDDEN}[甲乙丙丁人]"
)
_PSEUDONYM = re.compile(r"[化假代匿][名號稱]")


def titled(name: str) -> tuple[str, Title] | None:
    """The surname and the title where nothing else stands: 林小姐, 陳姓男子, 姓陳."""
    found = _TITLED.fullmatch(name)
    surname: str = (found[1] or found[3] or found[4]) if found else ""
    if not found or not (len(surname) == 1 or surname in surnames()):
        return None
    return surname, _TITLES.get(found[2] or "", Title())


def without_title(name: str) -> str:
    """王小明 of 王小明先生."""
    found = _NAMED.fullmatch(name)
    return found[1] if found else name


def names_nobody(name: str) -> bool:
    """Whether this is what somebody is to somebody (阿嬤, 案母), or what a court calls them (A女, 甲男)."""
    return _NO_NAME.fullmatch(name) is not None


def is_pseudonym(written: str) -> bool:
    """Whether the writer says that this is no real name (化名, 代號)."""
    return _PSEUDONYM.search(written) is not None
