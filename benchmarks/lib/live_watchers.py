"""Many watchers of /live in one process: every frame and when each of them had it, until the process is told to stop.

python live_watchers.py PORT COUNT OUT
"""

import asyncio
import json
import pickle
import signal
import sys
import time
from pathlib import Path

import uvloop
import websockets

SUBSCRIBE = json.dumps({"subscribe": {"kinds": ["vehicle"]}})


async def watch(port: int, count: int, out: Path) -> None:
    """Keep each distinct frame once, and who had it when; the names that handles have."""
    frames: dict[bytes, int] = {}
    kept: list[bytes] = []
    names: dict[int, str] = {}
    had: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)

    async def one(number: int) -> None:
        async with websockets.connect(f"ws://127.0.0.1:{port}/live", max_size=None, compression=None, open_timeout=60) as socket:
            await socket.send(SUBSCRIBE)
            async for message in socket:
                now = time.monotonic_ns()
                if isinstance(message, str):
                    if number == 0 and '"names"' in message[:20]:
                        names.update({handle: key for handle, _, key, _ in json.loads(message)["names"]})
                    continue
                row = frames.setdefault(message[:32], len(kept))
                if row == len(kept):
                    kept.append(message)
                had[number].append((row, now))

    tasks = [asyncio.create_task(one(number)) for number in range(count)]
    while not all(had):
        await asyncio.sleep(0.05)
        for task in tasks:
            if task.done():
                task.result()
    print(json.dumps({"watching": count}), flush=True)
    cpu, start = time.process_time(), time.monotonic()
    await stopping.wait()
    facts = {"cpu": round((time.process_time() - cpu) / (time.monotonic() - start), 3), "frames": len(kept)}
    ended = [repr(task.exception()) for task in tasks if task.done() and not task.cancelled()]
    for task in tasks:
        task.cancel()
    out.write_bytes(pickle.dumps({"frames": kept, "names": names, "had": had}))
    print(
        json.dumps(
            facts | {"ended": ended[:5], "ended_early": len(ended), "bytes": sum(len(kept[row]) for rows in had for row, _ in rows)}
        ),
        flush=True,
    )


if __name__ == "__main__":
    uvloop.run(watch(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
