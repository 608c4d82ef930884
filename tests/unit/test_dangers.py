from telling import NOON, POLICY, amended, incident, safety, suicide_idea, tipvda, told

from pipeline.contracts.policy_conditions import Asked
from pipeline.contracts.vocabulary import Category, CrisisFlag, Indicator, Role, SafetyResult
from pipeline.domain.dangers import IncidentView, ReportView, gather
from pipeline.domain.facts import Person
from pipeline.domain.policy.conditions import Situation, made_ready


def test_each_danger_names_the_place_where_the_first_version_tells_it() -> None:
    first = told(
        Category.OTHER,
        Category.ELDER_PROTECTION,
        crisis_flags=(CrisisFlag.OTHER, CrisisFlag.INSISTS_NOW),
        indicators=("seen_crying", Indicator.NEGLECT),
        persons=(Person(0, Role.VICTIM), Person(2, Role.CAREGIVER, conditions=("alcohol", "drugs"))),
    )
    later = told(Category.ELDER_PROTECTION, indicators=(Indicator.NEGLECT,))

    found = gather((amended(first, later),))

    assert found.categories == {Category.OTHER: "categories[0]", Category.ELDER_PROTECTION: "categories[1]"}
    assert found.crisis_flags == {CrisisFlag.OTHER: "crisis_flags[0]", CrisisFlag.INSISTS_NOW: "crisis_flags[1]"}
    assert found.indicators == {"seen_crying": "indicators[0]", Indicator.NEGLECT: "indicators[1]"}
    assert found.roles == {Role.VICTIM: "persons[0].role", Role.CAREGIVER: "persons[2].role"}
    assert found.conditions == {
        (Role.CAREGIVER, "alcohol"): "persons[2].conditions[0]",
        (Role.CAREGIVER, "drugs"): "persons[2].conditions[1]",
    }


def test_instruments_name_their_own_fields() -> None:
    found = gather(
        (
            incident(told(forms=tipvda(1, 2, 3, 4, 5, 6, 7, 8)), told(forms=tipvda(judged_high=True))),
            incident(told(forms=suicide_idea(4)), told(forms=safety(SafetyResult.UNSAFE))),
        )
    )

    assert found.forms == {
        "tipvda": (*tipvda(1, 2, 3, 4, 5, 6, 7, 8), *tipvda(judged_high=True)),
        "bsrs5": suicide_idea(4),
        "sdm_safety": safety(SafetyResult.UNSAFE),
    }
    asked = (
        Asked(instrument="tipvda", yes=("items.4",)),
        Asked(instrument="tipvda", sum_at_least=8),
        Asked(instrument="tipvda", yes=("judged_high",)),
        Asked(instrument="bsrs5", answer="suicide_idea", at_least=2),
        Asked(instrument="sdm_safety", answer="result", any_of=("unsafe",)),
    )
    assert [made_ready(question, POLICY.words)(Situation(found)) for question in asked] == [
        ("instruments.tipvda.items.4",),
        ("instruments.tipvda.items",),
        ("instruments.tipvda.judged_high",),
        ("instruments.bsrs5.suicide_idea",),
        ("instruments.sdm_safety.result",),
    ]


def test_a_report_of_nothing_tells_of_no_danger() -> None:
    found = gather((incident(told()),))

    assert not found.crisis_flags
    assert not found.indicators
    assert not found.forms


def test_an_incident_shows_the_versions_of_its_reports_in_their_order() -> None:
    old, new, other = told(report_no="1"), told(report_no="1", received_at=NOON), told(report_no="2")

    view = IncidentView((ReportView((old, new)), ReportView((other,))))

    assert view.versions == (old, new, other)
    assert view.reports[0].newest is new
