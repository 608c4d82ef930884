"""The published schemas are current, valid, and true of their examples."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from pipeline.schemas import CONTRACTS, HOME, examples, files, schema, write

PUBLISHED = Path(__file__).parents[2] / "schemas"


def test_the_published_folder_is_current() -> None:
    """Otherwise: make schemas."""
    there = {path for path in PUBLISHED.rglob("*") if path.is_file()}
    published = {path.relative_to(PUBLISHED).as_posix(): path.read_text("utf-8") for path in there}
    assert published == dict(files())


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_schema_is_valid_and_names_dialect_and_id(name: str) -> None:
    made = schema(name)
    Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["$id"] == f"{HOME}{name}.json"


@pytest.mark.parametrize(("name", "example"), [(n, e) for n, found in examples().items() for e in found])
def test_every_example_is_what_its_schema_says(name: str, example: Any) -> None:  # noqa: ANN401 - any JSON
    Draft202012Validator(schema(name), format_checker=FormatChecker()).validate(example)


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_contract_has_an_example(name: str) -> None:
    assert examples()[name]


@pytest.mark.parametrize("name", [n for n in CONTRACTS if n != "report.submitted.v1"])
def test_what_leaves_us_holds_nothing_that_its_schema_does_not_name(name: str) -> None:
    assert schema(name)["additionalProperties"] is False


def test_no_example_of_what_leaves_us_names_a_person() -> None:
    people = {p.get("name") for e in examples()["report.submitted.v1"] for p in e["data"]["persons"]} - {None}
    outgoing = json.dumps({n: e for n, e in examples().items() if n != "report.submitted.v1"}, ensure_ascii=False)
    assert people
    assert not any(name in outgoing for name in people)


def test_writing_removes_what_is_no_longer_made(tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "old.json").write_text("{}")
    (tmp_path / "old.yaml").write_text("{}")
    (tmp_path / "examples" / "old.1.json").write_text("{}")
    written = write(tmp_path)
    assert {p.relative_to(tmp_path).as_posix() for p in written} == set(files())
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(written)
