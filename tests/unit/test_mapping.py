"""A mapping says what it cannot mean, by its key; those that are shipped hold together."""

import re
import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline import data
from pipeline.adapters.documents import to_bytes
from pipeline.adapters.mappings import MappingRefusedError, load_feeds, load_mapping, shipped_names
from pipeline.adapters.tables import open_table
from pipeline.commands.mapping import show_mapping, write_template
from pipeline.contracts.feeds import parse_feeds
from pipeline.contracts.mapping import FileForm, ReportMapping, parse_mapping
from pipeline.contracts.report import ReportedPerson, Reporter, ReportSubmitted
from pipeline.contracts.targets import PERSON, REPORT
from pipeline.domain.directory import load_directory
from pipeline.domain.importing.plan import plan_for
from pipeline.domain.importing.row import read_row
from pipeline.domain.normalise.reading import Reading, read_event

TODAY = date(2026, 5, 6)
WHOLE = """
title = "T"
[file]
kinds = ["csv"]
[persons.victim]
role = "victim"
always = true
[constants]
channel = "clinic"
categories = ["other"]
[codes.sex]
"1" = "male"
[[column]]
header = "no"
to = "report_no"
[[column]]
header = "at"
to = "received_at"
dates = ["iso"]
"""


def test_a_mapping_that_hangs_together_is_read() -> None:
    assert isinstance(parse_mapping(WHOLE), ReportMapping)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[[column]]\nheader = "x"\nto = "victim.nmae"', "column 3 (x to victim.nmae): this is no field of a report"),
        ('[[column]]\nheader = "x"\nto = "victim.birth_date"', "a date needs `dates`"),
        ('[[column]]\nheader = "x"\nto = "narrative"\ndates = ["iso"]', "a date needs `dates`, and nothing else does"),
        ('[[column]]\nheader = "x"\nto = "victim.sex"\ncodes = "gender"', "there is no table codes.gender"),
        ('[[column]]\nheader = "x"\nto = "categories"\ncodes = "sex"', "codes.sex.1: not a word of the vocabulary"),
        ('[[column]]\nheader = "x"\nto = "narrative"\nseparators = ","', "only a list has `separators`"),
        ('[[column]]\nheader = "x"\nto = "narrative"\npart = "date"', "only a moment has a `part`"),
        ('[[column]]\nheader = "x"\nto = "victim.phones"\narea_code = true', "only a text can be an `area_code`"),
        ('[[column]]\nheader = "x"\nto = "narrative"\nrun = "rm"', "column.2.run: unknown key"),
        ('[[column]]\nheader = "faults"\nto = "narrative"', "this column is not read"),
        ("[persons.other]", "persons.other: nothing tells the role"),
        ('[persons.reporter]\nrole = "other"', "persons.reporter: this is the name of a field of a report"),
        (
            '[codes.two]\n"1" = ["male", "female"]\n[[column]]\nheader = "x"\nto = "victim.sex"\ncodes = "two"',
            "only one",
        ),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused_by_its_key(more: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_mapping(f"{WHOLE}\n{more}\n")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('channel = "clinic"\n', "", "nothing fills channel, which every report needs"),
        ('channel = "clinic"', 'channel = "fax"', "constants.channel: not a word of the vocabulary"),
        ('categories = ["other"]', 'categories = "other"', "constants.categories: this field holds words"),
        ('to = "report_no"', 'to = "narrative"', "nothing fills report_no"),
        ('kinds = ["csv"]', 'kinds = ["xls"]', "file.kinds.0"),
        ('title = "T"', 'title = "T', "this is not TOML"),
    ],
)
def test_a_mapping_without_what_a_report_needs_is_refused(before: str, after: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_mapping(WHOLE.replace(before, after))
    assert said in str(refused.value)


def test_every_field_of_the_contract_can_be_filled_and_no_other() -> None:
    told = ReportSubmitted.model_fields["data"].annotation
    assert told is not None
    own = set(told.model_fields) - {"persons", "reporter", "instruments"}
    reporter = {f"reporter.{name}" for name in Reporter.model_fields}
    paths = {path for path in REPORT if not path.startswith("instruments.")}
    assert paths == own | reporter | {"time"}
    person = set(ReportedPerson.model_fields) - {"safe_contact"}
    assert {path for path in PERSON if "." not in path} == person


@pytest.mark.parametrize("name", shipped_names())
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_template_of_a_shipped_mapping_goes_in_without_a_fault(name: str, suffix: str, tmp_path: Path) -> None:
    mapping = load_mapping(name).mapping
    out = tmp_path / f"new{suffix}"
    if suffix[1:] not in mapping.file.kinds:
        with pytest.raises(MappingRefusedError, match="is for csv"):
            write_template(name, out)
        return
    write_template(name, out)
    directory = load_directory(data.table("sources.csv"))
    with open_table(out, mapping) as table:
        plan = plan_for(mapping, "clinic-0001", table.headers)
        read = [read_row(plan, row, TODAY) for row in table]
        assert table.is_whole
    assert (plan.absent, plan.unread) == ((), ())
    assert [r.findings for r in read] == [(), ()]
    for row in read:
        event = to_bytes(dict(row.event or {}))
        ReportSubmitted.model_validate_json(event)
        reading = read_event(event, (), datetime(2026, 5, 6, tzinfo=UTC), directory)
        assert isinstance(reading, Reading)
        assert reading.facts.faults == ()
    with pytest.raises(MappingRefusedError, match="is there already"):
        write_template(name, out)


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_mapping_shows_every_column(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_mapping(name)
    shown = capsys.readouterr().out
    assert all(f"\n{header}" in shown for header in load_mapping(name).mapping.headers)


def test_a_mapping_that_is_not_there_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(MappingRefusedError, match="there is no mapping nonsense"):
        load_mapping("nonsense")
    with pytest.raises(MappingRefusedError, match="cannot be read"):
        load_mapping(str(tmp_path / "none.toml"))
    own = tmp_path / "own.toml"
    own.write_text(WHOLE.replace('to = "report_no"', 'to = "nothing"'))
    with pytest.raises(MappingRefusedError, match=r"own\.toml: column 1 \(no to nothing\)"):
        load_mapping(str(own))
    own.write_bytes(b"\xff")
    with pytest.raises(MappingRefusedError, match="is not UTF-8"):
        load_mapping(str(own))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('name = "b"\nfolder = "y"\nmapping = "city-nightly"\nexpected_by = "6:30"', r"feed\.1\.expected_by"),
        ('name = "a"\nfolder = "y"\nmapping = "city-nightly"', "two feeds have one name"),
        ('name = "b"\nfolder = "x"\nmapping = "city-nightly"', "two feeds have one folder"),
        ('name = "b"\nfolder = "y"\nmapping = "nonsense"', "there is no mapping nonsense"),
        ('name = "b"\nfolder = "y"\nmapping = "city-nightly"\nevery = 1', r"feed\.1\.every: unknown key"),
        ('name = "B!"\nfolder = "y"\nmapping = "city-nightly"', r"feed\.1\.name"),
    ],
)
def test_a_list_of_feeds_that_cannot_be_meant_is_refused(more: str, said: str, tmp_path: Path) -> None:
    listed = tmp_path / "feeds.toml"
    listed.write_text(f'[[feed]]\nname = "a"\nfolder = "x"\nmapping = "city-nightly"\n[[feed]]\n{more}\n')
    with pytest.raises(MappingRefusedError, match=said):
        load_feeds(listed)


