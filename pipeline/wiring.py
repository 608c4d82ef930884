"""Who is who: the one place that chooses an adapter for each port, builds the processes from settings, and drives
them.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from pipeline.adapters.anchors import PUBLIC_SUFFIX, AnchorFile, is_signed_by, signer, trusted_keys
from pipeline.adapters.centre_folder import read_folder
from pipeline.adapters.erasure_list import ErasureList
from pipeline.adapters.feed_folder import FeedFolder
from pipeline.adapters.http.desk import desk_app
from pipeline.adapters.http.desk_room import Room
from pipeline.adapters.http.intake import House, intake_app
from pipeline.adapters.http.rate import Rates
from pipeline.adapters.http.server import Tls, Watched, listening
from pipeline.adapters.kafka.accounts import Accounts
from pipeline.adapters.kafka.brokers import brokers_of, proven_brokers
from pipeline.adapters.kafka.door import Door
from pipeline.adapters.kafka.intake import Intake
from pipeline.adapters.kafka.onlooker import Onlooker, explain_gap
from pipeline.adapters.kafka.outlet import Outlet
from pipeline.adapters.kafka.returning import send_back
from pipeline.adapters.kafka.topics import ensure_topics
from pipeline.adapters.mappings import load_feeds
from pipeline.adapters.oidc import Provider
from pipeline.adapters.postgres.access_log import (
    AccessBook,
    AccessLog,
    Reading,
    Shown,
    Verified,
    Wanted,
    note_rest,
    read_shown,
)
from pipeline.adapters.postgres.alarms import Alarms
from pipeline.adapters.postgres.assess_store import AssessStore
from pipeline.adapters.postgres.audit_store import AuditStore
from pipeline.adapters.postgres.cards import Cards
from pipeline.adapters.postgres.casebook import Casebook
from pipeline.adapters.postgres.database import (
    COUNTING_TIMEOUT_MS,
    STATEMENT_TIMEOUT_MS,
    Pool,
    Role,
    open_pool,
    with_retries,
)
from pipeline.adapters.postgres.docket_reader import DocketReader
from pipeline.adapters.postgres.doorkeeper import Doorkeeper
from pipeline.adapters.postgres.enrolment import Enrolment
from pipeline.adapters.postgres.erased_keys import ErasedKeys
from pipeline.adapters.postgres.erasure_check import require_applied
from pipeline.adapters.postgres.erasures import Erasures
from pipeline.adapters.postgres.explaining import Explaining
from pipeline.adapters.postgres.history import EVER, Histories, Stretch
from pipeline.adapters.postgres.key_backup import read_backup, write_backup
from pipeline.adapters.postgres.key_turns import Turns
from pipeline.adapters.postgres.key_versions import prove_keys, prove_wrapping
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.migrate import DATA, KEYS, migrate, refuse_other_schema
from pipeline.adapters.postgres.overrides import Overrides
from pipeline.adapters.postgres.overruled import read_overruled
from pipeline.adapters.postgres.people_desk import PeopleDesk
from pipeline.adapters.postgres.policies import Policies
from pipeline.adapters.postgres.proofs import Proofs
from pipeline.adapters.postgres.quiet import refuse_talkative_log
from pipeline.adapters.postgres.receipts import Receipts
from pipeline.adapters.postgres.register import Register
from pipeline.adapters.postgres.reindex import Reindex
from pipeline.adapters.postgres.relay_store import RelayStore
from pipeline.adapters.postgres.releases import Releases
from pipeline.adapters.postgres.retaining import Retaining
from pipeline.adapters.postgres.rotation import Rotation
from pipeline.adapters.postgres.rulings import Rulings
from pipeline.adapters.postgres.sessions import Sessions
from pipeline.adapters.postgres.staff_book import StaffBook
from pipeline.adapters.postgres.ties import Ties
from pipeline.adapters.postgres.transfers import Transfers
from pipeline.adapters.postgres.unread_book import UnreadBook
from pipeline.adapters.probes import broker_answers
from pipeline.adapters.sender import sender
from pipeline.adapters.spool import Spool
from pipeline.adapters.telemetry import utc_now
from pipeline.adapters.timestamps import Timestamper, is_stamp_of
from pipeline.adapters.vault import FIRST_VERSION, GateKeys, KeyRing, Wrapping
from pipeline.adapters.vault.hsm import hsm_wrapping
from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.messages import Stream
from pipeline.domain.access import AccessKind, Body
from pipeline.domain.directory import Directory, Source
from pipeline.domain.ledger import AlarmRow, LedgerState, UnreadRow
from pipeline.domain.link_words import Words
from pipeline.domain.overruled import Overruled
from pipeline.domain.terms import TermsBook
from pipeline.domain.unread import Fate, Quarantined
from pipeline.errors import KeysRefusedError, UnavailableError
from pipeline.ports import Telling
from pipeline.settings import Settings, SettingsRefusedError, directory_of
from pipeline.stages.anchor import Anchoring
from pipeline.stages.assess import Assess, Claims
from pipeline.stages.audit import Auditor
from pipeline.stages.feeds import FeedWatch
from pipeline.stages.intake import Gate
from pipeline.stages.ledger import ledger_state
from pipeline.stages.relay import Relay
from pipeline.stages.release import Releasing

AUDIT_EVERY_S = 1.0
FEEDS_EVERY_S = 1.0
GATE_EVERY_S = 0.5
PEOPLE_CONNECTIONS_MAX = 8
DRAINS_MAX = 20
"""Between two looks at the register, so that a long spool does not keep a revocation from being seen."""
ANSWER_TIMEOUT_MS = 2000
ASK_FOR_S = 2.0
"""Somebody waits for the answer of a command."""

Beat = Callable[[], None]


def worker_name(stage: str) -> str:
    """Another one after every start, so that what a dead process left behind is known for another's."""
    return f"{stage}-{socket.gethostname()[:24]}-{os.getpid()}-{os.urandom(3).hex()}"


