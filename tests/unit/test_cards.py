"""Cards: whatever the reports say, whoever looks, no card tells of one side how to find the other, or who reported."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.vocabulary import Queue, Role
from pipeline.domain.cards import Looking, card
from pipeline.domain.directory import Directory
from pipeline.domain.normalise.reading import Reading, read_event
from pipeline.domain.posts import WORK_ON_CASES, PostRole
from pipeline.domain.privacy import parted, without_reporter
from pipeline.domain.sides import PEOPLE_MAX, Side, Told, parties

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
REPORTER = {
    "role": "education",
    "name": "通報人周老師",
    "organisation": "密語國中輔導室",
    "title": "密語導師",
    "phone": "0999-111-222",
}
SECRET_WORDS = ("周老師", "密語", "0999", "999111222", "hotline-113", "NO-7788", "event-77", "education")
STORY = "故事標記:他又打了她"


def told(persons: list[dict[str, Any]], number: int = 1, **more: Any) -> Told:  # noqa: ANN401 - any JSON
    story = more.pop("narrative", STORY)
    is_newest = more.pop("is_newest", True)
    data = {
        "report_no": "NO-7788",
        "related_report_nos": ["NO-7788"],
        "channel": "hotline",
        "received_at": "2026-03-02T09:00:00+08:00",
        "known_at": "2026-03-02T08:00:00+08:00",
        "categories": ["intimate_partner_violence"],
        "reporter": REPORTER,
        "persons": persons,
        "narrative": story,
        **more,
    }
    event = {
        "specversion": "1.0",
        "id": "event-77",
        "source": "/sources/hotline-113",
        "type": "report.submitted.v1",
        "time": "2026-03-02T09:00:00+08:00",
        "data": data,
    }
    kept = parted(without_reporter(event))
    reading = read_event(json.dumps(event).encode(), (), NOW, Directory({}))
    assert isinstance(reading, Reading)
    return Told(number, reading.facts, kept.document["data"], kept.story, is_newest)


def look(role: PostRole = PostRole.PROTECTIVE_WORKER, side: Side = Side.VICTIM, **more: Any) -> Looking:  # noqa: ANN401 - any field
    return Looking(role, **{"queue": Queue.PROTECTIVE, "is_sexual": False, "at": NOW, "side": side, **more})


def shown(reports: list[Told], looking: Looking) -> str:
    return json.dumps(card(reports, looking), ensure_ascii=False)


HER = {
    "role": "victim",
    "name": "林怡君",
    "national_id": "F252907845",
    "birth_date": "79/5/5",
    "phones": ["0912-345-678"],
    "address": "臺北市文山區木柵路一段2號3樓",
    "current_place": "新北市板橋區文化路一段100號",
    "school": "安和國小",
    "safe_contact": {"time": "平日 9:00-11:00", "way": "電話", "person": "本人"},
}
HIM = {
    "role": "alleged_perpetrator",
    "name": "張志豪",
    "national_id": "N175691933",
    "birth_date": "民國77年1月9日",
    "phones": ["0928 713 605"],
    "address": "臺中市北屯區崇德路二段50號",
}
HERS = ("0912", "912345678", "木柵路", "文化路", "安和國小", "F252907845")
HIS = ("0928", "928713605", "崇德路", "N175691933")


def test_each_side_has_a_card_of_its_own() -> None:
    victims, others = (shown([told([HER, HIM])], look(side=side)) for side in (Side.VICTIM, Side.OTHER))
    assert all(word in victims for word in ("0912-345-678", "木柵路一段2號3樓", "文化路", "安和國小", "F252907845"))
    assert not [word for word in HIS if word in victims]
    assert all(word in others for word in ("0928 713 605", "崇德路二段50號", "N175691933"))
    assert not [word for word in HERS if word in others]
    assert all(name in text for name in ("林怡君", "張志豪") for text in (victims, others))


@pytest.mark.parametrize(
    "written",
    [
        "他電話０９２８－７１３－６０５，要小心",
        "他電話零九二八七一三六〇五",
        "打+886928713605找得到他",
        "他的號碼(0928)713605或不明",
        "他住台中市北屯區崇德路2段50號5樓",
        "住在崇德路二段５０號那邊",
        "身分證 N175691933",
        "身分證ｎ１７５６９１９３３",
    ],
)
def test_a_story_on_the_victims_card_does_not_tell_where_the_other_is(written: str) -> None:
    text = shown([told([HER, HIM], narrative=f"{STORY}。{written}。她很怕")], look())
    assert "▇▇▇" in text
    assert "她很怕" in text
    assert STORY.split(":")[1] in text
    assert "713" not in text and "７１３" not in text and "七一三" not in text  # noqa: PT018 - one thought
    assert "崇德路" not in text
    assert "175691933" not in text


def test_a_story_stands_on_no_card_but_the_victims() -> None:
    reports = [told([HER, HIM], narrative="她現在住文化路,電話0912345678")]
    assert "文化路" not in shown(reports, look(side=Side.OTHER))
    assert "她現在" not in shown(reports, look(side=Side.OTHER))


def test_a_telephone_of_both_is_on_neither_card_and_an_address_of_both_on_the_victims_alone() -> None:
    both = {"phones": ["02-2345-6789"], "address": "臺北市文山區木柵路1段2號"}
    reports = [told([HER | both, HIM | {"phones": ["(02)23456789 轉 5"], "address": HER["address"]}])]
    victims, others = (card(reports, look(side=side)) for side in (Side.VICTIM, Side.OTHER))
    hers, his = victims["persons"][0]["contacts"], others["persons"][1]["contacts"]
    assert {"kind": "phone", "withheld": "shared_with_the_other_side"} in hers
    assert {"kind": "phone", "withheld": "shared_with_the_other_side"} in his
    assert [c["value"] for c in hers if c["kind"] == "address"] == ["臺北市文山區木柵路1段2號"]
    assert [c for c in his if c["kind"] == "address"] == [{"kind": "address", "withheld": "on_the_victims_card"}]
    assert "2345" not in json.dumps([victims, others])
    assert "木柵" not in json.dumps(others, ensure_ascii=False)


def test_whoever_is_accused_in_another_report_is_on_the_other_side_whatever_the_part() -> None:
    minding = {**HIM, "role": "caregiver", "phones": ["0966-000-111"]}
    reports = [told([HER, minding], 1), told([HER, {**HIM, "national_id": None, "birth_date": "1988-01-09"}], 2)]
    assert "0966" not in shown(reports, look())
    assert "0966-000-111" in shown(reports, look(side=Side.OTHER))


def test_of_two_who_accuse_each_other_neithers_contacts_are_on_the_others_card() -> None:
    reports = [
        told([HER, HIM], 1),
        told([{**HER, "role": "alleged_perpetrator"}, {**HIM, "role": "victim"}], 2),
    ]
    people = parties(reports)
    assert people is not None
    assert [p.side for p in people] == [Side.OWN, Side.OWN]
    for side in (Side.VICTIM, Side.OTHER):
        text = shown(reports, look(side=side))
        assert not [word for word in (*HERS, *HIS) if word in text]
    hers, his = (shown(reports, look(side=Side.OWN, person=number)) for number in (1, 2))
    assert "0912-345-678" in hers
    assert not [word for word in HIS if word in hers]
    assert "0928 713 605" in his
    assert not [word for word in HERS if word in his]


def test_who_is_perhaps_the_same_as_one_of_the_other_side_has_a_card_of_their_own() -> None:
    guardian = {"role": "guardian", "name": "張○豪", "phones": ["0966-000-111"]}
    reports = [told([HER, guardian], 1), told([HER, HIM], 2)]
    assert "0966" not in shown(reports, look())
    assert "0966" not in shown(reports, look(side=Side.OTHER))
    assert "0966" in shown(reports, look(side=Side.OWN, person=2))


def test_a_code_name_stands_for_the_name_on_the_card_of_the_other_side() -> None:
    reports = [told([{**HER, "code_name": "A-101"}, HIM])]
    assert "林怡君" in shown(reports, look())
    text = shown(reports, look(side=Side.OTHER))
    assert "林怡君" not in text
    assert "A-101" in text


def test_earlier_versions_hide_and_bind_but_are_not_shown() -> None:
    earlier = told([HER, {**HIM, "phones": ["0966-000-111"]}], is_newest=False)
    newest = told([{**HER, "safe_contact": {"time": "10:00-12:00"}}, HIM], narrative="他打0966000111來")
    made = card([earlier, newest], look())
    assert "0966" not in json.dumps(made)
    assert len(made["reports"]) == 1
    assert made["persons"][0]["safe_contact"] == [
        {"time": "平日 9:00-11:00", "way": "電話", "person": "本人"},
        {"time": "10:00-12:00"},
    ]


@pytest.mark.parametrize(
    ("role", "queue", "is_sexual", "glass", "reads"),
    [
        (PostRole.SCREENER, Queue.PROTECTIVE, False, False, True),
        (PostRole.SCREENER, Queue.PROTECTIVE, True, False, False),
        (PostRole.SCREENER, Queue.PROTECTIVE, True, True, True),
        (PostRole.PROTECTIVE_WORKER, Queue.PROTECTIVE, True, False, True),
        (PostRole.SUPERVISOR, Queue.PROTECTIVE, True, False, True),
        (PostRole.FAMILY_WORKER, Queue.FAMILY, False, False, True),
        (PostRole.FAMILY_WORKER, Queue.FAMILY, True, False, False),
        (PostRole.FAMILY_WORKER, Queue.FAMILY, True, True, False),
        (PostRole.FAMILY_WORKER, Queue.PROTECTIVE, False, False, False),
        (PostRole.DISPATCHER, Queue.FAMILY, False, True, False),
        (PostRole.ANALYST, Queue.FAMILY, False, True, False),
    ],
)
def test_who_may_read_a_story(role: PostRole, queue: Queue, is_sexual: bool, glass: bool, reads: bool) -> None:  # noqa: FBT001 - a table
    looking = look(role, queue=queue, is_sexual=is_sexual, has_broken_glass=glass)
    text = shown([told([HER, HIM])], looking)
    assert ("故事標記" in text) is reads
    assert card([told([HER])], looking)["story"] == ("shown" if reads else "withheld")


def test_a_family_worker_learns_no_safe_place_and_of_a_protective_case_whom_to_call() -> None:
    reports = [told([HER, HIM], narrative="她躲在文化路一段100號")]
    looking = look(PostRole.FAMILY_WORKER, queue=Queue.FAMILY, protective_lead="63000-protective")
    made = card(reports, looking)
    text = json.dumps(made, ensure_ascii=False)
    assert "文化路" not in text
    assert "木柵路" in text
    assert (made["protective_case_open"], made["call"]) == (True, "63000-protective")
    assert "call" not in card(reports, replace(looking, protective_lead=None))
    assert "call" not in card(reports, replace(looking, role=PostRole.SUPERVISOR))


def test_every_contact_stands_with_whether_it_may_be_used_now() -> None:
    reports = [told([HER, HIM])]
    at_ten = card(reports, look(is_workday=True))["persons"][0]["contacts"]
    assert {c["kind"]: c["now"] for c in at_ten} == {
        "phone": "allowed",
        "address": "not_this_way",
        "current_place": "not_this_way",
        "school": "not_this_way",
    }
    assert card(reports, look(is_workday=False))["persons"][0]["contacts"][0]["now"] == "not_now"
    assert card(reports, look())["persons"][0]["contacts"][0]["now"] == "ask_a_person"


def test_of_too_many_to_be_told_apart_nobody_is_shown() -> None:
    crowd = [{"role": "other", "name": f"王{chr(0x4E00 + n)}{chr(0x5E00 + n)}"} for n in range(180)]
    more = [{"role": "other", "name": f"李{chr(0x4E00 + n)}{chr(0x5E00 + n)}"} for n in range(PEOPLE_MAX)]
    reports = [told([HER, *crowd]), told(more[:180], 2), told(more[180:], 3)]
    made = card(reports, look())
    assert made["persons"] == []
    assert made["persons_withheld"] == "too_many_to_tell_apart"
    assert "0912" not in json.dumps(made)


_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_SPELL = st.sampled_from(
    [
        lambda n: n,
        lambda n: f"{n[:4]}-{n[4:7]}-{n[7:]}",
        lambda n: n.translate(_WIDE),
        lambda n: f"+886{n[1:]}",
        lambda n: f"電話 {n[:4]} {n[4:]}",
        lambda n: n.translate(str.maketrans("0123456789", "〇一二三四五六七八九")),
    ]
)
_ROLES = st.sampled_from(list(Role))


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Told], list[tuple[dict[str, Any], tuple[str, ...]]]]:
    """Up to three reports of up to five people, each with a telephone and a door of their own, whatever their parts;
    the story, and other fields, tell of everybody's.
    """
    count = draw(st.integers(1, 5))
    known = [
        (f"{'林張王李陳'[n]}{'甲乙丙丁戊'[n]}{'春夏秋冬安'[n]}", f"09{n + 1}{n + 1}{n + 3}4{n}7{n}8", f"{n * 11 + 13}")
        for n in range(count)
    ]
    reports = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        who = draw(st.lists(st.integers(0, count - 1), min_size=1, unique=True))
        persons = []
        for n in who:
            name, phone, door = known[n]
            gossip = draw(st.sampled_from(known))
            persons.append(
                {
                    "role": draw(_ROLES),
                    "name": name,
                    "birth_date": f"19{n + 70}-03-0{n + 1}",
                    "phones": [draw(_SPELL)(phone)],
                    "address": f"臺北市文山區木柵路{draw(st.sampled_from('一1'))}段{door}號",
                    "relationship_to_victim": draw(st.sampled_from(["配偶", f"電{gossip[1]}"])),
                    "conditions": ["alcohol", f"電話{gossip[1]}"],
                    "safe_contact": draw(st.none() | st.just({"way": f"電話{draw(_SPELL)(phone)}"})),
                    "school": draw(st.none() | st.just(f"木柵路1段{gossip[2]}號旁")),
                }
            )
        story = "。".join(f"有人在木柵路一段{door}號{draw(_SPELL)(phone)}" for _, phone, door in known)
        reports.append(
            told(persons, number, narrative=f"{STORY}。{story}", occurred_place=f"木柵路一段{known[0][2]}號")
        )
    return reports, [({"name": name}, (phone, door)) for name, phone, door in known]


def _digits(text: str) -> str:
    return text.translate(str.maketrans("０１２３４５６７８９〇一二三四五六七八九", "01234567890123456789")).translate(
        str.maketrans("", "", " -()")
    )


@given(cases(), st.sampled_from(sorted(WORK_ON_CASES)), st.sampled_from(list(Queue)), st.booleans(), st.data())
def test_no_card_tells_of_another_group_how_to_reach_it(
    drawn: tuple[list[Told], list[tuple[dict[str, Any], tuple[str, ...]]]],
    role: PostRole,
    queue: Queue,
    is_sexual: bool,  # noqa: FBT001 - drawn
    data: st.DataObject,
) -> None:
    reports, known = drawn
    people = parties(reports)
    assert people is not None
    side = data.draw(st.sampled_from(list(Side)))
    person = data.draw(st.integers(1, len(people))) if side is Side.OWN else None
    looking = look(role, side, person=person, queue=queue, is_sexual=is_sexual)
    text = shown(reports, looking)
    in_digits = _digits(text)
    of_names = {str(one["name"]): means for one, means in known}
    for party in people:
        name = str(party.entries[0].written["name"])
        if party.group != looking.group:
            phone, door = of_names[name]
            assert phone[1:] not in in_digits, (name, party.side)
            assert f"木柵路1段{door}號" not in in_digits, (name, party.side)
    assert not [word for word in SECRET_WORDS if word in text]
    assert ("故事標記" in text) is (side is Side.VICTIM and looking.may_read_story)


@given(cases())
def test_everybodys_own_telephone_is_on_one_card_exactly(
    drawn: tuple[list[Told], list[tuple[dict[str, Any], tuple[str, ...]]]],
) -> None:
    """What is withheld where it must not stand is still to be had: a card that shows nothing would be of no use."""
    reports, _ = drawn
    people = parties(reports)
    assert people is not None
    lookings = [look(side=Side.VICTIM), look(side=Side.OTHER), *(look(side=Side.OWN, person=p.number) for p in people)]
    for party in people:
        shows = [
            c
            for looking in lookings
            for p in card(reports, looking)["persons"]
            if p["person"] == party.number
            for c in p.get("contacts", ())
            if c["kind"] == "phone" and "value" in c
        ]
        written = {phone for e in party.entries for phone in e.written["phones"]}  # type: ignore[union-attr]
        assert {c["value"] for c in shows} == written
        assert len(shows) == len(written)
