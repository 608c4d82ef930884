"""One row, one report: read as the mapping says, found at fault by column, never changed by what day it is."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.documents import to_bytes
from pipeline.adapters.mappings import load_mapping
from pipeline.contracts.mapping import Spelling, parse_mapping
from pipeline.contracts.topics import MESSAGE_BYTES_MAX
from pipeline.domain.importing.area import area_name
from pipeline.domain.importing.days import read_day, read_time, split_moment, text_of
from pipeline.domain.importing.faults import WORDS, RowFault
from pipeline.domain.importing.plan import Plan, plan_for
from pipeline.domain.importing.row import ReadRow, Row, read_row

TODAY = date(2026, 5, 6)
MAPPING = parse_mapping(
    """
title = "T"
blank = ["不詳"]
[file]
kinds = ["csv"]
[persons.victim]
role = "victim"
[persons.other]
[constants]
channel = "partner"
indicators = ["neglect"]
[codes.category]
"01" = "child_protection"
"02" = ["suicide_risk", "other"]
"10" = []
[codes.role]
"P" = "alleged_perpetrator"
[[column]]
header = "編號"
to = "report_no"
[[column]]
header = "類別"
to = "categories"
codes = "category"
separators = "、"
required = true
[[column]]
header = "受理"
to = "received_at"
dates = ["roc", "iso"]
[[column]]
header = "事件"
to = "time"
dates = ["iso"]
[[column]]
header = "區碼"
to = "victim.address"
area_code = true
[[column]]
header = "地址"
to = "victim.address"
[[column]]
header = "生日"
to = "victim.birth_date"
dates = ["roc-compact", "excel"]
[[column]]
header = "電話"
to = "victim.phones"
separators = "、"
[[column]]
header = "角色"
to = "other.role"
codes = "role"
[[column]]
header = "見"
to = "indicators"
separators = "、"
[[column]]
header = "量表"
to = "instruments.tipvda.items"
separators = "、"
[[column]]
header = "第四題"
to = "instruments.tipvda.items.4"
[[column]]
header = "匿名"
to = "reporter.anonymous"
[[column]]
header = "報別"
to = "report_type"
[[column]]
header = "聯絡"
to = "victim.safe_contact.time"
"""
)
PLAN = plan_for(MAPPING, "school-001", MAPPING.headers)
GOOD: dict[str, Any] = {"編號": "7", "類別": "01", "受理": "115/5/6 14:30", "地址": "文化路1號"}


def read(plan: Plan = PLAN, **cells: Any) -> ReadRow:  # noqa: ANN401 - any cell
    told = {**GOOD, **cells}
    return read_row(plan, Row(2, tuple(told.get(h) for h, _ in plan.identity)), TODAY)


def data_of(**cells: Any) -> dict[str, Any]:  # noqa: ANN401 - any cell
    found = read(**cells)
    assert found.findings == ()
    assert found.event is not None
    return found.event["data"]  # type: ignore[return-value] # an object


def faults_of(**cells: Any) -> list[tuple[str | None, RowFault]]:  # noqa: ANN401 - any cell
    return [(f.column, f.fault) for f in read(**cells).findings]


def test_a_row_becomes_a_report() -> None:
    found = read()
    assert found.event is not None
    assert found.event["source"] == "/sources/school-001"
    assert found.event["time"] == "2026-05-06T14:30:00+08:00"
    assert found.event["data"] == {
        "received_at": "2026-05-06T14:30:00+08:00",
        "categories": ["child_protection"],
        "channel": "partner",
        "indicators": ["neglect"],
        "report_no": "7",
        "persons": [{"role": "victim", "address": "文化路1號"}],
    }


def test_codes_lists_persons_and_forms_go_where_the_mapping_says() -> None:
    data = data_of(類別="02、 01", 角色="p", 見="a、b", 量表="1、15", 第四題="是", 匿名="N", 聯絡="上午", 報別="final")
    assert data["categories"] == ["suicide_risk", "other", "child_protection"]
    assert data["persons"][1] == {"role": "alleged_perpetrator"}
    assert data["persons"][0]["safe_contact"] == {"time": "上午"}
    assert data["indicators"] == ["neglect", "a", "b"]
    assert data["instruments"] == {"tipvda": {"items": {"1": True, "15": True, "4": True}}}
    assert data["reporter"] == {"anonymous": False}
    assert data["report_type"] == "final"


def test_a_code_that_means_nothing_is_no_fault() -> None:
    assert data_of(類別="10")["categories"] == []


def test_what_a_spreadsheet_takes_away_is_put_back_where_that_is_certain() -> None:
    assert data_of(類別=1)["categories"] == ["child_protection"]
    assert data_of(編號=12.0)["report_no"] == "12"
    assert data_of(電話=912345678)["persons"][0]["phones"] == ["0912345678"]
    assert data_of(電話="227208889、27208889")["persons"][0]["phones"] == ["0227208889", "27208889"]
    assert data_of(生日=32905)["persons"][0]["birth_date"] == "1990-02-01"
    assert data_of(生日=datetime(1990, 2, 1))["persons"][0]["birth_date"] == "1990-02-01"  # noqa: DTZ001 - Excel's
    assert data_of(受理=datetime(2026, 5, 6, 9, 5))["received_at"] == "2026-05-06T09:05:00+08:00"  # noqa: DTZ001 - same


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("115/5/6", "2026-05-06T00:00:00+08:00"),
        ("2026-05-06T04:00:00Z", "2026-05-06T12:00:00+08:00"),
        ("2026/5/6 下午2:05", "2026-05-06T14:05:00+08:00"),
        ("民國115年5月6日 14時5分", "2026-05-06T14:05:00+08:00"),
    ],
)
def test_a_moment_is_read_as_it_is_spelt(written: str, read_as: str) -> None:
    assert data_of(受理=written)["received_at"] == read_as


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        ({"編號": " "}, [("編號", RowFault.EMPTY)]),
        ({"類別": "不詳"}, [("類別", RowFault.EMPTY)]),
        ({"受理": ""}, [("受理", RowFault.EMPTY)]),
        ({"類別": "3"}, [("類別", RowFault.CODE_UNKNOWN)]),
        ({"類別": "1"}, [("類別", RowFault.CODE_UNKNOWN)]),
        ({"受理": "1150506"}, [("受理", RowFault.DATE_UNREADABLE)]),
        ({"受理": "115/5/6 26:00"}, [("受理", RowFault.TIME_UNREADABLE)]),
        ({"受理": "15/5/6"}, [("受理", RowFault.DATE_TOO_OLD)]),
        ({"受理": "115/5/7"}, [("受理", RowFault.DATE_IN_FUTURE)]),
        ({"生日": "79/2/1"}, [("生日", RowFault.DATE_UNREADABLE)]),
        ({"區碼": "66000"}, []),
        ({"區碼": "66099"}, [("區碼", RowFault.AREA_UNKNOWN)]),
        ({"量表": "0"}, [("量表", RowFault.NUMBER_OUT_OF_RANGE)]),
        ({"第四題": "?"}, [("第四題", RowFault.BOOLEAN_UNREADABLE)]),
        ({"報別": "初報"}, [("報別", RowFault.WORD_UNKNOWN)]),
        ({"角色": "Q"}, [("角色", RowFault.CODE_UNKNOWN)]),
        ({"地址": "#N/A"}, [("地址", RowFault.FORMULA_FAILED), (None, RowFault.NO_PERSON)]),
        ({"地址": "\udcff路"}, [("地址", RowFault.NOT_DECODED)]),
        ({"地址": ""}, [(None, RowFault.NO_PERSON)]),
    ],
)
def test_a_fault_is_named_by_its_column(cells: dict[str, str], faults: list[tuple[str | None, RowFault]]) -> None:
    assert faults_of(**cells) == faults


def test_what_cannot_be_read_stays_as_it_is_written() -> None:
    found = read(受理="昨天 下午", 類別="家暴", 生日="三十歲", 第四題="?", 區碼="99", 地址="\udcff路", 量表="甲")
    assert found.event is not None
    data: Any = found.event["data"]
    assert (data["received_at"], data["categories"]) == ("昨天 下午", ["家暴"])
    assert data["persons"] == [{"role": "victim", "address": "99\ufffd路", "birth_date": "三十歲"}]
    assert data["instruments"]["tipvda"]["items"] == {"甲": True, "4": "?"}
    assert found.event["time"] == "昨天 下午"
    assert read(受理="").event is not None
    assert "time" not in (read(受理="").event or {})


@pytest.mark.parametrize("cells", [{"編號": ""}, {"地址": ""}])
def test_a_row_without_a_number_or_a_person_cannot_be_a_report(cells: dict[str, str]) -> None:
    assert read(**cells).event is None


def test_a_row_of_another_width_or_that_cannot_be_told_apart_is_no_report() -> None:
    short = read_row(PLAN, Row(9, ("7", "01")), TODAY)
    assert (short.line, short.event, [f.fault for f in short.findings]) == (9, None, [RowFault.COLUMNS_WRONG])
    broken = read_row(PLAN, Row(9, ("x",), RowFault.QUOTE_OPEN), TODAY)
    assert (broken.event, [f.fault for f in broken.findings]) == (None, [RowFault.QUOTE_OPEN])


def test_the_event_time_may_have_a_column_of_its_own() -> None:
    found = read(事件="2026-05-05")
    assert found.event is not None
    assert found.event["time"] == "2026-05-05T00:00:00+08:00"


def test_the_same_row_is_the_same_event_in_whatever_order_its_columns_come() -> None:
    turned = plan_for(MAPPING, "school-001", MAPPING.headers[::-1])
    cells = tuple(GOOD.get(header) for header in MAPPING.headers[::-1])
    assert read_row(turned, Row(5, cells), TODAY).event == read().event


def test_another_source_or_another_cell_is_another_event() -> None:
    others = [plan_for(MAPPING, "school-002", MAPPING.headers), PLAN]
    cells = [{}, {"地址": "文化路2號"}, {"聯絡": "文化路1號", "地址": ""}]
    events = [read(plan, **told).event for plan in others for told in cells]
    assert len({event["id"] for event in events if event}) == len(others) * len(cells)


def test_columns_are_found_whatever_their_spaces_and_width() -> None:
    plan = plan_for(MAPPING, "x", ("編 號", "類\n別", "受理", "地址", "備註", ""))
    assert (plan.unread, len(plan.absent)) == (("備註",), len(MAPPING.headers) - 4)


def test_a_required_column_that_is_missing_or_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="the column 類別 is missing"):
        plan_for(MAPPING, "x", ("編號", "受理"))
    with pytest.raises(ValueError, match="the column 受理 is there twice"):
        plan_for(MAPPING, "x", ("編號", "類別", "受理", "受 理"))


def test_every_fault_has_its_words() -> None:
    assert set(WORDS) == set(RowFault)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("66000", "臺中市"),
        ("6600000000", "臺中市"),
        ("66000060", "臺中市西屯區"),
        ("6600006000", "臺中市西屯區"),
        ("66000060001", "臺中市西屯區"),
        ("1000100000", "新北市"),
        ("10003010", "桃園市"),
        ("6600006001", None),
        ("660", None),
        ("６６０００", None),
        ("99999", None),
    ],
)
def test_an_area_code_names_its_place(code: str, name: str | None) -> None:
    assert area_name(code) == name


@pytest.mark.parametrize(
    ("cell", "clock"),
    [
        ("930", time(9, 30)),
        ("143005", time(14, 30, 5)),
        ("14點", time(14)),
        ("上午12:10", time(0, 10)),
        ("下午13:00", None),
        ("2:30 pm", time(14, 30)),
        (0.75, time(18)),
        (timedelta(hours=7), time(7)),
        (timedelta(hours=25), None),
        (time(8, 9, 10, 11), time(8, 9, 10)),
        (datetime(2026, 1, 1, 3, 4), time(3, 4)),  # noqa: DTZ001 - Excel's
        (1430, time(14, 30)),
        ("9999", None),
        ("早上", None),
    ],
)
def test_a_time_of_day_is_read_in_every_spelling(cell: Any, clock: time | None) -> None:  # noqa: ANN401 - any cell
    assert read_time(cell) == clock


@pytest.mark.parametrize(
    ("cell", "spelling", "day"),
    [
        ("113.5.6", Spelling.ROC, date(2024, 5, 6)),
        ("民前5年3月2日", Spelling.ROC, date(1907, 3, 2)),
        ("0990506", Spelling.ROC_COMPACT, date(2010, 5, 6)),
        ("20240506", Spelling.ISO_COMPACT, date(2024, 5, 6)),
        ("20240506", Spelling.ROC_COMPACT, None),
        ("2024/5/6", Spelling.ROC, None),
        ("113/5/6", Spelling.ISO, None),
        (45418, Spelling.EXCEL, date(2024, 5, 6)),
        ("45418.0", Spelling.EXCEL, date(2024, 5, 6)),
        ("60", Spelling.EXCEL, None),
        (date(2024, 5, 6), Spelling.ROC, date(2024, 5, 6)),
    ],
)
def test_a_day_is_read_only_as_its_column_spells_it(cell: Any, spelling: Spelling, day: date | None) -> None:  # noqa: ANN401 - any cell
    assert read_day(cell, (spelling,)) == day


def test_a_cell_is_told_as_a_person_would_type_it() -> None:
    cells = (None, "x", 3.0, 3.5, True, date(2024, 5, 6), time(1, 2))
    assert [text_of(cell) for cell in cells] == ["", "x", "3", "3.5", "True", "2024-05-06", "01:02:00"]
    assert split_moment(datetime(2024, 5, 6, 7)) == (date(2024, 5, 6), time(7))  # noqa: DTZ001 - Excel's


CELLS = st.one_of(
    st.none(), st.text(max_size=12), st.integers(), st.floats(), st.booleans(), st.dates(), st.times(), st.datetimes()
)


@given(name=st.sampled_from(["clinic-spreadsheet", "city-nightly", "proactive-care-list"]), data=st.data())
def test_any_row_at_all_becomes_a_report_or_is_found_at_fault(name: str, data: st.DataObject) -> None:
    mapping = load_mapping(name).mapping
    plan = plan_for(mapping, "clinic-0001", mapping.headers)
    cells = tuple(data.draw(st.lists(CELLS, min_size=plan.width, max_size=plan.width)))
    found = read_row(plan, Row(2, cells), TODAY)
    assert found.event is not None or found.findings
    later = read_row(plan, Row(2, cells), date(2030, 1, 1))
    assert (later.event is None) == (found.event is None)
    if found.event is not None and later.event is not None:
        assert to_bytes(dict(found.event)) == to_bytes(dict(later.event))


@pytest.mark.parametrize(("characters", "is_read"), [(700_000, True), (800_000, False)])
def test_a_row_is_a_message_that_the_broker_takes_or_too_large(*, characters: int, is_read: bool) -> None:
    """The worst characters, in a cell that two fields tell; one that no field tells counts for nothing."""
    how = parse_mapping(
        """
title = "T"
[file]
kinds = ["csv"]
[persons.victim]
role = "victim"
[constants]
channel = "partner"
categories = ["other"]
received_at = "2026-05-06T00:00:00+08:00"
report_no = "1"
[[column]]
header = "地址"
to = "victim.address"
[[column]]
header = "地址"
to = "occurred_place"
"""
    )
    plan = plan_for(how, "x", ("地址", "備註"))
    read = read_row(plan, Row(2, ("a" + "\x01" * characters, "x" * 3_000_000)), TODAY)
    assert (read.event is not None) == is_read
    assert len(to_bytes(dict(read.event or {}))) < MESSAGE_BYTES_MAX
    assert [found.fault for found in read.findings] == ([] if is_read else [RowFault.TOO_LARGE])
