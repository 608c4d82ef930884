from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.credentials import Credential, Purpose, digest_of, drawn, typed
from pipeline.adapters.http.rate import Rates
from pipeline.adapters.vault import GateKeys, new_key

NOW = datetime(2026, 3, 5, tzinfo=UTC)
KEYS = GateKeys(new_key(), new_key())


@pytest.mark.parametrize("purpose", Purpose)
def test_no_two_secrets_are_alike_and_each_is_found_by_its_digest(purpose: Purpose) -> None:
    secrets = {drawn(purpose) for _ in range(100)}
    assert len({digest_of(s) for s in secrets}) == 100


def test_a_one_time_code_is_known_however_a_person_types_it() -> None:
    code = drawn(Purpose.ENROLMENT)
    assert [len(group) for group in code.split("-")] == [5] * 5
    for written in (code, code.lower(), code.replace("-", ""), f" {code.replace('-', ' – ')} "):
        assert typed(written) == code


@pytest.mark.parametrize("purpose", Purpose)
def test_a_credential_opens_for_its_purpose_alone_and_until_it_ends(purpose: Purpose) -> None:
    endless, ending = Credential("a", purpose, None), Credential("a", purpose, NOW)
    assert [p for p in Purpose if endless.opens(p, NOW)] == [purpose]
    assert ending.opens(purpose, NOW - timedelta(seconds=1))
    assert not ending.opens(purpose, NOW)


@given(st.uuids(), st.text(min_size=1, max_size=20, alphabet="abc-123"))
def test_a_receipt_is_the_same_for_the_same_event_and_opens_for_its_source_alone(
    event_key: object, source: str
) -> None:
    receipt = KEYS.receipt(source, event_key)
    assert receipt == KEYS.receipt(source, event_key)
    assert KEYS.event_key(source, receipt) == event_key
    assert KEYS.event_key(f"{source}x", receipt) is None
    assert GateKeys(new_key(), KEYS.spool).event_key(source, receipt) is None


@given(st.text(max_size=60))
def test_no_text_is_taken_for_a_receipt(text: str) -> None:
    assert KEYS.event_key("clinic-1", text) is None


def test_who_calls_too_often_is_told_how_long_to_wait_and_others_are_not_held_up() -> None:
    rates = Rates("3/minute")
    assert [rates.wait_s("a") is None for _ in range(4)] == [True, True, True, False]
    assert rates.wait_s("b") is None
    wait_s = rates.wait_s("a")
    assert wait_s is not None
    assert 1 <= wait_s <= 60
