"""What came by HTTP, handed to who keeps it: the same door as every gateway's."""

import uuid
from itertools import count
from threading import Lock

from fastapi import Request

from sensors import Batch, Inlet
from sensors.errors import SensorError
from twin.errors import NotReady

__all__ = ["Numbering", "numbering_of", "offered"]


class Numbering:
    """Names the batches of this process, and gives each observation a time of reception of its own."""

    def __init__(self) -> None:
        self.source = f"sensorthings/{uuid.uuid4().hex}"
        self._numbers = count(1)
        self._last_us = 0
        self._lock = Lock()

    def next(self, now_us: int) -> tuple[int, int]:
        """The number of a batch and its time: now, or the microsecond after the one given last."""
        with self._lock:
            self._last_us = max(now_us, self._last_us + 1)
            return next(self._numbers), self._last_us


def numbering_of(request: Request) -> Numbering:
    """That of this process."""
    numbering: Numbering = request.app.state.numbering
    return numbering


async def offered(request: Request, batch: Batch) -> None:
    """Hand a batch over; NotReady where it is not kept, and nothing is acknowledged."""
    inlet: Inlet | None = request.app.state.inlet
    if inlet is None:
        raise NotReady("nobody keeps what devices say here", code="INLET_GONE", hint="twin serve starts who does")
    try:
        await inlet.offer(batch)
    except SensorError as error:
        raise NotReady(error.message, path=error.path, code=error.code, hint=error.hint) from error
