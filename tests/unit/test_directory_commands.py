"""`anwang directory`: what it tells of a directory, and of mistakes in one."""

import json
import sys
from pathlib import Path

import pytest
from directories import changed, shipped_texts, with_cell

from pipeline import cli
from pipeline.adapters.centre_folder import read_folder
from pipeline.commands.directory import TownRefusedError, check, show
from pipeline.contracts.report_examples import EXAMPLES
from pipeline.domain.centres import CentresRefusedError
from pipeline.settings import Settings


def written(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def test_the_shipped_directory_has_no_mistakes_and_counts_its_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(None) == 0
    out = capsys.readouterr().out
    assert "   35  elder                35 with a default name  老人 elders" in out
    assert "368 towns have a family service centre, 355 of them by default" in out


def test_five_planted_mistakes_are_told_as_five_by_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = with_cell("63000010-family", capacity="forty", hours="Mon-Fry 08:30-17:30")
    for file, old, new in (
        ("districts.csv", "臺北市,信義區,63000020-family", "臺北市,信義區,63000020-famliy"),
        ("counties.csv", "64000,高雄市", "64001,高雄市"),
        ("directory.toml", "closed_days", "closed_day"),
    ):
        texts[file] = texts[file].replace(old, new, 1)
    assert check(written(tmp_path, texts)) == 1
    *told, last = capsys.readouterr().out.splitlines()
    assert last == "5 mistakes"
    assert [line.split(":")[0] for line in told] == [
        "directory.toml, line 6",
        "counties.csv, line 19",
        "centres.csv, line 375",
        "centres.csv, line 375",
        "districts.csv, line 213",
    ]


def test_a_file_that_excel_saved_in_another_encoding_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, shipped_texts())
    (tmp_path / "centres.csv").write_bytes(shipped_texts()["centres.csv"].encode("cp950", "replace"))
    (tmp_path / "counties.csv").unlink()
    assert check(tmp_path) == 1
    out = capsys.readouterr().out
    assert "centres.csv, line 2: this is not UTF-8: in Excel, save it as CSV UTF-8" in out
    assert "counties.csv, line 1: this file cannot be read: No such file or directory" in out


def test_a_bureaus_own_folder_takes_the_place_of_the_shipped_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = written(tmp_path, changed("centres.csv", "臺北市松山社會福利服務中心", "臺北市松山測試中心"))
    show(Settings(directory_dir=own), "松山區")
    assert "63000010-family  臺北市松山測試中心  Taipei City Songshan" in capsys.readouterr().out


def test_reports_of_a_file_are_given_to_the_centres_of_a_bureaus_own_folder(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = written(tmp_path, changed("districts.csv", "臺北市,松山區,63000010-family", "臺北市,松山區,63000020-family"))
    person = {"role": "victim", "address": "臺北市松山區測試路3號"}
    report = {**EXAMPLES[0], "data": {**EXAMPLES[0]["data"], "categories": ["vulnerable_family"], "persons": [person]}}
    report["data"] = {k: v for k, v in report["data"].items() if k not in {"crisis_flags", "indicators", "instruments"}}
    (tmp_path / "reports.ndjson").write_text(json.dumps(report))
    centres = []
    for flags in ([], ["--directory-dir", str(own)]):
        monkeypatch.setattr(sys, "argv", ["anwang", "assess", str(tmp_path / "reports.ndjson"), *flags])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        centres.append(json.loads(capfdbinary.readouterr().out)["centre"])
    assert centres == ["63000010-family", "63000020-family"]


def test_a_town_is_shown_with_its_centres_their_hours_and_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = written(tmp_path, with_cell("63000070-family", capacity="40", hours="24h"))
    show(Settings(directory_dir=own), "台北市萬華區")
    out = capsys.readouterr().out
    assert "臺北市萬華區  directory 2026.1" in out
    assert "family service; open now; up to 40 cases; when full: 63000050-family, 63000060-family" in out
    for code in ("63000-protective", "63000070-elder-1", "63000070-elder-2", "63000-child-south", "63000-indigenous"):
        assert f"\n{code}  " in out


@pytest.mark.parametrize(
    ("name", "why"),
    [("信義區", "several towns are called 信義區: 基隆市信義區, 臺北市信義區"), ("信義鎮", "no town is called 信義鎮")],
)
def test_a_name_that_is_no_town_or_several_is_refused(name: str, why: str) -> None:
    with pytest.raises(TownRefusedError, match=why):
        show(Settings(), name)


def test_mistakes_of_a_folder_can_be_acted_on_by_whoever_reads_it(tmp_path: Path) -> None:
    with pytest.raises(CentresRefusedError, match=r"directory\.toml, line 1: this file cannot be read"):
        read_folder(tmp_path)
