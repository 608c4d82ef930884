"""The processes, built from settings and driven until they are told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from pipeline.adapters.anchors import AnchorFile, signer
from pipeline.adapters.centre_folder import read_folder
from pipeline.adapters.feed_folder import FeedFolder
from pipeline.adapters.http.desk import desk_app
from pipeline.adapters.http.desk_room import Limits, Room
from pipeline.adapters.http.desk_told import ToldHere
from pipeline.adapters.http.intake import House, intake_app
from pipeline.adapters.http.rate import Rates
from pipeline.adapters.http.server import Tls, Watched, listening
from pipeline.adapters.kafka.brokers import brokers_of, proven_brokers
from pipeline.adapters.kafka.door import Door
from pipeline.adapters.kafka.intake import Intake
from pipeline.adapters.kafka.onlooker import Onlooker, explain_gap
from pipeline.adapters.kafka.outlet import Outlet
from pipeline.adapters.mappings import load_feeds
from pipeline.adapters.oidc import Provider
from pipeline.adapters.postgres.access_log import (
    AccessBook,
)
from pipeline.adapters.postgres.alarms import Alarms
from pipeline.adapters.postgres.along import Along
from pipeline.adapters.postgres.assess_store import AssessStore
from pipeline.adapters.postgres.audit_store import AuditStore
from pipeline.adapters.postgres.call_outs import CallOuts
from pipeline.adapters.postgres.cards import Cards
from pipeline.adapters.postgres.database import (
    COUNTING_TIMEOUT_MS,
    Role,
)
from pipeline.adapters.postgres.doorkeeper import Doorkeeper
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.live_terms import LiveTerms
from pipeline.adapters.postgres.migrate import DATA, refuse_other_schema
from pipeline.adapters.postgres.notes import Notes
from pipeline.adapters.postgres.noticeboard import Noticeboard
from pipeline.adapters.postgres.nudges import Nudges
from pipeline.adapters.postgres.people_desk import PeopleDesk
from pipeline.adapters.postgres.policies import Policies
from pipeline.adapters.postgres.register import Register
from pipeline.adapters.postgres.relay_store import RelayStore
from pipeline.adapters.postgres.sessions import Sessions
from pipeline.adapters.postgres.timers import Timers
from pipeline.adapters.postgres.told_reports import ToldReports
from pipeline.adapters.postgres.watchdog_store import WatchdogStore
from pipeline.adapters.probes import broker_answers
from pipeline.adapters.sender import sender
from pipeline.adapters.spool import Spool
from pipeline.adapters.telemetry import utc_now
from pipeline.adapters.timestamps import Timestamper
from pipeline.adapters.vault import GateKeys
from pipeline.contracts.decision import TAIPEI
from pipeline.contracts.messages import Stream
from pipeline.domain.centres import Centre
from pipeline.domain.directory import Source
from pipeline.domain.intake import SourceSight
from pipeline.domain.policy.desk_rules import desk_rules
from pipeline.domain.posts import PostRole
from pipeline.errors import UnavailableError
from pipeline.ports import Telling
from pipeline.settings import Settings, SettingsRefusedError, directory_of
from pipeline.stages.anchor import Anchoring
from pipeline.stages.assess import Assess, Claims
from pipeline.stages.audit import Auditor
from pipeline.stages.feeds import FeedWatch
from pipeline.stages.intake import Gate
from pipeline.stages.relay import Relay
from pipeline.stages.watch import Watch
from pipeline.stages.watchdog import TimerWatchdog
from pipeline.wiring.cases import links
from pipeline.wiring.ground import ASK_FOR_S, ground, keys_pool_of, pool_of, worker_name
from pipeline.wiring.notify import notifying

AUDIT_EVERY_S = 1.0
FEEDS_EVERY_S = 1.0
WATCH_EVERY_S = 0.5
WATCH_TURNS_MAX = 40
GATE_EVERY_S = 0.5
PEOPLE_CONNECTIONS_MAX = 8
DRAINS_MAX = 20
"""Between two looks at the register, so that a long spool does not keep a revocation from being seen."""
ANSWER_TIMEOUT_MS = 2000

Beat = Callable[[], None]


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


async def run_assess(settings: Settings, telling: Telling, beat: Beat) -> None:
    name, brokers = worker_name("assess"), await proven_brokers(settings)
    async with ground(settings, name, Role.ASSESS) as on, AsyncExitStack() as stack:
        keys_pool = await keys_pool_of(stack, settings, on, name, Role.ASSESS)
        marks = await pool_of(stack, settings.postgres_dsn, name, Role.ASSESS, connections_max=1, durable=False)
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
        pool = await pool_of(stack, settings.postgres_dsn, name, Role.INTAKE, timeout_ms=ANSWER_TIMEOUT_MS)
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
        sight = SourceSight.of(settings.source_sees)
        house = House(gate, keeper, keys, rates, utc_now, bytes_max, telling.refused, sight)
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
    """Audits the ledger and the desk's timers, and signs where the streams of access stand."""
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
        watchdog = TimerWatchdog(WatchdogStore(on.pool), telling)

        async def turn() -> None:
            await auditor.turn()
            beat()
            await anchoring.turn()
            beat()
            await watchdog.turn()

        await drive(turn, beat, pause_s=AUDIT_EVERY_S)


