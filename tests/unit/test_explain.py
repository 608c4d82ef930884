"""Explanations: the sums are right, the columns stand under each other, and nobody is named."""

import json
import math
import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from rich.cells import cell_len
from telling import NAMESPACE, NOON, hours

from pipeline.commands.explain import Lang, explained_offline, in_words
from pipeline.contracts.ids import derived, event_key
from pipeline.domain.bonds import Scope
from pipeline.domain.directory import load_directory
from pipeline.domain.evidence import QUOTED, Quote, Reason
from pipeline.domain.explain import (
    OTHERS_MAX,
    SHOWN_FROM_BITS,
    Cause,
    Explanation,
    Known,
    Other,
    Verdict,
    Word,
    as_told,
    explained,
    fields,
    reason_words,
    start_of,
    total,
    words_of,
)
from pipeline.domain.filing import CROWDED, IN_HAND, UNSURE
from pipeline.domain.link_words import Field
from pipeline.domain.weights import weights
from pipeline.errors import RulingRefusedError

SOURCES = load_directory(
    "source,kind,role,county\nhotline-113,hotline,hotline_worker,\nclinic-canary,clinic,medical,臺北市\n"
    "school-canary,partner,education,臺北市\n"
)
DOUBTS = (Quote.BORNE_BY_SEVERAL, Quote.VICTIMS_CONTRADICT)
CANARY = "金絲雀"
NAME, ID, PHONE, ADDRESS = "張金絲", "A123456789", "0912345678", "臺北市大安區金絲雀路12號3樓"
A, B, C, D = (uuid5(NAMESPACE, name) for name in "abcd")
VERSION = weights().version


def report(number: int, source: str, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    victim = {
        "role": "victim",
        "name": NAME,
        "national_id": ID,
        "birth_date": "1990-02-01",
        "phones": [PHONE],
        "address": ADDRESS,
    }
    return {
        "specversion": "1.0",
        "id": f"canary-{source}-{number}",
        "source": f"/sources/{source}",
        "type": "report.submitted.v1",
        "time": f"2026-03-02T{number:02d}:00:00+08:00",
        "data": {
            "report_no": f"{CANARY}-{source}-{number}",
            "channel": "hotline",
            "received_at": f"2026-03-02T{number:02d}:00:00+08:00",
            "occurred_at": "2026-03-01T20:00:00+08:00",
            "occurred_place": ADDRESS,
            "categories": ["intimate_partner_violence"],
            "persons": [victim, {"role": "alleged_perpetrator", "name": f"陳{CANARY}"}],
            "narrative": f"{CANARY}說{NAME}住在{ADDRESS}，電話{PHONE}",
            "reporter": {"role": "teacher", "name": f"林{CANARY}", "phone": "0987654321", "organisation": CANARY},
            **data,
        },
    }


def file_of(tmp_path: Path, *events: dict[str, Any]) -> str:
    path = tmp_path / "reports.ndjson"
    path.write_text("".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events), encoding="utf-8")
    return str(path)


def said(told: Explanation) -> str:
    words = "\n".join(line for lang in Lang for line in in_words(told, lang))
    return words + json.dumps(as_told(told), ensure_ascii=False)


def test_nothing_of_a_person_an_event_or_a_source_is_ever_said(tmp_path: Path) -> None:
    events = [
        report(1, "school-canary"),
        report(2, "clinic-canary"),
        report(3, "clinic-canary", persons=[{"role": "victim", "name": f"林{CANARY}", "address": ADDRESS}]),
        report(4, "hotline-113", related_report_nos=[f"{CANARY}-school-canary-1"]),
    ]
    told = explained_offline(file_of(tmp_path, *events), events[0]["id"], SOURCES)
    assert len(told.others) >= 2
    text = said(told)
    for word in (
        CANARY,
        NAME,
        ID,
        PHONE,
        "0987654321",
        ADDRESS,
        "大安區",
        "canary",
        "hotline-113",
        "2026-03-02",
        "teacher",
    ):
        assert word not in text


