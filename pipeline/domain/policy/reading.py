"""Reads a policy file: all that is wrong with it is found, with its line; one that is read can judge every case."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.contracts.policy import PolicyFile
from pipeline.contracts.policy_conditions import CONDITION_WORDS
from pipeline.data import deployed
from pipeline.domain.policy.checks import faults_of
from pipeline.domain.policy.located import Fault, Located, read_toml
from pipeline.domain.policy.policy import Policy

SHIPPED = "default-2026.1.toml"

_WORDS = {
    "missing": "this key is missing",
    "extra_forbidden": "this key is not known",
    "too_short": "this is empty",
    "string_too_short": "this is empty",
    "string_pattern_mismatch": "small letters, digits and underscores are wanted",
    "union_tag_not_found": "this is no condition",
}
"""Said in place of the library's words where those would puzzle a person."""


class PolicyFaultsError(ValueError):
    """A policy that cannot be used, with every fault that was found, in order of lines."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("; ".join(map(str, self.faults)))


def read_policy(text: str) -> Policy:
    """Raises PolicyFaultsError. The examples are not run here."""
    told = read_toml(text.removeprefix("\ufeff"))
    try:
        tables = PolicyFile.model_validate(told.values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=True, include_input=False)
        raise PolicyFaultsError([*told.broken, *_faults(found, told)]) from None
    faults = [*told.broken, *(told.fault(path, words) for path, words in faults_of(tables))]
    if faults:
        raise PolicyFaultsError(faults)
    return Policy.of(tables, text)


@lru_cache(maxsize=1)
def shipped() -> Policy:
    """The default policy, as it is shipped."""
    return read_policy(deployed("policy").joinpath(SHIPPED).read_text("utf-8"))


def _faults(found: Sequence[ErrorDetails], told: Located) -> Iterator[Fault]:
    for error in found:
        path = _in_file(error["loc"], told.values)
        words = _WORDS.get(error["type"]) or error["msg"].removeprefix("Value error, ")
        yield told.fault(path, words[:1].lower() + words[1:])


def _in_file(loc: Sequence[str | int], values: Mapping[str, Any]) -> list[str | int]:
    """The path in the file: without the names of alternatives that the model tried."""
    path: list[str | int] = []
    here: Any = values
    for place, part in enumerate(loc):
        is_last = place == len(loc) - 1
        if isinstance(here, Mapping) and (part in here or (is_last and part not in CONDITION_WORDS)):
            here = here.get(part)
            path.append(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
            path.append(part)
    return path
