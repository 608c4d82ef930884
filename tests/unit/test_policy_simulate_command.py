"""`anwang policy simulate` over a file: what it prints, and what it refuses."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Run
from rich.cells import cell_len

from pipeline.commands.side_by_side import ProcessEndedError, Workers, shared_out
from pipeline.domain.policy.reading import shipped_text
from pipeline.local.bench.mess import messy
from pipeline.local.bench.mix import MIXES
from pipeline.local.bench.register import as_csv

CHANGES = (
    ('version = "default-2026.1"', 'version = "trial-1"'),
    ('code = "neglect", points = 5', 'code = "neglect", points = 9'),
    ("due = { calendar_days = 10 }", "due = { calendar_days = 7 }"),
    (
        'when = { told = "indicator", any_of = ["confinement"] }\n',
        'when = { told = "indicator", any_of = ["confinement", "neglect"] }\n',
    ),
)


pytestmark = pytest.mark.usefixtures("nowhere")


@pytest.fixture
def history() -> tuple[str, ...]:
    """Messy reports with their sources in files, and the flags that name them."""
    mess = messy(MIXES["sample"], 3, 400)
    Path("reports.ndjson").write_bytes(b"".join(line.value + b"\n" for line in mess.lines))
    Path("sources.csv").write_text(as_csv(mess.sources), "utf-8")
    text = shipped_text()
    for old, new in CHANGES:
        assert old in text
        text = text.replace(old, new)
    Path("new.toml").write_text(text, "utf-8")
    Path("old.toml").write_text(shipped_text(), "utf-8")
    return "--reports", "reports.ndjson", "--sources-file", "sources.csv"


def told(out: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out)
    return {key: value for key, value in found.items() if key != "seconds"}


def test_linked_reports_count_as_their_cases_and_the_same_whoever_counts(run: Run, history: tuple[str, ...]) -> None:
    code, out, err = run("assess", "reports.ndjson", "--links", "links.csv", "--sources-file", "sources.csv")
    assert (code, err) == (0, "")
    cases = {line.split(",")[2] for line in Path("links.csv").read_text("utf-8").splitlines()[1:]}
    simulate = ("policy", "simulate", "new.toml", *history, "--decisions", "links.csv", "--json")
    code, out, err = run(*simulate)
    assert (code, err) == (0, "")
    found = told(out)
    assert (found["new"], found["old"], found["is_linked"]) == ("trial-1", "default-2026.1", True)
    assert found["cases"]["cases"] == len(cases)
    assert found["reports"] + found["unread"] + found["repeated"] == 400
    assert found["unfiled"] == 0
    kinds = {(move["aspect"], move["code"], move["change"]): move for move in found["moves"]}
    assert kinds["score", None, "higher"]["cases"] > 0
    assert kinds["clock", "family_visit", "sooner"]["cases"] > 0
    assert kinds["priority", None, "standard → urgent"]["cases"] > 0
    assert all(1 <= len(move["examples"]) <= 3 for move in found["moves"])
    _, again, _ = run(*simulate, "--processes", "1", "--against", "old.toml")
    assert told(again) == found


def test_the_same_policy_moves_nobody(run: Run, history: tuple[str, ...]) -> None:
    code, out, err = run("policy", "simulate", "old.toml", *history, "--json")
    assert (code, err) == (0, "")
    found = told(out)
    assert found["moves"] == []
    assert not any(found["aspects"].values())
    assert found["cases"]["cases"] > 0
    assert found["order"]["swapped"] == 0


def test_the_tables_fit_a_terminal_and_tell_of_nobody(run: Run, history: tuple[str, ...]) -> None:
    code, out, err = run("policy", "simulate", "new.toml", *history, "--examples", "2")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert max(map(cell_len, lines)) <= 100
    assert lines[0].startswith("each report stands alone")
    assert "trial-1 instead of default-2026.1" in out
    for title in ("Where cases stand", "What changes", "By county", "By source", "By category", "By age", "By sex"):
        assert title in out
    small = re.compile(r" [1-4]\b")
    tables = out[out.index("By county") : out.index("moved: anything")]
    assert not [line for line in tables.splitlines() if small.search(re.sub(r"\d+\.\d", "", line))]
    assert "<5" in tables
    spoken = {
        person.get("name") for line in Path("reports.ndjson").read_bytes().splitlines() for person in _people(line)
    }
    names = {name for name in spoken if name and len(name) > 1}
    assert len(names) > 50
    assert not [name for name in names if name in out]


def _people(line: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(line)["data"]["persons"]
    return found


def test_a_stretch_of_days_counts_both_of_its_days(run: Run, history: tuple[str, ...]) -> None:
    days = [json.loads(line)["data"]["received_at"][:10] for line in Path("reports.ndjson").read_bytes().splitlines()]
    day = sorted(days)[len(days) // 2]
    _, out, _ = run("policy", "simulate", "new.toml", *history, "--from", day, "--to", day, "--json")
    found = told(out)
    assert 0 < found["cases"]["cases"] <= days.count(day)
    assert (found["from"], found["until"][:10] > day) == (f"{day}T00:00:00+08:00", True)


def test_a_file_without_a_report_moves_nobody(run: Run, history: tuple[str, ...]) -> None:
    Path("reports.ndjson").write_bytes(b"\n{}\n")
    code, out, err = run("policy", "simulate", "new.toml", *history)
    assert (code, err) == (0, "")
    assert "0 reports of 0 cases" in out
    assert "1 lines that are no report" in out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["old.toml", "--reports", "-"], "is no file"),
        (["old.toml", "--reports", "none.ndjson"], "is no file"),
        (["old.toml", "--decisions", "links.csv"], "name it, too"),
        (["old.toml", "--reports", "reports.ndjson", "--from", "2026-03-02", "--to", "2026-03-01"], "before --from"),
        (["none.toml", "--reports", "reports.ndjson"], "cannot be read"),
        (["faulty.toml", "--reports", "reports.ndjson"], "faulty.toml, line"),
        (["old.toml", "--reports", "reports.ndjson", "--against", "faulty.toml"], "faulty.toml, line"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_words(
    run: Run, history: tuple[str, ...], argv: list[str], words: str
) -> None:
    assert history
    Path("faulty.toml").write_text(shipped_text().replace("points = 10", "points = -10"), "utf-8")
    code, out, err = run("policy", "simulate", *argv)
    assert (code > 0, out) == (True, "")
    assert words in err


# --- processes


def _times(number: int) -> Callable[[int], int]:
    return lambda piece: piece * number


def _dying(_: int) -> Callable[[int], int]:
    import os  # noqa: PLC0415 - this process alone needs it

    return lambda _piece: os._exit(1)  # type: ignore[return-value]


def test_pieces_come_back_in_order() -> None:
    assert list(shared_out(range(20), Workers(2, _times, (3,)))) == [3 * n for n in range(20)]


def test_a_process_that_is_killed_is_told_of_in_one_line() -> None:
    with pytest.raises(ProcessEndedError, match="ended from outside"):
        list(shared_out(range(3), Workers(1, _dying, (0,))))
