"""Canaries through every door, and then a look at every byte: nothing personal stands anywhere but where it is sealed,
and on the intake topics. And each way to leak is tried, to show that the look would find it.
"""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from canaries import Canary, Flock, left_for_a_feed, left_for_import
from crew import HOTLINE, Crew, crew_of, eventually, run, server_process, servers_root, settled
from doors import BATCH, CLINIC, REPORTS, STRUCTURED, enrolled
from lab import Lab
from seeking import found_in
from staff import signed_in
from sweep import started_here, swept
from test_doors_sealed import SHOP
from test_site_form import hidden

from pipeline.adapters.credentials import Purpose
from pipeline.adapters.kafka.outlet import new_producer
from pipeline.contracts.ids import event_key
from pipeline.domain.posts import PostRole
from pipeline.local.ports import LOOPBACK, remembered_ports
from pipeline.local.servers import Servers

STAGES = {
    "assess-1": "assess",
    "assess-2": "assess",
    "relay": "relay",
    "auditor": "auditor",
    "intake": "intake",
    "feeds": "feeds",
    "desk": "desk",
}
FLOCK = Flock("麤爨鸞灥", "Qyzzaxw", "A2236067", "94142135", "1913-11-29")
LEAKED = Flock("驫鱹籲癵", "Wvkkruq", "B2645751", "97320508", "1914-10-31")
CRASHES = (
    "segv",
    "abort",
    "kill",
    "hang",
    "error",
    "group",
    "validation",
    "unicode",
    "json",
    "cast",
    "syntax",
    "twice",
)
MISUSED = 2
"""What is no command at all is shown to who typed it, as any shell does."""
STUMBLES = ("talk", "unawaited")


@dataclass
class House:
    """All processes, and what they answered."""

    lab: Lab
    crew: Crew
    root: Path
    senders: Path
    tokens: dict[str, str]
    said: dict[str, bytes] = field(default_factory=dict)
    few: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(3))

    def client(self, name: str, token: str | None = None) -> httpx.AsyncClient:
        url = f"http://{LOOPBACK}:{self.tokens[f'{name} port']}"
        headers = {"authorization": f"Bearer {token or self.tokens[name]}"}
        return httpx.AsyncClient(base_url=url, headers=headers, timeout=30)

    def hear(self, door: str, *answers: httpx.Response) -> None:
        told = b"\n".join(a.content + str(a.headers).encode() for a in answers)
        self.said[door] = self.said.get(door, b"") + told

    async def command(self, *words: str) -> int:
        async with self.few:
            ended = await run(self.lab.settings, *words, within_s=180)
        if ended.exit_code != MISUSED:
            place = f"anwang {words[0]}"
            self.said[place] = self.said.get(place, b"") + (ended.out + ended.err).encode()
        return ended.exit_code


@asynccontextmanager
async def house_of(lab: Lab, servers: Servers, planted: str, **more: str) -> AsyncIterator[House]:
    data, root = lab.settings.data_dir, await servers_root(servers)
    senders = data / "senders"
    for folder in (senders / "city", data / "tmp", data / "home"):
        folder.mkdir(parents=True)
    feeds = data / "feeds.toml"
    told = {"name": "city", "folder": str(senders / "city"), "mapping": "city-nightly", "source": "police-01"}
    feeds.write_text("[[feed]]\nsettle_s = 0\n" + "".join(f"{key} = {json.dumps(v)}\n" for key, v in told.items()))
    ports = remembered_ports(data / "doors.json", ["intake", "desk"])
    tokens = {f"{name} port": str(port) for name, port in ports.items()}
    tokens |= {"intake": await enrolled(lab), "form": await enrolled(lab, SHOP, Purpose.FORM)}
    tokens |= {"desk": await signed_in(lab, "worker-1", PostRole.SUPERVISOR)}
    settings = {
        "ANWANG_LOG_LEVEL": "debug",
        "ANWANG_FEEDS_FILE": str(feeds),
        "ANWANG_INTAKE_PORT": tokens["intake port"],
        "ANWANG_DESK_PORT": tokens["desk port"],
        "ANWANG_DESK_LOCAL_ACCOUNTS": "true",
        "ANWANG_SPOOL_DIR": str(data / "spool"),
        "TMPDIR": str(data / "tmp"),
        "HOME": str(data / "home"),
        **more,
    }
    async with crew_of(lab, STAGES, planted=planted, **settings) as crew:
        yield House(lab, crew, root, senders, tokens)


