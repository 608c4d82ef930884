"""What the commands of `anwang policy` print."""

import json
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from pipeline.adapters.workdays import FIRST_YEAR, LAST_YEAR, YearRefusedError, days_off
from pipeline.commands.policy_check import check_files
from pipeline.commands.policy_diff import show_difference
from pipeline.commands.policy_file import PolicyRefusedError
from pipeline.commands.policy_holidays import print_calendar
from pipeline.domain.policy.reading import shipped

ROOT = Path(__file__).parents[2]
DEFAULT = ROOT / "deploy/policy/default-2026.1.toml"
CITY = ROOT / "deploy/policy/examples/city-2027.1.toml"


def test_all_policies_that_are_shipped_are_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_files([], as_json=False) == 0
    told = capsys.readouterr().out
    assert "deploy/policy/default-2026.1.toml: default-2026.1, from 2026-01-01 on: 預設政策 / Default policy" in told
    assert "deploy/policy/examples/city-2027.1.toml: city-2027.1" in told
    assert "sound; 22 of 22 examples come out as they say" in told


def test_a_sound_file_is_counted_table_by_table(capsys: pytest.CaptureFixture[str]) -> None:
    check_files([CITY], as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["sound"], told["version"], told["examples_run"], told["faults"]) == (True, "city-2027.1", 12, [])
    assert (told["rows"]["instrument"], told["rows"]["clock"]) == (6, 10)


def test_faults_are_told_with_file_and_line_beside_files_that_are_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        DEFAULT.read_text("utf-8").replace("points = 8, zh", "points = -8, zh", 1).replace("score = 14", "score = 1", 1)
    )
    (tmp_path / "mine.toml").write_text(text, "utf-8")
    assert check_files([tmp_path / "mine.toml", CITY], as_json=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r".*mine\.toml, line \d+: category 7 points: -8 will not do: at least 0 is wanted", lines[0])
    assert re.fullmatch(r".*mine\.toml, line \d+: example 7 expect score: expected 1, but it is 14", lines[1])
    assert lines[2].endswith("mine.toml: 2 faults")
    assert "city-2027.1" in lines[3]


def test_a_file_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "big5.toml").write_bytes(DEFAULT.read_text("utf-8").encode("big5", "replace"))
    assert check_files([tmp_path / "big5.toml"], as_json=False) == 1
    assert "big5.toml, line 7: this is not UTF-8" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefusedError):
        check_files([tmp_path / "none.toml"], as_json=False)


def test_a_difference_is_shown_in_words_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_difference(DEFAULT, CITY, as_json=False)
    words = capsys.readouterr().out
    assert "  ~ caregiver_overload: points: 4 -> 6\n" in words
    show_difference(DEFAULT, CITY, as_json=True)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert words.startswith(f"default-2026.1 -> city-2027.1: {len(found)} differences\n")
    assert {"table": "clock", "kind": "added"}.items() <= next(c for c in found if c["table"] == "clock").items()
    show_difference(CITY, CITY, as_json=False)
    assert capsys.readouterr().out == "city-2027.1 and city-2027.1 say the same\n"


def test_holidays_are_printed_as_a_calendar_holds_them(capsys: pytest.CaptureFixture[str]) -> None:
    years = sorted(shipped().tables.calendar.off)
    print_calendar(years)
    told = capsys.readouterr().out
    calendar = tomllib.loads(told)["calendar"]
    known = shipped().tables.calendar
    assert calendar["off"] == {str(year): list(days) for year, days in known.off.items()}
    assert calendar["worked"] == {str(year): list(days) for year, days in known.worked.items()}
    assert "computed" in told


def test_a_weekend_day_that_is_worked_is_told_where_there_was_one() -> None:
    assert days_off([2024]).worked == {2024: [date(2024, 2, 17)]}
    assert days_off([2026]).worked == {}


@pytest.mark.parametrize("year", [FIRST_YEAR - 1, LAST_YEAR + 1])
def test_a_year_that_the_library_does_not_know_is_refused(year: int) -> None:
    with pytest.raises(YearRefusedError):
        days_off([year])
