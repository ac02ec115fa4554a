"""The system's clock."""

from datetime import UTC

from factory.clock import Clock, SystemClock


async def test_the_system_clock_sleeps_and_tells_aware_time() -> None:
    clock: Clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(0.01)
    assert clock.monotonic() - before >= 0.01
    assert clock.now().tzinfo is UTC
