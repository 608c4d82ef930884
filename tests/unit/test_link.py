import pytest
from hypothesis import given
from people import person, report
from telling import any_event, event, victim

from pipeline.domain.facts import Facts
from pipeline.domain.link import KeyKind, bears, linking_keys, number_key, quotes, sought_keys, stored_keys


def kinds_that_lead(one: Facts, other: Facts) -> set[KeyKind]:
    return {key.kind for key in linking_keys(one) & stored_keys(other)}


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ({"national_id": "a223456783"}, {"national_id": "Ａ２２３４５６７８３"}, KeyKind.IDENTITY),
        ({"phone": "0912-345-679"}, {"phone": "+886912345679"}, KeyKind.PHONE),
        ({"name": "王小明", "birth": "79.5.6"}, {"name": "王○明", "birth": "1990-05-06"}, KeyKind.SURNAME_AND_BIRTH),
        (
            {"name": "陳怡君", "address": "新北市板橋區文化路"},
            {"name": "陳宜均", "address": "板橋區"},
            KeyKind.NAME_AND_TOWN,
        ),
        ({"name": "陳怡君", "birth": "民國79年"}, {"name": "陳怡君", "birth": "1990-05-06"}, KeyKind.NAME_AND_YEAR),
        ({"name": "陳怡君"}, {"name": "陳怡君"}, KeyKind.NAME_AND_WEEK),
        ({"address": "板橋區文化路1號3樓"}, {"address": "新北市板橋區文化路１號"}, KeyKind.BUILDING),
        ({"address": "板橋區文化路1號3樓"}, {"address": "板橋區文化路1號三樓"}, KeyKind.DOOR),
        (
            {"name": "陳小姐", "address": "板橋區文化路1號"},
            {"name": "陳怡君", "address": "板橋區文化路"},
            KeyKind.SURNAME_AND_ROAD,
        ),
    ],
)
def test_two_tellings_of_one_household_find_each_other(
    one: dict[str, str], other: dict[str, str], kind: KeyKind
) -> None:
    assert kind in kinds_that_lead(report("a", person(**one)), report("b", person(**other)))


@pytest.mark.parametrize(
    "told",
    [
        {"national_id": "A123456789"},
        {"phone": "113"},
        {"phone": "0900000000"},
        {"birth": "1911-01-01", "address": "板橋區"},
        {"name": "陳小姐"},
        {"name": "化名小花"},
        {"address": "新北市板橋區"},
    ],
)
def test_what_strangers_share_leads_nowhere(told: dict[str, str]) -> None:
    assert not kinds_that_lead(report("a", person(**told)), report("b", person(**told)))


def test_a_name_alone_leads_only_to_what_is_told_within_two_weeks() -> None:
    first = report("a", person(name="陳怡君"))
    assert kinds_that_lead(report("b", person(name="陳怡君"), after_h=24 * 7), first)
    assert not kinds_that_lead(report("b", person(name="陳怡君"), after_h=24 * 15), first)


def test_two_surnames_lead_to_what_is_told_within_days_be_they_of_people_or_of_the_story() -> None:
    told = report("a", story="林男毆打陳女")
    assert KeyKind.SURNAMES_AND_DAYS in kinds_that_lead(report("b", person(name="陳怡君"), person(name="林先生")), told)
    later = report("b", person(name="陳怡君"), person(name="林先生"), after_h=24 * 7)
    assert not kinds_that_lead(later, told)


def test_a_family_that_moved_is_found_by_a_name_with_another_surname() -> None:
    one = report("a", person(name="陳怡君"), person(name="林志明"))
    other = report("b", person(name="陳怡君"), person(name="林大寶"), after_h=24 * 300)
    assert kinds_that_lead(one, other) == {KeyKind.NAME_AND_SURNAME}


def test_a_code_name_alone_gives_no_key_to_link_by() -> None:
    kinds = {key.kind for key in linking_keys(event("a", persons=victim()))}
    assert kinds == {KeyKind.QUOTES}


def test_a_number_that_could_not_be_read_is_nobodys_number() -> None:
    nameless = event("a", report_no="", related_report_nos=("",))
    assert number_key(nameless) is None
    assert {k.kind for k in stored_keys(nameless) | sought_keys(nameless)} == {KeyKind.EVENT}


@given(any_event(), any_event())
def test_either_of_two_reports_finds_the_other_or_neither_does(one: Facts, other: Facts) -> None:
    assert bool(linking_keys(one) & stored_keys(other)) == bool(linking_keys(other) & stored_keys(one))


def test_a_quote_is_known_in_other_letters_and_spaces_and_only_from_another_source() -> None:
    bearer = event("a", report_no="H-001a")
    assert bears(" ｈ-001 A") == bears("H-001a")
    assert quotes(event("b", "clinic-0007", related_report_nos=(" ｈ-001 A",)), bearer)
    assert not quotes(event("b", related_report_nos=("H-001a",)), bearer)
    assert not quotes(event("b", "clinic-0007"), bearer)
