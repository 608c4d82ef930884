"""What invented reports are made of: common surnames, made-up given names, real towns. No real person."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipeline.contracts.vocabulary import Category, Indicator, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.domain.directory import Source

SURNAMES = "陳林黃張李王吳劉蔡楊許鄭謝郭洪曾邱廖賴徐周葉蘇莊呂江何蕭羅高"
GIVEN_FEMALE = (
    *("美玲", "淑芬", "怡君", "雅婷", "佳蓉", "詠晴", "思妤", "欣怡"),
    *("玉蘭", "秀英", "麗華", "惠雯", "宜庭", "芷瑄", "品妍", "若涵"),
)
GIVEN_MALE = (
    *("志明", "俊傑", "建宏", "家豪", "冠宇", "承恩", "柏翰", "宗翰"),
    *("金水", "文雄", "國華", "信宏", "宥廷", "子軒", "品睿", "宇翔"),
)

TOWNS: "Mapping[str, tuple[str, ...]]" = MappingProxyType(
    {
        "臺北市": ("大安區", "信義區", "士林區", "萬華區", "內湖區", "文山區"),
        "新北市": ("板橋區", "三重區", "中和區", "新莊區", "淡水區", "土城區"),
        "桃園市": ("桃園區", "中壢區", "平鎮區", "八德區", "蘆竹區", "楊梅區"),
        "臺中市": ("西屯區", "北屯區", "豐原區", "大里區", "太平區", "南區"),
        "臺南市": ("永康區", "安南區", "東區", "新營區", "安平區", "善化區"),
        "高雄市": ("三民區", "鳳山區", "左營區", "楠梓區", "小港區", "岡山區"),
    }
)
SHORT_COUNTY: "Mapping[str, str]" = MappingProxyType(
    {"臺北市": "北市", "新北市": "新北", "桃園市": "桃園", "臺中市": "台中", "臺南市": "台南", "高雄市": "高雄"}
)
ROADS = ("中山路", "中正路", "民生路", "文化路", "健行路", "成功路", "和平路", "建國路", "自由路", "光復路")

BUSY: "Mapping[str, int]" = MappingProxyType({"hotline-113": 8, "hotline-1957": 4})
TELL_ALL = frozenset({"hotline", "clinic", "partner"})
"""Kinds that report whatever there is; the others keep to what is usual of them."""
MACHINES = frozenset({"emergency-sensor", "missed-check-in", "proactive-list"})
MACHINE_FIELDS = ("role", "national_id", "birth_date", "address")
BUSY_KINDS: "Mapping[str, float]" = MappingProxyType(
    {
        **dict.fromkeys(("national-form", "police", "school", "safety-site", "pharmacy", "kindergarten"), 3),
        **dict.fromkeys(("village-office", "emergency-sensor", "missed-check-in"), 12),
        **dict.fromkeys(("early-intervention", "refused-assistance", "street-outreach"), 30),
        "proactive-list": 0.1,
    }
)
"""A kind of which one source is registered has its share of the traffic all the same; those not named here have 1."""

SENDER_TITLES: "Mapping[str, str]" = MappingProxyType(
    {
        "hotline_worker": "接線社工",
        "medical": "急診護理師",
        "education": "輔導老師",
        "police": "家防官",
        "safety_site": "店員",
        "village_office": "里幹事",
        "childcare": "教保員",
        "social_work": "社工",
    }
)


def busy(source: "Source") -> float:
    """How often a source reports, relative to the others."""
    return BUSY.get(source.code) or BUSY_KINDS.get(source.kind, 1)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of invented incident. `weight` is its share, relative to the others; ages are in years; `{v}` and `{o}`
    in a story are the victim's and the other person's surname.
    """

    category: Category
    weight: int
    ages: tuple[int, int]
    other: Role
    indicators: tuple[Indicator | str, ...]
    stories: tuple[str, ...]


