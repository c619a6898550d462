"""A gateway as a process of its own, to be killed: commits by writing each message's id to a file, before it is acknowledged.

python -m tests.twin.gateway.killed_gateway URL FILE
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from sensors import Batch
from twin.gateway.bus_address import BusAddress
from twin.gateway.mqtt import MqttGateway


class FileInlet:
    """Appends the ids of a batch in one write, which outlives the process; then waits as long as a commit may last."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def offer(self, batch: Batch) -> None:
        os.write(self._file, "".join(f"{json.loads(raw)['id']}\n" for raw in batch.raw).encode())
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(MqttGateway(address=BusAddress.parse(sys.argv[1]), inlet=FileInlet(Path(sys.argv[2])), name="north").run())
