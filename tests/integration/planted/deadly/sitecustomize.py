"""Reports that end the worker that takes them up, each by its id. Put onto a process's search path by a test."""

import sys

if sys.orig_argv[-2:] == ["run", "assess"]:
    import asyncio
    import os
    import re
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from pipeline.adapters.postgres.assess_store import AssessStore
    from pipeline.adapters.watchdog import Watchdog
    from pipeline.domain.normalise.reading import read_event
    from pipeline.stages import assess

    LIMIT_S = 2.0
    start, settle = Watchdog.start, AssessStore.settle
    watchdogs: list[Watchdog] = []

    def remembered(self: Watchdog) -> Watchdog:
        watchdogs.append(self)
        return start(self)

    def strike() -> None:
        """Counts the worker, and lets its watchdog wait for two seconds instead of thirty."""
        with (Path(os.environ["ANWANG_DATA_DIR"]) / "struck").open("a") as struck:
            struck.write(f"{os.getpid()}\n")
        watchdogs[-1]._limit_s = LIMIT_S  # noqa: SLF001 - a test may not wait for half a minute
        watchdogs[-1]._arm(0.0)  # noqa: SLF001 - as above

    def read_deadly(value: bytes, *rest: Any) -> Any:  # noqa: ANN401 - stands before the real one
        if b'"id": "deadly-exit"' in value:
            strike()
            os._exit(9)
        if b'"id": "deadly-hang-in-c"' in value:
            strike()
            re.match(r"(a+)+$", "a" * 60 + "b")
        return read_event(value, *rest)

    async def settle_deadly(self: AssessStore, batch: Any) -> Mapping[Any, int]:  # noqa: ANN401 - as above
        if any(item.reading.facts.event_id == "deadly-hang-in-await" for item in batch.accepted):
            strike()
            await asyncio.Event().wait()
        return await settle(self, batch)

    Watchdog.start = remembered  # type: ignore[method-assign]
    AssessStore.settle = settle_deadly  # type: ignore[method-assign]
    assess.read_event = read_deadly  # type: ignore[attr-defined]
