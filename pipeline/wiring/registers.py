"""What commands ask and change of sources, people, policies, the ledger and the audit."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from pipeline.adapters.anchors import PUBLIC_SUFFIX, AnchorFile, is_signed_by, trusted_keys
from pipeline.adapters.kafka.accounts import Accounts
from pipeline.adapters.kafka.brokers import proven_brokers
from pipeline.adapters.kafka.onlooker import Onlooker
from pipeline.adapters.kafka.returning import send_back
from pipeline.adapters.kafka.topics import ensure_topics
from pipeline.adapters.postgres.access_log import (
    AccessBook,
    Shown,
    Verified,
    Wanted,
    read_shown,
)
from pipeline.adapters.postgres.audit_store import AuditStore
from pipeline.adapters.postgres.database import (
    COUNTING_TIMEOUT_MS,
    Role,
    open_pool,
    with_retries,
)
from pipeline.adapters.postgres.enrolment import Enrolment
from pipeline.adapters.postgres.key_versions import prove_wrapping
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.migrate import DATA, KEYS, migrate, refuse_other_schema
from pipeline.adapters.postgres.overruled import read_overruled
from pipeline.adapters.postgres.people_desk import PeopleDesk
from pipeline.adapters.postgres.policies import Policies
from pipeline.adapters.postgres.proofs import Proofs
from pipeline.adapters.postgres.register import Register
from pipeline.adapters.postgres.releases import Releases
from pipeline.adapters.postgres.staff_book import StaffBook
from pipeline.adapters.postgres.ties import Ties
from pipeline.adapters.postgres.unread_book import UnreadBook
from pipeline.adapters.telemetry import utc_now
from pipeline.adapters.timestamps import is_stamp_of
from pipeline.contracts.policy_desk import DeskRules
from pipeline.domain.directory import Directory
from pipeline.domain.ledger import AlarmRow, LedgerState, UnreadRow
from pipeline.domain.link_words import Words
from pipeline.domain.overruled import Overruled
from pipeline.domain.policy.desk_rules import desk_rules
from pipeline.domain.unread import Fate, Quarantined
from pipeline.errors import KeysRefusedError
from pipeline.settings import Settings, directory_of
from pipeline.stages.ledger import ledger_state
from pipeline.stages.release import Releasing
from pipeline.wiring.cases import _noting
from pipeline.wiring.ground import ASK_FOR_S, ground, keys_pool_of, pool_of, worker_name


@asynccontextmanager
async def staff_book(settings: Settings) -> AsyncIterator[StaffBook]:
    """What changes accounts and posts; the database must be of this program's schema."""
    async with AsyncExitStack() as stack:
        pool = await pool_of(stack, settings.postgres_dsn, worker_name("staff"), Role.OPERATE, connections_max=1)
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        yield StaffBook(pool)


@asynccontextmanager
async def ties(settings: Settings) -> AsyncIterator[Ties]:
    """What ties members of staff to reports."""
    name = worker_name("staff")
    async with ground(settings, name, Role.OPERATE, connections_max=1) as on, AsyncExitStack() as stack:
        keys_pool = await keys_pool_of(stack, settings, on, name, Role.OPERATE, connections_max=1)
        yield Ties(on.pool, CaseKeys(keys_pool, on.ring), on.ring)


@asynccontextmanager
async def people_desk(settings: Settings) -> AsyncIterator[tuple[PeopleDesk, DeskRules]]:
    """The desk for one person, by their session, and the rules that are in force."""
    name = worker_name("people")
    async with AsyncExitStack() as stack:
        pool = await pool_of(stack, settings.postgres_dsn, name, Role.OPERATE, connections_max=1)
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        book = await with_retries(Policies(pool, "people").book)
        people = await pool_of(stack, settings.postgres_dsn, name, Role.PEOPLE, connections_max=1)
        yield PeopleDesk(people), desk_rules(book.at(utc_now()))


async def read_directory(settings: Settings) -> Directory:
    """The sources of the file and those enrolled by command above them, as of now."""
    name = worker_name("sources")
    pool = await with_retries(
        lambda: open_pool(settings.postgres_dsn, name=name, role=Role.OPERATE, connections_max=1), for_s=ASK_FOR_S
    )
    try:
        return await Register(pool, directory_of(settings)).look()
    finally:
        pool.terminate()


@asynccontextmanager
async def enrolment(settings: Settings) -> AsyncIterator[Enrolment]:
    """What changes the register; the database must be of this program's schema."""
    async with AsyncExitStack() as stack:
        pool = await pool_of(
            stack, settings.postgres_dsn, worker_name("sources"), Role.OPERATE, timeout_ms=COUNTING_TIMEOUT_MS
        )
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        yield Enrolment(pool)


@asynccontextmanager
async def proofs(settings: Settings) -> AsyncIterator[tuple[Enrolment, Proofs]]:
    """The register, and what changes the keys and certificates of those in it."""
    async with AsyncExitStack() as stack:
        pool = await pool_of(
            stack, settings.postgres_dsn, worker_name("sources"), Role.OPERATE, timeout_ms=COUNTING_TIMEOUT_MS
        )
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        yield Enrolment(pool), Proofs(pool)


@asynccontextmanager
async def releases(settings: Settings) -> AsyncIterator[Releases]:
    """What changes the policy; the database must be of this program's schema."""
    async with AsyncExitStack() as stack:
        pool = await pool_of(
            stack, settings.postgres_dsn, worker_name("policy"), Role.OPERATE, timeout_ms=COUNTING_TIMEOUT_MS
        )
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        yield Releases(pool)


