"""Folders that others fill: what is complete goes in, what is not rings, a kill costs nothing."""

import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from crew import crew_of, eventually
from import_rows import Planted, as_cp950, as_csv, planted
from lab import Lab

from pipeline.adapters.feed_folder import FeedFolder
from pipeline.adapters.import_run import BLOCK_ROWS
from pipeline.adapters.mappings import load_mapping
from pipeline.adapters.postgres.alarms import Alarms
from pipeline.adapters.sender import sender
from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.feeds import Feed
from pipeline.domain.directory import Source
from pipeline.settings import directory_of
from pipeline.stages.feeds import FeedWatch

CITY = "intake.partner.v1"
MORNING = datetime(2026, 5, 6, 5, 0, tzinfo=TAIPEI)


@dataclass
class Desk:
    """A feed's folder, a clock that stands, and what rang."""

    lab: Lab
    folder: Path
    now: datetime = MORNING
    registered: bool = True
    watch: FeedWatch = field(init=False)

    def leave(self, table: Planted, name: str = "batch.csv", trailer: str | None = "T") -> Path:
        path = self.folder / name
        path.write_bytes(as_cp950(table, trailer)[0])
        return path

    async def find_source(self, code: str) -> Source | None:
        return directory_of(self.lab.settings).find(code) if self.registered else None

    async def ringing(self) -> list[tuple[str, str]]:
        rows = await self.lab.pool.fetch("SELECT code, subject FROM alarm WHERE settled_at IS NULL ORDER BY code")
        return [(row["code"], row["subject"]) for row in rows]

    async def numbers(self) -> Counter[str]:
        return Counter(event["data"]["report_no"] for event in await self.lab.records(CITY))

    def names(self, where: str) -> list[str]:
        return sorted(path.name for path in (self.folder / where).iterdir()) if (self.folder / where).exists() else []


@asynccontextmanager
async def desk_of(lab: Lab, **feed: object) -> AsyncIterator[Desk]:
    folder = lab.settings.data_dir / "incoming"
    folder.mkdir()
    told = {"name": "city", "folder": str(folder), "mapping": "city-nightly", "source": "police-01", "settle_s": 0}
    desk = Desk(lab, folder)
    async with sender(lab.brokers, lambda _post, _at: None) as sending:
        watched = FeedFolder(
            Feed.model_validate({**told, **feed}),
            load_mapping("city-nightly"),
            lab.settings.data_dir,
            sender=sending,
            find_source=desk.find_source,
            now=lambda: desk.now,
        )
        desk.watch = FeedWatch([watched], Alarms(lab.pools.operate, "feeds"), lab.heard, budget_s=60)
        try:
            yield desk
        finally:
            watched.close()


async def test_a_whole_file_goes_in_and_to_done(lab: Lab) -> None:
    async with desk_of(lab) as desk:
        table = planted("city-nightly", 30, 0)
        desk.leave(table)
        await desk.watch.turn()
        assert (desk.names("done"), desk.names("failed"), await desk.ringing()) == (["batch.csv"], [], [])
        assert await desk.numbers() == Counter(row["FORMID"] for row in table.rows)

        desk.leave(planted("city-nightly", 31, 0, seed=2))
        await desk.watch.turn()
        assert desk.names("done") == ["20260506-batch.csv", "batch.csv"]


async def test_a_typo_keeps_no_report_waiting_and_what_cannot_be_one_rings(lab: Lab) -> None:
    async with desk_of(lab) as desk:
        table = planted("city-nightly", 200, 23)
        faults = [(column, fault.value) for column, fault in table.where.values()]
        no_report = [f for f in faults if f in {("FORMID", "empty"), (None, "columns_wrong"), (None, "quote_open")}]
        desk.leave(table)
        await desk.watch.turn()

        assert len(await desk.numbers()) == 200 - len(no_report)
        assert desk.names("failed") == ["batch.csv", "batch.csv.why.txt", "batch.faulty.csv"]
        why = (desk.folder / "failed" / "batch.csv.why.txt").read_text("utf-8")
        assert why.count("\nline ") == 23
        assert not any(row["VTEL"] in why or row["VNAME"] in why for row in table.rows)
        assert await desk.ringing() == [("feed_faulty", "feed city")]
        assert lab.heard.alarms == [("feed_faulty", "feed city")]

        await lab.settle_all(200 - len(no_report))
        assert await lab.count("unread_report") == 0


