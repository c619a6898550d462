"""How what is live stands in a home, for who keeps it running: the hub, its checkpoint, gateways, snapshots. Nothing need run."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.gateway.control import list_gateways
from twin.hub.checkpoint import read_checkpoint
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting
from twin.queries.live.commanding import gateways_told
from twin.queries.live.told import moment

__all__ = ["live_condition"]

WAITS_S = 1.5


def live_condition(home: Path, *, now_us: int, timeout_s: float = WAITS_S) -> dict[str, Any]:
    """`{hub, checkpoint, gateways, snapshots}`.

    `hub.state` is `none` (there never was one), `running` (with `position`, up to which the journal is applied, `waiting` records that
    are not, `incidents_waiting` for the disk, `devices`, `followers`, `late_waiting` spans of late reports, `late_failed` those that
    cannot be judged) or `away` (it was, and nothing answers now).
    """
    folder = home / "history"
    return {
        "hub": asyncio.run(_hub(Meeting(home), timeout_s)),
        "checkpoint": _checkpoint(folder / "state" / "checkpoint"),
        "gateways": gateways_told(list_gateways(folder, now_us=now_us), all_of_it=False),
        "snapshots": [
            {"file": path.name, "at": moment(path.stat().st_mtime_ns // 1000)} for path in sorted((folder / "snapshot").glob("*.html"))
        ],
    }


async def _hub(meeting: Meeting, timeout_s: float) -> dict[str, Any]:
    try:
        meeting.socket()
    except TwinError:
        return {"state": "none"}
    hub = HubClient(meeting)
    running = asyncio.create_task(hub.run())
    try:
        async with asyncio.timeout(timeout_s):
            return {"state": "running", **await hub.command("status")}
    except TimeoutError:
        return {"state": "away", "why": f"it does not answer within {timeout_s:g} s"}
    except TwinError as error:
        return {"state": "away", "why": error.message}
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _checkpoint(path: Path) -> dict[str, Any] | None:
    kept = read_checkpoint(path)
    return None if kept is None else {"position": kept.position, "at": moment(path.stat().st_mtime_ns // 1000)}