def test_each_of_the_twelve_care_lists_has_its_category_and_its_fact() -> None:
    codes = load_mapping("proactive-care-list").mapping.codes
    numbers = [f"{n:02d}" for n in range(1, 13)]
    assert list(codes["category"]) == list(codes["fact"]) == numbers
    assert len(set(codes["fact"].values())) == len(numbers)


def test_a_feed_without_any_source_is_refused(tmp_path: Path) -> None:
    listed = tmp_path / "feeds.toml"
    listed.write_text('[[feed]]\nname = "a"\nfolder = "x"\nmapping = "city-nightly"\n')
    with pytest.raises(MappingRefusedError, match="a needs a source"):
        load_feeds(listed)


def test_the_examples_of_the_page_on_files_are_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "files.md").read_text("utf-8")
    whole, trailer, feeds = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert parse_mapping(whole).headers[0] == "編號"
    assert FileForm.model_validate(tomllib.loads(trailer)["file"]).trailer is not None
    assert [feed.name for feed in parse_feeds(feeds)] == ["city", "lists"]


def test_the_names_of_the_shipped_mappings_are_listed() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "mapping", "list"], capture_output=True, check=True, text=True
    )
    assert [line.split("  ")[0] for line in listed.stdout.splitlines()] == list(shipped_names())
    assert shipped_names() == ("city-nightly", "clinic-spreadsheet", "proactive-care-list")
