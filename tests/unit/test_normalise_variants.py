import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import table
from pipeline.domain.normalise.variants import fold

SAME = (
    "峯峰 温溫 黄黃 国國 台臺 羣群 啓啟 恒恆 舘館 牀床 裏裡 綉繡 豔艷 淸清 靑青 敎教 內内 吴吳 刘劉 陈陳 曽曾 "
    "恵惠 徳德 沢澤 広廣 桜櫻 衆眾 瑶瑤 产產 顔顏 强強 户戶 晋晉 录錄 万萬 珎珍 寳寶 㨗捷 栢柏 廸迪"
)
APART = "范範 余餘 于於 涂塗 云雲 鍾鐘 甯寧 喆哲 斌彬 叡睿 昇升 佑祐 丰豐 志誌 后後 游遊 王玉 陳程"


@pytest.mark.parametrize("pair", SAME.split())
def test_two_glyphs_of_one_character_are_one(pair: str) -> None:
    assert fold(pair[0]) == fold(pair[1])


@pytest.mark.parametrize("pair", APART.split())
def test_two_characters_that_are_names_of_their_own_stay_two(pair: str) -> None:
    assert fold(pair[0]) != fold(pair[1])


@given(st.text())
def test_folding_again_changes_nothing_and_keeps_the_length(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert len(fold(text)) == len(text)


def test_every_variant_stands_for_one_character_that_is_no_variant() -> None:
    rows = [line.split(",") for line in table("variants.csv").splitlines()[1:]]
    variants = [variant for _, several in rows for variant in several]
    assert len(variants) == len(set(variants)) > 4000
    assert {character for character, _ in rows}.isdisjoint(variants)
