"""A running intake and those who call it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx
from crew import WORKERS_AND_RELAY, Crew, crew_of
from lab import Lab, event

from pipeline.adapters.credentials import Purpose
from pipeline.adapters.postgres.enrolment import Enrolment
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Source
from pipeline.local.ports import LOOPBACK, remembered_ports

STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
REPORTS = "/v1/reports"
CLINIC = Source("clinic-9001", "clinic", ReporterRole.MEDICAL, "臺北市", "測試診所")


def report(number: int, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """An event as a clinic's program sends it, without a source."""
    told = event(number, source=CLINIC.code, **{"channel": "clinic", **data})
    del told["source"]
    return told


@dataclass
class Doors:
    lab: Lab
    crew: Crew
    url: str
    token: str

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """Calls as the clinic, or as whoever has this token."""
        headers = {"authorization": f"Bearer {token or self.token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30)

    async def settled_events(self) -> set[str]:
        return {row["event_id"] for row in await self.lab.pool.fetch("SELECT event_id FROM report_version")}

    async def state_of(self, client: httpx.AsyncClient, receipt: str) -> str:
        answer = await client.get(f"/v1/receipts/{receipt}")
        assert answer.status_code == HTTPStatus.OK, answer.text
        assert set(answer.json()) == {"receipt_id", "state"}
        return str(answer.json()["state"])


async def enrolled(lab: Lab, source: Source = CLINIC, purpose: Purpose = Purpose.TOKEN) -> str:
    """What it shows at the door."""
    book = Enrolment(lab.pools.operate)
    issued = await book.plan([source], purpose)
    expires_at = datetime.now(UTC) + timedelta(days=1) if purpose is Purpose.ENROLMENT else None
    await book.enrol([source], issued, purpose, expires_at)
    return issued.secrets[source.code]


@asynccontextmanager
async def open_doors(lab: Lab, stages: Mapping[str, str] = WORKERS_AND_RELAY, **more: str) -> AsyncIterator[Doors]:
    """An intake beside these processes, and a clinic's token."""
    token = await enrolled(lab)
    port = remembered_ports(lab.settings.data_dir / "door.json", ["intake"])["intake"]
    async with crew_of(lab, {**stages, "intake": "intake"}, ANWANG_INTAKE_PORT=str(port), **more) as crew:
        yield Doors(lab, crew, f"http://{LOOPBACK}:{port}", token)
