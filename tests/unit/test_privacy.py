import hmac
from dataclasses import replace
from datetime import date
from itertools import pairwise
from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telling import born, told, victim

from pipeline.contracts.case import AgeBand
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.privacy import age_band, guarded, public_event_id, without_reporter

KEY = UUID(int=7)


SOURCE = "hotline-113"


def public(event_id: str, source: str = SOURCE) -> str:
    return public_event_id(event_id, KEY, source=source)


@pytest.mark.parametrize(
    "event_id",
    [
        *(
            "ev-1",
            "e1",
            "EVT_2026.03.02:0001",
            "report-20260302-113000",
            "id:7",
            "Msg-12345678901234567890",
            "1",
            "12-3456",
        ),
        *("hotline-113-20260101-0001", "hotline-113:7", "2026-001"),
        *("01ARZ3NDEKTSV4RRFFQ69G5FAV", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"),
        *("e7d1e2e9-54bd-b499-08ec-37d4f1571155", "e7d1e2e9a123456789ec37d4f1571155"),
        *("4bf92f3577b34da6", "00f067aa0ba902b7", "9F" * 32),
    ],
)
def test_an_id_that_a_machine_draws_or_counts_is_published_as_it_was_sent(event_id: str) -> None:
    assert public(event_id) == event_id


@pytest.mark.parametrize(
    "event_id",
    [
        *(
            "wang-xiaoming-1990-05-03",
            "Lin_Mei",
            "lin.mei-7",
            "LinMei",
            "mei",
            "e",
            "report",
            "case-12",
            "ev-1-lin",
            "1-lin",
        ),
        *(
            "A123456789",
            "a123456789",
            "A123456780",
            "xxA123456789",
            "20260301A123456789",
            "id-A123456789-2",
            "AB12345671",
        ),
        *("e123456789", "E-123456789", "e-1234-56789", "m.2.23456789", "id-123456782", "id-12345-6782"),
        *(
            "0912345678",
            "0912-345-678",
            "0912.345.678",
            "886912345678",
            "r-0912345678-1",
            "886-0912345678",
            "912345678",
        ),
        *(
            "r-912345678",
            "e-09-1234-5678",
            "e0912_345_678",
            "msg-1-0912:345:678-2",
            "r-886-912-345678",
            "hotline-113-0912345678",
        ),
        *("02-2345-6789", "0223456789", "049-234-5678", "0492345678", "n-02_2345_6789"),
        *(
            "1700000000",
            "20260302120000",
            "19900503",
            "1990-05-03",
            "e-" + "1" * 21,
            "1111222233334444",
            "-7",
            "7-",
            "e--7",
        ),
        *(
            "hotline-113",
            "hotline-1137",
            "hotline-113-e-7",
            "clinic-0001-7",
            "01h8xgjwbwbaq4",
            "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        ),
        *("4bf92f3577b34da", "9F" * 33, "0912345678abcdef", "A123456789abcdef"),
        *("王小明", "a b", "a/b", "x" * 65, "陳-1", "a\n", "e-1\n", "e-１", "", "+886912345678"),
    ],
)
def test_an_id_that_may_hold_a_name_or_a_number_is_never_published(event_id: str) -> None:
    assert public(event_id) == str(KEY)


@given(st.text(max_size=80), st.text(max_size=5))
def test_a_published_id_is_always_plain(event_id: str, source: str) -> None:
    told = public(event_id, source)
    assert told == str(KEY) or (told == event_id and told.isascii() and told.isprintable() and " " not in told)


NAMES = st.sampled_from(["lin", "Mei", "wang", "xiaoming", "CHEN", "Tsai", "yi-chun", "O'Neil", "怡君", "Huang"])
NUMBERS = st.sampled_from(["1990", "05", "03", "7", "0001", "20260302"])
GLUE = st.sampled_from(["", "-", "_", ".", ":", " "])


@given(st.lists(NAMES, min_size=1, max_size=3), st.lists(NUMBERS | NAMES, max_size=3), GLUE, st.randoms())
def test_no_name_gets_out_by_an_id(names: list[str], more: list[str], glue: str, order: Random) -> None:
    parts = names + more
    order.shuffle(parts)
    assert public(glue.join(parts)) == str(KEY)


MOBILES = st.integers(0, 99_999_999).map("09{:08}".format).filter(lambda number: len(set(number[2:])) > 1)
WORDS = st.sampled_from(["", "e", "ev-", "Report:", "id", "hotline-113-"])


@given(MOBILES, st.sets(st.integers(1, 9), max_size=4), st.sampled_from("-_.:"), WORDS)
def test_no_mobile_gets_out_by_an_id_however_it_is_cut(mobile: str, cuts: set[int], glue: str, word: str) -> None:
    parts = [mobile[i:j] for i, j in pairwise([0, *sorted(cuts), 10])]
    assert public(word + glue.join(parts)) == str(KEY)


def test_a_drawn_id_is_always_published() -> None:
    drawn = [str(uuid4()) for _ in range(200)] + [uuid4().hex for _ in range(200)]
    assert [public(event_id) for event_id in drawn] == drawn


@pytest.mark.parametrize(
    ("births", "band"),
    [
        ((), AgeBand.UNKNOWN),
        ((None,), AgeBand.UNKNOWN),
        ((date(2020, 3, 3),), AgeBand.UNDER_6),
        ((date(2020, 3, 2),), AgeBand.UNDER_12),
        ((date(2010, 1, 1),), AgeBand.UNDER_18),
        ((date(1990, 1, 1),), AgeBand.UNDER_65),
        ((date(1960, 1, 1),), AgeBand.FROM_65),
        ((date(1960, 1, 1), date(2025, 1, 1)), AgeBand.UNDER_6),
    ],
)
def test_the_band_is_that_of_the_youngest_victim(births: tuple[date | None, ...], band: AgeBand) -> None:
    assert age_band([(told(persons=born(*births) or victim()),)]) is band


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
REPORTER_FIELDS = ["role", "mandated", "organisation", "name", "title", "phone", "anonymous", "wants_reply", "other"]
REPORTERS = VALUES | st.dictionaries(st.sampled_from(REPORTER_FIELDS), VALUES | st.sampled_from(list(ReporterRole)))


@given(st.dictionaries(st.text(max_size=5), VALUES), REPORTERS, VALUES)
def test_what_tells_who_reported_is_left_out_and_all_the_rest_stays(
    rest: dict[str, object], reporter: object, narrative: object
) -> None:
    data = {"narrative": narrative, "reporter": reporter}
    found = without_reporter(rest | {"data": data})
    assert {k: v for k, v in found.items() if k != "data"} == {k: v for k, v in rest.items() if k != "data"}
    assert found["data"]["narrative"] == narrative
    kept = found["data"]["reporter"] or {}
    assert set(kept) <= {"role", "mandated", "anonymous", "wants_reply"}
    assert all(isinstance(v, bool) or (k == "role" and v in list(ReporterRole)) for k, v in kept.items())


def test_role_and_wishes_of_the_reporter_stay() -> None:
    reporter = {"role": "medical", "mandated": True, "wants_reply": False, "name": "王小明", "phone": "0912345678"}
    found = without_reporter({"data": {"reporter": reporter}})
    assert found == {"data": {"reporter": {"role": "medical", "mandated": True, "wants_reply": False}}}
    assert reporter["name"] == "王小明", "the original is not touched"


@pytest.mark.parametrize("document", [{}, {"data": None}, {"data": "text"}, {"data": {}}, {"data": {"reporter": None}}])
def test_a_document_without_a_reporter_is_left_as_it_is(document: dict[str, object]) -> None:
    assert without_reporter(document) == document


def test_the_key_of_an_id_that_is_not_published_cannot_be_guessed_and_that_of_another_stays_derived() -> None:
    named, drawn = told(event_id="A123456789"), told(event_id="2f3cae0a-79d7-581f-a54b-e4f230babfa5")
    with_one, with_other = (
        guarded(named, lambda value, k=key: hmac.digest(k, value, "sha256")) for key in (b"1", b"2")
    )
    assert len({named.event_key, with_one.event_key, with_other.event_key}) == 3
    assert with_one == replace(named, event_key=with_one.event_key)
    assert guarded(drawn, lambda _: b"never asked") is drawn
