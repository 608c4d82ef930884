"""What docs/policy.md tells of a policy's tables and conditions is what the code reads."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter

from pipeline.contracts import policy_conditions as conditions
from pipeline.contracts.policy import Expected, Instrument, PolicyFile
from pipeline.contracts.policy_conditions import CONDITION_WORDS, Condition
from pipeline.domain.policy.inspection import inspect
from pipeline.domain.policy.reading import shipped_text

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "policy.md").read_text("utf-8")


def section(heading: str) -> str:
    return PAGE.split(f"\n### {heading}\n")[1].split("\n##")[0]


def rows_of(heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    lines = [line for line in section(heading).splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def row_model(table: str) -> type[BaseModel] | None:
    """The model of a table's rows, or of the table itself."""
    annotation = PolicyFile.model_fields[table].annotation
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def test_every_table_is_told_with_its_keys() -> None:
    rows = {codes(name)[0]: set(codes(keys)) for name, *_, keys in rows_of("The tables")}
    assert set(rows) == set(PolicyFile.model_fields)
    for table, keys in rows.items():
        model = row_model(table)
        assert keys == (set(model.model_fields) if model else set()), table


def examples() -> Iterator[tuple[str, str]]:
    for name, *_, shown in rows_of("Conditions"):
        for example in codes(shown):
            yield codes(name)[0], example


@pytest.mark.parametrize(("word", "example"), list(examples()))
def test_every_condition_that_is_shown_can_be_read(word: str, example: str) -> None:
    value = tomllib.loads(f"x = {example}")["x"]
    assert word in value
    TypeAdapter[Any](Condition).validate_python(value)


def test_every_word_and_every_key_of_a_condition_is_shown() -> None:
    assert {word for word, _ in examples()} == CONDITION_WORDS
    shown = {key for _, example in examples() for key in re.findall(r"(\w+) =", example)}
    models = [m for m in vars(conditions).values() if isinstance(m, type) and issubclass(m, conditions.Table)]
    assert {field.alias or name for m in models for name, field in m.model_fields.items()} <= shown


@pytest.mark.parametrize("shown", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_every_piece_of_a_file_that_is_shown_fits_into_one(shown: str) -> None:
    [table] = tomllib.loads(shown)
    model = row_model(table)
    assert model is not None
    for row in tomllib.loads(shown)[table]:
        model.model_validate(row)


def test_all_that_an_example_may_expect_is_told() -> None:
    told = next(line for line in PAGE.splitlines() if line.startswith("`expect` may name"))
    assert set(codes(told)) - {"expect"} == set(Expected.model_fields)


def test_the_instrument_that_is_shown_is_sound_in_a_policy() -> None:
    shown = section("An instrument of your own").split("```toml\n")[1].split("```")[0]
    text = shipped_text().replace("# --- Named conditions", f"{shown}\n\n# --- Named conditions", 1)
    found = inspect(text)
    assert found.faults == ()
    assert isinstance(found.tables.instrument[-1], Instrument)
    assert found.tables.instrument[-1].code == "carer_burden"


def test_the_mistakes_that_are_shown_are_told_so() -> None:
    city = (ROOT / "deploy/policy/examples/city-2027.1.toml").read_text("utf-8")
    for old, new in (
        ('points = 6, zh = "照顧負荷過重"', 'points = ６, zh = "照顧負荷過重"'),
        ('any_of = ["public_danger"]', 'any_of = ["public_dangr"]'),
        ('en = "Long-term care"\n', ""),
        ('priority = "standard"\nzh = "照顧者瀕臨崩潰"', 'priority = "urgent"\nzh = "照顧者瀕臨崩潰"'),
        ("score = 45", "score = 44"),
    ):
        assert city.count(old) == 1
        city = city.replace(old, new)
    told = re.findall(r"^city-2027\.1\.toml, (line .*)$", PAGE, re.MULTILINE)
    assert [str(fault) for fault in inspect(city).faults] == told
