"""A file on its way in: nothing is marked before it is acknowledged, nothing is written over, nothing is told twice."""

import json
import stat
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from import_rows import as_csv, planted

from pipeline.adapters import import_run
from pipeline.adapters.feed_folder import FeedFolder
from pipeline.adapters.feed_state import FeedStateRefusedError, load_state
from pipeline.adapters.import_journal import Journal, JournalRefusedError, Progress
from pipeline.adapters.import_run import Import, Job
from pipeline.adapters.mappings import load_mapping
from pipeline.adapters.sender import Post, Sender
from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.feeds import Feed
from pipeline.contracts.vocabulary import ReporterRole
from pipeline.domain.directory import Source
from pipeline.domain.importing.feeds import Came, Step, is_late
from pipeline.errors import UnavailableError
from pipeline.stages.feeds import FeedWatch

NOW = datetime(2026, 5, 6, 6, 0, tzinfo=TAIPEI)
CLINIC = Source("clinic-0001", "clinic", ReporterRole.MEDICAL)


class Broker:
    """Acknowledges all, until it is away."""

    def __init__(self) -> None:
        self.took: list[Post] = []
        self.failed: list[int] = []
        self.away = False

    async def send(self, blocks: Iterator[Sequence[Post]]) -> None:
        for posts in blocks:
            if self.away:
                self.failed += [post.number for post in posts]
            else:
                self.took += posts


def to(broker: Broker) -> Sender:
    return broker  # type: ignore[return-value] # stands in for it


def job_of(folder: Path, told: bytes, *, as_it_is: bool = False) -> Job:
    file = folder / "reports.csv"
    file.write_bytes(told)
    aside = folder / "reports.faulty.csv"
    return Job(file, load_mapping("clinic-spreadsheet"), CLINIC, aside, as_it_is=as_it_is)


def lines_of(path: str | None) -> list[str]:
    assert path is not None
    return Path(path).read_text("utf-8-sig").splitlines()


async def all_of(bringing: Import, broker: Broker) -> Progress:
    bringing.open()
    try:
        while await bringing.step(to(broker), NOW):
            pass
    finally:
        bringing.close()
    return bringing.progress


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_run, "BLOCK_ROWS", 10)


@pytest.mark.usefixtures("small_blocks")
async def test_what_was_not_acknowledged_is_sent_by_the_next_run(tmp_path: Path) -> None:
    job, broker = job_of(tmp_path, as_csv(planted("clinic-spreadsheet", 50, 6))[0]), Broker()
    first = Import(job, tmp_path / "imports")
    first.open()
    assert await first.step(to(broker), NOW)
    broker.away = True
    with pytest.raises(UnavailableError, match=r"intake\.clinic\.v1 did not acknowledge line \d+"):
        await first.step(to(broker), NOW)
    first.close()

    back = Broker()
    second = Import(job, tmp_path / "imports")
    assert second.progress.rows == 10
    done = await all_of(second, back)

    assert (done.rows, done.sent, done.aside, done.is_done) == (50, 44, 6, True)
    assert len({post.event_id for post in (*broker.took, *back.took)}) == len(broker.took) + len(back.took) == 44
    assert Import(job, tmp_path / "imports").was_done


@pytest.mark.usefixtures("small_blocks")
async def test_what_a_kill_left_behind_in_the_file_of_faults_is_cut_off(tmp_path: Path) -> None:
    job = job_of(tmp_path, as_csv(planted("clinic-spreadsheet", 40, 12))[0])
    first = Import(job, tmp_path / "imports")
    first.open()
    await first.step(to(Broker()), NOW)
    first.close()
    with job.aside.open("ab") as torn:
        torn.write(b"line 99: half a li")
    done = await all_of(Import(job, tmp_path / "imports"), Broker())
    told = job.aside.read_text("utf-8-sig")
    assert "line 99" not in told
    assert sum(line.startswith("line ") for line in told.splitlines()) == done.aside == 12
    assert stat.S_IMODE(job.aside.stat().st_mode) == 0o600


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("left", [None, b"mended\n", b"x" * 5000], ids=["taken away", "mended", "of other lines"])
async def test_a_file_of_faults_that_a_person_took_up_between_two_runs_is_let_be(
    tmp_path: Path, left: bytes | None
) -> None:
    job = job_of(tmp_path, as_csv(planted("clinic-spreadsheet", 40, 12))[0])
    first = Import(job, tmp_path / "imports")
    first.open()
    await first.step(to(Broker()), NOW)
    first.close()
    before = first.progress.aside
    job.aside.unlink()
    if left is not None:
        job.aside.write_bytes(left)
    done = await all_of(Import(job, tmp_path / "imports"), Broker())
    told = lines_of(done.aside_to)
    assert told[0].startswith("faults,")
    assert sum(line.startswith("line ") for line in told) == done.aside - before > 0
    if left is not None:
        assert job.aside.read_bytes() == left


