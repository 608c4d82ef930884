"""Before anything is opened: do the list of erasures, the data and the keys know the same erasures?"""

from uuid import UUID

from pipeline.adapters.erasure_list import ErasureList
from pipeline.adapters.postgres.database import Pool, with_retries
from pipeline.adapters.postgres.erasures import SQL
from pipeline.adapters.postgres.keys import ERASED
from pipeline.domain.erasure import ErasureState, Known, unapplied
from pipeline.errors import KeysRefusedError


async def require_applied(pool: Pool, keys_pool: Pool | None, listed: ErasureList) -> None:
    """Without `keys_pool` the list and the data are compared. Raises KeysRefusedError where a restore has brought
    something back, ErasureListRefusedError.
    """
    found = unapplied(await known_erasures(pool, keys_pool, listed))
    if found:
        raise KeysRefusedError(f"{'; '.join(found)}: after a restore run `anwang case erase apply-list` first")


async def known_erasures(pool: Pool, keys_pool: Pool | None, listed: ErasureList) -> Known:
    rows = await with_retries(lambda: pool.fetch(SQL["states"]))
    data = {row["erasure_id"]: ErasureState(row["state"]) for row in rows}
    on_list, back = set(listed.read()), set[UUID]()
    keys = {*data, *on_list}
    if keys_pool:
        back = {row["case_id"] for row in await with_retries(lambda: pool.fetch(SQL["back"]))}
        keys = {row["erasure_id"] for row in await with_retries(lambda: keys_pool.fetch(ERASED["known"]))}
        back |= {row["owner_id"] for row in await with_retries(lambda: keys_pool.fetch(ERASED["back"]))}
    begun = {erasure_id for erasure_id, state in data.items() if state is ErasureState.BEGUN}
    return Known(on_list, set(data), keys, begun, back)
