"""Invented reports, one of each channel: what the published contract shows, and what tests send."""

from typing import Any, Final

EXAMPLES: Final[tuple[dict[str, Any], ...]] = (
    {
        "specversion": "1.0",
        "id": "0b9c5e9e-6a0e-4c57-9c35-8d1f3f0d7a01",
        "source": "/sources/hotline-113",
        "type": "report.submitted.v1",
        "time": "2026-03-02T21:14:05+08:00",
        "datacontenttype": "application/json",
        "data": {
            "report_no": "113-20260302-0417",
            "report_type": "initial",
            "channel": "hotline",
            "known_at": "2026-03-02T21:02:00+08:00",
            "received_at": "2026-03-02T21:14:00+08:00",
            "occurred_at": "2026-03-02T20:40:00+08:00",
            "occurred_place": "台中市西屯區福星路100號5樓",
            "categories": ["intimate_partner_violence"],
            "reporter": {"role": "hotline_worker", "mandated": False, "anonymous": True},
            "persons": [
                {
                    "role": "victim",
                    "name": "王○晴",
                    "birth_date": "民國77年6月4日",
                    "sex": "female",
                    "phones": ["0900-123-450"],
                    "address": "台中市西屯區福星路100號5樓",
                    "conditions": ["pregnant"],
                    "safe_contact": {"time": "weekdays 9:00-11:00", "way": "telephone of her work"},
                },
                {"role": "alleged_perpetrator", "name": "陳先生", "sex": "male", "conditions": ["alcohol"]},
                {"role": "child_witness", "birth_date": "2021-05-09"},
            ],
            "narrative": "來電者聽見爭吵及物品摔破聲。",
            "crisis_flags": ["life_threatened"],
            "indicators": ["tipvda_weapon", "perpetrator_alcohol"],
        },
    },
    {
        "specversion": "1.0",
        "id": "clinic-0005:2026:88",
        "source": "/sources/clinic-0005",
        "type": "report.submitted.v1",
        "time": "2026-03-03T09:30:00+08:00",
        "data": {
            "report_no": "C5-2026-88",
            "related_report_nos": ["113-20260302-0417"],
            "channel": "clinic",
            "known_at": "2026-03-03T08:50:00+08:00",
            "received_at": "2026-03-03T09:30:00+08:00",
            "categories": ["intimate_partner_violence", "mental_health"],
            "reporter": {
                "role": "medical",
                "mandated": True,
                "organisation": "an invented clinic",
                "wants_reply": True,
            },
            "persons": [
                {
                    "role": "victim",
                    "name": "王詠晴",
                    "national_id": "A234567893",
                    "birth_date": "0770604",
                    "current_place": "臺中市北區某醫院",
                    "registered_address": "臺南縣永康市中山路1號",
                }
            ],
            "indicators": ["injury_visible", "medical_evidence_needed"],
            "instruments": {
                "tipvda": {"items": {"1": True, "2": True, "3": False}, "self_rating": 8, "judged_high": True},
                "bsrs5": {"items": {"1": 2, "2": 1, "3": 3, "4": 0, "5": 2}, "suicide_idea": 1},
            },
        },
    },
    {
        "specversion": "1.0",
        "id": "3f5a7b52-6f1e-4f43-8a55-9d0a6a4f3c11",
        "source": "/sources/school-011",
        "type": "report.submitted.v1",
        "time": "2026-03-04T16:05:00+08:00",
        "data": {
            "report_no": "S11-0031",
            "channel": "partner",
            "received_at": "2026-03-04T16:05:00+08:00",
            "categories": ["child_protection", "vulnerable_family"],
            "reporter": {"role": "education", "mandated": True, "title": "counsellor"},
            "persons": [
                {"role": "victim", "code_name": "A-31", "birth_date": "106.1.5", "school": "an invented school"},
                {"role": "caregiver", "relationship_to_victim": "mother", "conditions": ["mental_illness"]},
            ],
            "indicators": ["neglect", "caregiver_overload"],
            "instruments": {"sdm_safety": {"items": {"3": True}, "result": "safe_with_plan"}},
        },
    },
)
