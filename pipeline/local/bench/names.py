"""Names as they are in Taiwan: how common, in which generation, and what they sound and look like."""

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.local.bench.wordlist import paired

SURNAME_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        surname: float(weight)
        for surname, weight in paired(
            "陳 11.1,林 8.3,黃 6,張 5.3,李 5.1,王 4.1,吳 4,劉 3.2,蔡 2.9,楊 2.7,許 2.3,鄭 1.9,謝 1.8,洪 1.5,郭 1.5,"
            "邱 1.5,曾 1.4,廖 1.35,賴 1.3,徐 1.25,周 1.2,葉 1.2,蘇 1.1,莊 .95,江 .92,呂 .9,何 .8,羅 .77,高 .75,蕭 .7,"
            "潘 .69,簡 .67,朱 .65,鍾 .63,游 .6,彭 .6,詹 .6,胡 .5,施 .5,沈 .47,余 .46,趙 .43,盧 .43,梁 .42,顏 .4,柯 .4,"
            "翁 .38,魏 .38,孫 .37,戴 .36,范 .3,方 .3,宋 .29,鄧 .25,杜 .2,傅 .2,侯 .2,曹 .18,薛 .18,丁 .15,卓 .15,"
            "阮 .1,馬 .13,董 .13,溫 .13,唐 .12,藍 .12,石 .12,蔣 .12,古 .12,紀 .1,姚 .1,連 .1,馮 .1,歐 .1,程 .1,湯 .09,"
            "涂 .08,田 .08,康 .08,姜 .08,汪 .07,白 .07,尤 .06,巫 .06,鐘 .06,張簡 .03,歐陽 .02,范姜 .02,司馬 .004,"
            "辜 .01,粘 .006,昝 .002,凃 .02,俞 .02,于 .02"
        )
    }
)
"""Shares in per cent: the order and size of the ministry's name statistics, rounded."""

GIVEN_BORN_BEFORE: tuple[tuple[int, str, str], ...] = (
    (
        1955,
        "秀英 阿美 玉蘭 秀琴 金鳳 寶珠 玉英 秀蘭 月娥 阿蘭 素珍 金枝 錦雲 罔市 招治 彩霞",
        "金龍 明輝 進財 水木 金生 阿福 文雄 火旺 清水 正雄 添財 武雄 榮華 萬來 天助 國雄",
    ),
    (
        1975,
        "淑惠 美惠 麗華 淑貞 麗卿 美華 秋香 淑美 惠玲 月雲 素蘭 碧珠 寶玉 淑娟 瓊慧 雪娥",
        "志成 文祥 俊雄 建國 明宏 國榮 信義 進興 永昌 文彬 志強 瑞祥 榮輝 慶文 清標 世昌",
    ),
    (
        1992,
        "怡君 雅惠 淑娟 怡如 心怡 靜怡 雅雯 佩君 怡伶 婉婷 欣儀 雅玲 佳慧 鈺婷 宜芳 嘉玲 靜宜 佩珊 惠婷 筱雯",
        "志豪 家銘 俊宏 建志 志偉 俊賢 文傑 宗憲 信宏 彥宏 柏宏 政憲 家榮 冠廷 哲瑋 仁傑 智凱 偉倫 聖文 耀文",
    ),
    (
        2006,
        "雅筑 怡萱 宜蓁 佳穎 郁婷 思妤 鈺雯 品妤 芷涵 庭瑜 宛真 婉瑜 佩蓉 欣妤 羽彤 郁雯 晏如 亭妤",
        "冠霖 承翰 柏宇 彥廷 家瑋 宇軒 哲維 柏廷 子傑 俊廷 育誠 子豪 浩瑋 冠宏 品翰 智翔 明哲 奕辰",
    ),
    (
        2100,
        "語彤 詠晴 品妍 子晴 羽彤 禹彤 苡晴 芯瑜 沛恩 昕妍 以恩 苡安 可昕 宥妍 采潔 恩語",
        "承恩 宥廷 品睿 宇恩 睿恩 柏睿 子睿 品宥 承睿 禹安 宥辰 以諾 恆睿 子宸 奕安 冠佑",
    ),
)
"""Year of birth below which, names of women, of men; the commonest first."""

