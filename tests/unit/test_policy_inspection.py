"""Mistakes that a bureau makes in a policy file: each is told once, with its line, however many there are."""

import tomllib
from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import date
from typing import Any, NamedTuple

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.policy.inspection import inspect
from pipeline.domain.policy.reading import shipped_text
from pipeline.domain.policy.toml_breaks import mended

TEXT = shipped_text()


class Mistake(NamedTuple):
    """`old` becomes `new` where it first stands after `after`; the fault is at the line of `at`, and says `says`."""

    name: str
    after: str
    old: str
    new: str
    at: str
    says: str


MISTAKES = [
    Mistake("unknown key", "indicator = [", "points = 8, zh", "points = 8, colour = 1, zh", "colour", "not known"),
    Mistake("misspelt key", "indicator = [", "points = 6, zh", "pionts = 6, zh", "pionts", "is points meant?"),
    Mistake(
        "misspelt indicator", "[[rule]]", '["repeat_harm"]', '["repeat_harms"]', "repeat_harms", "is repeat_harm meant?"
    ),
    Mistake(
        "misspelt category",
        "\ncategory",
        '"elder_protection"',
        '"elder_protecton"',
        "elder_protecton",
        "is elder_protection",
    ),
    Mistake(
        "empty condition",
        'code = "education"',
        'when = { told = "role", any_of = ["child_witness"] }',
        "when = {}",
        "when = {}",
        "this is empty",
    ),
    Mistake("empty list", 'code = "youth_guidance"', '["youth_at_risk"]', "[]", "any_of = []", "this is empty"),
    Mistake(
        "missing label",
        "\nage",
        ', en = "Under eighteen years old"',
        "",
        'code = "age_under_18"',
        "en: this key is missing",
    ),
    Mistake(
        "missing label of a new row",
        "role = [",
        '    { code = "child_witness"',
        '    { code = "guardian", points = 1, zh = "x" },\n    { code = "child_witness"',
        '"guardian", points',
        "en: this key is missing",
    ),
    Mistake("negative points", "indicator = [", "points = 12", "points = -12", "points = -12", "at least 0"),
    Mistake("too many points", "crisis_flag = [", "points = 15", "points = 150", "points = 150", "at most 100"),
    Mistake(
        "text for a number", "person = [", "points = 8", 'points = "8"', 'points = "8"', "a whole number is wanted"
    ),
    Mistake("fraction", "person = [", "points = 6", "points = 6.5", "points = 6.5", "a whole number is wanted"),
    Mistake(
        "missing points",
        'code = "safety_with_plan"',
        "points = 5\n",
        "",
        '[[danger]]\ncode = "safety_with_plan"',
        "points: this key is missing",
    ),
    Mistake(
        "order that lowers",
        'name = "suicide_risk"',
        'priority = "standard"',
        'priority = "urgent"',
        'priority = "urgent"\nzh = "自殺風險"',
        "graver than the row above",
    ),
    Mistake(
        "missing last row",
        'name = "residence_first"',
        "when = { always = true }",
        'when = { priority_at_least = "standard" }',
        'when = { priority_at_least = "standard" }',
        "the last row must be",
    ),
    Mistake(
        "clock that is longer above",
        'name = "grade_1_report"',
        "calendar_days = 4",
        "calendar_days = 40",
        "due = { calendar_days = 30 }",
        "shorter here than",
    ),
    Mistake(
        "clock of two units",
        'code = "dispatch"',
        "{ hours = 24 }",
        "{ hours = 24, calendar_days = 1 }",
        "calendar_days = 1 }",
        "say one of hours",
    ),
    Mistake(
        "duplicate code",
        'code = "financial_abuse"',
        '"financial_abuse"',
        '"perpetrator_alcohol"',
        'code = "perpetrator_alcohol", points = 4, zh = "相對人酗酒"',
        "perpetrator_alcohol is there twice",
    ),
    Mistake(
        "unknown rule", 'code = "ipv_high_danger"', '"ipv_high" }', '"ipv_hihg" }', "ipv_hihg", "is ipv_high meant?"
    ),
    Mistake(
        "rule that leads back",
        'name = "child_in_danger"',
        '{ rule = "child_injured" }',
        '{ rule = "child_in_danger" }',
        '{ rule = "child_in_danger" },',
        "leads back to itself",
    ),
    Mistake(
        "broken line",
        'code = "suicide_prevention"',
        'en = "Suicide prevention"',
        "en = Suicide prevention",
        "en = Suicide",
        "not TOML",
    ),
    Mistake("broken row", "category = [", "points = 3, zh", "points 3, zh", "points 3, zh", "not TOML"),
    Mistake("bad date", "", "2026-01-01", "2026-13-01", "2026-13-01", "not TOML"),
    Mistake("day that is none", "[calendar.off]", '"06-10"', '"06-31"', '"06-31"', "is no day"),
    Mistake("day that is no text", "[calendar.off]", '"10-24"', "10-24", "10-24,", "not TOML"),
    Mistake(
        "example that comes out otherwise",
        "急迫並連結自殺防治",
        "score = 14",
        "score = 15",
        "score = 15",
        "expected 15, but it is 14",
    ),
    Mistake(
        "quotation mark missing",
        'code = "mental_health"\nzh',
        'zh = "心理衛生"',
        'zh = "心理衛生',
        'zh = "心理衛生\n',
        "a quotation mark is missing",
    ),
    Mistake(
        "quotation mark missing in a row",
        "crisis_flag = [",
        '"生命受對方或家人威脅"',
        '"生命受對方或家人威脅',
        "life_threatened",
        "a quotation mark is missing",
    ),
    Mistake("full-width digits", "indicator = [", "points = 5", "points = ５", "points = ５", "half-width"),
    Mistake(
        "full-width quotation marks",
        'code = "substance_use"\nzh',
        'en = "Substance use"',
        "en = “Substance use”",
        "en = “Substance use”",
        "half-width",
    ),
    Mistake(
        "text without quotation marks",
        'code = "family"\nzh',
        'zh = "社會福利服務中心"',
        "zh = 社會福利服務中心",
        "zh = 社會福利服務中心",
        "stands between quotation marks",
    ),
    Mistake(
        "tab in a code", "indicator = [", '"utilities_cut"', '"utilities\\tcut"', "utilities\\tcut", "small letters"
    ),
    Mistake(
        "capital letters in a name",
        "[[queue]]",
        '"child_in_danger"',
        '"Child in danger"',
        '"Child in danger"',
        "small letters",
    ),
    Mistake(
        "key twice",
        'name = "confinement"\npriority',
        'zh = "遭拘禁"',
        'zh = "遭拘禁"\nzh = "拘禁"',
        'zh = "拘禁"',
        "this key is there twice",
    ),
    Mistake("bracket not closed", 'name = "protective_category"', "] }", "}", "when = {", "bracket"),
    Mistake(
        "unknown word for a condition",
        'name = "disability"',
        'told = "category"',
        'tells = "category"',
        'tells = "category"',
        "a condition is one of",
    ),
    Mistake(
        "two conditions in one",
        'name = "safety_unsafe"',
        'any_of = ["unsafe"]',
        'any_of = ["unsafe"], queue = "family"',
        'queue = "family" }',
        "not known here",
    ),
    Mistake(
        "answer that is not on the scale",
        'name = "suicide_idea"',
        "at_least = 2",
        "at_least = 9",
        "at_least = 9",
        "the values at",
    ),
    Mistake("band that is none", 'name = "ipv_high"', '"high" }', '"hihg" }', "hihg", "is high meant?"),
    Mistake(
        "danger that a danger undoes",
        'code = "youth_guidance"',
        "when = { told",
        'when = { not = { told = "category", any_of = ["other"] } } # { told',
        "when = { not",
        "would undo",
    ),
    Mistake(
        "two worths", 'reason = "tipvda_strangulation"', "points = 20", "points = 19", "points = 19", "points elsewhere"
    ),
    Mistake("unknown role", '    { code = "pregnant"', '["victim"]', '["victims"]', '["victims"]', "is victim meant?"),
    Mistake("somebody who is nobody", '    { code = "suicidal"', '"anyone"', '"everybody"', '"everybody"', "anyone"),
    Mistake(
        "unknown queue",
        'name = "tipvda_high"\nqueue',
        '"protective"',
        '"protectve"',
        '"protectve"',
        "is protective meant?",
    ),
    Mistake("grade three", 'name = "grade_2_child_in_danger"', "grade = 2", "grade = 3", "grade = 3", "known are"),
    Mistake(
        "grade as a text",
        'name = "grade_2_child_in_danger"',
        "grade = 2",
        'grade = "2"',
        'grade = "2"',
        "is 2 meant? Write it without quotation marks",
    ),
    Mistake(
        "grade asked for as a text",
        'name = "grade_2_report"',
        "{ child_grade = 2 }",
        '{ child_grade = "2" }',
        'child_grade = "2"',
        "is 2 meant?",
    ),
    Mistake(
        "a length of an unknown unit",
        'code = "dispatch"',
        "{ hours = 24 }",
        "{ weeks = 1 }",
        "weeks = 1",
        "weeks: this key is not known here",
    ),
    Mistake(
        "misspelt key of a condition",
        'name = "child_in_danger"',
        "any_of",
        "anyof",
        "anyof",
        "anyof: this key is not known here",
    ),
    Mistake(
        "worked day of the week", "[calendar.worked]", '2024 = ["02-17"]', '2024 = ["02-19"]', "02-19", "no weekend"
    ),
    Mistake("unknown table", "", "[calendar]\n", "[calender]\nx = 1\n\n[calendar]\n", "[calender]", "not known"),
    Mistake("one bracket for two", 'name = "child_injured"', "[[rule]]", "[rule]", "[rule]", "begins with [[rule]]"),
    Mistake(
        "comma missing",
        "crisis_flag = [",
        'en = "A matter that cannot wait" },',
        'en = "A matter that cannot wait" }',
        "urgent_matter",
        "a comma is missing",
    ),
    Mistake(
        "list not closed",
        "\nage = [",
        'en = "Under eighteen years old" },\n]',
        'en = "Under eighteen years old" },\n',
        "age = [",
        "is not closed",
    ),
    Mistake(
        "true in capitals",
        'name = "lethality_or_confinement"',
        "raised = true",
        "raised = True",
        "raised = True",
        "write true or false",
    ),
    Mistake("misspelt table", 'code = "mental_health"\nzh', "[[also]]", "[[alsoo]]", "[[alsoo]]", "is also meant?"),
    Mistake(
        "too many brackets",
        'name = "small_child_injured"',
        "{ victim_age_below = 6 }",
        "{ any = [" * 50 + "{ victim_age_below = 6 }" + "] }" * 50,
        "when = {",
        "too many",
    ),
    Mistake(
        "an answer with a question too many",
        'name = "safety_unsafe"',
        'any_of = ["unsafe"]',
        'any_of = ["unsafe"], sum_at_least = 3',
        "sum_at_least = 3",
        "say one of",
    ),
    Mistake(
        "days in a wrong order",
        "",
        "effective_from = 2026-01-01",
        "effective_from = 2026-01-01\neffective_to = 2025-12-31",
        "effective_to",
        "before effective_from",
    ),
    Mistake(
        "always in the middle",
        'name = "suicide_idea_to_refer"\npriority',
        'when = { rule = "suicide_idea" }',
        "when = { always = true }",
        "when = { always",
        "never reached",
    ),
    Mistake(
        "an expectation that is no time",
        "脆弱家庭：十日內訪視",
        '"2026-03-03T12:00:00+08:00"',
        '"tomorrow"',
        "clocks =",
        "expected dispatch tomorrow",
    ),
]