@pytest.mark.usefixtures("small_blocks")
async def test_faults_of_before_a_kill_are_told_again(tmp_path: Path) -> None:
    told, where = as_csv(planted("clinic-spreadsheet", 50, 9))
    job, broker = job_of(tmp_path, told), Broker()
    first = Import(job, tmp_path / "imports")
    first.open()
    while first.progress.line < min(where):
        await first.step(to(broker), NOW)
    first.close()
    second = Import(job, tmp_path / "imports")
    assert 0 < len(second.findings) < 9
    await all_of(second, broker)
    assert {found.line for found in second.findings} == set(where)
    assert Import(job, tmp_path / "imports").findings == second.findings


async def test_nothing_is_sent_while_the_disk_does_not_take_what_is_to_be_set_aside(tmp_path: Path) -> None:
    broker = Broker()
    folder = folder_of(tmp_path, broker)
    (tmp_path / "in" / "failed").symlink_to("nowhere")
    (tmp_path / "in" / "a.csv").write_bytes(as_csv(planted("clinic-spreadsheet", 260, 52))[0])
    assert [await folder.step() for _ in range(3)] == [Step.MORE, Step.STUCK, Step.MORE]
    assert broker.took == []
    (tmp_path / "in" / "failed").unlink()
    assert Came(is_faulty=True, is_partial=False) in await steps_of(folder)
    assert len(broker.took) == len({post.event_id for post in broker.took}) > 200


async def test_lines_that_a_person_has_mended_are_not_written_over(tmp_path: Path) -> None:
    job = job_of(tmp_path, as_csv(planted("clinic-spreadsheet", 5, 2))[0])
    job.aside.write_text("mended")
    done = await all_of(Import(job, tmp_path / "imports"), Broker())
    assert job.aside.read_text() == "mended"
    assert done.aside_to == str(tmp_path / "reports.faulty-2.csv")


async def test_as_it_is_means_every_line_that_can_be_a_report(tmp_path: Path) -> None:
    table = planted("clinic-spreadsheet", 260, 52)
    broker = Broker()
    done = await all_of(Import(job_of(tmp_path, as_csv(table)[0], as_it_is=True), tmp_path / "imports"), broker)
    hopeless = [where for where in table.where.values() if where[0] in {None, "通報編號"}]
    assert (done.sent, done.aside, done.noted) == (260 - len(hopeless), len(hopeless), 52 - len(hopeless))
    assert all(json.loads(post.value)["data"]["report_no"] for post in broker.took)


async def test_another_mapping_source_or_manner_is_another_import(tmp_path: Path) -> None:
    folder = tmp_path / "imports"
    job = job_of(tmp_path, as_csv(planted("clinic-spreadsheet", 3, 0))[0])
    await all_of(Import(job, folder), Broker())
    others = (
        Job(job.file, job.loaded, Source("clinic-0002", "clinic", ReporterRole.MEDICAL), job.aside),
        Job(job.file, job.loaded._replace(digest="another"), CLINIC, job.aside),
        Job(job.file, job.loaded, CLINIC, job.aside, as_it_is=True),
    )
    assert Import(job, folder).was_done
    assert not any(Import(other, folder).was_done for other in others)


def test_a_journal_that_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "imports", "a", "b")
    assert journal.read() == Progress()
    journal.write(Progress(line=7, rows=6))
    assert journal.read() == Progress(line=7, rows=6)
    next((tmp_path / "imports").iterdir()).write_text("{")
    with pytest.raises(JournalRefusedError, match="cannot be read"):
        journal.read()
    (tmp_path / "file").touch()
    with pytest.raises(JournalRefusedError, match="cannot be written"):
        Journal(tmp_path / "file", "a").write(Progress())