async def through_kafka(house: House) -> None:
    """On the topic of its own and on a shared one, as key, as value and in headers; and every kind of bad message."""
    own, partner, bad = (FLOCK.at(f"kafka {name}") for name in ("own", "partner", "bad"))
    producer = new_producer(house.lab.brokers, "test-sender")
    await producer.start()

    async def send(topic: str, value: bytes | None, canary: Canary, *headers: tuple[str, bytes]) -> None:
        mine = [("who", canary.name.encode()), (canary.flock.roman, canary.phone.encode()), *headers]
        await producer.send(topic, value, key=canary.national_id.encode(), headers=mine)

    try:
        for told in (own.event(0), *own.twisted(100)):
            await send(HOTLINE, json.dumps(told, ensure_ascii=False).encode(), own)
        for told in (partner.event(0, source="police-01"), *partner.twisted(100, "police-01")):
            await send("intake.partner.v1", json.dumps(told).encode(), partner)
        for one in bad.bad():
            await send(HOTLINE, one.value, bad, *one.headers)
        for value in (None, b"", bad.story.encode(), bad.story.encode("utf-16"), bad.story.encode("cp950")):
            await send("intake.partner.v1", value, bad)
        await producer.flush()
    finally:
        await producer.stop()


async def through_http(house: House) -> None:
    """Structured, binary and as a batch; and with a canary at each place of a request that is refused."""
    good, batch, bad = (FLOCK.at(f"http {name}") for name in ("good", "batch", "refused"))
    name, story = bad.name.encode(), bad.story.encode()
    typed = STRUCTURED["content-type"].encode()
    async with house.client("intake") as client, house.client("intake", FLOCK.roman) as stranger:
        keyed = {
            "idempotency-key": good.name.encode(),
            "content-type": typed,
            "traceparent": story,
            "user-agent": story,
        }
        unnamed = {key: value for key, value in good.event(2, source=CLINIC.code).items() if key != "id"}
        binary = {b"ce-specversion": b"1.0", b"ce-id": quote(good.story).encode(), b"ce-type": b"report.submitted.v1"}
        taken = [
            await client.post(REPORTS, json=good.event(1, source=CLINIC.code), headers=STRUCTURED),
            await client.post(REPORTS, json=unnamed, headers=keyed),
            await client.post(
                REPORTS, json=good.event(3)["data"], headers={**binary, b"ce-subject": good.name.encode()}
            ),
            await client.post(
                REPORTS, content=json.dumps([batch.event(n, source=CLINIC.code) for n in range(5)]), headers=BATCH
            ),
        ]
        assert {a.status_code for a in taken} == {HTTPStatus.ACCEPTED}, [a.text for a in taken]
        house.hear("http good", *taken)
        wrong: list[Any] = list(bad.twisted(300, CLINIC.code))
        refused = [await client.post(REPORTS, json=told, headers=STRUCTURED) for told in wrong]
        refused += [
            await client.post(REPORTS, content=json.dumps(wrong[:7], ensure_ascii=False), headers=BATCH),
            await client.post(REPORTS, content=b'{"id": "' + story, headers=STRUCTURED),
            await client.post(REPORTS, content=b"{}", headers={"content-type": b"text/" + name}),
            await client.post(REPORTS, content=story, headers={"content-type": typed, "content-encoding": name}),
            await client.post(f"{REPORTS}?{quote(bad.story)}={bad.phone}", content=story, headers=STRUCTURED),
            await client.post("/v1/credentials", json={"code": bad.story}),
            await client.post("/v1/credentials", json={bad.name: bad.story}),
            await client.get(f"/v1/receipts/{quote(bad.name)}"),
            await client.get(f"/{quote(bad.name)}/{bad.national_id}?{bad.phone}", headers={"referer": story}),
            await client.request(FLOCK.roman, f"/{bad.phone}", headers={FLOCK.roman: name, "x-forwarded-for": name}),
            await stranger.post(REPORTS, json=bad.event(9), headers=STRUCTURED),
            await client.get("/v1/receipts/x", headers={"authorization": b"Bearer " + story}),
            await client.post(
                REPORTS, json={**bad.event(4, source=CLINIC.code), "id": "crash-door"}, headers=STRUCTURED
            ),
        ]
        assert refused[-1].status_code == HTTPStatus.INTERNAL_SERVER_ERROR
        house.hear("http refused", *refused)
    raw = b"GET /" + name + b" HTTP/9.9\r\n" + story + b"\r\n" + name * 40_000
    house.said["http raw"] = await spoken(int(house.tokens["intake port"]), raw)
    house.said["health raw"] = await spoken(house.crew._ports["intake"], raw)  # noqa: SLF001 - where its health is