def test_it_cannot_be_seen_whether_both_came_from_one_source(tmp_path: Path) -> None:
    seen = []
    for other in ("school-canary", "clinic-canary"):
        events = [report(1, "school-canary"), report(2, other)]
        told = explained_offline(file_of(tmp_path, *events), events[0]["id"], SOURCES)
        (found,) = told.others
        assert found.known
        seen.append((found.known.household, found.known.incident, found.known.reasons))
        assert "source" not in said(told)
    assert seen[0] == seen[1]


def test_the_bits_add_up_to_the_probability(tmp_path: Path) -> None:
    events = [report(1, "school-canary"), report(2, "clinic-canary", persons=[{"role": "victim", "name": NAME}])]
    told = explained_offline(file_of(tmp_path, *events), events[0]["id"], SOURCES)
    (other,) = told.others
    assert other.known
    household, incident = total(other.known)
    assert other.known.household == pytest.approx(1 / (1 + 2**-household))
    assert other.known.incident == pytest.approx(other.known.household / (1 + 2**-incident))
    assert start_of(other.known) == (weights().prior_household, weights().prior_incident)
    by_field = fields(other.known.reasons)
    assert math.isclose(sum(w.household for w in by_field), sum(r.household for r in other.known.reasons))


@pytest.mark.parametrize("lang", list(Lang))
def test_the_numbers_of_a_table_stand_under_each_other_whatever_is_wide(tmp_path: Path, lang: Lang) -> None:
    events = [report(1, "school-canary"), report(2, "clinic-canary")]
    told = explained_offline(file_of(tmp_path, *events), events[0]["id"], SOURCES)
    numbers = (re.match(r" +[+-][\d.]+ +[+-][\d.]+(?=  )", line) for line in in_words(told, lang))
    ends = [cell_len(found.group()) for found in numbers if found]
    assert len(ends) > 3
    assert len(set(ends)) == 1


def test_both_languages_say_the_same_numbers(tmp_path: Path) -> None:
    events = [report(1, "school-canary"), report(2, "clinic-canary")]
    told = explained_offline(file_of(tmp_path, *events), events[0]["id"], SOURCES)
    zh, en = (
        [line.split()[:2] for line in in_words(told, lang) if line.split()[-1:] in (["合計"], ["sum"])]
        for lang in (Lang.ZH, Lang.EN)
    )
    assert zh == en != []


def test_a_report_is_found_by_its_own_id_too_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    file = file_of(tmp_path, report(1, "school-canary"))
    report_id = derived("report", event_key("school-canary", "canary-school-canary-1").hex)
    assert explained_offline(file, str(report_id), SOURCES).report_id == report_id
    with pytest.raises(RulingRefusedError) as refused:
        explained_offline(file, "nothing", SOURCES)
    assert refused.value.code == "unknown"
    same = [report(1, "school-canary"), report(2, "clinic-canary") | {"id": "canary-school-canary-1"}]
    with pytest.raises(RulingRefusedError) as refused:
        explained_offline(file_of(tmp_path, *same), "canary-school-canary-1", SOURCES)
    assert refused.value.code == "ambiguous"


def known(household: float, incident: float = 0.0, *reasons: Reason, version: str = VERSION) -> Known:
    return Known(household, incident, reasons, version)


def word(*, together: bool, at_hour: int = 0, kind: str = "merge") -> Word:
    return Word(together, Scope.HOUSEHOLD, kind, UUID(int=at_hour), "S1024", None, NOON + hours(at_hour))


def test_first_come_those_of_the_incident_then_of_the_case_then_the_most_alike_that_are_not_linked() -> None:
    home = (A, UUID(int=1), UUID(int=2), UUID(int=3))
    strangers = {uuid5(NAMESPACE, f"stranger {n}"): known(n / 100) for n in range(1, 20)}
    told = explained(
        home, {B: UUID(int=9), C: UUID(int=1)}, {B: known(0.9), C: known(0.8, 0.7), D: known(0.3), **strangers}, {}, [D]
    )
    assert [(o.report_id, o.verdict) for o in told.others[:3]] == [
        (C, Verdict.ONE_INCIDENT),
        (B, Verdict.ONE_HOUSEHOLD),
        (D, Verdict.ASKED),
    ]
    assert len(told.others) == 2 + OTHERS_MAX
    left = [o.known.household for o in told.others[3:] if o.known]
    assert left == sorted(left, reverse=True)
    assert left[0] == 0.19


