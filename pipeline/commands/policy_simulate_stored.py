"""A simulation over the cases that are stored in Postgres."""

import asyncio
from contextlib import AsyncExitStack

from pipeline import wiring
from pipeline.adapters.postgres.history import EVER, Slice, Stretch, slices
from pipeline.adapters.probes import asked
from pipeline.commands.policy_simulate import Plan, Wish, counted
from pipeline.commands.side_by_side import Workers, progress, shared_out
from pipeline.domain.policy.tally import Tally
from pipeline.settings import Settings

VERSIONS_AT_ONCE = 500


def of_database(settings: Settings, wish: Wish, plan: Plan) -> Tally:
    """Raises AnwangError where a server does not answer, or the keys or the schema are others."""
    versions = asked(_versions(settings))
    tally, parts = Tally(plan.examples), max(wish.processes, versions // VERSIONS_AT_ONCE)
    workers = Workers(wish.processes, _DatabaseWork, (settings, plan))
    with progress("judges reports", versions) as show:
        for done, part in enumerate(shared_out(slices(parts), workers), 1):
            tally.join(part)
            show(versions * done // parts)
    return tally


async def _versions(settings: Settings) -> int:
    async with wiring.past(settings) as past:
        return await past.histories.versions()


class _DatabaseWork:
    """What one process does with a slice of the cases; its connections end with it."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self._run, self._ending = asyncio.Runner().run, AsyncExitStack()
        stretch = Stretch(plan.begin or EVER.begin, plan.end or EVER.end)
        past = asked(self._ending.enter_async_context(wiring.past(settings, stretch)), self._run)
        self._histories = past.histories
        self._trial, self._examples = plan.trial(past.terms), plan.examples

    def __call__(self, part: Slice) -> Tally:
        read = asked(self._histories.read(part), self._run)
        return counted(read.histories, self._trial, Tally(self._examples, erased=read.erased))
