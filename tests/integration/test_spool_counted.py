"""What lies on the disks of intakes stands in the ledger, and rings when it lies there long."""

from datetime import UTC, datetime, timedelta

from lab import Lab

from pipeline.adapters.postgres.doorkeeper import Doorkeeper
from pipeline.settings import directory_of

LATE = ("spool_late", "gateway intake-2")


async def test_reports_on_the_disks_of_intakes_are_counted_and_ring_when_they_are_late(lab: Lab) -> None:
    keeper, now = Doorkeeper(lab.pool, directory_of(lab.settings)), datetime.now(UTC)
    await keeper.tell_spool("intake-1", 3, now)
    await keeper.tell_spool("intake-2", 4, now - timedelta(minutes=3))
    async with lab.auditor() as auditor:
        assert (await auditor.turn()).spooled == 7
        assert LATE in lab.heard.alarms
        assert ("spool_late", "gateway intake-1") not in lab.heard.alarms
        await keeper.tell_spool("intake-2", 0, None)
        assert (await auditor.turn()).spooled == 3
    assert await lab.pool.fetchval("SELECT count(*) FROM alarm WHERE code = 'spool_late' AND settled_at IS NULL") == 0
