"""A bug: assess settles a report without writing its case. Put onto a process's search path by a test."""

import sys

if sys.orig_argv[-2:] == ["run", "assess"]:
    from pipeline.adapters.postgres.settlement_writer import SettlementWriter
    from pipeline.adapters.postgres.work import Work

    write, inbox = SettlementWriter.write, SettlementWriter._inbox  # noqa: SLF001 - a bug knows no bounds

    async def half_once(self: SettlementWriter, work: Work) -> None:
        if not work.written:
            await write(self, work)
            return
        SettlementWriter.write = write  # type: ignore[method-assign]
        _, left_out, _ = work.written[-1]

        async def settle_all_the_same(self: SettlementWriter, _: Work) -> None:
            SettlementWriter._inbox = inbox  # type: ignore[method-assign]  # noqa: SLF001 - as above
            await inbox(self, work)

        SettlementWriter._inbox = settle_all_the_same  # type: ignore[method-assign]  # noqa: SLF001 - as above
        await write(
            self, Work(work.batch, work.loaded, tuple(s for s in work.settled if s[1] is not left_out), work.receipts)
        )

    SettlementWriter.write = half_once  # type: ignore[method-assign]
