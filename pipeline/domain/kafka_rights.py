"""Who may do what at the broker. Whoever is not named here may do nothing there, but for the operator, who may all."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pipeline.contracts.topics import OUTGOING

INTAKE_PREFIX: Final = "intake."
OPERATOR: Final = "anwang.operate"
QUEUES: Final = tuple(topic for topic in OUTGOING if topic.startswith("queue."))


class On(StrEnum):
    TOPIC = "topic"
    GROUP = "group"


class Operation(StrEnum):
    """Whoever may read or write may describe, too."""

    READ = "read"
    WRITE = "write"
    DESCRIBE = "describe"


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """`is_prefix`: on all whose names begin so."""

    on: On
    name: str
    operation: Operation
    is_prefix: bool = False


def rights_of_processes(group: str) -> Mapping[str, frozenset[Right]]:
    """Each process's rights, by its principal. `group` is the consumer group of the assess processes."""
    return {
        "anwang.assess": frozenset({_intake(Operation.READ), Right(On.GROUP, group, Operation.READ)}),
        "anwang.relay": frozenset({*_outgoing(Operation.READ), *_outgoing(Operation.WRITE)}),
        "anwang.auditor": frozenset({_intake(Operation.READ), *_outgoing(Operation.READ)}),
        "anwang.intake": frozenset({_intake(Operation.WRITE)}),
        "anwang.feeds": frozenset({_intake(Operation.WRITE)}),
        "anwang.desk": frozenset({_intake(Operation.WRITE)}),
    }


def rights_of_source(topic: str) -> frozenset[Right]:
    """It writes to its own topic; it reads nothing, not even that."""
    return frozenset(Right(On.TOPIC, topic, o) for o in (Operation.WRITE, Operation.DESCRIBE))


def rights_of_reader(principal: str) -> frozenset[Right]:
    """It reads the queues of all centres, in groups that begin with its own name."""
    own_groups = Right(On.GROUP, f"{principal}.", Operation.READ, is_prefix=True)
    return frozenset({own_groups, *(Right(On.TOPIC, topic, Operation.READ) for topic in QUEUES)})


def source_principal(code: str) -> str:
    """A code has no dot, so no source can be called like a process."""
    return f"source.{code}"


def reader_principal(name: str) -> str:
    return f"reader.{name}"


def _intake(operation: Operation) -> Right:
    return Right(On.TOPIC, INTAKE_PREFIX, operation, is_prefix=True)


def _outgoing(operation: Operation) -> tuple[Right, ...]:
    return tuple(Right(On.TOPIC, topic, operation) for topic in OUTGOING)
