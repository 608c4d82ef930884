"""Learns what each level of each aspect weighs: from reports whose truth is known, or from reports alone."""

import json
import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.commands.lines import lines_of
from pipeline.contracts.envelope import Unreadable
from pipeline.domain import expectation
from pipeline.domain.comparison import levels
from pipeline.domain.directory import Directory
from pipeline.domain.evidence import Profile, compare, profile, together
from pipeline.domain.facts import Facts
from pipeline.domain.neighbours import Neighbours
from pipeline.domain.normalise.reading import read_event
from pipeline.domain.weights import Bits, Weights, weights, written
from pipeline.errors import AnwangError
from pipeline.local.bench.truth import Groups, read_truth

Pattern = expectation.Pattern

HOUSEHOLD_SMOOTHNESS, INCIDENT_SMOOTHNESS = 0.3, 0.1
"""Inverse strength of the regularisation: the smaller, the nearer to 0 are the bits of what is seldom seen."""

ROUNDS_MAX = 400
LIKELY = 0.5


class LearnError(AnwangError):
    """Nothing can be learnt; the text says why."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """The pairs of one file that keys lead to, with how they agree; the two answers are None where no truth is known.
    `worth` is what one of its pairs counts.
    """

    patterns: tuple[Pattern, ...]
    household: tuple[bool, ...] | None
    incident: tuple[bool, ...] | None
    first: tuple[tuple[float, float], ...]
    worth: float = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Files of reports, and of each in turn the truth and what one of its pairs counts; either may be left out."""

    files: Sequence[str]
    truths: Sequence[Path] = ()
    worths: Sequence[float] = ()


def learn(asked: Asked, out: Path, version: str, directory: Directory) -> None:
    """Writes weights learnt from these files, each with its truth or all without; thresholds stay as they are. Raises
    LearnError, TruthError.
    """
    files, truths, worths = asked.files, asked.truths, asked.worths
    if truths and len(truths) != len(files):
        raise LearnError("every file needs its truth, or none has any")
    if worths and len(worths) != len(files):
        raise LearnError("every file needs its worth, or none has any")
    lessons = [
        replace(lesson_of(_read(file, directory), read_truth(truths[n]) if truths else None), worth=worth)
        for n, (file, worth) in enumerate(zip(files, worths or [1.0] * len(files), strict=True))
    ]
    pairs = sum(len(lesson.patterns) for lesson in lessons)
    if not pairs:
        raise LearnError("no two reports have anything in common")
    learnt = by_truth(lessons) if truths else without_truth(lessons)
    out.write_text(written(replace(learnt, version=version)), "utf-8")
    sys.stdout.write(f"{pairs} pairs, {len(learnt.table)} levels: {out}\n")


def _read(file: str, directory: Directory) -> list[list[tuple[str, Facts]]]:
    """The versions of each report with their event ids, in order of arrival."""
    reports: dict[tuple[str, str], list[tuple[str, Facts]]] = {}
    now = datetime.now(UTC)
    for number, (_, line) in enumerate(lines_of(file)):
        reading = read_event(line, (), now, directory)
        if isinstance(reading, Unreadable):
            continue
        facts = reading.facts
        versions = reports.setdefault((facts.source, facts.report_no or f"\n{number}"), [])
        if all(event_id != facts.event_id for event_id, _ in versions):
            versions.append((facts.event_id, facts))
    return list(reports.values())


def lesson_of(reports: Sequence[Sequence[tuple[str, Facts]]], truth: dict[str, Groups] | None) -> Lesson:
    """Reports of which the truth is not told are left out, if there is a truth."""
    known = [r for r in reports if truth is None or r[0][0] in truth]
    whole = [together([facts for _, facts in versions]) for versions in known]
    profiles = [profile(facts) for facts in whole]
    pairs = tuple(_pairs(whole))
    patterns = tuple(tuple(levels(profiles[i], profiles[j])) for i, j in pairs)
    if truth is not None:
        groups = [truth[versions[0][0]] for versions in known]
        household = tuple(groups[i].household == groups[j].household for i, j in pairs)
        return Lesson(patterns, household, tuple(groups[i].incident == groups[j].incident for i, j in pairs), ())
    return Lesson(patterns, None, None, tuple(_guess(profiles[i], profiles[j]) for i, j in pairs))


