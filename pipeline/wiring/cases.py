"""What people ask and decide of cases, their links, their past and their keys: all that opens reports."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.adapters.centre_folder import read_folder
from pipeline.adapters.erasure_list import ErasureList
from pipeline.adapters.postgres.access_log import (
    AccessLog,
    Reading,
    note_rest,
)
from pipeline.adapters.postgres.casebook import Casebook
from pipeline.adapters.postgres.database import (
    COUNTING_TIMEOUT_MS,
    Pool,
    Role,
    with_retries,
)
from pipeline.adapters.postgres.docket_reader import DocketReader
from pipeline.adapters.postgres.erased_keys import ErasedKeys
from pipeline.adapters.postgres.erasures import Erasures
from pipeline.adapters.postgres.explaining import Explaining
from pipeline.adapters.postgres.history import EVER, Histories, Stretch
from pipeline.adapters.postgres.key_backup import read_backup, write_backup
from pipeline.adapters.postgres.key_turns import Turns
from pipeline.adapters.postgres.keys import CaseKeys
from pipeline.adapters.postgres.live_terms import LiveTerms
from pipeline.adapters.postgres.migrate import KEYS, refuse_other_schema
from pipeline.adapters.postgres.overrides import Overrides
from pipeline.adapters.postgres.policies import Policies
from pipeline.adapters.postgres.receipts import Receipts
from pipeline.adapters.postgres.register import Register
from pipeline.adapters.postgres.reindex import Reindex
from pipeline.adapters.postgres.retaining import Retaining
from pipeline.adapters.postgres.rotation import Rotation
from pipeline.adapters.postgres.rulings import Rulings
from pipeline.adapters.postgres.ties import Ties
from pipeline.adapters.postgres.transfers import Transfers
from pipeline.adapters.vault import KeyRing
from pipeline.domain.access import AccessKind, Body
from pipeline.domain.terms import TermsBook
from pipeline.settings import Settings, directory_of
from pipeline.wiring.ground import ground, keys_pool_of, pool_of, worker_name


@dataclass(frozen=True, slots=True)
class Links:
    """What people ask and decide of cases and their links."""

    pool: Pool
    keys: CaseKeys
    ring: KeyRing
    rulings: Rulings
    explaining: Explaining
    reindex: Reindex
    sources: Register
    policies: Policies
    terms: LiveTerms
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
        keys_pool = await keys_pool_of(stack, settings, on, name, role)
        sources = Register(on.pool, directory_of(settings))
        await sources.look()
        keys = CaseKeys(keys_pool, on.ring, "desk" if role is Role.DESK else "operate")
        reader = DocketReader(on.ring, keys, sources)
        policies, centres = Policies(on.pool, stage), read_folder(settings.directory_dir)
        rulings = Rulings(on.pool, keys, reader, policies, centres)
        terms = LiveTerms(policies, centres)
        await terms.refresh()
        found = Links(
            pool=on.pool,
            keys=keys,
            ring=on.ring,
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
        keys_pool = await keys_pool_of(stack, settings, on, name, role, timeout_ms=COUNTING_TIMEOUT_MS)
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
        keys_pool = await pool_of(stack, settings.keys_dsn, name, Role.OPERATE, connections_max=1)
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
        pool = await pool_of(stack, dsn, name, Role.OPERATE, connections_max=1, timeout_ms=COUNTING_TIMEOUT_MS)
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
        keys_pool = await keys_pool_of(stack, settings, on, name, Role.OPERATE, connections_max=1)
        sources = Register(on.pool, directory_of(settings))
        await sources.look()
        book = await with_retries(Policies(on.pool, name).book)
        terms = TermsBook(book, read_folder(settings.directory_dir))
        yield Past(Histories(on.pool, keys_pool, on.ring, sources, stretch), terms)