class Bell:
    """Rings for the first time, always."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, str]] = []
        self.silenced: list[tuple[str, str]] = []

    async def raise_alarm(self, code: str, subject: str) -> bool:
        self.rung.append((code, subject))
        return True

    keep_ringing = raise_alarm

    async def silence_alarm(self, code: str, subject: str) -> None:
        self.silenced.append((code, subject))


class Ears:
    def __init__(self) -> None:
        self.alarms: list[tuple[str, str]] = []

    def alarm(self, code: str, subject: str) -> None:
        self.alarms.append((code, subject))


class Scripted:
    """A feed that comes to just this."""

    name = "x"

    def __init__(self, *steps: Step | Came, late: bool = False) -> None:
        self.steps = list(steps)
        self.late = late

    def is_late(self) -> bool:
        return self.late

    async def step(self) -> Step | Came:
        return self.steps.pop(0) if self.steps else Step.NOTHING


def watch_of(*folders: Scripted, bell: Bell, budget_s: float = 5) -> FeedWatch:
    return FeedWatch(folders, bell, Ears(), budget_s=budget_s)  # type: ignore[arg-type] # says only what it hears


async def test_each_thing_that_happens_rings_under_its_own_code() -> None:
    bell = Bell()
    feed = Scripted(
        Step.MORE, Came(is_faulty=True, is_partial=True), Came(is_faulty=False, is_partial=False), late=True
    )
    await watch_of(feed, bell=bell).turn()
    assert bell.rung == [("feed_faulty", "feed x"), ("feed_partial", "feed x"), ("feed_late", "feed x")]
    assert ("feed_stuck", "feed x") in bell.silenced


async def test_a_stuck_feed_rings_lets_the_others_go_on_and_falls_silent_when_it_is_mended() -> None:
    bell, stuck, other = Bell(), Scripted(Step.STUCK), Scripted(Step.MORE)
    watch = watch_of(stuck, other, bell=bell)
    await watch.turn()
    assert bell.rung == [("feed_stuck", "feed x")]
    assert other.steps == []
    await watch.turn()
    assert bell.silenced.count(("feed_stuck", "feed x")) >= 1


async def test_a_turn_ends_in_time_and_the_next_begins_with_the_next_feed() -> None:
    bell, long, other = Bell(), Scripted(*[Step.MORE] * 3), Scripted(Step.MORE, late=True)
    watch = watch_of(long, other, bell=bell, budget_s=-1)
    await watch.turn()
    assert (len(long.steps), len(other.steps)) == (2, 1)
    assert bell.rung == [("feed_late", "feed x")]
    await watch.turn()
    assert (len(long.steps), len(other.steps)) == (2, 0)
    for _ in range(4):
        await watch.turn()
    assert (long.steps, other.steps) == ([], [])


def folder_of(tmp_path: Path, broker: Broker, **feed: Any) -> FeedFolder:  # noqa: ANN401 - any setting
    (tmp_path / "in").mkdir(exist_ok=True)

    async def find_source(_code: str) -> Source:
        return CLINIC

    told = {"name": "x", "folder": str(tmp_path / "in"), "mapping": "clinic-spreadsheet", "source": "clinic-0001"}
    return FeedFolder(
        Feed.model_validate({**told, "settle_s": 0, **feed}),
        load_mapping("clinic-spreadsheet"),
        tmp_path / "data",
        sender=to(broker),
        find_source=find_source,
        now=lambda: NOW,
    )


async def steps_of(folder: FeedFolder) -> list[Step | Came]:
    steps = [await folder.step()]
    while steps[-1] is not Step.NOTHING and steps[-1] is not Step.STUCK:
        steps.append(await folder.step())
    return steps


@pytest.mark.usefixtures("small_blocks")
async def test_a_file_that_grows_while_it_is_read_stays_and_is_read_again(tmp_path: Path) -> None:
    broker = Broker()
    folder = folder_of(tmp_path, broker)
    told = as_csv(planted("clinic-spreadsheet", 30, 0))[0]
    file = tmp_path / "in" / "a.csv"
    file.write_bytes(told[: len(told) // 2])
    assert await folder.step() is Step.MORE
    file.write_bytes(told)
    steps = await steps_of(folder)
    assert Came(is_faulty=False, is_partial=True) in steps
    assert (tmp_path / "in" / "done" / "a.csv").read_bytes() == told
    assert len({json.loads(post.value)["data"]["report_no"] for post in broker.took}) == 30


async def test_what_must_ring_has_rung_before_its_file_is_put_away(tmp_path: Path) -> None:
    file = tmp_path / "in" / "a.csv"
    for _ in range(2):
        folder = folder_of(tmp_path, Broker())
        file.write_bytes(as_csv(planted("city-nightly", 2, 0))[0])
        assert await folder.step() == Came(is_faulty=True, is_partial=False)
        assert file.exists()
    assert await folder.step() is Step.NOTHING
    assert (tmp_path / "in" / "failed" / "a.csv").exists()
    assert "missing" in (tmp_path / "in" / "failed" / "a.csv.why.txt").read_text("utf-8")


async def test_a_file_that_cannot_be_read_lets_the_others_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path, Broker())
    told = as_csv(planted("clinic-spreadsheet", 3, 0))[0]
    for name in ("a.csv", "b.csv"):
        (tmp_path / "in" / name).write_bytes(told)
    real = import_run.digest_of

    def digest_of(file: Path) -> str:
        if file.name == "a.csv":
            raise PermissionError(13, "denied", str(file))
        return real(file)

    monkeypatch.setattr(import_run, "digest_of", digest_of)
    assert await folder.step() is Step.STUCK
    assert (await steps_of(folder))[-1] is Step.STUCK
    assert (tmp_path / "in" / "done" / "b.csv").exists()
    assert (tmp_path / "in" / "a.csv").exists()


async def test_a_folder_that_is_not_there_is_stuck(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, Broker(), folder=str(tmp_path / "gone"))
    assert await folder.step() is Step.STUCK


@pytest.mark.usefixtures("small_blocks")
async def test_a_file_that_was_all_sent_before_a_kill_is_only_moved(tmp_path: Path) -> None:
    broker = Broker()
    told = as_csv(planted("clinic-spreadsheet", 30, 4))[0]
    file = tmp_path / "in" / "a.csv"
    folder = folder_of(tmp_path, broker)
    file.write_bytes(told)
    while not any(json.loads(j.read_bytes())["is_done"] for j in (tmp_path / "data" / "imports").glob("*.json")):
        await folder.step()
    sent = len(broker.took)
    assert file.exists()
    steps = await steps_of(folder_of(tmp_path, broker))
    assert isinstance(steps[0], Came)
    assert len(broker.took) == sent
    assert not file.exists()


@pytest.mark.parametrize(
    ("now", "came", "since", "late"),
    [
        ("2026-05-06 06:29", None, "2026-05-05 12:00", False),
        ("2026-05-06 06:30", None, "2026-05-05 12:00", True),
        ("2026-05-06 06:30", "2026-05-06 01:00", "2026-05-01 00:00", False),
        ("2026-05-06 06:30", "2026-05-05 23:50", "2026-05-01 00:00", False),
        ("2026-05-06 06:30", "2026-05-05 18:31", "2026-05-01 00:00", False),
        ("2026-05-06 06:30", "2026-05-05 18:30", "2026-05-01 00:00", True),
        ("2026-05-06 12:00", "2026-05-06 07:00", "2026-05-01 00:00", False),
        ("2026-05-07 05:00", "2026-05-06 07:00", "2026-05-01 00:00", False),
        ("2026-05-07 06:30", "2026-05-06 07:00", "2026-05-01 00:00", True),
        ("2026-05-06 12:00", None, "2026-05-06 07:00", False),
        ("2026-05-07 12:00", None, "2026-05-06 07:00", True),
    ],
)
def test_a_feed_is_late_when_no_file_came_nearer_to_its_time_than_to_the_one_before(
    now: str, came: str | None, since: str, *, late: bool
) -> None:
    moments = [datetime.fromisoformat(f"{at}+08:00").astimezone(TAIPEI) if at else None for at in (now, came, since)]
    at, last, watched = moments
    assert at is not None
    assert watched is not None
    assert is_late(time(6, 30), at, last, watched) is late


def test_the_state_of_a_feed_outlives_its_process(tmp_path: Path) -> None:
    broker = Broker()
    folder_of(tmp_path, broker)
    state = tmp_path / "data" / "feeds" / "x.json"
    assert load_state(state, NOW + timedelta(days=9)).watched_since == NOW
    state.write_text("[]")
    with pytest.raises(FeedStateRefusedError, match="cannot be read"):
        load_state(state, NOW)
