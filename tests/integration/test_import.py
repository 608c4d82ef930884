"""Tables go in over a real Kafka: whole, once, through a kill, and with their faults named."""

import asyncio
import json
import signal
import stat
import sys
from collections import Counter
from pathlib import Path

import pytest
from crew import environment, eventually, run
from import_rows import as_cp950, as_csv, planted, write_xlsx
from lab import Lab

from pipeline.adapters.import_run import BLOCK_ROWS

ROWS, FAULTS = 10_000, 50
CLINIC, CITY = "intake.clinic.v1", "intake.partner.v1"


async def ids_on(lab: Lab, topic: str) -> Counter[str]:
    return Counter(event["id"] for event in await lab.records(topic))


def set_aside(path: str) -> tuple[int, list[int]]:
    """The mode of a file of faults, and the lines that it tells of."""
    told = Path(path).read_text("utf-8-sig").splitlines()
    numbers = [int(line.split(":")[0].removeprefix("line ")) for line in told if line.startswith("line ")]
    return stat.S_IMODE(Path(path).stat().st_mode), numbers


def mended(path: str) -> Path:
    """The same file, with other cells in place of the bad ones."""
    first, *bad = Path(path).read_text("utf-8-sig").splitlines()
    told = {"通報類別": "1", "受理日期": "113/5/6", "受理時間": "10:00"}
    rows = [{**dict.fromkeys(first.split(","), ""), **told, "通報編號": f"M-{n}"} for n in range(len(bad))]
    lines = [first, *(",".join(row.values()) for row in rows)]
    Path(path).write_text("\n".join(lines) + "\n", "utf-8-sig")
    return Path(path)


async def brought(lab: Lab, file: Path, mapping: str, source: str, *more: str) -> tuple[int, dict[str, object]]:
    ended = await run(lab.settings, "import", str(file), "--mapping", mapping, "--source", source, "--json", *more)
    assert ended.out, ended.err
    return ended.exit_code, json.loads(ended.out)


@pytest.mark.parametrize("kind", ["cp950", "utf-8", "xlsx", "city"])
async def test_of_10_000_lines_with_50_planted_faults_50_are_named_and_9_950_go_in(lab: Lab, kind: str) -> None:
    mapping, source, topic = ("city-nightly", "police-01", CITY) if kind == "city" else (
        "clinic-spreadsheet", "clinic-0001", CLINIC)  # fmt: skip
    table = planted(mapping, ROWS, FAULTS, as_text=kind != "xlsx")
    file = lab.settings.data_dir / ("reports.xlsx" if kind == "xlsx" else "reports.csv")
    match kind:
        case "xlsx":
            where = write_xlsx(table, file)
        case "utf-8":
            told, where = as_csv(table)
            file.write_bytes(told)
        case _:
            told, where = as_cp950(table, "T" if kind == "city" else None)
            file.write_bytes(told)

    rehearsed = await brought(lab, file, mapping, source, "--dry-run")
    assert (await ids_on(lab, topic)).total() == 0
    code, said = await brought(lab, file, mapping, source)

    assert (rehearsed[0], rehearsed[1]["sent"], rehearsed[1]["faults"]) == (1, said["sent"], said["faults"])
    assert code == 1
    assert (said["rows"], said["sent"], said["aside"], said["is_whole"]) == (ROWS, ROWS - FAULTS, FAULTS, True)
    assert {(f["line"], f["column"], f["code"]) for f in said["faults"]} == {  # type: ignore[attr-defined]
        (line, column, fault.value) for line, (column, fault) in where.items()
    }
    went_in = await ids_on(lab, topic)
    assert (len(went_in), went_in.total()) == (ROWS - FAULTS, ROWS - FAULTS)
    mode, lines = set_aside(str(said["aside_to"]))
    assert (mode, set(lines)) == (0o600, set(where))


