"""Reads a policy file: all that is wrong with it is found, with its line; one that is read can judge every case."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipeline.contracts.policy import PolicyFile
from pipeline.data import deployed
from pipeline.domain.policy.checks import faults_of
from pipeline.domain.policy.condition_checks import Complaint
from pipeline.domain.policy.guessing import meant
from pipeline.domain.policy.located import Fault, Located, Path, read_toml
from pipeline.domain.policy.mending import Mend, mend, with_meant_words, with_sound_rows
from pipeline.domain.policy.policy import Policy

SHIPPED = "default-2026.1.toml"


class PolicyFaultsError(ValueError):
    """A policy that cannot be used, with every fault that was found, in order of lines."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("; ".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as far as it can be read. `judge_by` are tables that cases can be judged by although there are faults:
    what will not do stands as in the shipped policy there. None where it has nothing to put in its place.
    """

    told: Located
    tables: PolicyFile
    faults: tuple[Fault, ...]
    judge_by: PolicyFile | None
    is_hurt: Callable[[Path], bool]


def read_policy(text: str) -> Policy:
    """Raises PolicyFaultsError. The examples are not run here."""
    reading = read_as_far(text)
    if reading.faults:
        raise PolicyFaultsError(reading.faults)
    return Policy.of(reading.tables, text)


def read_as_far(text: str) -> Reading:
    """Every fault of form and meaning; one that only follows from another is left out."""
    told = read_toml(text.removeprefix("\ufeff"))
    done = mend(told, _sound_values())
    complaints = [(p, words) for p, words in faults_of(done.tables) if not _follows(p, words, done)]
    found = (*told.broken, *(told.fault(f.path, f.words) for f in done.faults), *(told.fault(*c) for c in complaints))
    return Reading(told, done.tables, tuple(sorted(set(found))), _to_judge_by(done, complaints), done.touches)


def _to_judge_by(done: Mend, complaints: Sequence[Complaint]) -> PolicyFile | None:
    if not done.is_whole:
        return None
    tables = with_sound_rows(done.tables, [path for path, _ in complaints], _sound_values())
    if left := [(path, words) for path, words in faults_of(tables) if meant(words)]:
        tables = with_meant_words(tables, left)
    return None if any(_bars(path) for path, _ in faults_of(tables)) else tables


def _bars(path: Path) -> bool:
    """A condition that cannot be asked, or a table that may leave a case without an answer."""
    return len(path) == 1 or "when" in path


def _follows(path: Path, words: str, done: Mend) -> bool:
    return done.touches(path) or any(words.endswith(f" {word}") or f" {word};" in words for word in done.lost)


@lru_cache(maxsize=1)
def shipped() -> Policy:
    """The default policy, as it is shipped."""
    return read_policy(shipped_text())


@lru_cache(maxsize=1)
def _sound_values() -> Mapping[str, Any]:
    return tomllib.loads(shipped_text())


def shipped_text() -> str:
    """The default policy's file."""
    return deployed("policy").joinpath(SHIPPED).read_text("utf-8")