def with_mistakes(mistakes: Sequence[Mistake]) -> str:
    text = TEXT
    for mistake in mistakes:
        at = text.index(mistake.old, text.index(mistake.after))
        text = text[:at] + mistake.new + text[at + len(mistake.old) :]
    return text


def line_of(text: str, mistake: Mistake) -> int:
    begin = 0 if mistake.at.startswith("[[") else max(0, text.find(mistake.after))
    return text.count("\n", 0, text.index(mistake.at, begin)) + 1


@given(st.permutations(MISTAKES))
@settings(max_examples=15, deadline=None)
def test_mistakes_in_one_file_are_all_told(shuffled: list[Mistake]) -> None:
    mistakes = _apart(shuffled)[:5]
    text = with_mistakes(mistakes)
    found = [(fault.line, str(fault)) for fault in inspect(text).faults]
    assert [line for line, _ in found] == sorted(line_of(text, m) for m in mistakes), (mistakes, found)


LINES = TEXT.split("\n")
SIGNS = list("\"[]{}=,#.'\n０＂「x1-_ ")


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_whatever_happens_to_its_lines_a_file_is_looked_through_to_its_end(data: st.DataObject) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["gone", "doubled", "elsewhere", "sign"])):
            case "gone":
                del lines[place]
            case "doubled":
                lines.insert(place, lines[place])
            case "elsewhere":
                lines.insert(data.draw(st.integers(0, len(lines) - 1)), lines.pop(place))
            case "sign":
                at = data.draw(st.integers(0, len(lines[place])))
                lines[place] = lines[place][:at] + data.draw(st.sampled_from(SIGNS)) + lines[place][at:]
    text = "\n".join(lines)
    assert all(1 <= fault.line <= text.count("\n") + 1 and fault.text for fault in inspect(text).faults)


