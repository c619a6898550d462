"""Loops of tests, beside the one that the browser's driver has in the main thread of a worker process for the whole session."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvloop

__all__ = ["run", "run_on_uvloop"]

_run = asyncio.run


def run(main: Coroutine[Any, Any, Any], **options: Any) -> Any:
    """`asyncio.run`, in a thread of its own where this one has a loop."""
    return _beside(lambda: _run(main, **options))


def run_on_uvloop(main: Coroutine[Any, Any, Any]) -> Any:
    """The same on uvloop, which the service runs on."""
    return _beside(lambda: uvloop.run(main))


def _beside(work: Callable[[], Any]) -> Any:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(max_workers=1) as beside:
        return beside.submit(work).result()
