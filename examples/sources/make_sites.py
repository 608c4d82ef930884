"""Invents a list of safety sites, as a bureau would hand it to `anwang source import`: python3 make_sites.py 17000"""

import csv
import sys
from collections.abc import Iterator
from itertools import product
from typing import TextIO

COLUMNS = ("source", "kind", "role", "county", "name")
COUNTIES = (
    *("臺北市", "新北市", "桃園市", "臺中市", "臺南市", "高雄市", "基隆市", "新竹市", "嘉義市", "新竹縣", "苗栗縣"),
    *("彰化縣", "南投縣", "雲林縣", "嘉義縣", "屏東縣", "宜蘭縣", "花蓮縣", "臺東縣", "澎湖縣", "金門縣", "連江縣"),
)
CHAINS = ("晨光超商", "好鄰超商", "安康藥局", "日日早餐", "圓滿便當", "小巷書店", "如意洗衣", "青田咖啡")
STREETS = ("中山", "中正", "民生", "文化", "健行", "成功", "和平", "建國", "自由", "光復")


def sites(count: int) -> Iterator[tuple[str, ...]]:
    """The same count gives the same rows; a longer list begins with the shorter one."""
    shops = tuple(product(STREETS, CHAINS))
    for number in range(count):
        county = COUNTIES[number % len(COUNTIES)]
        turn, place = divmod(number // len(COUNTIES), len(shops))
        street, chain = shops[place]
        name = f"{chain}{street}{turn + 1}店（虛構）"
        yield f"site-{number + 1:05d}", "safety-site", "safety_site", county, name


def write(count: int, out: TextIO) -> None:
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(sites(count))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a real file
    write(int(sys.argv[1]), sys.stdout)
