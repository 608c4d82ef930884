"""One broker and one database for all tests; for each test new databases, empty topics, and its own keys."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from pipeline import wiring
from pipeline.adapters.anchors import create_key
from pipeline.adapters.kafka.brokers import Brokers, brokers_of
from pipeline.adapters.kafka.intake import Intake
from pipeline.adapters.kafka.onlooker import Onlooker, explain_gap
from pipeline.adapters.kafka.outlet import Outlet, new_producer
from pipeline.adapters.postgres.assess_store import AssessStore
from pipeline.adapters.postgres.audit_store import AuditStore
from pipeline.adapters.postgres.database import Pool, Role, open_pool
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.policies import Policies
from pipeline.adapters.postgres.register import Register
from pipeline.adapters.postgres.relay_store import RelayStore
from pipeline.adapters.postgres.timers import Timers
from pipeline.adapters.vault import GateKeys, KeyRing
from pipeline.contracts.messages import Stream
from pipeline.contracts.topics import OUTGOING
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.batch import Accepted, Claim, Unread
from pipeline.domain.escalation import Firing
from pipeline.domain.ledger import LedgerState
from pipeline.domain.normalise.variants import fold
from pipeline.domain.terms import shipped_terms
from pipeline.domain.timekeeping import Timekeeping
from pipeline.local.servers import Servers
from pipeline.settings import Settings, directory_of
from pipeline.stages.assess import Assess, Claims
from pipeline.stages.audit import Auditor
from pipeline.stages.relay import Relay
from pipeline.stages.watch import Watch

_numbers = itertools.count(1)


@dataclass
class Heard:
    """A Telling that remembers."""

    claims: list[tuple[Stream, Claim]] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    ledgers: list[LedgerState] = field(default_factory=list)
    alarms: list[tuple[str, str]] = field(default_factory=list)
    rings: list[Firing] = field(default_factory=list)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    armed: Counter[str] = field(default_factory=Counter)

    def claimed(self, stream: Stream, claim: Claim) -> None:
        self.claims.append((stream, claim))

    def settled(self, counts: Mapping[Outcome, int], items: Sequence[Accepted | Unread]) -> None:
        assert not counts or sum(counts.values()) == len(items)
        self.outcomes.update(counts)

    def turned(self, messages: int, took_s: float) -> None:
        assert messages >= 0 <= took_s

    def delivered(self, written_at: Iterable[datetime]) -> None:
        assert all(when.tzinfo for when in written_at)

    def published(self, counts: Mapping[str, int]) -> None:
        self.sent.update(counts)

    def taken(self, kind: str, posts: int) -> None:
        assert kind
        assert posts

    def answered(self, status: int, took_s: float) -> None:
        assert status
        assert took_s >= 0

    def refused(self, code: str) -> None:
        assert code

    def spooled(self, waiting: int) -> None:
        assert waiting >= 0

    def audited(self, ledger: LedgerState) -> None:
        self.ledgers.append(ledger)

    def rang(self, firings: Sequence[Firing]) -> None:
        self.rings += firings

    def lapsed(self, claims: int) -> None:
        assert claims > 0

    def armed_again(self, timers: Mapping[str, int]) -> None:
        self.armed.update(timers)

    def timed(self, timekeeping: Timekeeping) -> None:
        assert timekeeping.oldest_s >= 0

    def notified(self, channel: str, outcome: str, waited_s: float | None) -> None:
        assert waited_s is None or waited_s >= 0
        self.told[channel, outcome] += 1

    def alarm(self, code: str, subject: str) -> None:
        self.alarms.append((code, subject))


@dataclass
class Lab:
    """`pool` and `keys_pool` act as whoever made the databases, whom no policy binds: to look at everything."""

    settings: Settings
    pool: Pool
    keys_pool: Pool
    pools: "Pools"
    ring: KeyRing
    stack: AsyncExitStack
    heard: Heard = field(default_factory=Heard)
    _register: tuple[Pool, Register] | None = None

    @property
    def brokers(self) -> Brokers:
        return brokers_of(self.settings)

    # --- what goes in

    async def send(
        self, events: Sequence[Mapping[str, Any] | bytes], topic: str | None = None, partition: int | None = None
    ) -> None:
        """Each event on its source's topic, or all on `topic`, acknowledged before this returns."""
        producer = new_producer(self.brokers, "test-sender")
        await producer.start()
        try:
            for event in events:
                value = event if isinstance(event, bytes) else json.dumps(event).encode()
                to = topic or self.topic_of(event)
                await producer.send_and_wait(to, value, partition=partition)
        finally:
            await producer.stop()

    def topic_of(self, event: Mapping[str, Any] | bytes) -> str:
        if isinstance(event, bytes):
            return "intake.partner.v1"
        return directory_of(self.settings).sources[event["source"].removeprefix("/sources/")].topic

    # --- the stages, as wiring builds them

    @property
    def sources(self) -> Register:
        """The same one for the store and its stage, while the pool is the same."""
        pool = self.pools.assess
        if self._register is None or self._register[0] is not pool:
            self._register = pool, Register(pool, directory_of(self.settings))
        return self._register[1]

    def store(self, worker: str = "worker", kind: type[AssessStore] = AssessStore) -> AssessStore:
        keys = CaseKeys(self.pools.keys, self.ring, "assess")
        policies = Policies(self.pools.assess, "assess")
        centres = shipped_terms().centres
        return kind(
            self.pools.assess,
            self.pools.marks,
            keys,
            self.ring,
            sources=self.sources,
            policies=policies,
            centres=centres,
            worker=worker,
        )

    @asynccontextmanager
    async def assess(self, store: AssessStore | None = None, group: str | None = None) -> AsyncIterator[Assess]:
        store = store or self.store()
        claims = Claims(store, self.heard)
        intake = Intake(self.brokers, group or self.settings.kafka_group, "test-assess", claims)
        await intake.start()

        async def explain(stream: Stream, first: int, found: int) -> bool:
            return await explain_gap(self.brokers, stream, first, found)

        try:
            yield Assess(
                intake,
                store,
                claims,
                explain=explain,
                digests=self.ring,
                sources=self.sources,
                telling=self.heard,
            )
        finally:
            await intake.stop()

    @asynccontextmanager
    async def relay(self, owner: str = "relay") -> AsyncIterator[Relay]:
        box = RelayStore(self.pools.relay, self.settings.postgres_dsn, owner)
        outlet = Outlet(self.brokers, owner)
        await outlet.start()
        try:
            async with Onlooker(self.brokers, owner) as onlooker:
                relay = Relay(box, outlet, onlooker, self.heard)
                yield relay
                await relay.give_back()
        finally:
            await box.close()
            await outlet.stop()

    @asynccontextmanager
    async def auditor(self) -> AsyncIterator[Auditor]:
        async with Onlooker(self.brokers, "test-auditor") as onlooker:
            yield Auditor(AuditStore(self.pools.auditor), onlooker, self.ring, self.heard, patience_s=0)

    def watch(self) -> Watch:
        return Watch(Timers(self.pools.watch, Policies(self.pools.watch, "watch")), self.heard)

    # --- running them until something holds

    async def settle_all(self, messages: int) -> None:
        """Assesses until so many messages are settled in all."""
        async with self.assess() as stage:
            await until(stage.turn, lambda: self.inbox_holds(messages))

    async def publish_all(self) -> None:
        async with self.relay() as relay:
            await until(relay.turn, self.nothing_unpublished)

    async def audit(self) -> LedgerState:
        async with self.auditor() as auditor:
            return await auditor.turn()

    async def inbox_holds(self, messages: int) -> bool:
        return bool(await self.pool.fetchval("SELECT count(*) >= $1 FROM inbox", messages))

    async def nothing_unpublished(self) -> bool:
        return bool(await self.pool.fetchval("SELECT count(*) = 0 FROM outbox WHERE published_offset IS NULL"))

    # --- what comes out

    async def records(self, topic: str) -> list[dict[str, Any]]:
        """Every record of a topic, in order within each partition."""
        return [json.loads(value) for value in await self.values(topic)]

    async def values(self, topic: str) -> list[bytes]:
        consumer = AIOKafkaConsumer(**self.brokers.options(), auto_offset_reset="earliest")
        await consumer.start()
        try:
            tps = [TopicPartition(topic, p) for p in range(self.settings.partitions)]
            consumer.assign(tps)
            left = {tp: end for tp, end in (await consumer.end_offsets(tps)).items() if end}
            found: list[bytes] = []
            while left:
                for tp, got in (await consumer.getmany(*left, timeout_ms=2000)).items():
                    found += [record.value for record in got]
                    if got and got[-1].offset + 1 >= left[tp]:
                        del left[tp]
            return found
        finally:
            await consumer.stop()

    async def count(self, table: str) -> int:
        return int(await self.pool.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a table of ours


async def until(
    turn: Callable[[], Awaitable[object]], holds: Callable[[], Awaitable[bool]], turns_max: int = 200
) -> None:
    for _ in range(turns_max):
        await turn()
        if await holds():
            return
    raise AssertionError(f"not reached within {turns_max} turns")


@asynccontextmanager
async def open_lab(servers: Servers, folder: Path) -> AsyncIterator[Lab]:
    number = next(_numbers)
    main, keys = f"lab_{number}", f"lab_{number}_keys"
    settings = Settings(
        **servers.kafka_settings(),
        kafka_group=f"lab-{number}",
        postgres_dsn=await servers.create_database(main),
        keys_dsn=await servers.create_database(keys),
        data_dir=folder,
        partitions=2,
    )
    ring = KeyRing.create(settings.key_file)
    GateKeys.create(settings.gate_key_file)
    create_key(settings.anchor_key_file)
    await wiring.migrate_all(settings)
    await _without_topics(settings)
    await wiring.create_topics(settings)
    async with AsyncExitStack() as stack:
        pools = await open_pools(settings, stack)
        pool, keys_pool = [
            await open_pool(dsn, name="lab", role=None, connections_max=6)
            for dsn in (settings.postgres_dsn, settings.keys_dsn)
        ]
        stack.callback(pool.terminate)
        stack.callback(keys_pool.terminate)
        yield Lab(settings, pool, keys_pool, pools, ring, stack)
    await servers.drop_database(main)
    await servers.drop_database(keys)


@dataclass(frozen=True, slots=True)
class Pools:
    """What the stages work on, each in its own role."""

    assess: Pool
    marks: Pool
    keys: Pool
    relay: Pool
    auditor: Pool
    operate: Pool
    watch: Pool

    @property
    def on_data(self) -> tuple[Pool, ...]:
        return self.assess, self.marks, self.relay, self.auditor, self.operate, self.watch


async def open_pools(settings: Settings, stack: AsyncExitStack) -> Pools:
    async def of(dsn: str, role: Role) -> Pool:
        pool = await open_pool(dsn, name="lab", role=role, connections_max=6)
        stack.callback(pool.terminate)
        return pool

    data = settings.postgres_dsn
    return Pools(
        assess=await of(data, Role.ASSESS),
        marks=await of(data, Role.ASSESS),
        keys=await of(settings.keys_dsn, Role.ASSESS),
        relay=await of(data, Role.RELAY),
        auditor=await of(data, Role.AUDITOR),
        operate=await of(data, Role.OPERATE),
        watch=await of(data, Role.WATCH),
    )


async def _without_topics(settings: Settings) -> None:
    admin = AIOKafkaAdminClient(**brokers_of(settings).options())
    await admin.start()
    try:
        ours = [t for t in await admin.list_topics() if t.startswith("intake.") or t in OUTGOING]
        if ours:
            await admin.delete_topics(ours)
        while set(ours) & set(await admin.list_topics()):
            await asyncio.wait_for(admin.describe_cluster(), 5)
    finally:
        await admin.close()


_SURNAMES = [c for c in map(chr, range(0x4E00, 0x9FA5)) if fold(c) == c]
"""Characters that are no other one's variant: two numbers have two names."""


def event(number: int, *, source: str = "hotline-113", **data: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """A report of a violent partner, another household for each number; `data` replaces or adds fields of `data`."""
    hour = f"2026-03-02T{number % 24:02d}:00:00+08:00"
    return {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": f"/sources/{source}",
        "type": "report.submitted.v1",
        "time": hour,
        "data": {
            "report_no": f"{source}-{number}",
            "channel": "hotline",
            "received_at": hour,
            "categories": ["intimate_partner_violence"],
            "persons": [
                {
                    "role": "victim",
                    "name": f"{_SURNAMES[number]}測試",
                    "address": f"臺北市文山區木柵路一段{number + 1}號",
                }
            ],
            **data,
        },
    }


VICTIM = {"role": "victim", "name": "蔡品睿", "national_id": "F252907845", "birth_date": "1990-02-01"}
"""The same person in every report that names her."""