def stop_on_signals() -> asyncio.Event:
    """Set by SIGTERM and SIGINT: the turn in hand is finished, then the process ends."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def drive(turn: Callable[[], Awaitable[object]], beat: Beat, *, pause_s: float = 0.0) -> None:
    """Turns until told to stop. Only a turn that has ended moves the beat. Whatever a turn raises ends the process."""
    stop = stop_on_signals()
    while not stop.is_set():
        await turn()
        beat()
        if pause_s:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await stop.wait()


@dataclass(frozen=True, slots=True)
class Ground:
    """What every process stands on: an open database of the right schema, and the right keys."""

    pool: Pool
    ring: KeyRing


async def create_ring(settings: Settings) -> None:
    """Draws a new key ring and, where case keys are wrapped elsewhere, the key that wraps them. Raises FileExistsError
    where a ring is there already, OSError, KeysRefusedError.
    """
    wrapping = _wrapping(settings)
    KeyRing.create(settings.key_file, wrapping)
    if wrapping:
        await wrapping.draw(FIRST_VERSION)


def _wrapping(settings: Settings) -> Wrapping | None:
    """What wraps in the place of the key ring's own key."""
    if settings.wrapping_key == "file":
        return None
    return hsm_wrapping(settings.wrapping_key, settings.hsm_pin_file)


@asynccontextmanager
async def ground(  # noqa: PLR0913 - as open_pool, and what may be there
    settings: Settings,
    name: str,
    role: Role,
    *,
    connections_max: int = 4,
    timeout_ms: int = STATEMENT_TIMEOUT_MS,
    is_applied: bool = True,
) -> AsyncIterator[Ground]:
    """`is_applied=False`: also where a restore has brought back what was erased."""
    ring = KeyRing.load(settings.key_file, _wrapping(settings))
    async with AsyncExitStack() as stack:
        pool = await _pool(
            stack, settings.postgres_dsn, name, role, connections_max=connections_max, timeout_ms=timeout_ms
        )
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
            await prove_keys(db, ring)
        if is_applied:
            await require_applied(pool, None, ErasureList(settings.erasure_list))
        yield Ground(pool, ring)


