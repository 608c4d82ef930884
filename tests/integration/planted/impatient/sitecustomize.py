"""Every bound of health and watchdog at a fifth of its length, and a report `hang-in-await` that hangs its worker. Put
onto a process's search path by a test.
"""

import sys

if sys.orig_argv[-2:-1] == ["run"]:
    import asyncio
    from collections.abc import Mapping
    from typing import Any

    from pipeline.adapters import probes
    from pipeline.adapters.postgres import database
    from pipeline.adapters.postgres.assess_store import AssessStore
    from pipeline.adapters.pulse import FRESH_S, Pulse
    from pipeline.adapters.watchdog import LIMIT_S, Watchdog

    FIFTH = 0.2
    settle = AssessStore.settle

    async def hang(self: AssessStore, batch: Any) -> Mapping[Any, int]:  # noqa: ANN401 - stands before the real one
        if any(item.reading.facts.event_id == "hang-in-await" for item in batch.accepted):
            await asyncio.Event().wait()
        return await settle(self, batch)

    AssessStore.settle = hang  # type: ignore[method-assign]
    fresh, clock = Pulse.__init__.__defaults__[1:]  # type: ignore[misc]
    Pulse.__init__.__defaults__ = ((), FRESH_S * FIFTH, clock)
    Watchdog.__init__.__defaults__ = (LIMIT_S * FIFTH,)
    probes.AGAIN_AFTER_YES_S *= FIFTH
    database.with_retries.__kwdefaults__ = {"for_s": database.RETRY_FOR_S * FIFTH}
