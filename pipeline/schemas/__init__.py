"""What others build against: the schemas of everything that crosses our border, with examples made by our own code."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.adapters.http.desk import desk_document
from pipeline.adapters.http.intake import api_document
from pipeline.schemas.asyncapi import asyncapi_document
from pipeline.schemas.contracts import CONTRACTS, HOME, examples, schema
from pipeline.schemas.yamltext import as_yaml

__all__ = ["CONTRACTS", "HOME", "api_document", "asyncapi_document", "examples", "files", "schema", "write"]

OURS = ("*.json", "*.yaml", "examples/*.json")
"""What we write, and so may remove, in the folder."""


def files() -> Mapping[str, str]:
    """The text of every file of the folder, by its path inside."""
    made = {f"{name}.json": schema(name) for name in CONTRACTS}
    shown = {
        f"examples/{name}.{number}.json": example
        for name, found in examples().items()
        for number, example in enumerate(found, 1)
    }
    texts = {path: json.dumps(value, ensure_ascii=False, indent=2) + "\n" for path, value in {**made, **shown}.items()}
    documents = {"asyncapi": asyncapi_document(), "desk": desk_document(), "openapi": api_document()}
    return {**texts, **{f"{name}.yaml": as_yaml(document) for name, document in documents.items()}}


def write(folder: Path) -> list[Path]:
    """Writes the folder anew and returns its files. A file that is no longer made is removed."""
    made = {folder / path: text for path, text in files().items()}
    (folder / "examples").mkdir(parents=True, exist_ok=True)
    for old in {path for pattern in OURS for path in folder.glob(pattern)} - made.keys():
        old.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return list(made)
