"""Every complaint about the meaning of a policy, planted into the shipped one: it is told, alone, and at its line."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts.limits import FORM_FIELDS_MAX
from pipeline.domain.policy.inspection import inspect
from pipeline.domain.policy.instrument_checks import KNOWN_FORMS
from pipeline.domain.policy.located import Fault
from pipeline.domain.policy.own_words import OWN_TAGS
from pipeline.domain.policy.reading import PolicyFaultsError, read_policy, shipped_text

TEXT = shipped_text()
RULES = "# --- Named conditions"


class Plant(NamedTuple):
    """`old` becomes `new` where it first stands after `after`; the fault is at the first line that holds `at`."""

    after: str
    old: str
    new: str
    at: str
    says: str


def tag(when: str, says: str) -> Plant:
    """A condition of a tag: no further danger may undo it, and queue, grade and priority are known."""
    return Plant('code = "ipv_high_danger"', 'when = { rule = "ipv_high" }', f"when = {when}", f"when = {when}", says)


def danger(when: str, says: str) -> Plant:
    """A condition that bears points."""
    return Plant('code = "suicide_idea"', 'when = { rule = "suicide_idea" }', f"when = {when}", f"when = {when}", says)


def own_scale(body: str, at: str, says: str, code: str = "screen") -> Plant:
    block = f'[[instrument]]\ncode = "{code}"\nzh = "量表"\nen = "Screen"\nsource = "our own"\n{body}\n\n'
    return Plant("", RULES, block + RULES, at, says)


UNDONE = "one more danger would undo this"
LABELS = 'zh = "題", en = "Item"'
YES = f'item = [{{ field = "a", {LABELS} }}]'
MANY = [f'{{ field = "a{n}", {LABELS} }}' for n in range(FORM_FIELDS_MAX + 1)]

PLANTS = {
    "indicator that stands in": Plant("", '{ indicator = "age_under_6"', '{ indicator = "aged"', "stand_in", "aged"),
    "category without a row": Plant(
        "category = [",
        '    { code = "youth_at_risk", points = 4, zh = "少年偏差或曝險", en = "Youth at risk" },\n',
        "",
        "category = [",
        "there is no row for youth_at_risk",
    ),
    "reason of the program": Plant(
        "indicator = [", '"neglect"', '"unknown_indicator"', '"unknown_indicator"', "by the program itself"
    ),
    "condition of a person twice": Plant(
        "person = [",
        '    { code = "suicidal"',
        f'    {{ code = "suicidal", person = ["victim"], points = 8, {LABELS} }},\n    {{ code = "suicidal"',
        'code = "suicidal", person = "anyone"',
        "twice for one role",
    ),
    "raised to the family queue": Plant(
        'name = "all_the_rest_to_family_service"',
        'queue = "family"',
        'queue = "family"\nraised = true # here',
        "raised = true # here",
        "only a case of the protective queue",
    ),
    "clock that is never reached": Plant(
        'name = "grade_1_report"', "when = { child_grade = 1 }", "when = { always = true }", "always", "never reached"
    ),
    "no clock that always runs": Plant(
        'name = "every_incident"', "{ always = true }", '{ queue = "family" }', "[[clock]]", "at least one clock"
    ),
    "clock of another unit below": Plant(
        'name = "grade_2_report"', "calendar_days = 30", "working_days = 30", "working_days = 30", "is shorter here"
    ),
    "working day that is off, too": Plant("[calendar.worked]", '"02-17"', '"02-12"', '2024 = ["02-12"]', "is off, too"),
    "day twice": Plant("[calendar.off]", '"02-08"', '"01-01"', '"01-01", "01-01"', "2024-01-01 is there twice"),
    "always inside another condition": tag("{ any = [{ always = true }] }", "always stands alone"),
    "indicators that may not be": tag('{ not = { told = "indicator", any_of = ["neglect"] } }', UNDONE),
    "indicators and no others": tag('{ told = "indicator", only = ["neglect"] }', UNDONE),
    "not only these indicators": tag('{ not = { told = "indicator", only = ["neglect"] } }', UNDONE),
    "not only these flags": tag('{ not = { told = "crisis_flag", only = ["other"] } }', UNDONE),
    "condition that nobody may have": tag('{ not = { person = "anyone", has = ["drugs"] } }', UNDONE),
    "answer that may not be": tag('{ not = { instrument = "tipvda", yes = ["items.1"] } }', UNDONE),
    "victim who may not be young": tag("{ not = { victim_age_below = 6 } }", UNDONE),
    "victim who may not be old": tag("{ not = { victim_age_at_least = 65 } }", UNDONE),
    "victims who must all be adults": tag("{ all_victims_at_least = 18 }", UNDONE),
    "family queue": tag('{ queue = "family" }', UNDONE),
    "not the protective queue": tag('{ not = { queue = "protective" } }', UNDONE),
    "not this grade": tag("{ not = { child_grade = 1 } }", UNDONE),
    "not this priority": tag('{ not = { priority_at_least = "urgent" } }', UNDONE),
    "grade 2 alone": tag("{ child_grade = 2 }", "a rise to grade 1 would undo this"),
    "word twice": tag('{ told = "indicator", any_of = ["neglect", "neglect"] }', "neglect is there twice"),
    "no such condition of a person": tag('{ person = "anyone", has = ["deaf"] }', "there is no condition deaf"),
    "no such instrument": tag('{ instrument = "tpvda", yes = ["items.1"] }', "is tipvda meant?"),
    "no such question": tag('{ instrument = "tipvda", yes = ["items.16"] }', "no question of yes and no"),
    "no such scale": tag('{ instrument = "bsrs5", answer = "items.9", at_least = 2 }', "no scale and no choice"),
    "no such word of a choice": tag('{ instrument = "sdm_safety", answer = "result", any_of = ["bad"] }', "the values"),
    "sum that cannot be": tag('{ instrument = "tipvda", sum_at_least = 16 }', "the sum is at most 15"),
    "points that others undo": danger(
        '{ all = [{ told = "category", any_of = ["other"] }, { not = { told = "category", only = ["other"] } }] }',
        "what other facts can undo bears no points",
    ),
    "points without a field": danger(
        '{ not = { not = { told = "indicator", any_of = ["neglect"] } } }', "what other facts can undo"
    ),
    "points for what is not judged yet": danger('{ queue = "protective" }', "queue is not known yet"),
    "priority asked where it is judged": Plant(
        'name = "suicide_risk"\npriority',
        'when = { told = "category", any_of = ["suicide_risk"] }',
        'when = { priority_at_least = "standard" }',
        'priority_at_least = "standard"',
        "priority_at_least is not known yet",
    ),
    "question that reports do not have": Plant(
        'code = "tipvda"', 'field = "items.15"', 'field = "items.16"', '"items.16"', "reports have no tipvda.items.16"
    ),
    "scale for a question of yes and no": Plant(
        'code = "sdm_safety"',
        'field = "items.13", sums',
        'field = "items.13", values = [0, 4], sums',
        "values = [0, 4], sums",
        "with yes or no",
    ),
    "shorter scale than reports have": Plant(
        'code = "bsrs5"', "values = [0, 4]", "values = [0, 3]", "values = [0, 3]", "answer this with 0 to 4"
    ),
    "scale without values": Plant(
        'code = "bsrs5"', 'field = "items.5", values = [0, 4]', 'field = "items.5"', 'field = "items.5", zh', "0 to 4"
    ),
    "word that reports do not choose": Plant(
        'code = "sdm_safety"',
        '"safe_with_plan", "unsafe"]',
        '"safe_with_plan", "unsafe", "bad"]',
        '"bad"]',
        "answer this with safe, safe_with_plan, unsafe",
    ),
    "override that is no question": Plant(
        'code = "bsrs5"',
        "band = [",
        'override = { field = "judged", band = "severe" }\nband = [',
        "override",
        "no question",
    ),
    "override to no band": Plant(
        'code = "tipvda"', 'band = "high" }', 'band = "highest" }', "override", "there is no band highest"
    ),
    "bands that sink": Plant(
        'code = "bsrs5"', "at_least = 10", "at_least = 5", "at_least = 5", "lightest to the gravest"
    ),
    "scale below 0": own_scale(f'item = [{{ field = "a", values = [-1, 4], {LABELS} }}]', "[-1, 4]", "begins at 0"),
    "scale too long": own_scale(f'item = [{{ field = "a", values = [0, 9999], {LABELS} }}]', "9999", "above 1000"),
    "word too long": own_scale(
        f'item = [{{ field = "a", values = ["no", "{"y" * 41}"], {LABELS} }}]', "yyyy", "more than 40 characters"
    ),
    "name too long": own_scale(YES, "x" * 41, "at most 40 characters", "x" * 41),
    "question twice": own_scale(
        f'item = [{{ field = "a", {LABELS} }}, {{ field = "a", {LABELS} }}]', 'field = "a"', "a is there twice"
    ),
    "band twice": own_scale(
        f'{YES}\nband = [{{ code = "b", at_least = 0, {LABELS} }}, {{ code = "b", at_least = 1, {LABELS} }}]',
        "band = [{ code",
        "b is there twice",
    ),
    "band above the sum": own_scale(
        f'{YES}\nband = [{{ code = "b", at_least = 2, {LABELS} }}]', "at_least = 2, zh", "the sum is at most 1"
    ),
    "override on a scale": own_scale(
        f'item = [{{ field = "a", values = [0, 4], {LABELS} }}]\nband = [{{ code = "b", at_least = 0, {LABELS} }}]\n'
        'override = { field = "a", band = "b" }',
        'field = "a", band',
        "a is no question of yes and no",
    ),
    "more questions than are looked at": own_scale(
        f"item = [{', '.join(MANY)}]",
        'field = "a0"',
        "at most 200 answers",
    ),
    **{
        f"tag {code} of the program": Plant(
            'en = "Signs of lethality"\nwhen = { any', 'code = "high_danger"', f'code = "{code}"', f'"{code}"', "itself"
        )
        for code in sorted(OWN_TAGS)
    },
}


def planted(plant: Plant) -> str:
    at = TEXT.index(plant.old, TEXT.index(plant.after))
    return TEXT[:at] + plant.new + TEXT[at + len(plant.old) :]


@pytest.mark.parametrize("plant", PLANTS.values(), ids=list(PLANTS))
def test_a_complaint_is_told_alone_and_at_its_line(plant: Plant) -> None:
    text = planted(plant)
    with pytest.raises(PolicyFaultsError) as refused:
        read_policy(text)
    after = text.index(plant.after) if plant.at not in {"[[clock]]", "category = ["} else 0
    line = text.count("\n", 0, text.index(plant.at, after)) + 1
    assert [fault.line for fault in refused.value.faults] == [line], refused.value.faults
    assert plant.says in refused.value.faults[0].text


@pytest.mark.parametrize(
    ("after", "old", "new"),
    [
        ('code = "ipv_high_danger"', '{ rule = "ipv_high" }', "{ any = [{ child_grade = 1 }, { child_grade = 2 }] }"),
        ('name = "suicide_risk"\npriority', '{ told = "category", any_of = ["suicide_risk"] }', "{ child_grade = 2 }"),
        ('code = "ipv_high_danger"', '{ rule = "ipv_high" }', '{ not = { told = "role", only = ["victim"] } }'),
        ('code = "ipv_high_danger"', '{ rule = "ipv_high" }', "{ not = { not = { victim_age_at_least = 65 } } }"),
        ('name = "elder"', '{ told = "category", any_of = ["elder_protection"] }', '{ queue = "family" }'),
        ('name = "vulnerable_family_visit"', '{ queue = "family" }', "{ child_grade = 2 }"),
    ],
)
def test_what_no_danger_undoes_is_allowed(after: str, old: str, new: str) -> None:
    text = planted(Plant(after, old, new, "", ""))
    assert text != TEXT
    assert read_policy(text).tables


def test_the_shipped_policy_asks_what_every_known_instrument_can_hold() -> None:
    told = {i.code: {item.field for item in i.item} for i in read_policy(TEXT).tables.instrument}
    assert {code: set(fields) - told[code] for code, fields in KNOWN_FORMS.items()} == {
        "tipvda": {"judged_high"},
        "bsrs5": set(),
        "sdm_safety": set(),
    }


LINES = TEXT.split("\n")
NOISE = st.text(max_size=12) | st.sampled_from(
    [
        "[",
        "]]",
        "{",
        "}",
        '"',
        "'",
        '"""',
        "=",
        "9" * 5000,
        "1e999",
        "nan",
        "[[queue]]",
        "[calendar]",
        "\x00",
        "\u2028",
        "\\",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, 80), NOISE, st.integers(0, 9)), max_size=4))
def test_a_file_with_any_noise_in_its_lines_is_read_or_refused_with_faults(
    noise: list[tuple[int, int, str, int]],
) -> None:
    lines = list(LINES)
    for number, at, text, gone in noise:
        lines[number] = lines[number][:at] + text + lines[number][at + gone :]
    faults = faults_of("\n".join(lines))
    assert all(fault.line >= 1 and fault.text for fault in faults)


def faults_of(text: str) -> Sequence[Fault]:
    """Nothing but faults may be raised."""
    try:
        read_policy(text)
    except PolicyFaultsError as refused:
        return refused.faults
    return ()


@pytest.mark.parametrize(
    "text", ["points = " + "9" * 5000, "a = " + "[" * 5000, "{" * 5000, "a." * 5000 + "b = 1", 'x = "\ud800"']
)
def test_what_breaks_a_reader_is_a_fault_like_any_other(text: str) -> None:
    assert faults_of(text)
    assert faults_of(f"{text}\n{TEXT}")


@settings(max_examples=60, deadline=None)
@given(st.text() | st.lists(st.sampled_from(LINES), max_size=12).map("\n".join))
def test_any_text_at_all_is_read_or_refused_with_faults(text: str) -> None:
    assert faults_of(text)
    assert inspect(text).faults