async def read_ledger(settings: Settings) -> LedgerState:
    """The ledger as it stands now, counted anew."""
    name, brokers = worker_name("ledger"), await proven_brokers(settings)
    async with (
        ground(settings, name, Role.OPERATE, timeout_ms=COUNTING_TIMEOUT_MS) as on,
        Onlooker(brokers, name) as onlooker,
    ):
        return await ledger_state(AuditStore(on.pool), onlooker)


async def read_unread(settings: Settings) -> list[UnreadRow]:
    """The reports that wait for a person because nobody could read or may believe them."""
    async with ground(settings, worker_name("unread"), Role.OPERATE) as on:
        return await AuditStore(on.pool).unread_list()


async def mark_read(settings: Settings, unread_id: UUID, by: str) -> bool:
    """A person has read this report; False where no such one waits."""
    async with ground(settings, worker_name("unread"), Role.OPERATE) as on:
        return await AuditStore(on.pool).mark_read(unread_id, by)


async def release_unread(settings: Settings, unread_id: UUID, by: str, second: str) -> tuple[Fate, Quarantined]:
    """Two people believe this quarantined report: it goes back to its topic. Raises UnreadRefusedError."""
    name, brokers = worker_name("unread"), await proven_brokers(settings)
    async with ground(settings, name, Role.OPERATE) as on, AsyncExitStack() as stack:
        keys_pool = await pool_of(stack, settings.keys_dsn, name, Role.OPERATE, connections_max=1)
        async with keys_pool.acquire() as db:
            await refuse_other_schema(db, KEYS)
            await prove_wrapping(db, on.ring)
        sources = await Register(on.pool, directory_of(settings)).look()
        keys = CaseKeys(keys_pool, on.ring)
        releasing = Releasing(UnreadBook(on.pool, keys, on.ring), partial(send_back, brokers), sources, utc_now)
        async with _noting(on.pool, keys):
            return await releasing.release(unread_id, by, second)


async def read_alarms(settings: Settings) -> list[AlarmRow]:
    """What rings now."""
    async with ground(settings, worker_name("alarms"), Role.OPERATE) as on:
        return await AuditStore(on.pool).open_alarms()


async def settle_alarm(settings: Settings, alarm_id: int, by: str) -> bool:
    """A person has looked at this alarm; False where no such one rings."""
    async with ground(settings, worker_name("alarms"), Role.OPERATE) as on:
        return await AuditStore(on.pool).settle_alarm(alarm_id, by)


async def verify_audit(settings: Settings, anchors: Path | None, public_key: Path | None) -> Verified:
    """Reads the whole audit of access. `anchors` and `public_key` are, by default, where the auditor of this machine
    leaves them; raises KeysRefusedError where a file that was named is not there.
    """
    file = AnchorFile(anchors or settings.anchor_file).read()
    if anchors and file is None:
        raise KeysRefusedError(f"the file of anchors {anchors} is not there")
    trusted = trusted_keys(public_key or settings.anchor_key_file.with_suffix(PUBLIC_SUFFIX))
    async with _auditing(settings) as book:
        return await book.verify(file, is_signed=lambda a: is_signed_by(a, trusted), is_stamped=is_stamp_of)


async def read_audit(settings: Settings, token: str, wanted: Wanted) -> list[Shown]:
    """What a person in the post of an auditor wants to know of the audit of access. Raises NobodyActsError."""
    async with AsyncExitStack() as stack:
        pool = await pool_of(stack, settings.postgres_dsn, worker_name("audit"), Role.PEOPLE, connections_max=1)
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        return await read_shown(pool, token, wanted)


@asynccontextmanager
async def _auditing(settings: Settings) -> AsyncIterator[AccessBook]:
    async with AsyncExitStack() as stack:
        pool = await pool_of(
            stack,
            settings.postgres_dsn,
            worker_name("audit"),
            Role.AUDITOR,
            connections_max=1,
            timeout_ms=COUNTING_TIMEOUT_MS,
        )
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        yield AccessBook(pool)


async def read_overrides(settings: Settings, first: datetime, after: datetime) -> list[tuple[Overruled, Words]]:
    """The rows that people overrode from `first` on and before `after`, the most often first, each in words."""
    async with AsyncExitStack() as stack:
        pool = await pool_of(
            stack, settings.postgres_dsn, worker_name("policy"), Role.OPERATE, timeout_ms=COUNTING_TIMEOUT_MS
        )
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        found, policies = await read_overruled(pool, first, after), Policies(pool, "policy")
        versions = {one.row.policy_version for one in found if one.row.policy_version}
        labels = {v: policy.labels for v in versions if (policy := await policies.by_version(v))}
        none = ("", "")
        return [(o, Words(*labels.get(o.row.policy_version or "", {}).get(o.row.rule or "", none))) for o in found]


async def migrate_all(settings: Settings) -> tuple[str, ...]:
    """Brings both databases to this program's schema; the names of what was applied."""
    return (*await migrate(settings.keys_dsn, KEYS), *await migrate(settings.postgres_dsn, DATA))


async def kafka_accounts(settings: Settings) -> Accounts:
    """Who is known at the brokers, for their operator. Raises BrokerRefusedError where they know no accounts."""
    return Accounts(await proven_brokers(settings))


async def create_topics(settings: Settings, directory: Directory | None = None) -> tuple[str, ...]:
    """Creates the topics of these sources that are missing, of the file's if none are given; their names."""
    return await ensure_topics(
        await proven_brokers(settings),
        (directory or directory_of(settings)).topics(),
        partitions=settings.partitions,
        replicas=settings.replicas,
    )