async def _keys_pool(  # noqa: PLR0913 - as _pool, and what it is compared with
    stack: AsyncExitStack,
    settings: Settings,
    on: Ground,
    name: str,
    role: Role,
    *,
    connections_max: int = 2,
    timeout_ms: int = STATEMENT_TIMEOUT_MS,
) -> Pool:
    """The store of case keys; it must know every erasure that the data database and the list know, and they its own."""
    pool = await _pool(stack, settings.keys_dsn, name, role, connections_max=connections_max, timeout_ms=timeout_ms)
    async with pool.acquire() as db:
        await refuse_other_schema(db, KEYS)
        await prove_wrapping(db, on.ring)
    await require_applied(on.pool, pool, ErasureList(settings.erasure_list))
    return pool


async def _pool(  # noqa: PLR0913 - as open_pool, and the stack that closes it
    stack: AsyncExitStack,
    dsn: str,
    name: str,
    role: Role,
    *,
    connections_max: int = 4,
    durable: bool = True,
    timeout_ms: int = STATEMENT_TIMEOUT_MS,
) -> Pool:
    pool = await with_retries(
        lambda: open_pool(
            dsn, name=name, role=role, connections_max=connections_max, durable=durable, timeout_ms=timeout_ms
        )
    )
    stack.callback(pool.terminate)
    async with pool.acquire() as db:
        await refuse_talkative_log(db)
    return pool


async def run_assess(settings: Settings, telling: Telling, beat: Beat) -> None:
    name, brokers = worker_name("assess"), await proven_brokers(settings)
    async with ground(settings, name, Role.ASSESS) as on, AsyncExitStack() as stack:
        keys_pool = await _keys_pool(stack, settings, on, name, Role.ASSESS)
        marks = await _pool(stack, settings.postgres_dsn, name, Role.ASSESS, connections_max=1, durable=False)
        sources = Register(on.pool, directory_of(settings))
        await sources.look()
        keys, policies = CaseKeys(keys_pool, on.ring, "assess"), Policies(on.pool, "assess")
        centres = read_folder(settings.directory_dir)
        store = AssessStore(
            on.pool, marks, keys, on.ring, sources=sources, policies=policies, centres=centres, worker=name
        )
        claims = Claims(store, telling)
        intake = Intake(brokers, settings.kafka_group, name, claims)
        stack.push_async_callback(intake.stop)
        await intake.start()

        async def explain(stream: Stream, first: int, found: int) -> bool:
            return await explain_gap(brokers, stream, first, found)

        stage = Assess(intake, store, claims, explain=explain, digests=on.ring, sources=sources, telling=telling)
        await drive(stage.turn, beat)
        await stage.hint()


async def run_intake(settings: Settings, telling: Telling, beat: Beat) -> None:
    """Takes reports in by HTTP. It holds the keys of the door alone, and needs the database only to start, for new
    sources and for receipts.
    """
    name, brokers = worker_name("intake"), await proven_brokers(settings)
    keys = GateKeys.load(settings.gate_key_file)
    async with AsyncExitStack() as stack:
        pool = await _pool(stack, settings.postgres_dsn, name, Role.INTAKE, timeout_ms=ANSWER_TIMEOUT_MS)
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        keeper = Doorkeeper(pool, directory_of(settings))
        await keeper.look()
        spool = _spool(stack, settings, keys)
        door = Door(brokers, name, partial(broker_answers, brokers))
        stack.push_async_callback(door.stop)
        watching = await stack.enter_async_context(_beside(door.watch()))
        with contextlib.suppress(TimeoutError):  # the first to call is not refused for want of a look
            async with asyncio.timeout(ASK_FOR_S):
                await door.looked.wait()
        gate = Gate(door, spool, telling)
        rates, bytes_max = Rates(settings.intake_rate), settings.body_bytes_max
        house = House(gate, keeper, keys, rates, utc_now, bytes_max, telling.refused)
        app = Watched(intake_app(house), telling.answered)
        await stack.enter_async_context(listening(app, settings.intake_host, settings.intake_port, _tls(settings)))

        async def turn() -> None:
            if watching.done():
                await watching
            for _ in range(DRAINS_MAX):
                beat()
                if not await gate.drain():
                    break
            keys.refresh()
            with contextlib.suppress(UnavailableError):
                await keeper.look()
                if spool:
                    waiting, oldest_at = await asyncio.to_thread(spool.waiting)
                    telling.spooled(waiting)
                    await keeper.tell_spool(settings.instance or name, waiting, oldest_at)

        await drive(turn, beat, pause_s=GATE_EVERY_S)


