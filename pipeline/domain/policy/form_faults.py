"""What is wrong with the form of a policy file, in words that say what to write instead."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic_core import ErrorDetails

from pipeline.contracts.policy import PolicyFile
from pipeline.contracts.policy_conditions import CONDITION_WORDS
from pipeline.domain.policy.guessing import guess
from pipeline.domain.policy.toml_places import Path

_WORDS = {
    "missing": "this key is missing",
    "extra_forbidden": "this key is not known here",
    "too_short": "this is empty",
    "string_too_short": "this is empty",
    "string_too_long": "this is too long",
    "string_type": "a text in quotation marks is wanted",
    "int_type": "a whole number is wanted, without quotation marks",
    "int_from_float": "a whole number is wanted",
    "bool_type": "true or false is wanted, without quotation marks",
    "bool_parsing": "true or false is wanted, without quotation marks",
    "date_type": "a day is wanted, such as 2027-01-01",
    "date_from_datetime_parsing": "a day is wanted, such as 2027-01-01",
    "date_from_datetime_inexact": "a day is wanted, such as 2027-01-01, without a time",
    "model_type": "a table is wanted, { ... }",
    "model_attributes_type": "a table is wanted, { ... }",
    "dict_type": "a table is wanted, { ... }",
    "tuple_type": "a list is wanted, [ ... ]",
}
"""Said in place of the library's words where those would puzzle a person."""

_UNIONS = {
    "person": 'roles in a list are wanted, such as ["caregiver"], or "anyone"',
    "values": "two whole numbers, from the smaller to the larger, or a list of words",
}
_CODE = "small letters, digits and underscores are wanted, beginning with a letter"
_PATTERNS = {
    "version": "small letters, digits, dots and hyphens are wanted, such as city-2027.1",
    "field": "where the answer stands is wanted, such as items.4",
    "answer": "where the answer stands is wanted, such as items.4",
    "yes": "where the answers stand is wanted, such as items.4",
}


_STRAY = "extra_forbidden"


class FormFault(NamedTuple):
    """`kind` is the library's word. `follows`: it comes of another fault, and need not be told."""

    path: Path
    words: str
    kind: str
    follows: bool = False


def form_faults(found: Sequence[ErrorDetails], values: Mapping[str, Any]) -> list[FormFault]:
    """One fault for each mistake, and what follows from it."""
    faults = [_fault(error, values) for error in found]
    missing = {f.path for f in faults if f.kind == "missing"}
    meant: set[Path] = set()
    told: dict[Path, FormFault] = {}
    for fault in faults:
        key = _meant_by(fault.path, missing) if fault.kind == _STRAY else None
        words = f"{fault.words}: is {key[-1]} meant?" if key else fault.words
        if fault.kind == _STRAY and len(fault.path) == 1:
            words += guess(str(fault.path[0]), list(PolicyFile.model_fields))
        meant |= {key} if key else set()
        told.setdefault(fault.path, fault._replace(words=words))
    fallen = {path[:2] for path in missing if path[0] == "example" and path[2:] == ("expect",)}
    return [
        f._replace(follows=path in meant or _is_told_deeper(path, told) or (f.kind == _STRAY and path[:2] in fallen))
        for path, f in told.items()
    ]


def _fault(error: ErrorDetails, values: Mapping[str, Any]) -> FormFault:
    path = _in_file(error["loc"], values)
    return FormFault(path, _words(error, path, _at(values, path)), error["type"])


def _words(error: ErrorDetails, path: Path, value: object) -> str:
    kind, context = error["type"], error.get("ctx", {})
    field = next((part for part in reversed(path) if isinstance(part, str)), "")
    if field in _UNIONS and kind not in {"enum", "string_pattern_mismatch"}:
        return _UNIONS[field]
    if kind in {"enum", "literal_error"}:
        return _unknown(value, str(context.get("expected", "")))
    if kind == "string_pattern_mismatch":
        return f"{value!r} will not do: {_PATTERNS.get(field, _CODE)}"
    if kind == "condition":
        told = "a condition is wanted here, not this" if value else "this is empty"
        return f"{told}; {error['msg']}"
    if kind.startswith(("greater_than", "less_than")):
        bound = next(iter(context.values()), "")
        return f"{value} will not do: {'at least' if kind.startswith('greater') else 'at most'} {bound} is wanted"
    words = _WORDS.get(kind) or error["msg"].removeprefix("Value error, ")
    return words[:1].lower() + words[1:]


def _unknown(value: object, expected: str) -> str:
    words = [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]
    if isinstance(value, str) and value in words:
        return f"{value!r} is a text{guess(value, words)} Write it without quotation marks"
    return f"{value!r} is not known{guess(str(value), words)}; known are {', '.join(words)}"


def _meant_by(path: Path, missing: set[Path]) -> Path | None:
    """The missing key that this stray one may be a misspelling of."""
    *table, key = path
    lacking = {str(p[-1]): p for p in missing if list(p[:-1]) == table}
    near = get_close_matches(str(key), list(lacking), n=1, cutoff=0.6)
    return lacking[near[0]] if near else None


def _is_told_deeper(path: Path, told: Mapping[Path, FormFault]) -> bool:
    """Of the ways to read a value, the one that came farthest tells its fault."""
    return path[-1:] in {(name,) for name in _UNIONS} and any(
        p[: len(path)] == path and len(p) > len(path) for p in told
    )


def _in_file(loc: Sequence[str | int], values: Mapping[str, Any]) -> Path:
    """The path in the file: without the names of alternatives that the model tried."""
    path: Path = ()
    here: Any = values
    wants_kind = False
    for place, part in enumerate(loc):
        if wants_kind and part in CONDITION_WORDS:
            wants_kind = False
            continue
        if isinstance(here, Mapping) and (part in here or place == len(loc) - 1):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            continue
        path = (*path, part)
        wants_kind = _is_condition(path)
    return path


def _is_condition(path: Path) -> bool:
    return path[-1] in {"when", "not"} or (isinstance(path[-1], int) and path[-2] in {"all", "any"})


def _at(values: Mapping[str, Any], path: Path) -> object:
    here: Any = values
    for part in path:
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
    return here
