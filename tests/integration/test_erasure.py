"""Erasure, against real servers: what opens no more, what goes on, what a crash leaves, what a restore brings back."""

from typing import Any
from uuid import UUID, uuid4

from lab import Lab, event
from test_rulings_live import FIRST, SECOND, hear, require_sound, waiting

from pipeline.adapters.erasure_list import ErasureList
from pipeline.adapters.postgres.erased_keys import ErasedKeys
from pipeline.adapters.postgres.erasures import Erasures, Wish
from pipeline.contracts.case import ErasureReason

VICTIM = {
    "role": "victim",
    "name": "蔡品睿",
    "national_id": "F252907845",
    "birth_date": "1990-02-01",
    "phones": ["0928713605"],
    "address": "臺北市文山區木柵路一段12號3樓",
}


def telling(number: int, source: str = "hotline-113", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The same woman, each time."""
    reporter = {"role": "education", "name": "金絲雀"}
    return event(number, source=source, persons=[VICTIM], reporter=reporter, narrative="金絲雀說她住在木柵路", **more)


def erasures_of(lab: Lab) -> Erasures:
    return Erasures(lab.pools.operate, ErasedKeys(lab.operate_keys), ErasureList(lab.settings.erasure_list))


async def erase(lab: Lab, name: str) -> UUID:
    erasures, wish = erasures_of(lab), Wish(uuid4(), ErasureReason.ASKED_BY_PERSON, FIRST)
    case_id = await erasures.propose(name, wish)
    assert case_id
    assert (await erasures.approve(wish.erasure_id, SECOND)).case_id == case_id
    return case_id


async def outcomes(lab: Lab) -> list[str]:
    rows = await lab.pool.fetch("SELECT outcome FROM inbox ORDER BY settled_at, kafka_offset")
    return [row["outcome"] for row in rows]


async def test_an_erased_case_opens_nowhere_and_everything_else_goes_on(lab: Lab) -> None:
    await hear(lab, telling(1), telling(2, "clinic-0001"), event(3))
    case_id = await erase(lab, "event-1")
    assert await lab.keys_pool.fetchval("SELECT count(*) FROM case_key WHERE owner_id = $1", case_id) == 0
    assert (
        await lab.pool.fetchval(
            "SELECT count(*) FROM link_key JOIN report USING (report_id) JOIN incident USING"
            " (incident_id) WHERE case_id = $1",
            case_id,
        )
        == 0
    )
    await require_sound(lab)
    assert str(case_id) not in {case for case, _, _ in await waiting(lab)}
    await hear(lab, telling(1), telling(2, "clinic-0001", report_no="clinic-0001-2", indicators=["confinement"]))
    assert await outcomes(lab) == ["case", "duplicate", "case", "redelivery", "case"]
    ledger = await lab.audit()
    assert (ledger.lost, ledger.in_flight, ledger.alarms) == (0, 0, ())