def _guess(one: Profile, other: Profile) -> tuple[float, float]:
    found = compare(one, other)
    return found.household, found.incident / found.household if found.household else 0.0


def _pairs(reports: Sequence[Facts]) -> Iterator[tuple[int, int]]:
    """Each report with those before it that it would be compared with live."""
    neighbours = Neighbours()
    for position, facts in enumerate(reports):
        yield from ((other, position) for other in sorted(neighbours.of(facts)))
        neighbours.add(position, facts)


def by_truth(lessons: Sequence[Lesson]) -> Weights:
    """Regularised logistic regression: its coefficients are weights of evidence that allow for what aspects share."""
    patterns = [pattern for lesson in lessons for pattern in lesson.patterns]
    household = [is_one for lesson in lessons for is_one in lesson.household or ()]
    incident = [is_one for lesson in lessons for is_one in lesson.incident or ()]
    worth = [lesson.worth for lesson in lessons for _ in lesson.patterns]
    of_household = _logistic(patterns, household, worth, HOUSEHOLD_SMOOTHNESS)
    inside = [n for n, is_one in enumerate(household) if is_one]
    of_incident = _logistic(
        [patterns[n] for n in inside], [incident[n] for n in inside], [worth[n] for n in inside], INCIDENT_SMOOTHNESS
    )
    return _weights(of_household, of_incident)


def without_truth(lessons: Sequence[Lesson]) -> Weights:
    """Expectation maximisation, which begins with what the weights in use say."""
    patterns = [pattern for lesson in lessons for pattern in lesson.patterns]
    guesses = [guess for lesson in lessons for guess in lesson.first]
    of_household = _expected(patterns, [household for household, _ in guesses])
    inside = [n for n, pattern in enumerate(patterns) if of_household.probability(pattern) >= LIKELY]
    of_incident = _expected([patterns[n] for n in inside], [guesses[n][1] for n in inside])
    return _weights(of_household, of_incident)


def _expected(patterns: Sequence[Pattern], guesses: Sequence[float]) -> expectation.Learnt:
    return expectation.learn(Counter(patterns), dict(zip(patterns, guesses, strict=True)))


def _weights(household: expectation.Learnt, incident: expectation.Learnt) -> Weights:
    seen = sorted({*household.bits, *incident.bits})
    table: dict[tuple[str, str], Bits] = {
        level: (household.bits.get(level, 0.0), incident.bits.get(level, 0.0)) for level in seen
    }
    return replace(weights(), prior_household=household.prior, prior_incident=incident.prior, table=table)


def _logistic(
    patterns: Sequence[Pattern], answers: Sequence[bool], worth: Sequence[float], smoothness: float
) -> expectation.Learnt:
    """Raises LearnError where there are no two answers to tell apart, or scikit-learn is not installed."""
    if len(set(answers)) < len((False, True)):
        raise LearnError("the truth tells of no pair that belongs together, or of none that does not")
    try:
        from sklearn.feature_extraction import DictVectorizer  # noqa: PLC0415 - an extra that only learning needs
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    except ImportError:
        raise LearnError("learning from a truth needs scikit-learn: pip install 'anwang[learn]'") from None
    known = DictVectorizer()
    rows = known.fit_transform([{json.dumps(level): 1 for level in pattern} for pattern in patterns])
    model = LogisticRegression(C=smoothness, max_iter=ROUNDS_MAX).fit(rows, answers, sample_weight=worth)
    names = (tuple(json.loads(name)) for name in known.get_feature_names_out())
    bits = {level: float(c) / math.log(2) for level, c in zip(names, model.coef_[0], strict=True)}
    return expectation.Learnt(float(model.intercept_[0]) / math.log(2), bits)
