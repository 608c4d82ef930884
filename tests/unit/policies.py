"""Invents policies: rows of every kind over a small vocabulary, sound or not, and of these the sound ones."""

import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from typing import Any

from hypothesis import strategies as st

from pipeline.contracts.policy import PolicyFile
from pipeline.contracts.vocabulary import PlaceKind, Role
from pipeline.domain.policy.checks import faults_of
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import shipped_text

Row = dict[str, Any]
LABELS = {"zh": "字", "en": "words"}

CATEGORIES = ["child_protection", "elder_protection", "vulnerable_family", "suicide_risk", "other"]
FLAGS = ["life_threatened", "child_urgent", "other"]
INDICATORS = ["injury_visible", "abandoned", "age_under_6", "unemployment"]
CONDITIONS = ["drugs", "pregnant", "suicidal"]
RULES = ["rule_a", "rule_b", "rule_c"]
ROLES = [role.value for role in Role]
WORDS = {"category": CATEGORIES, "crisis_flag": FLAGS, "indicator": INDICATORS, "role": ROLES}
CODES = ["one", "two", "three", "injury_visible", "drugs", "age_under_6"]

SCREEN: Row = {
    "code": "elder_screen",
    "source": "a bureau's own",
    "override": {"field": "judged_high", "band": "grave"},
    "item": [
        {"field": "items.1"},
        {"field": "items.2", "reason": "two", "points": 3},
        {"field": "items.3", "values": [1, 5]},
        {"field": "home", "values": ["own", "none"]},
        {"field": "fear", "values": [0, 4], "sums": False},
    ],
    "band": [{"code": "light", "at_least": 2}, {"code": "grave", "at_least": 5}],
}


def labelled(row: Row) -> Row:
    return {**row, **LABELS}


@cache
def shipped_values() -> Mapping[str, Any]:
    return tomllib.loads(shipped_text())


def _some(words: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=3, unique=True)


def _told(fact: str) -> st.SearchStrategy[Row]:
    words = _some(WORDS[fact])
    return st.one_of(
        words.map(lambda w: {"told": fact, "any_of": w}),
        words.map(lambda w: {"told": fact, "only": w}),
        words.flatmap(lambda w: st.integers(1, len(w)).map(lambda n: {"told": fact, "any_of": w, "at_least": n})),
    )


_PEOPLE = st.just("anyone") | _some(ROLES)
_YEARS = st.sampled_from([1, 6, 12, 18, 65])
LEAVES: st.SearchStrategy[Row] = st.one_of(
    st.sampled_from(list(WORDS)).flatmap(_told),
    st.builds(lambda p, h: {"person": p, "has": h}, _PEOPLE, _some(CONDITIONS)),
    _YEARS.map(lambda n: {"victim_age_below": n}),
    _YEARS.map(lambda n: {"victim_age_at_least": n}),
    _YEARS.map(lambda n: {"all_victims_at_least": n}),
    st.sampled_from(RULES).map(lambda r: {"rule": r}),
    st.sampled_from(["family", "protective"]).map(lambda q: {"queue": q}),
    st.sampled_from([1, 2]).map(lambda g: {"child_grade": g}),
    st.sampled_from(["standard", "urgent", "immediate"]).map(lambda p: {"priority_at_least": p}),
    st.sampled_from(
        [
            {"instrument": "tipvda", "yes": ["items.4", "judged_high"]},
            {"instrument": "tipvda", "sum_at_least": 3},
            {"instrument": "tipvda", "band_from": "caution"},
            {"instrument": "tipvda", "band_from": "potential"},
            {"instrument": "bsrs5", "answer": "suicide_idea", "at_least": 2},
            {"instrument": "bsrs5", "band_from": "light"},
            {"instrument": "sdm_safety", "answer": "result", "any_of": ["unsafe"]},
            {"instrument": "elder_screen", "yes": ["items.1"]},
            {"instrument": "elder_screen", "answer": "fear", "at_least": 3},
            {"instrument": "elder_screen", "answer": "home", "any_of": ["none"]},
            {"instrument": "elder_screen", "sum_at_least": 4},
            {"instrument": "elder_screen", "band_from": "grave"},
        ]
    ),
)
CONDITION = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda c: {"all": c}),
        st.lists(inner, min_size=1, max_size=3).map(lambda c: {"any": c}),
        inner.map(lambda c: {"not": c}),
    ),
    max_leaves=4,
)
ALWAYS = {"always": True}