@pytest.mark.parametrize(
    ("other", "cause"),
    [
        (Other(B, Verdict.ONE_INCIDENT, known(1.0, 1.0)), Cause.CERTAIN),
        (Other(B, Verdict.ONE_HOUSEHOLD, known(0.99)), Cause.ABOVE),
        (Other(B, Verdict.ONE_HOUSEHOLD, known(0.1)), Cause.BY_THE_OTHERS),
        (Other(B, Verdict.ONE_INCIDENT, None), Cause.BY_THE_OTHERS),
        (Other(B, Verdict.APART, known(0.99)), Cause.AGAINST_THE_OTHERS),
        (Other(B, Verdict.APART, known(0.1)), Cause.BELOW),
        (Other(B, Verdict.APART, known(0.99), (word(together=False),)), Cause.PEOPLE),
    ],
)
def test_what_decided_it_is_told(other: Other, cause: Cause) -> None:
    assert other.cause is cause


def test_people_are_told_of_by_staff_codes_directly_or_by_way_of_what_they_hold_together() -> None:
    early, late, apart = word(together=True, at_hour=1), word(together=True, at_hour=2), word(together=False, at_hour=3)
    found = words_of(A, [(A, B, early), (B, C, late), (A, D, apart)])
    assert found == {B: (early,), C: (late,), D: (apart,)}
    told = explained((A, UUID(int=1), UUID(int=2), UUID(int=3)), {B: UUID(int=1)}, {}, found, [])
    text = said(told)
    assert "S1024 said at 2026-03-02T05:00:00+00:00: one household" in text
    assert "不屬同一戶" in text


def test_weights_of_another_version_are_named_and_start_from_no_prior_of_ours() -> None:
    old = known(0.9, 0.5, Reason("unheard_of", "level", 3.0, 1.0), version="of-1999")
    assert start_of(old) is None
    told = explained((A, UUID(int=1), UUID(int=2), UUID(int=3)), {B: UUID(int=1)}, {B: old}, {}, [])
    assert "of-1999" in said(told)
    assert fields(old.reasons)[0].field is Field.OTHER


def test_what_tells_of_a_source_is_not_shown_even_of_weights_that_nobody_knows_any_more() -> None:
    (weighed,) = fields([Reason("source_of_1999", "same_source", 3.0, 1.0)])
    assert (weighed.field, weighed.household, weighed.aspects) == (Field.TOLD, 3.0, ())


def test_reasons_that_weigh_next_to_nothing_are_summed_and_not_listed() -> None:
    (weighed,) = fields([Reason("unheard_of", "a", SHOWN_FROM_BITS / 2, 0.0), Reason("unheard_of", "b", 1.0, 0.0)])
    assert weighed.household == 1.0 + SHOWN_FROM_BITS / 2
    assert [r.level for r in weighed.aspects] == ["b"]


def test_the_reasons_of_a_question_are_told_in_words_without_what_tells_of_a_source() -> None:
    told = reason_words(["unsure", "source:same_source", "unheard_of:level"])
    assert [w.zh for w in told] == ["可能是同一家戶，但把握不足", "unheard_of：level"]


@pytest.mark.parametrize("code", [UNSURE, IN_HAND, CROWDED, QUOTED, *DOUBTS])
def test_every_reason_for_a_question_has_words(code: str) -> None:
    (words,) = reason_words([code])
    assert code not in words


def test_nobody_else_like_it_is_said_in_a_line(tmp_path: Path) -> None:
    told = explained_offline(file_of(tmp_path, report(1, "school-canary")), "canary-school-canary-1", SOURCES)
    assert "沒有其他相似的通報。" in in_words(told, Lang.ZH)
