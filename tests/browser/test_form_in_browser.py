"""A site's form in a real browser, at the width of a small telephone and by keyboard alone."""

import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from pipeline.adapters.http.form import form_routes
from pipeline.adapters.http.problem import ProblemError
from pipeline.adapters.http.server import listening
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Source
from pipeline.domain.intake import Problem, Refusal

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SITE = Source("safety-site-001", "safety-site", ReporterRole.SAFETY_SITE, "臺中市", "晨光商店（虛構）")
RECEIPT = "0d9f6f7c1b2a4c3d8e5f60718293a4b5"
SMALL_PX, TOUCH_PX = 320, 44
WAIT_MS = 10_000
LANGS = ("zh", "en")

CONTRASTS = """() => {
  const light = ([r, g, b]) => [r, g, b]
    .map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const rgba = text => { const n = text.match(/[\\d.]+/g).map(Number); return [n.slice(0, 3), n[3] ?? 1]; };
  const ground = el => {
    for (; el; el = el.parentElement) { const [c, a] = rgba(getComputedStyle(el).backgroundColor); if (a) return c; }
    return [255, 255, 255];
  };
  const found = [];
  for (const el of document.querySelectorAll('body *')) {
    const own = [...el.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !el.getClientRects().length) continue;
    const style = getComputedStyle(el), [a, b] = [light(rgba(style.color)[0]), light(ground(el))];
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([el.textContent.trim().slice(0, 20), Math.round(ratio * 100) / 100, large ? 3 : 4.5]);
  }
  return found;
}"""

TARGETS = """() => [...document.querySelectorAll('a:not(.skip), button, .choice, .field input, select, textarea')]
  .filter(el => !el.closest('.mend'))
  .map(el => [el.textContent.trim().slice(0, 20) || el.name, el.getBoundingClientRect().height])"""

UNLABELLED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
  .filter(el => !el.labels.length || !el.labels[0].textContent.trim()).map(el => el.name)"""


@dataclass
class Desk:
    address: str = ""
    refusal: ProblemError | None = None
    taken: list[Mapping[str, Any]] = field(default_factory=list)

    async def find(self, key: str) -> Source | None:
        return SITE if key == "the-key" else None

    async def submit(self, _source: Source, document: Mapping[str, Any]) -> str:
        if self.refusal:
            raise self.refusal
        self.taken.append(document)
        return RECEIPT


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk, app = Desk(), FastAPI()
    app.include_router(form_routes(desk.find, desk.submit, lambda: datetime.now(UTC)))
    async with listening(app, "127.0.0.1", 0) as port:
        desk.address = f"http://127.0.0.1:{port}/form/the-key"
        yield desk


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("NOT RUN: this needs Chromium on the PATH; on Debian, apt-get install chromium fonts-noto-cjk")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A small telephone in Taiwan."""
    viewport = {"width": SMALL_PX, "height": 640}
    context = await browser.new_context(viewport=viewport, has_touch=True, locale="zh-TW")
    context.set_default_timeout(WAIT_MS)
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext, desk: Desk) -> Page:
    page = await context.new_page()
    await page.goto(desk.address)
    return page


async def test_a_clerk_fills_in_the_form_and_gets_a_receipt(page: Page, desk: Desk) -> None:
    await page.get_by_label("不確定").check()
    await page.get_by_label("長輩受傷、被欺負、沒人照顧或走失").check()
    await page.get_by_label("不只一次").check()
    await page.get_by_label("發生了什麼事？").fill("一位長輩在店裡坐了一天。\n他說不敢回家。")
    await page.get_by_label("就在這裡").check()
    await page.get_by_label("大約幾歲").select_option("65 歲以上")
    await page.get_by_role("group", name="需要幫助的人").get_by_label("姓名或稱呼").fill("阿伯")
    await page.get_by_role("button", name="送出通報").click()
    await page.get_by_text(RECEIPT).wait_for()
    data = desk.taken[0]["data"]
    assert data["categories"] == ["elder_protection"]
    assert data["indicators"] == ["repeat_harm"]
    assert data["narrative"] == "一位長輩在店裡坐了一天。\n他說不敢回家。"
    assert data["occurred_place"] == "臺中市晨光商店（虛構）"
    assert data["persons"][0]["age_guess"] == "65+"


