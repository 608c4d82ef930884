"""What docs/integrators.md tells of refusals, faults and fields is what the code does."""

import re
from pathlib import Path

from pipeline.adapters.http.problem import MEANINGS
from pipeline.contracts.jsontext import WireFault
from pipeline.domain.intake import BATCH_MAX, ReceiptState
from pipeline.domain.normalise.notes import Fault
from pipeline.domain.normalise.reading import REQUIRED
from pipeline.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "integrators.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    section = PAGE.split(f" {heading}\n")[1].split("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def first_words(heading: str) -> list[str]:
    return [word for row in rows(heading) for word in re.findall(r"`(\w+)`", row[0])]


def test_every_refusal_is_told_with_its_status_and_what_to_do() -> None:
    told = {(code.strip("` "), status, mend.strip()) for code, status, mend in rows("Refusals")}
    assert told == {(str(code), str(m.status.value), m.mend) for code, m in MEANINGS.items()}


def test_every_fault_is_explained_and_every_explained_one_exists() -> None:
    assert sorted(first_words("What happens to odd fields")) == sorted([*Fault, *WireFault])


def test_every_needed_field_is_named() -> None:
    assert first_words("What to send") == list(REQUIRED)


def test_every_state_of_a_receipt_is_explained() -> None:
    assert set(ReceiptState) <= set(first_words("By HTTP"))


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"1 to {BATCH_MAX} CloudEvents" in PAGE
    assert f"http://127.0.0.1:{Settings.model_fields['intake_port'].default}/v1/reports" in PAGE
