"""Looks a policy file through: its form, its meaning, the laws, and its own examples."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.contracts.policy import PolicyFile
from pipeline.domain.policy.examples import example_faults
from pipeline.domain.policy.located import Fault
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import Reading, read_as_far


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found. `tables` holds what the file says only where there is no fault. `examples`: how many were run."""

    faults: tuple[Fault, ...]
    tables: PolicyFile
    examples: int


def inspect(text: str) -> Inspection:
    """All faults, in order of lines. Examples are run beside faults, too: what will not do stands as shipped then."""
    reading = read_as_far(text)
    if reading.judge_by is None:
        return Inspection(reading.faults, reading.tables, 0)
    faults = {*reading.faults, *_of_examples(reading, reading.judge_by, text)}
    return Inspection(tuple(sorted(faults)), reading.tables, len(reading.tables.example))


def _of_examples(reading: Reading, tables: PolicyFile, text: str) -> Iterator[Fault]:
    for path, words in example_faults(Policy.of(tables, text)):
        if not reading.is_hurt(path):
            yield reading.told.fault(path, words)
