"""Where what devices said goes: one door, which answers when it is kept."""

from typing import Protocol

from sensors.batch import Batch

__all__ = ["Inlet"]


class Inlet(Protocol):
    """Takes batches in; whoever hands one over acknowledges to its devices when `offer` returns, not before."""

    async def offer(self, batch: Batch) -> None:
        """Return when the batch is committed: after that it outlives any process. The same (source, number) again is taken as sent again.

        Raises SensorError (`INLET_REFUSED`, `INLET_GONE`) where it is not kept: nothing is acknowledged, the device sends it again.
        """
