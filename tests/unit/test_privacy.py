from datetime import date
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telling import born, told, victim

from pipeline.contracts.case import AgeBand
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.privacy import age_band, public_event_id, without_reporter

KEY = UUID(int=7)


@pytest.mark.parametrize(
    "event_id",
    [
        "ev-1",
        "hotline-113-20260101-0001",
        "01H8XGJWBWBAQ4",
        "1700000000",
        "20260302120000",
        "e7d1e2e9-54bd-b499-08ec-37d4f1571155",
        "e7d1e2e9a123456789ec37d4f1571155",
    ],
)
def test_an_opaque_id_is_published_as_it_was_sent(event_id: str) -> None:
    assert public_event_id(event_id, KEY) == event_id


@pytest.mark.parametrize(
    "event_id",
    [
        *(
            "A123456789",
            "a123456789",
            "A123456780",
            "xxA123456789",
            "20260301A123456789",
            "id-A123456789-2",
            "AB12345671",
        ),
        *("0912345678", "0912-345-678", "0912.345.678", "886912345678", "r-0912345678-1", "886-0912345678"),
        *("02-2345-6789", "0223456789", "049-234-5678", "0492345678"),
        *("王小明", "a b", "a/b", "x" * 65, "陳-1", "a\n", "", "+886912345678"),
    ],
)
def test_an_id_that_may_hold_a_name_or_a_number_is_never_published(event_id: str) -> None:
    assert public_event_id(event_id, KEY) == str(KEY)


@given(st.text(max_size=80))
def test_a_published_id_is_always_plain(event_id: str) -> None:
    public = public_event_id(event_id, KEY)
    assert public == str(KEY) or (
        public == event_id and public.isascii() and public.isprintable() and " " not in public
    )


def test_a_drawn_id_is_always_published() -> None:
    drawn = [str(uuid4()) for _ in range(200)] + [uuid4().hex for _ in range(200)]
    assert [public_event_id(event_id, KEY) for event_id in drawn] == drawn


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
