"""Each process's rights at the broker are what its steps in the journey need."""

from fnmatch import fnmatchcase

import pytest

from pipeline.contracts.topics import OUTGOING, intake_topic
from pipeline.domain.directory import source_of
from pipeline.domain.kafka_rights import (
    QUEUES,
    On,
    Operation,
    Right,
    reader_principal,
    rights_of_processes,
    rights_of_reader,
    rights_of_source,
    source_principal,
)
from pipeline.flow import FLOW

GROUP = "anwang-assess"
TOPICS = (intake_topic("clinic"), intake_topic("hotline", "hotline-113"), *OUTGOING)
PROCESSES = sorted({step.process for step in FLOW})


def may(rights: frozenset[Right], operation: Operation) -> set[str]:
    on_topics = [r for r in rights if r.on is On.TOPIC and r.operation is operation]
    return {t for t in TOPICS for r in on_topics if (t.startswith(r.name) if r.is_prefix else t == r.name)}


def named(names: tuple[str, ...]) -> set[str]:
    return {topic for topic in TOPICS for name in names if "." in name and fnmatchcase(topic, name)}


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_may_read_what_its_steps_take_and_write_what_they_give(process: str) -> None:
    rights = rights_of_processes(GROUP).get(f"anwang.{process}", frozenset())
    steps = [step for step in FLOW if step.process == process]
    assert may(rights, Operation.READ) == {t for step in steps for t in named(step.takes)}
    assert may(rights, Operation.WRITE) == {t for step in steps for t in named(step.gives)}


def test_only_the_assess_processes_have_a_group() -> None:
    groups = {p: {r for r in rights if r.on is On.GROUP} for p, rights in rights_of_processes(GROUP).items()}
    assert {p for p, found in groups.items() if found} == {"anwang.assess"}
    assert groups["anwang.assess"] == {Right(On.GROUP, GROUP, Operation.READ)}


def test_every_account_of_a_process_is_of_one_that_runs() -> None:
    assert {p.removeprefix("anwang.") for p in rights_of_processes(GROUP)} <= set(PROCESSES)


def test_a_source_may_write_to_its_own_topic_and_do_nothing_else() -> None:
    rights = rights_of_source("intake.hotline.113.v1")
    assert may(rights, Operation.WRITE) == {"intake.hotline.113.v1"}
    assert may(rights, Operation.READ) == set()
    assert {right.on for right in rights} == {On.TOPIC}


def test_a_reader_reads_the_queues_and_writes_nothing() -> None:
    rights = rights_of_reader("reader.statistics")
    assert may(rights, Operation.READ) == set(QUEUES)
    assert may(rights, Operation.WRITE) == set()


@pytest.mark.parametrize("code", ["assess", "operate", "kafka"])
def test_no_source_and_no_reader_can_be_called_like_a_process(code: str) -> None:
    taken = {*rights_of_processes(GROUP), "anwang.operate"}
    assert not {source_principal(code), reader_principal(code)} & taken
    with pytest.raises(ValueError, match="small letters"):
        source_of({"source": f"anwang.{code}", "kind": "clinic", "role": "medical"})
