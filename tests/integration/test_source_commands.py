"""The register by command: one source, and the 17,000 sites of a list."""

import csv
import json
import time
from http import HTTPStatus
from pathlib import Path

import pytest
from crew import run
from doors import REPORTS, STRUCTURED, open_doors, report
from joserfc.jwk import ECKey, OKPKey
from lab import Lab

SITES = 17_000
MINUTES_MAX = 2


@pytest.fixture
def sites(lab: Lab) -> Path:
    """A list as a city has it."""
    file = lab.settings.data_dir / "sites.csv"
    rows = (f"shop-{n:05d},safety-site,safety_site,新北市,安心商店{n}\n" for n in range(SITES))
    file.write_text("source,kind,role,county,name\n" + "".join(rows), encoding="utf-8")
    return file


async def test_a_list_of_17_000_sites_is_enrolled_within_minutes_and_again_changes_nothing(
    lab: Lab, sites: Path
) -> None:
    codes = lab.settings.data_dir / "codes.csv"
    began = time.monotonic()
    first = await run(lab.settings, "source", "import", str(sites), "--credentials", str(codes), within_s=120)
    assert (first.exit_code, first.err) == (0, "")
    assert time.monotonic() - began < MINUTES_MAX * 60
    assert first.out.startswith(f"enrolled {SITES}, changed 0, unchanged 0\n")
    assert codes.stat().st_mode & 0o077 == 0
    with codes.open(encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    assert len({row["code"] for row in told}) == SITES
    again = await run(lab.settings, "source", "import", str(sites), "--credentials", f"{codes}2", within_s=120)
    assert (again.exit_code, again.out) == (0, f"enrolled 0, changed 0, unchanged {SITES}\n")
    async with open_doors(lab, {}) as doors, doors.client("none") as stranger:
        redeemed = await stranger.post("/v1/credentials", json={"code": told[16_999]["code"]})
        assert (redeemed.status_code, redeemed.json()["source"]) == (HTTPStatus.CREATED, "shop-16999")
        async with doors.client(redeemed.json()["token"]) as shop:
            answer = await shop.post(REPORTS, json=report(1), headers=STRUCTURED)
    assert answer.status_code == HTTPStatus.ACCEPTED


async def test_one_source_from_its_enrolment_to_its_revocation(lab: Lab, tmp_path: Path) -> None:
    added = await run(lab.settings, "source", "add", "clinic-77", "--kind", "clinic", "--county", "台北市")
    assert added.out.splitlines()[0] == "enrolled clinic-77; its reports go to intake.clinic.v1"
    token = added.out.splitlines()[1].removeprefix("token: ")
    twice = await run(lab.settings, "source", "add", "clinic-77", "--kind", "clinic")
    assert (twice.exit_code, "source rotate" in twice.err) == (1, True)
    rotated = await run(lab.settings, "source", "rotate", "clinic-77", "--overlap-h", "0")
    assert token not in rotated.out
    drawn = await run(lab.settings, "source", "qr", "clinic-77", str(tmp_path / "c.svg"), "--url", "https://x.example")
    assert (drawn.exit_code, (tmp_path / "c.svg").read_text()[:5]) == (0, "<?xml")
    (listed,) = [json.loads(line) for line in (await run(lab.settings, "source", "list", "--json")).out.splitlines()]
    assert (listed["code"], listed["county"], listed["tokens"], listed["forms"]) == ("clinic-77", "臺北市", 1, 1)
    assert (await run(lab.settings, "source", "revoke", "clinic-77")).exit_code == 0
    assert (await run(lab.settings, "source", "revoke", "clinic-77")).exit_code == 1
    (revoked,) = [json.loads(line) for line in (await run(lab.settings, "source", "list", "--json")).out.splitlines()]
    assert (revoked["tokens"], revoked["forms"], bool(revoked["revoked_at"])) == (0, 0, True)


async def test_who_was_revoked_stays_so_when_the_same_list_comes_again(lab: Lab) -> None:
    rows = (f"shop-{n},safety-site,safety_site,新北市,商店{n}\n" for n in range(3))
    (lab.settings.data_dir / "sites.csv").write_text("source,kind,role,county,name\n" + "".join(rows), encoding="utf-8")
    await run(lab.settings, "source", "import", "sites.csv", "--credentials", "codes.csv")
    assert (await run(lab.settings, "source", "revoke", "shop-1")).exit_code == 0
    again = await run(lab.settings, "source", "import", "sites.csv", "--credentials", "more.csv")
    assert again.out.splitlines() == [
        "enrolled 0, changed 0, unchanged 2",
        "left revoked 1; `anwang source add` enrols one anew",
    ]
    assert await lab.pool.fetchval("SELECT count(*) FROM source WHERE revoked_at IS NOT NULL") == 1


async def test_a_source_of_the_file_is_revoked_like_any_other(lab: Lab) -> None:
    assert (await run(lab.settings, "source", "revoke", "hotline-113")).exit_code == 0
    (lab.settings.data_dir / "one.ndjson").write_text(
        json.dumps({**report(1), "source": "/sources/hotline-113"}) + "\n", encoding="utf-8"
    )
    await run(lab.settings, "send", "one.ndjson")
    async with lab.assess() as assess:
        while not await lab.count("inbox"):
            await assess.turn()
    assert await lab.pool.fetchval("SELECT code FROM unread_report") == "source_revoked"


async def test_a_source_with_its_own_topic_has_it_at_once(lab: Lab) -> None:
    added = await run(
        *(lab.settings, "source", "add", "police-110", "--kind", "police", "--own-topic", "--with", "none")
    )
    assert added.out == "enrolled police-110; its reports go to intake.police.110.v1\n"
    told = {**report(1), "source": "/sources/police-110"}
    (lab.settings.data_dir / "one.ndjson").write_text(json.dumps(told) + "\n", encoding="utf-8")
    sent = await run(lab.settings, "send", "one.ndjson")
    assert sent.exit_code == 0, sent.err
    async with lab.assess() as assess:
        while not await lab.count("inbox"):
            await assess.turn()
    row = await lab.pool.fetchrow("SELECT topic, outcome FROM inbox")
    assert (row["topic"], row["outcome"]) == ("intake.police.110.v1", "case")


async def test_a_sources_keys_from_the_first_to_the_last(lab: Lab, tmp_path: Path) -> None:
    first, second = OKPKey.generate_key("Ed25519"), ECKey.generate_key("P-256")
    (tmp_path / "first.pem").write_bytes(first.as_pem(private=False))
    (tmp_path / "second.jwk").write_text(json.dumps(second.as_dict(private=False) | {"kid": "clinic-2027"}))
    await run(lab.settings, "source", "add", "clinic-77", "--kind", "clinic")
    key = ("source", "key")
    added = await run(lab.settings, *key, "add", "clinic-77", "--public-key", str(tmp_path / "first.pem"))
    assert added.out == f"clinic-77 signs by {first.thumbprint()}\n", added.err
    named = await run(lab.settings, *key, "add", "clinic-77", "--public-key", str(tmp_path / "second.jwk"))
    assert named.out == "clinic-77 signs by clinic-2027\n"
    taken = await run(lab.settings, *key, "add", "hotline-113", "--public-key", str(tmp_path / "first.pem"))
    assert (taken.exit_code, "clinic-77 is there already" in taken.err) == (1, True)
    assert (await run(lab.settings, *key, "revoke", "clinic-77", "clinic-2027")).exit_code == 0
    assert (await run(lab.settings, *key, "revoke", "clinic-77", "clinic-2027")).exit_code == 1
    again = await run(lab.settings, *key, "add", "clinic-77", "--public-key", str(tmp_path / "second.jwk"))
    assert (again.exit_code, "revoked; draw a new one" in again.err) == (1, True)
    rows = [
        json.loads(line) for line in (await run(lab.settings, *key, "list", "clinic-77", "--json")).out.splitlines()
    ]
    assert [(r["curve"], bool(r["revoked_at"])) for r in rows] == [("Ed25519", False), ("P-256", True)]
    due = await run(lab.settings, "source", "require-signature", "clinic-77", "on")
    assert due.out == "what clinic-77 sends unsigned is refused, or quarantined\n"
    assert (await run(lab.settings, "source", "revoke", "clinic-77")).exit_code == 0
    assert await lab.pool.fetchval("SELECT count(*) FROM source_key WHERE revoked_at IS NULL") == 0


async def test_a_source_of_the_file_can_be_made_to_sign_and_a_list_changes_nothing_of_that(lab: Lab) -> None:
    assert (await run(lab.settings, "source", "require-signature", "hotline-113", "on")).exit_code == 0
    (lab.settings.data_dir / "s.csv").write_text("source,kind,role,county\nhotline-113,hotline,hotline_worker,\n")
    again = await run(lab.settings, "source", "import", "s.csv", "--credentials", "c.csv", "--with", "none")
    assert again.out.startswith("enrolled 0, changed 0, unchanged 1"), again.out + again.err
    (lab.settings.data_dir / "one.ndjson").write_text(
        json.dumps({**report(1), "source": "/sources/hotline-113"}) + "\n", encoding="utf-8"
    )
    await run(lab.settings, "send", "one.ndjson")
    await lab.settle_all(1)
    assert await lab.pool.fetchval("SELECT code FROM unread_report") == "signature_missing"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("add", "Clinic 1", "--kind", "clinic"), "small letters"),
        (("add", "clinic-1x"), "a kind"),
        (("add", "clinic-1x", "--kind", "clinic", "--county", "東京"), "county"),
        (("add", "x-1", "--kind", "odd"), "role"),
        (("add", "113", "--kind", "hotline"), "the own topic of hotline-113"),
        (("rotate", "nobody"), "no source nobody"),
        (("import", "nowhere.csv", "--credentials", "o.csv"), "cannot be read"),
        (("require-signature", "nobody", "on"), "no source nobody"),
        (("key", "add", "hotline-113", "--public-key", "nowhere.pem"), "cannot be read"),
        (("key", "revoke", "hotline-1957", "../k"), "signs with no key"),
        (("certificate", "add", "hotline-113", "nowhere.crt"), "cannot be read"),
        (("certificate", "revoke", "hotline-1957", "xyz"), "hexadecimal"),
        (("qr", "nobody", "x.gif", "--url", "https://x.example"), ".svg"),
    ],
)
async def test_what_will_not_do_is_one_line_and_changes_nothing(argv: tuple[str, ...], said: str, lab: Lab) -> None:
    ended = await run(lab.settings, "source", *argv)
    assert ended.exit_code == 1
    assert said in ended.err.splitlines()[-1]
    assert await lab.count("source") == 0