def _rows(field: str, values: Sequence[object], last: object) -> st.SearchStrategy[list[Row]]:
    """Rows of a table of which the first that holds decides, the gravest first."""
    rows = st.lists(st.tuples(st.sampled_from(values), CONDITION), max_size=4)
    return rows.map(
        lambda told: [
            labelled({"name": f"row_{n}", field: value, "when": when})
            for n, (value, when) in enumerate(
                [*sorted(told, key=lambda row: values.index(row[0])), (last, ALWAYS)],
            )
        ]
    )


def _coded(codes: Sequence[str]) -> st.SearchStrategy[list[Row]]:
    rows = st.lists(st.tuples(st.sampled_from(codes), CONDITION), max_size=6, unique_by=lambda row: row[0])
    return rows.map(lambda told: [labelled({"code": code, "when": when}) for code, when in told])


POINTS = st.sampled_from([0, 0, 3, 5, 20])
_LENGTH = st.one_of(
    st.sampled_from([12, 24, 96]).map(lambda n: {"hours": n}),
    st.sampled_from([1, 4, 30]).map(lambda n: {"calendar_days": n}),
    st.sampled_from([1, 3, 4, 10]).map(lambda n: {"working_days": n}),
)
_CLOCK = st.tuples(st.sampled_from(["dispatch", "visit", "report"]), _LENGTH, CONDITION)


def _clock(number: int, code: str, due: Row, when: Row) -> Row:
    return labelled({"code": code, "name": f"clock_{number}", "due": due, "law": "none", "when": when})


@st.composite
def any_tables(draw: st.DrawFn) -> Row:
    """The values of a policy file, sound or not."""
    values = deepcopy(dict(shipped_values()))
    del values["desk"]  # it names clocks and tags of the shipped policy, and decides nothing of a report
    for table in ("category", "crisis_flag", "indicator"):
        values[table] = [{**row, "points": draw(POINTS)} for row in values[table]]
    screen = {
        **labelled(SCREEN),
        "item": [labelled(item) for item in SCREEN["item"]],
        "band": [labelled(band) for band in SCREEN["band"]],
    }
    values["instrument"] = [*values["instrument"], screen]
    values["role"] = [labelled({"code": r, "points": draw(POINTS)}) for r in draw(_some(ROLES))]
    values["person"] = [labelled({"code": c, "person": draw(_PEOPLE), "points": draw(POINTS)}) for c in CONDITIONS]
    values["age"] = [
        labelled({"code": code, draw(st.sampled_from(["below", "at_least"])): draw(_YEARS), "points": draw(POINTS)})
        for code in draw(st.lists(st.sampled_from(CODES), max_size=2, unique=True))
    ]
    values["danger"] = [{**row, "points": draw(POINTS)} for row in draw(_coded(CODES))]
    values["rule"] = [labelled({"name": name, "when": draw(CONDITION)}) for name in RULES]
    values["queue"] = draw(_rows("queue", ["protective", "family"], "family"))
    values["child_grade"] = draw(_rows("grade", [1, 2, "none"], "none"))
    values["priority"] = draw(_rows("priority", ["immediate", "urgent", "standard", "routine"], "routine"))
    values["tag"] = draw(_coded(["tag_a", "tag_b", "tag_c"]))
    values["also"] = draw(_coded(["family", "education", "police"]))
    values["county"] = draw(_rows("places", [[kind.value for kind in PlaceKind]], ["residence"]))
    clocks = draw(st.lists(_CLOCK, max_size=5))
    values["clock"] = [
        *(_clock(n, *told) for n, told in enumerate(clocks)),
        _clock(99, "always", draw(_LENGTH), ALWAYS),
    ]
    values["stand_in"] = draw(st.sampled_from([{"indicator": "age_under_6", "below": 6}, None]))
    return {key: value for key, value in values.items() if value is not None}


def made_sound(values: Row) -> PolicyFile:
    """Without the rows that there are complaints about."""
    while True:
        tables = PolicyFile.model_validate(values)
        rows = {path[:2] for path, _ in faults_of(tables)}
        if not rows:
            return tables
        values = {
            key: [row for n, row in enumerate(table) if (key, n) not in rows] if isinstance(table, list) else table
            for key, table in values.items()
        }


@st.composite
def any_policy(draw: st.DrawFn) -> Policy:
    """A policy that passes every check."""
    return Policy.of(made_sound(draw(any_tables())), "")