async def test_of_a_partial_file_the_whole_lines_go_in_and_the_rest_with_the_full_one(lab: Lab) -> None:
    async with desk_of(lab) as desk:
        table = planted("city-nightly", 30, 0)
        told = as_cp950(table, "T")[0]
        (desk.folder / "batch.csv").write_bytes(told[: len(told) * 2 // 3])
        await desk.watch.turn()
        assert await desk.ringing() == [("feed_faulty", "feed city"), ("feed_partial", "feed city")]
        first = await desk.numbers()
        assert 10 < len(first) < 25
        assert "part of the file is not here" in (desk.folder / "failed" / "batch.csv.why.txt").read_text("utf-8")

        desk.leave(table)
        await desk.watch.turn()
        await lab.settle_all(30 + len(first))
        assert len(await desk.numbers()) == 30
        assert lab.heard.outcomes["redelivery"] == len(first)  # type: ignore[index] # a word for its enum
        assert "amendment" not in lab.heard.outcomes


async def test_a_file_that_grew_after_it_was_taken_rings_and_is_read_again(lab: Lab) -> None:
    async with desk_of(lab) as desk:
        table = planted("city-nightly", 30, 0)
        told = as_cp950(table, "T")[0]
        cut = told[: len(told) // 2].rfind(b"\r\n") + 2
        half = told[:cut] + f"T,{told[:cut].count(b'N113'):08d}\r\n".encode()
        with (desk.folder / "batch.csv").open("wb") as slow:
            slow.write(half)
            slow.flush()
            await desk.watch.turn()
            assert (desk.names("done"), await desk.ringing()) == (["batch.csv"], [])
            slow.seek(cut)
            slow.write(told[cut:])
        await desk.watch.turn()
        assert await desk.ringing() == [("feed_partial", "feed city")]
        assert (desk.names("done"), desk.names("failed")) == (["batch.csv"], [])
        assert len(await desk.numbers()) == 30


async def test_a_feed_that_is_late_rings_until_its_file_comes(lab: Lab) -> None:
    async with desk_of(lab, expected_by="06:30") as desk:
        await desk.watch.turn()
        assert await desk.ringing() == []
        desk.now = MORNING + timedelta(hours=2)
        await desk.watch.turn()
        assert await desk.ringing() == [("feed_late", "feed city")]
        desk.leave(planted("city-nightly", 3, 0))
        await desk.watch.turn()
        assert await desk.ringing() == []
        desk.now = MORNING + timedelta(days=1)
        await desk.watch.turn()
        assert await desk.ringing() == []
        desk.now = MORNING + timedelta(days=2, hours=2)
        await desk.watch.turn()
        assert await desk.ringing() == [("feed_late", "feed city")]


async def test_files_wait_while_their_source_may_not_report(lab: Lab) -> None:
    async with desk_of(lab) as desk:
        desk.leave(planted("city-nightly", 3, 0))
        desk.registered = False
        await desk.watch.turn()
        assert await desk.ringing() == [("feed_stuck", "feed city")]
        assert (desk.folder / "batch.csv").exists()
        desk.registered = True
        await desk.watch.turn()
        assert (await desk.ringing(), desk.names("done")) == ([], ["batch.csv"])


async def test_a_file_that_is_no_table_of_this_feed_goes_to_failed_and_the_next_goes_in(lab: Lab) -> None:
    async with desk_of(lab) as desk:
        wrong = desk.folder / "aaa.csv"
        wrong.write_bytes(as_csv(planted("clinic-spreadsheet", 3, 0))[0])
        os.utime(wrong, (1, 1))
        desk.leave(planted("city-nightly", 3, 0))
        await desk.watch.turn()
        assert (desk.names("failed"), desk.names("done")) == (["aaa.csv", "aaa.csv.why.txt"], ["batch.csv"])
        assert await desk.ringing() == [("feed_faulty", "feed city")]


async def test_with_a_marker_a_file_is_taken_when_the_marker_is_there(lab: Lab) -> None:
    async with desk_of(lab, marker=True) as desk:
        file = desk.leave(planted("city-nightly", 3, 0))
        await desk.watch.turn()
        assert file.exists()
        marker = file.with_name("batch.csv.done")
        marker.touch()
        await desk.watch.turn()
        assert desk.names("done") == ["batch.csv"]
        assert not marker.exists()


async def test_a_file_that_is_still_written_is_not_taken(lab: Lab) -> None:
    async with desk_of(lab, settle_s=3600) as desk:
        desk.leave(planted("city-nightly", 3, 0))
        (desk.folder / ".hidden.csv").touch()
        (desk.folder / "other.csv.part").touch()
        await desk.watch.turn()
        await desk.watch.turn()
        assert (desk.names("done"), desk.names("failed")) == ([], [])


async def test_a_feed_process_that_is_killed_in_the_middle_of_a_file_loses_and_doubles_nothing(lab: Lab) -> None:
    folder = lab.settings.data_dir / "incoming"
    folder.mkdir()
    listed = lab.settings.data_dir / "feeds.toml"
    listed.write_text(
        f'[[feed]]\nname = "city"\nfolder = "{folder}"\nmapping = "city-nightly"\nsource = "police-01"\nsettle_s = 0\n'
    )
    table = planted("city-nightly", 10_000, 0)
    journals = lab.settings.data_dir / "imports"

    async def has_begun() -> bool:
        return any(json.loads(j.read_bytes())["sent"] for j in journals.glob("*.json"))

    async def is_done() -> bool:
        return (folder / "done" / "batch.csv").exists()

    async with crew_of(lab, {"feeds": "feeds"}, ANWANG_FEEDS_FILE=str(listed)) as crew:
        (folder / "batch.csv").write_bytes(as_cp950(table, "T")[0])
        await eventually(has_begun, 60, "the first acknowledged rows")
        crew.process("feeds").kill()
        assert not await is_done()
        await eventually(is_done, 60, "the file in done")
        assert crew.restarts("feeds") == 1
        await eventually(crew.all_ready, 30, "readiness")
        assert crew.errors("feeds") == []
    went_in = Counter(event["id"] for event in await lab.records(CITY))
    assert len(went_in) == 10_000
    assert went_in.total() <= 10_000 + BLOCK_ROWS
