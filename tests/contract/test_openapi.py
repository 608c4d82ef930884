"""The OpenAPI document is valid, whole in itself, and true of its examples."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from references import read, references, target, validator

from pipeline.schemas import files

DOCUMENT = read(files()["openapi.yaml"])


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def shown() -> Iterator[tuple[str, Any, Any]]:
    """Every example of a body, with its schema."""
    for name, operation in operations():
        for kind, body in operation.get("requestBody", {}).get("content", {}).items():
            for number, example in body.get("examples", {}).items():
                yield f"{name} {kind} {number}", body["schema"], example["value"]


def test_it_is_what_the_official_schema_says() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert [f"{e.json_path}: {e.message[:200]}" for e in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_the_official_schema_would_find_a_fault() -> None:
    spoilt = copy.deepcopy(DOCUMENT)
    del spoilt["paths"]["/v1/reports"]["post"]["responses"]["202"]["description"]
    assert list(OpenAPIV31SpecValidator(spoilt).iter_errors())


def test_every_reference_points_inside_the_document() -> None:
    for reference in set(references(DOCUMENT)):
        assert target(DOCUMENT, reference) is not None


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


@pytest.mark.parametrize(("name", "schema", "example"), list(shown()), ids=[name for name, *_ in shown()])
def test_every_example_is_what_its_schema_says(name: str, schema: Any, example: Any) -> None:  # noqa: ANN401 - any JSON
    assert name
    validator(DOCUMENT, schema).validate(example)


@pytest.mark.parametrize(("name", "operation"), list(operations()), ids=[name for name, _ in operations()])
def test_every_refusal_is_a_problem_answer(name: str, operation: dict[str, Any]) -> None:
    refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
    assert refusals, name
    for answer in refusals.values():
        assert answer["content"]["application/problem+json"]["schema"]["$ref"] == "#/components/schemas/Problem"
