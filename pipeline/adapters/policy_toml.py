"""Changes values inside a policy file and keeps all else: comments, order, blanks."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import tomlkit

from pipeline.domain.policy.difference import shown
from pipeline.domain.policy.sheet_edits import Add, Drop, Edit, Put


def changed(text: str, edits: Sequence[Edit]) -> str:
    """The file's text after these edits, one after the other. The text must be TOML, and the paths stand in it."""
    document = tomlkit.parse(text.removeprefix("\ufeff"))
    for edit in edits:
        match edit:
            case Put(path=path, value=value):
                _put(_at(document, path[:-1]), path[-1], value)
            case Drop(path=path):
                del _at(document, path[:-1])[path[-1]]
            case Add(table=table, row=row):
                document[table].append(_written(row))
    return tomlkit.dumps(document)


def _at(document: Any, path: Sequence[str | int]) -> Any:  # noqa: ANN401 - a node of the document
    here = document
    for part in path:
        if isinstance(part, str) and part not in here:
            here[part] = tomlkit.table()
        here = here[part]
    return here


def _put(holder: Any, key: str | int, value: object) -> None:  # noqa: ANN401 - a node of the document
    if value is None:
        holder.pop(key, None)
    else:
        holder[key] = value if isinstance(value, str | int | date) else _written(value)


def _written(value: object) -> Any:  # noqa: ANN401 - a node of a document
    """As the file writes tables and lists: on one line, with blanks inside the brackets."""
    plain = tomlkit.parse(f"x = {shown(value)}") if not isinstance(value, Mapping) else tomlkit.parse(_inline(value))
    return plain.item("x")


def _inline(value: Mapping[str, Any]) -> str:
    pairs = ", ".join(f"{key} = {tomlkit.item(v).as_string()}" for key, v in value.items())
    return f"x = {{ {pairs} }}"
