"""The kinds of source: their data, a source of each, and a report of each that lands where one would expect."""

import csv
import importlib.util
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from pipeline.commands.assess import OfflineRun
from pipeline.contracts.decision import Decision
from pipeline.contracts.vocabulary import Channel, Outcome, Priority, Queue
from pipeline.data import table
from pipeline.domain.directory import Directory, load_directory
from pipeline.domain.kinds import Door, channel_of, kinds, load_kinds

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "examples" / "reports"
SITES = ROOT / "examples" / "sources"
SCHEMA = json.loads((ROOT / "schemas" / "report.submitted.v1.json").read_text("utf-8"))
LATER = datetime(2026, 6, 1, tzinfo=UTC)
DIRECTORY = load_directory(table("sources.csv"))
LISTS = 12


class Expected(NamedTuple):
    queue: Queue
    priority: Priority
    centre: str
    faults: tuple[str, ...] = ()


EXPECTED = {
    "hotline-113": Expected(Queue.PROTECTIVE, Priority.IMMEDIATE, "64000-protective"),
    "hotline-1957": Expected(Queue.FAMILY, Priority.ROUTINE, "67000350-family"),
    "hotline-mens": Expected(
        Queue.FAMILY, Priority.URGENT, "65000-protective", ("birth_date_unreadable:persons[0].birth_date",)
    ),
    "national-form": Expected(Queue.PROTECTIVE, Priority.URGENT, "64000-protective"),
    "clinic": Expected(Queue.PROTECTIVE, Priority.IMMEDIATE, "66000-protective"),
    "pharmacy": Expected(Queue.FAMILY, Priority.ROUTINE, "65000030-family"),
    "school": Expected(Queue.PROTECTIVE, Priority.STANDARD, "65000-protective"),
    "kindergarten": Expected(Queue.PROTECTIVE, Priority.IMMEDIATE, "68000-protective"),
    "police": Expected(Queue.PROTECTIVE, Priority.URGENT, "64000-protective"),
    "safety-site": Expected(Queue.PROTECTIVE, Priority.STANDARD, "66000-protective"),
    "village-office": Expected(Queue.FAMILY, Priority.ROUTINE, "63000070-family"),
    "emergency-sensor": Expected(Queue.PROTECTIVE, Priority.IMMEDIATE, "67000-protective"),
    "missed-check-in": Expected(Queue.FAMILY, Priority.ROUTINE, "66000080-family"),
    "proactive-list": Expected(Queue.FAMILY, Priority.ROUTINE, "10005050-family"),
    "refused-assistance": Expected(Queue.FAMILY, Priority.ROUTINE, "68000100-family"),
    "early-intervention": Expected(Queue.FAMILY, Priority.ROUTINE, "67000310-family"),
    "street-outreach": Expected(Queue.FAMILY, Priority.ROUTINE, "63000070-family"),
    "partner": Expected(Queue.FAMILY, Priority.ROUTINE, "65000110-family"),
}


def decided(*names: str) -> list[Decision]:
    run = OfflineRun(DIRECTORY, LATER)
    return [run.decide((REPORTS / f"{name}.json").read_bytes()) for name in names]


@pytest.mark.parametrize("name", EXPECTED)
def test_the_example_of_a_kind_lands_where_one_would_expect(name: str) -> None:
    (decision,) = decided(name)
    assert decision.outcome is Outcome.CASE
    found = Expected(decision.queue, decision.priority, decision.centre, decision.faults)
    assert found == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_the_example_of_a_kind_is_what_the_published_schema_asks_for(name: str) -> None:
    event = json.loads((REPORTS / f"{name}.json").read_text("utf-8"))
    Draft202012Validator(SCHEMA, format_checker=FormatChecker()).validate(event)
    source = DIRECTORY.find(event["source"].removeprefix("/sources/"))
    assert source
    assert name in {source.kind, source.code}
    assert event["data"]["channel"] == channel_of(source.kind)
    assert set(event["data"]["categories"]) <= set(kinds()[source.kind].categories) | {"suicide_risk", "mental_health"}


def test_every_kind_and_every_hotline_has_an_example() -> None:
    lines = set(kinds()["hotline"].sources)
    assert set(EXPECTED) == {path.stem for path in REPORTS.glob("*.json")} == (set(kinds()) - {"hotline"}) | lines


