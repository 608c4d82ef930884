"""What happens in invented families, and in how many words each may be told."""

from typing import NamedTuple

from pipeline.contracts.vocabulary import Category, Indicator, Sex


class Scene(NamedTuple):
    """One kind of happening. `tellings` are the same in other words: {v} and {o} are how the two are called, {d} is a
    detail, one for each incident.
    """

    tellings: tuple[str, ...]
    details: tuple[str, ...] = ("",)
    indicators: tuple[Indicator, ...] = ()


class Plot(NamedTuple):
    """`others` are categories that another reporter would choose for the same."""

    category: Category
    weight: float
    others: tuple[Category, ...]
    scenes: tuple[Scene, ...]


_BEATEN = Scene(
    (
        "{v}稱昨晚與{o}口角後遭毆，{d}紅腫疼痛",
        "據{v}表示{o}動手打人，{d}有傷，已拍照存證",
        "{v}遭{o}以拳頭攻擊{d}，要求驗傷",
        "個案來電哭訴被{o}打，提到{d}很痛",
        "{o}對{v}施暴，傷勢在{d}",
    ),
    ("臉頰", "後腦", "左手臂", "右肩", "肋骨", "下顎", "小腿"),
    (Indicator.INJURY_VISIBLE, Indicator.REPEAT_HARM),
)
_THREATENED = Scene(
    (
        "{o}拿{d}指著{v}，說要死一起死",
        "{v}表示遭{o}持{d}恐嚇，不敢回家",
        "雙方爭吵，{o}亮出{d}，{v}躲進浴室求救",
        "對方手持{d}威脅，{v}要求聲請保護令",
    ),
    ("水果刀", "球棒", "剪刀", "熱水壺", "鐵鎚", "打火機"),
    (Indicator.TIPVDA_WEAPON, Indicator.TIPVDA_DEATH_THREAT, Indicator.PERPETRATOR_ALCOHOL),
)
_CONTROLLED = Scene(
    ("{o}不准{v}與娘家聯絡，{d}", "{v}行動受{o}控制，{d}", "{v}低聲來電，{o}在家時不方便講話；{d}"),
    ("手機被摔壞", "證件被拿走", "門從外面反鎖", "裝了追蹤程式"),
    (Indicator.CONFINEMENT, Indicator.TIPVDA_ESCALATING),
)
_CHILD_HIT = Scene(
    (
        "{v}到校時{d}有條狀傷，說是{o}打的",
        "老師換衣服時看到孩子{d}瘀血，問了才說{o}用棍子打",
        "{v}{d}新舊傷並存，家屬說詞前後不一",
        "鄰居聽到小孩一直哭，{o}大聲責罵並動手，{d}受傷",
        "疑似不當管教，{d}明顯傷痕，{v}害怕回家",
    ),
    ("大腿", "背部", "手心", "耳朵", "臀部", "額頭"),
    (Indicator.INJURY_VISIBLE, Indicator.REPEAT_HARM),
)
_CHILD_ALONE = Scene(
    (
        "{v}獨自在家，{d}，找不到大人",
        "孩子一個人在騎樓徘徊，{d}",
        "{o}外出整夜未歸，{v}無人照顧，{d}",
        "店員發現幼童獨自來買吃的，{d}",
    ),
    ("尿布未換", "說肚子餓", "只穿薄衣", "門沒鎖"),
    (Indicator.NEGLECT, Indicator.ABANDONED),
)
_HARDSHIP = Scene(
    (
        "案家{d}，三餐靠鄰居接濟",
        "{v}說撐不住了，{d}，想請社工幫忙",
        "訪視發現{v}家中{d}，屋況雜亂",
        "家裡沒有收入，{d}，小孩註冊費沒著落",
    ),
    ("欠租兩個月", "被斷水斷電", "主要照顧者住院", "剛被裁員", "瓦斯用完沒錢叫"),
    (Indicator.UNEMPLOYMENT, Indicator.UTILITIES_CUT, Indicator.CAREGIVER_OVERLOAD),
)
_QUARREL = Scene(
    (
        "為了{d}起爭執，{o}推倒{v}",
        "{v}與{o}因{d}大打出手，鄰居報警",
        "{o}酒後為{d}翻桌，{v}閃避不及",
        "家人間{d}糾紛，{o}辱罵並砸東西",
    ),
    ("房子過戶", "照顧母親的費用", "借錢不還", "停車位", "遺產"),
    (Indicator.PROPERTY_DAMAGE, Indicator.INJURY_VISIBLE),
)
_ELDER_LEFT = Scene(
    (
        "{v}臥床無人翻身，{d}",
        "長輩獨居，{d}，家屬電話都不接",
        "{o}每天只送一餐，{v}{d}",
        "居服員到府發現{v}{d}，屋內有異味",
    ),
    ("薦骨有壓瘡", "體重掉很多", "跌倒後沒就醫", "存摺被拿走", "藥已停兩週"),
    (Indicator.NEGLECT, Indicator.FINANCIAL_ABUSE),
)
_TOUCHED = Scene(
    (
        "{v}就診時透露遭{o}{d}",
        "{v}告訴導師{o}對她{d}，不要讓家裡知道",
        "疑遭熟人{d}，已安排採證",
        "{v}陳述{o}趁夜間{d}",
    ),
    ("不當碰觸", "強行進房", "逼拍照片"),
    (Indicator.MEDICAL_EVIDENCE_NEEDED,),
)
_DESPAIR = Scene(
    ("{v}傳訊息說不想活，{d}", "{v}手腕有割痕，{d}", "家人發現{v}留下字條，{d}", "{v}多次揚言輕生，{d}"),
    ("最近剛分手", "考試壓力大", "長期失眠", "欠債被逼"),
)