KINDS = (
    Kind(
        Category.INTIMATE_PARTNER_VIOLENCE,
        26,
        (20, 60),
        Role.ALLEGED_PERPETRATOR,
        (
            Indicator.TIPVDA_STRANGULATION,
            Indicator.TIPVDA_WEAPON,
            Indicator.TIPVDA_DEATH_THREAT,
            Indicator.TIPVDA_ESCALATING,
            Indicator.PERPETRATOR_ALCOHOL,
            Indicator.INJURY_VISIBLE,
        ),
        (
            "{o}姓伴侶酒後與{v}姓民眾爭執，徒手毆打其頭部",
            "{v}姓民眾長期被監控行蹤、沒收手機",
            "{o}姓伴侶揚言不讓其離開住處",
        ),
    ),
    Kind(
        Category.CHILD_PROTECTION,
        22,
        (1, 16),
        Role.CAREGIVER,
        (Indicator.INJURY_VISIBLE, Indicator.REPEAT_HARM, Indicator.NEGLECT, Indicator.NEEDS_DOCTOR_NOW),
        ("{v}童手臂有多處瘀青，說是在家跌倒", "{v}童連續三日未到校，家中無人應門", "{v}童自述遭{o}姓照顧者責打"),
    ),
    Kind(
        Category.VULNERABLE_FAMILY,
        18,
        (18, 70),
        Role.HOUSEHOLD_MEMBER,
        (Indicator.UNEMPLOYMENT, Indicator.UTILITIES_CUT, Indicator.CAREGIVER_OVERLOAD),
        ("照顧者負荷過重，表示撐不下去", "家中斷電兩週，主要收入者失業", "{v}家近期多次向里長求助物資"),
    ),
    Kind(
        Category.OTHER_FAMILY_VIOLENCE,
        9,
        (18, 75),
        Role.ALLEGED_PERPETRATOR,
        (Indicator.PROPERTY_DAMAGE, Indicator.INJURY_VISIBLE, Indicator.REPEAT_HARM),
        ("{o}姓家人砸毀家中物品並辱罵{v}姓民眾", "手足為財產爭執，{v}姓家人遭推倒"),
    ),
    Kind(
        Category.ELDER_PROTECTION,
        7,
        (66, 92),
        Role.CAREGIVER,
        (Indicator.NEGLECT, Indicator.FINANCIAL_ABUSE, Indicator.CONFINEMENT),
        ("{v}姓長者獨自在家數日，飲食不足", "{v}姓長者存摺遭{o}姓家人保管，無法就醫"),
    ),
    Kind(
        Category.SUICIDE_RISK,
        5,
        (14, 70),
        Role.HOUSEHOLD_MEMBER,
        (),
        ("{v}姓民眾來電表示不想活了", "{v}生近日情緒低落，留下告別訊息"),
    ),
    Kind(
        Category.DISABILITY_PROTECTION,
        4,
        (20, 65),
        Role.CAREGIVER,
        (Indicator.NEGLECT, Indicator.CONFINEMENT),
        ("{v}姓身障者長期被留在房內，無人協助起居",),
    ),
    Kind(
        Category.SEXUAL_ASSAULT,
        3,
        (13, 45),
        Role.ALLEGED_PERPETRATOR,
        (Indicator.MEDICAL_EVIDENCE_NEEDED,),
        ("{v}姓民眾就診時透露遭認識的人侵害",),
    ),
    Kind(
        Category.ECONOMIC_HARDSHIP,
        3,
        (20, 80),
        Role.HOUSEHOLD_MEMBER,
        (Indicator.UNEMPLOYMENT, Indicator.UTILITIES_CUT),
        ("{v}家積欠房租三個月，即將被迫搬離",),
    ),
    Kind(
        Category.YOUTH_AT_RISK,
        2,
        (13, 17),
        Role.GUARDIAN,
        ("truancy_30_days",),  # not in the policy's vocabulary: a source is free to say more
        ("{v}生夜間多次在外遊蕩，未返家",),
    ),
    Kind(
        Category.MENTAL_HEALTH,
        1,
        (20, 70),
        Role.HOUSEHOLD_MEMBER,
        (Indicator.CAREGIVER_OVERLOAD,),
        ("{v}姓民眾停藥後情緒不穩，家人求助",),
    ),
    Kind(
        Category.COMMUNITY_DISTURBANCE,
        1,
        (30, 75),
        Role.HOUSEHOLD_MEMBER,
        (Indicator.PROPERTY_DAMAGE,),
        ("鄰居反映{v}姓住戶半夜敲牆、樓梯間堆滿雜物",),
    ),
    Kind(
        Category.HOMELESSNESS,
        1,
        (35, 70),
        Role.OTHER,
        (Indicator.UNEMPLOYMENT, Indicator.INJURY_VISIBLE),
        ("{v}姓民眾露宿車站，腳上有傷不願就醫",),
    ),
    Kind(
        Category.DEVELOPMENTAL_DELAY,
        1,
        (1, 5),
        Role.CAREGIVER,
        (Indicator.CAREGIVER_OVERLOAD, Indicator.AGE_UNDER_6),
        ("{v}童尚無單字，三次評估未到，{o}姓照顧者同意轉介",),
    ),
    Kind(
        Category.SUBSTANCE_USE,
        1,
        (18, 55),
        Role.HOUSEHOLD_MEMBER,
        (),
        ("{v}姓民眾一週內多次購買同類藥品，手會抖",),
    ),
)