def test_the_form_that_quotes_the_hotline_joins_its_case() -> None:
    line, form = decided("hotline-113", "national-form")
    assert (form.outcome, form.case_id) == (Outcome.DUPLICATE, line.case_id)


def test_a_machine_sends_few_fields_and_no_name() -> None:
    event = json.loads((REPORTS / "emergency-sensor.json").read_text("utf-8"))
    assert "reporter" not in event["data"]
    assert set(event["data"]["persons"][0]) == {"role", "code_name", "address"}


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_has_a_registered_source_that_is_enrolled_as_its_kind_says(kind: str) -> None:
    known = kinds()[kind]
    for code in known.sources:
        source = DIRECTORY.find(code)
        assert source
        assert source.kind == known.code
        assert source.role == known.role or known.code == "partner"
        assert source.own_topic == (known.door is Door.KAFKA)


def test_there_are_as_many_proactive_lists_as_the_field_has() -> None:
    lists = kinds()["proactive-list"].sources
    assert len(lists) == LISTS
    assert set(lists) == {s.code for s in DIRECTORY.sources.values() if s.kind == "proactive-list"}


def test_no_registered_source_is_of_an_unknown_kind() -> None:
    assert {source.kind for source in DIRECTORY.sources.values()} == set(kinds())


def test_a_kind_of_a_bureaus_own_is_a_partner() -> None:
    assert channel_of("fire-brigade") is Channel.PARTNER
    assert channel_of("pharmacy") is Channel.CLINIC
    assert channel_of("hotline") is Channel.HOTLINE


def test_new_kinds_need_no_topic_of_their_own() -> None:
    shared = {s.topic for s in DIRECTORY.sources.values() if not s.own_topic}
    assert shared == {"intake.clinic.v1", "intake.partner.v1"}


GOOD = """
[nurse]
names = { zh = "護理師", en = "Nurse" }
role = "medical"
channel = "clinic"
door = "form"
categories = ["child_protection"]
indicators = []
looks = "Short."
trap = "None."
[nurse.sources.nurse-1]
names = { zh = "一", en = "One" }
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('door = "form"', 'door = "window"'),
        ('role = "medical"', 'role = "wizard"'),
        ('trap = "None."', 'trap = ""'),
        ('trap = "None."', 'trap = "None."\nmore = 1'),
        ('["child_protection"]', "[]"),
        ('zh = "護理師", ', ""),
        ("[nurse.sources.nurse-1]", "[nurse.sources.'Nurse 1']"),
        ("[nurse]", "nurse = 1\n[other]"),
        ("[nurse]", "nurse"),
    ],
)
def test_data_that_will_not_do_is_refused(old: str, new: str) -> None:
    assert load_kinds(GOOD)["nurse"].names.en == "Nurse"
    with pytest.raises(ValueError, match=r".+"):
        load_kinds(GOOD.replace(old, new))


def row(kind: str) -> str:
    known = kinds()[kind]
    names = f"{known.names.zh} · {known.names.en}"
    return f"| `{kind}` | {names} | {known.role} | {known.channel} | {known.door} | {known.looks} | {known.trap} |"


def test_the_page_on_sources_has_every_kind_as_the_data_has_it() -> None:
    section = (ROOT / "docs" / "sources.md").read_text("utf-8").split("\n## ")[1]
    assert re.findall(r"^\| `[a-z-]+` \|.*\|$", section, re.MULTILINE) == [row(kind) for kind in kinds()]
    lists = [f"- `{code}` {s.names.zh} · {s.names.en}" for code, s in kinds()["proactive-list"].sources.items()]
    assert re.findall(r"^- `list-.*$", section, re.MULTILINE) == lists


# the list of sites


def make_sites() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sites", SITES / "make_sites.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sites(count: int) -> tuple[str, Directory]:
    out = io.StringIO()
    make_sites().write(count, out)
    return out.getvalue(), load_directory(out.getvalue())


def test_a_list_of_17_000_sites_can_be_enrolled() -> None:
    _, directory = sites(17_000)
    assert len(directory.sources) == 17_000
    assert {s.kind for s in directory.sources.values()} == {"safety-site"}
    assert len({(s.county, s.name) for s in directory.sources.values()}) == 17_000
    assert len({s.county for s in directory.sources.values()}) == 22


def test_the_sample_of_sites_is_the_beginning_of_that_list() -> None:
    sample = (SITES / "sites.csv").read_text("utf-8")
    text, _ = sites(len(list(csv.reader(sample.splitlines()))) - 1)
    assert sample == text
