"""References of a document, and the schemas they point to."""

from collections.abc import Iterator
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

HERE = "urn:document"


def read(text: str) -> Any:  # noqa: ANN401 - any JSON
    return yaml.safe_load(text)


def references(node: object) -> Iterator[str]:
    match node:
        case dict():
            yield from (value for name, value in node.items() if name == "$ref" and isinstance(value, str))
            for value in node.values():
                yield from references(value)
        case list():
            for value in node:
                yield from references(value)


def target(document: Any, reference: str) -> Any:  # noqa: ANN401 - any JSON
    """What a reference inside the document points to; raises KeyError where nothing is."""
    file, _, place = reference.partition("#/")
    if file:
        raise KeyError(reference)
    for part in place.split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def validator(document: Any, schema: Any) -> Draft202012Validator:  # noqa: ANN401 - any JSON
    """Judges by a schema of the document, whose references point into it."""
    registry = Registry().with_resource(HERE, Resource(document, DRAFT202012))
    pointed = {"$id": HERE + ":schema", **_absolute(schema)}
    return Draft202012Validator(pointed, registry=registry, format_checker=FormatChecker())


def _absolute(node: Any) -> Any:  # noqa: ANN401 - any JSON
    match node:
        case dict():
            return {n: HERE + v if n == "$ref" and isinstance(v, str) else _absolute(v) for n, v in node.items()}
        case list():
            return [_absolute(value) for value in node]
        case _:
            return node
