import json
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from pipeline.contracts.report import ReportSubmitted
from pipeline.contracts.report_examples import EXAMPLES

SCHEMA = ReportSubmitted.model_json_schema()


@pytest.mark.parametrize("example", EXAMPLES, ids=[str(example["id"]) for example in EXAMPLES])
def test_every_example_agrees_with_the_contract(example: dict[str, Any]) -> None:
    report = ReportSubmitted.model_validate_json(json.dumps(example))
    assert report.data.report_no == example["data"]["report_no"]
    jsonschema.validate(example, SCHEMA)


def test_unknown_fields_are_allowed_and_kept() -> None:
    example = {**EXAMPLES[0], "traceparent": "00-1"}
    assert ReportSubmitted.model_validate_json(json.dumps(example)).model_dump()["traceparent"] == "00-1"


def test_only_what_the_specification_requires_is_required() -> None:
    assert set(SCHEMA["required"]) == {"id", "source", "time", "data"}
    assert set(SCHEMA["$defs"]["ReportData"]["required"]) == {
        "report_no",
        "channel",
        "received_at",
        "categories",
        "persons",
    }
    assert SCHEMA["$defs"]["ReportedPerson"]["required"] == ["role"]


@pytest.mark.parametrize(
    "changes",
    [
        {"report_no": ""},
        {"report_no": "n" * 65},
        {"persons": []},
        {"persons": [{"name": "王小明"}]},
        {"channel": "fax"},
        {"received_at": "2026-03-02T10:00:00"},
        {"narrative": "長" * 20_001},
        {"instruments": {"tipvda": {"items": {"16": True}}}},
        {"instruments": {"bsrs5": {"suicide_idea": 5}}},
    ],
)
def test_what_a_sender_should_not_send_disagrees(changes: dict[str, Any]) -> None:
    example = {**EXAMPLES[1], "data": {**EXAMPLES[1]["data"], **changes}}
    with pytest.raises(ValidationError):
        ReportSubmitted.model_validate_json(json.dumps(example))


def test_a_report_cannot_be_changed() -> None:
    report = ReportSubmitted.model_validate_json(json.dumps(EXAMPLES[0]))
    with pytest.raises(ValidationError):
        report.id = "other"


def test_every_field_that_needs_a_word_of_explanation_has_one() -> None:
    described = SCHEMA["$defs"]["ReportData"]["properties"]
    plain = {"reporter", "persons", "instruments", "channel", "report_type"}
    assert {name for name, field in described.items() if "description" not in field} <= plain