def _tls(settings: Settings) -> Tls | None:
    cert, key, client_ca = settings.intake_cert_file, settings.intake_key_file, settings.intake_client_ca_file
    if cert and key:
        return Tls(cert, key, client_ca)
    if cert or key or client_ca:
        raise SettingsRefusedError("intake_cert_file and intake_key_file are set both, or there is no TLS")
    return None


def _spool(stack: AsyncExitStack, settings: Settings, keys: GateKeys) -> Spool | None:
    if settings.spool_dir is None:
        return None
    if settings.instance is None:
        raise SettingsRefusedError("spool_dir needs an instance: by its name the ledger counts what lies there")
    spool = Spool(settings.spool_dir, lambda: keys.spool, bytes_max=settings.spool_bytes_max)
    stack.callback(spool.close)
    return spool


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator["asyncio.Task[None]"]:
    """Goes on beside what is inside, and ends with it."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def run_relay(settings: Settings, telling: Telling, beat: Beat) -> None:
    name, brokers = worker_name("relay"), await proven_brokers(settings)
    async with ground(settings, name, Role.RELAY) as on, AsyncExitStack() as stack:
        box = RelayStore(on.pool, settings.postgres_dsn, name)
        stack.push_async_callback(box.close)
        onlooker = await stack.enter_async_context(Onlooker(brokers, name))
        outlet = Outlet(brokers, name)
        stack.push_async_callback(outlet.stop)
        await outlet.start()
        relay = Relay(box, outlet, onlooker, telling)
        stack.push_async_callback(relay.give_back)
        await drive(relay.turn, beat)


async def run_auditor(settings: Settings, telling: Telling, beat: Beat) -> None:
    """Audits the ledger, and signs where the streams of access stand."""
    name, brokers = worker_name("auditor"), await proven_brokers(settings)
    sign = signer(settings.anchor_key_file)
    stamper = Timestamper(settings.timestamp_command) if settings.timestamp_command else None
    async with (
        ground(settings, name, Role.AUDITOR, timeout_ms=COUNTING_TIMEOUT_MS) as on,
        Onlooker(brokers, name) as onlooker,
    ):
        auditor = Auditor(AuditStore(on.pool), onlooker, on.ring, telling)
        anchoring = Anchoring(
            AccessBook(on.pool),
            AnchorFile(settings.anchor_file),
            sign,
            stamp=stamper.stamp if stamper else None,
            telling=telling,
            every_s=settings.anchor_every_s,
        )

        async def turn() -> None:
            await auditor.turn()
            beat()
            await anchoring.turn()

        await drive(turn, beat, pause_s=AUDIT_EVERY_S)


async def run_feeds(settings: Settings, telling: Telling, beat: Beat) -> None:
    """Brings in the files that others leave in folders. It holds no keys: reports pass through it as by any sender."""
    if settings.feeds_file is None:
        raise SettingsRefusedError("feeds_file is not set: it names the folders to watch")
    feeds, name = load_feeds(settings.feeds_file), worker_name("feeds")
    async with AsyncExitStack() as stack:
        pool = await _pool(stack, settings.postgres_dsn, name, Role.FEEDS)
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        register = Register(pool, directory_of(settings))
        sending = await stack.enter_async_context(sender(brokers_of(settings), lambda _post, _at: None))

        async def find_source(code: str) -> Source | None:
            known, now = (await register.look()).find(code), utc_now()
            return None if known is None or known.is_revoked(now) else known

        folders = [
            FeedFolder(feed, loaded, settings.data_dir, sender=sending, find_source=find_source, now=taipei_now)
            for feed, loaded in feeds
        ]
        for folder in folders:
            stack.callback(folder.close)
        watch = FeedWatch(folders, Alarms(pool, "feeds"), telling)
        await drive(watch.turn, beat, pause_s=FEEDS_EVERY_S)


async def run_desk(settings: Settings, _telling: Telling, beat: Beat) -> None:
    """What staff ask and decide by HTTP. What a person reads comes by a pool of its own, which itself may read
    nothing.
    """
    provider = provider_of(settings)
    if provider is None and not settings.desk_local_accounts:
        raise SettingsRefusedError(
            "nobody could sign in: set desk_local_accounts, or oidc_issuer and what goes with it"
        )
    async with links(settings, "desk", Role.DESK) as found, AsyncExitStack() as stack:
        people = await _pool(
            stack, settings.postgres_dsn, worker_name("people"), Role.PEOPLE, connections_max=PEOPLE_CONNECTIONS_MAX
        )
        room = Room(
            book=found.rulings,
            overrides=found.overrides,
            transfers=found.transfers,
            people=PeopleDesk(people),
            sessions=Sessions(
                found.pool, timedelta(hours=settings.session_max_h), timedelta(minutes=settings.session_idle_min)
            ),
            labels=partial(_label, found.terms),
            cards=Cards(people, found.keys, found.sources, utc_now, partial(_is_workday, found.terms)),
            has_local_accounts=settings.desk_local_accounts,
            provider=provider,
        )
        await stack.enter_async_context(listening(desk_app(room), settings.desk_host, settings.desk_port))

        async def turn() -> None:
            with contextlib.suppress(UnavailableError):
                await found.sources.look()
                await found.reading.rest()

        await drive(turn, beat, pause_s=GATE_EVERY_S)


def _label(terms: TermsBook, code: str) -> tuple[str, str]:
    return terms.at(utc_now()).policy.labels.get(code, (code, code))


def provider_of(settings: Settings) -> Provider | None:
    """Where people sign in, if that is set. Raises SettingsRefusedError where half of it is missing or the secret
    cannot be read, OidcRefusedError.
    """
    told = (settings.oidc_issuer, settings.oidc_client_id, settings.oidc_redirect_url, settings.oidc_client_secret_file)
    issuer, client_id, redirect_url, file = told
    if not any(told):
        return None
    if not (issuer and client_id and redirect_url and file):
        raise SettingsRefusedError("oidc_issuer, _client_id, _client_secret_file and _redirect_url go together")
    try:
        if file.stat().st_mode & 0o077:
            raise SettingsRefusedError(f"the file {file} may be read by others; its mode must be 0600")
        return Provider(issuer, client_id, file.read_text("utf-8").strip(), redirect_url)
    except OSError as error:
        raise SettingsRefusedError(f"the file {file} cannot be read: {error.strerror}") from None


def _is_workday(terms: TermsBook, day: date) -> bool:
    return terms.at(utc_now()).policy.calendar.is_worked(day)


@asynccontextmanager
async def staff_book(settings: Settings) -> AsyncIterator[StaffBook]:
    """What changes accounts and posts; the database must be of this program's schema."""
    async with AsyncExitStack() as stack:
        pool = await _pool(stack, settings.postgres_dsn, worker_name("staff"), Role.OPERATE, connections_max=1)
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        yield StaffBook(pool)