PLOTS = (
    Plot(
        Category.INTIMATE_PARTNER_VIOLENCE,
        30,
        (Category.OTHER_FAMILY_VIOLENCE, Category.VULNERABLE_FAMILY),
        (_BEATEN, _THREATENED, _CONTROLLED),
    ),
    Plot(
        Category.CHILD_PROTECTION,
        26,
        (Category.VULNERABLE_FAMILY, Category.OTHER_FAMILY_VIOLENCE),
        (_CHILD_HIT, _CHILD_ALONE),
    ),
    Plot(
        Category.VULNERABLE_FAMILY,
        16,
        (Category.ECONOMIC_HARDSHIP, Category.CHILD_PROTECTION, Category.OTHER),
        (_HARDSHIP, _CHILD_ALONE),
    ),
    Plot(
        Category.OTHER_FAMILY_VIOLENCE,
        10,
        (Category.INTIMATE_PARTNER_VIOLENCE, Category.COMMUNITY_DISTURBANCE),
        (_QUARREL, _BEATEN),
    ),
    Plot(
        Category.ELDER_PROTECTION,
        8,
        (Category.OTHER_FAMILY_VIOLENCE, Category.VULNERABLE_FAMILY),
        (_ELDER_LEFT, _QUARREL),
    ),
    Plot(Category.SEXUAL_ASSAULT, 4, (Category.CHILD_PROTECTION, Category.INTIMATE_PARTNER_VIOLENCE), (_TOUCHED,)),
    Plot(Category.SUICIDE_RISK, 6, (Category.MENTAL_HEALTH, Category.VULNERABLE_FAMILY), (_DESPAIR,)),
)
CONFLICTS = frozenset(
    {
        Category.INTIMATE_PARTNER_VIOLENCE,
        Category.CHILD_PROTECTION,
        Category.OTHER_FAMILY_VIOLENCE,
        Category.SEXUAL_ASSAULT,
        Category.ELDER_PROTECTION,
    }
)


def called(surname: str, sex: Sex | None, *, child: bool) -> str:
    """As narratives call people: 陳女, 林童, 王男."""
    if child:
        return f"{surname}童"
    return surname + ("女" if sex is Sex.FEMALE else "男")
