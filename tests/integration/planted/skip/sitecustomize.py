"""A bug: assess moves its cursor past a message that it never settles. Put onto a process's search path by a test."""

import sys
from collections.abc import Mapping
from dataclasses import replace

if sys.orig_argv[-2:] == ["run", "assess"]:
    from pipeline.adapters.postgres.assess_store import AssessStore
    from pipeline.contracts.vocabulary import Outcome
    from pipeline.domain.batch import Batch

    settle = AssessStore.settle

    async def skip_once(self: AssessStore, batch: Batch) -> Mapping[Outcome, int]:
        AssessStore.settle = settle  # type: ignore[method-assign]
        return await settle(self, replace(batch, items=batch.items[:-1]))

    AssessStore.settle = skip_once  # type: ignore[method-assign]
