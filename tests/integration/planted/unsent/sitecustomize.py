"""A bug: the relay marks a message as published that it never sent. Put onto a process's search path by a test."""

import sys
from collections.abc import Sequence

if sys.orig_argv[-2:] == ["run", "relay"]:
    from pipeline.adapters.kafka.outlet import Outlet
    from pipeline.contracts.messages import Coordinate
    from pipeline.domain.outgoing import Outgoing, Published

    send = Outlet.send

    async def leave_one_out(self: Outlet, messages: Sequence[Outgoing]) -> list[Published]:
        Outlet.send = send  # type: ignore[method-assign]
        first, *others = messages
        return [Published(first, Coordinate(first.topic, 0, 1_000_000)), *await send(self, others)]

    Outlet.send = leave_one_out  # type: ignore[method-assign]
