"""The AsyncAPI document is valid, whole in itself, and true of its examples and of our topics."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from references import read, references, target, validator

from pipeline import data
from pipeline.contracts.topics import INTAKE_NAME, OUTGOING
from pipeline.domain.directory import load_directory
from pipeline.schemas import files

OFFICIAL = Draft7Validator(
    json.loads(Path(__file__).with_name("official").joinpath("asyncapi-3.0.0.json").read_bytes())
)
DOCUMENT = read(files()["asyncapi.yaml"])
MESSAGES = DOCUMENT["components"]["messages"]
EXAMPLES = [(name, example) for name, message in MESSAGES.items() for example in message["examples"]]


def test_it_is_what_the_official_schema_says() -> None:
    assert [f"{e.json_path}: {e.message[:200]}" for e in OFFICIAL.iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize(
    "path",
    [
        ("operations", "receiveQueueFamily", "action"),
        ("channels", "intakeClinic", "bindings", "kafka", "topicConfiguration", "retention.ms"),
        ("components", "messages", "queueRecord", "contentType"),
    ],
)
def test_the_official_schema_would_find_a_fault(path: tuple[str, ...]) -> None:
    spoilt = copy.deepcopy(DOCUMENT)
    node = spoilt
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = ["of another kind"]
    assert not OFFICIAL.is_valid(spoilt)


def test_every_reference_points_inside_the_document() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > 20
    for reference in found:
        assert target(DOCUMENT, reference) is not None


def test_every_message_and_every_schema_is_used() -> None:
    parts = DOCUMENT["components"]
    there = {f"#/components/{section}/{name}" for section, named in parts.items() for name in named}
    assert there <= set(references(DOCUMENT))


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=lambda v: v if isinstance(v, str) else v["name"])
def test_every_example_is_what_its_message_says(name: str, example: dict[str, Any]) -> None:
    validator(DOCUMENT, MESSAGES[name]["payload"]).validate(example["payload"])
    if "headers" in example:
        validator(DOCUMENT, MESSAGES[name]["headers"]).validate(example["headers"])


@pytest.mark.parametrize("name", [n for n in MESSAGES if not n.startswith("report")])
def test_a_payload_that_nobody_may_send_is_refused_by_its_schema(name: str) -> None:
    found = MESSAGES[name]["examples"][0]["payload"]
    assert not validator(DOCUMENT, MESSAGES[name]["payload"]).is_valid({**found, "name": "anybody"})


def test_every_topic_of_ours_has_its_channel() -> None:
    sources = load_directory(data.table("sources.csv")).sources.values()
    shared = {s.topic for s in sources if not s.own_topic}
    assert {c["address"] for c in DOCUMENT["channels"].values()} == {*shared, *OUTGOING, "intake.{kind}.{code}.v1"}


def test_the_template_of_own_topics_makes_the_names_that_sources_have() -> None:
    door = DOCUMENT["channels"]["intakeOfOneSource"]
    (kind,), codes = (door["parameters"][name]["examples"] for name in ("kind", "code"))
    made = {door["address"].format(kind=kind, code=code) for code in codes}
    assert made == {s.topic for s in load_directory(data.table("sources.csv")).sources.values() if s.own_topic}
    assert INTAKE_NAME.startswith("intake")


def test_every_channel_has_one_operation_and_only_intake_is_sent_to() -> None:
    operations = DOCUMENT["operations"].values()
    reached = [target(DOCUMENT, o["channel"]["$ref"])["address"] for o in operations]
    assert sorted(reached) == sorted(c["address"] for c in DOCUMENT["channels"].values())
    for operation, address in zip(operations, reached, strict=True):
        assert (operation["action"] == "send") == address.startswith("intake.")