@asynccontextmanager
async def ties(settings: Settings) -> AsyncIterator[Ties]:
    """What ties members of staff to reports."""
    name = worker_name("staff")
    async with ground(settings, name, Role.OPERATE, connections_max=1) as on, AsyncExitStack() as stack:
        keys_pool = await _keys_pool(stack, settings, on, name, Role.OPERATE, connections_max=1)
        yield Ties(on.pool, CaseKeys(keys_pool, on.ring), on.ring)


def taipei_now() -> datetime:
    return datetime.now(TAIPEI)


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
        pool = await _pool(
            stack, settings.postgres_dsn, worker_name("sources"), Role.OPERATE, timeout_ms=COUNTING_TIMEOUT_MS
        )
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        yield Enrolment(pool)


@asynccontextmanager
async def proofs(settings: Settings) -> AsyncIterator[tuple[Enrolment, Proofs]]:
    """The register, and what changes the keys and certificates of those in it."""
    async with AsyncExitStack() as stack:
        pool = await _pool(
            stack, settings.postgres_dsn, worker_name("sources"), Role.OPERATE, timeout_ms=COUNTING_TIMEOUT_MS
        )
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        yield Enrolment(pool), Proofs(pool)


@asynccontextmanager
async def releases(settings: Settings) -> AsyncIterator[Releases]:
    """What changes the policy; the database must be of this program's schema."""
    async with AsyncExitStack() as stack:
        pool = await _pool(
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
        keys_pool = await _pool(stack, settings.keys_dsn, name, Role.OPERATE, connections_max=1)
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
        pool = await _pool(stack, settings.postgres_dsn, worker_name("audit"), Role.PEOPLE, connections_max=1)
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        return await read_shown(pool, token, wanted)


@asynccontextmanager
async def _auditing(settings: Settings) -> AsyncIterator[AccessBook]:
    async with AsyncExitStack() as stack:
        pool = await _pool(
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


@dataclass(frozen=True, slots=True)
class Links:
    """What people ask and decide of cases and their links."""

    pool: Pool
    keys: CaseKeys
    rulings: Rulings
    explaining: Explaining
    reindex: Reindex
    sources: Register
    policies: Policies
    terms: TermsBook
    retaining: Retaining
    receipts: Receipts
    reading: Reading
    casebook: Casebook
    transfers: Transfers
    overrides: Overrides


@asynccontextmanager
async def links(settings: Settings, stage: str = "links", role: Role = Role.OPERATE) -> AsyncIterator[Links]:
    """It opens reports, so it needs both databases and the key ring."""
    name = worker_name(stage)
    async with ground(settings, name, role) as on, AsyncExitStack() as stack:
        keys_pool = await _keys_pool(stack, settings, on, name, role)
        sources = Register(on.pool, directory_of(settings))
        await sources.look()
        keys = CaseKeys(keys_pool, on.ring, "desk" if role is Role.DESK else "operate")
        reader = DocketReader(on.ring, keys, sources)
        policies, centres = Policies(on.pool, stage), read_folder(settings.directory_dir)
        rulings = Rulings(on.pool, keys, reader, policies, centres)
        terms = TermsBook(await with_retries(policies.book), centres)
        found = Links(
            pool=on.pool,
            keys=keys,
            rulings=rulings,
            explaining=Explaining(on.pool),
            reindex=Reindex(on.pool, on.ring, reader),
            sources=sources,
            policies=policies,
            terms=terms,
            retaining=Retaining(on.pool, reader),
            receipts=Receipts(on.pool, keys),
            reading=Reading(on.pool, keys),
            casebook=Casebook(on.pool, reader),
            transfers=Transfers(on.pool, keys, reader, terms, rulings.named),
            overrides=Overrides(on.pool, keys, reader, policies, centres, rulings.named),
        )
        async with _noting(on.pool, keys):
            yield found


@asynccontextmanager
async def _noting(pool: Pool, keys: CaseKeys) -> AsyncIterator[None]:
    """Whichever of these keys was used inside is noted, however it ends; nothing is said before."""
    try:
        yield
    finally:
        await note_rest(pool, keys)


@asynccontextmanager
async def rotation(settings: Settings) -> AsyncIterator[Rotation]:
    """What replaces keys. It opens reports, so it needs both databases and the key ring, which it must be able to
    write.
    """
    name, role = worker_name("keys"), Role.OPERATE
    async with ground(settings, name, role, timeout_ms=COUNTING_TIMEOUT_MS) as on, AsyncExitStack() as stack:
        keys_pool = await _keys_pool(stack, settings, on, name, role, timeout_ms=COUNTING_TIMEOUT_MS)
        sources = Register(on.pool, directory_of(settings))
        await sources.look()
        keys = CaseKeys(keys_pool, on.ring)
        reindex = Reindex(on.pool, on.ring, DocketReader(on.ring, keys, sources))
        ties = Ties(on.pool, keys, on.ring)
        async with _noting(on.pool, keys):
            yield Rotation(Turns(on.pool, keys_pool, on.ring), keys, reindex, ties.renew)


@asynccontextmanager
async def erasing(settings: Settings) -> AsyncIterator[Erasures]:
    """What erases cases, also where a restore has brought something back. It opens no report."""
    name = worker_name("erase")
    async with (
        ground(settings, name, Role.OPERATE, timeout_ms=COUNTING_TIMEOUT_MS, is_applied=False) as on,
        AsyncExitStack() as stack,
    ):
        keys_pool = await _pool(stack, settings.keys_dsn, name, Role.OPERATE, connections_max=1)
        async with keys_pool.acquire() as db:
            await refuse_other_schema(db, KEYS)
        yield Erasures(on.pool, ErasedKeys(keys_pool), ErasureList(settings.erasure_list))


@dataclass(frozen=True, slots=True)
class KeyStore:
    """The store of case keys as a whole. Nothing of it is unwrapped but its proof."""

    data: Pool
    keys: Pool
    ring: KeyRing

    async def back_up(self, folder: Path, now: datetime) -> tuple[Path, int]:
        path, keys = await write_backup(self.keys, folder, now)
        async with self.data.acquire() as db:
            body: Body = {"what": "case_keys", "keys": keys}
            await AccessLog.append(db, "operate", AccessKind.EXPORT, "backup", body)
        return path, keys

    async def restore(self, file: Path) -> int:
        return await read_backup(self.keys, self.ring, file)


@asynccontextmanager
async def key_store(settings: Settings) -> AsyncIterator[KeyStore]:
    """To back it up and to bring it back; it need not know every erasure yet."""
    name = worker_name("keys")
    async with (
        ground(settings, name, Role.OPERATE, connections_max=1, is_applied=False) as on,
        AsyncExitStack() as stack,
    ):
        dsn = settings.keys_dsn
        pool = await _pool(stack, dsn, name, Role.OPERATE, connections_max=1, timeout_ms=COUNTING_TIMEOUT_MS)
        async with pool.acquire() as db:
            await refuse_other_schema(db, KEYS)
        yield KeyStore(on.pool, pool, on.ring)


@dataclass(frozen=True, slots=True)
class Past:
    """What is stored of cases, and under which terms they were judged when."""

    histories: Histories
    terms: TermsBook


@asynccontextmanager
async def past(settings: Settings, stretch: Stretch = EVER) -> AsyncIterator[Past]:
    """Of the cases of which something arrived in this time. It opens reports, so it needs both databases and the key
    ring.
    """
    name = worker_name("history")
    async with (
        ground(settings, name, Role.OPERATE, connections_max=1, timeout_ms=COUNTING_TIMEOUT_MS) as on,
        AsyncExitStack() as stack,
    ):
        keys_pool = await _keys_pool(stack, settings, on, name, Role.OPERATE, connections_max=1)
        sources = Register(on.pool, directory_of(settings))
        await sources.look()
        book = await with_retries(Policies(on.pool, name).book)
        terms = TermsBook(book, read_folder(settings.directory_dir))
        yield Past(Histories(on.pool, keys_pool, on.ring, sources, stretch), terms)


async def read_overrides(settings: Settings, first: datetime, after: datetime) -> list[tuple[Overruled, Words]]:
    """The rows that people overrode from `first` on and before `after`, the most often first, each in words."""
    async with AsyncExitStack() as stack:
        pool = await _pool(
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