COMPOSED_SHARE = 0.45
"""So many names are none of the common ones, but made of two characters, each common."""

SYLLABLES: Mapping[str, str] = MappingProxyType(
    {
        character: syllable
        for syllable, characters in paired(
            "ya 雅亞婭,ting 婷庭廷亭,jia 佳嘉家加,yi 怡宜儀依義毅翊奕益藝以苡,jun 君均鈞筠俊駿峻,shu 淑書舒姝樹,"
            "fen 芬,fang 芳方,mei 美梅玫,ling 玲齡鈴伶凌,hui 惠慧蕙輝暉,wen 雯文玟汶,zhi 志智芷治,ming 明銘鳴,"
            "hong 宏弘鴻紅虹,jian 建健,jie 傑杰潔,hao 豪浩皓昊,guan 冠,yu 宇羽妤瑜玉鈺育昱煜郁禹語雨裕,"
            "xin 欣馨心昕新信芯,cheng 承丞成誠,en 恩,bo 柏伯,han 翰涵函,zong 宗,zi 子紫,xuan 軒萱瑄宣,pin 品,"
            "rui 睿叡瑞芮,yan 妍彥諺,ruo 若,xiang 翔祥香,ping 萍平,li 麗莉利立,hua 華花樺,xiu 秀,ying 英瑩穎盈,"
            "zhu 珠筑,zhen 珍貞真振鎮蓁,lan 蘭嵐,xia 霞,yue 月悅,e 娥,bao 寶,qin 琴,feng 鳳峰鋒豐,wei 偉瑋維威薇,"
            "yong 勇永詠,guo 國,xiong 雄,xing 興星,qing 清慶晴青卿,sheng 勝昇生聖,de 德,fu 福富,cai 財彩才采,"
            "jin 金進錦,shui 水,tian 添天,lai 來,ren 仁,ru 如,pei 佩沛,shan 珊山,juan 娟,wan 婉宛,jing 靜敬晶,"
            "rong 蓉榮容,tong 彤,you 宥佑祐,chen 辰宸晨,kai 凱,lun 倫綸,xian 憲賢,zhe 哲,lin 霖琳,an 安,nuo 諾,"
            "heng 恆,qi 琪淇祺,yun 雲芸,qiu 秋,su 素,bi 碧,qiong 瓊,chang 昌,qiang 強,bin 彬斌,zheng 正政,zhao 昭,"
            "ke 可"
        )
        for character in characters
    }
)
"""Characters of given names by their syllable without tone: who writes by ear takes another of the same."""

SURNAME_SYLLABLES: Mapping[str, str] = MappingProxyType(
    dict(
        paired(
            "陳 chen,林 lin,黃 huang,張 zhang,李 li,王 wang,吳 wu,劉 liu,蔡 cai,楊 yang,許 xu,鄭 zheng,謝 xie,洪 hong,"
            "郭 guo,邱 qiu,曾 zeng,廖 liao,賴 lai,徐 xu,周 zhou,葉 ye,蘇 su,莊 zhuang,江 jiang,呂 lü,何 he,羅 luo,"
            "高 gao,蕭 xiao,潘 pan,簡 jian,朱 zhu,鍾 zhong,游 you,彭 peng,詹 zhan,胡 hu,施 shi,沈 shen,余 yu,趙 zhao,"
            "盧 lu,梁 liang,顏 yan,柯 ke,翁 weng,魏 wei,孫 sun"
        )
    )
)

SURNAME_BY_EAR: Mapping[str, str] = MappingProxyType(
    {
        **dict(
            zip(
                "陳林張江余許徐鍾鐘涂游邱吳王何洪簡盧顏魏莊葉羅賴",
                "程凌章姜俞徐許鐘鍾凃尤丘巫汪賀紅翦陸嚴衛裝業駱來",
                strict=True,
            )
        ),
        "于": "余",
        "溫": "文",
        "詹": "占",
    }
)

