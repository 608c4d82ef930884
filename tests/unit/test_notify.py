"""Whom a notification reaches, how often it is tried, and what a person reads."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.notify import Audience, Channel, Target, Told, parse_notify
from pipeline.contracts.vocabulary import Priority
from pipeline.domain.notice_text import CODES, subject_of, text_of
from pipeline.domain.notify import (
    BACKOFF_FIRST,
    BACKOFF_MAX,
    JITTER,
    TRIES_MAX,
    Ended,
    Fate,
    Outcome,
    Sending,
    fate_of,
    reach,
    wait_after,
)

TOLD = Told(
    notification_id=UUID(int=7),
    case_id=UUID(int=8),
    kind="clock",
    subject=f"{UUID(int=9)}/child_visit",
    code="clock_warning",
    rung=1,
    audience=Audience.SUPERVISOR,
    staff="S1024",
    centre="63000-protective",
    county="臺北市",
    priority=Priority.IMMEDIATE,
    due_at=datetime(2026, 3, 2, 16, 5, tzinfo=UTC),
    made_at=datetime(2026, 3, 2, 15, 5, tzinfo=UTC),
    needs_ack=True,
    link="https://desk.example.gov.tw/cases/8",
)
FAILED = Outcome(Ended.TRY_AGAIN, "timeout")
WHERES = ("63000-protective", "65000-protective", "臺北市", "新北市", "*")


def sending(attempt: int, forgiven: int = 0) -> Sending:
    return Sending(TOLD, "duty", Channel.WEBHOOK, attempt, forgiven)


def target(name: str, audience: Audience, where: str) -> Target:
    return Target(name=name, audience=audience, where=where, email="duty@example.gov.tw")


TARGETS = st.lists(st.tuples(st.sampled_from(Audience), st.sampled_from(WHERES)), max_size=8).map(
    lambda told: [target(f"t{n}", audience, where) for n, (audience, where) in enumerate(told)]
)


@given(TARGETS, st.sampled_from(Audience))
def test_of_an_audience_those_that_fit_most_closely_are_told_and_nobody_else(
    targets: list[Target], audience: Audience
) -> None:
    found = reach(targets, audience, "63000-protective", "臺北市")
    fitting = [
        where
        for where in ("63000-protective", "臺北市", "*")
        for t in targets
        if (t.audience, t.where) == (audience, where)
    ]
    assert {t.where for t in found} == set(fitting[:1])
    assert all(t.audience is audience for t in found)
    assert len(found) == fitting.count(fitting[0]) if fitting else not found


def test_a_case_of_no_known_county_reaches_whoever_is_told_of_all() -> None:
    everywhere = target("all", Audience.BUREAU, "*")
    assert reach([target("tp", Audience.BUREAU, "臺北市"), everywhere], Audience.BUREAU, None, None) == (everywhere,)


@given(st.integers(1, 200), st.integers(0, 100))
def test_a_failed_try_is_given_up_after_so_many_and_never_before(tries: int, forgiven: int) -> None:
    fate = fate_of(sending(forgiven + tries, forgiven), FAILED)
    assert fate is (Fate.DEAD if tries >= TRIES_MAX else Fate.WAITING)


@pytest.mark.parametrize("attempt", [1, TRIES_MAX, TRIES_MAX + 5])
def test_what_arrived_is_sent_and_what_is_refused_for_good_is_dead_whatever_the_try(attempt: int) -> None:
    assert fate_of(sending(attempt), Outcome(Ended.SENT, "sent")) is Fate.SENT
    assert fate_of(sending(attempt), Outcome(Ended.REFUSED, "http_410")) is Fate.DEAD


@given(st.integers(1, 200), st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(days=30))))
def test_a_wait_lies_between_the_first_and_the_longest_with_its_jitter(tries: int, asked: timedelta | None) -> None:
    wait = wait_after(sending(tries), Outcome(Ended.TRY_AGAIN, "http_429", asked))
    assert BACKOFF_FIRST <= wait <= BACKOFF_MAX * (1 + JITTER)
    assert wait >= min(asked or timedelta(0), BACKOFF_MAX)


def test_waits_double_and_are_given_up_after_about_an_hour() -> None:
    waits = [wait_after(sending(tries), FAILED) for tries in range(1, TRIES_MAX)]
    growing = [one for one in waits if one < BACKOFF_MAX]
    assert all(later > earlier * 1.5 for earlier, later in pairwise(growing[:-1]))
    assert timedelta(minutes=50) < sum(waits, timedelta(0)) < timedelta(minutes=75)


def test_two_targets_of_one_notification_do_not_come_back_together() -> None:
    others = [Sending(TOLD, f"duty-{n}", Channel.EMAIL, 5) for n in range(20)]
    assert len({wait_after(one, FAILED) for one in others}) == len(others)
    assert wait_after(others[0], FAILED) == wait_after(others[0], FAILED)


def test_a_message_says_what_is_due_when_in_both_languages() -> None:
    text = text_of(TOLD, lambda code: {"child_visit": ("訪視兒童", "Visit the child")}[code])
    for part in (
        *("訪視兒童／Visit the child", "2026-03-03 00:05", "立即／immediate", "63000-protective", "臺北市", "S1024"),
        *(str(TOLD.case_id), str(TOLD.notification_id), TOLD.link or "", "督導／supervisor", "acknowledge", "請登入"),
    ):
        assert part in text
    assert subject_of(TOLD) == "[安網 Anwang] 法定時限將至／A legal deadline comes near（立即／immediate）"


def test_what_is_not_known_is_left_out_and_what_asks_for_nothing_does_not_ask() -> None:
    bare = TOLD.model_copy(
        update={"case_id": None, "subject": "x", "staff": None, "link": None, "priority": None, "due_at": None}
        | {"centre": None, "county": None, "needs_ack": False, "code": "something_new"}
    )
    text = text_of(bare, lambda code: (code, code))
    assert text.splitlines()[:3] == ["something_new", "", "通知對象／Told: 督導／supervisor"]
    assert "None" not in text
    assert "acknowledge" not in text


def test_every_code_has_words_in_both_languages() -> None:
    assert all(words.zh and words.en and words.zh != words.en for words in CODES.values())


SMTP = '[smtp]\nhost = "127.0.0.1"\nport = 25\ntls = "none"\nsender = "anwang@example.gov.tw"\n'
ROW = '[[target]]\nname = "duty"\naudience = "bureau"\nwhere = "*"\n'
HOOK = 'webhook = "https://x.example/hook"\nsecret_file = "/s"\n'
MAIL = 'email = "duty@example.gov.tw"\n'


def test_a_file_of_targets_is_read() -> None:
    file = parse_notify(
        f'link = "https://desk.example/{{case_id}}"\n{SMTP}{ROW}{HOOK}{ROW.replace("duty", "two")}{MAIL}'
    )
    assert [(t.name, t.channel) for t in file.target] == [("duty", Channel.WEBHOOK), ("two", Channel.EMAIL)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ROW, "a webhook or an email"),
        (ROW + HOOK + MAIL + SMTP, "a webhook or an email"),
        (ROW + 'webhook = "https://x.example/hook"\n', "has a secret_file"),
        (ROW + HOOK.replace("https", "http"), "begins with https://"),
        (ROW + HOOK.replace("x.example", "me:pass@x.example"), "names no user"),
        (ROW + MAIL, "there is no [smtp]"),
        (SMTP + ROW + MAIL + ROW + MAIL, "two targets have one name"),
        (SMTP.replace("127.0.0.1", "mail.example"), "on this machine alone"),
        (SMTP + 'user = "u"\n', "user and password_file go together"),
        (SMTP + 'sign_key_file = "/k"\n', "sign_cert_file and sign_key_file go together"),
        (ROW.replace("bureau", "mayor") + HOOK, "target.0.audience"),
        ("[[", "not TOML"),
        ("color = 1", "unknown key"),
    ],
)
def test_a_file_that_will_not_do_says_by_its_key_what(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_notify(text)
    assert says in str(refused.value)
    assert "pass@" not in str(refused.value)


def test_a_webhook_on_this_machine_needs_no_tls() -> None:
    assert parse_notify(ROW + HOOK.replace("https://x.example", "http://127.0.0.1:8080")).target[0].webhook