async def test_the_form_works_by_keyboard_alone(page: Page, desk: Desk) -> None:
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.value") == "yes"
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.value") == "child"
    await page.keyboard.press("Space")
    await page.get_by_label("發生了什麼事？").focus()
    await page.keyboard.type("小孩在哭")
    for _ in range(60):
        if await page.evaluate("document.activeElement.type") == "submit":
            break
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.get_by_text(RECEIPT).wait_for()
    assert desk.taken[0]["data"]["crisis_flags"] == ["urgent_matter"]
    assert desk.taken[0]["data"]["narrative"] == "小孩在哭"


async def test_sending_it_twice_hands_in_one_event(page: Page, desk: Desk) -> None:
    await page.get_by_label("露宿在外").check()
    await page.get_by_role("button", name="送出通報").click()
    await page.get_by_text(RECEIPT).wait_for()
    await page.reload()
    await page.get_by_text(RECEIPT).wait_for()
    assert len(desk.taken) == 2
    assert len({document["id"] for document in desk.taken}) == 1


async def test_what_was_typed_survives_a_broker_that_is_away(page: Page, desk: Desk) -> None:
    desk.refusal = ProblemError(Problem(Refusal.BROKER_AWAY), {"Retry-After": "5"})
    await page.get_by_label("發生了什麼事？").fill("有人在門外喊救命")
    await page.get_by_role("button", name="送出通報").click()
    await page.get_by_role("alert").get_by_text("還沒有送到").wait_for()
    assert await page.get_by_label("發生了什麼事？").input_value() == "有人在門外喊救命"
    desk.refusal = None
    await page.get_by_role("alert").get_by_role("button", name="送出通報").click()
    await page.get_by_text(RECEIPT).wait_for()
    assert [document["data"]["narrative"] for document in desk.taken] == ["有人在門外喊救命"]


async def test_a_complaint_leads_to_its_field(page: Page, desk: Desk) -> None:
    await page.get_by_role("button", name="送出通報").click()
    await page.get_by_role("alert").get_by_role("link").click()
    assert await page.evaluate("document.activeElement.id") == "sights"
    assert not desk.taken


@pytest.mark.parametrize("lang", LANGS)
async def test_the_pages_fit_a_small_telephone_and_can_be_read_and_touched(page: Page, desk: Desk, lang: str) -> None:
    await page.goto(f"{desk.address}?lang={lang}")
    await _looks_right(page)
    await page.locator("button").click()
    await page.get_by_role("alert").wait_for()
    await _looks_right(page)
    await page.locator("input[value=child]").check()
    await page.locator("input[value=yes]").check()
    desk.refusal = ProblemError(Problem(Refusal.UNSURE))
    await page.locator("form button").click()
    await page.locator(".not-taken").wait_for()
    await _looks_right(page)
    desk.refusal = None
    await page.locator("form button").click()
    await page.get_by_text(RECEIPT).wait_for()
    await _looks_right(page)
    await page.goto(desk.address.replace("the-key", "another"))
    await _looks_right(page)


async def _looks_right(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth") <= SMALL_PX
    contrasts = await page.evaluate(CONTRASTS)
    assert contrasts
    assert [found for found in contrasts if found[1] < found[2]] == []
    assert [found for found in await page.evaluate(TARGETS) if found[1] < TOUCH_PX] == []
    assert await page.evaluate(UNLABELLED) == []


async def test_the_page_asks_nobody_else_and_breaks_no_rule_of_its_own(context: BrowserContext, desk: Desk) -> None:
    asked: list[str] = []
    said: list[ConsoleMessage] = []
    page = await context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message))  # noqa: PLW0108 - playwright writes on its handlers
    await page.goto(desk.address)
    await page.get_by_label("露宿在外").check()
    await page.get_by_role("button", name="送出通報").click()
    await page.get_by_text(RECEIPT).wait_for()
    host = desk.address.removesuffix("/form/the-key")
    assert {url.removeprefix(host) for url in asked} <= {
        *("/form/the-key", "/form/the-key?lang=zh-Hant-TW", "/form-style.css"),
    }
    assert [message.text for message in said] == []
    assert await page.evaluate("document.styleSheets.length") == 1


async def test_the_form_needs_no_script(browser: Browser, desk: Desk) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="zh-TW")
    page = await context.new_page()
    await page.goto(desk.address)
    await page.get_by_label("露宿在外").check()
    await page.get_by_role("button", name="送出通報").click()
    await page.get_by_text(RECEIPT).wait_for()
    assert len(desk.taken) == 1
