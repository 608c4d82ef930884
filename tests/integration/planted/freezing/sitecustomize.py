"""A worker that stops, as by SIGSTOP from outside, just before or just inside the transaction that settles the report
`freeze-before` or `freeze-inside`; once. Put onto a process's search path by a test.
"""

import sys

if sys.orig_argv[-2:] == ["run", "assess"]:
    import os
    import signal
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from pipeline.adapters.postgres.assess_store import AssessStore
    from pipeline.adapters.postgres.settlement_writer import SettlementWriter

    settle, write = AssessStore.settle, SettlementWriter.write

    def freeze_once(batch: Any, event_id: str) -> None:  # noqa: ANN401 - stands before the real one
        mark = Path(os.environ["ANWANG_DATA_DIR"]) / "frozen"
        if any(item.reading.facts.event_id == event_id for item in batch.accepted) and not mark.exists():
            mark.write_text(os.environ["ANWANG_INSTANCE"])
            os.kill(os.getpid(), signal.SIGSTOP)

    async def freeze_before(self: AssessStore, batch: Any) -> Mapping[Any, int]:  # noqa: ANN401 - as above
        freeze_once(batch, "freeze-before")
        return await settle(self, batch)

    async def freeze_inside(self: SettlementWriter, work: Any) -> None:  # noqa: ANN401 - as above
        freeze_once(work.batch, "freeze-inside")
        await write(self, work)

    AssessStore.settle = freeze_before  # type: ignore[method-assign]
    SettlementWriter.write = freeze_inside  # type: ignore[method-assign]