async def spoken(port: int, raw: bytes) -> bytes:
    """What is answered to what is no HTTP."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(raw)
        async with asyncio.timeout(15):
            return await reader.read()
    except OSError:
        return b""
    finally:
        writer.close()


async def through_the_form(house: House) -> None:
    canary, key = FLOCK.at("form"), house.tokens["form"]
    async with house.client("intake") as clerk:
        page = await clerk.get(f"/form/{key}")
        told = {name: hidden(page.text, name) for name in ("submission", "opened_at")}
        told |= {"sights": "elder", "where": "here", "narrative": canary.story, "reporter_name": canary.name}
        taken = await clerk.post(f"/form/{key}", data=told)
        assert taken.status_code == HTTPStatus.OK
        await clerk.post(f"/form/{quote(canary.name)}", data=told)
        bad = [{**told, field: canary.story} for field in (*told, canary.name)]
        for one in [*bad, {**told, "narrative": canary.story * 5000}]:
            with suppress(httpx.TransportError):  # what is far too long is not read to its end
                house.hear("form refused", await clerk.post(f"/form/{key}?{canary.phone}", data=one))
    house.hear("form", page, taken)


async def through_files(house: House) -> None:
    """Tables and lines by command, and a watched folder; each with faults."""
    csv, xlsx = left_for_import(house.senders / "clinic", FLOCK.at("csv"), FLOCK.at("xlsx"))
    left_for_a_feed(house.senders / "city", FLOCK.at("feed"))
    for file in (csv, xlsx):
        for more in (("--dry-run",), ("--json",), ()):
            words = ("import", str(file), "--mapping", "clinic-spreadsheet", "--source", CLINIC.code, *more)
            assert await house.command(*words) in {0, 1}
    lines = house.senders / "lines.ndjson"
    sent = FLOCK.at("send")
    told = [sent.event(1, source="clinic-0001"), *sent.twisted(100, "clinic-0001")]
    lines.write_bytes(
        b"\n".join([*(json.dumps(t).encode() for t in told), sent.story.encode(), b"{" + sent.name.encode()])
    )
    assert await house.command("send", str(lines)) == 0
    assert await house.command("assess", str(house.senders / "nobody")) == 1
    (house.senders / "lines.bad").write_bytes(sent.story.encode())

    async def all_taken() -> bool:
        return not list((house.senders / "city").glob("*.csv"))

    await eventually(all_taken, 60, "the feed")


async def over_crashes(house: House) -> None:
    """Each kills a worker, or makes it stumble, once, with what was told in its hands."""
    canary = FLOCK.at("crash")
    deadly = [{**canary.event(n), "id": f"crash-{way}"} for n, way in enumerate((*STUMBLES, *CRASHES))]
    await house.lab.send(deadly, topic=HOTLINE, partition=0)

    async def all_struck() -> bool:
        return all((house.lab.settings.data_dir / f"struck-{way}").exists() for way in (*STUMBLES, *CRASHES))

    await eventually(all_struck, 240, "every crash")
    for name in ("relay", "intake", "feeds"):
        house.crew.process(name).send_signal(signal.SIGSEGV if name == "relay" else signal.SIGKILL)
    await eventually(house.crew.all_ready, 120, "everybody's return")


async def into_the_spool(house: House) -> None:
    """What comes while the broker is away lies on the disk of the intake, which is then killed."""
    canary, kafka = FLOCK.at("spool"), server_process(house.root, "kafka")
    async with house.client("intake") as client:
        kafka.suspend()
        try:
            tasks = [
                asyncio.create_task(client.post(REPORTS, json=canary.event(n, source=CLINIC.code), headers=STRUCTURED))
                for n in range(20)
            ]
            answers = [await task for task in tasks]
            assert {a.status_code for a in answers} == {HTTPStatus.ACCEPTED}
            house.crew.process("intake").kill()
            spooled = b"".join(path.read_bytes() for path in (house.lab.settings.data_dir / "spool").iterdir())
        finally:
            kafka.resume()
    assert len(spooled) > 10_000
    house.said["spool"] = spooled
    house.hear("spool answers", *answers)


async def at_the_desk(house: House) -> None:
    """What staff mistype."""
    canary = FLOCK.at("desk")
    story, path = canary.story.encode(), quote(canary.name)
    async with house.client("desk") as client, house.client("desk", FLOCK.roman) as stranger:
        house.hear(
            "desk",
            await client.get(f"/v1/links/{path}"),
            await client.get(f"/v1/links/{canary.national_id}?{canary.phone}={path}"),
            await client.get(f"/v1/reviews?limit={path}"),
            await client.get(f"/{path}"),
            await client.post("/v1/rulings", json={"kind": canary.name, "names": [canary.story]}),
            await client.post(
                "/v1/rulings", json={"kind": "confirm", "names": [canary.name, canary.phone], "case": "x"}
            ),
            await client.post("/v1/rulings", json={canary.name: canary.story}),
            await client.post("/v1/rulings", content=b"{" + story, headers={"content-type": "application/json"}),
            await client.post(f"/v1/cases/{path}/overrides", json={"kind": "raise", "reason": canary.story}),
            await client.post("/v1/rulings", json={}, headers={"second-authorization": b"Bearer " + story}),
            await stranger.get(f"/v1/links/{path}", headers={"referer": story, "cookie": story}),
            await stranger.post("/v1/session", json={"staff": canary.name, "password": canary.story}),
            await stranger.post("/v1/session", json={"staff": canary.phone, canary.name: canary.story}),
            await stranger.get(f"/v1/session/oidc/callback?state={path}&code={canary.phone}&error={path}"),
            await client.get(f"/v1/cases/{path}"),
            await client.post(f"/v1/cases/{path}/claim", json={canary.name: canary.story}),
            await client.post(f"/v1/cases/{path}/transfers", json={"to": canary.name, "reason": canary.story}),
            await client.post(f"/v1/transfers/{path}/answer", json={"answer": canary.story, "words": canary.story}),
            await client.get(f"/v1/cases?held={path}"),
            await client.get(f"/v1/audit?stream={path}"),
        )
    for name in STAGES:
        _, body = await house.crew.ask(name, f"/{quote(FLOCK.at('health').story)}?{FLOCK.at('health').phone}")
        house.said[f"{name} nothing"] = body.encode()


LOOKED_UP: tuple[tuple[str, ...], ...] = (
    ("explain", "{name}"),
    ("explain", "{national_id}"),
    ("explain", "link", "{name}"),
    ("case", "show", "{name}"),
    ("link", "confirm", "{name}", "{phone}", "--by", "worker-1"),
    ("link", "confirm", "http-good-1", "form-1", "--by", "{name}"),
    ("unread", "--read", "{name}", "--by", "worker-1"),
    ("unread", "--read", "{national_id}", "--by", "{name}"),
    ("alarms", "--settle", "{name}", "--by", "worker-1"),
    ("source", "add", "{name}", "--county", "{name}", "--kind", "{name}"),
    ("source", "revoke", "{name}"),
    ("staff", "add", "{name}"),
    ("run", "{name}"),
    ("{name}",),
    ("ledger", "--{roman}"),
    ("ledger", "{story}"),
)
ASKED = (
    *(("ledger",), ("ledger", "--json"), ("unread",), ("unread", "--json"), ("alarms",), ("alarms", "--json")),
    *(("config", "show"), ("source", "list", "--json"), ("link", "reviews"), ("policy", "overrides")),
)


async def by_command(house: House) -> None:
    canary = FLOCK.at("command")
    held = {name: getattr(canary, name) for name in ("name", "national_id", "phone", "story")}
    filled = [tuple(word.format(roman=FLOCK.roman, **held) for word in words) for words in LOOKED_UP]
    codes = await asyncio.gather(*(house.command(*words) for words in filled))
    assert 0 not in codes, codes
    await asyncio.gather(*(house.command(*words) for words in ASKED))


DOORS: tuple[Callable[[House], Awaitable[None]], ...] = (
    *(
        through_kafka,
        through_http,
        through_the_form,
        through_files,
        at_the_desk,
        by_command,
        into_the_spool,
        over_crashes,
    ),
)


async def all_done(lab: Lab) -> bool:
    """Nothing is on its way any more."""
    state = await lab.audit()
    return not (state.in_flight or state.unpublished or await lab.pool.fetchval("SELECT sum(waiting) FROM spool"))


@pytest.mark.timeout(900)
async def test_nothing_of_what_came_through_any_door_stands_anywhere_but_where_it_is_sealed(
    lab: Lab, servers: Servers
) -> None:
    async with house_of(lab, servers, "crashing") as house:
        for go_through in DOORS:
            await go_through(house)
        await eventually(lambda: all_done(lab), 240, "settling all")
        await eventually(house.crew.all_ready, 120, "everybody's return")
        found = await swept(lab, house.crew, house.root, FLOCK.sought, house.senders)
        await require_that_all_came_in(house)
        limits = core_limits(lab)
    found |= {place: marked for place, said in house.said.items() if (marked := found_in(said, FLOCK.sought))}
    assert found == {}
    assert limits == {"1"}


def core_limits(lab: Lab) -> set[str]:
    """How large a core file the processes, and what they started, may leave."""
    told = [Path(f"/proc/{process.pid}/limits").read_text() for process in started_here(lab)]
    assert len(told) >= len(STAGES)
    return {line.split()[-2] for text in told for line in text.splitlines() if line.startswith("Max core file size")}


async def require_that_all_came_in(house: House) -> None:
    """Or the look has looked at nothing."""
    became = await settled(house.lab)
    assert became.keys() >= {"case", "dead_letter", "quarantine", "redelivery"}, became
    assert sum(became.values()) > 500
    known = {row["event_key"] for row in await house.lab.pool.fetch("SELECT event_key FROM report_version")}
    sent = [*(("http batch", n) for n in range(5)), *(("spool", n) for n in range(20)), ("http good", 1)]
    keys = {event_key(CLINIC.code, FLOCK.at(door).event_id(number)): (door, number) for door, number in sent}
    assert [told for key, told in keys.items() if key not in known] == []
    for table in ("report_version", "report_original", "unread_report", "link_key", "case_event", "outbox", "decision"):
        assert await house.lab.count(table) > 0, table
    ended = {error for name in ("assess-1", "assess-2") for error in house.crew.errors(name)}
    assert ended >= {"ValueError", "ExceptionGroup", "ValidationError", "UnicodeDecodeError", "JSONDecodeError"}, ended
    assert ended >= {"InvalidTextRepresentationError", "UniqueViolationError"}, ended
    assert list((house.senders / "city" / "failed").glob("*.why.txt"))


EVERYWHERE = (
    *("log/assess-1.log", "log/postgres.log", "leak.json", "tmp/leak", "core"),
    *("table alarm", "topic queue.family.v1", "topic case.events.v1", "assess-1 /metrics"),
    *(
        "cmdline of python",
        "environ of sleep",
        "postgres/data/pg_wal",
        "postgres/data/base",
        "kafka/data/queue.family.v1",
    ),
    "kafka/data/case.events.v1",
)


@pytest.mark.timeout(600)
async def test_what_leaks_is_found_wherever_it_leaks_to(lab: Lab, servers: Servers) -> None:
    canary, name = LEAKED.at("crash"), LEAKED.at("crash").story.encode("unicode_escape").decode()
    async with house_of(lab, servers, "leaking", LEAK=name) as house:
        await house.crew.supervisor.stop_child("assess-2")
        await lab.send([{**canary.event(1), "id": "leak-all"}], topic=HOTLINE)
        await eventually(lambda: has_settled(lab, 1), 60, "leaking")
        found = await swept(lab, house.crew, house.root, LEAKED.sought, house.senders)
        await lab.send([{**canary.event(2), "id": "leak-core"}], topic=HOTLINE)
        await eventually(lambda: has_settled(lab, 2), 60, "crashing")
        found |= await swept(lab, house.crew, house.root, LEAKED.sought, house.senders)
        for left in started_here(lab):
            if "120" in " ".join(left.cmdline()):
                left.kill()
    assert [wanted for wanted in EVERYWHERE if not any(place.startswith(wanted) for place in found)] == [], sorted(
        found
    )


async def has_settled(lab: Lab, messages: int) -> bool:
    return sum((await settled(lab)).values()) >= messages