VARIANTS: Mapping[str, str] = MappingProxyType(
    dict(
        zip(
            "溫黃峰國陳張劉鍾惠德豐群啟恆鳳寶麗蘭華偉傑銘榮貞慶興衛芸淨瑤強勝鄭蘇謝萬義慧吳呂黎龍",
            "温黄峯国陈张刘锺恵徳豊羣啓恒凤宝丽兰华伟杰铭荣贞庆兴衞蕓净瑶强胜郑苏谢万义惠吴吕藜龙",
            strict=True,
        )
    )
)
"""Other forms of one character: old print, Japan's, the mainland's, what a telephone's keyboard offers first."""

LOOKS_LIKE: Mapping[str, str] = MappingProxyType(
    dict(
        zip(
            "玲鈴宇晴柏萱瑄傑淑芬美玟志建榮鈞琪恩翰緯儀妤彥睿婷郁祥宏雯瑜凱銘哲沛宥",
            "珍鈐字睛伯宣暄桀椒芳羡玫忠健螢釣淇思瀚偉議好產叡停都詳宋雲喻剴鉻晢佩有",
            strict=True,
        )
    )
)

VIETNAMESE_SURNAMES: Mapping[str, str] = MappingProxyType(
    {"阮": "NGUYEN", "陳": "TRAN", "黎": "LE", "范": "PHAM", "武": "VO", "黃": "HOANG", "潘": "PHAN", "裴": "BUI"}
)
VIETNAMESE_GIVEN: Mapping[str, str] = MappingProxyType(
    {
        "梅": "MAI",
        "紅": "HONG",
        "蓮": "LIEN",
        "芳": "PHUONG",
        "蘭": "LAN",
        "花": "HOA",
        "玉": "NGOC",
        "金燕": "KIM YEN",
        "雪": "TUYET",
        "翠": "THUY",
        "秋香": "THU HUONG",
        "青草": "THANH THAO",
        "娥": "NGA",
        "幸": "HANH",
        "秋玄": "THU HUYEN",
        "碧鳳": "BICH PHUONG",
    }
)
SOUTHERN: tuple[tuple[str, str], ...] = (
    ("希蒂", "SITI"),
    ("黛薇", "DEWI"),
    ("莉娜", "RINA"),
    ("瑪麗亞", "MARIA"),
    ("安妮", "ANI"),
    ("蘇西", "SUSI"),
    ("羅莎", "ROSA"),
    ("喬伊", "JOY"),
)
SOUTHERN_FAMILY: tuple[tuple[str, str], ...] = (
    ("努爾哈雅蒂", "NURHAYATI"),
    ("蘭斯塔莉", "LESTARI"),
    ("桑托斯", "SANTOS"),
    ("雷耶斯", "REYES"),
    ("瓦希尤尼", "WAHYUNI"),
    ("克魯茲", "CRUZ"),
)
INDIGENOUS: tuple[tuple[str, str], ...] = (
    ("瓦旦", "Watan"),
    ("尤敏", "Yumin"),
    ("比令", "Piling"),
    ("哈勇", "Hayung"),
    ("達利", "Tali"),
    ("拉罕", "Lahang"),
    ("馬耀", "Mayaw"),
    ("卡照", "Kacaw"),
    ("古穆", "Kumu"),
    ("伊萬", "Iwan"),
    ("莎韻", "Sayun"),
    ("阿慕依", "Amuy"),
    ("比黛", "Pitay"),
    ("巴奈", "Panay"),
    ("烏瑪芙", "Umav"),
    ("撒布", "Sabu"),
)
SMALL_NAMES = ("小美", "阿明", "寶寶", "阿弟仔", "妹妹", "小胖", "阿嬌", "樂樂")
CODE_NAMES = ("A女", "B女", "甲童", "乙男", "代號3345-106012", "A1", "小花（化名）", "AW000-A113021")
