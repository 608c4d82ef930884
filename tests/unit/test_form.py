"""A site's form: what it says, what it becomes, and what it never claims."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from pipeline.adapters.http import form as page
from pipeline.adapters.http.problem import ProblemError
from pipeline.contracts.report import ReportSubmitted
from pipeline.contracts.vocabulary import Category, CrisisFlag, Indicator, ReporterRole, Sex
from pipeline.domain.directory import Directory, Source
from pipeline.domain.form import (
    CATEGORIES,
    LENGTHS,
    SIGNS,
    Age,
    Answers,
    Complaint,
    Danger,
    Field,
    Relation,
    Sight,
    complaints,
    event_of,
)
from pipeline.domain.intake import Problem, Refusal
from pipeline.domain.normalise.reading import Reading, read_event

NOW = datetime(2026, 3, 2, 13, 0, 5, tzinfo=UTC)
SITE = Source("safety-site-001", "safety-site", ReporterRole.SAFETY_SITE, "臺中市", "晨光商店（虛構）")
DIRECTORY = Directory({SITE.code: SITE})
RECEIPT = "0d9f6f7c"
SCHEMA = Draft202012Validator(ReportSubmitted.model_json_schema(), format_checker=FormatChecker())

OFFERED = [*Sight, *SIGNS, *Danger, *Age, *Sex, *Relation, "now", "earlier", "here", "elsewhere"]
WRITTEN = st.dictionaries(
    st.sampled_from([*Field, "another"]),
    st.lists(st.one_of(st.sampled_from([str(word) for word in OFFERED]), st.text(max_size=40)), max_size=4),
)


def filled(**fields: str | list[str]) -> Answers:
    told = {"submission": "page-1", "opened_at": "2026-03-02T20:58:00+08:00", **fields}
    return Answers({name: [text] if isinstance(text, str) else text for name, text in told.items()})


def event(answers: Answers, now: datetime = NOW, source: Source = SITE) -> Any:  # noqa: ANN401 - any JSON
    return event_of(answers, source, now)


# what it becomes


@given(WRITTEN)
def test_any_answers_at_all_become_a_report_that_can_be_read(written: Mapping[str, list[str]]) -> None:
    reading = read_event(json.dumps(event(Answers(written))).encode(), (), NOW, DIRECTORY)
    assert isinstance(reading, Reading)
    assert reading.facts.source == SITE.code
    assert reading.facts.source_county == "臺中市"
    assert len(reading.facts.victims) == 1


@given(WRITTEN)
def test_what_needs_no_mending_is_what_the_contract_asks_for(written: Mapping[str, list[str]]) -> None:
    answers = Answers(written)
    if not complaints(answers, NOW):
        SCHEMA.validate(json.loads(json.dumps(event(answers))))


@given(st.text(min_size=6, max_size=30), st.sampled_from([f for f in Field if f in LENGTHS or f is Field.SUBMISSION]))
def test_no_attribute_of_the_event_repeats_what_was_written(text: str, where: Field) -> None:
    made = event(filled(**{where: text, "sights": "child"}))
    attributes = json.dumps({name: value for name, value in made.items() if name != "data"}, ensure_ascii=False)
    assert text.strip() not in attributes or not text.strip() or text.strip() in json.dumps(event(filled()))


@given(WRITTEN, st.integers(0, 100))
def test_the_same_page_sent_twice_is_the_same_event(written: Mapping[str, list[str]], later_s: int) -> None:
    answers = Answers({**written, "submission": ["page-1"], "opened_at": ["2026-03-02T20:58:00+08:00"]})
    first, second = event(answers), event(answers, NOW + timedelta(seconds=later_s))
    assert (first["id"], first["data"]) == (second["id"], second["data"])


def test_a_page_sent_again_with_a_change_is_an_event_of_its_own_under_the_same_number() -> None:
    first, second = event(filled(narrative="一位女士在哭")), event(filled(narrative="一位女士在哭，手上有傷"))
    assert first["id"] != second["id"]
    assert first["data"]["report_no"] == second["data"]["report_no"]


def test_two_pages_have_two_numbers() -> None:
    one, other = event(filled(submission="page-1")), event(filled(submission="page-2"))
    assert one["data"]["report_no"] != other["data"]["report_no"]


def test_a_report_counts_as_received_when_its_page_was_opened_unless_that_is_long_ago_or_to_come() -> None:
    assert event(filled())["data"]["received_at"] == "2026-03-02T20:58:00+08:00"
    for odd in ("2026-03-02T18:00:00+08:00", "2026-03-02T21:30:00+08:00", "2026-03-02T20:58:00", "soon", ""):
        assert event(filled(opened_at=odd))["data"]["received_at"] == "2026-03-02T21:00:05+08:00"


def test_a_full_form_says_all_of_it() -> None:
    made = event(
        filled(
            danger="yes",
            sights=["partner", "child"],
            signs=["injury_visible", "tipvda_weapon"],
            narrative="她說 \r\n他有刀",
            when="earlier",
            date="115/3/1",
            time="22:30",
            where="here",
            place="店門口",
            age="0-5",
            sex="female",
            name="小華",
            address="臺中市西屯區福星路100號",
            phone="0900-123-450",
            safe_way="平日早上",
            relation="parent",
            other_name="穿灰外套",
            reporter_name="林店長",
            reporter_phone="04-0000-0000",
        )
    )
    data = made["data"]
    assert data["categories"] == [Category.CHILD_PROTECTION, Category.INTIMATE_PARTNER_VIOLENCE]
    assert data["crisis_flags"] == [CrisisFlag.URGENT_MATTER, CrisisFlag.CHILD_URGENT]
    assert data["indicators"] == [Indicator.INJURY_VISIBLE, Indicator.TIPVDA_WEAPON, Indicator.AGE_UNDER_6]
    assert data["occurred_at"] == "2026-03-01T22:30:00+08:00"
    assert data["occurred_place"] == "臺中市晨光商店（虛構） 店門口"
    assert data["narrative"] == "她說 \n他有刀"
    assert data["channel"] == "partner"
    assert data["reporter"] == {
        "role": "safety_site",
        "organisation": "晨光商店（虛構）",
        "name": "林店長",
        "phone": "04-0000-0000",
        "anonymous": False,
    }
    assert data["persons"] == [
        {
            "role": "victim",
            "name": "小華",
            "sex": "female",
            "age_guess": "0-5",
            "address": "臺中市西屯區福星路100號",
            "phones": ["0900-123-450"],
            "safe_contact": {"way": "平日早上"},
        },
        {"role": "alleged_perpetrator", "name": "穿灰外套", "relationship_to_victim": "parent"},
    ]
    assert made["source"] == "/sources/safety-site-001"


def test_danger_alone_is_enough_and_presses() -> None:
    made = event(filled(danger="yes"))
    assert not complaints(filled(danger="yes"), NOW)
    assert made["data"]["categories"] == ["other"]
    assert made["data"]["crisis_flags"] == ["urgent_matter"]
    assert made["data"]["reporter"]["anonymous"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"when": "now"}, "2026-03-02T20:58:00+08:00"),
        ({"when": "now", "date": "2026-01-01"}, "2026-03-02T20:58:00+08:00"),
        ({"date": "2026-03-01"}, "2026-03-01T12:00:00+08:00"),
        ({"date": "2026-03-02"}, "2026-03-02T20:58:00+08:00"),
        ({"time": "08:15"}, "2026-03-02T08:15:00+08:00"),
        ({"date": "民國115年2月28日", "time": "8"}, "2026-02-28T12:00:00+08:00"),
        ({}, None),
        ({"when": "earlier"}, None),
        ({"date": "32.13.", "time": "08:15"}, None),
    ],
)
def test_a_time_is_told_as_far_as_it_is_known(fields: dict[str, str], told: str | None) -> None:
    assert event(filled(**fields))["data"].get("occurred_at") == told


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, {Field.SIGHTS: Complaint.NOTHING_TOLD}),
        ({"sights": "wizardry", "narrative": "  "}, {Field.SIGHTS: Complaint.NOTHING_TOLD}),
        ({"sights": "child"}, {}),
        ({"narrative": "有人在哭"}, {}),
        ({"sights": "child", "date": "soon"}, {Field.DATE: Complaint.DATE_UNREADABLE}),
        ({"sights": "child", "date": "2026-04-01"}, {Field.DATE: Complaint.DATE_UNREADABLE}),
        ({"sights": "child", "date": "2026-03-03"}, {Field.TIME: Complaint.TIME_IN_FUTURE}),
        ({"sights": "child", "time": "25:00"}, {Field.TIME: Complaint.TIME_UNREADABLE}),
        ({"sights": "child", "time": "23:00"}, {Field.TIME: Complaint.TIME_IN_FUTURE}),
        ({"sights": "child", "when": "now", "date": "soon", "time": "25:00"}, {}),
        ({"narrative": "字" * 20_001}, {Field.NARRATIVE: Complaint.TOO_LONG}),
        ({"sights": "child", "name": "王" * 201}, {Field.NAME: Complaint.TOO_LONG}),
        ({"narrative": "字\r\n" * 10_000}, {}),
    ],
)
def test_what_has_to_be_mended_is_named_by_field(fields: dict[str, str], complaint: dict[Field, Complaint]) -> None:
    assert complaints(filled(**fields), NOW) == complaint


def test_every_sight_has_a_category_and_every_category_but_exploitation_and_delay_can_be_seen() -> None:
    assert set(CATEGORIES) == set(Sight)
    assert set(Category) - set(CATEGORIES.values()) == {
        Category.CHILD_SEXUAL_EXPLOITATION,
        Category.DEVELOPMENTAL_DELAY,
    }


# the pages


@dataclass
class Desk:
    """The pages over ASGI. `refusal` is what the door says instead of a receipt."""

    client: httpx.AsyncClient
    source: Source = SITE
    refusal: ProblemError | None = None
    taken: list[Mapping[str, Any]] = field(default_factory=list)
    now: datetime = NOW

    async def find(self, key: str) -> Source | None:
        return self.source if key == "the-key" else None

    async def submit(self, _source: Source, document: Mapping[str, Any]) -> str:
        if self.refusal:
            raise self.refusal
        self.taken.append(document)
        return RECEIPT

    async def post(self, lang: str = "zh", **fields: str | list[str]) -> httpx.Response:
        body = urlencode({"submission": "page-1", "opened_at": "2026-03-02T20:58:00+08:00", **fields}, doseq=True)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return await self.client.post("/form/the-key", params={"lang": lang}, content=body, headers=headers)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    app = FastAPI()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://site.test") as client:
        desk = Desk(client)
        app.include_router(page.form_routes(desk.find, desk.submit, lambda: desk.now))
        yield desk


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found
    return unescape(found[1])


async def test_the_page_is_prefilled_with_the_site_and_calls_for_the_telephone_first(desk: Desk) -> None:
    html = (await desk.client.get("/form/the-key")).text
    assert "晨光商店（虛構）" in html
    assert "臺中市 · 安心守護站" in html
    assert html.index('href="tel:110"') < html.index('href="tel:113"') < html.index("<form")
    assert hidden(html, "opened_at") == "2026-03-02T21:00:05+08:00"


async def test_each_page_has_a_submission_of_its_own(desk: Desk) -> None:
    pages = [(await desk.client.get("/form/the-key")).text for _ in range(2)]
    assert len({hidden(html, "submission") for html in pages}) == 2


@pytest.mark.parametrize(
    ("asked", "accepted", "lang"),
    [
        ("", "", "zh-Hant-TW"),
        ("en", "zh-TW", "en"),
        ("zh", "en", "zh-Hant-TW"),
        ("xx", "fr, en-GB;q=0.8, zh;q=0.5", "en"),
        ("", "zh-TW,zh;q=0.9,en;q=0.8", "zh-Hant-TW"),
        ("../../etc", "*", "zh-Hant-TW"),
    ],
)
async def test_a_page_speaks_the_language_that_is_asked_for(desk: Desk, asked: str, accepted: str, lang: str) -> None:
    headers = {"accept-language": accepted}
    html = (await desk.client.get("/form/the-key", params={"lang": asked}, headers=headers)).text
    assert f'<html lang="{lang}">' in html


async def test_a_report_gets_its_receipt_and_the_page_says_what_comes_next(desk: Desk) -> None:
    answer = await desk.post(sights=["elder", "burden"], narrative="一位長輩在店裡坐了一天")
    assert answer.status_code == 200
    assert RECEIPT in answer.text
    assert "接下來" in answer.text
    assert "一位長輩" not in answer.text
    assert desk.taken[0]["data"]["categories"] == ["elder_protection", "vulnerable_family"]
    assert desk.taken[0]["source"] == "/sources/safety-site-001"


async def test_a_double_click_hands_in_the_same_event(desk: Desk) -> None:
    await desk.post(sights="child")
    desk.now += timedelta(minutes=3)
    await desk.post(sights="child")
    assert len({document["id"] for document in desk.taken}) == 1


async def test_what_was_typed_stands_there_again_beside_the_complaint(desk: Desk) -> None:
    answer = await desk.post(
        lang="en", date="soon", name='<b>"Ann"</b>', signs="confinement", age="12-17", narrative="</textarea><script>"
    )
    html = answer.text
    assert answer.status_code == 422
    assert not desk.taken
    assert 'value="&lt;b&gt;&#34;Ann&#34;&lt;/b&gt;"' in html
    assert "&lt;/textarea&gt;&lt;script&gt;" in html
    assert "<script" not in html
    assert 'value="confinement" checked' in html
    assert 'value="12-17" selected' in html
    assert 'aria-describedby="date-complaint" aria-invalid="true"' in html
    assert 'id="date-complaint"' in html
    assert hidden(html, "submission") == "page-1"


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        (Refusal.BROKER_AWAY, 503, "系統暫時收不到通報"),
        (Refusal.UNSURE, 503, "不確定有沒有送到"),
        (Refusal.BUSY, 503, "同時通報的人太多"),
        (Refusal.TOO_MANY_REQUESTS, 503, "同時通報的人太多"),
        (Refusal.SOURCE_NOT_YOURS, 422, "這份通報沒有被收下"),
    ],
)
async def test_what_was_not_taken_is_never_claimed_to_be(desk: Desk, code: Refusal, status: int, words: str) -> None:
    desk.refusal = ProblemError(Problem(code), {"Retry-After": "5", "Connection": "close"})
    answer = await desk.post(narrative="有人在哭", name="小華")
    assert answer.status_code == status
    assert answer.headers["retry-after"] == "5"
    assert words in answer.text
    assert "還沒有送到" in answer.text
    assert "113" in answer.text
    assert "收到了" not in answer.text
    assert "有人在哭" in answer.text
    assert 'value="小華"' in answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_wrong_key_finds_a_plain_page_that_repeats_nothing(desk: Desk, method: str) -> None:
    answer = await desk.client.request(method, "/form/some-other-key", params={"lang": "en"})
    assert answer.status_code == 404
    assert "no longer valid" in answer.text
    assert "some-other-key" not in answer.text
    assert not desk.taken


async def test_the_key_of_a_site_that_was_revoked_opens_nothing(desk: Desk) -> None:
    desk.source = replace(SITE, revoked_at=NOW)
    assert (await desk.client.get("/form/the-key")).status_code == 404


@pytest.mark.parametrize(
    "ask",
    [
        lambda desk: desk.client.get("/form/the-key"),
        lambda desk: desk.client.get("/form/wrong"),
        lambda desk: desk.post(sights="child"),
        lambda desk: desk.post(),
    ],
)
async def test_every_page_is_guarded(desk: Desk, ask: "Callable[[Desk], Awaitable[httpx.Response]]") -> None:
    answer = await ask(desk)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "the-key" not in answer.text
    assert not re.search(r"https?://|<script|style=|\son\w+=", answer.text)


async def test_the_style_is_our_own_and_asks_for_nothing_else(desk: Desk) -> None:
    answer = await desk.client.get("/form-style.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "url(" not in answer.text
    assert "@import" not in answer.text


@pytest.mark.parametrize("body", [b"a=" + b"x" * page.FORM_BYTES_MAX, b"&".join(b"a=b" for _ in range(201))])
async def test_more_than_any_form_holds_is_not_taken(desk: Desk, body: bytes) -> None:
    answer = await desk.client.post("/form/the-key", content=body)
    assert answer.status_code == 413
    assert "收到了" not in answer.text
    assert not desk.taken


@given(st.binary(max_size=200))
async def test_no_body_at_all_breaks_the_page(body: bytes) -> None:
    app, taken = FastAPI(), []

    async def find(_key: str) -> Source:
        return SITE

    async def submit(_source: Source, document: Mapping[str, Any]) -> str:
        taken.append(json.dumps(document).encode())
        return RECEIPT

    app.include_router(page.form_routes(find, submit, lambda: NOW))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://site.test") as client:
        answer = await client.post("/form/the-key", content=b"narrative=" + body)
    assert answer.status_code in {200, 422}
    assert len(taken) == (answer.status_code == 200)


# the words


def keys(told: Mapping[str, Any], at: str = "") -> set[str]:
    return {
        path
        for name, value in told.items()
        for path in (keys(value, f"{at}{name}.") if isinstance(value, dict) else {f"{at}{name}"})
    }


def test_both_languages_say_the_same_things() -> None:
    chinese, english = (page.words(lang) for lang in page.LANGS)
    assert keys(chinese) == keys(english)


@pytest.mark.parametrize("lang", page.LANGS)
def test_every_choice_and_every_complaint_has_its_words(lang: str) -> None:
    told = page.words(lang)
    for section, choices in {
        "sights": Sight,
        "signs": SIGNS,
        "danger": Danger,
        "ages": Age,
        "sexes": Sex,
        "relations": Relation,
        "errors": Complaint,
    }.items():
        assert set(map(str, choices)) <= set(told[section])


@pytest.mark.parametrize("lang", page.LANGS)
def test_every_word_is_shown_on_some_page(lang: str) -> None:
    folder = files("pipeline.adapters.http").joinpath("templates")
    shown = "".join(f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".html"))
    chosen = {"sights", "signs", "danger", "ages", "sexes", "relations", "errors", "when", "where", "not_taken", "lost"}
    assert [k for k in keys(page.words(lang)) if f"t.{k}" not in shown and k.split(".")[0] not in chosen] == []
