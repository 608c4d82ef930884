"""A site's form before a real broker and a real database: what its receipt promises holds."""

import re
from html import unescape
from http import HTTPStatus

import httpx
from crew import all_settled, eventually, require_whole
from doors import enrolled, open_doors
from lab import Lab

from pipeline.adapters.credentials import Purpose
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Source

SITE = Source("safety-site-9001", "safety-site", ReporterRole.SAFETY_SITE, "臺中市", "測試商店")
STORY, CLERK = "一位長輩在店裡坐了三小時", "林店長"


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found
    return unescape(found[1])


def receipt(html: str) -> str:
    found = re.search(r'class="number">([^<]+)<', html)
    assert found
    return found[1]


async def test_a_double_click_counts_once_and_a_change_amends(lab: Lab) -> None:
    key = await enrolled(lab, SITE, Purpose.FORM)
    async with open_doors(lab) as doors, httpx.AsyncClient(base_url=doors.url, timeout=30) as clerk:
        page = (await clerk.get(f"/form/{key}")).text
        told = {
            **{name: hidden(page, name) for name in ("submission", "opened_at")},
            "sights": "elder",
            "where": "here",
            "narrative": STORY,
            "reporter_name": CLERK,
        }
        first, second = [(await clerk.post(f"/form/{key}", data=told)).text for _ in range(2)]
        changed = (await clerk.post(f"/form/{key}", data={**told, "narrative": f"{STORY}，不敢回家"})).text
        assert receipt(first) == receipt(second) != receipt(changed)
        await eventually(lambda: all_settled(lab, 3), 30)
        await require_whole(lab, case=1, redelivery=1, amendment=1)
        logged = "".join(log.read_text("utf-8") for log in lab.settings.data_dir.rglob("*.log"))
    assert '"process":"intake"' in logged
    assert not any(word in logged for word in (STORY, CLERK, key))


async def test_a_form_key_opens_the_form_and_nothing_else(lab: Lab) -> None:
    key = await enrolled(lab, SITE, Purpose.FORM)
    async with open_doors(lab) as doors, httpx.AsyncClient(base_url=doors.url, timeout=30) as stranger:
        for wrong in (doors.token, "guess"):
            assert (await stranger.get(f"/form/{wrong}")).status_code == HTTPStatus.NOT_FOUND
        answer = await stranger.get("/v1/receipts/any", headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert (await stranger.get(f"/form/{key}")).status_code == HTTPStatus.OK
