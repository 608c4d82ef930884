from datetime import date

from hypothesis import given
from telling import any_event, event, victim

from pipeline.domain.evidence import Strength, compare
from pipeline.domain.facts import Facts
from pipeline.domain.link import Key, KeyKind, bears, linking_keys, number_key, quotes, sought_keys, stored_keys

BORN = date(1990, 5, 5)
PHONE = ("+886912345678",)


def test_a_code_name_alone_gives_no_key_to_link_by() -> None:
    kinds = {key.kind for key in linking_keys(event("a", persons=victim()))}
    assert kinds == {KeyKind.QUOTES}


def test_a_phone_is_a_key_only_with_a_birth_date() -> None:
    assert Key(KeyKind.PHONE_AND_BIRTH, "+886912345678\n1990-05-05") in linking_keys(
        event("a", persons=victim(phones=PHONE, birth_date=BORN))
    )
    assert {k.kind for k in linking_keys(event("a", persons=victim(phones=PHONE)))} == {KeyKind.QUOTES}


def test_a_number_that_could_not_be_read_is_nobodys_number() -> None:
    nameless = event("a", report_no="", related_report_nos=("",))
    assert number_key(nameless) is None
    assert {k.kind for k in stored_keys(nameless) | sought_keys(nameless)} == {KeyKind.EVENT}


@given(any_event(), any_event())
def test_whatever_speaks_for_two_reports_is_found_by_the_keys_of_either(one: Facts, other: Facts) -> None:
    if compare(one, other).strength is not Strength.NONE:
        assert linking_keys(one) & stored_keys(other)
        assert linking_keys(other) & stored_keys(one)


def test_a_quote_is_known_in_other_letters_and_spaces_and_only_from_another_source() -> None:
    bearer = event("a", report_no="H-001a")
    assert bears(" ｈ-001 A") == bears("H-001a")
    assert quotes(event("b", "clinic-0007", related_report_nos=(" ｈ-001 A",)), bearer)
    assert not quotes(event("b", related_report_nos=("H-001a",)), bearer)
    assert not quotes(event("b", "clinic-0007"), bearer)