async def test_an_import_that_is_killed_goes_on_where_it_stood(lab: Lab) -> None:
    told, _ = as_csv(planted("clinic-spreadsheet", ROWS, FAULTS))
    file = lab.settings.data_dir / "reports.csv"
    file.write_bytes(told)
    argv = ("import", str(file), "--mapping", "clinic-spreadsheet", "--source", "clinic-0001", "--json")
    journals = lab.settings.data_dir / "imports"

    async def has_begun() -> bool:
        return any(json.loads(j.read_bytes())["sent"] for j in journals.glob("*.json"))

    killed = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pipeline.cli", *argv), env=environment(lab.settings), cwd=lab.settings.data_dir,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await eventually(has_begun, 60, "the first acknowledged rows")
    killed.send_signal(signal.SIGKILL)
    assert await killed.wait() == -signal.SIGKILL
    before = (await ids_on(lab, CLINIC)).total()
    assert 0 < before < ROWS - FAULTS

    again = await run(lab.settings, *argv)

    assert "goes on behind line" in again.err
    said = json.loads(again.out)
    assert (said["rows"], said["sent"], said["aside"]) == (ROWS, ROWS - FAULTS, FAULTS)
    went_in = await ids_on(lab, CLINIC)
    assert len(went_in) == ROWS - FAULTS
    assert went_in.total() <= ROWS - FAULTS + BLOCK_ROWS
    assert len(set_aside(said["aside_to"])[1]) == FAULTS


async def test_the_same_file_twice_changes_nothing_with_its_journal_and_without(lab: Lab) -> None:
    file = lab.settings.data_dir / "reports.csv"
    file.write_bytes(as_cp950(planted("city-nightly", 40, 0), "T")[0])
    assert (await brought(lab, file, "city-nightly", "police-01"))[0] == 0
    await lab.settle_all(40)
    cases = await lab.count("case_file")

    code, said = await brought(lab, file, "city-nightly", "police-01")
    assert (code, said["already_imported"], said["sent"], said["faults"]) == (0, True, 40, [])
    assert (await ids_on(lab, CITY)).total() == 40

    for journal in (lab.settings.data_dir / "imports").iterdir():
        journal.unlink()
    assert (await brought(lab, file, "city-nightly", "police-01"))[0] == 0
    await lab.settle_all(80)
    assert await lab.count("case_file") == cases
    assert lab.heard.outcomes["redelivery"] == 40  # type: ignore[index] # a word for its enum


async def test_lines_that_were_set_aside_go_in_when_a_person_has_mended_them(lab: Lab) -> None:
    table = planted("clinic-spreadsheet", 20, 3)
    file = lab.settings.data_dir / "reports.csv"
    file.write_bytes(as_csv(table)[0])
    _, said = await brought(lab, file, "clinic-spreadsheet", "clinic-0001")
    aside = mended(str(said["aside_to"]))

    code, again = await brought(lab, aside, "clinic-spreadsheet", "clinic-0001")

    assert (code, again["sent"], again["aside"]) == (0, 3, 0)
    assert (await ids_on(lab, CLINIC)).total() == 20


async def test_a_changed_line_with_the_same_number_amends_the_report(lab: Lab) -> None:
    table = planted("clinic-spreadsheet", 5, 0)
    file = lab.settings.data_dir / "reports.csv"
    file.write_bytes(as_csv(table)[0])
    await brought(lab, file, "clinic-spreadsheet", "clinic-0001")
    table.rows[2]["案情摘要"] = "後來又說了一些"
    file.write_bytes(as_csv(table)[0])
    await brought(lab, file, "clinic-spreadsheet", "clinic-0001")

    await lab.settle_all(10)

    assert dict(lab.heard.outcomes) == {"case": 5, "redelivery": 4, "amendment": 1}


async def test_nothing_a_person_wrote_stands_in_a_journal_or_in_what_is_said(lab: Lab) -> None:
    table = planted("clinic-spreadsheet", 200, 50)
    file = lab.settings.data_dir / "reports.csv"
    file.write_bytes(as_csv(table)[0])
    for more in (("--dry-run",), ("--as-it-is",), ()):
        argv = ("import", str(file), "--mapping", "clinic-spreadsheet", "--source", "clinic-0001", *more)
        ended = await run(lab.settings, *argv)
        assert ended.exit_code == 1
        for row in table.rows:
            private = (row[header] for header in ("被害人姓名", "被害人電話", "發生地點", "案情摘要"))
            assert not any(text in ended.out + ended.err for text in private if len(text) > 1)
    kept = "".join(j.read_text() for j in (lab.settings.data_dir / "imports").iterdir())
    assert not any(row["被害人電話"] in kept for row in table.rows)
