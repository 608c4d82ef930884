"""What two people may release, and that the bytes of a message are found again in what was sealed of it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.messages import Coordinate, Header, Message, unwired
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.believing import RELEASABLE, Doubt, doubt, judged_at
from pipeline.domain.directory import Directory, Source
from pipeline.domain.signed import SignatureFault
from pipeline.domain.unread import (
    SENT_AGAIN_AFTER,
    Fate,
    Quarantined,
    Released,
    fate_before_sending,
    require_releasable,
    require_two,
)
from pipeline.errors import UnreadRefusedError

NOW = datetime(2026, 3, 5, tzinfo=UTC)
ID = UUID(int=7)

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(lambda name: f"ce_{name}")
attributes = st.lists(st.tuples(names, st.binary(max_size=20)), max_size=5).map(tuple)
others = st.lists(st.tuples(st.sampled_from(["content-type", "x", "jws-signature"]), st.binary(max_size=9)), max_size=3)


def message(value: bytes, headers: tuple[Header, ...] = (), topic: str = "t", at: datetime = NOW) -> Message:
    return Message(Coordinate(topic, 0, 0), value, headers, at)


@given(value=st.binary(max_size=60), headers=attributes, more=others)
def test_what_is_put_back_is_the_same_message_again(
    value: bytes, headers: tuple[Header, ...], more: list[Header]
) -> None:
    wire = message(value, (*headers, *more)).wire
    found_headers, found_value = unwired(wire)
    assert message(found_value, found_headers).wire == wire
    if headers:
        assert (found_headers, found_value) == (headers, value)


@given(wire=st.binary(max_size=80) | st.from_regex(rb"(\d{1,2}:[a-z_]{0,9}){1,6}", fullmatch=True))
def test_whatever_bytes_are_put_back_they_are_known_again(wire: bytes) -> None:
    headers, value = unwired(wire)
    assert message(value, headers).wire == wire


@pytest.mark.parametrize(
    ("by", "second"),
    [("S1", "S1"), ("S1", "s1"), ("", "S1"), ("S1", " "), ("王大明", "S1"), ("S1", "A123456789"), ("0912345678", "S1")],
)
def test_one_person_a_name_and_a_number_of_a_person_release_nothing(by: str, second: str) -> None:
    with pytest.raises(UnreadRefusedError):
        require_two(by, second)
    with pytest.raises(UnreadRefusedError):
        require_two(second, by)


def test_two_codes_are_two_people() -> None:
    require_two("S1024", "S2048")


def found(kind: str) -> Quarantined:
    return Quarantined(ID, kind, "a_code", "intake.partner.v1", NOW, None, None)


def test_a_dead_letter_and_what_is_not_there_cannot_be_released() -> None:
    with pytest.raises(UnreadRefusedError, match="dead letter"):
        require_releasable(found("dead_letter"), ID)
    with pytest.raises(UnreadRefusedError, match="no unread report"):
        require_releasable(None, ID)
    assert require_releasable(found("quarantine"), ID) == found("quarantine")


@pytest.mark.parametrize(
    ("sent", "settled", "fate"),
    [
        (None, None, None),
        (NOW, None, Fate.ON_ITS_WAY),
        (NOW - SENT_AGAIN_AFTER, None, None),
        (NOW - timedelta(days=1), NOW, Fate.SETTLED),
        (None, NOW, Fate.SETTLED),
    ],
)
def test_a_report_is_sent_back_until_it_is_settled_but_not_twice_a_minute(
    sent: datetime | None, settled: datetime | None, fate: Fate | None
) -> None:
    assert fate_before_sending(Released("S1", "S2", sent, settled), NOW) is fate


LINE = Source("hotline-1", "hotline", ReporterRole.HOTLINE_WORKER, own_topic=True)
SHOP = Source("shop-1", "safety-site", ReporterRole.SAFETY_SITE)
BOOK = Directory({LINE.code: LINE, SHOP.code: SHOP})


def test_a_message_is_believed_of_a_known_source_on_its_own_topic_until_that_is_revoked() -> None:
    here = message(b"{}", topic=LINE.topic)
    assert doubt(here, LINE.code, BOOK, NOW) is None
    assert doubt(here, "hotline-2", BOOK, NOW) is Doubt.SOURCE_UNREGISTERED
    assert doubt(message(b"{}", topic=SHOP.topic), LINE.code, BOOK, NOW) is Doubt.SOURCE_NOT_OF_THIS_TOPIC
    gone = BOOK.with_sources(
        [Source("hotline-1", "hotline", ReporterRole.HOTLINE_WORKER, own_topic=True, revoked_at=NOW)]
    )
    assert doubt(here, LINE.code, gone, NOW) is Doubt.SOURCE_REVOKED


@given(written=st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400)))
def test_who_writes_the_time_of_his_records_is_judged_no_earlier_than_now(written: timedelta) -> None:
    one = message(b"{}", at=NOW + written)
    assert judged_at(one, LINE, NOW) >= NOW
    assert judged_at(one, SHOP, NOW) == one.arrived_at


def test_people_set_aside_every_doubt_but_a_source_that_nobody_knows_and_what_ends_workers() -> None:
    assert {*Doubt, *SignatureFault} - {Doubt.SOURCE_UNREGISTERED, Doubt.ENDED_ITS_WORKER} == RELEASABLE
