import asyncio

from pipeline.adapters.probes import watch
from pipeline.adapters.pulse import Pulse


async def test_watching_ends_when_it_is_told_to_though_a_probe_swallows_that() -> None:
    asked = asyncio.Event()

    async def stubborn() -> bool:
        asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return True
        return False

    watching = asyncio.create_task(watch(Pulse({"database"}), {"database": stubborn}))
    await asked.wait()
    watching.cancel()
    await asyncio.wait({watching}, timeout=1)
    assert watching.done()


async def test_what_answers_is_told_to_the_pulse_and_what_fails_is_not() -> None:
    answered = asyncio.Event()

    async def answers() -> bool:
        answered.set()
        return True

    async def fails() -> bool:
        raise OSError

    pulse = Pulse({"database", "broker"})
    watching = asyncio.create_task(watch(pulse, {"database": answers, "broker": fails}))
    await answered.wait()
    watching.cancel()
    await asyncio.wait({watching})
    ages = pulse.readiness().ages_s
    assert ages["database"] is not None
    assert ages["broker"] is None