VALUES = tomllib.loads(TEXT)
ODD: list[Any] = [0, -1, 10**30, "x", "", [], {}, True, 1.5, date(2027, 1, 1), [1, "x"], {"a": 1}, [{}]]


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _paths(one, (*path, key))


@given(st.lists(st.sampled_from(list(_paths(VALUES))), min_size=1, max_size=3), st.sampled_from(ODD))
@settings(max_examples=30, deadline=None)
def test_whatever_stands_where_something_else_should_a_file_is_looked_through_to_its_end(
    paths: list[tuple[str | int, ...]], odd: object
) -> None:
    values: Any = deepcopy(VALUES)
    for *outer, last in paths:
        holder = values
        for part in outer:
            fits = isinstance(holder, dict) or (isinstance(holder, list) and isinstance(part, int))
            holder = holder[part] if fits and (isinstance(holder, list) or part in holder) and holder else None
        if isinstance(holder, dict) or (isinstance(holder, list) and holder):
            holder[last] = odd
    text = tomlkit.dumps(values)
    assert all(1 <= fault.line <= text.count("\n") + 1 and fault.text for fault in inspect(text).faults)


def _apart(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """Those whose changes do not fall on one another's."""
    spans = [(TEXT.index(m.old, TEXT.index(m.after)), m) for m in mistakes]
    taken: list[tuple[int, Mistake]] = []
    for at, mistake in spans:
        if all(abs(TEXT.count("\n", 0, at) - TEXT.count("\n", 0, other)) > 8 for other, _ in taken):
            taken.append((at, mistake))
    return [m for _, m in taken]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_a_mistake_is_told_once_and_at_its_line(mistake: Mistake) -> None:
    text = with_mistakes([mistake])
    found = [(fault.line, str(fault)) for fault in inspect(text).faults]
    assert [line for line, _ in found] == [line_of(text, mistake)], found
    assert mistake.says in found[0][1]


@pytest.mark.parametrize(
    "text",
    [
        "a = [\n  { b = 1 }, # why\n\n[x]\ny = 1\n",
        'a = [\n  { b = "#" }, # why\n\n[x]\ny = 1\n',
        "a = [\n  'it' # 's\n\n[x]\ny = 1\n",
        'a = [\n  { b = 1 } # "\n\n[x]\ny = 1\n',
    ],
)
def test_a_list_that_is_not_closed_behind_a_comment_is_told_once(text: str) -> None:
    found = mended(text)
    assert [line for line, _ in found.breaks] == [1]
    assert "not closed" in found.breaks[0][1]
