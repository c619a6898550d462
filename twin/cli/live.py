"""The processes of what is live: the hub of a home."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.settings import Settings

__all__ = ["be_hub"]


def be_hub(settings: Settings) -> None:
    """Be the hub of a home until SIGTERM."""
    from twin.queries.live.service import run_hub

    gc.freeze()
    _run(run_hub(settings, say=_say))


def _run(serving: object) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)  # type: ignore[arg-type]


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