async def run_watch(settings: Settings, telling: Telling, beat: Beat) -> None:
    """Rings what waits for people, and tells them. Any number of them share the work; it holds no keys and no case."""
    name = worker_name("watch")
    async with AsyncExitStack() as stack:
        pool = await pool_of(stack, settings.postgres_dsn, name, Role.WATCH)
        async with pool.acquire() as db:
            await refuse_other_schema(db, DATA)
        policies = Policies(pool, "watch")
        watch = Watch(Timers(pool, policies), telling)
        notify = await stack.enter_async_context(notifying(settings, pool, telling, partial(_word, policies)))

        async def turn() -> None:
            for _ in range(WATCH_TURNS_MAX):
                if not await watch.turn():
                    break
                beat()
            await notify.turn()

        await drive(turn, beat, pause_s=WATCH_EVERY_S)


async def run_feeds(settings: Settings, telling: Telling, beat: Beat) -> None:
    """Brings in the files that others leave in folders. It holds no keys: reports pass through it as by any sender."""
    if settings.feeds_file is None:
        raise SettingsRefusedError("feeds_file is not set: it names the folders to watch")
    feeds, name = load_feeds(settings.feeds_file), worker_name("feeds")
    async with AsyncExitStack() as stack:
        pool = await pool_of(stack, settings.postgres_dsn, name, Role.FEEDS)
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


async def run_desk(settings: Settings, telling: Telling, beat: Beat) -> None:
    """What staff ask and decide by HTTP. What a person reads comes by a pool of its own, which itself may read
    nothing. The broker is needed for reports that are told at the desk, and for nothing else.
    """
    provider = provider_of(settings)
    if provider is None and not settings.desk_local_accounts:
        raise SettingsRefusedError(
            "nobody could sign in: set desk_local_accounts, or oidc_issuer and what goes with it"
        )
    async with links(settings, "desk", Role.DESK) as found, AsyncExitStack() as stack:
        people = await pool_of(
            stack, settings.postgres_dsn, worker_name("people"), Role.PEOPLE, connections_max=PEOPLE_CONNECTIONS_MAX
        )
        cards = Cards(people, found.keys, found.sources, utc_now, partial(_is_workday, found.terms))
        brokers, name = brokers_of(settings), worker_name("desk")
        door = Door(brokers, name, partial(broker_answers, brokers))
        stack.push_async_callback(door.stop)
        watching = await stack.enter_async_context(_beside(door.watch()))
        room = Room(
            book=found.rulings,
            overrides=found.overrides,
            transfers=found.transfers,
            people=PeopleDesk(people),
            sessions=Sessions(
                found.pool, timedelta(hours=settings.session_max_h), timedelta(minutes=settings.session_idle_min)
            ),
            labels=partial(_label, found.terms),
            cards=cards,
            call_outs=CallOuts(cards),
            noticeboard=Noticeboard(people),
            notes=Notes(people, found.pool, found.keys, found.ring),
            along=Along(people),
            has_local_accounts=settings.desk_local_accounts,
            provider=provider,
            told_here=ToldHere(
                Gate(door, None, telling), found.sources, ToldReports(people, found.ring.digest), utc_now
            ),
            nudges=(nudges := Nudges(found.pool)),
            limits=partial(_limits, found.terms),
            centre_of=partial(_centre, found.terms),
            call_rates=Rates(settings.desk_rate),
        )
        await stack.enter_async_context(listening(desk_app(room), settings.desk_host, settings.desk_port))
        stack.callback(nudges.close)

        async def turn() -> None:
            if watching.done():
                await watching
            with contextlib.suppress(UnavailableError):
                await nudges.look()
                await found.sources.look()
                await found.terms.refresh()
                await found.reading.rest()

        await drive(turn, beat, pause_s=GATE_EVERY_S)


def _word(policies: Policies, code: str) -> tuple[str, str]:
    """As the policy in force at the last look labels it."""
    return policies.known.at(utc_now()).labels.get(code, (code, code))


def _label(terms: LiveTerms, code: str) -> tuple[str, str]:
    return terms.now.at(utc_now()).policy.labels.get(code, (code, code))


def _centre(terms: LiveTerms, code: str) -> Centre | None:
    return terms.now.centres.find(code)


def _limits(terms: LiveTerms, role: PostRole) -> Limits:
    rules = desk_rules(terms.now.at(utc_now()).policy)
    return Limits(rules.lease_min * 60.0, rules.capacity_of(role))


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


def _is_workday(terms: LiveTerms, day: date) -> bool:
    return terms.now.at(utc_now()).policy.calendar.is_worked(day)


def taipei_now() -> datetime:
    return datetime.now(TAIPEI)
