"""The gateway killed under load, as a process of its own."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.mosquitto import Broker
from tests.twin.gateway.test_mqtt_faults import Device

ROOT = Path(__file__).resolve().parents[3]


def wait_until(true: Callable[[], bool], *, every_s: float = 0.01) -> None:
    for _ in range(3000):
        if true():
            return
        time.sleep(every_s)
    raise AssertionError("it never came to be")


def kill_gateways(broker: Broker, path: Path, *, rounds: int, messages: int) -> None:
    """Kill gateway after gateway while a device publishes; at the end every message that the broker acknowledged is in the file."""
    path.touch()
    moments = Random(rounds)

    def started() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "tests.twin.gateway.killed_gateway", broker.url, str(path)], cwd=ROOT)

    gateway = started()
    wait_until(lambda: "twin-mqtt-north" in broker.log())
    time.sleep(0.2)
    device = Device(broker.port, messages=rounds * messages, per_second=messages / 1.0)
    try:
        for _ in range(rounds):
            before = path.stat().st_size
            wait_until(lambda before=before: path.stat().st_size > before + 100)  # type: ignore[misc]
            time.sleep(moments.uniform(0.0, 0.08))  # anywhere between what is taken, committed and acknowledged
            gateway.kill()
            gateway.wait()
            gateway = started()
        wait_until(lambda: len(device.acknowledged) == rounds * messages, every_s=0.1)
        wait_until(lambda: len(set(path.read_text("utf-8").split())) == rounds * messages, every_s=0.1)
    finally:
        device.stop()
        gateway.kill()
        gateway.wait()
    assert {int(line) for line in path.read_text("utf-8").split()} == set(range(rounds * messages))


def test_five_kills_of_the_gateway_under_load_lose_nothing(broker: Broker, tmp_path: Path) -> None:
    kill_gateways(broker, tmp_path / "committed", rounds=5, messages=300)


@pytest.mark.nightly
def test_twenty_kills_of_the_gateway_under_load_lose_nothing(broker: Broker, tmp_path: Path) -> None:
    kill_gateways(broker, tmp_path / "committed", rounds=20, messages=500)
